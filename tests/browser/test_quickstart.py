"""The quickstart in a real JupyterLab: it moves, answers and explains while the training cell runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import lab
import pytest
from lab import SCREENSHOTS, wait_for

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_quickstart.ipynb"
SETUP, TRAINING = range(4), 4
LONG = 400  # epochs: the test stops the training itself, with the dashboard's own button


def cells() -> list[str]:
    document = json.loads(NOTEBOOK.read_text())
    sources = ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == "code"]
    longer = [source.replace("EPOCHS = 30", f"EPOCHS = {LONG}") for source in sources]
    assert longer != sources
    # one thread: a busy test machine makes several threads wait for each other
    return ["import torch; torch.set_num_threads(1)\n" + longer[0], *longer[1:]]


def points(page: Any) -> int:
    """Most points of any line drawn in the chart that is shown."""
    return int(
        page.evaluate(
            """() => Math.max(0, ...[...document.querySelectorAll('.jupyterlab-sidecar .xaiw-tab-instances .bqplot')].flatMap(
                figure => [...figure.querySelectorAll('path.line')].map(
                    path => (path.getAttribute('d') || '').split(/[ML]/).length - 1)))"""
        )
    )


def pictures(page: Any) -> list[str]:
    """What is on each canvas of the first sample: its pixels as a data URL, empty where nothing is drawn."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('.jupyterlab-sidecar .xaiw-sample:not(.xaiw-hide) canvas')].map(canvas => {
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                return pixels.some(value => value > 0) ? canvas.toDataURL() : '';
            })"""
        )
    )


@pytest.mark.parametrize("version", ["7.4", "6.31"])
def test_the_whole_path_while_the_cell_trains(
    version: str, browser: Any, kernel: Any, lab_server: lab.JupyterServer
) -> None:
    path = lab.write_notebook(lab_server.folder / f"quickstart-{version}.ipynb", cells(), kernel(version))
    notebook = lab.Notebook(browser, lab_server, path, width=1500, height=1400)
    try:
        for number in SETUP:
            notebook.execute(number)
        page = notebook.page
        pane = page.locator(".jupyterlab-sidecar")
        pane.locator(".xaiw-tab-instances .bqplot").wait_for()
        assert page.locator(".xaiw-elsewhere").get_by_text("Shown beside the notebook").is_visible()
        notebook.screenshot(SCREENSHOTS / f"quickstart-{version}-empty.png")
        notebook.run(TRAINING)

        # the lines grow before the cell ends
        seen = [wait_for(lambda: points(page), seconds=60, what="the first points")]
        while len(seen) < 4:
            before = seen[-1]
            seen.append(
                wait_for(
                    lambda b=before: (p := points(page)) > b and p,
                    seconds=60,
                    what=f"more points than {seen}",
                )
            )
        assert notebook.running(TRAINING)

        # a click on an instance puts its image in the panel
        # (which one is read after the click: the ranking moves while it trains)
        pane.locator(".xaiw-row-main:has(img), .xaiw-row-main:has(canvas)").first.click()
        chosen = pane.locator(".xaiw-chosen:has(img) .xaiw-name, .xaiw-chosen:has(canvas) .xaiw-name").first
        name = (chosen.text_content(timeout=60_000) or "").split()[0]
        wait_for(
            lambda: name in (pane.locator(".xaiw-sample:not(.xaiw-hide)").first.text_content() or ""),
            seconds=60,
            what=f"the caption of {name}",
        )
        drawn = wait_for(
            lambda: all(p := pictures(page)) and len(p) >= 6 and p, seconds=120, what="six pictures"
        )
        assert notebook.running(TRAINING)
        notebook.cell(3).scroll_into_view_if_needed()
        notebook.screenshot(SCREENSHOTS / f"quickstart-{version}-training.png")

        # the smoothing slider changes the masks' pixels, while the cell still runs
        pane.get_by_label("Weights shown").select_option("stay", force=True)
        time.sleep(1)
        drawn = pictures(page)
        if pane.locator(".xaiw-saliency").get_attribute("data-folded") == "true":
            pane.get_by_role("button", name="Settings").click()
        handle = pane.locator(".xaiw-tools .noUi-handle, .widget-slider .noUi-handle").first
        handle.focus()
        for _ in range(8):
            page.keyboard.press("ArrowLeft")
        changed = wait_for(
            lambda: (p := pictures(page)) and all(p) and p[3] != drawn[3] and p,
            seconds=120,
            what="other masks",
        )
        assert changed[0] == drawn[0], "the input stays the same"
        assert notebook.running(TRAINING)

        # dark theme, followed live
        notebook.set_theme(dark=True)
        time.sleep(1.5)
        notebook.screenshot(SCREENSHOTS / f"quickstart-{version}-dark.png")
        notebook.set_theme(dark=False)

        # the stop button ends the training politely
        pane.get_by_role("button", name="Stop training").click()
        notebook.finish(TRAINING, seconds=60)
        wait_for(
            lambda: page.get_by_text("ended").count(),
            seconds=20,
            what="the end in the header",
        )
        notebook.execute(5)
        assert not notebook.problems
    finally:
        notebook.close()
        lab_server.forget_kernels()
