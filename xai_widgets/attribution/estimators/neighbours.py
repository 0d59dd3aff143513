"""How vectors change between neighbouring points of a path."""

from __future__ import annotations

from bisect import bisect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.products import products

Floats = NDArray[Any]
_AT_ONCE = 16  # vectors, so that what is made on the way stays in the cache


class Neighbours:
    """The first so many points of a growing list, in their order along the path, with the steps of vectors from each to the next.

    A few more points are put between those that are there; for many, or for fewer, all are gone through anew. Either way the
    numbers are the same.
    """

    def __init__(self) -> None:
        self._points: list[float] = []  # along the path
        self._places: list[int] = []  # of their vectors
        self._squares: list[float] = []
        self._turns: list[float] | None = None  # until somebody asks for them

    def squares(self, points: list[float], vectors: Floats, count: int) -> tuple[Floats, Floats]:
        """Give points and squares alone, as `steps` does."""
        self._go_on(points, vectors, count, turns=False)
        return np.array(self._points), np.array(self._squares)

    def steps(self, points: list[float], vectors: Floats, count: int) -> tuple[Floats, Floats, Floats]:
        """Give the steps between the first points.

        Parameters
        ----------
        points : list of float
        vectors : numpy.ndarray
            (P, D).
        count : int
            How many of them, at least two.

        Returns
        -------
        points : numpy.ndarray
            (count,), along the path.
        squares : numpy.ndarray
            (count - 1,): the squared norms of the steps.
        turns : numpy.ndarray
            (count - 2,): the products of each step with the next one.
        """
        self._go_on(points, vectors, count, turns=True)
        return np.array(self._points), np.array(self._squares), np.array(self._turns)

    def _go_on(self, points: list[float], vectors: Floats, count: int, turns: bool) -> None:
        known = len(self._points)
        if not known <= count <= known + known // 4 or (turns and self._turns is None):
            self._go_through(points[:count], vectors, turns)
        for place in range(len(self._points), count):
            self._put(points[place], place, vectors)

    def _go_through(self, points: list[float], vectors: Floats, with_turns: bool) -> None:
        order = np.argsort(points, kind="stable")
        squares: list[float] = []
        turns: list[float] | None = [] if with_turns else None
        last: Floats | None = None
        ordered = np.empty((_AT_ONCE + 1, vectors.shape[1]), vectors.dtype)
        for start in range(0, len(points) - 1, _AT_ONCE):
            part = order[start : start + _AT_ONCE + 1]
            some = np.take(vectors, part, axis=0, out=ordered[: len(part)], mode="clip")
            steps = some[1:] - some[:-1]
            squares += products(steps, steps).tolist()
            if turns is not None:
                if last is not None:
                    turns += products(last, steps[:1]).tolist()
                turns += products(steps[:-1], steps[1:]).tolist()
            last = steps[-1:]
        self._points, self._places = [points[place] for place in order], order.tolist()
        self._squares, self._turns = squares, turns

    def _put(self, point: float, place: int, vectors: Floats) -> None:
        """Put a point between its neighbours: of those around it, two steps and up to three turns are new."""
        at = bisect(self._points, point)
        self._points.insert(at, point)
        self._places.insert(at, place)
        low, high = max(at - 2, 0), min(at + 2, len(self._points) - 1)  # of whom something changes
        some = vectors[self._places[low : high + 1]]
        steps = some[1:] - some[:-1]
        self._squares[low : high - 1] = products(steps, steps).tolist()
        if self._turns is not None:
            self._turns[low : max(low, high - 2)] = products(steps[:-1], steps[1:]).tolist()
