"""Occlusion: how much the score falls when a window of the input is covered (Zeiler and Fergus, ECCV 2014)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Window = tuple[slice, ...]


def windows(shape: Sequence[int], axes: Sequence[int], size: Any, stride: Any) -> list[Window]:
    """Return every window over one sample's sides.

    Parameters
    ----------
    shape : sequence of int
        A batch's shape.
    axes : sequence of int
        The sides that windows move along; the others are covered whole.
    size, stride : int, sequence of int or None
        An eighth of each side, and half the window, by default. The last window of a side ends with it, so that
        everything is covered.
    """
    sizes = _each("window", size, axes, [max(1, shape[axis] // 8) for axis in axes])
    sizes = [min(one, shape[axis]) for one, axis in zip(sizes, axes, strict=True)]
    steps = _each("stride", stride, axes, [max(1, one // 2) for one in sizes])
    starts = [
        sorted({*range(0, shape[axis] - one + 1, step), shape[axis] - one})
        for axis, one, step in zip(axes, sizes, steps, strict=True)
    ]
    found = []
    for places in itertools.product(*starts):
        cut = [slice(None)] * (len(shape) - 1)
        for axis, start, one in zip(axes, places, sizes, strict=True):
            cut[axis - 1] = slice(start, start + one)
        found.append(tuple(cut))
    return found


def _each(what: str, given: Any, axes: Sequence[int], otherwise: list[int]) -> list[int]:
    if given is None:
        return otherwise
    numbers = list(given) if isinstance(given, (tuple, list)) else [given] * len(axes)
    if len(numbers) != len(axes) or any(int(one) != one or one < 1 for one in numbers):
        raise ValueError(
            f"{what} should be a whole number, or one for each of {len(axes)} sides, at least 1; got {given!r}"
        )
    return [int(one) for one in numbers]


def covered(x: Floats, cover: Floats, cuts: Sequence[Window]) -> Floats:
    """Return one copy of a sample for every window, that window replaced by the cover, (len(cuts), ...)."""
    rows = np.repeat(x[None], len(cuts), axis=0)
    for row, cut in zip(rows, cuts, strict=True):
        row[cut] = cover[cut]
    return rows


class Falls:
    """Averages the falls of the score over the windows that cover each element of a sample."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._sums = np.zeros(shape)
        self._counts = np.zeros(shape)

    def add(self, cut: Window, fall: float) -> None:
        """Take one window's fall."""
        self._sums[cut] += fall
        self._counts[cut] += 1

    def mean(self) -> Floats:
        """Return the average so far; zero where nothing was covered yet."""
        return np.divide(self._sums, self._counts, out=np.zeros_like(self._sums), where=self._counts > 0)


def batches(cuts: Sequence[Window], rows: int) -> Iterator[Sequence[Window]]:
    """Return the windows, some at a time."""
    for start in range(0, len(cuts), rows):
        yield cuts[start : start + rows]
