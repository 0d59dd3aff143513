"""Means of vectors that came one after the other, at every number of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.products import products

Floats = NDArray[Any]
STORE_BYTES = 32 << 20


def storable(size: int, itemsize: int, least: int = 16, most: int = 4096) -> int:
    """Give how many vectors of this size may be kept."""
    return max(least, min(most, STORE_BYTES // max(1, size * itemsize)))


class Kept:
    """The first vectors of a growing list (or of several that grow together), as many as may be kept."""

    def __init__(self) -> None:
        self.count = 0
        self._vectors: Floats = np.zeros((0, 0))

    def add(self, vectors: Floats) -> None:
        """Keep those of more vectors, (..., U, D), that there is room for."""
        size = vectors.shape[-1]
        most = storable(size, vectors.itemsize)
        taken = vectors[..., : max(0, most - self.count), :]
        if not taken.shape[-2]:
            return
        needed = self.count + taken.shape[-2]
        if needed > self._vectors.shape[-2]:
            room = min(most, max(4, 2 * self.count, needed))
            grown = np.empty((*vectors.shape[:-2], room, size), taken.dtype)
            if self.count:
                grown[..., : self.count, :] = self._vectors[..., : self.count, :]
            self._vectors = grown
        self._vectors[..., self.count : needed, :] = taken
        self.count = needed

    def __getitem__(self, part: slice) -> Floats:
        return self._vectors[..., : self.count, :][..., part, :]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self._vectors.nbytes)


class Units:
    """A growing list of vectors with its mean and that mean's standard error at every length.

    The first vectors are kept, so that the mean at a smaller length can be told again without a new evaluation; what
    comes after them, where they are many or large, is only summed up. How many vectors come at once changes nothing.

    Parameters
    ----------
    series : int, default 1
        Lists that grow together.
    kept : int, optional
        Of how many of them, the first ones, means at smaller lengths are asked for; of all by default.
    """

    def __init__(self, series: int = 1, kept: int | None = None) -> None:
        self.count = 0
        self.kept = Kept()
        self._series = series
        self._of_kept = series if kept is None else kept
        self._sum: Floats = np.zeros((series, 0))
        # spreads and sizes are found from distances to the first vector, in which nothing cancels where all are alike
        self._origin: Floats = np.zeros((series, 0))
        self._origin_size: Floats = np.zeros((series, 1))
        self._drift: Floats = np.zeros((series, 0))  # sum of the distances
        self._squares: Floats = np.zeros((series, 1))  # sum of their squared norms
        # at every length: sum of squared distances from the mean, and the squared norm of the mean
        self._spreads: list[list[float]] = [[0.0] for _ in range(series)]
        self._sizes: list[list[float]] = [[0.0] for _ in range(series)]

    def add(self, vectors: Floats) -> None:
        """Take more vectors, (U, D); (series, U, D) where there are several."""
        self.kept.add(vectors if self._series == 1 else vectors[: self._of_kept])
        vectors = vectors.reshape(self._series, -1, vectors.shape[-1])
        if self.count == 0:
            self._origin = vectors[:, 0].copy()
            self._origin_size = products(vectors[:, :1], vectors[:, :1])
            self._drift = np.zeros_like(self._origin)
            self._sum = np.zeros(self._origin.shape, np.float64)
        _sum_up(self._sum, vectors)
        self._measure(vectors - self._origin[:, None])
        self.count += vectors.shape[1]

    def _measure(self, apart: Floats) -> None:
        """Note spread and size at every length; ``apart``, (series, U, D), is used up."""
        lengths = self.count + np.arange(1.0, apart.shape[1] + 1)
        squares = np.cumsum(np.concatenate([self._squares, products(apart, apart)], axis=1), axis=1)[:, 1:]
        apart[:, 0] += self._drift
        for place in range(1, apart.shape[1]):
            apart[:, place] += apart[:, place - 1]  # sums from the first vector on
        self._drift[...] = apart[:, -1]
        self._squares = squares[:, -1:]
        along = products(apart, self._origin[:, None])
        whole = products(apart, apart)
        sizes = self._origin_size + 2 * along / lengths + whole / lengths**2
        for known, new in (self._spreads, squares - whole / lengths), (self._sizes, sizes):
            for series, numbers in zip(known, np.maximum(new, 0).tolist(), strict=True):
                series.extend(numbers)

    def knows(self, length: int) -> bool:
        """Tell whether the mean at this length can be given."""
        return 0 < length <= self.kept.count or length == self.count > 0

    def mean(self, length: int, series: int = 0) -> Floats:
        """Give the mean of the first ``length`` vectors; the same numbers however many came after."""
        if length == self.count:
            return np.asarray(self._sum[series] / length, self._origin.dtype)
        kept = self.kept[:length]
        total = np.zeros((1, self._sum.shape[1]), np.float64)
        _sum_up(total, kept[None] if self._series == 1 else kept[series : series + 1])
        return np.asarray(total[0] / length, self._origin.dtype)

    def variance(self, length: int, series: int = 0) -> float:
        """Give the squared L2 norm of the mean's standard error; NaN below two vectors."""
        return self._spreads[series][length] / (length - 1) / length if length > 1 else float("nan")

    def size(self, length: int, series: int = 0) -> float:
        """Give the squared L2 norm of the mean."""
        return self._sizes[series][length]

    def relative_error(self, length: int) -> float:
        """Give the L2 norm of the mean's standard error over that of the mean; NaN below two vectors."""
        return relative(self.variance(length), self.size(length))

    def share_of_signal(self, length: int, series: int = 0) -> float:
        """Give how much of the mean's square is more than noise, in [0, 1]."""
        if length < 2:
            return 0.0
        variance, size = self.variance(length, series), self.size(length, series)
        return max(0.0, 1 - variance / size) if size > 0 else 1.0

    @property
    def nbytes(self) -> int:
        """Memory held."""
        held = self._sum.nbytes + self._origin.nbytes + self._drift.nbytes
        return self.kept.nbytes + int(held) + 64 * self._series * self.count


def _sum_up(total: Floats, vectors: Floats) -> None:
    """Add vectors, (S, U, D), one after the other, so that the rounding is the same however many came at once."""
    for place in range(vectors.shape[1]):
        total += vectors[:, place]


def relative(variance: float, size: float) -> float:
    """Give the relative error of an estimate of this variance and squared size; NaN where it is unknown."""
    if np.isnan(variance):
        return float("nan")
    if variance <= 1e-14 * size:
        return 0.0
    # the estimate's own noise is in its size: taken off, down to a tenth
    return float(np.sqrt(variance / max(size - variance, 0.1 * size))) if size > 0 else float("inf")
