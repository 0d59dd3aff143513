"""Estimators: each says which rows it wants next and makes an estimate of what came back, for one sample.

A *unit* is the smallest number of rows that makes sense together, such as an antithetic pair. What a unit is depends on its
number (and, on adaptive tracks, on the units before it) alone: two tracks of the same length are equal, whatever the chunks
were and however often they were interrupted, and a longer one still knows the estimates of the shorter.

Vectors stay on the device. Numbers that are planned with, or that errors are made of, come to the host as letters.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.estimators.running_mean import Kept, Units

Floats = NDArray[Any]
ENDLESS = 1 << 40


class Track(Protocol):
    """One estimator of one sample; vectors are flat, all inputs one after the other."""

    kind: str
    rows_per_unit: int
    least_units: int  # before the error is believed
    signs: tuple[float, ...]  # of the lines of each draw, see `Rows`

    @property
    def units(self) -> int:
        """Units absorbed so far."""

    def expect(self, units: int) -> None:
        """Take note of how many units there will be."""

    def available(self) -> int:
        """Return how many units can be asked for before some must be absorbed, or letters opened."""

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """Return draws, (N,), and t, (L, K), of the rows of ``count`` units from ``unit``, see `Rows`."""

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """Take the next units' gradients, (U * rows_per_unit, D), and the steps of their lines, see `contributions`.

        With ``own`` nothing else is in the gradients' memory, see `Kept`.
        """

    def measure(self, lengths: Sequence[int]) -> None:
        """See to it that the errors at these lengths are known without waiting for each."""

    def knows(self, units: int) -> bool:
        """Tell whether the estimate at this length can be given."""

    def estimate(self, units: int) -> Tensor:
        """Return the estimate at this length, (D,)."""

    def error(self, units: int) -> float:
        """Return that estimate's estimated relative L2 error."""

    @property
    def nbytes(self) -> int:
        """Memory held."""


def contributions(ops: Ops, grads: Tensor, steps: Tensor) -> Tensor:
    """Return gradients times steps, (R, D).

    Parameters
    ----------
    ops : Ops
    grads : tensor
        (R, D).
    steps : tensor
        (L, D): every one is that of R / L rows that follow each other.
    """
    lines, size = int(steps.shape[0]), int(grads.shape[1])
    if lines == 1:
        return grads * steps
    made = ops.reshape(grads, (lines, -1, size)) * steps[:, None]
    return ops.reshape(made, (-1, size))


class Averaging:
    """A track whose estimate is the mean of one vector per unit."""

    rows_per_unit = 1
    least_units = 4
    signs: tuple[float, ...] = (1.0,)
    kind = ""

    def __init__(self, ops: Ops) -> None:
        self.ops = ops
        self.means = Units(ops)

    @property
    def units(self) -> int:
        """See `Track`."""
        return self.means.count

    def expect(self, units: int) -> None:
        """See `Track`."""
        self.means.expect(units)

    def available(self) -> int:
        """See `Track`."""
        return ENDLESS

    def measure(self, lengths: Sequence[int]) -> None:
        """See `Track`; all lengths are known as soon as their letters are opened."""

    def knows(self, units: int) -> bool:
        """See `Track`."""
        return self.means.knows(units)

    def estimate(self, units: int) -> Tensor:
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

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        return np.zeros(count, np.int64), np.ones((count, 1))

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        self.means.add(grads, own)

    def error(self, units: int) -> float:
        """See `Track`; nothing is estimated here."""
        return 0.0


