"""What numpy does beside the model: rows are made and gradients taken while the model computes, in a second thread.

A framework lets go of the interpreter while it computes, and on a small network numpy's part would otherwise be a quarter of
the time on which all cores but one wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from numpy.typing import NDArray

from xai_widgets.attribution.tracks import Track

Made = TypeVar("Made")
_AT_ONCE = 1 << 17  # numbers that an estimator takes at once: they stay in the cache meanwhile


class Aside:
    """One more thread, for tasks in the order in which they are given; without it each is done at once.

    Parameters
    ----------
    wanted : bool
        Whether there is to be a thread. It ends with `close`.
    """

    def __init__(self, wanted: bool) -> None:
        self._pool = ThreadPoolExecutor(1, "xai_widgets attribution") if wanted else None
        self._given: list[Future[Any]] = []

    def do(self, task: Callable[[], Made]) -> Future[Made]:
        """Do a task after those before it."""
        if self._pool is None:
            done: Future[Made] = Future()
            done.set_result(task())
            return done
        given = self._pool.submit(task)
        self._given.append(given)
        return given

    def finish(self, tasks: Iterable[Callable[[], None]]) -> None:
        """Wait for all tasks, then do the last ones, in any order and with the caller's help.

        Raises
        ------
        Exception
            What a task raised.
        """
        for given in self._given:
            given.result()
        last = [(self.do(task), task) for task in tasks]
        for given, task in reversed(last):
            if given.cancel():
                task()
        for given, _ in last:
            if not given.cancelled():
                given.result()

    def close(self) -> None:
        """Forget what was not begun, and end the thread."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class Taker:
    """Rows start..end of a call, which are whole units of one track."""

    def __init__(self, track: Track, start: int, end: int) -> None:
        self.end = end
        self._track = track
        self._start = start

    def tasks(self, found: NDArray[Any], stop: int) -> Sequence[Callable[[], None]]:
        """Give what there is to do, as one task or none, when rows up to ``stop`` are there.

        Parameters
        ----------
        found : numpy.ndarray
            (2, R, D): gradients and steps.
        """
        per_unit = self._track.rows_per_unit
        low = self._start
        self._start += max(0, min(stop, self.end) - low) // per_unit * per_unit
        return [partial(self._take, found, low, self._start)] if self._start > low else []

    def _take(self, found: NDArray[Any], low: int, high: int) -> None:
        track = self._track
        per_unit = track.rows_per_unit
        at_once = per_unit * max(1, _AT_ONCE // (per_unit * found.shape[2]))
        for start in range(low, high, at_once):
            rows = slice(start, min(start + at_once, high))
            track.absorb(found[0, rows], None if track.kind in ("clean", "noisy") else found[1, rows])


def taken(takers: Sequence[Taker], found: NDArray[Any], stop: int) -> list[Callable[[], None]]:
    """Give what all takers have to do when rows up to ``stop`` are there."""
    return [task for taker in takers for task in taker.tasks(found, stop)]
