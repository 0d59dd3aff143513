"""Plain pictures of what is no picture: signals as lines, rows of a table as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIZE = 64
_PAPER, _RULE = (248, 249, 250), (228, 231, 236)
_INKS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0))
_MOST_BARS = 24


def draw_plain(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Draw the values of one sample that is no picture.

    Parameters
    ----------
    values : numpy.ndarray
        (F,) or (C, T). Up to 24 single values become bars around zero; more of them, and every (C, T) signal, become
        lines (of at most six channels). Anything of more sides is drawn as a crossed field: "not a picture".

    Returns
    -------
    numpy.ndarray
        uint8, (64, 64, 3).
    """
    canvas = np.empty((_SIZE, _SIZE, 3), np.uint8)
    canvas[:] = _PAPER
    numbers = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if numbers.ndim == 0:
        numbers = numbers.reshape(1)
    if numbers.ndim > 2 or numbers.size == 0:
        _cross(canvas)
    elif numbers.ndim == 1 and len(numbers) <= _MOST_BARS:
        _bars(canvas, numbers)
    else:
        _lines(canvas, np.atleast_2d(numbers))
    return canvas


def described(shape: tuple[int, ...]) -> str:
    """Say what a sample of this shape is, for the line under it."""
    if len(shape) <= 1:
        count = shape[0] if shape else 1
        return f"not a picture: {count:,} values, drawn as {'bars' if count <= _MOST_BARS else 'a line'}"
    if len(shape) == 2:
        return f"not a picture: {shape[0]:,} × {shape[1]:,} values, drawn as lines"
    return f"not a picture: shape {shape}"


def _rows(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    unit = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    return np.rint((_SIZE - 7) * (1 - unit) + 3).astype(np.int64)


def _bars(canvas: NDArray[np.uint8], values: NDArray[np.float64]) -> None:
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    rows, zero = _rows(values, low, high), int(_rows(np.zeros(1), low, high)[0])
    edges = np.rint(np.linspace(2, _SIZE - 2, len(values) + 1)).astype(int)
    for i, row in enumerate(rows):
        right = max(edges[i] + 1, edges[i + 1] - 1)
        canvas[min(row, zero) : max(row, zero) + 1, edges[i] : right] = (
            _INKS[0] if values[i] >= 0 else _INKS[1]
        )
    canvas[zero] = _RULE


def _lines(canvas: NDArray[np.uint8], channels: NDArray[np.float64]) -> None:
    low, high = float(channels.min()), float(channels.max())
    if low < 0 < high:
        canvas[_rows(np.zeros(1), low, high)[0]] = _RULE
    columns = np.arange(2, _SIZE - 2)
    for c, signal in enumerate(channels[: len(_INKS)]):
        # a column shows the whole span of the values that fall into it, so no peak is lost
        parts = np.array_split(signal, len(columns)) if len(signal) >= len(columns) else None
        if parts is None:
            at = np.interp(np.linspace(0, 1, len(columns)), np.linspace(0, 1, max(len(signal), 1)), signal)
            tops = bottoms = _rows(at, low, high)
        else:
            tops = _rows(np.array([p.max() for p in parts]), low, high)
            bottoms = _rows(np.array([p.min() for p in parts]), low, high)
        before = bottoms[0]
        for x, top, bottom in zip(columns, tops, bottoms, strict=True):
            canvas[min(top, before) : max(bottom, before) + 1, x] = _INKS[c]
            before = (top + bottom) // 2


def _cross(canvas: NDArray[np.uint8]) -> None:
    steps = np.arange(_SIZE)
    canvas[steps, steps] = _RULE
    canvas[steps, _SIZE - 1 - steps] = _RULE
