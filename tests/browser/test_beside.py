"""A click and its answer, and the running cell, seen together on a laptop: beside the notebook, and below its cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lab
import pytest
from board import (
    ANSWER,
    CELL,
    COVERED,
    CUT,
    PANE,
    SEEN,
    SETUP,
    TABBABLE,
    TRAINING,
    await_answer,
    chosen,
    click_row,
    start,
)
from lab import ROOT, SCREENSHOTS, wait_for
from support import missing

MIDDLE = """board => { const lines = [...document.querySelectorAll(`${board} .xaiw-tab-instances .svg-figure path.line`)]
    .filter(path => (path.getAttribute('d') || '').length > 10);
    const line = lines.at(-1), middle = line.getPointAtLength(line.getTotalLength() * 0.6);
    const at = new DOMPoint(middle.x, middle.y).matrixTransform(line.getScreenCTM());
    return [at.x, at.y]; }"""
POINT = """board => { const map = document.querySelector(`${board} .xw-map`).instanceMap;
    const t = map.scatter.pixels, c = map.app.state.columns, box = map.root.querySelector('.xw-plot').getBoundingClientRect();
    if (!map.scatter.drawn || !map.app.state.n) return null;
    const row = [...c.x.keys()].find(i => c.x[i] !== 65535 && c.y[i] !== 65535 && !map.app.selected.includes(i));
    return row === undefined ? null : [box.x + c.x[row] * t.ax + t.bx, box.y + c.y[row] * t.ay + t.by]; }"""
RUNNING = """() => { const cell = document.querySelector('.jp-mod-selected .jp-InputPrompt').getBoundingClientRect();
    const seen = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
    return cell.top >= seen.top - 1 && cell.top + 16 <= seen.bottom; }"""


@pytest.fixture(scope="module")
def beside(browser: Any, lab_server: lab.JupyterServer) -> Iterator[lab.Notebook]:
    """A dashboard beside the cell that trains; the tests of this module follow each other on it."""
    pytest.importorskip("sidecar")
    few, many = (SETUP.replace("CLASSES", count) + "dashboard.beside()" for count in ("10", "100"))
    path = lab.write_notebook(lab_server.folder / "beside.ipynb", [few, TRAINING, many, TRAINING])
    opened = lab.Notebook(browser, lab_server, path, width=1440, height=900)
    start(opened, 0)
    yield opened
    opened.close()
    lab_server.forget_kernels()


def click_line(page: Any, board: str) -> None:
    page.locator(f"{board} [data-tab=instances].xaiw-tab").click()
    page.mouse.click(*page.evaluate(MIDDLE, board))


def click_point(page: Any, board: str) -> None:
    page.locator(f"{board} [data-tab=map].xaiw-tab").click()
    point = wait_for(lambda: page.evaluate(POINT, board), seconds=30, what="points")
    page.mouse.click(*point)


def answers(beside: lab.Notebook, cell: int, sizes: list[tuple[int, int, bool, Any]]) -> None:
    """Click, and find the answer and the running cell in sight, in windows of several sizes."""
    page, name = beside.page, ""
    for width, height, dark, click in sizes:
        page.set_viewport_size({"width": width, "height": height})
        beside.set_theme(dark=dark)
        if click is click_line and page.locator(f"{PANE} .xaiw-tab-instances .xaiw-chosen").count():
            page.locator(f"{PANE} .xaiw-tab-instances .xaiw-chosen .xaiw-row-main").first.click()
            page.locator(f"{PANE} .xaiw-sample:not(.xaiw-hide)").first.wait_for(
                state="hidden", timeout=20_000
            )
            name = ""
        click(page, PANE)
        name = await_answer(page, PANE, name)
        page.mouse.move(5, 5)
        assert page.evaluate(SEEN, [PANE, ANSWER]) == [], (width, height, click.__name__)
        assert beside.running(cell)
        assert page.evaluate(RUNNING), "the running cell is out of sight"
        SCREENSHOTS.mkdir(exist_ok=True)
        beside.screenshot(SCREENSHOTS / f"beside-{cell}-{height}-{click.__name__}.png")
    beside.set_theme(dark=False)


def test_a_click_and_its_answer_are_seen_with_the_running_cell(beside: lab.Notebook) -> None:
    answers(
        beside,
        1,
        [
            (1440, 900, False, click_row),
            (1440, 900, True, click_point),
            (1280, 720, False, click_row),
            (1280, 720, False, click_line),
        ],
    )
    assert beside.problems == []


def test_tabs_are_reached_by_keys_and_say_what_they_show(beside: lab.Notebook) -> None:
    page = beside.page
    tabs = page.locator(f"{PANE} [role=tablist] [role=tab]")
    page.locator(f"{PANE} [data-tab=classes].xaiw-tab").click()
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.tab") == "instances"
    legend = [PANE, [".xaiw-tab-instances .xaiw-legend"]]
    wait_for(lambda: page.evaluate(SEEN, legend) == [], seconds=20, what="the view of the tab")
    assert page.evaluate(SEEN, [PANE, [".xaiw-tab-classes .xaiw-legend"]]) != []
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert "hardest" in (tabs.first.text_content() or "")
    # a hidden view takes no focus
    assert page.evaluate(f"""() => [...document.querySelectorAll('{PANE} .xaiw-tab-classes button')]
        .every(button => (button.focus(), document.activeElement !== button))""")


MOVING = """board => [...document.querySelectorAll(`${board} .xaiw-dashboard *`)].filter(element => {
    const style = getComputedStyle(element);
    return [style.transitionDuration, style.animationDuration].some(time => time.split(',').some(one => parseFloat(one) > 0));
}).map(element => element.className).slice(0, 5)"""
# what is said of a sample in the moment in which it is chosen, before anything can have come from the kernel
AT_ONCE = """([board, choose]) => {
    const shown = document.querySelector(`${board} .xaiw-caption b`)?.textContent;
    const row = [...document.querySelectorAll(`${board} .xaiw-tab-instances .xaiw-row:not(.xaiw-chosen)`)].find(
        row => row.querySelector('.xaiw-text').textContent !== shown);
    if (choose === 'row') row.querySelector('.xaiw-row-main').click();
    const map = document.querySelector(`${board} .xw-map`).instanceMap.app;
    const other = [...Array(map.state.n).keys()].find(i => !map.selected.includes(i) && `#${map.state.indexName(i)}` !== shown);
    if (choose === 'point') map.select(Int32Array.of(other));
    const wanted = choose === 'row' ? row.querySelector('.xaiw-name').textContent.trim()
        : `#${map.state.indexName(other)} ${map.state.labelName(other)}`;
    const line = document.querySelector(`${board} .xaiw-next`);
    return [wanted, line.hidden ? '' : line.textContent.trim()];
}"""
SPOKEN = ".xaiw-saliency .xaiw-sr[role=status]"


def test_a_choice_is_said_at_once_and_spoken_when_it_is_answered(beside: lab.Notebook) -> None:
    page = beside.page
    page.locator(f"{PANE} [data-tab=map].xaiw-tab").click()
    wait_for(lambda: page.evaluate(POINT, PANE), seconds=30, what="points")
    for choose in ("row", "point"):
        wanted, said = page.evaluate(AT_ONCE, [PANE, choose])
        assert wanted
        assert said == wanted
        name = wanted.split()[0]
        wait_for(
            lambda name=name: page.locator(f"{PANE} .xaiw-next").is_hidden() and chosen(page, PANE) == name,
            seconds=20,
            what=f"the answer about {name}",
        )
        spoken = page.locator(f"{PANE} {SPOKEN}")
        wait_for(
            lambda name=name, spoken=spoken: f"{name}, true class" in (spoken.text_content() or "")
            and "predicted class" in (spoken.text_content() or ""),
            seconds=20, what="what a screen reader says",
        )  # fmt: skip
    assert page.locator(f"{PANE} .xaiw-busy[role=status]").count() == 0, "progress is not read aloud"


def test_keys_alone_reach_everything_and_nothing_moves_where_it_should_not(beside: lab.Notebook) -> None:
    page = beside.page
    page.locator(f"{PANE} [data-tab=map].xaiw-tab").click()
    if not page.get_by_role(
        "button", name="Go on"
    ).count():  # where this runs again, they stand still already
        page.get_by_role(
            "button", name="Pause views"
        ).last.click()  # rows that come and go are not walked through
    settings = page.locator(f"{PANE} .xaiw-settings")
    if settings.get_attribute("aria-expanded") == "false":
        settings.click()
    count = page.evaluate(
        f"board => {{ window.xaiwWalk = ({TABBABLE})(board); return window.xaiwWalk.length; }}", PANE
    )
    assert count > 20
    page.evaluate("() => window.xaiwWalk[0].focus()")
    reached = set()
    for _ in range(2 * count + 20):  # what scrolls takes a key, too
        reached.add(page.evaluate("() => window.xaiwWalk.indexOf(document.activeElement)"))
        page.keyboard.press("Tab")
    left = [place for place in range(count) if place not in reached]
    seen = "left => left.map(i => window.xaiwWalk[i]).filter(one => one.checkVisibility()).map(one => one.outerHTML)"
    assert page.evaluate(seen, left) == [], "what is still there"
    settings.click()
    page.get_by_role("button", name="Go on").last.click()
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(MOVING, PANE) == []
    page.emulate_media(reduced_motion="no-preference")


def test_axe_finds_nothing(beside: lab.Notebook) -> None:
    axe = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        missing("axe-core", "run npm install in js/")
    page = beside.page
    page.evaluate(axe.read_text())
    for tab, dark in (("classes", False), ("instances", True), ("map", True), ("map", False)):
        beside.set_theme(dark=dark)
        page.locator(f"{PANE} [data-tab={tab}].xaiw-tab").click()
        found = page.evaluate(f"async () => (await axe.run('{PANE} .xaiw-dashboard')).violations")
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


PANE_TAB = ".lm-DockPanel-tabBar .lm-TabBar-tab:has-text('Digits')"
# tab, smoothing and sample of a board
KEPT = """board => { const root = document.querySelector(`${board} .xaiw-dashboard:not(.xaiw-elsewhere)`);
    return root && [root.dataset.tab, root.querySelector('.xaiw-saliency .noUi-handle')?.getAttribute('aria-valuenow'),
        root.querySelector('.xaiw-sample:not(.xaiw-hide) .xaiw-caption b')?.textContent.trim()]; }"""


# what is current is the pane, and no notebook
SAVE = """async () => {
    for (const widget of window.jupyterapp.shell.widgets('main')) await widget.context?.save();
}"""


def choose(page: Any, board: str, tab: str, key: str) -> list[str]:
    """Choose another sample, a tab, and another smoothing; gives what is to be kept."""
    before = page.evaluate(KEPT, board)
    click_row(page, board, before[2])
    name = await_answer(page, board, before[2])
    page.locator(f"{board} [data-tab={tab}].xaiw-tab").click()
    settings = page.locator(f"{board} .xaiw-settings")
    if settings.get_attribute("aria-expanded") == "false":
        settings.click()
    page.locator(f"{board} .xaiw-saliency .noUi-handle").first.focus()
    page.keyboard.press(key)
    settings.click()
    kept = [tab, str(float(before[1]) + (1 if key == "ArrowRight" else -1)), name]
    is_kept(page, board, kept)
    return kept


def is_kept(page: Any, board: str, kept: list[str]) -> None:
    wait_for(
        lambda: page.evaluate(KEPT, board) == kept,
        seconds=40,
        what=f"{kept} instead of {page.evaluate(KEPT, board)}",
    )


def nothing_is_cut(page: Any, board: str) -> None:
    """Wait for charts, which follow a new size a moment after they are seen, and say what stays cut."""
    tab = page.locator(f"{board} .xaiw-dashboard").get_attribute("data-tab")
    page.locator(f"{board} .xaiw-tab-{tab}").evaluate("e => e.scrollIntoView({block: 'center'})")
    try:
        wait_for(lambda: page.evaluate(CUT, board) == [], seconds=8, what="all text to be seen")
    except AssertionError:
        assert page.evaluate(CUT, board) == []


def test_a_pane_that_is_dragged_elsewhere_keeps_what_is_chosen(beside: lab.Notebook) -> None:
    page = beside.page
    page.set_viewport_size({"width": 1440, "height": 900})
    kept = choose(page, PANE, "classes", "ArrowRight")
    for x, y in ((0.5, 0.9), (0.93, 0.5)):  # below the notebook, and back to its right
        before = page.locator(PANE).bounding_box()
        handle, book = page.locator(PANE_TAB).bounding_box(), page.locator(CELL).first.bounding_box()
        page.mouse.move(handle["x"] + 40, handle["y"] + 10)
        page.mouse.down()
        page.mouse.move(handle["x"] + 40, handle["y"] + 60, steps=4)
        page.mouse.move(book["x"] + x * book["width"], book["y"] + y * book["height"], steps=6)
        page.mouse.up()
        wait_for(
            lambda before=before: page.locator(PANE).bounding_box() != before, seconds=10, what="a moved pane"
        )
        is_kept(page, PANE, kept)
        wait_for(
            lambda: page.evaluate(SEEN, [PANE, ANSWER]) == [],
            seconds=20,
            what=f"the answer in sight, {page.evaluate(SEEN, [PANE, ANSWER])}",
        )
        nothing_is_cut(page, PANE)
        beside.screenshot(SCREENSHOTS / f"beside-moved-{x}.png")
    assert beside.running(1)


def all_is_reached(page: Any, board: str) -> None:
    """Have each tab shown, with settings and without: nothing is covered, cut, or wider than the page."""
    root = page.locator(f"{board} .xaiw-dashboard")
    assert (root.get_attribute("data-layout"), root.get_attribute("data-narrow")) == ("screen", "true")
    settings = page.locator(f"{board} .xaiw-settings")
    for tab in ("classes", "instances", "map"):
        page.locator(f"{board} [data-tab={tab}].xaiw-tab").click()
        for _ in range(2):
            settings.click()
            page.mouse.move(5, 5)
            assert root.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), "nothing is wider than the page"
            assert page.evaluate(COVERED, board) == [], tab
            nothing_is_cut(page, board)
        page.screenshot(path=str(SCREENSHOTS / f"zoom-{tab}{board}.png"))


def test_a_second_window_at_a_zoom_of_200_percent_shows_the_same_and_all_of_it(beside: lab.Notebook) -> None:
    """The zoom is that of a browser whose window is 1440 x 900."""
    page = beside.page
    page.evaluate(SAVE)
    context = beside.context.browser.new_context(
        viewport={"width": 720, "height": 450}, device_scale_factor=2
    )
    second = context.new_page()
    second.goto(beside.server.address(beside.path).replace("?reset", ""))
    second.locator(f"{PANE} .xaiw-dashboard").wait_for(timeout=60_000)
    second.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    # each follows the other
    is_kept(second, PANE, choose(page, PANE, "map", "ArrowLeft"))
    is_kept(page, PANE, choose(second, PANE, "instances", "ArrowRight"))
    assert beside.running(1)
    second.locator(PANE).get_by_role("button", name="Pause views").click()
    all_is_reached(second, PANE)  # beside the notebook, of which half of the window is left
    second.locator(f"{PANE_TAB} .lm-TabBar-tabCloseIcon").click()
    second.locator(f"{CELL} .xaiw-dashboard:not(.xaiw-elsewhere)").wait_for(timeout=10_000)
    all_is_reached(second, CELL)
    second.locator(CELL).get_by_role("button", name="Go on").click()
    assert page.locator(f"{PANE} .xaiw-dashboard").is_visible(), "the other window keeps its pane"
    context.close()


def test_a_closed_pane_goes_back_to_its_cell_and_opens_again_as_it_was(beside: lab.Notebook) -> None:
    page = beside.page
    page.locator(f"{PANE} [data-tab=classes].xaiw-tab").click()
    name = chosen(page, PANE)
    page.locator(f"{PANE_TAB} .lm-TabBar-tabCloseIcon").click()
    page.locator(f"{CELL} .xaiw-dashboard:not(.xaiw-elsewhere)").wait_for(timeout=10_000)
    assert chosen(page, CELL) == name
    page.locator(CELL).get_by_role("button", name="Open beside").click()
    page.locator(f"{PANE} .xaiw-dashboard").wait_for(timeout=10_000)
    page.locator(f"{CELL} .xaiw-dashboard.xaiw-elsewhere").wait_for(timeout=10_000)
    assert page.locator(f"{PANE} .xaiw-dashboard").get_attribute("data-tab") == "classes"
    assert chosen(page, PANE) == name


def test_a_reload_while_the_cell_trains_keeps_what_is_chosen(beside: lab.Notebook) -> None:
    page = beside.page
    kept = page.evaluate(KEPT, PANE)
    page.goto(beside.server.address(beside.path))
    facts = page.locator(f"{PANE} .xaiw-facts")
    facts.wait_for(timeout=60_000)  # the pane opens again by itself
    is_kept(page, PANE, kept)
    seen = facts.text_content()  # whether a cell runs JupyterLab does not know any more
    wait_for(lambda: facts.text_content() != seen, seconds=20, what="the training to go on")
    assert page.locator(f"{PANE} .xaiw-state").text_content() == "training"
    assert beside.problems == []


def test_the_layout_follows_the_room_and_nothing_is_lost_or_made_twice(beside: lab.Notebook) -> None:
    """Ends the training."""
    page = beside.page
    page.locator(f"{PANE_TAB} .lm-TabBar-tabCloseIcon").click()
    board = page.locator(f"{CELL} .xaiw-dashboard:not(.xaiw-elsewhere)")
    board.wait_for(timeout=10_000)
    name, tab = chosen(page, CELL), board.get_attribute("data-tab")
    charts = board.locator(".bqplot").count()
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    # the third is 1440 x 900 at a zoom of 200 %
    rooms = [
        (1440, 1500, "grid", "false"), (700, 800, "screen", "true"),
        (720, 450, "screen", "true"), (1440, 900, "screen", "false"),
    ]  # fmt: skip
    for width, height, layout, narrow in rooms:
        page.set_viewport_size({"width": width, "height": height})
        wait_for(
            lambda layout=layout, narrow=narrow: (board.get_attribute("data-layout"), board.get_attribute("data-narrow"))
            == (layout, narrow),
            seconds=10, what=f"{layout} at {width}x{height}",
        )  # fmt: skip
        assert board.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), "nothing is wider than the page"
        assert (chosen(page, CELL), board.get_attribute("data-tab")) == (name, tab)
        assert board.locator(".bqplot").count() == charts
    page.locator(CELL).get_by_role("button", name="Stop training").click()
    beside.finish(1, seconds=60)
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    assert beside.problems == []


def test_a_hundred_classes_fit_as_well(beside: lab.Notebook) -> None:
    if beside.running(3):  # where this runs again
        beside.page.locator(PANE).get_by_role("button", name="Stop training").click()
        beside.finish(3, seconds=60)
    start(beside, 2)
    answers(beside, 3, [(1280, 720, True, click_row), (1440, 900, False, click_point)])
    beside.page.locator(PANE).get_by_role("button", name="Stop training").click()
    beside.finish(3, seconds=60)
    assert beside.problems == []


LATER = """
import pathlib, sys, threading, time
sys.modules["sidecar"] = None
import numpy as np, xai_widgets as xw
tracker = xw.Tracker(); history = xw.InstanceHistory(tracker)
def epoch(loss):
    tracker.record(range(60), np.arange(60) % 10, loss=loss); tracker.end_epoch()
