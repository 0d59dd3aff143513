"""Recorded runs and messages of a browser, for the tests of the views."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def record(tracker: Any, epochs: int, *, modes=("train", "eval"), n: int = 60, labels: int = 10) -> Any:
    """Record epochs in which label 9 is the hardest and instance n - 1 of it the hardest of all."""
    generator = np.random.default_rng(0)
    y = np.arange(n) % labels
    for _ in range(epochs):
        for mode in modes:
            loss = (1 + y) / labels + 0.01 * np.arange(n) / n + 0.001 * generator.random(n)
            tracker.record(np.arange(n), y, mode=mode, loss=loss)
        tracker.end_epoch()
    return tracker


def tell(view: Any, content: object) -> None:
    """Have a view hear a message of the browser, as its front would hand it over."""
    view._hear(view.front, content, [])
    view.publisher.flush()


def settle(panel: Any, condition: Callable[[], Any] | None = None) -> None:
    """Wait until nothing is asked any more."""
    end = time.monotonic() + 60
    panel.publisher.flush()
    while time.monotonic() < end:
        panel.publisher.flush()
        if not panel._running() and (condition is None or condition()):
            panel.publisher.flush()
            return
        time.sleep(0.02)
    raise AssertionError(f"still {panel.service.state}, {panel.front.strip}, {panel.front.empty}")
