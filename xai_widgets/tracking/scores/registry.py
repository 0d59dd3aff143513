"""All scores of one metric of one stream, each computed once however many others need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import Metric
from xai_widgets.tracking.scores import recent
from xai_widgets.tracking.scores.label_errors import label_error
from xai_widgets.tracking.store.stream import Stream

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
    "wrong",
    "aum",
    "el2n",
    "entropy",
    "label_error",
)
_ALIASES = {"margin": "aum", "moved": "rank_change"}
_FROM_LOGITS = ("aum", "el2n", "entropy")
_FROM_PREDICTIONS = ("wrong",)
_TIED = ("wrong", "forgetting", "never_learnt", "first_learnt", "correctness", "seen")


def score_name(by: str) -> str:
    """Resolve an alias; raise ValueError for an unknown score."""
    name = _ALIASES.get(by, by)
    if name not in SCORES:
        raise ValueError(f"unknown score {by!r}; one of {', '.join((*SCORES, *_ALIASES))}")
    return name


class Scorer:
    """Scores (N,) float64 by place, NaN where an instance has none; for one question, then thrown away.

    Parameters
    ----------
    keep
        Whether the stream keeps what the next question after an epoch can build on.
    """

    def __init__(self, stream: Stream, definition: Metric, keep: bool = False) -> None:
        self._stream, self._definition, self._keep = stream, definition, keep
        self._metric = metric = definition.name
        self._size = stream.instances.size
        self._epochs = sorted(stream.columns.get(metric, ()))
        self._columns = [stream.columns[metric][e].padded(self._size) for e in self._epochs[-recent.RECENT :]]
        self._online = frozenset() if stream.dynamics is None else stream.dynamics.available()
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
        tie = self._definition.hardness(self.get("mean"))
        if name == "correctness":
            return values, -tie
        if name == "never_learnt":
            return np.where(values == 1, self.get("mean"), np.nan), None
        if name in ("forgetting", "first_learnt"):
            values = np.where(self.get("never_learnt") == 1, np.inf, values)
        return values, tie

    def available(self) -> list[str]:
        """Names of the scores that what was recorded allows."""
        return [name for name in SCORES if self._can(name)]

    def _can(self, name: str) -> bool:
        if name in recent.OF_COLUMNS or name in ("rank_change", "label_error") or name in self._online:
            return True
        if name in (*_FROM_LOGITS, *_FROM_PREDICTIONS):
            return False
        return ("correctness" in self._online and name.endswith("_learnt")) or self._is_cross_entropy()

    def _compute(self, name: str) -> Array:
        if name == "recent":
            return recent.recent(self._columns)
        if name in ("mean", "seen"):
            self._found["mean"], self._found["seen"] = self._running("mean")
            return self._found[name]
        if name == "std":
            return self._running("std")[1]
        if name in recent.OF_COLUMNS:
            return self._running(name)[0]
        if name == "rank_change":
            return recent.rank_change(self._columns)
        if name == "label_error":
            return label_error(self._definition.hardness(self.get("mean")), self._stream.all_label_codes())
        if name == "never_learnt":
            judged = self.get("correctness")
            return np.where(np.isnan(judged), np.nan, np.isnan(self.get("first_learnt")))
        if name in self._online and self._stream.dynamics is not None:
            return self._stream.dynamics.score(name, self._size)
        if name == "first_learnt" and "correctness" in self._online:
            return np.full(self._size, np.nan)
        return self._of_loss(name)

    def _of_loss(self, name: str) -> Array:
        mode = self._stream.mode
        if name in _FROM_LOGITS:
            raise ValueError(
                f"{name} needs logits: record(index, label, loss=..., logits=...) in mode {mode!r}"
            )
        if name in _FROM_PREDICTIONS:
            raise ValueError(
                f"{name} needs logits or predictions: record(index, label, loss=..., prediction=...) in mode {mode!r}"
            )
        if not self._is_cross_entropy():
            raise ValueError(
                f"{name} needs logits, or a cross-entropy: {self._metric!r} {self._why_no_cross_entropy()} in mode {mode!r}"
            )
        if name in ("confidence", "variability"):
            names: tuple[str, ...] = ("confidence", "variability")
            found = self._running("cartography")
        else:
            names = ("correctness", "forgetting", "first_learnt")
            found = self._running("learning")
        self._found.update(zip(names, found, strict=True))
        return self._found[name]

    def _running(self, rule: str) -> tuple[Array, ...]:
        columns = self._stream.columns.get(self._metric, {})
        return self._stream.running_of(self._metric).result(rule, columns, self._size, self._keep)

    def _is_cross_entropy(self) -> bool:
        return not self._why_no_cross_entropy()

    def _why_no_cross_entropy(self) -> str:
        if self._definition.better == "high":
            return "is better the higher it is"
        return "has negative values" if bool((self.get("min") < 0).any()) else ""
