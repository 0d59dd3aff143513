"""Series over the epochs: per label, per group, per instance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from xai_widgets.tracking.ingest.convert import Array, read_index
from xai_widgets.tracking.queries.base import Reading, Row, codes_of
from xai_widgets.tracking.results import InstanceSeries, LabelSeries
from xai_widgets.tracking.store.label_statistics import GroupStatistics, group_quantiles, merge
from xai_widgets.tracking.store.labels import LabelTable, is_group, plain, sorted_labels
from xai_widgets.tracking.store.stream import Stream


class Series(Reading):
    """`label_series` and `instance_series`."""

    def group(
        self, name: str, index: Any, values: Any, *, mode: str = "train", ds_id: str | None = None
    ) -> None:
        """Group instances otherwise than by label: by hospital, camera, length of text..."""
        names = read_index(index)
        groups = [plain(v) for v in (values.tolist() if hasattr(values, "tolist") else list(values))]
        if len(groups) != len(names):
            raise ValueError(
                f"values has {len(groups)} entries for {len(names)} indices; one group each is expected"
            )
        for group in groups:
            if not is_group(group):
                raise TypeError(
                    f"values has {group!r}; a group is a number or a string. Leave instances out that have none"
                )
        with self._run._settling:
            with self._run._lock:
                stream = self._run._streams.get((mode, ds_id)) or self._run._new_stream(mode, ds_id)
            table = LabelTable()
            stream.set_group(name, names, table.encode(groups), table)
            self._run.version += 1

    def label_series(
        self,
        metric: str = "loss",
        mode: str = "eval",
        *,
        ds_id: str | None = None,
        labels: Iterable[Any] | str | None = None,
        group: str | None = None,
        quantiles: Iterable[float] | None = None,
    ) -> LabelSeries:
        """Statistics of a metric per label over the epochs."""
        probabilities = None if quantiles is None else _probabilities(quantiles)
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            rows = self._rows(labels) if group is None else self._group_rows(stream, group, labels)
            epochs: list[int] = []
            if stream is not None and (stream.labelled or group is not None):
                epochs = stream.epochs_of(metric, columns_only=group is not None or probabilities is not None)
            found = np.full((5, len(rows), len(epochs)), np.nan)
            found[0] = 0
            edges = (
                None
                if probabilities is None
                else np.full((len(probabilities), len(rows), len(epochs)), np.nan)
            )
            if stream is not None:
                places = _places(rows)
                for column, epoch in enumerate(epochs):
                    _fill(found[:, :, column], stream.statistics(metric, epoch, group), places)
                    if edges is not None and probabilities is not None:
                        edges[:, :, column] = _quantiles(stream, metric, epoch, group, rows, probabilities)
            steps, is_open = _at(stream, metric, epochs)
        return LabelSeries(
            metric,
            mode,
            ds_id if stream is None else stream.ds_id,
            tuple(row.value for row in rows),
            tuple(row.name for row in rows),
            np.array(epochs, np.int64),
            steps,
            found[1],
            found[2],
            found[3],
            found[4],
            found[0].astype(np.int64),
            is_open,
            probabilities,
            edges,
            self.metric(metric),
        )

    def instance_series(
        self, indices: Any, metric: str = "loss", mode: str = "train", *, ds_id: str | None = None
    ) -> InstanceSeries:
        """Histories of chosen instances."""
        names = wanted_names(indices)
        wanted = tuple(names if isinstance(names, list) else names.tolist())
        with self._run._settling:
            stream = self.stream(mode, ds_id, metric)
            places, epochs = np.full(len(wanted), -1), []
            labels: tuple[Any, ...] = (None,) * len(wanted)
            if stream is not None:
                places, epochs = stream.instances.find(names), stream.epochs_of(metric)
                labels = stream.label_values(places)
            values = np.full((len(wanted), len(epochs)), np.nan, np.float32)
            for column, epoch in enumerate(epochs):
                if stream is not None:
                    values[:, column] = stream.columns[metric][epoch].at(places)
            steps, is_open = _at(stream, metric, epochs)
        missing = tuple(w for w, p in zip(wanted, places.tolist(), strict=True) if p < 0)
        data = ds_id if stream is None else stream.ds_id
        return InstanceSeries(
            metric,
            mode,
            data,
            wanted,
            labels,
            np.array(epochs, np.int64),
            steps,
            values,
            missing,
            is_open,
            self.metric(metric),
        )

    def _group_rows(self, stream: Stream | None, group: str, labels: Any) -> list[Row]:
        if stream is None:
            return []
        table = stream.group_table(group)
        wanted = (
            sorted_labels(table.values) if labels is None or labels == "all" else [plain(v) for v in labels]
        )
        return [Row(value, str(value), codes_of(table, value)) for value in wanted]


def wanted_names(indices: Any) -> Array | list[Any]:
    """Read any iterable, array, range or tensor of instance names."""
    if isinstance(indices, (str, bytes)) or np.isscalar(indices):
        return read_index([indices])
    if (
        hasattr(indices, "__array__")
        or hasattr(indices, "numpy")
        or isinstance(indices, (list, tuple, range))
    ):
        return read_index(indices)
    return read_index(list(indices))


def _at(stream: Stream | None, metric: str, epochs: list[int]) -> tuple[Array, bool]:
    if stream is None or not epochs:
        return np.zeros(0, np.int64), False
    return np.array([stream.steps[e] for e in epochs], np.int64), stream.is_open(metric, epochs[-1])


def _places(rows: list[Row]) -> tuple[Array, Array, list[tuple[int, tuple[int, ...]]]]:
    """Numbers of the rows of one label with their codes (L,), and those of several: found once, used for every epoch."""
    single = [(r, row.codes[0]) for r, row in enumerate(rows) if len(row.codes) == 1]
    at, codes = np.array(single, np.int64).reshape(-1, 2).T
    return at, codes, [(r, row.codes) for r, row in enumerate(rows) if len(row.codes) > 1]


def _fill(
    column: Array, parts: GroupStatistics, places: tuple[Array, Array, list[tuple[int, tuple[int, ...]]]]
) -> None:
    """Statistics (5, L) of the rows, those of merged labels put together from their parts."""
    at, codes, merged = places
    known = parts.count.size
    if codes.max(initial=-1) >= known:  # labels that came after this epoch
        at, codes = at[codes < known], codes[codes < known]
    for number, values in enumerate((parts.count, parts.mean, parts.std, parts.min, parts.max)):
        column[number, at] = values[codes]
    for r, several in merged:
        inside = [c for c in several if c < known]
        if inside:
            column[:, r] = merge(parts, inside)


def _probabilities(quantiles: Iterable[float]) -> tuple[float, ...]:
    found = tuple(float(q) for q in quantiles)
    if not found or any(not 0 <= q <= 1 for q in found):
        raise ValueError(
            f"quantiles are {found}; probabilities from 0 to 1 are expected, as (0.05, 0.5, 0.95)"
        )
    return tuple(sorted(found))


def _quantiles(
    stream: Stream,
    metric: str,
    epoch: int,
    group: str | None,
    rows: list[Row],
    probabilities: tuple[float, ...],
) -> Array:
    """Quantiles (Q, L); rows may share labels, so each is dealt to the first layer it fits in."""
    key = (metric, epoch, group, tuple(row.codes for row in rows), probabilities)
    cached = stream.cached_quantiles(key)
    if cached is not None:
        return cached
    values, codes = stream.column_and_codes(metric, epoch, group)
    found = np.full((len(probabilities), len(rows)), np.nan)
    left = [(r, row) for r, row in enumerate(rows) if row.codes]
    while left:
        lut = np.full(
            int(max(codes.max(initial=-1), max(c for _, row in left for c in row.codes))) + 2, -1, np.int64
        )
        layer, later = [], []
        for r, row in left:
            if any(lut[c] >= 0 for c in row.codes):
                later.append((r, row))
            else:
                lut[list(row.codes)] = r
                layer.append(r)
        found[:, layer] = group_quantiles(values, lut[codes], len(rows), probabilities)[:, layer]
        left = later
    stream.cache_quantiles(key, found)
    return found
