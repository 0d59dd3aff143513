"""Scores that rank instances: functions of a stream's columns, (N,) in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def mean(columns: Sequence[Array]) -> Array:
    """Mean of each instance's finite values over the epochs."""
    total, count = _sum_and_count(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / count)


def last(columns: Sequence[Array]) -> Array:
    """Each instance's last finite value."""
    found = np.full(columns[0].shape, np.nan)
    missing = np.ones(columns[0].shape, bool)
    for column in reversed(columns):
        take = missing & np.isfinite(column)
        found[take] = column[take]
        missing &= ~take
        if not missing.any():
            break
    return found


def recent(columns: Sequence[Array], epochs: int = 5) -> Array:
    """Mean over the last five epochs."""
    return mean(columns[-epochs:])


def variability(columns: Sequence[Array]) -> Array:
    """Give the population standard deviation over the epochs; NaN where an instance was seen once only."""
    total, count = _sum_and_count(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = total / count
        squares = np.zeros(columns[0].shape)
        for column in columns:
            finite = np.isfinite(column)
            squares[finite] += (column[finite] - centre[finite]) ** 2
        found = np.sqrt(squares / count)
    found[count < 2] = np.nan
    return np.asarray(found)


def lowest(columns: Sequence[Array]) -> Array:
    """Smallest value."""
    found = np.asarray(columns[0], np.float64).copy()
    for column in columns[1:]:
        np.fmin(found, column, out=found)
    return found


def highest(columns: Sequence[Array]) -> Array:
    """Largest value."""
    found = np.asarray(columns[0], np.float64).copy()
    for column in columns[1:]:
        np.fmax(found, column, out=found)
    return found


def rank_change(columns: Sequence[Array]) -> Array:
    """By how many places an instance moved between the last two epochs, as a share of all; positive is harder."""
    if len(columns) < 2:
        return np.full(columns[0].shape, np.nan)
    return ranks(columns[-1]) - ranks(columns[-2])


def ranks(values: Array) -> Array:
    """Rank of each finite value in [0, 1], 0 the smallest; NaN stays."""
    finite = np.flatnonzero(np.isfinite(values))
    found = np.full(values.shape, np.nan)
    order = np.argsort(values[finite], kind="stable")
    found[finite[order]] = np.arange(finite.size) / max(finite.size - 1, 1)
    return found


def top(scores: Array, places: Array, n: int) -> Array:
    """Find the `n` places with the largest scores, largest first, equal ones by their places; NaN left out."""
    values = scores[places]
    kept = np.flatnonzero(~np.isnan(values))
    n = min(n, kept.size)
    if n == 0:
        return np.zeros(0, np.int64)
    values = values[kept]
    threshold = np.partition(values, kept.size - n)[kept.size - n]
    above = np.flatnonzero(values > threshold)
    level = np.flatnonzero(values == threshold)[: n - above.size]
    chosen = np.concatenate([above, level])
    chosen = chosen[np.lexsort((chosen, -values[chosen]))]
    return np.asarray(places[kept[chosen]])


def _sum_and_count(columns: Sequence[Array]) -> tuple[Array, Array]:
    total, count = np.zeros(columns[0].shape), np.zeros(columns[0].shape, np.int32)
    for column in columns:
        finite = np.isfinite(column)
        if finite.all():
            total += column
            count += 1
        else:
            total[finite] += column[finite]
            count += finite
    return total, count


OF_COLUMNS: dict[str, Callable[[Sequence[Array]], Array]] = {
    "mean": mean,
    "last": last,
    "recent": recent,
    "variability": variability,
    "rank_change": rank_change,
    "min": lowest,
    "max": highest,
}
LOW_IS_HARD = frozenset({"margin", "aum", "confidence", "correctness"})
"""Scores of which the lowest values are the hardest instances."""
