"""Scores of instances kept up from epoch to epoch, so that asking again costs one column however long the run.

An epoch that has ended is folded once for those who ask after every epoch (a question asked once keeps nothing); one
that is open is folded into a copy for every question. What was folded is remembered by its stamp: after late rows, or
where an epoch was thinned out, everything is folded anew. Block by block, so that a block of all arrays stays in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store.epoch_column import Column

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
BLOCK = 1 << 14
LEARNT = float(np.log(2.0))
"""A cross-entropy below this means more than half of the probability on the label: it was predicted for certain."""


@dataclass(frozen=True)
class Rule:
    """How a score is kept up.

    Attributes
    ----------
    arrays
        {name: (type, value before the first epoch)} of what is kept per instance.
    fold
        Called with (arrays, values, epoch) of a block.
    result
        Makes new float64 arrays (N,), NaN where there is no score, of what is kept.
    """

    arrays: Mapping[str, tuple[type, float]]
    fold: Callable[[Arrays, Array, int], None]
    result: Callable[[Arrays], tuple[Array, ...]]


@dataclass
class _Kept:
    size: int = 0
    arrays: Arrays = field(default_factory=dict)
    stamps: list[tuple[int, int]] = field(default_factory=list)


class Running:
    """Running scores of one metric of one stream."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(array.nbytes for kept in self._kept.values() for array in kept.arrays.values())

    def result(self, name: str, columns: Mapping[int, Column], size: int, keep: bool) -> tuple[Array, ...]:
        """Return what a rule makes of all columns.

        Parameters
        ----------
        name
            A key of `RULES`.
        columns
            {epoch: column}.
        size
            Number of instances N.
        keep
            Whether what was folded is kept for the next time: 4 to 18 bytes per instance.
        """
        rule, epochs = RULES[name], sorted(columns)
        ended = next((i for i, e in enumerate(epochs) if not columns[e].closed), len(epochs))
        stamps = [(e, columns[e].changes) for e in epochs[:ended]]
        kept = self._kept.get(name)
        if kept is None or kept.stamps != stamps[: len(kept.stamps)]:
            kept = _Kept()
        if keep:
            self._kept[name] = kept
        _grow(kept, rule, size)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for epoch in epochs[len(kept.stamps) : ended]:
                _fold(rule, kept.arrays, columns[epoch], epoch, size)
            kept.stamps = stamps
            arrays = kept.arrays
            if ended < len(epochs):
                arrays = {key: values.copy() for key, values in arrays.items()}
                for epoch in epochs[ended:]:
                    _fold(rule, arrays, columns[epoch], epoch, size)
            return rule.result(arrays)


def _grow(kept: _Kept, rule: Rule, size: int) -> None:
    if kept.arrays and kept.size == size:
        return
    for name, (kind, start) in rule.arrays.items():
        new: Array = np.full(size, start, kind)
        if name in kept.arrays:
            new[: kept.size] = kept.arrays[name]
        kept.arrays[name] = new
    kept.size = size


def _fold(rule: Rule, arrays: Arrays, column: Column, epoch: int, size: int) -> None:
    values = column.values[:size]
    for start in range(0, values.shape[0], BLOCK):
        part = values[start : start + BLOCK]
        stop = start + part.shape[0]
        rule.fold({name: array[start:stop] for name, array in arrays.items()}, part, epoch)


def _add(s: Arrays, x: Array, _epoch: int) -> None:
    finite = np.isfinite(x)
    if finite.all():
        s["total"] += x
        s["count"] += 1
    else:
        np.add(s["total"], x, out=s["total"], where=finite)
        s["count"] += finite


def _mean(s: Arrays) -> tuple[Array, ...]:
    return s["total"] / s["count"], s["count"].astype(np.float64)


def _lower(s: Arrays, x: Array, _epoch: int) -> None:
    np.fmin(s["value"], x, out=s["value"])


def _raise(s: Arrays, x: Array, _epoch: int) -> None:
    np.fmax(s["value"], x, out=s["value"])


def _replace(s: Arrays, x: Array, _epoch: int) -> None:
    np.copyto(s["value"], x, where=np.isfinite(x))


def _value(s: Arrays) -> tuple[Array, ...]:
    return (s["value"].astype(np.float64),)


def _deviate(s: Arrays, x: Array, _epoch: int) -> None:
    """Welford's update of mean and squared deviations: one sweep, and a constant has no spread."""
    finite = np.isfinite(x)
    if finite.all():
        s["count"] += 1
    else:
        s["count"] += finite
        x = np.where(finite, x, s["mean"])
    distance = x - s["mean"]
    s["mean"] += distance / np.maximum(s["count"], 1)
    s["squares"] += distance * (x - s["mean"])


def _spread(s: Arrays) -> tuple[Array, ...]:
    """Mean and standard deviation over the epochs (population, as in dataset cartography)."""
    return np.where(s["count"] > 0, s["mean"], np.nan), np.sqrt(s["squares"] / s["count"])


def _of_probability(s: Arrays, x: Array, epoch: int) -> None:
    _deviate(s, np.exp(-x.astype(np.float32, copy=False)), epoch)


def _learn(s: Arrays, x: Array, epoch: int) -> None:
    """Learnt means more than half of the probability on the label; an event is an epoch that is not so after one that was."""
    known, learnt = ~np.isnan(x), x < LEARNT
    s["judged"] += known
    s["correct"] += learnt
    s["events"] += s["was"] & known & ~learnt
    s["first"][learnt & (s["first"] < 0)] = epoch
    s["was"][:] = learnt | (s["was"] & ~known)


def _learning(s: Arrays) -> tuple[Array, ...]:
    """Correctness, forgetting events (Toneva et al., 2019) and first epoch learnt."""
    judged = s["judged"] > 0
    return (
        np.where(judged, s["correct"] / s["judged"].astype(np.float64), np.nan),
        np.where(judged, s["events"].astype(np.float64), np.nan),
        np.where(s["first"] >= 0, s["first"].astype(np.float64), np.nan),
    )


_SPREAD = {"count": (np.uint16, 0.0), "mean": (np.float64, 0.0), "squares": (np.float64, 0.0)}
_VALUE = {"value": (np.float32, np.nan)}
_LEARNING = {
    "judged": (np.uint16, 0.0),
    "correct": (np.uint16, 0.0),
    "events": (np.uint16, 0.0),
    "first": (np.int32, -1.0),
    "was": (np.bool_, 0.0),
}
RULES: Mapping[str, Rule] = {
    "mean": Rule({"count": (np.uint16, 0.0), "total": (np.float64, 0.0)}, _add, _mean),
    "min": Rule(_VALUE, _lower, _value),
    "max": Rule(_VALUE, _raise, _value),
    "last": Rule(_VALUE, _replace, _value),
    "std": Rule(_SPREAD, _deviate, _spread),
    "cartography": Rule(_SPREAD, _of_probability, _spread),
    "learning": Rule(_LEARNING, _learn, _learning),
}
"""Mean and count; lowest; highest; last; mean and spread; those of exp(-value); what a cross-entropy says was learnt."""
