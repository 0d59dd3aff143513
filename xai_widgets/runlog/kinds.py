"""What the frames of a run log hold, and what may stand in them."""

from __future__ import annotations

import enum
import json
import math
from dataclasses import dataclass
from typing import Any

from xai_widgets._metrics import Metric
from xai_widgets.tracking.store.stream import Policy

VERSION = 1
MAX_JSON = 1 << 24
"""Bytes of JSON in a frame; parsed, they take some twenty times as much memory."""
MODES = ("train", "eval", "test", "infer")
STATUSES = ("idle", "training", "ended", "failed")
MAX_ERROR = 10_000


class Kind(enum.IntEnum):
    """What a frame holds."""

    FILE = 1  # JSON: who writes, since when, with which policy; the first frame of a file
    STREAM = 2  # JSON: mode, ds_id and metric names of a stream number; again at the start of every epoch
    LABELS = 3  # JSON: label values of the codes from `rows` on; again at the start of every epoch
    NAMES = 4  # JSON: string indices of the numbers from `rows` on
    ROWS = 5  # columns: indices, label codes where they are new, metrics
    EPOCH_END = 6  # the writer has no more rows of this stream's mode and epoch
    STATUS = 7  # JSON: training, ended or failed


class NewerError(ValueError):
    """A file of a version that this reader does not know."""


INDEX_BITS = {0: "<u2", 1: "<u4", 2: "<i8", 3: "<u4"}
"""Lowest two bits of the flags: the type of the indices; 3 are numbers of names."""
LABEL_BITS = {0: None, 1: "<u1", 2: "<u2", 3: "<u4"}
"""Next two bits: the type of the label codes; 0 where every label is known already."""
NAMED = 3


@dataclass(frozen=True)
class Status:
    """A process trains, ended or failed; `time` in seconds since 1970."""

    status: str
    error: str | None
    time: float


def to_json(value: Any) -> bytes:
    """Write a value as compact JSON; what JSON cannot say becomes its text."""
    return json.dumps(value, separators=(",", ":"), default=str).encode()


def from_json(payload: memoryview) -> Any:
    """Read JSON; ValueError for whatever is none, or is too much."""
    if len(payload) > MAX_JSON:
        raise ValueError(f"{len(payload)} bytes of JSON; at most {MAX_JSON} are read")
    try:
        return json.loads(bytes(payload))
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def read_stream(value: Any) -> tuple[str, str | None, tuple[str, ...]]:
    """Read mode, ds_id and metric names."""
    mode, ds_id = read_place(value)
    metrics = _of(value, "metrics", list)
    if not all(isinstance(m, str) and m for m in metrics) or len(set(metrics)) != len(metrics):
        raise ValueError("metrics are no list of different names")
    return mode, ds_id, tuple(metrics)


def read_place(value: Any) -> tuple[str, str | None]:
    """Read mode and ds_id."""
    mode, ds_id = _of(value, "mode", str), _of(value, "ds_id", str, type(None))
    if mode not in MODES:
        raise ValueError(f"mode is {mode[:40]!r}; one of {', '.join(MODES)} is expected")
    return mode, ds_id


def read_values(value: Any) -> list[Any]:
    """Read label values or names of instances."""
    if not isinstance(value, list) or not all(type(v) in (int, str) for v in value):
        raise ValueError("a list of integers and strings is expected")
    return value


def read_status(value: Any) -> Status:
    """Read how a run is."""
    status, error = _of(value, "status", str), _of(value, "error", str, type(None))
    if status not in STATUSES:
        raise ValueError(f"status is {status[:40]!r}; one of {', '.join(STATUSES)} is expected")
    return Status(status, error, float(_of(value, "time", int, float)))


def read_about(value: Any) -> dict[str, Any]:
    """Check what the first frame of a file says of its writer, and leave out what nobody asked for.

    Raises
    ------
    ValueError
        When something is of another type or size than any writer would write.
    NewerError
        When a newer version wrote it.
    """
    version = _of(value, "version", int)
    if version > VERSION:
        raise NewerError(f"version {version} is newer than this reader's {VERSION}")
    about: dict[str, Any] = {"version": version}
    for name, most in (("began", 2**63), ("pid", 2**31), ("rank", 2**31), ("world", 2**31)):
        about[name] = _count(_of(value, name, int), name, most)
    about["host"] = _of(value, "host", str)[:300]
    for name in ("epochs", "steps_per_epoch"):
        number = value.get(name)
        about[name] = None if number is None else _count(number, name, 2**63)
    about["label_names"] = _label_names(value.get("label_names"))
    about["metrics"] = [_metric(each) for each in value.get("metrics", ())]
    about["policy"] = _policy(value.get("policy"))
    about["replaces"] = _of(value, "replaces", str) if "replaces" in value else None
    about["first"] = _first(value.get("first"))
    return about


def _of(value: Any, name: str, *types: type) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise ValueError(f"{name} is missing")
    found = value[name]
    if type(found) not in types or (isinstance(found, float) and not math.isfinite(found)):
        raise ValueError(f"{name} is a {type(found).__name__}")
    return found


def _count(number: Any, name: str, most: int) -> int:
    if type(number) is not int or not 0 <= number < most:
        raise ValueError(f"{name} is no number from 0 to {most - 1}")
    return number


def _label_names(names: Any) -> dict[str, Any] | None:
    if names is None:
        return None
    if not isinstance(names, dict) or not all(
        all(type(v) in (int, str) for v in (values if isinstance(values, list) else [values]))
        for values in names.values()
    ):
        raise ValueError("label_names are no names of label values")
    return {name: tuple(v) if isinstance(v, list) else v for name, v in names.items()}


def _metric(described: Any) -> dict[str, Any]:
    _of(described, "name", str)
    return Metric.of_dict(described).as_dict()


def _policy(policy: Any) -> tuple[str, str, int] | None:
    if policy is None:
        return None
    if not isinstance(policy, list) or [type(each) for each in policy] != [str, str, int]:
        raise ValueError("policy is not a policy of duplicates, a type and a frequency")
    Policy.of(*policy)
    return policy[0], policy[1], policy[2]


def _first(first: Any) -> tuple[int, int] | None:
    if first is None:
        return None
    if not isinstance(first, list) or len(first) != 2:
        raise ValueError("first is no epoch and step")
    return _count(first[0], "epoch", 2**31), _count(first[1], "step", 2**63)
