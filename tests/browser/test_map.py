"""The instance map in a real JupyterLab: every window the same picture, text as text, alive while the kernel is busy."""

from __future__ import annotations

import json
import time
from typing import Any

import lab
import pytest
from lab import SCREENSHOTS, wait_for
from map_page import DATA, PYTHON_DIGEST, MapPage, looks_like

HOSTILE = """
bad = ["<img src=x onerror=window.hacked=1>", "x" * 10_000, "\\u202egnp.exe", "nul\\x00byte", "\\U0001f600 smile"]
bad.append("</script><b>bold</b>")
hostile = xw.Tracker(label_names=bad)
for _ in range(3):
    loss = np.linspace(0.1, 3, len(bad)) * rng.uniform(0.5, 1.5, len(bad))
    hostile.record([b + "!" for b in bad], np.arange(len(bad)), loss=loss)
    hostile.end_epoch("train")
view = xw.InstanceMap(hostile)
view
"""
STATES = [
    DATA
    + "view = xw.InstanceMap(tracker, samples=(pictures, labels))\nview.on_pin(print); view.on_explain(print)\nview",
    "for _ in range(6):\n    epoch(tracker)\n    _ = view.publisher.flush()",
    "view.view = 'history'",
    "view.view, view.filters = 'map', {}\n"
    "view.x, view.y, view.color, view.size = 'mean', 'last', 'label_error', 'forgetting'",
    "view.x, view.y, view.color, view.size = 'variability', 'confidence', 'label', None\n"
    "view.show_problem(RuntimeError('the disk is full'))",
]
DEAF = "late = xw.InstanceMap(tracker)\nlate.on_msg(late._hear, remove=True)\nlate"


@pytest.fixture
def opened(browser: Any, lab_server: lab.JupyterServer) -> Any:
    made: list[lab.Notebook] = []

    def make(name: str, cells: list[str], **options: Any) -> lab.Notebook:
        path = lab.write_notebook(lab_server.folder / f"{name}.ipynb", cells)
        notebook = lab.Notebook(browser, lab_server, path, **options)
        notebook.page.add_style_tag(content=".Toastify, .jp-toastContainer { display: none !important }")
        made.append(notebook)
        return notebook

    yield make
    for notebook in made:
        notebook.close()
    lab_server.forget_kernels()


def printed(notebook: lab.Notebook, number: int) -> Any:
    notebook.execute(number)
    return json.loads(
        notebook.cell(number).locator(".jp-OutputArea-output pre").last.text_content() or "null"
    )


