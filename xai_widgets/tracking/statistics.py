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


def group_statistics(values: Array, codes: Array, groups: int) -> GroupStatistics:
    """Statistics of the finite `values` (N,) per code (N,) in 0 .. groups-1; a negative code belongs to none.

    The deviations are taken from the mean in a second pass, so that a large mean costs no precision.
    """
    kept = np.isfinite(values)
    kept &= codes >= 0
    if kept.all():
        x, g = values.astype(np.float64), codes
    else:
        x, g = values[kept].astype(np.float64), codes[kept]
    count = np.bincount(g, minlength=groups)[:groups]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(g, weights=x, minlength=groups)[:groups] / count
        deviation = x - mean[g]
        deviation *= deviation
        std = np.sqrt(np.bincount(g, weights=deviation, minlength=groups)[:groups] / np.maximum(count - 1, 1))
    std[count == 0] = np.nan
    low, high = group_range(x, g, groups)
    return GroupStatistics(count, mean, std, low, high)


def group_range(x: Array, g: Array, groups: int) -> tuple[Array, Array]:
    """Smallest and largest of `x` per code; NaN for an empty group."""
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, g, x)
    np.maximum.at(high, g, x)
    return np.where(np.isinf(low) & (low > 0), np.nan, low), np.where(
        np.isinf(high) & (high < 0), np.nan, high
    )


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
