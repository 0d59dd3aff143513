"""Means of vectors that came one after the other, at every number of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor

STORE_BYTES = 32 << 20
_AT_ONCE = 16  # vectors that are measured together


def storable(size: int, itemsize: int, least: int = 16, most: int = 4096) -> int:
    """Return how many vectors of this size may be kept."""
    return max(least, min(most, STORE_BYTES // max(1, size * itemsize)))


class Kept:
    """The first vectors of a growing list, as many as may be kept, on the device.

    Parameters
    ----------
    ops : Ops
    most : int, optional
        How many; what `storable` says by default.
    together : int
        How many are only of use together, so that as many times more are kept.
    """

    def __init__(self, ops: Ops, most: int | None = None, together: int = 1) -> None:
        self.count = 0
        self.expected = 0  # how many there will be, as far as is known: room for them is made at once
        self._together = together
        self._ops = ops
        self.most = most
        self._room: Tensor = None

    def add(self, vectors: Tensor, factor: Tensor | None = None) -> Tensor:
        """Keep those of more vectors, (U, D), that there is room for, times a factor; return the others."""
        if self.most is None:
            self.most = self._together * storable(int(vectors.shape[1]), self._ops.dtype.itemsize)
        count, room = int(vectors.shape[0]), self.most - self.count
        taken = vectors if count <= room else vectors[: max(room, 0)]
        if room > 0:
            wanted = min(self.most, max(self.expected, 2 * self.count))
            self._room = self._ops.append(self._room, self.count, taken, wanted, factor)
            self.count += min(count, room)
        return vectors[min(count, max(room, 0)) :] if count > room else None

    def __getitem__(self, part: slice) -> Tensor:
        start, stop, _ = part.indices(self.count)
        return self._room[start:stop]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        if self._room is None:
            return 0
        return int(self._room.shape[0]) * int(self._room.shape[1]) * self._ops.dtype.itemsize


class Units:
    """A growing list of vectors with its mean and that mean's standard error at every length.

    The first vectors are kept, so that the mean at a smaller length can be told again without a new evaluation; what
    comes after them, where they are many or large, is only averaged. How many vectors come at once changes nothing beyond
    rounding. Errors are made of the products of folded vectors (see `Ops.fold`) with each other, which go to the host as letters:
    of sixteen together, and sooner where somebody asks.

    Parameters
    ----------
    ops : Ops
    kept : Kept, optional
        Where rows are kept that vectors are made of; the vectors themselves by default.
    made_of : int
        How many rows one vector is made of.
    derive : callable, optional
        (U * made_of, D) -> (U, D).
    """

    def __init__(
        self,
        ops: Ops,
        kept: Kept | None = None,
        made_of: int = 1,
        derive: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.count = 0
        self._ops = ops
        self._kept = Kept(ops) if kept is None else kept
        self._rows, self._derive = made_of, derive
        self._beyond: Tensor = None  # sum of the vectors that are not kept
        self._about: Tensor = None  # mean of the folded vectors so far
        self._measured = 0
        # at every length: sum of squared distances from the mean, and the squared norm of the mean
        self._spreads, self._sizes = [0.0], [0.0]

    def add(self, vectors: Tensor) -> None:
        """Take more vectors, (U, D), and keep them."""
        self.came(int(vectors.shape[0]), self._kept.add(vectors))

    def expect(self, count: int) -> None:
        """Make room for so many vectors at once."""
        self._kept.expected = max(self._kept.expected, count * self._rows)

    def came(self, count: int, not_kept: Tensor | None) -> None:
        """Take note of more vectors, whose rows are kept but for these."""
        self.count += count
        if not_kept is None:
            if self.count - self._measured >= _AT_ONCE and self._derive is None:
                self.catch_up()
            return
        self.catch_up()
        vectors = not_kept if self._derive is None else self._derive(not_kept)
        total = self._ops.sum(vectors, 0)
        self._beyond = total if self._beyond is None else self._beyond + total
        for start in range(0, int(vectors.shape[0]), _AT_ONCE):
            self._measure(vectors[start : start + _AT_ONCE])

    def catch_up(self) -> None:
        """Measure vectors that are kept and were not measured yet."""
        until = min(self.count, self._kept.count // self._rows)
        while self._measured < until:
            self._measure(self._vectors(self._measured, min(self._measured + _AT_ONCE, until)))

    def _vectors(self, start: int, stop: int) -> Tensor:
        rows = self._kept[start * self._rows : stop * self._rows]
        return rows if self._derive is None else self._derive(rows)

    def _measure(self, vectors: Tensor) -> None:
        ops, count = self._ops, int(vectors.shape[0])
        # distances to the mean so far, or to the first vector: nothing cancels where all are alike
        folded = ops.fold(vectors)
        about = self._about if self._measured else folded[0]
        apart = folded - about
        products = [
            ops.reshape(ops.gram(apart), (-1,)),
            ops.products(apart, about),
            ops.products(about[None], about),
        ]
        ops.letters.send(ops.concat(products), partial(self._arrived, self._measured, count))
        self._measured += count
        self._about = about + ops.sum(apart, 0) * (1.0 / self._measured)

    def _arrived(self, before: int, count: int, numbers: NDArray[np.float64]) -> None:
        """Note spread and size at every length of a block."""
        gram = numbers[: count * count].reshape(count, count)
        along, about = np.cumsum(numbers[count * count : -1]), numbers[-1]
        whole = np.cumsum(np.cumsum(gram, axis=0), axis=1).diagonal()  # squared norms of the sums
        lengths = before + np.arange(1.0, count + 1)
        spreads = self._spreads[before] + np.cumsum(gram.diagonal()) - whole / lengths
        sizes = about + 2 * along / lengths + whole / lengths**2
        self._spreads.extend(np.maximum(spreads, 0).tolist())
        self._sizes.extend(np.maximum(sizes, 0).tolist())

    def knows(self, length: int) -> bool:
        """Tell whether the mean at this length can be given."""
        return 0 < length <= self._kept.count // self._rows or length == self.count > 0

    def mean(self, length: int) -> Tensor:
        """Return the mean of the first ``length`` vectors; the same numbers however many came after."""
        kept = min(length, self._kept.count // self._rows)
        if self._derive is None:
            total = self._ops.sum(self._kept[:kept], 0)
        else:
            starts = range(0, kept, _AT_ONCE)
            sums = [self._ops.sum(self._vectors(start, min(start + _AT_ONCE, kept)), 0) for start in starts]
            total = sum(sums[1:], start=sums[0])
        if length > kept:
            total = total + self._beyond
        return total * (1.0 / length)

    def variance(self, length: int) -> float:
        """Return the squared L2 norm of the mean's standard error; NaN below two vectors."""
        self._open(length)
        return self._spreads[length] / (length - 1) / length if length > 1 else float("nan")

    def size(self, length: int) -> float:
        """Return the squared L2 norm of the mean."""
        self._open(length)
        return self._sizes[length]

    def _open(self, length: int) -> None:
        if length >= len(self._sizes):
            self.catch_up()
            self._ops.letters.open()

    def relative_error(self, length: int) -> float:
        """Return the L2 norm of the mean's standard error over that of the mean; NaN below two vectors."""
        return relative(self.variance(length), self.size(length))

    def share_of_signal(self, length: int) -> float:
        """Return how much of the mean's square is more than noise, in [0, 1]."""
        if length < 2:
            return 0.0
        variance, size = self.variance(length), self.size(length)
        return max(0.0, 1 - variance / size) if size > 0 else 1.0

    @property
    def nbytes(self) -> int:
        """Memory held."""
        sums = [int(one.shape[0]) for one in (self._beyond, self._about) if one is not None]
        kept = self._kept.nbytes if self._derive is None else 0
        return kept + sum(sums) * self._ops.dtype.itemsize + 64 * self.count


def relative(variance: float, size: float) -> float:
    """Return the relative error of an estimate of this variance and squared size; NaN where it is unknown."""
    if np.isnan(variance):
        return float("nan")
    if variance <= 1e-14 * size:
        return 0.0
    # the estimate's own noise is in its size: taken off, down to a tenth
    return float(np.sqrt(variance / max(size - variance, 0.1 * size))) if size > 0 else float("inf")
