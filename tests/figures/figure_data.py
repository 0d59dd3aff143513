"""Results to draw from, made by the real Tracker out of numbers that are the same every time."""

from __future__ import annotations

import numpy as np

import xai_widgets as xw

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HARD = np.array([1.1, 0.5, 1.6, 2.0, 1.5, 1.4, 0.9, 0.8, 0.7, 0.6])

HOSTILE = [
    "$\\frac{1}{0}$",
    "$unbalanced",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>&amp;\"'",
    "x" * 10_000,
    "nul\0inside",
    "line\nend\tand tab",
    "\u202egnp.exe\u202c",
    "שלום עולם",
    "مرحبا",
    "😀👩\u200d👩\u200d👧",
    "\ud800 half",
    "漢字かな",
    "_^{}%#\\",
    "",
    "]]>-->",
]


def run(
    epochs: int = 6, instances: int = 200, labels: int = 10, names: list[str] | None = None, seed: int = 0
) -> xw.Tracker:
    """Record a run in train and eval mode in which class 3 is hard and class 1 is easy."""
    rng = np.random.default_rng(seed)
    names = (NAMES if labels <= 10 else [f"class {i:04d}" for i in range(labels)]) if names is None else names
    tracker = xw.Tracker(label_names={name: i for i, name in enumerate(names[:labels])}, epochs=10)
    y = np.arange(instances) % labels
    hard = HARD[np.arange(labels) % 10]
    own = rng.gamma(2.0, 0.5, instances)
    for epoch in range(1, epochs + 1):
        loss = hard[y] * own * np.exp(-epoch / 8) + rng.gamma(1.0, 0.05, instances)
        tracker.record(np.arange(instances), y, epoch=epoch, step=epoch * 10, loss=loss)
        tracker.end_epoch("train")
        tracker.record(
            np.arange(instances),
            y,
            mode="eval",
            epoch=epoch,
            step=epoch * 10,
            loss=loss * 1.2,
            accuracy=np.exp(-loss),
        )
        tracker.end_epoch("eval")
    return tracker


def hostile_report(folder):
    """Write a report in which names, indices, settings and the title are markup."""
    tracker = run(epochs=3, instances=64, labels=len(HOSTILE), names=HOSTILE)
    tracker.record(
        [f"<script>alert({i})</script>" for i in range(3)],
        [0, 1, 2],
        mode="test",
        epoch=1,
        loss=[9.0, 8.0, 7.0],
    )
    tracker.end_epoch("test")
    return xw.figures.report(
        folder / "hostile.html",
        tracker,
        title="</title><script>alert(0)</script>",
        settings={"</td><script>": "\"'><img onerror=x>"},
    )
