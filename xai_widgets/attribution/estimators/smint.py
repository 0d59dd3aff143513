"""Averages over draws, of which each gets one or few positions on its path: draw and position are sampled together.

A grid of draws times steps spends its evaluations on steps that no longer matter: what is uncertain is the mean over draws.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.backends.ops.folding import LENGTH
from xai_widgets.attribution.estimators.base import ENDLESS, Averaging, contributions
from xai_widgets.attribution.estimators.low_discrepancy import kronecker
from xai_widgets.attribution.estimators.running_mean import Spread, Units, relative

Floats = NDArray[Any]
FIRST_LOOK, LAST_LOOK = 16, 128
"""Rows after which it is thought over for the first and the last time where on the path to look."""
_RUN = 64  # numbers that are in one place of the memory
CELLS = 8
"""Stretches of the path that are told apart for it."""


class Density:
    """Where on the path to look, and the weight that makes up for it: in proportion to the size of the contributions.

    Parameters
    ----------
    sizes : numpy.ndarray, optional
        (CELLS,), of the contributions in each stretch; all alike by default. One that is NaN or infinite tells nothing, and is
        taken for the mean of the others.
    """

    def __init__(self, sizes: Floats | None = None) -> None:
        sizes = np.ones(CELLS) if sizes is None else sizes
        known = np.isfinite(sizes)
        sizes = np.where(known, sizes, sizes[known].mean() if known.any() else 1.0)
        sizes = sizes if sizes.any() else np.ones(CELLS)
        # some of it everywhere: a stretch that was quiet for some draws may not be so for other draws
        self.heights = 0.3 + 0.7 * sizes / sizes.mean()
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.heights) / CELLS])
        self.cumulative[-1] = 1.0

    def place(self, uniform: Floats) -> Floats:
        """Bring uniform numbers to positions on the path."""
        return np.asarray(np.interp(uniform, self.cumulative, _BORDERS))

    def weight(self, t: Floats) -> Floats:
        """Return one over the density at these positions."""
        return np.asarray(1 / self.heights[_cells(t)])


def _cells(t: Floats) -> NDArray[np.int64]:
    return np.minimum((t * CELLS).astype(np.int64), CELLS - 1)


_BORDERS = np.linspace(0, 1, CELLS + 1)
_ALIKE = Density()


def _some(ops: Ops, vectors: Tensor) -> Tensor:
    """Return an eighth of long vectors, in short runs from all over them: enough to tell which are large."""
    count, size = (int(side) for side in vectors.shape)
    if size <= LENGTH:
        return vectors
    whole = size // (8 * _RUN)
    runs = ops.reshape(vectors[:, : whole * 8 * _RUN], (count, whole, 8 * _RUN))
    return ops.reshape(runs[:, :, :_RUN], (count, whole * _RUN))


class _Joint(Averaging):
    """Draw and path position sampled together.

    The first units look everywhere alike. After 16, 32, 64 and 128 rows, what was found so far decides where the next ones look,
    so that a unit depends on those before it alone, and a longer run begins with the shorter one. Every unit is unbiased.
    """

    signs: tuple[float, ...] = (1.0, -1.0)

    def __init__(self, ops: Ops, kind: str, shift: Floats) -> None:
        super().__init__(ops)
        self.kind = kind
        self._shift = shift
        self._density = _ALIKE
        nowhere: Floats = np.zeros((0, 1))
        # the first of the units placed last, where they look, and their weights: they are asked for as rows, then again, in
        # parts, with their gradients
        self._placed = 0, nowhere, nowhere
        self._until = max(1, FIRST_LOOK // self.rows_per_unit)  # the unit at which it is thought over
        self._noted = 0  # units of which it is known how large they are
        self._found = np.zeros(CELLS)
        self._looks = np.zeros(CELLS)

    def available(self) -> int:
        """See `Track`; where the next ones look is known when these are back."""
        return self._until - self.units

    def positions(self, unit: int, count: int) -> tuple[Floats, Floats]:
        """Return the positions of units that are available, and their weights, (count, sides) each."""
        start, t, weight = self._placed
        if not start <= unit <= unit + count <= start + len(t):
            t = self._density.place(self._uniform(unit, count))
            start, weight = unit, self._density.weight(t)
            self._placed = start, t, weight
        part = slice(unit - start, unit - start + count)
        return t[part], weight[part]

    def _uniform(self, unit: int, count: int) -> Floats:
        return kronecker(1, count, unit, self._shift)

    def learn(self, t: Floats, sizes: Tensor) -> None:
        """Note the squared norms of contributions, (N,), at positions (N,), of the units that were added last."""
        if self._until != ENDLESS:
            self.ops.letters.send(sizes, partial(self._note, t, self.units))

    def _note(self, t: Floats, units: int, sizes: Floats) -> None:
        cells = _cells(t)
        np.add.at(self._found, cells, sizes)
        np.add.at(self._looks, cells, 1)
        self._noted = units
        if units == self._until:
            anywhere = self._found.sum() / self._looks.sum()
            mean = np.where(self._looks > 0, self._found / np.maximum(self._looks, 1), anywhere)
            self._density = Density(np.sqrt(mean))
            self._until = 2 * units if units * self.rows_per_unit < LAST_LOOK else ENDLESS


class JointTrack(_Joint):
    """Mean over draws of the integrated gradient: every draw and its mirror image at one position."""

    rows_per_unit = 2

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        t, _ = self.positions(unit, count)
        return 1 + unit + np.arange(count), np.repeat(t, 2, axis=0)  # draw 0 is the integrated column's

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        assert steps is not None
        count = int(grads.shape[0]) // 2
        t, weight = self.positions(self.units, count)
        pairs = self.ops.reshape(contributions(self.ops, grads, steps), (count, 2, -1))
        found = (pairs[:, 0] + pairs[:, 1]) * 0.5
        self.means.add(found * self.ops.put(weight), own=True)
        self.learn(t[:, 0], self.ops.products(found, found))


class JointSquareTrack(_Joint):
    """Mean over draws of the squared integrated gradient.

    The square of one estimate of a draw's integral is too large by that estimate's variance; the product of two that are
    independent is not. Each of the two has a position in either half of the path; a unit is a draw and its mirror image, looked
    at in the same places, so that what is odd in the noise cancels.

    The step from the baseline is a factor of both, and most of it has little to do with the gradient it is multiplied with:
    with its known mean square in place of the drawn one (a conditional expectation, were they independent) the estimate is
    half as noisy. What that misses is estimated as well, and added in the share in which it stands out of its own noise
    (James and Stein), so that the estimate goes to the exact mean as the draws become many.

    Parameters
    ----------
    moment : numpy.ndarray or None
        (D,): mean square of the step over draws; None where it is not known.
    """

    rows_per_unit = 8

    def __init__(self, ops: Ops, kind: str, shift: Floats, moment: Tensor | None) -> None:
        super().__init__(ops, kind, shift)
        self._moment = moment
        # as drawn (`means`), with the step's mean square, and what that misses
        self._calm = Units(ops)
        self._missed = Spread(ops)

    def expect(self, units: int) -> None:
        """See `Track`."""
        self.means.expect(units)
        self._calm.expect(units)

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        t, _ = self.positions(unit, count)
        return 1 + unit + np.arange(count), np.repeat(t, 2, axis=0)

    def _uniform(self, unit: int, count: int) -> Floats:
        return np.asarray((kronecker(4, count, unit, self._shift) + np.array([0.0, 1.0, 0.0, 1.0])) / 2)

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        assert steps is not None
        ops, count, size = self.ops, int(grads.shape[0]) // 8, int(grads.shape[1])
        t, weight = self.positions(self.units, count)
        # the mean of the draw's and its mirror image's product: half of it in each factor
        factors = ops.put(np.concatenate([weight, weight], axis=1).reshape(count, 4, 2, 1) / 2 * 0.5**0.5)
        rows = ops.reshape(grads, (count, 4, 2, size))
        halves = ops.blend(rows[:, :, 0], factors[:, :, 0], rows[:, :, 1], factors[:, :, 1])
        pairs = ops.reshape(halves, (count, 2, 2, size))
        pairs = pairs[:, :, 0] * pairs[:, :, 1]
        squares = ops.reshape(ops.square(steps), (count, 2, size))
        exact = ops.blend(pairs[:, 0], squares[:, 0], pairs[:, 1], squares[:, 1])
        found = self.means.add(exact, own=True)
        if self._moment is not None:
            calm = self._calm.add((pairs[:, 0] + pairs[:, 1]) * self._moment, own=True)
            for one, other in zip(found, calm, strict=True):
                self._missed.add(one - other)
        if self._until != ENDLESS:
            made = contributions(ops, _some(ops, grads), _some(ops, steps))
            self.learn(np.concatenate([t, t], axis=1).reshape(-1), ops.products(made, made))

    def share(self, units: int) -> float:
        """Return the share of what the calm estimate misses that is added to it."""
        return 1.0 if self._moment is None else self._missed.share_of_signal(units)

    def estimate(self, units: int) -> Tensor:
        """See `Track`; noise can bring the estimate of a square below zero, where no square is."""
        share = self.share(units)
        mean = self.means.mean(units)
        if share < 1:
            mean = share * mean + (1 - share) * self._calm.mean(units)
        return self.ops.maximum(mean, 0.0)

    def error(self, units: int) -> float:
        """See `Track`."""
        share = self.share(units)
        parts = [(weight, one) for weight, one in ((share, self.means), (1 - share, self._calm)) if weight]
        variance = sum(weight * one.variance(units) for weight, one in parts)
        size = sum(weight * one.size(units) for weight, one in parts)
        return relative(variance, size)

    @property
    def nbytes(self) -> int:
        """See `Track`."""
        return self.means.nbytes + self._calm.nbytes + self._missed.nbytes
