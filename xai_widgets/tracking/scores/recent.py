"""Scores that look at a few of the last columns only: columns (N,) in, one column (N,) float64 out.

Those of all epochs are kept up by `running`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Columns = Sequence[Array]
RECENT = 5
"""How many epochs the recent mean is taken over."""


def mean(columns: Columns) -> Array:
    """Mean of each instance's finite values."""
    total = np.zeros(columns[0].shape)
    for column in columns:
        total += column
    if np.isfinite(total).all():
        return total / len(columns)
    total[:] = 0
    count = np.zeros(columns[0].shape)
    for column in columns:
        finite = np.isfinite(column)
        np.add(total, column, out=total, where=finite)
        count += finite
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / count)


def recent(columns: Columns) -> Array:
    """Mean over the last five epochs."""
    return mean(columns[-RECENT:])


def rank_change(columns: Columns) -> Array:
    """By how much of the ranking an instance moved between its last two epochs, in [-1, 1]; positive is upwards."""
    if len(columns) < 2:
        return np.full(columns[0].shape if columns else (0,), np.nan)
    return ranks(columns[-1]) - ranks(columns[-2])


def ranks(values: Array) -> Array:
    """Rank of each finite value in [0, 1], 0 the smallest; equal values share their mean rank; NaN stays."""
    finite = np.flatnonzero(np.isfinite(values))
    found = np.full(values.shape, np.nan)
    if finite.size:
        x = values[finite]
        order = np.argsort(x)
        ordered = x[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        length = np.diff(np.append(first, finite.size))
        found[finite[order]] = np.repeat(first + (length - 1) / 2, length) / max(finite.size - 1, 1)
    return found


OF_COLUMNS = ("mean", "last", "recent", "std", "min", "max", "seen")
"""Scores that any metric has."""
AS_METRIC = frozenset({"mean", "last", "recent", "min", "max", "rank_change", "never_learnt"})
"""Scores of which the hard end is that of the metric they are made of."""
LOW_IS_HARD = frozenset({"aum", "confidence", "correctness"})
"""Scores of which the lowest values are the hardest instances."""
