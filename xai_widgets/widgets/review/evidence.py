"""What is known of an instance that somebody has to decide on: its scores, its history, its neighbours. No widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import number, probability
from xai_widgets.tracking.queries.suspects import Suspects
from xai_widgets.widgets.instance_map.score_source import Index, Source, score_text
from xai_widgets.widgets.view.formatting import clean, epoch_axis, index_text, key_of, thin_out, value_axis

SOURCES: Final = {
    "suspected": "suspected label errors",
    "likely": "most likely wrong",
    "hardest": "hardest",
    "wrong": "predicted wrongly",
    "chosen": "chosen",
}
"""Where the queue comes from, and how it is said."""
_RANKED: Final = {"likely": "label_error", "hardest": "mean", "wrong": "wrong"}
_MOST: Final = 2000  # of a ranking
_PLANE: Final = (("confidence", "variability"), ("mean", "std"))
_NEIGHBOURS: Final = 3
_COLUMNS: Final = 120


class Evidence:
    """Reads what is known of the instances of one data set, once an epoch.

    Parameters
    ----------
    tracker, mode, ds_id
        What to look at.
    metric
        The loss.

    Attributes
    ----------
    nearest : tuple of int or str
        The neighbours on the card that was made last.
    """

    def __init__(self, tracker: Any, mode: str, ds_id: str | None, metric: str) -> None:
        self.tracker, self.mode, self.ds_id, self.metric = tracker, mode, ds_id, metric
        self._source = Source(tracker, mode, ds_id)
        self._scores: dict[str, npt.NDArray[Any] | None] = {}
        self._suspects: Suspects | None = None
        self._suggested: dict[Index, tuple[Any, float]] | None = None
        self.nearest: tuple[Index, ...] = ()

    def forget(self) -> None:
        """Read everything anew: an epoch has ended, or instances came in."""
        self._source.reload()
        self._scores.clear()
        self._suspects = self._suggested = None

    @property
    def size(self) -> int:
        """How many instances there are."""
        return self._source.n

    def knows(self, index: Index) -> bool:
        """Tell whether an instance was recorded."""
        return self._row(index) >= 0

    # ---- queues

    @property
    def suspects(self) -> Suspects:
        """The suspected label errors, the likeliest first."""
        if self._suspects is None:
            self._suspects = self.tracker.suspects(self.mode, metric=self.metric, ds_id=self.ds_id)
        return self._suspects

    def queue(self, source: str) -> tuple[tuple[Index, ...], str]:
        """Return the instances of a source that is no choice of somebody's, and where there are none, why."""
        if self.metric not in self.tracker.metrics(self.mode):
            return (), f"this waits for the first {clean(self.metric, 40)} in mode {clean(self.mode, 20)}"
        if source == "suspected" or (source == "likely" and self.suspects.waits):
            return self.suspects.index, "" if len(self.suspects) else clean(self.suspects.text, 200)
        try:
            hard, _ = self.tracker.extremes(
                self.metric, self.mode, ds_id=self.ds_id, n_max=_MOST, n_min=0, by=_RANKED[source]
            )
        except ValueError as missing:
            return (), clean(missing, 200)
        worth = zip(hard.index, hard.scores.tolist(), strict=True)
        return tuple(index for index, score in worth if source != "wrong" or score > 0), ""

    # ---- one instance

    def suggestion(self, index: Index) -> tuple[Any, float] | None:
        """Return the label that is likely to be right and its probability, of suspects; None elsewhere."""
        if self._suggested is None:
            found = self.suspects
            each = zip(found.index, found.suggested, found.suggested_probability.tolist(), strict=True)
            self._suggested = {name: (label, p) for name, label, p in each if label is not None}
        return self._suggested.get(index)

    def given(self, index: Index) -> Any:
        """Return the label an instance was given, whatever it was relabelled to since; None where it has none."""
        return self.tracker.label_of(index, self.mode, self.ds_id, given=True)

    def predicted(self, indices: Sequence[Index]) -> tuple[Any, ...]:
        """Return the last predictions; None where there is none."""
        return tuple(self.tracker.predictions(list(indices), self.mode, ds_id=self.ds_id)) if indices else ()

    def card(self, index: Index) -> dict[str, Any]:
        """Say what is known of an instance, as text and numbers for the browser."""
        suggestion, (predicted,) = self.suggestion(index), self.predicted([index])
        given = self.given(index)
        return {
            **self.brief(index, predicted),
            "knows": predicted is not None,
            "differs": predicted is not None and predicted != given,
            "wrong": self._said("label_error", index),
            "suggested": None if suggestion is None else self._suggested_said(*suggestion),
            "facts": self._facts(index),
            "history": self._history(index),
            "nearest": self._nearest(index),
        }

    def brief(self, index: Index, predicted: Any) -> dict[str, Any]:
        """Name an instance, its label and its prediction."""
        given = self.given(index)
        return {
            "key": key_of(index),
            "index": index_text(index),
            "given": "" if given is None else self.name(given),
            "predicted": "" if predicted is None else self.name(predicted),
        }

    def name(self, label: Any) -> str:
        """Write a label."""
        return clean(self.tracker.name_of(label), 120)

    def _suggested_said(self, label: Any, likely: float) -> dict[str, str]:
        return {"key": key_of(label), "name": self.name(label), "probability": probability(likely)}

    def _said(self, score: str, index: Index) -> str:
        value = self._value(score, index)
        return "" if value is None else probability(value)

    def _facts(self, index: Index) -> list[str]:
        """Say the scores that help to decide; those that were not recorded are left out."""
        said = []
        confidence, mean = self._value("confidence", index), self._value("mean", index)
        if confidence is not None and self.given(index) is not None:
            said.append(f"gave its label {probability(confidence)} on average")
        if mean is not None:
            unit = self.tracker.metric(self.metric).unit
            said.append(f"{score_text('mean', self.metric)} {number(mean)}{' ' + unit if unit else ''}")
        forgotten, never = self._value("forgetting", index), self._value("never_learnt", index)
        if never:
            said.append("never learnt")
        elif forgotten:
            said.append(f"forgotten {forgotten:.0f} time{'' if forgotten == 1 else 's'}")
        return said

    def _history(self, index: Index) -> dict[str, Any] | None:
        """Return the loss over the epochs, with the axes to draw it on; None where there is none."""
        if self.metric not in self.tracker.metrics(self.mode):
            return None
        series = self.tracker.instance_series([index], self.metric, self.mode, ds_id=self.ds_id)
        seen = np.flatnonzero(np.isfinite(series.values[0]))
        if not seen.size:
            return None
        kept = seen[thin_out(series.epochs[seen], _COLUMNS)]
        values = [float(f"{value:.5g}") for value in series.values[0, kept].tolist()]
        low, high, ticks = value_axis(min(values), max(values))
        first, last, epochs = epoch_axis(self.tracker.epochs, int(series.epochs[seen[-1]]))
        return {
            "name": clean(self.metric, 30),
            "unit": self.tracker.metric(self.metric).unit,
            "epochs": series.epochs[kept].tolist(),
            "values": values,
            "x": [first, last, epochs],
            "y": [low, high, ticks],
        }

    def _nearest(self, index: Index) -> dict[str, Any] | None:
        """Return the three instances that behaved most like this one; None where there are no scores to tell by."""
        row, self.nearest = self._row(index), ()
        plane = next((p for p in _PLANE if all(self._value(name, index) is not None for name in p)), None)
        if plane is None:
            return None
        squares = np.zeros(self.size)
        for name in plane:
            values = self._column(name)
            assert values is not None
            spread = float(np.nanstd(values))
            squares += ((values - values[row]) / (spread if spread > 0 else 1.0)) ** 2
        squares[row] = np.inf
        squares = np.where(np.isfinite(squares), squares, np.inf)
        most = min(_NEIGHBOURS, int(np.count_nonzero(np.isfinite(squares))))
        rows = np.argpartition(squares, most - 1)[:most] if most else np.zeros(0, np.int64)
        found = self.nearest = self._source.values_at(rows[np.argsort(squares[rows], kind="stable")])
        said = self.predicted(found)
        return {
            "by": " and ".join(score_text(name, self.metric) for name in plane),
            "cards": [self.brief(each, says) for each, says in zip(found, said, strict=True)],
        }

    # ---- scores

    def _row(self, index: Index) -> int:
        return int(self._source.find([index])[0])

    def _value(self, score: str, index: Index) -> float | None:
        row, values = self._row(index), self._column(score)
        if row < 0 or values is None or not np.isfinite(values[row]):
            return None
        return float(values[row])

    def _column(self, score: str) -> npt.NDArray[Any] | None:
        if score not in self._scores:
            self._scores[score] = self._read(score)
        return self._scores[score]

    def _read(self, score: str) -> npt.NDArray[Any] | None:
        if self.metric not in self.tracker.metrics(self.mode):
            return None
        try:
            values = self.tracker.scores(score, self.metric, self.mode, ds_id=self.ds_id)
        except ValueError:
            return None  # what was recorded does not allow it; the map says why where one asks for it
        return np.asarray(values[: self.size]) if len(values) >= self.size else None
