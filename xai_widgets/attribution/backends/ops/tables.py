"""Constant tables that every library of tensors brings to its device once."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops import folding
from xai_widgets.attribution.inputs import counter_rng


def table(name: str, size: int = 0) -> NDArray[Any]:
    """Return a table by name: "counters" of so many hashes, "signs" of vectors of this size, or quantiles, "normal"."""
    if name == "counters":
        return counter_rng.counters(size)
    if name == "signs":
        return folding.signs(size)
    return counter_rng.normal_table()
