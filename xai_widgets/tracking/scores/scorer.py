"""All scores of one metric of one stream, each computed once however many others need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import Metric
from xai_widgets.tracking.scores.registry import EVIDENCE, Score, all_scores, score_named
from xai_widgets.tracking.store.stream import Stream

Array = npt.NDArray[Any]
_EITHER = frozenset({"probability", "judgement"})  # evidence that a cross-entropy gives as well
RECENT = 5
"""How many of the last columns are at hand, and how many epochs the recent mean is taken over."""


class Scorer:
    """Scores (N,) float64 by place, NaN where an instance has none; for one question, then thrown away.

    Parameters
    ----------
    stream
        What was recorded of one data set in one mode.
    metric
        What the scores are made of, and which end of it is bad.
    keep
        Whether the stream keeps what the next question after an epoch can build on.

    Attributes
    ----------
    size
        Number of instances N.
    epochs
        Epochs the metric has a column of, in order.
    columns
        The last five columns (N,), the newest last.
    shared
        What several scores are made of, by a name of one's own: it is computed once.
    """

    def __init__(self, stream: Stream, metric: Metric, keep: bool = False) -> None:
        self.stream, self.metric, self._keep = stream, metric, keep
        self.size = stream.instances.size
        self.epochs = sorted(stream.columns.get(metric.name, ()))
        self.columns = [self.column(epoch) for epoch in self.epochs[-RECENT:]]
        self._online = frozenset() if stream.dynamics is None else stream.dynamics.available()
        self.shared: dict[str, object] = {}
        self._values: dict[str, Array] = {}
        self._folded: dict[str, tuple[Array, ...]] = {}

    def get(self, name: str) -> Array:
        """Return a score by its name.

        Raises
        ------
        ValueError
            When it is unknown, or needs what was not recorded.
        """
        score = score_named(name)
        values = self._values.get(score.name)
        if values is None:
            missing = self.missing(score)
            if missing:
                raise ValueError(missing)
            values = np.asarray(score.compute(self))
            if values.shape != (self.size,):
                raise ValueError(
                    f"score {score.name!r} has shape {values.shape}; ({self.size},) is expected, one value per instance"
                )
            self._values[score.name] = values
        return values

    def ranked(self, name: str) -> tuple[Array, Array | None]:
        """Return the values to rank by, and what decides between equal ones."""
        score, values = score_named(name), self.get(name)
        return (values, None) if score.ties is None else score.ties(self, values)

    def lowest_is_hardest(self, name: str) -> bool:
        """Whether the hardest instances have the lowest values of a score."""
        hardest = score_named(name).hardest
        return hardest == "low" or (hardest == "metric" and self.metric.better == "high")

    def available(self) -> tuple[str, ...]:
        """Return the names of the scores that what was recorded allows."""
        return tuple(score.name for score in all_scores() if not self.missing(score))

    def missing(self, score: Score) -> str:
        """Say what a score needs that was not recorded, "" where nothing is missing."""
        if not score.needs and not self.epochs:
            return f"{score.name} needs {self.metric.name!r}, which was not recorded in mode {self.stream.mode!r}"
        for need in score.needs:
            if need not in EVIDENCE:
                found = self.missing(score_named(need))
                if found:
                    return found
            elif not self._has(need):
                why = f": {self.metric.name!r} {self._no_cross_entropy()}" if need in _EITHER else ""
                return f"{score.name} {EVIDENCE[need]}{why} in mode {self.stream.mode!r}"
        return ""

    def online(self, name: str) -> Array | None:
        """Return what was kept up from logits or predictions (confidence, correctness, ...), None where there is none."""
        if name not in self._online or self.stream.dynamics is None:
            return None
        return self.stream.dynamics.score(name, self.size)

    def running(self, rule: str) -> tuple[Array, ...]:
        """Return what a rule of `store.incremental_scores` makes of all columns: "mean" gives (mean, epochs seen), ..."""
        if rule not in self._folded:
            columns = self.stream.columns.get(self.metric.name, {})
            running = self.stream.running_of(self.metric.name)
            self._folded[rule] = running.result(rule, columns, self.size, self._keep)
        return self._folded[rule]

    def column(self, epoch: int) -> Array:
        """Return the values (N,) of the metric in an epoch, NaN where an instance was not seen."""
        return self.stream.columns[self.metric.name][epoch].padded(self.size)

    def label_codes(self) -> Array:
        """Return the label codes (N,), -1 where an instance has no label."""
        return self.stream.all_label_codes()

    def badness(self, name: str = "mean") -> Array:
        """Return a score turned so that the largest is the worst, whichever end of the metric is bad."""
        return self.metric.hardness(self.get(name))

    def is_cross_entropy(self) -> bool:
        """Whether the metric may be a cross-entropy: never negative, and better the lower it is."""
        return not self._no_cross_entropy()

    def _has(self, evidence: str) -> bool:
        kept = {
            "logits": "el2n",
            "predictions": "wrong",
            "probability": "confidence",
            "judgement": "correctness",
        }
        return kept[evidence] in self._online or (evidence in _EITHER and not self._no_cross_entropy())

    def _no_cross_entropy(self) -> str:
        """Say why the metric is no cross-entropy; "" where it may be one."""
        if not self.epochs:
            return "was not recorded"
        if self.metric.better == "high":
            return "is better the higher it is"
        return "has negative values" if bool((self.running("min")[0] < 0).any()) else ""
