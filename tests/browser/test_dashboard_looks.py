"""The dashboard with data that stay as they are: compared with references, wide and narrow, light and dark, and read aloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import lab
import pytest
from lab import SCREENSHOTS, wait_for
from map_page import DATA, looks_like, serious_violations

SHOW = """
import torch
torch.set_num_threads(1); torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
x = (pictures[:, None] / 255).astype("float32")
for _ in range(8):
    epoch(tracker)
tracker.record(np.arange(300), labels[:300], mode="eval", loss=rng.gamma(2, 0.4, 300).astype("f4"))
tracker.end_epoch("eval")
dashboard = xw.Dashboard(
    tracker, model, (x, labels), title="Digits, planted errors", layout="NCHW", smoothing=4, integrating=6, indices=[10, 18]
)
dashboard.selected = (10,)
dashboard
"""
DRAWN = """() => [...document.querySelectorAll('.xaiw-sample:not(.xaiw-hide) canvas')].filter(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)).length"""
# bqplot follows a new size a third of a second later
SETTLED = """() => [...document.querySelectorAll('.xaiw-dashboard .bqplot')].every(chart => {
    const drawn = chart.querySelector('.plotarea_background').getBoundingClientRect();
    return Math.abs(chart.clientHeight - 46 - drawn.height) < 6 && drawn.right <= chart.getBoundingClientRect().right;
})"""
# width and height; where the grid does not fit, everything is on one screen
SIZES = {"wide": (1230, 2600), "screen": (1230, 900), "narrow": (730, 900)}


@pytest.fixture(scope="module")
def notebook(browser: Any, lab_server: lab.JupyterServer) -> Iterator[lab.Notebook]:
    path = lab.write_notebook(lab_server.folder / "looks.ipynb", [DATA + SHOW])
    opened = lab.Notebook(browser, lab_server, path, width=SIZES["wide"][0] + 110, height=2600)
    opened.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    opened.execute(0)
    wait_for(lambda: opened.page.evaluate(DRAWN) == 6, seconds=90, what="six pictures")
    yield opened
    opened.close()
    lab_server.forget_kernels()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", SIZES)
def test_it_looks_as_it_should(notebook: lab.Notebook, name: str, dark: bool) -> None:
    notebook.set_theme(dark=dark)
    width, height = SIZES[name]
    notebook.page.set_viewport_size({"width": width + 110, "height": height})
    notebook.page.mouse.move(5, 5)
    root = notebook.page.locator(".xaiw-dashboard").first
    root.evaluate("e => e.scrollIntoView({block: 'end'})")  # what nobody sees is not drawn anew
    wait_for(lambda: notebook.page.evaluate(SETTLED), seconds=20, what="charts as large as their place")
    time.sleep(1)
    kind = f"dashboard-{name}{'-dark' if dark else ''}"
    SCREENSHOTS.mkdir(exist_ok=True)
    looks_like(root.screenshot(path=str(SCREENSHOTS / f"{kind}.png")), kind)
    assert root.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), "nothing is wider than the page"
    assert notebook.problems == []


def test_axe_finds_nothing_serious(notebook: lab.Notebook) -> None:
    assert serious_violations(notebook.page, ".xaiw-dashboard") == []
