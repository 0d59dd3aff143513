"""Scores of instances made of their columns: T columns (N,) in, one column (N,) float64 out.

All but the changes of rank look at one instance at a time, so they are computed block by block: a block of all epochs
stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Columns = Sequence[Array]
BLOCK = 1 << 14
RECENT = 5
"""How many epochs the recent mean is taken over."""
LEARNT = float(np.log(2.0))
"""A cross-entropy below this means more than half of the probability on the label: it was predicted for certain."""


def blockwise(score: Callable[[Columns], Any], columns: Columns, outputs: int = 1) -> Array:
    """Compute a score (or several at once, outputs first) block by block."""
    size = columns[0].shape[0] if columns else 0
    found = np.full((outputs, size), np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for start in range(0, size, BLOCK):
            part = score([c[start : start + BLOCK] for c in columns])
            found[:, start : start + BLOCK] = part
    return found[0] if outputs == 1 else found


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
    return np.asarray(total / count)


def recent(columns: Columns) -> Array:
    """Mean over the last five epochs."""
    return mean(columns[-RECENT:])


def last(columns: Columns) -> Array:
    """Give each instance's last finite value."""
    found = np.full(columns[0].shape, np.nan)
    for column in columns:
        np.copyto(found, column, where=np.isfinite(column))
    return found


def spread(columns: Columns) -> Array:
    """Give the standard deviation over the epochs (population, as in dataset cartography)."""
    centre = mean(columns)
    squares, count = np.zeros(centre.shape), np.zeros(centre.shape)
    for column in columns:
        finite = np.isfinite(column)
        squares += np.where(finite, column - centre, 0) ** 2
        count += finite
    return np.asarray(np.sqrt(squares / count))


def lowest(columns: Columns) -> Array:
    """Smallest value."""
    found = columns[0].astype(np.float64)
    for column in columns[1:]:
        np.fmin(found, column, out=found)
    return found


def highest(columns: Columns) -> Array:
    """Largest value."""
    found = columns[0].astype(np.float64)
    for column in columns[1:]:
        np.fmax(found, column, out=found)
    return found


def seen(columns: Columns) -> Array:
    """In how many epochs an instance has a finite value."""
    count = np.zeros(columns[0].shape)
    for column in columns:
        count += np.isfinite(column)
    return count


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


def cartography(columns: Columns) -> tuple[Array, Array]:
    """Mean and standard deviation of the probability of the label, exp(-loss) of a cross-entropy."""
    probabilities = [np.exp(-c) for c in columns]
    return mean(probabilities), spread(probabilities)


def learning(columns: Columns, epochs: Sequence[int]) -> tuple[Array, Array, Array]:
    """Correctness, forgetting events and first epoch learnt of a cross-entropy.

    Learnt means more than half of the probability on the label: certainly the prediction, so that without logits the
    correctness is a lower bound. An event is an epoch that is not so after one that was (Toneva et al., 2019).
    """
    shape = columns[0].shape
    correct, judged, events = (
        np.zeros(shape, np.uint16),
        np.zeros(shape, np.uint16),
        np.zeros(shape, np.uint16),
    )
    first, was = np.full(shape, np.nan), np.zeros(shape, bool)
    for column, epoch in zip(columns, epochs, strict=True):
        known = ~np.isnan(column)
        learnt = column < LEARNT
        judged += known
        correct += learnt
        events += was & known & ~learnt
        first[learnt & np.isnan(first)] = epoch
        was = learnt | (was & ~known)
    share = np.where(judged > 0, correct, np.nan) / judged
    return share, np.where(judged > 0, events, np.nan), first


OF_COLUMNS: dict[str, Callable[[Columns], Array]] = {
    "mean": mean,
    "last": last,
    "recent": recent,
    "std": spread,
    "min": lowest,
    "max": highest,
    "seen": seen,
}
"""Scores that any metric has."""
LOW_IS_HARD = frozenset({"aum", "confidence", "correctness"})
"""Scores of which the lowest values are the hardest instances."""
