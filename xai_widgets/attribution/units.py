"""Means of vectors that came one after the other, at every number of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
STORE_BYTES = 32 << 20


def storable(size: int, itemsize: int, least: int = 16, most: int = 4096) -> int:
    """Give how many vectors of this size may be kept."""
    return max(least, min(most, STORE_BYTES // max(1, size * itemsize)))


class Units:
    """A growing list of vectors with its mean and that mean's standard error at every length.

    The first vectors are kept, so that the mean at a smaller length can be told again without a new evaluation; what
    comes after them, where they are many or large, is only summed up.
    """

    def __init__(self, keep: bool = True) -> None:
        self.count = 0
        self._keep = keep
        self._stored = 0
        self._kept: Floats = np.zeros((0, 0))
        self._sum: Floats = np.zeros(0)
        self._mean: Floats = np.zeros(0)
        self._spreads: list[float] = [
            0.0
        ]  # at every length: sum of squared distances from the mean (Welford)
        self._sizes: list[float] = [0.0]  # at every length: the squared norm of the mean

    def add(self, vector: Floats) -> None:
        """Take one more vector, (D,)."""
        if self.count == 0:
            self._kept = np.empty((4, vector.size), vector.dtype)
            self._mean = np.zeros_like(vector)
            self._sum = np.zeros(vector.size, np.float64)
        if self._keep and self.count < storable(vector.size, vector.itemsize):
            if self.count == len(self._kept):
                grown = np.empty((2 * self.count, vector.size), vector.dtype)
                grown[: self.count] = self._kept
                self._kept = grown
            self._kept[self.count] = vector
            self._stored += 1
        self.count += 1
        self._sum += vector
        delta = vector - self._mean
        self._mean += delta / self.count
        self._spreads.append(self._spreads[-1] + float(delta @ (vector - self._mean)))
        self._sizes.append(float(self._mean @ self._mean))

    def knows(self, length: int) -> bool:
        """Tell whether the mean at this length can be given."""
        return 0 < length <= self._stored or length == self.count > 0

    def mean(self, length: int) -> Floats:
        """Give the mean of the first ``length`` vectors; the same numbers however many came after."""
        if length == self.count:
            return np.asarray(self._sum / length, self._mean.dtype)
        total = np.zeros(self._sum.size, np.float64)
        for vector in self._kept[:length]:  # in the order of `add`, for the same rounding
            total += vector
        return np.asarray(total / length, self._mean.dtype)

    def variance(self, length: int) -> float:
        """Give the squared L2 norm of the mean's standard error; NaN below two vectors."""
        return self._spreads[length] / (length - 1) / length if length > 1 else float("nan")

    def size(self, length: int) -> float:
        """Give the squared L2 norm of the mean."""
        return self._sizes[length]

    def relative_error(self, length: int) -> float:
        """Give the L2 norm of the mean's standard error over that of the mean; NaN below two vectors."""
        return relative(self.variance(length), self.size(length))

    def share_of_signal(self, length: int) -> float:
        """Give how much of the mean's square is more than noise, in [0, 1]."""
        if length < 2:
            return 0.0
        variance, size = self.variance(length), self.size(length)
        return max(0.0, 1 - variance / size) if size > 0 else 1.0

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self._kept.nbytes + self._sum.nbytes + self._mean.nbytes + 64 * self.count)


def relative(variance: float, size: float) -> float:
    """Give the relative error of an estimate of this variance and squared size; NaN where it is unknown."""
    if np.isnan(variance):
        return float("nan")
    if variance <= 1e-14 * size:
        return 0.0
    # the estimate's own noise is in its size: taken off, down to a tenth
    return float(np.sqrt(variance / max(size - variance, 0.1 * size))) if size > 0 else float("inf")
