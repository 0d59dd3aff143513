"""Slider moves during training are answered before the cell ends: every host, kernel, framework and way to train.

`measure` is also what ``benchmarks/live/latency.py`` prints its table from.
"""

from __future__ import annotations

import itertools
import json
import statistics
import time
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import lab
import pytest
from lab import wait_for

MOVES = 8
KERNELS = ("6.31", "7.3", "7.4")
FRAMEWORKS = ("torch", "keras")
PLACES = ("cell", "background")

DATA = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import json, pathlib, time
import numpy as np
import xai_widgets as xw
from sklearn.datasets import load_digits
digits = load_digits()
x = (digits.images[:1024] / 16).astype("float32")
y = digits.target[:1024].astype("int64")
enough = pathlib.Path("enough")
enough.unlink(missing_ok=True)
tracker = xw.Tracker()
"""
MODELS = {
    "torch": """
import torch, torch.nn.functional as F
torch.set_num_threads(1)
torch.manual_seed(0)
x = x[:, None]
model = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(288, 10))
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
def train():
    while not enough.exists():
        for rows in torch.randperm(1024).split(16):
            losses = F.cross_entropy(model(torch.from_numpy(x)[rows]), torch.from_numpy(y)[rows], reduction="none")
            optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
            tracker.record(rows, y[rows], loss=losses)
            time.sleep(0.01)  # a step of a bigger network, without its heat
        tracker.end_epoch()
layout = "NCHW"
""",
    "keras": """
import keras
keras.utils.set_random_seed(0)
x = x[..., None]
model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(8, 3, activation="relu"),
                          keras.layers.Flatten(), keras.layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
class Until(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.01)
        self.model.stop_training = enough.exists()
def train():
    model.fit(*xw.hooks.keras.indexed(x, y), batch_size=16, epochs=100_000, verbose=0,
              callbacks=[xw.hooks.keras.TrackerCallback(tracker, model), Until()])
layout = "NHWC"
""",
}
SHOW = """
dashboard = xw.Dashboard(tracker, model, (x, y), layout=layout, mode="train", smoothing=10, integrating=10,
                         saliency={"following": False})
dashboard.selected = (1, 2)
service, jobs = dashboard.saliency.service, []
request = service.request
def noted(*arguments):
    jobs.append(request(*arguments))
    return jobs[-1]
service.request = noted
dashboard
"""
TRAIN = {"cell": "train()\nprint('trained')", "background": "run = xw.background(train, tracker=tracker)"}
REPORT = """
print("=>" + json.dumps({
    "compute": [job.first_seconds for job in jobs if job.first_seconds is not None],
    "states": [job.state for job in jobs], "problems": [str(job.problem) for job in jobs if job.problem],
    "tracker": tracker.problems, "epochs": tracker.epoch, "copy": service.last_copy_seconds,
    "traffic": vars(dashboard.publisher.traffic), "route": xw.live.host().route,
}))
"""
WATCH = """
() => {
  // Reading pixels back in every frame would itself slow the page down: note when a mask's canvas is drawn on, and
  // read the pixels once before and once after a move.
  const shown = () => [...document.querySelectorAll('.xaiw-sample:not(.xaiw-hide) canvas')];
  let drawn = performance.now(), waiting = null;
  for (const name of ['drawImage', 'putImageData']) {
    const original = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...rest) {
      original.apply(this, rest);
      if (!this.canvas.isConnected || !this.canvas.closest('.xaiw-sample')) return;
      requestAnimationFrame(() => {
        drawn = performance.now();
        if (waiting) waiting(drawn);
      });
    };
  }
  window.xaiwPixels = () => shown().map(canvas => canvas.toDataURL()).join();
  window.xaiwWatch = limit => {
    window.xaiwAnswer = new Promise(resolve => {
      const start = () => {
        removeEventListener('keydown', start, true);
        removeEventListener('pointerdown', start, true);
        const started = performance.now();
        const mine = now => { waiting = null; resolve(now - started); };
        waiting = mine;
        setTimeout(() => { if (waiting === mine) { waiting = null; resolve(null); } }, limit);
      };
      addEventListener('keydown', start, true);
      addEventListener('pointerdown', start, true);
    });
  };
  window.xaiwCalm = () => new Promise(resolve => {
    const look = () => performance.now() - drawn > 700 ? resolve(true) : setTimeout(look, 50);
    look();
  });
}
"""


@dataclass
class Measured:
    """What slider moves during a training gave."""

    latencies: list[float | None] = field(default_factory=list)  # ms from the key to changed pixels
    training: list[bool] = field(default_factory=list)  # whether it still trained then
    changed: list[bool] = field(default_factory=list)  # whether other pixels are on the screen
    report: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        moves = zip(self.latencies, self.training, self.changed, strict=True)
        return sum(latency is not None and still and other for latency, still, other in moves)

    @property
    def median(self) -> float:
        return statistics.median(value for value in self.latencies if value is not None)

    @property
    def compute(self) -> float:
        """Median computing time until a job's first result, in ms; the first job also warms up."""
        return 1e3 * statistics.median(self.report["compute"][-len(self.latencies) :])