def test_windows_reloads_and_gaps_show_what_python_has(
    opened: Any, browser: Any, lab_server: lab.JupyterServer
) -> None:
    cells = [
        DATA + PYTHON_DIGEST + "import json\nfor _ in range(3): epoch(tracker)\n",
        "view = xw.InstanceMap(tracker)\nview",
        "for _ in range(2): epoch(tracker)\n_ = view.publisher.flush()",
        "print(json.dumps(digest(view)))",
        "view.selected = [5, 7, 1200]",
        "print(json.dumps(list(view.selected)))",
    ]
    notebook = opened("windows", cells)
    notebook.execute(0)
    notebook.execute(1)
    first = MapPage(notebook.page).wait()
    notebook.execute(2)
    python = printed(notebook, 3)
    wait_for(lambda: first.digest() == python, seconds=20, what="the first window to show Python's state")

    # a message is lost: the next one is not what it should be, and the window asks for everything
    first.ask("(map.app.state.seq -= 1, 0)")
    notebook.execute(2)
    python = printed(notebook, 3)
    wait_for(lambda: first.digest() == python, seconds=20, what="the gap to be mended")

    # the same notebook in a second window, its own connection to the same kernel
    notebook.page.keyboard.press("Control+s")
    time.sleep(1.5)
    second = lab.Notebook(browser, lab_server, notebook.path)
    try:
        other = MapPage(second.page).wait()
        wait_for(
            lambda: other.digest() == python, seconds=20, what="the second window to show Python's state"
        )
        notebook.execute(2)
        python = printed(notebook, 3)
        for page in (first, other):
            wait_for(lambda page=page: page.digest() == python, seconds=20, what="both windows to follow")
        notebook.execute(4)
        for page in (first, other):
            wait_for(
                lambda page=page: page.selected == [5, 7, 1200],
                seconds=20,
                what="the selection in both windows",
            )
        other.lasso(0.0, 0.0, 0.45, 0.3)
        chosen = wait_for(lambda: len(other.selected) > 10 and other.selected, seconds=20, what="a lasso")
        wait_for(lambda: first.selected == chosen, seconds=20, what="the lasso in the other window")
        assert sorted(printed(notebook, 5)) == chosen
    finally:
        second.close()

    # a reload with the kernel alive; the zoom stays, too
    first.root.get_by_role("button", name="Zoom in").click()
    zoomed = wait_for(
        lambda: (w := first.ask("map.scatter.window"))["x1"] < 0.49 and w, seconds=5, what="the zoom"
    )
    time.sleep(0.5)
    notebook.page.reload()
    notebook.wait_for_kernel()
    again = MapPage(notebook.page).wait()
    wait_for(lambda: again.digest() == python, seconds=20, what="the picture after a reload")
    assert again.selected == chosen
    assert again.ask("map.scatter.window") == zoomed

    # and the rows of the other form
    again.root.locator(".xw-sentence select").first.select_option("history")
    wait_for(lambda: again.ask("map.heat.total") > 0, seconds=20, what="the heat map")
    again.root.get_by_role("button", name="Zoom in").click()
    wait_for(
        lambda: again.ask("map.heat.row1 - map.heat.row0 < map.heat.total"), seconds=5, what="fewer rows"
    )
    rows = again.ask("[map.heat.row0, map.heat.row1]")
    time.sleep(0.5)
    notebook.page.reload()
    notebook.wait_for_kernel()
    after = MapPage(notebook.page)
    wait_for(
        lambda: after.root.count() and after.ask("map.heat.total") > 0, seconds=60, what="the heat map again"
    )
    wait_for(lambda: after.ask("[map.heat.row0, map.heat.row1]") == rows, seconds=5, what="the same rows")
    notebook.screenshot(SCREENSHOTS / "map-history-after-a-reload.png", after.root)
    assert not notebook.problems


def test_names_are_text_and_nothing_else(opened: Any) -> None:
    notebook = opened("hostile", [DATA + HOSTILE])
    notebook.execute(0)
    page = MapPage(notebook.page).wait()
    said = page.root.inner_text()
    assert "<img src=x onerror=window.hacked=1>" in said
    assert "</script><b>bold</b>" in said
    page.page.keyboard.press("Escape")
    for row in range(6):
        page.page.mouse.move(*page.place(row))
        wait_for(lambda: page.root.locator(".xw-tip").is_visible(), seconds=10, what="the tooltip")
    page.ask("map.app.select(Int32Array.from([0, 1, 2, 3, 4, 5]))")
    wait_for(lambda: page.root.locator(".xw-card").count() >= 5, seconds=10, what="the cards")
    time.sleep(1)
    assert page.root.locator("img, script, b b, .xw-label b, .xw-card b").count() == 0
    assert page.page.evaluate("window.hacked") is None
    assert max(len(text) for text in page.root.locator("bdi").all_inner_texts()) <= 80
    box = page.root.bounding_box()
    assert page.root.evaluate("e => e.scrollWidth") <= box["width"] + 1, "long names do not widen the map"
    notebook.screenshot(SCREENSHOTS / "map-hostile.png", page.root)
    assert not notebook.problems


