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
