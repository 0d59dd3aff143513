"""Means of vectors that came one after the other, at every number of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.backends.ops.folding import LENGTH

STORE_BYTES = 32 << 20
_ROOM_BYTES = (
    16 << 20
)  # of vectors that are put together: the C library gives and keeps larger blocks page by page
_AT_ONCE = 16  # vectors that are measured together


def storable(size: int, itemsize: int, least: int = 16, most: int = 4096) -> int:
    """Return how many vectors of this size may be kept."""
    return max(least, min(most, STORE_BYTES // max(1, size * itemsize)))


class Kept:
    """The first vectors of a growing list, as many as may be kept, on the device, in blocks.

    Parameters
    ----------
    ops : Ops
    most : int, optional
        How many; what `storable` says by default.
    together : int
        How many are only of use together, so that as many times more are kept, and in one block.
    """

    def __init__(self, ops: Ops, most: int | None = None, together: int = 1) -> None:
        self.count = 0
        self.expected = 0  # how many there will be, as far as is known: room for them is made at once
        self.most = most
        self._ops = ops
        self._together = together
        self._blocks: list[Tensor] = []
        self._starts = [0]  # of each block, and of the next one
        self._left = 0  # vectors that the last block has room for

    def add(self, vectors: Tensor, own: bool = False) -> Tensor:
        """Keep those of more vectors, (U, D), that there is room for; return the others, None where there are none.

        With ``own`` nothing else is in their memory, and long ones are kept where they are.
        """
        size = int(vectors.shape[1])
        if self.most is None:
            self.most = self._together * storable(size, self._ops.dtype.itemsize)
        count, room = int(vectors.shape[0]), max(self.most - self.count, 0)
        if own and size > LENGTH and count <= room:
            self._append(vectors, count)
            self._left = 0
            return None
        start, stop = 0, min(count, room)
        while start < stop:
            if not self._left:
                self._append(None, 0)
                self._left = self._capacity(size, stop - start)
            taken = min(stop - start, self._left)
            place = self._starts[-1] - self._starts[-2]
            self._blocks[-1] = self._ops.append(
                self._blocks[-1], place, vectors[start : start + taken], place + self._left
            )
            self._starts[-1] += taken
            self.count += taken
            self._left -= taken
            start += taken
        return vectors[stop:] if stop < count else None

    def _append(self, block: Tensor, count: int) -> None:
        self._blocks.append(block)
        self._starts.append(self._starts[-1] + count)
        self.count += count

    def _capacity(self, size: int, least: int) -> int:
        """Return how many vectors a new block is made for."""
        assert self.most is not None
        wanted = min(max(least, self.count, self.expected - self.count), self.most - self.count)
        fitting = _ROOM_BYTES // (size * self._ops.dtype.itemsize) // self._together * self._together
        return min(wanted, max(fitting, self._together))

    def part(self, start: int, stop: int) -> Tensor:
        """Return vectors from ``start`` on, up to ``stop`` or the end of their block."""
        block = bisect_right(self._starts, start) - 1
        first = self._starts[block]
        return self._blocks[block][start - first : min(stop, self._starts[block + 1]) - first]

    def parts(self, start: int, stop: int) -> Iterator[Tensor]:
        """Return vectors block by block."""
        while start < stop:
            part = self.part(start, stop)
            yield part
            start += int(part.shape[0])

    def __getitem__(self, part: slice) -> Tensor:
        start, stop, _ = part.indices(self.count)
        found = list(self.parts(start, stop))
        return found[0] if len(found) == 1 else self._ops.concat(found)

    def weighted(self, weights: NDArray[Any]) -> Tensor:
        """Return the weighted sum of the first vectors, (N,) -> (D,)."""
        return self._ops.weighted(weights[None], list(self.parts(0, len(weights))))[0]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        if not self._blocks:
            return 0
        return int((self.count + self._left) * int(self._blocks[0].shape[1]) * self._ops.dtype.itemsize)


class Spread:
    """Squared norms of a mean and of its standard error, at every number of vectors that came one after the other.

    They are made of the products of folded vectors (see `Ops.fold`) with each other, which go to the host as letters: of sixteen
    together, and sooner where somebody asks.

    Parameters
    ----------
    ops : Ops
    """

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self._waiting: list[Tensor] = []
        self._about: Tensor = None  # mean of the folded vectors so far
        self._measured = 0
        # at every length: sum of squared distances from the mean, and the squared norm of the mean
        self._spreads, self._sizes = [0.0], [0.0]

    def add(self, folded: Tensor) -> None:
        """Take more vectors, folded, (U, F)."""
        for start in range(0, int(folded.shape[0]), _AT_ONCE):
            some = folded[start : start + _AT_ONCE]
            if self._waits + int(some.shape[0]) > _AT_ONCE:
                self._measure()
            self._waiting.append(some)
        if self._waits >= _AT_ONCE:
            self._measure()

    @property
    def _waits(self) -> int:
        return sum(int(one.shape[0]) for one in self._waiting)

    def _measure(self) -> None:
        ops, waiting = self._ops, self._waiting
        if not waiting:
            return
        folded = waiting[0] if len(waiting) == 1 else ops.concat(waiting)
        count, self._waiting = int(folded.shape[0]), []
        # distances to the mean so far, or to the first vector: nothing cancels where all are alike
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
            self._measure()
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
        held = [*self._waiting, *([] if self._about is None else [self._about[None]])]
        numbers = sum(int(one.shape[0]) * int(one.shape[1]) for one in held)
        return numbers * self._ops.dtype.itemsize + 64 * len(self._sizes)


class Units:
    """A growing list of vectors with its mean and that mean's standard error at every length.

    The first vectors are kept, so that the mean at a smaller length can be told again without a new evaluation; what
    comes after them, where they are many or large, is only averaged. How many vectors come at once changes nothing beyond
    rounding.

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
        self.spread = Spread(ops)
        self._ops = ops
        self._kept = Kept(ops) if kept is None else kept
        self._rows, self._derive = made_of, derive
        self._total: Tensor = None  # of the vectors that were made so far
        self._made = 0

    def add(self, vectors: Tensor, own: bool = False) -> list[Tensor]:
        """Take more vectors, (U, D), see `Kept`; return them folded, in parts."""
        return self.came(int(vectors.shape[0]), self._kept.add(vectors, own)) + self.catch_up()

    def expect(self, count: int) -> None:
        """Make room for so many vectors at once."""
        self._kept.expected = max(self._kept.expected, count * self._rows)

    def came(self, count: int, not_kept: Tensor | None) -> list[Tensor]:
        """Take note of more vectors, whose rows are kept but for these; return what was folded."""
        self.count += count
        return [] if not_kept is None else [*self.catch_up(), self._take(not_kept)]

    def catch_up(self) -> list[Tensor]:
        """Take vectors that are kept and were not taken yet; return them folded, in parts."""
        until, folded = min(self.count, self._kept.count // self._rows), []
        while self._made < until:
            stop = min(self._made + _AT_ONCE, until)
            folded.append(self._take(self._kept.part(self._made * self._rows, stop * self._rows)))
        return folded

    def _take(self, rows: Tensor) -> Tensor:
        vectors = rows if self._derive is None else self._derive(rows)
        count = int(vectors.shape[0])
        total = self._ops.sum(vectors, 0)[None] if count > 1 or self._total is None else vectors
        self._total = total if self._total is None else self._ops.add_rows(self._total, 0, total)
        self._made += count
        folded = self._ops.fold(vectors)
        self.spread.add(folded)
        return folded

    def knows(self, length: int) -> bool:
        """Tell whether the mean at this length can be given."""
        return 0 < length <= self._kept.count // self._rows or length == self.count > 0

    def mean(self, length: int) -> Tensor:
        """Return the mean of the first ``length`` vectors."""
        if length == self.count:
            self.catch_up()
            return self._total[0] * (1.0 / length)
        total: Tensor = None
        for start in range(0, length, _AT_ONCE):
            for rows in self._kept.parts(start * self._rows, min(start + _AT_ONCE, length) * self._rows):
                some = self._ops.sum(rows if self._derive is None else self._derive(rows), 0)
                total = some if total is None else total + some
        return total * (1.0 / length)

    def variance(self, length: int) -> float:
        """See `Spread`."""
        self.catch_up()
        return self.spread.variance(length)

    def size(self, length: int) -> float:
        """See `Spread`."""
        self.catch_up()
        return self.spread.size(length)

    def relative_error(self, length: int) -> float:
        """See `Spread`."""
        self.catch_up()
        return self.spread.relative_error(length)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        total = 0 if self._total is None else int(self._total.shape[1]) * self._ops.dtype.itemsize
        kept = self._kept.nbytes if self._derive is None else 0
        return kept + total + self.spread.nbytes


def relative(variance: float, size: float) -> float:
    """Return the relative error of an estimate of this variance and squared size; NaN where it is unknown."""
    if np.isnan(variance):
        return float("nan")
    if variance <= 1e-14 * size:
        return 0.0
    # the estimate's own noise is in its size: taken off, down to a tenth
    return float(np.sqrt(variance / max(size - variance, 0.1 * size))) if size > 0 else float("inf")
