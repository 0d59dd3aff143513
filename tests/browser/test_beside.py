"""A click and its answer, and the running cell, seen together on a laptop: beside the notebook, and below its cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lab
import pytest
from lab import ROOT, SCREENSHOTS, wait_for
from support import missing

SETUP = """
import time, numpy as np, torch, xai_widgets as xw
torch.set_num_threads(1); torch.manual_seed(0)
data = xw.samples.demo_data("digits", wrong_labels=0.04)
x, y = torch.tensor(data.x_train).permute(0, 3, 1, 2)[:400], torch.tensor(data.y_train)[:400]
y = y + 10 * (torch.arange(400) % (CLASSES // 10))
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, CLASSES))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
tracker = xw.Tracker(label_names=[f"class {i}" for i in range(CLASSES)], epochs=200)
dashboard = xw.Dashboard(
    tracker, model, (x.numpy(), y.numpy()), title="Digits", layout="NCHW", smoothing=5, integrating=6, metric="loss", mode="train"
)
"""
TRAINING = """
stop = time.monotonic() + 600
while time.monotonic() < stop and not tracker.stop_requested:
    for batch in torch.randperm(len(x)).split(100):
        logits = model(x[batch])
        losses = torch.nn.functional.cross_entropy(logits, y[batch], reduction="none")
        optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
        tracker.record(batch, y[batch], loss=losses.detach(), logits=logits.detach()); time.sleep(0.1)
        if tracker.stop_requested: break
    tracker.end_epoch()
"""
# of the board that is shown: are these inside what is seen of it, without scrolling?
SEEN = """([board, parts]) => parts.map(part => {
    const element = document.querySelector(`${board} ${part}`);
    if (!element) return `${part} is not there`;
    const box = element.getBoundingClientRect();
    let [left, top, right, bottom] = [0, 0, innerWidth, innerHeight];
    for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (style.visibility === 'hidden' || style.display === 'none') return `${part} is hidden`;
        if (style.overflowY === 'visible' || !e.getClientRects().length) continue;
        const edge = e.getBoundingClientRect();
        [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
        [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    const inside = box.width > 20 && box.height > 12 && box.left >= left - 1 && box.top >= top - 1
        && box.right <= right + 1 && box.bottom <= bottom + 1;
    const edges = [box.left, box.top, box.right, box.bottom, left, top, right, bottom].map(Math.round);
    return inside ? '' : `${part} at ${edges.slice(0, 4)} is not in ${edges.slice(4)}`;
}).filter(Boolean)"""
ANSWER = [".xaiw-cell-input canvas", ".xaiw-cell-overlay canvas", ".xaiw-caption"]
DRAWN = """board => [...document.querySelectorAll(`${board} .xaiw-sample:not(.xaiw-hide) canvas`)].every(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))"""
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
PANE, CELL = ".jupyterlab-sidecar", ".jp-Notebook"


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


def start(notebook: lab.Notebook, setup: int) -> None:
    """Show a dashboard beside, and begin to train in the cell below."""
    notebook.execute(setup)
    notebook.page.locator(f"{PANE} .xaiw-dashboard").wait_for()
    notebook.run(setup + 1)
    lines = notebook.page.locator(f"{PANE} .xaiw-tab-instances path.line")
    lines.first.wait_for(state="attached", timeout=60_000)


def chosen(page: Any, board: str) -> str:
    return (page.locator(f"{board} .xaiw-caption b").first.text_content(timeout=20_000) or "").strip()


def await_answer(page: Any, board: str, before: str) -> str:
    def answered() -> str | None:
        name = chosen(page, board) if page.locator(f"{board} .xaiw-sample:not(.xaiw-hide)").count() else ""
        return name if name and name != before and page.evaluate(DRAWN, board) else None

    return str(wait_for(answered, seconds=60, what=f"pictures of another instance than {before!r}"))


def click_row(page: Any, board: str) -> None:
    page.locator(f"{board} [data-tab=instances].xaiw-tab").click()
    page.locator(f"{board} .xaiw-tab-instances .xaiw-row:not(.xaiw-chosen) .xaiw-row-main").first.click()


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
    assert page.evaluate(SEEN, [PANE, [".xaiw-tab-instances .xaiw-legend"]]) == []
    assert page.evaluate(SEEN, [PANE, [".xaiw-tab-classes .xaiw-legend"]]) != []
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert "hardest" in (tabs.first.text_content() or "")
    # a hidden view takes no focus
    assert page.evaluate(f"""() => [...document.querySelectorAll('{PANE} .xaiw-tab-classes button')]
        .every(button => (button.focus(), document.activeElement !== button))""")


def test_axe_finds_nothing(beside: lab.Notebook) -> None:
    axe = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        missing("axe-core", "run npm install in js/")
    page = beside.page
    page.evaluate(axe.read_text())
    for tab in ("classes", "instances", "map"):
        page.locator(f"{PANE} [data-tab={tab}].xaiw-tab").click()
        found = page.evaluate(f"async () => (await axe.run('{PANE} .xaiw-dashboard')).violations")
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []


def test_a_closed_pane_goes_back_to_its_cell_and_opens_again_as_it_was(beside: lab.Notebook) -> None:
    page = beside.page
    page.locator(f"{PANE} [data-tab=classes].xaiw-tab").click()
    name = chosen(page, PANE)
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab:has-text('Digits') .lm-TabBar-tabCloseIcon").click()
    page.locator(f"{CELL} .xaiw-dashboard:not(.xaiw-elsewhere)").wait_for(timeout=10_000)
    assert chosen(page, CELL) == name
    page.locator(CELL).get_by_role("button", name="Open beside").click()
    page.locator(f"{PANE} .xaiw-dashboard").wait_for(timeout=10_000)
    page.locator(f"{CELL} .xaiw-dashboard.xaiw-elsewhere").wait_for(timeout=10_000)
    assert page.locator(f"{PANE} .xaiw-dashboard").get_attribute("data-tab") == "classes"
    assert chosen(page, PANE) == name


def test_the_layout_follows_the_room_and_nothing_is_lost_or_made_twice(beside: lab.Notebook) -> None:
    """Ends the training."""
    page = beside.page
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab:has-text('Digits') .lm-TabBar-tabCloseIcon").click()
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
