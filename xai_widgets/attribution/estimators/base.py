"""Estimators: each says which rows it wants next and makes an estimate of what came back, for one sample.

A *unit* is the smallest number of rows that makes sense together, such as an antithetic pair. What a unit is depends on its
number (and, on adaptive tracks, on the units before it) alone: two tracks of the same length are equal, whatever the chunks
were and however often they were interrupted, and a longer one still knows the estimates of the shorter.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.running_mean import Kept, Units

Floats = NDArray[Any]
ENDLESS = 1 << 40
_AT_ONCE = 16  # vectors, so that what is made on the way stays in the cache


class Track(Protocol):
    """One estimator of one sample; vectors are flat, all inputs one after the other."""

    kind: str
    rows_per_unit: int
    least_units: int  # before the error is believed

    @property
    def units(self) -> int:
        """Units absorbed so far."""

    def available(self) -> int:
        """Give how many units can be asked for before some must be absorbed."""

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """Give draw, t and sign of the rows of ``count`` units from ``unit``."""

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """Take the next units' gradients, (U * rows_per_unit, D), and the steps of their lines, see `contributions`."""

    def knows(self, units: int) -> bool:
        """Tell whether the estimate at this length can be given."""

    def estimate(self, units: int) -> Floats:
        """Give the estimate at this length, (D,)."""

    def error(self, units: int) -> float:
        """Give that estimate's estimated relative L2 error."""

    @property
    def nbytes(self) -> int:
        """Memory held."""


def contributions(grads: Floats, steps: Floats | None, out: Floats | None = None) -> Floats:
    """Give gradients times steps, (R, D).

    Parameters
    ----------
    grads : numpy.ndarray
        (R, D).
    steps : numpy.ndarray or None
        (L, D): every one is that of R / L rows that follow each other; None for ones.
    out : numpy.ndarray, optional
        (R, D), C-contiguous, where they are put.
    """
    if steps is None:
        steps = np.ones((1, grads.shape[1]), grads.dtype)
    lines = len(steps), len(grads) // len(steps), grads.shape[1]
    found = np.empty(grads.shape, grads.dtype) if out is None else out
    np.multiply(grads.reshape(lines), steps[:, None], out=found.reshape(lines))
    return found


class Averaging:
    """A track whose estimate is the mean of one vector per unit."""

    rows_per_unit = 1
    least_units = 4
    kind = ""

    def __init__(self) -> None:
        self.means = Units()

    @property
    def units(self) -> int:
        """See `Track`."""
        return self.means.count

    def available(self) -> int:
        """See `Track`."""
        return ENDLESS

    def knows(self, units: int) -> bool:
        """See `Track`."""
        return self.means.knows(units)

    def estimate(self, units: int) -> Floats:
        """See `Track`."""
        return self.means.mean(units)

    def error(self, units: int) -> float:
        """See `Track`."""
        return self.means.relative_error(units)

    @property
    def nbytes(self) -> int:
        """See `Track`."""
        return self.means.nbytes


class CleanTrack(Averaging):
    """The gradient at the sample itself: one row."""

    kind = "clean"

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        return np.zeros(count, np.int64), np.ones(count), np.ones(count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        self.means.add(grads)

    def error(self, units: int) -> float:
        """See `Track`; nothing is estimated here."""
        return 0.0


class NoisyTrack(Averaging):
    """Gradients at noisy copies, in antithetic pairs: SmoothGrad, its square, and VarGrad from the same rows.

    Squares are of the distance from the first pair's mean, which they can be brought back from: a variance that is small
    beside the mean does not cancel away.
    """

    kind = "noisy"
    rows_per_unit = 2

    def __init__(self) -> None:
        super().__init__()
        self._gaps = Kept()  # squared half distances of the two in a pair
        self._squares = Units()
        self._shifted = Units()
        self._origin: Floats | None = None
        # squares are found when they are asked for, which may be from any thread
        self._lock = threading.Lock()

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        draws = np.repeat(unit + np.arange(count), 2)
        return draws, np.ones(2 * count), np.tile([1.0, -1.0], count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        mean = np.asarray((grads[0::2] + grads[1::2]) / 2)
        gap = np.square(mean - grads[1::2])
        with self._lock:
            if self._origin is None:
                self._origin = mean[0].copy()
            before = self.units
            self.means.add(mean)
            self._gaps.add(gap)
            if self._gaps.count < self.units:  # what is not kept is counted now
                for found, origin in ((self._squares, None), (self._shifted, self._origin)):
                    self._catch_up(found, origin, before)
                    found.add(_mean_square(mean, gap, origin))

    def _catch_up(self, found: Units, origin: Floats | None, until: int) -> None:
        """Count the squares of pairs that are kept and were not counted yet."""
        while found.count < until:
            part = slice(found.count, min(until, found.count + _AT_ONCE))
            found.add(_mean_square(self.means.kept[part], self._gaps[part], origin))

    @property
    def squares(self) -> Units:
        """Mean squares of the pairs."""
        with self._lock:
            self._catch_up(self._squares, None, self.units)
        return self._squares

    @property
    def shifted(self) -> Units:
        """Mean squared distances of the pairs from the first pair's mean."""
        with self._lock:
            self._catch_up(self._shifted, self._origin, self.units)
        return self._shifted

    def variance(self, units: int) -> Floats:
        """Give VarGrad: the mean square less the square of the mean, over draws, (D,)."""
        if self._origin is None:
            raise ValueError("nothing has been absorbed")
        offset = self.means.mean(units) - self._origin
        return np.asarray(np.maximum(self.shifted.mean(units) - np.square(offset), 0))

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.means.nbytes + self._gaps.nbytes + self._squares.nbytes + self._shifted.nbytes


def _mean_square(mean: Floats, gap: Floats, origin: Floats | None) -> Floats:
    """Give the mean squares of pairs, as distances from an origin; their means and squared half distances, (U, D) each."""
    found = np.square(mean if origin is None else mean - origin)
    found += gap
    return np.asarray(found)


class ProductTrack(Averaging):
    """The literal grid: a unit is a draw with all its path steps (midpoints); the mean of its square or itself."""

    def __init__(self, kind: str, steps: int, squared: bool) -> None:
        super().__init__()
        self.kind = kind
        self.rows_per_unit = steps
        self._squared = squared

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        steps = self.rows_per_unit
        t = (np.arange(steps) + 0.5) / steps
        return np.repeat(1 + unit + np.arange(count), steps), np.tile(t, count), np.ones(steps * count)

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`."""
        found = contributions(grads, steps).reshape(-1, self.rows_per_unit, grads.shape[1])
        integral = found.mean(axis=1, dtype=np.float64).astype(grads.dtype)
        self.means.add(np.square(integral) if self._squared else integral)
