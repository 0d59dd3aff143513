"""Statistics of one column per group: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class GroupStatistics:
    """Count, mean, sample standard deviation, min and max per group code, each (G,)."""

    count: Array
    mean: Array
    std: Array
    min: Array
    max: Array


class Grouping:
    """Which places belong to which group, in an order that makes every statistic one sweep.

    Parameters
    ----------
    codes
        (N,) group codes in 0 .. groups-1; a negative code belongs to none.
    groups
        Number of groups.
    """

    def __init__(self, codes: Array, groups: int) -> None:
        order = np.argsort(codes, kind="stable")
        if codes.size and int(codes[order[0]]) < 0:
            order = order[np.searchsorted(codes[order], 0) :]
        members = np.bincount(codes[order], minlength=groups)[:groups]
        self.groups = groups
        self.size = codes.shape[0]
        self.order = order.astype(np.int32)
        self._present = np.flatnonzero(members)
        self._starts = (np.cumsum(members) - members)[self._present]
        self._members = members[self._present]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.order.nbytes)

    def statistics(self, values: Array) -> GroupStatistics:
        """Statistics of the finite `values` (N,) per group.

        The deviations are taken from the mean in a second sweep, so that a large mean costs no precision.
        """
        found = [np.zeros(self.groups, np.int64), *(np.full(self.groups, np.nan) for _ in range(4))]
        if self._present.size:
            for whole, part in zip(found, self._of_present(values[self.order]), strict=True):
                whole[self._present] = part
        return GroupStatistics(*found)

    def _of_present(self, x: Array) -> tuple[Array, ...]:
        starts, count = self._starts, self._members
        finite = np.isfinite(x)
        low, high = x, x
        whole = bool(finite.all())
        if not whole:
            count = np.add.reduceat(finite, starts, dtype=np.int64)
            low, high = np.where(finite, x, np.inf), np.where(finite, x, -np.inf)
            x = np.where(finite, x, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.add.reduceat(x, starts, dtype=np.float64) / count
            deviation = np.repeat(mean, self._members)
            np.subtract(x, deviation, out=deviation)
            np.multiply(deviation, deviation, out=deviation)
            if not whole:
                deviation[~finite] = 0
            std = np.sqrt(np.add.reduceat(deviation, starts) / np.maximum(count - 1, 1))
        empty = count == 0
        low, high = (
            ends.astype(np.float64)
            for ends in (np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts))
        )
        for statistic in (std, low, high):
            statistic[empty] = np.nan
        return count, mean, std, low, high


class RunningStatistics:
    """Statistics per group, kept up while rows come in: what a question costs then are groups, not rows.

    Every part brings deviations from its own mean, which are put together as in Chan et al. (1979), so that a large mean
    costs no precision.
    """

    def __init__(self) -> None:
        self._count = np.zeros(0, np.int64)
        self._mean, self._squares = np.zeros(0), np.zeros(0)
        self._low, self._high = np.zeros(0, np.float32), np.zeros(0, np.float32)

    def add(self, values: Array, codes: Array, groups: int) -> None:
        """Take in the finite `values` (B,) float32 of `codes` (B,) in 0 .. groups-1; a negative code belongs to none."""
        self._grow(groups)
        kept = np.isfinite(values) & (codes >= 0)
        if not kept.all():
            values, codes = values[kept], codes[kept]
        if groups > max(1024, values.size):  # of many groups most have no row in a part
            present, local = np.unique(codes, return_inverse=True)
        else:
            present, local = np.arange(groups), codes
        local = local.astype(np.intp, copy=False)
        at = local if present.size == groups else codes
        _extend(self._low, at, values, np.less, np.minimum, np.max)
        _extend(self._high, at, values, np.greater, np.maximum, np.min)
        count = np.bincount(local, minlength=present.size)
        deviation = values.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(local, deviation, minlength=present.size) / count
        deviation -= mean.take(local)
        deviation *= deviation
        squares = np.bincount(local, deviation, minlength=present.size)
        some = np.flatnonzero(count)
        self._merge(present[some], count[some], mean[some], squares[some])

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        parts = (self._count, self._mean, self._squares, self._low, self._high)
        return sum(part.nbytes for part in parts)

    def statistics(self) -> GroupStatistics:
        """Return what has come so far."""
        none = self._count == 0
        spread = np.sqrt(self._squares / np.maximum(self._count - 1, 1))
        found = [self._mean.copy(), spread, self._low.astype(np.float64), self._high.astype(np.float64)]
        for each in found:
            each[none] = np.nan
        return GroupStatistics(self._count.copy(), *found)

    def _merge(self, at: Array, count: Array, mean: Array, squares: Array) -> None:
        before = self._count[at]
        total = before + count
        distance = mean - self._mean[at]
        self._mean[at] += distance * (count / total)
        self._squares[at] += squares + distance * distance * (before * (count / total))
        self._count[at] = total

    def _grow(self, groups: int) -> None:
        more = groups - self._count.size
        if more > 0:
            self._count = np.append(self._count, np.zeros(more, np.int64))
            self._mean, self._squares = (np.append(a, np.zeros(more)) for a in (self._mean, self._squares))
            self._low = np.append(self._low, np.full(more, np.inf, np.float32))
            self._high = np.append(self._high, np.full(more, -np.inf, np.float32))


def _extend(ends: Array, at: Array, values: Array, beyond: Any, further: Any, nearest: Any) -> None:
    """Move the lowest (or highest) values of groups, `ends`, where rows lie beyond; after the first rows few do."""
    rows = np.flatnonzero(beyond(values, nearest(ends)))
    if rows.size > values.size // 8:  # groups without rows yet let every row through
        rows = np.flatnonzero(beyond(values, ends.take(at)))
    if rows.size:
        further.at(ends, at[rows], values[rows])


def group_quantiles(values: Array, codes: Array, groups: int, probabilities: tuple[float, ...]) -> Array:
    """Quantiles (Q, G) of the finite values per code, linear between neighbours as in `numpy.quantile`."""
    kept = np.flatnonzero(np.isfinite(values) & (codes >= 0))
    order = kept[np.lexsort((values[kept], codes[kept]))]
    x = values[order].astype(np.float64)
    count = np.bincount(codes[kept], minlength=groups)[:groups]
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    found = np.full((len(probabilities), groups), np.nan)
    some = count > 0
    for row, p in enumerate(probabilities):
        at = first[some] + p * (count[some] - 1)
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, (first + count - 1)[some])
        found[row, some] = x[below] + (at - below) * (x[above] - x[below])
    return found


def merge(parts: GroupStatistics, codes: list[int]) -> tuple[int, float, float, float, float]:
    """Count, mean, standard deviation, min and max of several groups taken as one."""
    n = parts.count[codes].astype(np.float64)
    total = float(n.sum())
    if total == 0:
        return 0, np.nan, np.nan, np.nan, np.nan
    some = n > 0
    n, mean, std = n[some], parts.mean[codes][some], parts.std[codes][some]
    centre = float((n * mean).sum() / total)
    squares = float((std**2 * (n - 1)).sum() + (n * (mean - centre) ** 2).sum())
    low, high = float(parts.min[codes][some].min()), float(parts.max[codes][some].max())
    return int(total), centre, float(np.sqrt(squares / max(total - 1, 1))), low, high
