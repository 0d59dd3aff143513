"""Rows of a table: up to 24 single values, drawn as bars around zero."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples.kinds.plain import INKS, RULE, SIZE, canvas, finite, rows_of
from xai_widgets.samples.kinds.registry import Kind

MOST: Final = 24


def draw_bars(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Draw single values as bars, (F,) to uint8 (64, 64, 3)."""
    made, numbers = canvas(), finite(values).reshape(-1)
    low, high = min(0.0, float(numbers.min())), max(0.0, float(numbers.max()))
    rows, zero = rows_of(numbers, low, high), int(rows_of(np.zeros(1), low, high)[0])
    edges = np.rint(np.linspace(2, SIZE - 2, len(numbers) + 1)).astype(int)
    for i, row in enumerate(rows):
        right = max(edges[i] + 1, edges[i + 1] - 1)
        made[min(row, zero) : max(row, zero) + 1, edges[i] : right] = INKS[0] if numbers[i] >= 0 else INKS[1]
    made[zero] = RULE
    return made


TABLE = Kind(
    "table",
    lambda values: values.ndim <= 1 and 0 < values.size <= MOST,
    draw_bars,
    lambda shape: f"not a picture: {shape[0] if shape else 1:,} values, drawn as bars",
)
