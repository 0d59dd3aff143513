"""The questions a tracker answers."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np

from xai_widgets.tracking import scores
from xai_widgets.tracking.clock import MODES, check_mode
from xai_widgets.tracking.convert import Array, read_index
from xai_widgets.tracking.labels import LabelTable, plain, sorted_labels
from xai_widgets.tracking.results import Counts, Extremes, InstanceSeries, Label, LabelSeries
from xai_widgets.tracking.statistics import merge
from xai_widgets.tracking.stream import Stream


class Queries:
    """The reading half of `Tracker`; every answer includes what was recorded a moment ago."""

    _streams: dict[tuple[str, str | None], Stream]
    _table: LabelTable
    _given_names: dict[str, Any] | None
    _settling: threading.RLock

    def _settled(self) -> None:
        raise RuntimeError("a tracker has something to settle")

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes something was recorded in, in the order train, eval, test, infer."""
        return tuple(m for m in MODES if any(mode == m for mode, _ in list(self._streams)))

    def metrics(self, mode: str | None = None, ds_id: str | None = None) -> tuple[str, ...]:
        """Metric names recorded in a mode, or in any."""
        found: dict[str, None] = {}
        for stream in list(self._streams.values()):
            if mode in (None, stream.mode) and ds_id in (None, stream.ds_id):
                found.update(dict.fromkeys(stream.metrics))
        return tuple(found)

    def ds_ids(self, mode: str | None = None) -> tuple[str | None, ...]:
        """List the data sets recorded in a mode, or in any; None for the one without a name."""
        return tuple(dict.fromkeys(s.ds_id for s in list(self._streams.values()) if mode in (None, s.mode)))

    @property
    def labels(self) -> tuple[Label, ...]:
        """Label values seen, sorted."""
        with self._settling:
            self._settled()
            return tuple(sorted_labels(self._table.values))

    @property
    def label_names(self) -> dict[str, Any]:
        """{name: value} as given, or made of the values seen."""
        if self._given_names is not None:
            return dict(self._given_names)
        return {str(value): value for value in self.labels}

    def name_of(self, label: Any) -> str:
        """Display name of a label value."""
        value = plain(label)
        for name, values in (self._given_names or {}).items():
            if value == values or (isinstance(values, tuple) and value in values):
                return name
        return ", ".join(self.name_of(v) for v in value) if isinstance(value, tuple) else str(value)

    def indices(self, mode: str = "train", ds_id: str | None = None) -> Array:
        """All instances recorded in a mode: integers, or an object array where there are strings."""
        with self._settling:
            stream = self._stream(mode, ds_id)
            if stream is None:
                return np.zeros(0, np.int64)
            names = stream.instances.names(stream.instances.known())
        if all(type(n) is int for n in names):
            return np.array(names)
        array = np.empty(len(names), object)
        array[:] = names
        return array

    def label_of(self, index: Any, mode: str | None = None, ds_id: str | None = None) -> Label | None:
        """Label of an instance, looked for in all modes by default; None when unknown."""
        for each in (mode,) if mode is not None else self.modes:
            for data in (ds_id,) if ds_id is not None else self.ds_ids(each):
                with self._settling:
                    stream = self._stream(each, data)
                    if stream is None:
                        continue
                    place = stream.instances.find(
                        read_index(index if not np.isscalar(index) else [plain(index)])
                    )
                    found: Label | None = stream.label_values(place)[0]
                if found is not None:
                    return found
        return None

    def counts(self, mode: str = "train", ds_id: str | None = None) -> Counts:
        """Count what policies did to the rows of a mode."""
        with self._settling:
            stream = self._stream(mode, ds_id)
            if stream is None:
                return Counts()
            by_metric = {
                metric: {
                    name: sum(getattr(column, name) for column in epochs.values())
                    for name in ("rows", "nan", "inf", "duplicates", "late")
                }
                for metric, epochs in stream.columns.items()
            }
            total = {
                name: max((counts[name] for counts in by_metric.values()), default=0)
                for name in ("duplicates", "late")
            }
            known = stream.instances.known()
            return Counts(
                rows=stream.rows,
                nan=sum(counts["nan"] for counts in by_metric.values()),
                inf=sum(counts["inf"] for counts in by_metric.values()),
                relabelled=stream.relabelled,
                unlabelled=int(np.count_nonzero(stream.label_codes(known) < 0)),
                instances=known.size,
                by_metric=by_metric,
                **total,
            )

    def label_series(
        self,
        metric: str = "loss",
        mode: str = "eval",
        *,
        ds_id: str | None = None,
        labels: Iterable[Any] | str | None = None,
    ) -> LabelSeries:
        """Statistics of a metric per label over the epochs.

        Parameters
        ----------
        metric, mode, ds_id
            What to look at.
        labels
            Values or names of the labels wanted, in that order; "all" for every one. By default those of the
            tracker's `label_names`, or all, sorted.
        """
        with self._settling:
            stream = self._stream(mode, ds_id, metric)
            chosen = self._chosen_labels(labels)
            epochs = (
                [] if stream is None or not stream.labelled else stream.epochs_of(metric, columns_only=False)
            )
            found = np.full((5, len(chosen), len(epochs)), np.nan)
            found[0] = 0
            for column, epoch in enumerate(epochs):
                if stream is None:
                    break
                parts = stream.statistics(metric, epoch)
                for row, (_, _, codes) in enumerate(chosen):
                    inside = [c for c in codes if c < parts.count.size]
                    if inside:
                        found[:, row, column] = merge(parts, inside)
            steps = [stream.steps[e] for e in epochs] if stream is not None else []
            is_open = bool(epochs) and stream is not None and stream.is_open(metric, epochs[-1])
        return LabelSeries(
            metric,
            mode,
            ds_id,
            tuple(value for value, _, _ in chosen),
            tuple(name for _, name, _ in chosen),
            np.array(epochs, np.int64),
            np.array(steps, np.int64),
            found[1],
            found[2],
            found[3],
            found[4],
            found[0].astype(np.int64),
            is_open,
        )

    def instance_series(
        self, indices: Any, metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> InstanceSeries:
        """Histories of chosen instances.

        Parameters
        ----------
        indices
            Any iterable, array, range or tensor of instance names.
        metric, mode, ds_id
            What to look at.
        """
        names = _wanted(indices)
        wanted = tuple(names if isinstance(names, list) else names.tolist())
        with self._settling:
            stream = self._stream(mode, ds_id, metric)
            if stream is None:
                places, epochs = np.full(len(wanted), -1), []
            else:
                places, epochs = stream.instances.find(names), stream.epochs_of(metric)
            values = np.full((len(wanted), len(epochs)), np.nan, np.float32)
            for column, epoch in enumerate(epochs):
                if stream is not None:
                    values[:, column] = stream.columns[metric][epoch].at(places)
            steps = [stream.steps[e] for e in epochs] if stream is not None else []
            labels = stream.label_values(places) if stream is not None else (None,) * len(wanted)
            is_open = bool(epochs) and stream is not None and stream.is_open(metric, epochs[-1])
        missing = tuple(w for w, p in zip(wanted, places.tolist(), strict=True) if p < 0)
        at = np.array(epochs, np.int64), np.array(steps, np.int64)
        return InstanceSeries(metric, mode, ds_id, wanted, labels, *at, values, missing, is_open)

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
    ) -> tuple[Extremes, Extremes]:
        """Rank the instances: the hardest and the easiest.

        Parameters
        ----------
        metric, mode, ds_id
            What to look at.
        n_max, n_min
            How many of each.
        by
            The score they are ranked by.
        labels
            Rank these labels only.

        Returns
        -------
        tuple of Extremes
            The hardest, hardest first; the easiest, easiest first.
        """
        if n_max < 0 or n_min < 0:
            raise ValueError(f"n_max is {n_max} and n_min is {n_min}; neither may be negative")
        with self._settling:
            stream = self._stream(mode, ds_id, metric)
            if stream is None or not stream.columns.get(metric):
                self._check_score(by)
                return Extremes((), np.zeros(0), (), by), Extremes((), np.zeros(0), (), by)
            values = self._scores(stream, metric, by)
            places = stream.instances.known()
            places = places[places < values.shape[0]]
            if labels is not None:
                wanted = [c for _, _, codes in self._chosen_labels(labels) for c in codes]
                places = places[np.isin(stream.label_codes(places), wanted)]
            sign = -1.0 if by in scores.LOW_IS_HARD else 1.0
            ends = scores.top(sign * values, places, n_max), scores.top(-sign * values, places, n_min)
            hard, easy = (
                Extremes(
                    tuple(stream.instances.names(end)),
                    values[end].astype(np.float64),
                    stream.label_values(end),
                    by,
                )
                for end in ends
            )
        return hard, easy

    def _check_score(self, by: str) -> None:
        if by not in scores.OF_COLUMNS:
            raise ValueError(f"unknown score {by!r}; one of {', '.join(scores.OF_COLUMNS)}")

    def _scores(self, stream: Stream, metric: str, by: str) -> Array:
        self._check_score(by)
        size = stream.instances.size
        columns = [c.padded(size) for c in stream.columns[metric].values()]
        return scores.OF_COLUMNS[by](columns)

    def _stream(self, mode: str, ds_id: str | None, metric: str | None = None) -> Stream | None:
        """Find the stream asked for, everything recorded taken in; None when there is nothing yet."""
        check_mode(mode)
        self._settled()
        streams = {d: s for (m, d), s in self._streams.items() if m == mode}
        stream = streams.get(ds_id)
        if stream is None and ds_id is None and len(streams) == 1:
            stream = next(iter(streams.values()))
        if stream is None and streams:
            known = ", ".join(repr(d) for d in streams)
            raise ValueError(f"mode {mode!r} has no data set {ds_id!r}; say ds_id=, one of {known}")
        if stream is not None and metric is not None and stream.metrics and metric not in stream.metrics:
            known = ", ".join(stream.metrics)
            raise ValueError(f"no metric {metric!r} was recorded in mode {mode!r}; there are {known}")
        return stream

    def _chosen_labels(self, labels: Any) -> list[tuple[Any, str, list[int]]]:
        """(value, name, codes) of the labels wanted."""
        if isinstance(labels, str) and labels == "all":
            wanted: list[Any] = sorted_labels(self._table.values)
        elif labels is None:
            if self._given_names is not None:
                named = self._given_names.items()
                return [(value, name, self._codes(value)) for name, value in named]
            wanted = sorted_labels(self._table.values)
        else:
            listed = [labels] if isinstance(labels, (str, int)) else list(labels)
            wanted = [self._value_of(label) for label in listed]
        return [(value, self.name_of(value), self._codes(value)) for value in wanted]

    def _value_of(self, label: Any) -> Any:
        """Value of a label given by value, name, or several of them."""
        if isinstance(label, (tuple, list, set, frozenset)):
            return tuple(self._value_of(each) for each in label)
        value = plain(label)
        if isinstance(value, str) and value in (self._given_names or {}):
            return (self._given_names or {})[value]
        return value

    def _codes(self, value: Any) -> list[int]:
        values = value if isinstance(value, tuple) else (value,)
        codes: list[int] = []
        for each in values:
            codes.extend(self._codes(each) if isinstance(each, tuple) else [self._table.find(each)])
        return [c for c in codes if c >= 0]


def _wanted(indices: Any) -> Array | list[Any]:
    if isinstance(indices, (str, bytes)) or np.isscalar(indices):
        return read_index([indices])
    if hasattr(indices, "__array__") or isinstance(indices, (list, tuple, range)):
        return read_index(indices)
    return read_index(indices if hasattr(indices, "numpy") else list(indices))
