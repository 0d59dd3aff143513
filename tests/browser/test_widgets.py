"""The views in a real JupyterLab: pointing at lines, keyboard, reload, themes, what a screen reader finds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import lab
import pytest
from lab import SCREENSHOTS, wait_for

SETUP = """
import numpy as np, torch, xai_widgets as xw
torch.set_num_threads(1); torch.manual_seed(0)
data = xw.samples.demo_data("digits", wrong_labels=0.04)
x, y = torch.tensor(data.x_train).permute(0, 3, 1, 2)[:400], torch.tensor(data.y_train)[:400]
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
names = {f"<b>{name}</b>" if name == "one" else name: value for name, value in data.label_names.items()}
tracker = xw.Tracker(label_names=names, epochs=30)
dashboard = xw.Dashboard(
    tracker, model, (x.numpy(), y.numpy()), title="Digits <i>", layout="NCHW", smoothing=6, integrating=8, indices=[10]
)
dashboard
"""
TRAINING = """
import time
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
tracker.epochs = tracker.epoch + 30
stop = time.monotonic() + 900
while time.monotonic() < stop and not tracker.stop_requested:
    for batch in torch.randperm(len(x)).split(100):
        losses = torch.nn.functional.cross_entropy(model(x[batch]), y[batch], reduction="none")
        optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
        tracker.record(batch, y[batch], loss=losses.detach()); time.sleep(0.1)
        if tracker.stop_requested: break
    with torch.no_grad():
        tracker.record(range(400), y, mode="eval", loss=torch.nn.functional.cross_entropy(model(x), y, reduction="none"))
    tracker.end_epoch()
"""
PIXELS = """() => [...document.querySelectorAll('.xaiw-sample:not(.xaiw-hide) canvas')].map(canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some(value => value > 0) ? canvas.toDataURL() : '';
})"""
CHOSEN = """([panel, key]) =>
    document.querySelector(`${panel} .xaiw-row[data-row="${key}"]`)?.classList.contains('xaiw-chosen') === true"""
HISTORY, LABELS = ".xaiw-thumbed", ".xaiw-panel:not(.xaiw-thumbed)"
BESIDE = """which => { const line = [...document.querySelectorAll('.xaiw-thumbed .svg-figure path.line')]
    .filter(path => (path.getAttribute('d') || '').length > 10).at(which);
    const middle = line.getPointAtLength(line.getTotalLength() / 2);
    const at = new DOMPoint(middle.x, middle.y).matrixTransform(line.getScreenCTM());
    return [at.x, at.y]; }"""
POINTED = """() => document.querySelector('.xaiw-tip:not([hidden])') &&
    document.querySelector('.xaiw-thumbed .xaiw-row.xaiw-hot')?.dataset.row"""
LINES = """() => [...document.querySelectorAll('.xaiw path.line')].filter(
    path => (path.getAttribute('d') || '').length > 20).length"""
NAMELESS = """() => [...document.querySelectorAll(
    '.xaiw button, .xaiw select, .xaiw canvas, .xaiw [role=slider], .xaiw [role=progressbar], .xaiw .svg-figure'
)].filter(e => e.getClientRects().length && !e.closest('.xaiw-hide, [aria-hidden=true]') && !(
    e.getAttribute('aria-label') || e.textContent.trim() || e.title || e.closest('.xw-map, .xm')
)).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def notebook(browser: Any, lab_server: lab.JupyterServer) -> Iterator[lab.Notebook]:
    """A dashboard that has just begun to train; the tests of this module follow each other on it."""
    path = lab.write_notebook(lab_server.folder / "widgets.ipynb", [SETUP, TRAINING, "print(dashboard)"])
    opened = lab.Notebook(browser, lab_server, path, width=1300, height=1500)
    opened.execute(0)
    opened.page.locator(".bqplot").first.wait_for()
    opened.run(1)
    yield opened
    opened.close()
    lab_server.forget_kernels()


def select_one(notebook: lab.Notebook) -> str:
    page = notebook.page
    if page.locator(".xaiw-thumbed .xaiw-chosen").count() == 0:
        page.locator(".xaiw-thumbed .xaiw-row-main").first.click()
    chosen = page.locator(".xaiw-thumbed .xaiw-chosen .xaiw-text").first
    return (chosen.text_content(timeout=30_000) or "").strip()


