"""Signals: more than 24 values, (T,), or channels of them, (C, T), drawn as lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples.kinds.plain import INKS, RULE, SIZE, canvas, finite, rows_of
from xai_widgets.samples.kinds.registry import Kind


def draw_lines(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Draw at most six channels as lines, (T,) or (C, T) to uint8 (64, 64, 3)."""
    made, channels = canvas(), np.atleast_2d(finite(values))
    low, high = float(channels.min()), float(channels.max())
    if low < 0 < high:
        made[rows_of(np.zeros(1), low, high)[0]] = RULE
    columns = np.arange(2, SIZE - 2)
    for c, signal in enumerate(channels[: len(INKS)]):
        # a column shows the whole span of the values that fall into it, so no peak is lost
        parts = np.array_split(signal, len(columns)) if len(signal) >= len(columns) else None
        if parts is None:
            at = np.interp(np.linspace(0, 1, len(columns)), np.linspace(0, 1, max(len(signal), 1)), signal)
            tops = bottoms = rows_of(at, low, high)
        else:
            tops = rows_of(np.array([p.max() for p in parts]), low, high)
            bottoms = rows_of(np.array([p.min() for p in parts]), low, high)
        before = bottoms[0]
        for x, top, bottom in zip(columns, tops, bottoms, strict=True):
            made[min(top, before) : max(bottom, before) + 1, x] = INKS[c]
            before = (top + bottom) // 2
    return made


def _says(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return f"not a picture: {shape[0]:,} × {shape[1]:,} values, drawn as lines"
    return f"not a picture: {shape[0] if shape else 1:,} values, drawn as a line"


SIGNAL = Kind("signal", lambda values: values.ndim <= 2 and values.size > 0, draw_lines, _says)
