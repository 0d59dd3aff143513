"""Integrated gradients along one path, with the points put where the gradient changes.

The gradient of a ReLU network jumps along the path, so a stretch of length h over which it changes by J is uncertain by
about J h / sqrt(12), whatever the rule. The track starts with four points and then splits, round by round, the stretches
where that is largest. Where the jumps are spread evenly this is an even spacing, as good as midpoints; where they are not
(a path out of noise meets most of them near the image) the same exactness costs half the evaluations.

Rounds depend on the sample's own gradients alone, so every prefix of the points is the same whatever the chunks were.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.backends.ops.folding import LENGTH
from xai_widgets.attribution.estimators.base import contributions
from xai_widgets.attribution.estimators.low_discrepancy import FIRST_POINTS, first_points, rotated
from xai_widgets.attribution.estimators.quadrature import curvature_weights, path_weights, smoothness
from xai_widgets.attribution.estimators.running_mean import Kept, storable

Floats = NDArray[np.float64]
FIRST = len(FIRST_POINTS)
_FEW = 16  # points that do not tell much of where more are worth it
_LARGER = 0.546  # part of a stretch that is split, so that stretches go on to differ: see `FIRST_POINTS`


class PathTrack:
    """One sample's path; a unit is one point of it.

    Parameters
    ----------
    ops : Ops
    kind : str
        Of the path, as `Scene` knows it.
    count : int
        Points in all; below four it ends with them.
    only : int, optional
        The only number of points that an estimate will be asked for: long vectors whose weights are known are added up then.
    """

    rows_per_unit = 1
    least_units = 4
    signs: tuple[float, ...] = (1.0,)

    def __init__(self, ops: Ops, kind: str = "path", count: int = FIRST, only: int = 0) -> None:
        self.kind = kind
        self.units = 0
        self._ops = ops
        self._points: list[float] = list(first_points(count))  # all that are planned
        self._kept = Kept(ops)
        self._limit = FIRST
        self._expected = 0
        self._apart = _Steps(ops, self._kept, self._points)
        self._step: Tensor = None  # of the path, where gradients are kept without it
        self._cells: _Cells | None = None
        self._only = only
        self._sum: _Sum | None = None
        self._known: dict[int, float] = {}
        self._last: tuple[int, Tensor] = (0, None)  # an estimate, and of how many points
        self._smooth: dict[int, float] = {}

    def expect(self, units: int) -> None:
        """See `Track`."""
        self._expected = max(self._expected, units)

    def available(self) -> int:
        """Return how many units can be asked for before some must be absorbed."""
        if self.units == len(self._points) and self.units >= FIRST:
            beyond = self.units >= self._limit
            if beyond or self._apart.known(self.units):
                self._plan()
        return len(self._points) - self.units

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        return np.zeros(1, np.int64), np.array([self._points[unit : unit + count]])

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        assert steps is not None
        count, size = (int(side) for side in grads.shape)
        if self.units == 0:
            self._begin(size, steps)
        self._kept.expected = self._expected
        if self._step is None:
            grads, own = contributions(self._ops, grads, steps), True
        if self._cells is not None:
            self._cells.add(grads)
        elif self._sum is not None:
            self._sum.add(grads)
        else:
            self._kept.add(grads, own)
        self.units += count
        if self.units <= self._limit:
            self._apart.came(grads)
        if self.units == len(self._points) and FIRST <= self.units < self._limit:
            self._apart.ask(self.units)

    def _begin(self, size: int, steps: Tensor) -> None:
        """Make room; long gradients are kept as they are, where one step is that of all: its product with their sum will do."""
        self._limit = storable(size, self._ops.dtype.itemsize, least=64, most=256)
        self._kept = Kept(self._ops, self._limit)
        if size > LENGTH and self.kind != "blur":
            self._step = steps[0] * 1.0  # its own memory
        self._apart = _Steps(self._ops, self._kept, self._points, self._step)

    def measure(self, lengths: Sequence[int]) -> None:
        """See `Track`."""
        for units in lengths:
            if 4 <= units <= self._limit and units not in self._known:
                self._apart.ask(units)

    def knows(self, units: int) -> bool:
        """See `Track`."""
        if self._sum is not None:
            return units == self.units == self._only
        return 0 < units <= min(self.units, self._limit) or units == self.units > 0

    def estimate(self, units: int) -> Tensor:
        """See `Track`."""
        length, found = self._last
        if length != units:
            if self._cells is not None and units > self._limit:
                found = self._cells.estimate()
            else:
                weights = path_weights(self._points[:units], self._smoothness(units))
                found = self._kept.weighted(weights[: self._kept.count])
                if self._sum is not None:
                    found = found + self._sum.estimate(self._smoothness(units))
            found = found if self._step is None else found * self._step
            self._last = units, found  # it is asked for again with its error
        return found

    def error(self, units: int) -> float:
        """See `Track`."""
        if units < 4:
            return float("nan")
        if units > self._limit:  # evenly refined from here: the jumps' error falls as one over the number
            return self.error(self._limit) * self._limit / units
        if units not in self._known:
            variance = sum(square for square, _, _ in self._uncertain(units)) / 12
            smooth = self._smoothness(units)
            sizes = [self._square_of(self.estimate(units))]
            if smooth > 0:  # a curve is known better: by less than what it adds to the chords
                sizes.append(self._square_of(self._apart.weighted(curvature_weights(self._points[:units]))))
            numbers = self._ops.host(self._ops.concat(sizes)).astype(float)
            if smooth > 0:
                variance = (1 - smooth) * variance + smooth**2 * float(numbers[1])
            size = float(numbers[0])
            self._known[units] = (
                float(np.sqrt(variance / size)) if size > 0 else 0.0 if variance == 0 else np.inf
            )
        return self._known[units]

    def _square_of(self, vector: Tensor) -> Tensor:
        return self._ops.products(vector[None], vector)

    def _smoothness(self, units: int) -> float:
        """Whether the gradient jumps or curves, from 0 to 1, as far as this many points tell."""
        if units not in self._smooth:
            self._smooth[units] = smoothness(*self._apart.at(units)) if units > 2 else 0.0
        return self._smooth[units]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self._kept.nbytes + self._apart.nbytes + 100 * len(self._points))

    # -- planning ---------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Choose the points of the next round, where they help most: as many more, later six times as many more.

        Smaller late rounds are hardly more exact (twice as many: by 6 % at most, around 80 points on LeNet, 2 % on ResNet-20),
        and rows in small chunks cost more. The first rounds are worth it: with twice as many in them the error at 10 points was
        up to 16 % larger.
        """
        if self.units >= self._limit:
            if self._cells is None:
                self._cells = _Cells(self._ops, np.array(self._points), self._kept[:])
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
        if self.units < self._only <= len(self._points) and self._step is not None:
            self._sum = _Sum(self._ops, self._points[: self._only], self.units)

    def _uncertain(self, units: int) -> list[tuple[float, float, float]]:
        """Return every stretch between points, and to the ends, with twelve times its integral's squared uncertainty."""
        points, apart, _ = self._apart.at(units)
        lengths = np.diff(points)
        squares = apart * lengths**2
        first, last = points[0], 1 - points[-1]
        before = squares[0] / lengths[0] ** 3 * 4 * first**3
        after = squares[-1] / lengths[-1] ** 3 * 4 * last**3
        ends = np.concatenate([[0.0], points, [1.0]]).tolist()
        return list(zip([before, *squares.tolist(), after], ends[:-1], ends[1:], strict=True))


