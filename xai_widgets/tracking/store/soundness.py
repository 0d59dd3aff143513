"""Whether the parts of a stream that was read fit each other: every one is right by itself, and no two disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.ingest.limits import check_epoch, check_metrics, check_step
from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.epoch_column import Column
from xai_widgets.tracking.store.label_statistics import GroupStatistics
from xai_widgets.tracking.store.labels import is_group
from xai_widgets.tracking.store.stream import Stream

Array = npt.NDArray[Any]


def check_stream(stream: Stream, ended: int) -> None:
    """Raise ValueError or TypeError where parts of a stream are of another type, or do not fit each other.

    Parameters
    ----------
    ended
        The last epoch of its mode that has ended; -1 before any.
    """
    _check_plain(stream)
    nowhere = _places_of_none(stream)
    _check_codes(stream, nowhere)
    for metric, epochs in stream.columns.items():
        need(metric in stream.metrics, f"{metric!r} is no metric of its stream")
        for epoch, column in epochs.items():
            need(epoch == column.epoch and epoch in stream.steps, "a column is not of its epoch")
            need(column.values.dtype == stream.policy.dtype, "a column is of another type than the others")
            need(not column.closed or epoch <= ended, "a column has ended before its epoch")
            _check_column(column, stream.instances.size, nowhere)
        need(sum(c.rows for c in epochs.values()) <= stream.rows, "columns have more rows than were recorded")
    for key, (changes, found) in stream._statistics.items():
        every(int, changes)
        _check_statistics(stream, key, found)
    for name, (index, _, table) in stream._groups.items():
        every(str, name)
        if not isinstance(index, list):
            npz.checked(index, "iu")
        elif not all(type(i) in (int, str) for i in index):
            raise TypeError("instances of a grouping are neither integers nor strings")
        need(all(map(is_group, table.values)), "a group has no name")
    if stream.dynamics is not None:
        stream.dynamics.check(len(stream.table), len(stream.predicted), ended)
        need(stream.dynamics.size <= stream.instances.size, "dynamics are of more instances than there are")
        for columns in stream.dynamics._open.values():
            for column in columns.values():
                _check_column(column, stream.instances.size, nowhere)


def need(so: bool, otherwise: str) -> None:
    """Raise ValueError with a text where something is not so."""
    if not so:
        raise ValueError(otherwise)


def every(kind: type, *values: Any) -> None:
    """Raise TypeError for the first value that is not of exactly this type."""
    for value in values:
        if type(value) is not kind:
            raise TypeError(f"{str(value)[:40]} is no {kind.__name__}")


def _check_plain(stream: Stream) -> None:
    counters = (stream.rows, stream.relabelled, stream.changes, stream.rows_of_epoch)
    every(int, *counters, *stream.steps, *stream.steps.values())
    every(str, *stream.metrics, *stream.columns)
    every(bool, stream.has_logits, stream.labelled, stream._some_unlabelled)
    need(min(counters) >= 0 and stream.relabelled <= stream.rows, "it counts rows that cannot be")
    need(len(set(stream.metrics)) == len(stream.metrics), "a metric is there twice")
    check_metrics(stream.metrics)
    for epoch, step in stream.steps.items():
        check_epoch(epoch)
        check_step(step)


def _places_of_none(stream: Stream) -> Array | None:
    """Places (P,) below the number of places that have no instance; None where all have one."""
    known, size = stream.instances.known(), stream.instances.size
    if known.size == size:
        return None
    free = np.ones(size, bool)
    free[known] = False
    return np.flatnonzero(free)


def _check_codes(stream: Stream, nowhere: Array | None) -> None:
    codes = npz.checked(stream.codes, "i")
    need(codes.shape[0] <= stream.instances.size, "there are more labels than instances")
    need(codes.max(initial=-1) < len(stream.table) and codes.min(initial=-1) >= -1, "label codes are none")
    given = stream.given
    need(given.shape[0] <= codes.shape[0], "there are more given labels than labels")
    need(given.max(initial=-1) < len(stream.table) and given.min(initial=-1) >= -1, "given labels are none")
    need(stream.labelled or codes.max(initial=-1) < 0, "it has labels, and says that it has none")
    without = stream.instances.count - int(np.count_nonzero(codes >= 0))
    need(without >= 0, "there are more labels than instances")
    need(stream._some_unlabelled or not without, "instances have no label, and it says that all have")
    if nowhere is not None:
        need(stream.label_codes(nowhere).max(initial=-1) < 0, "labels are of no instance")


def _check_column(column: Column, size: int, nowhere: Array | None) -> None:
    counters = (column.rows, column.nan, column.inf, column.changes, column.duplicates, column.late)
    every(int, column.epoch, column.step, *counters)
    every(bool, column.closed)
    check_epoch(column.epoch)
    check_step(column.step)
    need(min(counters) >= 0, "a column counts less than nothing")
    need(max(column.nan + column.inf, column.duplicates, column.late) <= column.rows, "counts are too large")
    need(bool(np.isnan(column.values[size:]).all()), "a column is longer than there are instances")
    need(int(np.count_nonzero(~np.isnan(column.values))) <= column.rows, "a column has values of no rows")
    if nowhere is not None:
        need(bool(np.isnan(column.at(nowhere)).all()), "a column has values of no instance")


def _check_statistics(stream: Stream, key: tuple[str, int, str | None], found: GroupStatistics) -> None:
    metric, epoch, group = key
    every(str, metric)
    every(int, epoch)
    epochs = stream.columns.get(metric, {})
    thinned = stream.policy.epoch_frequency > 1 and bool(epochs)
    need(epoch in stream.steps and (epoch in epochs or thinned), "label statistics are of no epoch")
    need(stream.labelled if group is None else group in stream._groups, "statistics are of no labels")
    labels = len(stream.table if group is None else stream.group_table(group))
    need(found.count.shape[0] <= labels, "statistics are of more labels than there are")
    need(found.count.min(initial=0) >= 0, "statistics count less than nothing")
    need(int(found.count.sum()) <= stream.instances.size, "statistics are of more instances than there are")