def test_it_lives_while_the_kernel_is_busy(opened: Any) -> None:
    cells = [
        DATA + "for _ in range(4): epoch(tracker)\nview = xw.InstanceMap(tracker)\nview",
        "import time\ntime.sleep(25)\nprint(len(view.selected))",
    ]
    notebook = opened("busy", cells)
    notebook.execute(0)
    page = MapPage(notebook.page).wait()
    notebook.run(1)
    before = page.ask("map.scatter.window")
    page.root.locator(".xw-plot").click(position={"x": 300, "y": 60})
    page.page.mouse.wheel(0, -400)
    wait_for(
        lambda: page.ask("map.scatter.window.x1 - map.scatter.window.x0") < 0.49, seconds=5, what="the zoom"
    )
    window = page.ask("map.scatter.window")
    page.root.locator("[aria-label='Show everything']").click()
    wait_for(lambda: page.ask("map.scatter.window") == before, seconds=5, what="everything again")
    assert window != before
    page.page.mouse.move(*page.place(3))
    wait_for(lambda: page.root.locator(".xw-tip").is_visible(), seconds=5, what="the tooltip")
    page.lasso(0.0, 0.0, 0.5, 0.35)
    chosen = wait_for(lambda: len(page.selected) > 20 and page.selected, seconds=5, what="the lasso")
    page.root.locator(".xw-filter", has_text="never learnt").click()
    wait_for(lambda: page.root.get_by_text("shown", exact=False).count(), seconds=5, what="the filter")
    page.root.locator(".xw-plot").focus()
    page.page.keyboard.press("ArrowRight")
    wait_for(lambda: page.ask("map.app.focus") >= 0, seconds=5, what="the keyboard's point")
    assert notebook.running(1), "all of this while the cell runs"
    notebook.finish(1)
    wait_for(
        lambda: page.ask("map.app.selected.length") == len(chosen), seconds=5, what="the selection to stay"
    )
    assert not notebook.problems


def shot(page: MapPage, name: str) -> None:
    """Keep a picture of the map, and compare it with its reference."""
    page.page.mouse.move(5, 5)
    time.sleep(0.8)
    SCREENSHOTS.mkdir(exist_ok=True)
    looks_like(page.root.screenshot(path=str(SCREENSHOTS / f"map-{name}.png")), f"map-{name}")


def test_every_state_looks_as_it_should(opened: Any) -> None:
    notebook = opened("states", STATES, width=1280, height=1200)
    notebook.execute(0)
    page = MapPage(notebook.page)
    page.root.locator(".xw-state").filter(has_text="Nothing recorded").wait_for(timeout=30_000)
    shot(page, "empty")
    notebook.execute(1)
    page.wait()
    wait_for(lambda: page.ask("map.app.meta.epoch") == 6, seconds=20, what="six epochs")
    shot(page, "light")
    page.root.locator(".xw-region", has_text="hard").click()
    wait_for(lambda: page.root.locator(".xw-picture canvas").count() > 4, seconds=20, what="thumbnails")
    shot(page, "selected")
    notebook.set_theme(dark=True)
    shot(page, "selected-dark")
    page.root.get_by_role("button", name="Clear the selection").click()
    page.root.locator(".xw-filter", has_text="suspected").click()
    shot(page, "filtered-dark")
    notebook.execute(2)
    page.root.locator(".xw-heat-scale .xw-bar").wait_for(timeout=20_000)
    shot(page, "history-dark")
    notebook.set_theme(dark=False)
    shot(page, "history")
    notebook.execute(3)
    wait_for(lambda: page.ask("map.app.meta.x.name") == "mean", seconds=20, what="other axes")
    shot(page, "scores")
    notebook.execute(4)
    page.root.locator(".xw-trouble").filter(has_text="the disk is full").wait_for(timeout=20_000)
    notebook.page.set_viewport_size({"width": 760, "height": 1200})
    shot(page, "problem-narrow")
    assert not notebook.problems


def test_it_is_sharp_in_half_a_window_and_says_that_it_waits(opened: Any) -> None:
    notebook = opened("sharp", [DATA + "for _ in range(6): epoch(tracker)", DEAF, STATES[0].removeprefix(DATA)],
                      width=860, height=1100, scale=2.0)  # fmt: skip
    notebook.execute(0)
    notebook.execute(1)
    page = MapPage(notebook.page)
    page.root.locator(".xw-state").filter(has_text="Waiting for the kernel").wait_for(timeout=15_000)
    shot(page, "waiting")
    notebook.execute(2)
    page.root = notebook.page.locator(".xw-map").nth(1)
    page.root.locator(".xw-region", has_text="hard").click(timeout=30_000)
    wait_for(lambda: page.root.locator(".xw-picture canvas").count() > 2, seconds=20, what="thumbnails")
    shot(page, "half-sharp")
    for kind in (".xw-canvases canvas:nth-child(2)", ".xw-picture canvas"):
        drawn = page.root.locator(kind).first.evaluate("e => e.width / e.getBoundingClientRect().width")
        assert drawn == pytest.approx(2, abs=0.02), "every pixel of the screen is drawn"
    assert page.root.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), "nothing is wider than the pane"
    assert not notebook.problems
