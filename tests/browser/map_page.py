"""One instance map on a page: what tests ask it, and what they do to it as a person would."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from lab import ROOT, wait_for
from PIL import Image
from support import missing

REFERENCES = Path(__file__).parent / "references"
DATA = """
import numpy as np
import xai_widgets as xw
from sklearn.datasets import load_digits

digits = load_digits()
names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
rng = np.random.default_rng(1)
N = 1500
pictures, labels = (digits.images[:N] * 15.9).astype("uint8"), digits.target[:N].copy()
wrong = rng.choice(N, 40, replace=False)
labels[wrong] = (labels[wrong] + 1) % 10
hard = rng.beta(1.2, 3, N)
hard[wrong] = 1.6

def epoch(tracker):
    logits = rng.normal(0, 1, (N, 10))
    logits[np.arange(N), labels] += 1.2 * (tracker.epoch + 1) * (1 - hard) - 1 + rng.normal(0, 0.9, N)
    logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    tracker.record(np.arange(N), labels, loss=-logp[np.arange(N), labels], logits=logits)
    tracker.end_epoch("train")

tracker = xw.Tracker(label_names=names, epochs=12)
"""
MAP = "document.querySelector('.xw-map').instanceMap"
# the columns as plain numbers: a sum and a weighted sum of each tell any two pictures apart
DIGEST = """(root => {
    const state = root.instanceMap.app.state;
    const sums = values => {
        let a = 0, b = 0;
        values.forEach((v, i) => { a += v; b = (b + v * ((i % 9973) + 1)) % 2147483647; });
        return [a, b];
    };
    const names = ['x', 'y', 'label', 'flags', 'forgets'];
    return [state.stream, state.seq, state.n, ...names.flatMap(name => sums(state.columns[name]))];
})"""
PYTHON_DIGEST = """
def digest(view):
    found = [view.model.stream, view.model.seq, view.model.n]
    for name in ("x", "y", "label", "flags", "forgets"):
        values = view.model.columns[name].astype(np.int64)
        b = 0
        for i, v in enumerate(values.tolist()):
            b = (b + v * (i % 9973 + 1)) % 2147483647
        found += [int(values.sum()), b]
    return found
"""


class MapPage:
    """The first instance map on a page."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.root = page.locator(".xw-map").first

    def wait(self, seconds: float = 60) -> MapPage:
        """Wait until points are drawn."""
        wait_for(
            lambda: self.page.evaluate(
                "() => { const r = document.querySelector('.xw-map'); return !!(r && r.instanceMap"
                " && r.instanceMap.app.state.n > 0 && r.instanceMap.scatter.drawn > 0); }"
            ),
            seconds=seconds,
            what="the first points",
        )
        return self

    def ask(self, script: str) -> Any:
        return self.page.evaluate(f"() => {{ const map = {MAP}; return {script}; }}")

    def digest(self) -> list[Any]:
        return list(self.page.evaluate(f"() => {DIGEST}(document.querySelector('.xw-map'))"))

    def place(self, row: int) -> tuple[float, float]:
        """Where a row's point is on the page, which is scrolled to the plot."""
        self.root.locator(".xw-plot").scroll_into_view_if_needed()
        x, y = self.ask(
            f"(() => {{ const t = map.scatter.pixels, c = map.app.state.columns;"
            f" return [c.x[{row}] * t.ax + t.bx, c.y[{row}] * t.ay + t.by]; }})()"
        )
        box = self.root.locator(".xw-plot").bounding_box()
        return box["x"] + x, box["y"] + y

    def lasso(self, x0: float, y0: float, x1: float, y1: float, key: str = "Shift") -> None:
        """Draw around a part of the plot, in fractions of its area from the lower left."""
        self.root.locator(".xw-plot").scroll_into_view_if_needed()
        area = self.ask("map.scatter.area")
        box = self.root.locator(".xw-plot").bounding_box()

        def at(x: float, y: float) -> tuple[float, float]:
            return (
                box["x"] + area["left"] + x * area["width"],
                box["y"] + area["top"] + (1 - y) * area["height"],
            )

        mouse = self.page.mouse
        self.page.keyboard.down(key)
        mouse.move(*at(x0, y0))
        mouse.down()
        for x, y in [(x1, y0), (x1, y1), (x0, y1), (x0, y0)]:
            mouse.move(*at(x, y), steps=5)
        mouse.up()
        self.page.keyboard.up(key)

    @property
    def selected(self) -> list[int]:
        return list(self.ask("[...map.app.selected]"))


def looks_like(png: bytes, name: str, tolerance: float = 7.0) -> None:
    """Compare a picture with its reference, coarsely: fonts differ between machines, the picture should not.

    ``XAI_WIDGETS_NEW_REFERENCES=1`` writes it anew, on purpose and after a look at it.
    """
    path = REFERENCES / f"{name}.png"
    if os.environ.get("XAI_WIDGETS_NEW_REFERENCES"):
        path.parent.mkdir(exist_ok=True)
        Image.open(io.BytesIO(png)).convert("RGB").quantize(64).save(path, optimize=True)
        return
    small = [
        np.asarray(Image.open(source).convert("RGB").resize((160, 120), Image.Resampling.BOX), float)
        for source in (io.BytesIO(png), path)
    ]
    difference = float(np.abs(small[0] - small[1]).mean())
    assert difference < tolerance, f"{name} differs from its reference by {difference:.1f} of 255 on average"


def serious_violations(page: Any, selector: str) -> list[tuple[str, str]]:
    """What axe-core finds serious or critical in a part of the page: the rule, and the first element that breaks it."""
    axe = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        missing("axe-core", "run npm install in js/")
    page.evaluate(axe.read_text())
    found = page.evaluate("async selector => (await axe.run(selector)).violations", selector)
    return [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
