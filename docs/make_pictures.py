#!/usr/bin/env python3
"""Make the pictures of the documentation from a real run: a small CNN on scikit-learn's scanned digits, on the processor.

    python docs/make_pictures.py

In 60 of the training images the label is wrong on purpose, so that the instance views have something to find.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import xai_widgets as xw
from xai_widgets import figures, samples

FOLDER = Path(__file__).resolve().parent / "pages" / "pictures"
EPOCHS = 12


def network() -> nn.Module:
    """Build a small CNN for 8 x 8 pictures."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def train(net: nn.Module, data: Any) -> xw.Tracker:
    """Train it and record every sample."""
    names = [name for name, _ in sorted(data.label_names.items(), key=lambda item: item[1])]
    tracker = xw.Tracker(label_names={name: value for value, name in enumerate(names)}, epochs=EPOCHS)
    x, y = torch.from_numpy(data.x_train).permute(0, 3, 1, 2), torch.from_numpy(data.y_train)
    x_eval, y_eval = torch.from_numpy(data.x_eval).permute(0, 3, 1, 2), torch.from_numpy(data.y_eval)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    order = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        for index in torch.randperm(len(x), generator=order).split(64):
            logits = net(x[index])
            losses = functional.cross_entropy(logits, y[index], reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            tracker.record(index, y[index], loss=losses, logits=logits)
        tracker.end_epoch("train")
        with torch.no_grad():
            logits = net(x_eval)
            losses = functional.cross_entropy(logits, y_eval, reduction="none")
        tracker.record(torch.arange(len(x_eval)), y_eval, mode="eval", loss=losses, logits=logits)
        tracker.end_epoch("eval")
    tracker.finish()
    return tracker


def pictures() -> dict[str, Callable[[bool], figures.StaticFigure]]:
    """Give every picture as a function of the theme."""
    wrong = 60
    data = samples.demo_data("digits", wrong_labels=wrong / 1347)
    net = network()
    tracker = train(net, data)
    train_set = samples.as_samples(
        (np.moveaxis(data.x_train, -1, 1), data.y_train), label_names=data.label_names, layout="NCHW"
    )
    evaluation = tracker.label_series("loss", mode="eval")
    both = [evaluation, tracker.label_series("loss", mode="train")]
    hard, easy = tracker.extremes("loss", n_max=6, n_min=4)
    history = tracker.instance_series([*hard.index, *easy.index, 10, 18], "loss")
    table = tracker.dynamics()
    engine = xw.AttributionEngine(net.eval())
    shown = list(hard.index[:4])
    columns = engine.saliency_columns(train_set.batch(shown).inputs, smoothing=25, integrating=50)
    names = tracker.label_names
    return {
        "label_difficulty": lambda dark: figures.label_difficulty(evaluation, epochs=EPOCHS, dark=dark),
        "modes": lambda dark: figures.label_difficulty(both, bounds="range", epochs=EPOCHS, dark=dark),
        "instance_history": lambda dark: figures.instance_history(
            history, hard=hard, easy=easy, pictures=train_set, label_names=names, epochs=EPOCHS, dark=dark
        ),
        "instance_map": lambda dark: figures.instance_map(
            table,
            label_names=names,
            selected=data.planted.tolist(),
            title="All digits; ringed: labels made wrong",
            dark=dark,
        ),
        "heat": lambda dark: figures.history_heatmap(both[1], dark=dark),
        "saliency": lambda dark: figures.saliency_grid(
            columns, train_set, index=shown, label_names=names, weights=f"epoch {EPOCHS}", dark=dark
        ),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in pictures().items():
        for dark in (False, True):
            draw(dark).save(FOLDER / f"{name}_{'dark' if dark else 'light'}.png", dpi=144)