class NoisyTrack:
    """Gradients at noisy copies, in antithetic pairs: SmoothGrad, its square, and VarGrad from the same rows.

    Pairs are kept, and only what is asked for is counted up from them. Squares are of the distance from the first pair's mean,
    which they can be brought back from: a variance that is small beside the mean does not cancel away.
    """

    kind = "noisy"
    rows_per_unit = 2
    least_units = 4
    signs: tuple[float, ...] = (1.0,)  # mirror images are on one line

    def __init__(self, ops: Ops) -> None:
        self.ops = ops
        self.units = 0
        self._kept = Kept(ops, together=2)  # both of each pair
        self._means = Units(ops, self._kept, 2, self._middles)
        self._squares = Units(ops, self._kept, 2, self._mean_squares)
        self._shifted = Units(ops, self._kept, 2, self._mean_distances)
        self._origin: Tensor = None
        # what is asked for is counted up then, which may be from any thread
        self._lock = threading.RLock()

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        return unit + np.arange(count), np.tile([1.0, -1.0], (count, 1))

    def expect(self, units: int) -> None:
        """See `Track`."""
        self._means.expect(units)

    def available(self) -> int:
        """See `Track`."""
        return ENDLESS

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        count = int(grads.shape[0]) // 2
        with self._lock:
            if self._origin is None:
                self._origin = self._middles(grads[:2])[0]
            self.units += count
            not_kept = self._kept.add(grads, own)
            for found in (self._means, self._squares, self._shifted):
                found.came(count, not_kept)

    def _pairs(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        pairs = self.ops.reshape(rows, (-1, 2, int(rows.shape[1])))
        return pairs[:, 0], pairs[:, 1]

    def _middles(self, rows: Tensor) -> Tensor:
        one, other = self._pairs(rows)
        return (one + other) * 0.5

    def _mean_squares(self, rows: Tensor) -> Tensor:
        one, other = self._pairs(rows)
        return self.ops.blend(one, one, other, other) * 0.5

    def _mean_distances(self, rows: Tensor) -> Tensor:
        """Return mean squared distances from the first pair's mean: nothing cancels where gradients are alike."""
        one, other = self._pairs(rows - self._origin)
        return self.ops.blend(one, one, other, other) * 0.5

    def _counted(self, found: Units) -> Units:
        with self._lock:
            found.catch_up()
        return found

    @property
    def means(self) -> Units:
        """Mean gradients of the pairs."""
        return self._counted(self._means)

    @property
    def squares(self) -> Units:
        """Mean squares of the pairs."""
        return self._counted(self._squares)

    @property
    def shifted(self) -> Units:
        """Mean squared distances of the pairs from the first pair's mean."""
        return self._counted(self._shifted)

    def measure(self, lengths: Sequence[int]) -> None:
        """See `Track`."""

    def knows(self, units: int) -> bool:
        """See `Track`."""
        return self._means.knows(units)

    def estimate(self, units: int) -> Tensor:
        """See `Track`."""
        return self.means.mean(units)

    def error(self, units: int) -> float:
        """See `Track`."""
        return self.means.relative_error(units)

    def variance(self, units: int) -> Tensor:
        """Return VarGrad: the mean square less the square of the mean, over draws, (D,)."""
        if self._origin is None:
            raise ValueError("nothing has been absorbed")
        offset = self.means.mean(units) - self._origin
        return self.ops.maximum(self.shifted.mean(units) - self.ops.square(offset), 0.0)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        parts = (self._kept, self._means, self._squares, self._shifted)
        return sum(part.nbytes for part in parts)


class ProductTrack(Averaging):
    """The literal grid: a unit is a draw with all its path steps (midpoints); the mean of its square or itself."""

    def __init__(self, ops: Ops, kind: str, steps: int, squared: bool) -> None:
        super().__init__(ops)
        self.kind = kind
        self.rows_per_unit = steps
        self._squared = squared

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        t = (np.arange(self.rows_per_unit) + 0.5) / self.rows_per_unit
        return 1 + unit + np.arange(count), np.tile(t, (count, 1))

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`."""
        assert steps is not None
        found = self.ops.reshape(
            contributions(self.ops, grads, steps), (-1, self.rows_per_unit, int(grads.shape[1]))
        )
        integral = self.ops.sum(found, 1) * (1.0 / self.rows_per_unit)
        self.means.add(self.ops.square(integral) if self._squared else integral, own=True)
