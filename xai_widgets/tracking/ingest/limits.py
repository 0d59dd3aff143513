"""What a tracker takes: the same with and without a run log, whose frames have room for so much."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MAX_METRICS = (1 << 16) - 1
MAX_METRIC_NAMES = 1_000_000
"""Characters of the names of all metrics of a batch."""
MAX_TEXT = 1 << 16
"""Characters of the name of an instance, of a label, or of a data set."""
MAX_BITS = 1024
"""Bits of an integer that names an instance or a label."""


def check_epoch(epoch: Any) -> int:
    """Return an epoch as an integer; ValueError when none has this number."""
    number = int(epoch)
    if not 0 <= number < 2**31:
        raise ValueError(f"epoch is {epoch!r}; a whole number from 1 on is expected, below 2**31")
    return number


def check_step(step: Any) -> int:
    """Return a training step as an integer; ValueError when none has this number."""
    number = int(step)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"step is {step!r}; a whole number below 2**63 is expected")
    return number


@lru_cache(maxsize=256)
def check_metrics(names: tuple[str, ...]) -> None:
    """Raise ValueError for more metrics than are kept, or longer names."""
    if len(names) > MAX_METRICS:
        raise ValueError(f"{len(names)} metrics in one batch; at most {MAX_METRICS} are kept")
    if sum(map(len, names)) > MAX_METRIC_NAMES:
        raise ValueError(
            f"the names of {len(names)} metrics have more than {MAX_METRIC_NAMES} characters together; shorten them"
        )
    if "" in names:
        raise ValueError("a metric has an empty name; give it one")


def check_ds_id(ds_id: Any) -> None:
    """Raise for what is no name of a data set."""
    if ds_id is not None and not isinstance(ds_id, str):
        raise TypeError(f"ds_id is {ds_id!r}; a string or None is expected")
    if ds_id is not None:
        check_text(ds_id)


def check_text(text: str) -> str:
    """Return a name; ValueError when it is too long."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"a name of {len(text)} characters, {text[:40]!r}...; at most {MAX_TEXT} are kept")
    return text


def check_number(number: int) -> int:
    """Return an integer that names something; ValueError when it is too large."""
    if number.bit_length() > MAX_BITS:
        raise ValueError(
            f"an index or label of {number.bit_length()} bits; integers up to {MAX_BITS} bits are kept"
        )
    return number
