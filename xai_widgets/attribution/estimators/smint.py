"""Averages over draws, of which each gets one or few positions on its path: draw and position are sampled together.

A grid of draws times steps spends its evaluations on steps that no longer matter: what is uncertain is the mean over draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.base import ENDLESS, Averaging, contributions
from xai_widgets.attribution.estimators.low_discrepancy import kronecker
from xai_widgets.attribution.estimators.products import products
from xai_widgets.attribution.estimators.running_mean import Units, relative

Floats = NDArray[Any]
FIRST_LOOK, LAST_LOOK = 16, 128
"""Rows after which it is thought over for the first and the last time where on the path to look."""
CELLS = 8
"""Stretches of the path that are told apart for it."""
_EXACT, _CALM, _MISSED = range(3)
"""Series of a squared integral: as drawn, with the step's mean square, and what that misses."""


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
        """Give one over the density at these positions."""
        return np.asarray(1 / self.heights[_cells(t)])


def _cells(t: Floats) -> NDArray[np.int64]:
    return np.minimum((t * CELLS).astype(np.int64), CELLS - 1)


_BORDERS = np.linspace(0, 1, CELLS + 1)
_ALIKE = Density()


class _Joint(Averaging):
    """Draw and path position sampled together.

    The first units look everywhere alike. After 16, 32, 64 and 128 rows, what was found so far decides where the next ones look,
    so that a unit depends on those before it alone, and a longer run begins with the shorter one. Every unit is unbiased.
    """

    def __init__(self, kind: str, shift: Floats) -> None:
        super().__init__()
        self.kind = kind
        self._shift = shift
        self._density = _ALIKE
        nowhere: Floats = np.zeros((0, 1))
        # the first of the units placed last, where they look, and their weights: they are asked for as rows, then again, in
        # parts, with their gradients
        self._placed = 0, nowhere, nowhere
        self._until = max(1, FIRST_LOOK // self.rows_per_unit)  # the unit at which it is thought over
        self._found = np.zeros(CELLS)
        self._looks = np.zeros(CELLS)

    def available(self) -> int:
        """See `Track`; where the next ones look is known when these are back."""
        return self._until - self.units

    def positions(self, unit: int, count: int) -> tuple[Floats, Floats]:
        """Give the positions of units that are available, and their weights, (count, sides) each."""
        start, t, weight = self._placed
        if not start <= unit <= unit + count <= start + len(t):
            t = self._density.place(self._uniform(unit, count))
            start, weight = unit, self._density.weight(t)
            self._placed = start, t, weight
        part = slice(unit - start, unit - start + count)
        return t[part], weight[part]

    def _uniform(self, unit: int, count: int) -> Floats:
        return kronecker(1, count, unit, self._shift)

    @property
    def learns(self) -> bool:
        """Whether it will still be thought over where to look."""
        return self._until != ENDLESS

    def learn(self, t: Floats, sizes: Floats) -> None:
        """Note the squared norms of contributions, (N,), at positions (N,), of units that were added."""
        cells = _cells(t)
        np.add.at(self._found, cells, sizes)
        np.add.at(self._looks, cells, 1)
        if self.units == self._until:
            anywhere = self._found.sum() / self._looks.sum()
            mean = np.where(self._looks > 0, self._found / np.maximum(self._looks, 1), anywhere)
            self._density = Density(np.sqrt(mean))
            self._until = 2 * self.units if self.units * self.rows_per_unit < LAST_LOOK else ENDLESS


class JointTrack(_Joint):
    """Mean over draws of the integrated gradient: every draw and its mirror image at one position."""

    rows_per_unit = 2

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        t = self.positions(unit, count)[0][:, 0]
        draws = np.repeat(1 + unit + np.arange(count), 2)  # draw 0 is the integrated column's
        return draws, np.repeat(t, 2), np.tile([1.0, -1.0], count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        t, weight = self.positions(self.units, len(grads) // 2)
        pairs = contributions(grads, steps)
        found = np.asarray((pairs[0::2] + pairs[1::2]) / 2)
        self.means.add(np.asarray(found * weight.astype(found.dtype)))
        if self.learns:
            self.learn(t[:, 0], products(found, found))


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

    def __init__(self, kind: str, shift: Floats, moment: Floats | None) -> None:
        super().__init__(kind, shift)
        self._moment = moment
        if moment is not None:
            self.means = Units(series=3, kept=2)

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        t, _ = self.positions(unit, count)
        draws = np.repeat(1 + unit + np.arange(count), 8)
        return draws, np.concatenate([t, t], axis=1).reshape(-1), np.tile(np.repeat([1.0, -1.0], 4), count)

    def _uniform(self, unit: int, count: int) -> Floats:
        return np.asarray((kronecker(4, count, unit, self._shift) + np.array([0.0, 1.0, 0.0, 1.0])) / 2)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        if steps is None:
            raise ValueError("squared integrals need the steps from the baseline")
        count, size = len(grads) // 8, grads.shape[1]
        t, weight = self.positions(self.units, count)
        factors = np.concatenate([weight, weight], axis=1).astype(grads.dtype) / 2
        rows, squares = grads.reshape(count, 2, 4, size), np.square(steps.reshape(count, 2, size))
        halves = np.matmul(factors.reshape(count, 4, 1, 2), grads.reshape(count, 4, 2, size))[:, :, 0]
        pairs = halves[:, 0::2] * halves[:, 1::2]
        found = np.empty((3, count, size), grads.dtype)
        exact, calm, missed = found
        if self._moment is not None:
            np.add(pairs[:, 0], pairs[:, 1], out=calm)
            calm *= self._moment / 2
        pairs *= squares
        np.add(pairs[:, 0], pairs[:, 1], out=exact)
        exact /= 2
        if self._moment is not None:
            np.subtract(exact, calm, out=missed)
        self.means.add(exact if self._moment is None else found)
        if self.learns:
            sizes = products(np.square(rows), squares[:, :, None])
            self.learn(np.concatenate([t, t], axis=1).reshape(-1), sizes.reshape(-1))

    def share(self, units: int) -> float:
        """Give the share of what the calm estimate misses that is added to it."""
        return 1.0 if self._moment is None else self.means.share_of_signal(units, _MISSED)

    def estimate(self, units: int) -> Floats:
        """See `Track`; noise can bring the estimate of a square below zero, where no square is."""
        share = self.share(units)
        mean = self.means.mean(units)
        if share < 1:
            mean = share * mean + (1 - share) * self.means.mean(units, _CALM)
        return np.asarray(np.maximum(mean, 0), mean.dtype)

    def error(self, units: int) -> float:
        """See `Track`."""
        share = self.share(units)
        weights = [(weight, series) for weight, series in ((share, _EXACT), (1 - share, _CALM)) if weight]
        variance = sum(weight * self.means.variance(units, series) for weight, series in weights)
        size = sum(weight * self.means.size(units, series) for weight, series in weights)
        return relative(variance, size)