class _Steps:
    """What lies between neighbours on a path, at every number of its points, found of folded vectors (see `Ops.fold`).

    Parameters
    ----------
    ops : Ops
    vectors : Kept
        At the points.
    points : list of float
        Their positions, in the same order; may grow.
    factor : tensor, optional
        (D,): what the vectors are multiplied with.
    """

    def __init__(self, ops: Ops, vectors: Kept, points: list[float], factor: Tensor = None) -> None:
        self._ops = ops
        self._vectors = vectors
        self._points = points
        self._signs: Tensor = None
        self._folded, self._factor = vectors, factor  # short as they are: none is kept twice
        self._found: dict[int, Floats] = {}
        self._asked: set[int] = set()

    def came(self, vectors: Tensor) -> None:
        """Take note of the next points' vectors."""
        if int(vectors.shape[1]) <= LENGTH:
            return
        if self._folded is self._vectors:
            self._folded = Kept(self._ops, self._vectors.most)
            self._signs = None if self._factor is None else self._ops.signs(self._factor)
        self._folded.expected = self._vectors.expected
        self._folded.add(self._ops.fold(vectors, self._signs))

    def ask(self, units: int) -> None:
        """Begin to find out about the first so many points."""
        if units not in self._asked:
            self._asked.add(units)
            found = self._ops.steps(self._folded[:units], self._order(units))
            self._ops.letters.send(found, partial(self._found.__setitem__, units))

    def _order(self, units: int) -> NDArray[np.int64]:
        return np.argsort(self._points[:units], kind="stable")

    def weighted(self, weights: Floats) -> Tensor:
        """Return the weighted sum of the first vectors, folded."""
        return self._folded.weighted(weights)

    def known(self, units: int) -> bool:
        """Tell whether that has arrived, which is asked for if it was not."""
        self.ask(units)
        if not self._ops.lag:
            self._ops.letters.open()
        return units in self._found

    def at(self, units: int) -> tuple[Floats, Floats, Floats]:
        """Return points along the path, the squared steps between them, and the products of each step with the next."""
        self.ask(units)
        if units not in self._found:
            self._ops.letters.open()
        found = self._found[units]
        return np.array(self._points)[self._order(units)], found[: units - 1], found[units - 1 :]

    @property
    def nbytes(self) -> int:
        """Memory held, the vectors themselves left out."""
        if self._folded is self._vectors:
            return 16 * sum(self._found)
        signs = 0 if self._signs is None else int(self._signs.shape[0]) * LENGTH
        return self._folded.nbytes + signs * self._ops.dtype.itemsize + 16 * sum(self._found)