def test_rows_and_lines_select_while_it_trains(notebook: lab.Notebook) -> None:
    page = notebook.page
    page.locator(".xaiw-thumbed img").first.wait_for(timeout=60_000)
    name = select_one(notebook)
    wait_for(
        lambda: name in (page.locator(".xaiw-caption").first.text_content() or ""),
        seconds=90,
        what="its caption",
    )
    wait_for(lambda: len(p := page.evaluate(PIXELS)) == 6 and all(p), seconds=60, what="six pictures")
    assert notebook.running(1)

    # a click beside a thin line means the line; on the selected one it would end the selection
    def aim(line: int) -> str | None:
        """Point beside a line; gives the row it belongs to, unless that is selected."""
        point = page.evaluate(BESIDE, line)
        page.mouse.move(point[0] - 4, point[1] - 4)
        page.mouse.move(point[0] - 3, point[1] - 4)
        found = page.evaluate(POINTED)
        return found if found and not page.evaluate(CHOSEN, [HISTORY, found]) else None

    def click_another() -> bool:
        for line in (-2, -3, -4, -5):
            row = aim(line)
            if row:
                page.mouse.down()
                page.mouse.up()
                return wait_for(
                    lambda row=row: page.evaluate(CHOSEN, [HISTORY, row]),
                    seconds=20,
                    what="another selection",
                )
        return False

    wait_for(click_another, seconds=30, what="a line to click")
    assert page.locator(".xaiw-thumbed .xaiw-chosen").count() == 1
    assert notebook.running(1)


def test_a_press_is_not_lost_while_the_texts_around_it_change(notebook: lab.Notebook) -> None:
    """Rows are updated four times a second; what is pressed must still be there when it is let go."""
    page = notebook.page
    row = page.locator(".xaiw-row-main").nth(2)
    row.hover()
    before = row.get_attribute("aria-pressed")
    page.mouse.down()
    time.sleep(1.2)
    page.mouse.up()
    wait_for(
        lambda: (page.locator(".xaiw-row-main[aria-pressed=true]").count() and row.get_attribute("aria-pressed") != before)
        or page.locator(".xaiw-legend .xaiw-chosen").count(),
        seconds=10, what="the label to be highlighted",
    )  # fmt: skip


def test_names_are_text_and_every_control_has_a_name(notebook: lab.Notebook) -> None:
    page = notebook.page
    assert page.locator(".xaiw-name b, .xaiw-caption b b, .xaiw-run-title i").count() == 0
    assert page.get_by_text("<b>one</b>").count() > 0
    assert page.locator(".xaiw-run-title").text_content() == "Digits <i>"
    assert page.evaluate(NAMELESS) == []


def test_the_keyboard_reaches_rows_and_words(notebook: lab.Notebook) -> None:
    page = notebook.page
    page.locator(".xaiw-row-main").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")

    def focused() -> str:
        return page.evaluate("document.activeElement.closest('.xaiw-row')?.dataset.row")

    assert focused()
    if page.evaluate(CHOSEN, [LABELS, focused()]):
        page.keyboard.press("ArrowUp")  # on the highlighted one Enter would end the highlight
    row = focused()
    time.sleep(3)
    assert focused() == row, "the ranking goes on and does not take the focus away"
    page.keyboard.press("Enter")
    wait_for(
        lambda: page.evaluate(CHOSEN, [LABELS, row]),
        seconds=10, what="the row under the keyboard",
    )  # fmt: skip
    page.get_by_label("Band").first.select_option("range")
    wait_for(lambda: page.get_by_label("Band").first.input_value() == "range", seconds=10, what="the band")


def test_after_a_reload_everything_is_drawn_again(notebook: lab.Notebook) -> None:
    page = notebook.page
    select_one(notebook)
    wait_for(lambda: len(p := page.evaluate(PIXELS)) == 6 and all(p), seconds=60, what="six pictures")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    time.sleep(1.5)
    page.goto(notebook.server.address(notebook.path))
    page.locator(".xaiw-run").first.wait_for(timeout=60_000)
    wait_for(
        lambda: len(p := page.evaluate(PIXELS)) == 6 and all(p),
        seconds=30,
        what="the pictures after the reload",
    )
    wait_for(
        lambda: page.evaluate(LINES) > 10,
        seconds=30, what="the lines after the reload",
    )  # fmt: skip


def test_themes_widths_and_no_error_in_the_console(notebook: lab.Notebook) -> None:
    page = notebook.page
    target = page.locator(".xaiw-dashboard").first
    for dark in (False, True):
        notebook.set_theme(dark=dark)
        for width in (1300, 760):
            page.set_viewport_size({"width": width, "height": 1500})
            time.sleep(1.2)
            notebook.screenshot(SCREENSHOTS / f"dashboard-{'dark' if dark else 'light'}-{width}.png", target)
            box = target.bounding_box()
            assert box is not None
            assert page.evaluate("e => e.scrollWidth <= e.clientWidth + 1", target.element_handle())
            columns = page.evaluate(
                "() => getComputedStyle(document.querySelector('.xaiw-grid')).gridTemplateColumns"
            )
            assert len(columns.split()) == (2 if width == 1300 else 1)
        line = page.evaluate("() => getComputedStyle(document.querySelector('.xaiw-legend svg line')).stroke")
        assert line.startswith("rgb")
    assert notebook.problems == []
