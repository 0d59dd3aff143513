"""Somebody who excludes samples at random moments while a run goes on, and the count of what was drawn in spite of it."""

from __future__ import annotations

import random
import threading
import time

from framework_runs import Seen

import xai_widgets as xw


class Timed(Seen):
    """Notes when the last batch of each epoch was seen."""

    def __init__(self, decide=lambda epoch: None):
        super().__init__(decide)
        self.last: list[float] = []

    def begin(self):
        super().begin()
        self.last.append(time.monotonic())

    def see(self, x, y):
        self.last[-1] = time.monotonic()
        super().see(x, y)


class Editor(threading.Thread):
    """Excludes one sample after the other, now and then, until it is told to stop."""

    def __init__(self, edits: xw.Edits, size: int, pause: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.edits, self.pause, self.random = edits, pause, random.Random(seed)
        self.waiting = self.random.sample(range(size), size * 6 // 10)
        self.done: dict[int, float] = {}
        self.over = threading.Event()

    def run(self):
        while self.waiting and not self.over.is_set():
            index = self.waiting.pop()
            self.edits.exclude(index, force=True)
            self.done[index] = time.monotonic()
            if self.random.random() < 0.2:
                self.edits.relabel(self.random.choice(self.waiting or [index]), 1, force=True)
            time.sleep(self.random.random() * self.pause)

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def __enter__(self):
        self.start()
        return self


def wrong_draws(passes, done) -> tuple[int, int]:
    """Return (draws, wrong ones) of passes [(when it was to have the edits, what it drew)]."""
    draws = sum(len(drawn) for _, drawn in passes)
    wrong = sum(done.get(index, float("inf")) < known for known, drawn in passes for index in drawn)
    return draws, wrong
