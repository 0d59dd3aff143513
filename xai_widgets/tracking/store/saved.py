"""What `Tracker.save` wrote, checked before any of it is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from xai_widgets._metrics import Metric
from xai_widgets.tracking.ingest.limits import check_ds_id, check_epoch, check_number, check_step, check_text
from xai_widgets.tracking.store.labels import LabelTable, read_label_names
from xai_widgets.tracking.store.soundness import check_stream, need
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
    opened, ended = _epochs(tree["open"]), _epochs(tree["ended"])
    need(all(at > ended.get(mode, -1) for mode, at in opened.items()), "an open epoch has ended")
    streams = {}
    for state in tree["streams"]:
        mode, ds_id = _mode(state["mode"]), maybe(str_of, state["ds_id"])
        need((mode, ds_id) not in streams, "a data set is there twice")
        check_ds_id(ds_id)
        stream = streams[(mode, ds_id)] = Stream(mode, ds_id, table, predicted, policy)
        stream.load(state)
        check_stream(stream, ended.get(mode, -1))
    elapsed = float(tree["elapsed"])
    need(tree["status"] in STATUSES and 0 <= elapsed < math.inf, "its status is none")
    return Saved(
        _names(tree["label_names"]),
        policy,
        table,
        predicted,
        opened,
        ended,
        (
            check_epoch(int_of(epoch)),
            check_step(int_of(step)),
            maybe(_planned, epochs),
            maybe(_planned, steps_per_epoch),
        ),
        elapsed,
        tree["status"],
        maybe(str_of, tree["error"]),
        streams,
        {known.name: known for known in map(_metric, tree.get("metrics", ()))},
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
        check_number(value) if isinstance(value, int) else check_text(value)
        table.code(value)
    if len(table) != len(values):
        raise ValueError("a label is there twice")
    return table


def _names(names: Any) -> dict[str, Any] | None:
    if names is None:
        return None
    for value in names.values():
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, (int, str, float, type(None))):
                raise TypeError(f"{str(each)[:40]} is no label")
    return read_label_names({str_of(k): tuple(v) if isinstance(v, list) else v for k, v in names.items()})


def _mode(mode: Any) -> str:
    if mode not in MODES:
        raise ValueError(f"{str(mode)[:40]} is no mode")
    return str(mode)


def _epochs(epochs: dict[str, Any]) -> dict[str, int]:
    return {_mode(mode): check_epoch(int_of(epoch)) for mode, epoch in epochs.items()}


def _planned(number: Any) -> int:
    if not 0 <= int_of(number) < 2**63:
        raise ValueError(f"{number} epochs or steps cannot be planned")
    return int(number)


def _metric(described: dict[str, Any]) -> Metric:
    metric = Metric.of_dict(described)
    str_of(metric.name)
    return replace(metric, low=float(metric.low), high=float(metric.high))