def slide(page: Any, app: str, move: int) -> None:
    """Move the smoothing slider as a person does: keys in JupyterLab; Notebook keeps the keys, so a click there."""
    if app == "lab":
        page.locator(".xaiw-saliency .noUi-handle").first.focus()
        page.keyboard.press("ArrowLeft" if move % 2 else "ArrowRight")
        return
    track = page.locator(".xaiw-saliency .noUi-target").first
    box = track.bounding_box()
    track.click(position={"x": box["width"] * (0.2 + 0.1 * (move % 4)), "y": box["height"] / 2}, force=True)


def other_pixels(page: Any, before: str) -> bool:
    """Whether the masks change; on a crowded machine what was drawn first may still have been the last move's."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if page.evaluate("() => window.xaiwPixels()") != before:
            return True
        time.sleep(0.1)
    return False


def measure(
    browser: Any,
    server: lab.JupyterServer,
    kernel: str,
    framework: str,
    place: str,
    shot: Path | None = None,
    moves: int = MOVES,
) -> Measured:
    """Train, move the smoothing slider so many times, and end the training afterwards."""
    cells = [DATA, MODELS[framework], SHOW, TRAIN[place], REPORT]
    path = lab.write_notebook(server.folder / f"live-{kernel}-{framework}-{place}.ipynb", cells, kernel)
    notebook = lab.Notebook(browser, server, path, width=1500, height=1400)
    measured = Measured()
    try:
        for number in range(3):
            notebook.execute(number, seconds=180)
        page = notebook.page
        slider = page.locator(".xaiw-saliency .noUi-handle").first
        slider.wait_for()
        page.evaluate(WATCH)
        notebook.run(3)
        wait_for(
            lambda: page.locator(".xaiw-sample:not(.xaiw-hide) canvas").count() >= 6,
            seconds=120,
            what="masks",
        )
        page.evaluate("() => window.xaiwCalm()")
        for move in range(moves):
            before = page.evaluate("() => window.xaiwPixels()")
            page.evaluate("() => window.xaiwWatch(20000)")
            slide(page, server.app, move)
            measured.latencies.append(page.evaluate("() => window.xaiwAnswer"))
            measured.training.append(place == "background" or notebook.running(3))
            page.evaluate("() => window.xaiwCalm()")
            measured.changed.append(other_pixels(page, before))
        if shot is not None:
            notebook.screenshot(shot)
        (server.folder / "enough").touch()
        notebook.finish(3, seconds=60)
        notebook.execute(4, seconds=60)
        printed = notebook.cell(4).locator(".jp-OutputArea-output").all_inner_texts()
        measured.report = json.loads("".join(printed).split("=>", 1)[1])
        measured.problems = notebook.problems
    finally:
        (server.folder / "enough").touch()
        notebook.close()
        server.forget_kernels()
        time.sleep(0.5)
        (server.folder / "enough").unlink(missing_ok=True)
    return measured


def check(measured: Measured) -> None:
    assert measured.answered == len(measured.latencies) > 0, measured
    assert measured.problems == []
    assert measured.report["problems"] == []
    assert measured.report["tracker"] == []
    assert measured.report["epochs"] >= 1
    assert measured.report["traffic"]["failures"] == 0


PAIRS = {
    ("lab", "6.31", "torch", "cell"),
    ("notebook", "6.31", "keras", "background"),
    ("lab", "7.3", "torch", "background"),
    ("notebook", "7.3", "keras", "cell"),
    ("notebook", "7.4", "torch", "background"),
    ("lab", "7.4", "keras", "cell"),
}
"""The fewest in which every two choices stand together: in CI these; all with ``-m "browser and soak"``, on purpose."""


def combinations(app: str) -> list[Any]:
    """All of one host; those that are not of `PAIRS` as a soak."""
    return [
        pytest.param(*one, id="-".join(one), marks=[] if (app, *one) in PAIRS else [pytest.mark.soak])
        for one in product(KERNELS, FRAMEWORKS, PLACES)
    ]


def test_every_two_choices_stand_together() -> None:
    choices = (("lab", "notebook"), KERNELS, FRAMEWORKS, PLACES)
    for one, other in itertools.combinations(range(4), 2):
        wanted = set(product(choices[one], choices[other]))
        assert {(pair[one], pair[other]) for pair in PAIRS} == wanted


@pytest.mark.parametrize(("version", "framework", "place"), combinations("lab"))
def test_moves_are_answered_in_jupyterlab(
    version: str, framework: str, place: str, browser: Any, kernel: Any, lab_server: lab.JupyterServer
) -> None:
    check(measure(browser, lab_server, kernel(version), framework, place, moves=4))


@pytest.mark.parametrize(("version", "framework", "place"), combinations("notebook"))
def test_moves_are_answered_in_notebook(
    version: str, framework: str, place: str, browser: Any, kernel: Any, notebook_server: lab.JupyterServer
) -> None:
    check(measure(browser, notebook_server, kernel(version), framework, place, moves=4))