def later():
    while not pathlib.Path("turned").exists(): time.sleep(0.1)
    epoch(1000.0 * ((np.arange(60) + 30) % 60))  # 59 goes to the middle
epoch(np.arange(60.0))
threading.Thread(target=later, daemon=True).start()
history.beside()
"""


def test_without_a_pane_one_line_says_how_and_a_row_that_left_keeps_no_number(
    browser: Any, lab_server: lab.JupyterServer
) -> None:
    path = lab.write_notebook(lab_server.folder / "nopane.ipynb", [LATER])
    notebook = lab.Notebook(browser, lab_server, path, width=1280, height=900)
    try:
        notebook.execute(0)
        page = notebook.page
        page.get_by_text('pip install "xai-widgets[lab]"').wait_for(timeout=6_000)
        assert page.locator(".xaiw-elsewhere").count() == 0
        page.get_by_role("button", name="dismiss").click()
        assert page.get_by_text("pip install").count() == 0
        row = page.locator(".xaiw-row", has_text="#59")
        row.locator(".xaiw-row-main").hover()
        (lab_server.folder / "turned").touch()
        value = row.locator(".xaiw-value")
        wait_for(lambda: value.text_content() == "left", seconds=20, what="a row that has left")
        page.mouse.move(5, 5)
        first = page.locator(".xaiw-row").first
        wait_for(lambda: (first.text_content() or "").startswith("#29"), seconds=10, what="the new ranking")
    finally:
        notebook.close()
        lab_server.forget_kernels()


def test_notebook_7_keeps_what_is_chosen_in_every_width(
    browser: Any, notebook_server: lab.JupyterServer
) -> None:
    """Below its cell: the window grows, shrinks and is loaded anew while the next cell trains."""
    path = lab.write_notebook(
        notebook_server.folder / "below.ipynb", [SETUP.replace("CLASSES", "10") + "dashboard", TRAINING]
    )
    below = lab.Notebook(browser, notebook_server, path, width=1280, height=800)
    page = below.page
    try:
        below.execute(0)
        below.run(1)
        page.locator(f"{CELL} .xaiw-tab-instances path.line").first.wait_for(state="attached", timeout=60_000)
        kept = choose(page, CELL, "classes", "ArrowRight")
        for width, height in ((1280, 1500), (700, 800), (1280, 800)):
            page.set_viewport_size({"width": width, "height": height})
            is_kept(page, CELL, kept)
            below.screenshot(SCREENSHOTS / f"notebook-{width}x{height}.png")
        page.evaluate(SAVE)
        page.reload()
        page.locator(f"{CELL} .xaiw-facts").wait_for(timeout=60_000)
        is_kept(page, CELL, kept)
        assert below.problems == []
    finally:
        below.close()
        notebook_server.forget_kernels()
