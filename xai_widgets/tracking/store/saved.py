"""What `Tracker.save` wrote, checked before any of it is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from xai_widgets._metrics import Metric
from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.labels import LabelTable, read_label_names
from xai_widgets.tracking.store.stream import Policy, Stream

MODES = ("train", "eval", "test", "infer")
STATUSES = ("idle", "training", "ended", "failed")


@dataclass(frozen=True)
class Saved:
    """A tracker's parts as they were saved."""

    label_names: dict[str, Any] | None
    policy: Policy
    table: LabelTable
    predicted: LabelTable
    open: dict[str, int]
    ended: dict[str, int]
    place: tuple[int, int, int | None, int | None]
    elapsed: float
    status: str
    error: str | None
    streams: dict[tuple[str, str | None], Stream]
    metrics: dict[str, Metric]


def read_saved(tree: dict[str, Any]) -> Saved:
    """Make a tracker's parts of a saved tree.

    Raises
    ------
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError
        When it is not one that a tracker saved.
    """
    duplicates, dtype, frequency = tree["policy"]
    policy = Policy.of(str_of(duplicates), str_of(dtype), int_of(frequency))
    table, predicted = _table(tree["labels"]), _table(tree["predicted"])
    epoch, step, epochs, steps_per_epoch = tree["place"]
    streams = {}
    for state in tree["streams"]:
        mode, ds_id = _mode(state["mode"]), maybe(str_of, state["ds_id"])
        stream = streams[(mode, ds_id)] = Stream(mode, ds_id, table, predicted, policy)
        stream.load(state)
        _check(stream)
    if tree["status"] not in STATUSES or not math.isfinite(tree["elapsed"]):
        raise ValueError("its status is none")
    return Saved(
        _names(tree["label_names"]),
        policy,
        table,
        predicted,
        _epochs(tree["open"]),
        _epochs(tree["ended"]),
        (int_of(epoch), int_of(step), maybe(int_of, epochs), maybe(int_of, steps_per_epoch)),
        float(tree["elapsed"]),
        tree["status"],
        maybe(str_of, tree["error"]),
        streams,
        {known.name: known for known in map(Metric.of_dict, tree.get("metrics", ()))},
    )


def int_of(value: Any) -> int:
    """Return an integer; TypeError for anything else."""
    if type(value) is not int:
        raise TypeError(f"{str(value)[:40]} is no integer")
    return value


def str_of(value: Any) -> str:
    """Return a string; TypeError for anything else."""
    if type(value) is not str:
        raise TypeError(f"{str(value)[:40]} is no string")
    return value


def maybe(read: Any, value: Any) -> Any:
    """Return None as it is, and anything else as `read` reads it."""
    return None if value is None else read(value)


def _table(values: list[Any]) -> LabelTable:
    table = LabelTable()
    for value in values:
        if type(value) not in (int, str):
            raise TypeError(f"{str(value)[:40]} is no label")
        table.code(value)
    if len(table) != len(values):
        raise ValueError("a label is there twice")
    return table


def _names(names: Any) -> dict[str, Any] | None:
    if names is None:
        return None
    return read_label_names({str_of(k): tuple(v) if isinstance(v, list) else v for k, v in names.items()})


def _mode(mode: Any) -> str:
    if mode not in MODES:
        raise ValueError(f"{str(mode)[:40]} is no mode")
    return str(mode)


def _epochs(epochs: dict[str, Any]) -> dict[str, int]:
    return {_mode(mode): int_of(epoch) for mode, epoch in epochs.items()}


def _check(stream: Stream) -> None:
    """Raise when parts of a stream are of another type, or do not fit each other."""
    size = stream.instances.size
    codes = npz.checked(stream.codes, "i")
    if codes.max(initial=-1) >= len(stream.table) or codes.min(initial=-1) < -1 or codes.shape[0] > size:
        raise ValueError("label codes are none")
    _all_of(int, stream.rows, stream.relabelled, stream.changes, stream.rows_of_epoch)
    _all_of(int, *stream.steps, *stream.steps.values())
    _all_of(str, *stream.metrics, *stream.columns)
    _all_of(bool, stream.has_logits, stream.labelled, stream._some_unlabelled)
    for metric, epochs in stream.columns.items():
        if metric not in stream.metrics:
            raise ValueError(f"{metric!r} is no metric of its stream")
        for epoch, column in epochs.items():
            if epoch != column.epoch or epoch not in stream.steps:
                raise ValueError("a column is not of its epoch")
            if column.closed and column.values.shape[0] > size:
                raise ValueError("a column is longer than there are instances")
            _all_of(int, epoch, column.step, column.rows, column.nan, column.inf, column.changes)
            _all_of(int, column.duplicates, column.late)
            _all_of(bool, column.closed)
    if stream.dynamics is not None:
        stream.dynamics.check(len(stream.predicted))


def _all_of(kind: type, *values: Any) -> None:
    for value in values:
        if type(value) is not kind:
            raise TypeError(f"{str(value)[:40]} is no {kind.__name__}")
