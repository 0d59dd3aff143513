"""What happens to a dashboard when pages, kernels and windows come and go; in a real JupyterLab."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import lab
import pytest
from lab import wait_for

SETUP = """
import pathlib, time, numpy as np, torch, xai_widgets as xw
torch.set_num_threads(1); torch.manual_seed(0)
x, y = np.random.default_rng(0).random((64, 1, 8, 8), np.float32), np.arange(64) % 4
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
tracker = xw.Tracker(epochs=500)
enough = pathlib.Path("enough"); enough.unlink(missing_ok=True)
def train(epochs):
    for _ in range(epochs):
        for rows in torch.arange(64).split(16):
            losses = torch.nn.functional.cross_entropy(model(torch.tensor(x)[rows]), torch.tensor(y)[rows], reduction="none")
            optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
            tracker.record(rows, y[rows], loss=losses.detach()); time.sleep(0.02)
        tracker.end_epoch()
        if enough.exists(): break
train(2)
dashboard = xw.Dashboard(tracker, model, (x, y), mode="train", smoothing=4, integrating=4, layout="NCHW")
dashboard.selected = (1, 2)
dashboard
"""
PIXELS = """() => [...document.querySelectorAll('.xaiw-sample:not(.xaiw-hide) canvas')].map(canvas => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some(value => value > 0) ? canvas.toDataURL() : '';
})"""
SEEN = """() => ({
    live: [...document.querySelectorAll('.xaiw-view')].filter(e => e.getClientRects().length).length,
    frozen: [...document.querySelectorAll('.xaiw-frozen img')].filter(
        e => e.getClientRects().length && e.naturalWidth > 200).length,
    said: [...document.querySelectorAll('.xaiw-frozen p')].filter(e => e.getClientRects().length).map(e => e.textContent).join(),
    missing: [...document.querySelectorAll('.jp-OutputArea-child')].filter(
        e => e.getClientRects().length && e.textContent.includes('model not found')).length,
})"""


@pytest.fixture
def opened(browser: Any, lab_server: lab.JupyterServer) -> Iterator[Any]:
    """``opened(cells, kernel)``: a notebook whose pages and kernels are gone after the test."""
    pages: list[lab.Notebook] = []

    def make(cells: list[str], kernel: str = "python3", path: Any = None) -> lab.Notebook:
        path = path or lab.write_notebook(lab_server.folder / f"life-{time.time_ns()}.ipynb", cells, kernel)
        pages.append(lab.Notebook(browser, lab_server, path, width=1300, height=1500))
        return pages[-1]

    yield make
    (lab_server.folder / "enough").touch()
    for page in pages:
        page.close()
    lab_server.forget_kernels()
    (lab_server.folder / "enough").unlink(missing_ok=True)


def command(notebook: lab.Notebook, name: str) -> None:
    """Run one of JupyterLab's commands, without waiting for what it asks back."""
    notebook.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)


def save(notebook: lab.Notebook) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    wait_for(lambda: "cells" in json.loads(notebook.path.read_text()), seconds=10, what="the saved file")


def pictures(notebook: lab.Notebook, count: int = 12, seconds: float = 60) -> list[str]:
    def there() -> Any:
        seen = notebook.page.evaluate(PIXELS)
        return seen if len(seen) == count and all(seen) else None

    return wait_for(there, seconds=seconds, what=f"{count} pictures")


def seen(notebook: lab.Notebook) -> dict[str, Any]:
    return notebook.page.evaluate(SEEN)


def test_a_restarted_kernel_leaves_the_last_picture_and_a_fresh_run_works(opened: Any) -> None:
    notebook = opened([SETUP, "train(3)"])
    notebook.execute(0)
    pictures(notebook)
    notebook.execute(1)
    assert seen(notebook) | {"said": ""} == {
        "live": seen(notebook)["live"],
        "frozen": 0,
        "said": "",
        "missing": 0,
    }
    notebook.page.evaluate("() => window.jupyterapp.serviceManager.sessions.running().next()")
    notebook.page.evaluate(
        "async () => { const panel = window.jupyterapp.shell.currentWidget;"
        " await panel.context.sessionContext.session.kernel.restart(); }"
    )
    wait_for(lambda: seen(notebook)["frozen"] == 1, seconds=30, what="the last picture")
    assert "No kernel is connected" in seen(notebook)["said"]
    assert "epoch 5" in seen(notebook)["said"]
    assert seen(notebook)["live"] == 0
    notebook.wait_for_kernel()
    notebook.execute(0)
    pictures(notebook)
    wait_for(lambda: seen(notebook)["live"] > 1, seconds=30, what="the live view of the fresh run")
    assert seen(notebook)["frozen"] == 0


def test_a_notebook_reopened_without_its_kernel_shows_the_last_picture(
    opened: Any, lab_server: lab.JupyterServer
) -> None:
    notebook = opened([SETUP, "train(3)"])
    notebook.execute(0)
    pictures(notebook)
    notebook.execute(1)
    save(notebook)
    notebook.page.goto("about:blank")
    lab_server.forget_kernels()
    again = opened([], path=notebook.path)
    wait_for(lambda: seen(again)["frozen"] == 1, seconds=30, what="the last picture")
    assert "epoch 5" in seen(again)["said"]
    assert seen(again)["missing"] == seen(again)["live"] == 0


