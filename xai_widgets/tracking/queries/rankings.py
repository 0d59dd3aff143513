"""Scores per instance, rankings by them, training dynamics and confusion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from xai_widgets.tracking.ingest.convert import Array
from xai_widgets.tracking.queries.base import Reading
from xai_widgets.tracking.queries.series import wanted_names
from xai_widgets.tracking.queries.suspects import Suspects, no_suspects, suggested_column, suspects_of
from xai_widgets.tracking.results import Confusion, Extremes, Label
from xai_widgets.tracking.scores.confusion import confusion_of, drift
from xai_widgets.tracking.scores.label_errors import judged
from xai_widgets.tracking.scores.registry import score_named
from xai_widgets.tracking.scores.scorer import Scorer
from xai_widgets.tracking.scores.top_k import highest, lowest
from xai_widgets.tracking.store.stream import Stream
from xai_widgets.tracking.tables import Table


class Rankings(Reading):
    """`extremes`, `scores`, `dynamics`, `suspects`, `confusion`."""

    def extremes(
        self,
        metric: str = "loss",
        mode: str = "train",
        *,
        ds_id: str | None = None,
        n_max: int = 5,
        n_min: int = 5,
        by: str = "mean",
        labels: Iterable[Any] | str | None = None,
        indices: Any = None,
    ) -> tuple[Extremes, Extremes]:
        """Rank the instances: the hardest and the easiest."""
        if n_max < 0 or n_min < 0:
            raise ValueError(f"n_max is {n_max} and n_min is {n_min}; neither may be negative")
        name = score_named(by).name
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            if stream is None or not stream.columns.get(metric):
                nothing = Extremes((), np.zeros(0), (), by)
                return nothing, nothing
            scorer = Scorer(stream, self.metric(metric))
            values, tie = scorer.ranked(name)
            kept = self._kept(stream, labels, indices)
            if kept is not None:
                values = np.where(kept, values, np.nan)
            hardest, easiest = (lowest, highest) if scorer.lowest_is_hardest(name) else (highest, lowest)
            hard, easy = hardest(values, n_max, tie), easiest(values, n_min, tie)
            return self._extremes(stream, values, hard, by), self._extremes(stream, values, easy, by)

    def scores(
        self, by: str = "mean", metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> Array:
        """Return one score of every instance, (N,) float64 in the order of `indices(mode)`; NaN where there is none."""
        name = score_named(by).name
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            if stream is None or not stream.columns.get(metric):
                return np.zeros(0)
            values, places = (
                Scorer(stream, self.metric(metric), keep=True).get(name),
                stream.instances.known(),
            )
            return values if places.size == values.size else values[places]

    def score_names(
        self, metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> tuple[str, ...]:
        """Return the names of the scores that what was recorded allows, in the order of the table's columns."""
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            if stream is None or not stream.columns.get(metric):
                return ()
            return Scorer(stream, self.metric(metric), keep=True).available()

    def dynamics(
        self,
        mode: str = "train",
        *,
        metric: str = "loss",
        ds_id: str | None = None,
        columns: Iterable[str] | None = None,
    ) -> Table:
        """Table of the training dynamics: one row per instance, one column per score."""
        wanted = None if columns is None else [score_named(c).name for c in columns]
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            if stream is None:
                return Table({"index": np.zeros(0, np.int64)})
            places = stream.instances.known()
            table: dict[str, Array] = {"index": stream.instances.column(places)}
            if stream.labelled:
                table["label"] = stream.label_column(places)
            scorer = Scorer(stream, self.metric(metric))
            for name in wanted if wanted is not None else scorer.available():
                if name == "suspected":
                    judgement = judged(scorer)
                    table[name] = judgement.suspected[places]
                    table["suspected_from"] = np.full(places.size, judgement.threshold, np.float32)
                    table["suggested"] = suggested_column(stream, judgement, places)
                else:
                    table[name] = scorer.get(name)[places].astype(np.float32)
            return Table(table)

    def suspects(
        self,
        mode: str = "train",
        *,
        metric: str = "loss",
        ds_id: str | None = None,
        n_max: int | None = None,
    ) -> Suspects:
        """List the instances whose label is likely to be wrong, and say how many there are."""
        if n_max is not None and n_max < 0:
            raise ValueError(f"n_max is {n_max}; it may not be negative")
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            if stream is None or not stream.columns.get(metric):
                return no_suspects()
            return suspects_of(stream, judged(Scorer(stream, self.metric(metric))), n_max)

    def predictions(
        self, indices: Any = None, mode: str = "train", *, ds_id: str | None = None
    ) -> tuple[Label | None, ...]:
        """Return the last prediction for each instance, as of the last epoch that ended."""
        with self._run._settling:
            stream = self.stream(mode, ds_id)
            if stream is None:
                return () if indices is None else (None,) * len(wanted_names(indices))
            known = stream.instances
            places = known.known() if indices is None else known.find(wanted_names(indices))
            if stream.dynamics is None:
                return (None,) * len(places)
            codes, values = stream.dynamics.predicted(places, known.size), self._run._predicted.values
            return tuple(values[c] if c >= 0 else None for c in codes.tolist())

    def confusion(
        self, mode: str = "train", *, epoch: int | None = None, ds_id: str | None = None
    ) -> Confusion:
        """How often each label was predicted as which, in an epoch that ended."""
        with self._run._settling:
            stream = self.stream(mode, ds_id)
            known = {} if stream is None or stream.dynamics is None else stream.dynamics.confusion
            if stream is None or not known:
                raise ValueError(
                    f"no predictions in mode {mode!r} yet; record logits=... or prediction=... with labels"
                )
            at = max(known) if epoch is None else epoch
            if at not in known:
                raise ValueError(f"no confusion of epoch {at}; there are {', '.join(map(str, known))}")
            return confusion_of(
                at, known[at], self._run._table.values, self._run._predicted.values, self.name_of
            )

    def confusion_drift(self, mode: str = "train", *, ds_id: str | None = None) -> tuple[Array, Array]:
        """By how much the predictions of each label changed from one epoch to the next."""
        with self._run._settling:
            stream = self.stream(mode, ds_id)
            epochs = [] if stream is None or stream.dynamics is None else sorted(stream.dynamics.confusion)
            tables = [self.confusion(mode, epoch=e, ds_id=ds_id) for e in epochs]
        return np.array(epochs, np.int64), drift(tables)

    def _extremes(self, stream: Stream, values: Array, places: Array, by: str) -> Extremes:
        return Extremes(
            tuple(stream.instances.names(places)), values[places], stream.label_values(places), by
        )

    def _kept(self, stream: Stream, labels: Any, indices: Any) -> Array | None:
        if labels is None and indices is None:
            return None
        kept = np.ones(stream.instances.size, bool)
        if labels is not None:
            wanted = [c for row in self._rows(labels) for c in row.codes]
            kept &= np.isin(stream.label_codes(np.arange(kept.size)), wanted)
        if indices is not None:
            places = stream.instances.find(wanted_names(indices))
            among = np.zeros(kept.size, bool)
            among[places[places >= 0]] = True
            kept &= among
        return kept
