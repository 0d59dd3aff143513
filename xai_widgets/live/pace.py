"""How much of its speed training gives to a job."""

from __future__ import annotations

import time
from collections.abc import Callable

ENOUGH = 20  # steps on each side before a measured loss is believed
_FLOOR = 0.1  # a job never costs less than this, so that one lucky chunk does not let it run freely


class Pace:
    """Pauses a worker between its chunks so that training loses at most a given part of its speed.

    A chunk that takes all speed away may run for ``share`` of the time; one that costs little (a spare core,
    a GPU with room) more, up to all of it. What it costs is measured from the training steps done during
    chunks and during pauses.

    Parameters
    ----------
    share : float
        Part of training's speed, in (0, 1].
    steps : callable
        Gives the number of training steps so far.
    """

    def __init__(self, share: float, steps: Callable[[], int]) -> None:
        if not 0.0 < share <= 1.0:
            raise ValueError(f"share is the part of training's speed a job may take, in (0, 1]; got {share}")
        self.share = share
        self._steps = steps
        self._in_chunks = [0.0, 0.0]  # steps, seconds
        self._in_pauses = [0.0, 0.0]
        self._mark = (0, 0.0)

    def chunk_starts(self) -> None:
        """Note the time and the step before a chunk."""
        self._mark = (self._steps(), time.perf_counter())

    def chunk_ends(self) -> tuple[float, float]:
        """Return how long this chunk took, and how long to pause after it, in seconds."""
        busy = self._account(self._in_chunks)
        return busy, max(busy * (self.cost() / self.share - 1.0), 0.0)

    def pause_ends(self) -> None:
        """Note what training did in the pause."""
        self._account(self._in_pauses)

    def cost(self) -> float:
        """Part of its speed that training loses while a chunk runs: measured, or 1 while unknown."""
        (during, busy), (beside, free) = self._in_chunks, self._in_pauses
        if beside < ENOUGH or busy <= 0.0 or free <= 0.0 or busy * beside / free < ENOUGH:
            return 1.0
        return min(max(1.0 - (during / busy) / (beside / free), _FLOOR), 1.0)

    def _account(self, into: list[float]) -> float:
        steps, then = self._mark
        self._mark = (self._steps(), time.perf_counter())
        seconds = self._mark[1] - then
        for place, value in enumerate((self._mark[0] - steps, seconds)):
            into[place] += value
        if into[1] > 30.0:  # forget slowly: training has phases
            into[:] = [value / 2 for value in into]
        return seconds
