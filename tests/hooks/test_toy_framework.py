"""A framework is one adapter on `hooks/_common`, also from outside: here one whose whole training loop is ten lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.hooks._common.feed import Feed


class ToyFit:
    """A framework that calls back after every batch and every epoch."""

    def __init__(self, callback: Any) -> None:
        self.callback, self.weight = callback, 0.0

    def fit(self, x: np.ndarray, y: np.ndarray, epochs: int) -> None:
        for epoch in range(1, epochs + 1):
            for rows in np.array_split(np.arange(len(x)), 3):
                error = x[rows] * self.weight - y[rows]
                self.weight -= 0.1 * float((error * x[rows]).mean())
                self.callback.after_batch(rows, y[rows].astype(np.int64), error**2)
            self.callback.after_epoch(epoch)


class ToyHook:
    """The adapter: it tells a feed of batches, steps and ends of epochs, and knows nothing of the tracker."""

    def __init__(self, tracker: xw.Tracker, epochs: int) -> None:
        self.feed = Feed(tracker, streams=[("train", None)], epochs=epochs)

    def after_batch(self, rows: np.ndarray, label: np.ndarray, loss: np.ndarray) -> None:
        self.feed.record(self.feed.batch("train", None, rows, label, {"loss": loss}))
        self.feed.stepped()

    def after_epoch(self, epoch: int) -> None:
        self.feed.end("train")


def test_an_adapter_from_outside_fills_the_tracker_and_its_views() -> None:
    x, y = np.linspace(0, 1, 12), np.arange(12) % 2
    tracker = xw.Tracker()
    toy = ToyFit(ToyHook(tracker, 4))
    toy.fit(x, y, 4)
    series = tracker.label_series("loss", mode="train")
    assert series.epochs.tolist() == [1, 2, 3, 4]
    assert series.count.tolist() == [[6] * 4] * 2
    assert (tracker.epochs, tracker.step) == (4, 12)
    with xw.LabelDifficulty(tracker, mode="train") as view:
        assert len(view.front.legend["rows"]) == 2
    bare = ToyFit(type("Nothing", (), {"after_batch": lambda *_: None, "after_epoch": lambda *_: None})())
    bare.fit(x, y, 4)
    assert toy.weight == bare.weight, "watching changes nothing"


def test_what_fails_in_the_hook_is_told_and_the_run_goes_on() -> None:
    tracker = xw.Tracker()
    hook = ToyHook(tracker, 1)
    with pytest.warns(RuntimeWarning, match="a batch of train data was not recorded"):
        hook.after_batch(np.array([0.5, 1.5]), np.array([0, 1]), np.array([1.0, 2.0]))
    hook.after_batch(np.array([0, 1]), np.array([0, 1]), np.array([1.0, 2.0]))
    assert tracker.counts("train").instances == 2
