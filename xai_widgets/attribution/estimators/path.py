"""Integrated gradients along one path, with the points put where the gradient changes.

The gradient of a ReLU network jumps along the path, so a stretch of length h over which it changes by J is uncertain by
about J h / sqrt(12), whatever the rule. The track starts with four points and then splits, round by round, the stretches
where that is largest. Where the jumps are spread evenly this is an even spacing, as good as midpoints; where they are not
(a path out of noise meets most of them near the image) the same exactness costs half the evaluations.

Rounds depend on the sample's own gradients alone, so every prefix of the points is the same whatever the chunks were.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.base import contributions
from xai_widgets.attribution.estimators.low_discrepancy import FIRST_POINTS, first_points, rotated
from xai_widgets.attribution.estimators.neighbours import Neighbours
from xai_widgets.attribution.estimators.products import products
from xai_widgets.attribution.estimators.quadrature import curvature_weights, path_weights, smoothness
from xai_widgets.attribution.estimators.running_mean import storable

Floats = NDArray[Any]
FIRST = len(FIRST_POINTS)
_FEW = 16  # points that do not tell much of where more are worth it
_LARGER = 0.546  # part of a stretch that is split, so that stretches go on to differ: see `FIRST_POINTS`


class PathTrack:
    """One sample's path; a unit is one point of it.

    Parameters
    ----------
    kind : str
        Of the path, as `Scene` knows it.
    count : int
        Points in all; below four it ends with them.
    """

    rows_per_unit = 1
    least_units = 4

    def __init__(self, kind: str = "path", count: int = FIRST) -> None:
        self.kind = kind
        self.units = 0
        self._points: list[float] = list(first_points(count))  # all that are planned
        self._kept: Floats = np.zeros((0, 0))
        self._neighbours = Neighbours()
        self._limit = FIRST
        self._cells: _Cells | None = None
        self._known: dict[int, float] = {}
        self._last: tuple[int, Floats] = (0, self._kept)  # an estimate, and of how many points
        self._smooth: dict[int, float] = {}

    def available(self) -> int:
        """Give how many units can be asked for before some must be absorbed."""
        return len(self._points) - self.units

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        return (
            np.zeros(count, np.int64),
            np.array(self._points[unit : unit + count]),
            np.ones(count),
        )

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        if self.units == 0:
            self._limit = storable(grads.shape[1], grads.itemsize, least=64, most=256)
            self._kept = np.empty((FIRST, grads.shape[1]), grads.dtype)
        if self._cells is not None:
            for vector in contributions(grads, steps):
                self._cells.add(vector)
        else:
            contributions(grads, steps, self._room(len(grads)))
        self.units += len(grads)
        if self.units == len(self._points) and self.units >= FIRST:
            self._plan()

    def _room(self, count: int) -> Floats:
        """Give the place of the next vectors that are kept."""
        needed = self.units + count
        if needed > len(self._kept):
            grown = np.empty(
                (min(max(2 * self.units, needed), self._limit), self._kept.shape[1]), self._kept.dtype
            )
            grown[: self.units] = self._kept[: self.units]
            self._kept = grown
        return self._kept[self.units : needed]

    def knows(self, units: int) -> bool:
        """See `Track`."""
        return 0 < units <= min(self.units, self._limit) or units == self.units > 0

    def estimate(self, units: int) -> Floats:
        """See `Track`."""
        length, found = self._last
        if length != units:
            if self._cells is not None and units > self._limit:
                found = self._cells.estimate()
            else:
                found = self._weighted(path_weights(self._points[:units], self._smoothness(units)))
            self._last = units, found  # it is asked for again with its error
        return found.copy()

    def error(self, units: int) -> float:
        """See `Track`."""
        if units < 4:
            return float("nan")
        if units > self._limit:  # evenly refined from here: the jumps' error falls as one over the number
            return self.error(self._limit) * self._limit / units
        if units not in self._known:
            variance = sum(square for square, _, _ in self._uncertain(units)) / 12
            smooth = self._smoothness(units)
            if smooth > 0:  # a curve is known better: by less than what it adds to the chords
                bend = self._weighted(curvature_weights(self._points[:units]))
                variance = (1 - smooth) * variance + smooth**2 * float(bend @ bend)
            estimate = self.estimate(units)
            size = float(products(estimate, estimate))
            self._known[units] = (
                float(np.sqrt(variance / size)) if size > 0 else 0.0 if variance == 0 else np.inf
            )
        return self._known[units]

    def _weighted(self, weights: Floats) -> Floats:
        return np.asarray(weights.astype(self._kept.dtype) @ self._kept[: len(weights)])

    def _smoothness(self, units: int) -> float:
        """Whether the gradient jumps or curves, from 0 to 1, as far as this many points tell."""
        if units not in self._smooth:
            steps = self._neighbours.steps(self._points, self._kept, units) if units > 2 else None
            self._smooth[units] = smoothness(*steps) if steps is not None else 0.0
        return self._smooth[units]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self._kept.nbytes + 100 * len(self._points))

    # -- planning ---------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Choose the points of the next round, where they help most: as many more, later six times as many more.

        Smaller late rounds are hardly more exact (twice as many: by 6 % at most, around 80 points on LeNet, 2 % on ResNet-20),
        and rows in small chunks cost more. The first rounds are worth it: with twice as many in them the error at 10 points was
        up to 16 % larger.
        """
        if self.units >= self._limit:
            if self._cells is None:
                self._cells = _Cells(np.array(self._points), self._kept)
            self._points.extend(self._cells.next_points())
            return
        heap = [(-square, low, high) for square, low, high in self._uncertain(self.units)]
        heapq.heapify(heap)
        more = self.units if self.units < _FEW else 6 * self.units
        for _ in range(min(more, self._limit - self.units)):
            square, low, high = heap[0]
            # parts of a stretch have the cube of their share of its variance, as its change is spread over them
            if low == 0.0 or high == 1.0:
                # an end is known from one side: a third of it keeps that side, for a 27th of the variance
                point = high / 3 if low == 0.0 else 1 - (1 - low) / 3
                parts = (square / 27, square * 2 / 27) if low == 0.0 else (square * 2 / 27, square / 27)
            else:
                before = _LARGER if len(self._points) % 2 else 1 - _LARGER  # now one side, now the other
                point = low + before * (high - low)
                parts = (square * before**3, square * (1 - before) ** 3)
            self._points.append(point)
            heapq.heapreplace(heap, (parts[0], low, point))
            heapq.heappush(heap, (parts[1], point, high))

    def _uncertain(self, units: int) -> list[tuple[float, float, float]]:
        """Give every stretch between points, and to the ends, with twelve times its integral's squared uncertainty."""
        points, apart = self._neighbours.squares(self._points, self._kept, units)
        lengths = np.diff(points)
        squares = apart * lengths**2
        first, last = points[0], 1 - points[-1]
        before = squares[0] / lengths[0] ** 3 * 4 * first**3
        after = squares[-1] / lengths[-1] ** 3 * 4 * last**3
        ends = np.concatenate([[0.0], points, [1.0]]).tolist()
        return list(zip([before, *squares.tolist(), after], ends[:-1], ends[1:], strict=True))


