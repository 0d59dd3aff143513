"""What numpy does beside the model: rows are made and gradients taken while the model computes, in a second thread.

A framework lets go of the interpreter while it computes, and on a small network numpy's part would otherwise be a quarter of
the time on which all cores but one wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.base import Track
from xai_widgets.attribution.inputs.sampler import Rows

if TYPE_CHECKING:
    from typing_extensions import Self

Made = TypeVar("Made")
_AT_ONCE = 1 << 17  # numbers that an estimator takes at once: they stay in the cache meanwhile


class Aside:
    """One more thread (or several), for tasks in the order in which they are given; without it each is done at once.

    A context; when it ends, what was not begun is forgotten and the threads end.

    Parameters
    ----------
    wanted : bool
        Whether there is to be a thread.
    threads : int, default 1
        How many.
    """

    def __init__(self, wanted: bool, threads: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads, "xai_widgets attribution") if wanted else None
        self._given: list[Future[Any]] = []

    def do(self, task: Callable[[], Made]) -> Future[Made]:
        """Do a task after those before it; what it raises is in its result."""
        given: Future[Made] = Future()
        if self._pool is not None:
            given = self._pool.submit(task)
        else:
            try:
                given.set_result(task())
            except Exception as error:
                given.set_exception(error)
        self._given.append(given)
        return given

    def finish(self, tasks: Iterable[Callable[[], None]]) -> None:
        """Wait for all tasks, then do the last ones, in any order and with the caller's help.

        Raises
        ------
        Exception
            What a task raised.
        """
        given_before, self._given = self._given, []
        for given in given_before:
            given.result()
        last = [(self.do(task), task) for task in tasks]
        for given, task in reversed(last):
            if given.cancel():
                task()
        for given, _ in last:
            if not given.cancelled():
                given.result()
        self._given = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class Threads:
    """What is done beside the model; a context, at whose end the thread ends, which begins with the first task."""

    def __init__(self) -> None:
        self.aside = Aside(True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.aside.__exit__(*raised)


@dataclass
class Found:
    """What is found for the rows of a call.

    Attributes
    ----------
    grads : numpy.ndarray
        (R, D).
    steps : numpy.ndarray
        (L, D), of the lines on which the rows are; nothing where they have no steps.
    lines : numpy.ndarray
        int (R,): the line of every row, numbered as they come.
    """

    grads: NDArray[Any]
    steps: NDArray[Any]
    lines: NDArray[np.int64]

    @classmethod
    def room(cls, groups: Sequence[Rows], size: int, dtype: Any) -> Self:
        """Make room for rows of these kinds, with vectors of this size."""
        lines, several = [], 0
        for group in groups:
            lines.append(group.lines + several)
            several = int(lines[-1][-1]) + 1
        of_rows = np.concatenate(lines)
        return cls(np.empty((len(of_rows), size), dtype), np.empty((several, size), dtype), of_rows)

    def put(self, start: int, grads: NDArray[Any]) -> None:
        """Take the gradients of some rows, (N, D)."""
        if len(grads) == len(self.lines):
            self.grads = grads  # all there are
        else:
            self.grads[start : start + len(grads)] = grads

    def steps_of(self, start: int, stop: int) -> NDArray[Any]:
        """Give the steps of the lines of rows start..stop."""
        return self.steps[self.lines[start] : self.lines[stop - 1] + 1]


class Taker:
    """Rows start..end of a call, which are whole units of one track."""

    def __init__(self, track: Track, start: int, end: int) -> None:
        self.end = end
        self._track = track
        self._start = start

    def tasks(self, found: Found, stop: int) -> Sequence[Callable[[], None]]:
        """Give what there is to do, as one task or none, when rows up to ``stop`` are there."""
        per_unit = self._track.rows_per_unit
        low = self._start
        self._start += max(0, min(stop, self.end) - low) // per_unit * per_unit
        return [partial(self._take, found, low, self._start)] if self._start > low else []

    def _take(self, found: Found, low: int, high: int) -> None:
        track = self._track
        per_unit = track.rows_per_unit
        at_once = per_unit * max(1, _AT_ONCE // (per_unit * found.grads.shape[1]))
        for start in range(low, high, at_once):
            stop = min(start + at_once, high)
            steps = None if track.kind in ("clean", "noisy") else found.steps_of(start, stop)
            track.absorb(found.grads[start:stop], steps)


def taken(takers: Sequence[Taker], found: Found, stop: int) -> list[Callable[[], None]]:
    """Give what all takers have to do when rows up to ``stop`` are there."""
    return [task for taker in takers for task in taker.tasks(found, stop)]
