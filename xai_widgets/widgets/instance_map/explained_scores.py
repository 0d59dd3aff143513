"""Scores of a data set that was explained as a whole, beside those of the tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Said:
    """How a score is written, and the ends of its axis where they are known."""

    text: str
    range: tuple[float, float] | None = None


EXPLAINED: Final[Mapping[str, Said]] = {
    "rule": Said("rule it follows (0: none)"),
    "suspicion": Said("suspicion of its rule", (0.0, 1.0)),
    "mask_in_rule": Said("share of its mask in the rule's region", (0.0, 1.0)),
    "explained_probability": Said("probability when it was explained", (0.0, 1.0)),
    "explanation_error": Said("relative standard error of its explanation"),
    "explanation_gap": Said("completeness gap of its explanation"),
}
"""The scores that `xai_widgets.widgets.shortcuts.feed.Reading` holds, and how the map calls them."""


def aligned(reading: Any, name: str, index: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
    """Return a score for the instances asked for, NaN where one is not explained; None where nothing is.

    Parameters
    ----------
    reading : Reading
        A store as it was at one moment.
    name
        One of `EXPLAINED`.
    index
        (N,) instances.
    """
    values = reading.scores.get(name)
    if values is None or not len(values):
        return None
    found = np.full(len(index), np.nan)
    if index.dtype != object and reading.index.dtype != object:
        at = np.minimum(np.searchsorted(reading.index, index), len(reading.index) - 1)
        there = reading.index[at] == index
        found[there] = values[at[there]]
        return found
    place = {each: row for row, each in enumerate(reading.index.tolist())}
    rows = np.array([place.get(each, -1) for each in index.tolist()], np.int64)
    found[rows >= 0] = values[rows[rows >= 0]]
    return found