class _Cells:
    """Beyond the points that are kept one by one: a running mean in the cell of each, so that memory stays bounded.

    A cell whose points do not lie around its middle is brought there along the slope between its neighbours.
    """

    def __init__(self, points: Floats, kept: Floats) -> None:
        order = np.argsort(points)
        ordered = points[order]
        self._borders = np.concatenate([[0.0], (ordered[1:] + ordered[:-1]) / 2, [1.0]])
        self._offsets = (ordered - self._borders[:-1]) / np.diff(self._borders)
        self._places = ordered.copy()  # sums of positions, and of vectors
        self._sums = kept[order]  # a copy, in the precision of the model: these are the most memory of all
        self._counts = np.ones(len(points), np.int64)
        self._dtype = kept.dtype
        self._coming: Floats = np.zeros(0)
        self._next = 0
        self._rounds = 0

    def next_points(self) -> list[float]:
        """Give one more point in every cell."""
        self._rounds += 1
        self._next = 0
        self._coming = self._borders[:-1] + rotated(self._offsets, self._rounds) * np.diff(self._borders)
        return list(self._coming)

    def add(self, vector: Floats) -> None:
        """Take the next point's vector."""
        self._sums[self._next] += vector
        self._places[self._next] += self._coming[self._next]
        self._counts[self._next] += 1
        self._next += 1

    def estimate(self) -> Floats:
        """Give the integral."""
        lengths = np.diff(self._borders)
        middles = (self._borders[1:] + self._borders[:-1]) / 2
        places = self._places / self._counts
        last = len(lengths) - 1
        before, after = np.maximum(np.arange(last + 1) - 1, 0), np.minimum(np.arange(last + 1) + 1, last)
        lean = lengths * (middles - places) / (places[after] - places[before])
        weights = lengths.copy()
        np.add.at(weights, after, lean)
        np.subtract.at(weights, before, lean)
        return np.asarray((weights / self._counts) @ self._sums, self._dtype)