@pytest.mark.parametrize("version", ["6.31", "7.4"])
def test_a_page_reloaded_while_the_cell_trains_is_drawn_again(version: str, opened: Any, kernel: Any) -> None:
    notebook = opened([SETUP, "train(5000)"], kernel(version))
    notebook.execute(0)
    pictures(notebook)
    save(notebook)
    notebook.run(1)
    time.sleep(2)
    assert notebook.running(1)
    notebook.page.goto(notebook.server.address(notebook.path))
    notebook.page.locator(".xaiw-run").first.wait_for(timeout=60_000)
    pictures(notebook, seconds=30)
    assert seen(notebook)["frozen"] == 0
    before = notebook.page.locator(".xaiw-run").first.text_content()
    wait_for(
        lambda: notebook.page.locator(".xaiw-run").first.text_content() != before,
        seconds=20, what="the training to go on",
    )  # fmt: skip
    slider = notebook.page.locator(".xaiw-saliency .noUi-handle").first
    value = slider.get_attribute("aria-valuenow")
    slider.focus()
    notebook.page.keyboard.press("ArrowRight")
    wait_for(lambda: slider.get_attribute("aria-valuenow") != value, seconds=10, what="the slider")
    pictures(notebook)
    assert not [text for text in notebook.problems if "xaiw" in text or "widget" in text.lower()]


def test_two_windows_show_the_same_and_both_can_be_used(opened: Any) -> None:
    first = opened(
        [SETUP, "run = xw.background(train, 5000, tracker=tracker)", "enough.touch(); run.result(30)"]
    )
    first.execute(0)
    pictures(first)
    save(first)
    second = opened([], path=first.path)
    pictures(second)
    pictures(first)
    first.execute(1)
    for using, other in ((first, second), (second, first)):
        before = other.page.locator(".xaiw-saliency .noUi-handle").first.get_attribute("aria-valuenow")
        using.page.locator(".xaiw-saliency .noUi-handle").first.focus()
        using.page.keyboard.press("ArrowRight")
        wait_for(
            lambda other=other, before=before: other.page.locator(".xaiw-saliency .noUi-handle").first.get_attribute(
                "aria-valuenow") != before,
            seconds=20, what="the slider of the other window",
        )  # fmt: skip
    pictures(first)
    pictures(second)
    first.execute(2)
    said = [page.page.locator(".xaiw-run").first.text_content() for page in (first, second)]
    wait_for(
        lambda: first.page.locator(".xaiw-run").first.text_content() == second.page.locator(".xaiw-run").first.text_content(),
        seconds=20, what=f"both windows to say the same, not {said}",
    )  # fmt: skip
    assert first.problems + second.problems == []


def test_redraws_do_not_pile_up_before_a_page_that_is_closed(opened: Any) -> None:
    """And the page that is opened in the second half of the run shows everything at once."""
    cells = [
        SETUP,
        "run = xw.background(train, 5000, tracker=tracker)\nprint('begun')",
        "echo = dashboard.publisher.echo\nprint('=>', echo.heard > 0, echo.sent - echo.heard < 3)",
        "time.sleep(6); passes = dashboard.publisher.traffic.passes; time.sleep(10)\n"
        "found = echo.behind, dashboard.publisher.traffic.passes - passes <= 6",
        "enough.touch(); run.result(30)\nprint('=>', *found, not echo.behind)",
    ]
    notebook = opened(cells)
    notebook.execute(0)
    pictures(notebook)
    save(notebook)
    notebook.execute(1)
    time.sleep(4)
    notebook.execute(2)
    assert "=> True True" in notebook.cell(2).locator(".jp-OutputArea-output").first.inner_text()
    notebook.run(3)
    time.sleep(1)
    save(notebook)
    notebook.page.goto("about:blank")
    time.sleep(18)
    notebook.page.goto(notebook.server.address(notebook.path))
    notebook.wait_for_kernel()
    pictures(notebook, seconds=30)
    before = notebook.page.locator(".xaiw-run").first.text_content()
    wait_for(
        lambda: notebook.page.locator(".xaiw-run").first.text_content() != before,
        seconds=20, what="the training to be shown again",
    )  # fmt: skip
    notebook.execute(4)
    assert "=> True True True" in notebook.cell(4).locator(".jp-OutputArea-output").first.inner_text()


def test_two_epochs_are_compared_in_rows_that_say_which_they_are(opened: Any) -> None:
    notebook = opened([SETUP, "train(3)"])
    notebook.execute(0)
    pictures(notebook)
    notebook.page.locator(".xaiw-saliency").get_by_label("Weights shown").select_option("compare")
    pictures(notebook, 24)
    notebook.execute(1)
    captions = notebook.page.locator(".xaiw-sample:not(.xaiw-hide) .xaiw-caption")
    wait_for(
        lambda: all(word in text for word, text in zip(
            ["epoch 2, step 8", "epoch 5, step 20"] * 2, captions.all_text_contents(), strict=True)),
        seconds=60, what="the names of the weights",
    )  # fmt: skip
    shown = pictures(notebook, 24)
    assert shown[2] != shown[8], "the raw masks of two epochs differ"
    notebook.screenshot(lab.SCREENSHOTS / "compare.png", notebook.page.locator(".xaiw-saliency"))
    assert notebook.problems == []
