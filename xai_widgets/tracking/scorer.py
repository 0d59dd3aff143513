"""All scores of one metric of one stream, each computed once however many others need it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking import scores
from xai_widgets.tracking.mislabelled import label_error
from xai_widgets.tracking.stream import Stream

Array = npt.NDArray[Any]
SCORES = (
    "mean",
    "last",
    "recent",
    "std",
    "min",
    "max",
    "seen",
    "rank_change",
    "confidence",
    "variability",
    "correctness",
    "forgetting",
    "first_learnt",
    "never_learnt",
    "aum",
    "el2n",
    "entropy",
    "label_error",
)
_ALIASES = {"margin": "aum", "moved": "rank_change"}
_FROM_LOGITS = ("aum", "el2n", "entropy")
_TIED = ("forgetting", "never_learnt", "first_learnt", "correctness", "seen")


def score_name(by: str) -> str:
    """Resolve an alias; raise ValueError for an unknown score."""
    name = _ALIASES.get(by, by)
    if name not in SCORES:
        raise ValueError(f"unknown score {by!r}; one of {', '.join((*SCORES, *_ALIASES))}")
    return name


class Scorer:
    """Scores (N,) float64 by place, NaN where an instance has none; for one question, then thrown away."""

    def __init__(self, stream: Stream, metric: str) -> None:
        self._stream, self._metric = stream, metric
        self._size = stream.instances.size
        self._epochs = sorted(stream.columns.get(metric, ()))
        self._columns = [stream.columns[metric][e].padded(self._size) for e in self._epochs]
        self._online = {} if stream.dynamics is None else stream.dynamics.scores(self._size)
        self._found: dict[str, Array] = {}

    def get(self, name: str) -> Array:
        """One score.

        Raises
        ------
        ValueError
            When it needs logits, or a cross-entropy, and there is none.
        """
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._compute(name)
        return found

    def ranked(self, name: str) -> tuple[Array, Array | None]:
        """Values to rank by, and what decides between equal ones."""
        values = self.get(name)
        if name not in _TIED:
            return values, None
        tie = self.get("mean")
        if name == "correctness":
            return values, -tie
        if name == "never_learnt":
            return np.where(values == 1, tie, np.nan), None
        if name in ("forgetting", "first_learnt"):
            values = np.where(self.get("never_learnt") == 1, np.inf, values)
        return values, tie

    def available(self) -> list[str]:
        """Names of the scores that what was recorded allows."""
        return [name for name in SCORES if self._can(name)]

    def _can(self, name: str) -> bool:
        if name in scores.OF_COLUMNS or name in ("rank_change", "label_error") or name in self._online:
            return True
        if name in _FROM_LOGITS:
            return False
        return ("correctness" in self._online and name.endswith("_learnt")) or self._is_cross_entropy()

    def _compute(self, name: str) -> Array:
        if name in scores.OF_COLUMNS:
            return scores.blockwise(scores.OF_COLUMNS[name], self._columns)
        if name == "rank_change":
            return scores.rank_change(self._columns)
        if name == "label_error":
            codes = self._stream.label_codes(np.arange(self._size))
            return label_error(self.get("mean"), codes)
        if name == "never_learnt":
            judged = self.get("correctness")
            return np.where(np.isnan(judged), np.nan, np.isnan(self.get("first_learnt")))
        if name in self._online:
            return self._online[name].astype(np.float64)
        if name == "first_learnt" and "correctness" in self._online:
            return np.full(self._size, np.nan)
        return self._of_loss(name)

    def _of_loss(self, name: str) -> Array:
        mode = self._stream.mode
        if name in _FROM_LOGITS:
            raise ValueError(
                f"{name} needs logits: record(index, label, loss=..., logits=...) in mode {mode!r}"
            )
        if not self._is_cross_entropy():
            raise ValueError(
                f"{name} needs logits, or a cross-entropy: {self._metric!r} has negative values in mode {mode!r}"
            )
        if name in ("confidence", "variability"):
            names: tuple[str, ...] = ("confidence", "variability")
            found = scores.blockwise(scores.cartography, self._columns, 2)
        else:
            names = ("correctness", "forgetting", "first_learnt")
            found = scores.blockwise(partial(scores.learning, epochs=self._epochs), self._columns, 3)
        self._found.update(zip(names, found, strict=True))
        return self._found[name]

    def _is_cross_entropy(self) -> bool:
        lowest = self.get("min")
        return not bool((lowest < 0).any())
