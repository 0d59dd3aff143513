"""What all questions to a tracker need: the stream meant, the labels meant, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from xai_widgets._metrics import Metric, metric_of
from xai_widgets.tracking.ingest.convert import Array, read_index
from xai_widgets.tracking.ingest.epoch_clock import MODES, check_mode
from xai_widgets.tracking.ingest.ingest import Intake
from xai_widgets.tracking.results import Counts, Label
from xai_widgets.tracking.store.labels import LabelTable, plain, sorted_labels
from xai_widgets.tracking.store.stream import Stream


@dataclass(frozen=True)
class Row:
    """One row of a label series: its value (a tuple when merged), its name, and the codes it is made of."""

    value: Any
    name: str
    codes: tuple[int, ...]


class Reading:
    """The simpler questions to a run, and what all others need; every answer includes what was recorded a moment ago.

    It keeps nothing of its own, so one is made for every question.
    """

    def __init__(self, run: Intake) -> None:
        self._run = run

    @property
    def epoch_frequency(self) -> int:
        """Columns are kept of every so many epochs."""
        return self._run._policy.epoch_frequency

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes something was recorded in, in the order train, eval, test, infer."""
        recorded = {mode for mode, _ in list(self._run._streams)}
        return tuple(m for m in MODES if m in recorded)

    def metrics(self, mode: str | None = None, ds_id: str | None = None) -> tuple[str, ...]:
        """See `Tracker.metrics`."""
        streams = [stream for stream in list(self._run._streams.values()) if mode in (None, stream.mode)]
        exact = {stream.mode for stream in streams if stream.ds_id == ds_id}
        found: dict[str, None] = {}
        for stream in streams:
            if stream.ds_id == ds_id or (ds_id is None and stream.mode not in exact):
                found.update(dict.fromkeys(stream.metrics))
        return tuple(found)

    def ds_ids(self, mode: str | None = None) -> tuple[str | None, ...]:
        """List the data sets recorded in a mode, or in any; None is the one without a name."""
        return tuple(
            dict.fromkeys(s.ds_id for s in list(self._run._streams.values()) if mode in (None, s.mode))
        )

    def metric(
        self,
        name: str,
        *,
        better: Literal["low", "high"] | None = None,
        unit: str | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> Metric:
        """Say which values of a metric are good and what its unit is; return what is known of it."""
        known = self._run._definitions.get(name) or metric_of(name)
        given = {"better": better, "unit": unit, "low": low, "high": high}
        changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if not changes:
            return known
        fresh = replace(known, **changes)
        if fresh != known:
            self._run._definitions = {**self._run._definitions, name: fresh}
            self._run.version += 1
        return fresh

    @property
    def labels(self) -> tuple[Label, ...]:
        """Label values seen, sorted."""
        with self._run._settling:
            self._run._settled()
            return tuple(sorted_labels(self._run._table.values))

    @property
    def label_names(self) -> dict[str, Any]:
        """{name: value} as given, or made of the values seen."""
        if self._run._given_names is not None:
            return dict(self._run._given_names)
        return {str(value): value for value in self.labels}

    def name_of(self, label: Any) -> str:
        """Display name of a label value."""
        value = plain(label)
        for name, values in (self._run._given_names or {}).items():
            if value == values or (isinstance(values, tuple) and value in values):
                return name
        return ", ".join(self.name_of(v) for v in value) if isinstance(value, tuple) else str(value)

    def indices(self, mode: str = "train", ds_id: str | None = None) -> Array:
        """Return all instances recorded in a mode: integers, or an object array where there are strings."""
        with self._run._settling:
            stream = self.stream(mode, ds_id)
            if stream is None:
                return np.zeros(0, np.int64)
            return stream.instances.column(stream.instances.known())

    def label_of(
        self, index: Any, mode: str | None = None, ds_id: str | None = None, *, given: bool = False
    ) -> Label | None:
        """Label of an instance, looked for in all modes by default; None when unknown."""
        name = read_index(index if not np.isscalar(index) else [plain(index)])
        with self._run._settling:
            self._run._settled()
            for wanted in MODES if mode is None else (mode,):
                for (each, data), stream in self._run._streams.items():
                    if each == wanted and ds_id in (None, data):
                        places = stream.instances.find(name)
                        codes = stream.given_codes(places) if given else stream.label_codes(places)
                        if codes[0] >= 0:
                            found: Label = stream.table.values[codes[0]]
                            return found
        return None

    def counts(self, mode: str = "train", ds_id: str | None = None) -> Counts:
        """Count what policies did to the rows of a mode."""
        with self._run._settling:
            stream = self.stream(mode, ds_id)
            if stream is None:
                return Counts()
            kinds = ("rows", "nan", "inf", "duplicates", "late")
            by_metric = {
                metric: {kind: sum(getattr(column, kind) for column in epochs.values()) for kind in kinds}
                for metric, epochs in stream.columns.items()
            }
            most = {
                kind: max((c[kind] for c in by_metric.values()), default=0) for kind in ("duplicates", "late")
            }
            return Counts(
                rows=stream.rows,
                nan=sum(c["nan"] for c in by_metric.values()),
                inf=sum(c["inf"] for c in by_metric.values()),
                relabelled=stream.relabelled,
                unlabelled=stream.unlabelled(),
                instances=stream.instances.count,
                by_metric=by_metric,
                **most,
            )

    @property
    def nbytes(self) -> int:
        """Bytes held by columns, labels, names, buffers and dynamics."""
        with self._run._settling:
            return sum(stream.nbytes for stream in list(self._run._streams.values()))

    def stream(self, mode: str, ds_id: str | None, metric: str | None = None) -> Stream | None:
        """Find the stream asked for, everything recorded taken in; None when there is nothing yet."""
        check_mode(mode)
        self._run._settled()
        streams = {d: s for (m, d), s in self._run._streams.items() if m == mode}
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

    def _rows(self, labels: Iterable[Any] | str | None) -> list[Row]:
        """Find the labels wanted: those given, "all", or by default those with a name (or all)."""
        if labels is not None and not (isinstance(labels, str) and labels == "all"):
            return self._found_rows(labels)
        # with a thousand labels they take longer to find than all else that a question needs
        state = (labels, self._run._table, len(self._run._table), self._run._given_names)
        kept = self._run._rows_kept
        if kept is None or any(a is not b and a != b for a, b in zip(kept[0], state, strict=True)):
            kept = self._run._rows_kept = (state, self._found_rows(labels))
        rows: list[Row] = kept[1]
        return rows

    def _found_rows(self, labels: Iterable[Any] | str | None) -> list[Row]:
        if labels is None and self._run._given_names is not None:
            return [Row(value, name, self._codes(value)) for name, value in self._run._given_names.items()]
        if labels is None or (isinstance(labels, str) and labels == "all"):
            wanted: list[Any] = list(sorted_labels(self._run._table.values))
        else:
            listed = [labels] if isinstance(labels, (str, int)) else list(labels)
            wanted = [self._value_of(label) for label in listed]
        return [Row(value, self.name_of(value), self._codes(value)) for value in wanted]

    def _value_of(self, label: Any) -> Any:
        """Value of a label given by value, name, or several of them."""
        if isinstance(label, (tuple, list, set, frozenset)):
            return tuple(self._value_of(each) for each in label)
        value = plain(label)
        names = self._run._given_names or {}
        return names[value] if isinstance(value, str) and value in names else value

    def _codes(self, value: Any) -> tuple[int, ...]:
        return codes_of(self._run._table, value)


def codes_of(table: LabelTable, value: Any) -> tuple[int, ...]:
    """Codes of a value, or of the values of a tuple; those never seen have none."""
    if isinstance(value, tuple):
        return tuple(code for each in value for code in codes_of(table, each))
    code = table.find(value)
    return (code,) if code >= 0 else ()
