"""Scores that every metric has: mean, last, recent, spread, extremes, epochs seen, change of rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.scores.registry import Score, register
from xai_widgets.tracking.scores.scorer import Scorer

Array = npt.NDArray[Any]
Columns = Sequence[Array]


def mean(columns: Columns) -> Array:
    """Return the mean of each instance's finite values."""
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


def by_badness(scorer: Scorer, values: Array) -> tuple[Array, Array | None]:
    """Of equal ones the one with the worse mean is harder."""
    return values, scorer.badness()


def _of_rule(rule: str, part: int = 0) -> Any:
    def compute(scorer: Scorer) -> Array:
        return scorer.running(rule)[part]

    return compute


register(Score("mean", _of_rule("mean"), hardest="metric", unit=None, text="mean {}"))
register(Score("last", _of_rule("last"), hardest="metric", unit=None, text="last {}"))
register(Score("recent", lambda s: mean(s.columns), hardest="metric", unit=None, text="recent {}"))
register(Score("std", _of_rule("std", 1), unit=None, text="spread of {}"))
register(Score("min", _of_rule("min"), hardest="metric", unit=None, text="lowest {}"))
register(Score("max", _of_rule("max"), hardest="metric", unit=None, text="highest {}"))
register(Score("seen", _of_rule("mean", 1), ties=by_badness, text="epochs seen"))
register(
    Score(
        "rank_change",
        lambda s: rank_change(s.columns),
        hardest="metric",
        range=(-1.0, 1.0),
        text="rank change",
        aliases=("moved",),
    )
)
