"""Averages over draws, of which each gets one or few positions on its path: draw and position are sampled together.

A grid of draws times steps spends its evaluations on steps that no longer matter: what is uncertain is the mean over draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.path import PathTrack
from xai_widgets.attribution.sequences import kronecker
from xai_widgets.attribution.tracks import ENDLESS, Averaging, contributions
from xai_widgets.attribution.units import Units, relative

Floats = NDArray[Any]


class Density:
    """Where on the path to look, and the weight that makes up for it: in proportion to the size of the contributions."""

    def __init__(self, borders: Floats | None = None, sizes: Floats | None = None) -> None:
        self.borders = np.array([0.0, 1.0]) if borders is None else borders
        sizes = np.ones(1) if sizes is None or not np.any(sizes) else sizes
        share = sizes * np.ones(len(self.borders) - 1)
        lengths = np.diff(self.borders)
        # some of it everywhere: a stretch that the pilot found quiet may not be so for other draws
        share = 0.3 + 0.7 * share / float(share @ lengths)
        self.heights = share / float(share @ lengths)
        self.cumulative = np.concatenate([[0.0], np.cumsum(self.heights * lengths)])
        self.cumulative[-1] = 1.0

    def place(self, uniform: Floats) -> Floats:
        """Bring uniform numbers to positions on the path."""
        return np.asarray(np.interp(uniform, self.cumulative, self.borders))

    def weight(self, t: Floats) -> Floats:
        """Give one over the density at these positions."""
        cells = np.clip(np.searchsorted(self.borders, t, side="right") - 1, 0, len(self.heights) - 1)
        return np.asarray(1 / self.heights[cells])


class _Joint(Averaging):
    """Draw and path position sampled together."""

    def __init__(self, kind: str, shift: Floats, pilot: PathTrack | None) -> None:
        super().__init__()
        self.kind = kind
        self._shift = shift
        self._pilot = pilot
        self._density: Density | None = Density() if pilot is None else None

    def available(self) -> int:
        """See `Track`; nothing before the pilot has been round."""
        if self._density is None and self._pilot is not None and self._pilot.scouted:
            self._density = Density(*self._pilot.profile())
        return ENDLESS if self._density is not None else 0

    @property
    def density(self) -> Density:
        """Where on the path it looks."""
        if self._density is None:
            raise ValueError("the pilot has not been round")
        return self._density


class JointTrack(_Joint):
    """Mean over draws of the integrated gradient: every draw and its mirror image at one position."""

    rows_per_unit = 2

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        t = self.density.place(kronecker(1, count, unit, self._shift)[:, 0])
        draws = np.repeat(1 + unit + np.arange(count), 2)  # draw 0 is the integrated column's
        return draws, np.repeat(t, 2), np.tile([1.0, -1.0], count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        weight = self.density.weight(self.rows(self.units, 1)[1]).astype(grads.dtype)
        self.means.add(weight @ contributions(grads, steps) / 2)


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

    def __init__(self, kind: str, shift: Floats, pilot: PathTrack | None, moment: Floats | None) -> None:
        super().__init__(kind, shift, pilot)
        self._moment = moment
        self._calm = Units()
        self._missed = Units(keep=False)

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        halves = (kronecker(4, count, unit, self._shift) + np.array([0.0, 1.0, 0.0, 1.0])) / 2
        t = self.density.place(halves)
        draws = np.repeat(1 + unit + np.arange(count), 8)
        return draws, np.concatenate([t, t], axis=1).reshape(-1), np.tile(np.repeat([1.0, -1.0], 4), count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        if steps is None:
            raise ValueError("squared integrals need the steps from the baseline")
        weight = self.density.weight(self.rows(self.units, 1)[1]).astype(grads.dtype)
        halves = (grads * weight[:, None]).reshape(4, 2, -1).sum(axis=1) / 2
        products = halves[0::2] * halves[1::2]
        exact = (products * np.square(steps[0::4])).mean(axis=0)
        self.means.add(exact)
        if self._moment is not None:
            calm = products.mean(axis=0) * self._moment
            self._calm.add(calm)
            self._missed.add(exact - calm)

    def share(self, units: int) -> float:
        """Give the share of what the calm estimate misses that is added to it."""
        return 1.0 if self._moment is None else self._missed.share_of_signal(units)

    def estimate(self, units: int) -> Floats:
        """See `Track`; noise can bring the estimate of a square below zero, where no square is."""
        share = self.share(units)
        mean = self.means.mean(units)
        if share < 1:
            mean = share * mean + (1 - share) * self._calm.mean(units)
        return np.asarray(np.maximum(mean, 0), mean.dtype)

    def error(self, units: int) -> float:
        """See `Track`."""
        share = self.share(units)
        parts = (share, self.means), (1 - share, self._calm)
        variance = sum(weight * units_.variance(units) for weight, units_ in parts if weight)
        size = sum(weight * units_.size(units) for weight, units_ in parts if weight)
        return relative(variance, size)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.means.nbytes + self._calm.nbytes + self._missed.nbytes
