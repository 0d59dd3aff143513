"""`to_frame`: everything a tracker holds as one long table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from xai_widgets.tracking.ingest.convert import Array
from xai_widgets.tracking.queries.series import Series
from xai_widgets.tracking.store.index_map import as_column
from xai_widgets.tracking.store.stream import Stream
from xai_widgets.tracking.tables import Table

_HEAD = {"mode": object, "ds_id": object, "epoch": np.int32, "step": np.int64}
FRAMES: dict[str, dict[str, Any]] = {
    "instances": {**_HEAD, "index": np.int64, "label": np.int64},
    "labels": {
        **_HEAD,
        "metric": object,
        "label": np.int64,
        "name": object,
        "count": np.int64,
        **dict.fromkeys(("mean", "std", "min", "max"), np.float64),
    },
}
"""Columns that a table has whatever was recorded, with what they hold while nothing is."""


class Frames(Series):
    """`table` and `to_frame`."""

    def table(self, what: str = "instances", *, mode: str | None = None) -> Table:
        """Return everything recorded as columns."""
        with self._run._settling:
            tables = list(self.tables(what, mode=mode))
        if not tables:
            return Table({name: np.zeros(0, kind) for name, kind in FRAMES[what].items()})
        names = list(dict.fromkeys(name for table in tables for name in table))
        return Table({name: _stacked([_column(table, name) for table in tables]) for name in names})

    def tables(self, what: str = "instances", *, mode: str | None = None) -> Iterator[Table]:
        """Yield `table(what)` one mode, data set and epoch at a time."""
        if what not in FRAMES:
            raise ValueError(f"unknown table {what!r}; one of {', '.join(FRAMES)}")
        with self._run._settling:
            self._run._settled()
            streams = [s for (m, _), s in sorted(self._run._streams.items(), key=_order) if mode in (None, m)]
        for stream in streams:
            parts = _instances(stream) if what == "instances" else self._labels(stream)
            for part in parts:
                yield Table(part)

    def to_frame(self, what: str = "instances", kind: str | None = None, *, mode: str | None = None) -> Any:
        """Return `table(what)` as a data frame."""
        return self.table(what, mode=mode).to(kind)

    def _labels(self, stream: Stream) -> Iterator[dict[str, Any]]:
        for metric in stream.metrics:
            series = self.label_series(metric, stream.mode, ds_id=stream.ds_id, labels="all")
            for t, epoch in enumerate(series.epochs.tolist()):
                seen = np.flatnonzero(series.count[:, t])
                part = _head(stream, epoch, seen.size)
                part["metric"] = np.full(seen.size, metric, object)
                part["label"] = as_column([series.labels[r] for r in seen])
                part["name"] = np.array([series.names[r] for r in seen], object)
                for name in ("count", "mean", "std", "min", "max"):
                    part[name] = getattr(series, name)[seen, t]
                yield part


def _instances(stream: Stream) -> Iterator[dict[str, Any]]:
    size = stream.instances.size
    for epoch in sorted({e for epochs in stream.columns.values() for e in epochs}):
        columns = {m: epochs[epoch].padded(size) for m, epochs in stream.columns.items() if epoch in epochs}
        seen = np.flatnonzero(~np.all([np.isnan(c) for c in columns.values()], axis=0))
        part = _head(stream, epoch, seen.size)
        part["index"] = stream.instances.column(seen)
        part["label"] = stream.label_column(seen)
        part.update({metric: column[seen].astype(np.float32) for metric, column in columns.items()})
        yield part


def _head(stream: Stream, epoch: int, rows: int) -> dict[str, Any]:
    return {
        "mode": np.full(rows, stream.mode, object),
        "ds_id": np.full(rows, stream.ds_id, object),
        "epoch": np.full(rows, epoch, np.int32),
        "step": np.full(rows, stream.steps[epoch], np.int64),
    }


def _column(part: Table, name: str) -> Array:
    if name in part:
        return part[name]
    return np.full(len(part["epoch"]), np.nan, np.float32)


def _stacked(columns: list[Array]) -> Array:
    if any(c.dtype == object for c in columns):
        columns = [c.astype(object) for c in columns]
    return np.concatenate(columns)


def _order(item: tuple[tuple[str, str | None], Stream]) -> tuple[str, str]:
    return item[0][0], item[0][1] or ""
