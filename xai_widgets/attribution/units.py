"""Means of vectors that came one after the other, at every number of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
STORE_BYTES = 32 << 20


def storable(size: int, itemsize: int, least: int = 16, most: int = 4096) -> int:
    """Give how many vectors of this size may be kept."""
    return max(least, min(most, STORE_BYTES // max(1, size * itemsize)))


class Kept:
    """The first vectors of a growing list, as many as may be kept."""

    def __init__(self) -> None:
        self.count = 0
        self._vectors: Floats = np.zeros((0, 0))

    def add(self, vectors: Floats) -> None:
        """Keep those of more vectors, (U, D), that there is room for."""
        most = storable(vectors.shape[1], vectors.itemsize)
        taken = vectors[: max(0, most - self.count)]
        if not len(taken):
            return
        needed = self.count + len(taken)
        if needed > len(self._vectors):
            grown = np.empty((min(most, max(4, 2 * self.count, needed)), taken.shape[1]), taken.dtype)
            if self.count:
                grown[: self.count] = self._vectors[: self.count]
            self._vectors = grown
        self._vectors[self.count : needed] = taken
        self.count = needed

    def __getitem__(self, part: slice) -> Floats:
        return self._vectors[: self.count][part]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self._vectors.nbytes)


class Units:
    """A growing list of vectors with its mean and that mean's standard error at every length.

    The first vectors are kept, so that the mean at a smaller length can be told again without a new evaluation; what
    comes after them, where they are many or large, is only summed up. How many vectors come at once changes nothing.
    """

    def __init__(self, keep: bool = True) -> None:
        self.count = 0
        self.kept = Kept()
        self._keep = keep
        self._sum: Floats = np.zeros(0)
        # spreads and sizes are found from distances to the first vector, in which nothing cancels where all are alike
        self._origin: Floats = np.zeros(0)
        self._origin_size = 0.0
        self._drift: Floats = np.zeros(0)  # sum of the distances
        self._squares = 0.0  # sum of their squared norms
        self._spreads: list[float] = [0.0]  # at every length: sum of squared distances from the mean
        self._sizes: list[float] = [0.0]  # at every length: the squared norm of the mean

    def add(self, vectors: Floats) -> None:
        """Take more vectors, (U, D)."""
        if self.count == 0:
            self._origin = vectors[0].copy()
            self._origin_size = float(_dots(vectors[:1], vectors[:1])[0])
            self._drift = np.zeros_like(self._origin)
            self._sum = np.zeros(self._origin.size, np.float64)
        if self._keep:
            self.kept.add(vectors)
        _sum_up(self._sum, vectors)
        self._measure(vectors - self._origin)
        self.count += len(vectors)

    def _measure(self, apart: Floats) -> None:
        """Note spread and size at every length; ``apart``, (U, D), is used up."""
        lengths = self.count + np.arange(1.0, len(apart) + 1)
        squares = np.cumsum(np.append(self._squares, _dots(apart, apart)))[1:]
        apart[0] += self._drift
        for before, after in pairwise(apart):
            after += before  # sums from the first vector on
        self._drift[...] = apart[-1]
        self._squares = float(squares[-1])
        along = np.asarray(np.einsum("ud,d->u", apart, self._origin), np.float64)
        whole = _dots(apart, apart)
        sizes = self._origin_size + 2 * along / lengths + whole / lengths**2
        self._spreads.extend(np.maximum(squares - whole / lengths, 0).tolist())
        self._sizes.extend(np.maximum(sizes, 0).tolist())

    def knows(self, length: int) -> bool:
        """Tell whether the mean at this length can be given."""
        return 0 < length <= self.kept.count or length == self.count > 0

    def mean(self, length: int) -> Floats:
        """Give the mean of the first ``length`` vectors; the same numbers however many came after."""
        if length == self.count:
            return np.asarray(self._sum / length, self._origin.dtype)
        total = np.zeros(self._sum.size, np.float64)
        _sum_up(total, self.kept[:length])
        return np.asarray(total / length, self._origin.dtype)

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
        held = self._sum.nbytes + self._origin.nbytes + self._drift.nbytes
        return self.kept.nbytes + int(held) + 64 * self.count


def _sum_up(total: Floats, vectors: Floats) -> None:
    """Add vectors one after the other, so that the rounding is the same however many came at once."""
    for vector in vectors:
        total += vector


def _dots(one: Floats, other: Floats) -> Floats:
    """Give the products of rows with rows, (U, D) twice -> (U,)."""
    return np.asarray(np.einsum("ud,ud->u", one, other), np.float64)


def relative(variance: float, size: float) -> float:
    """Give the relative error of an estimate of this variance and squared size; NaN where it is unknown."""
    if np.isnan(variance):
        return float("nan")
    if variance <= 1e-14 * size:
        return 0.0
    # the estimate's own noise is in its size: taken off, down to a tenth
    return float(np.sqrt(variance / max(size - variance, 0.1 * size))) if size > 0 else float("inf")
