"""How much of its speed training gives to a job."""

from __future__ import annotations

import time
from collections.abc import Callable

ENOUGH = 20  # steps on each side before a measured loss is believed
_CREDIT = 2.0  # seconds of pauses that a new job may start without
_LONGEST_WAIT = 3.0
_LONGEST_PAUSE = 10.0  # after one chunk: building a model's functions takes long, and comes once
_FLOOR = 0.1  # a job never costs less than this, so that one lucky chunk does not let it run freely


class Pace:
    """Pauses a worker between its chunks so that training's steps take at most ``1 + share`` times as long.

    A chunk that stops training altogether is followed by a pause of ``1 / share`` times its length; one that costs
    little (a spare core, a GPU with room) by a shorter one or none. What it costs is measured from the training steps
    done during chunks and during pauses. What a job leaves unpaid when it ends is owed by the next one, which waits
    for it where it is much: a person's click is answered at once, a program that asks without end is held to the bound.

    Parameters
    ----------
    share : float
        Part by which training may take longer, in (0, 1].
    steps : callable
        Gives the number of training steps so far.
    """

    def __init__(self, share: float, steps: Callable[[], int]) -> None:
        if not 0.0 < share <= 1.0:
            raise ValueError(f"share is the part of training's time a job may take, in (0, 1]; got {share}")
        self.share = share
        self._steps = steps
        self._in_chunks = [0.0, 0.0]  # steps, seconds
        self._in_pauses = [0.0, 0.0]
        self._mark = (0, 0.0)
        self._free_at = 0.0  # when everything is paid for

    def before_job(self, awaited: bool = True) -> float:
        """Return how long a new job should wait for what earlier ones left unpaid, in seconds.

        Parameters
        ----------
        awaited : bool, default True
            Whether a person waits for it; else all is paid first.
        """
        credit = _CREDIT if awaited else 0.0
        return min(max(self._free_at - time.perf_counter() - credit, 0.0), _LONGEST_WAIT)

    def chunk_starts(self) -> None:
        """Note the time and the step before a chunk."""
        self._mark = (self._steps(), time.perf_counter())

    def chunk_ends(self) -> float:
        """Return how long to pause after this chunk, in seconds."""
        busy = self._account(self._in_chunks)
        now = self._mark[1]
        pause = max(busy * (self.cost() * (1.0 + self.share) / self.share - 1.0), 0.0)
        self._free_at = max(self._free_at, now) + min(pause, _LONGEST_PAUSE)
        return self._free_at - now

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