class _Sum:
    """The part of an integral that is at the last of its points, whose vectors need not be kept as all weights are known.

    How smooth the gradient is shows in the end: weights are those for a random walk, and what a curve adds to them.

    Parameters
    ----------
    ops : Ops
    points : sequence of float
        All of them.
    start : int
        How many of them are not added up here.
    """

    def __init__(self, ops: Ops, points: Sequence[float], start: int) -> None:
        jagged = path_weights(points)
        self._ops = ops
        self._weights = np.stack([jagged, path_weights(points, 1.0) - jagged])
        self._next = start
        self._sums: Tensor = None

    def add(self, vectors: Tensor) -> None:
        """Take the next points' vectors, (N, D)."""
        stop = self._next + int(vectors.shape[0])
        self._sums = self._ops.weighted(self._weights[:, self._next : stop], [vectors], self._sums)
        self._next = stop

    def estimate(self, smooth: float) -> Tensor:
        """Return the weighted sum for a gradient that is so smooth, from 0 to 1."""
        return self._sums[0] + smooth * self._sums[1]


class _Cells:
    """Beyond the points that are kept one by one: a running mean in the cell of each, so that memory stays bounded.

    A cell whose points do not lie around its middle is brought there along the slope between its neighbours.
    """

    def __init__(self, ops: Ops, points: Floats, kept: Tensor) -> None:
        order = np.argsort(points)
        ordered = points[order]
        self._ops = ops
        self._borders = np.concatenate([[0.0], (ordered[1:] + ordered[:-1]) / 2, [1.0]])
        self._offsets = (ordered - self._borders[:-1]) / np.diff(self._borders)
        self._places = ordered.copy()  # sums of positions, and of vectors
        self._sums = (
            ops.take(kept, order) + 0.0
        )  # a copy, in the precision of the model: these are the most memory of all
        self._counts = np.ones(len(points), np.int64)
        self._coming: Floats = np.zeros(0)
        self._next = 0
        self._rounds = 0

    def next_points(self) -> list[float]:
        """Return one more point in every cell."""
        self._rounds += 1
        self._next = 0
        self._coming = self._borders[:-1] + rotated(self._offsets, self._rounds) * np.diff(self._borders)
        return list(self._coming)

    def add(self, vectors: Tensor) -> None:
        """Take the next points' vectors, (N, D)."""
        part = slice(self._next, self._next + int(vectors.shape[0]))
        self._sums = self._ops.add_rows(self._sums, self._next, vectors)
        self._places[part] += self._coming[part]
        self._counts[part] += 1
        self._next = part.stop

    def estimate(self) -> Tensor:
        """Return the integral."""
        lengths = np.diff(self._borders)
        middles = (self._borders[1:] + self._borders[:-1]) / 2
        places = self._places / self._counts
        last = len(lengths) - 1
        before, after = np.maximum(np.arange(last + 1) - 1, 0), np.minimum(np.arange(last + 1) + 1, last)
        lean = lengths * (middles - places) / (places[after] - places[before])
        weights = lengths.copy()
        np.add.at(weights, after, lean)
        np.subtract.at(weights, before, lean)
        return self._ops.weighted((weights / self._counts)[None], [self._sums])[0]
