"""Texts as token ids, (T,): which numbers are ids cannot be seen from them, so this kind is only named, ``kind="text"``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples.kinds.plain import INKS, SIZE, canvas
from xai_widgets.samples.kinds.registry import Kind

_CELL: Final = 8


def draw_tokens(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Draw the first 64 tokens as cells, line by line: equal ids have equal colours; (T,) to uint8 (64, 64, 3)."""
    made, across = canvas(), SIZE // _CELL
    for place, token in enumerate(np.asarray(values).reshape(-1)[: across * across].tolist()):
        top, left = _CELL * (place // across), _CELL * (place % across)
        shade = 0.35 + 0.65 * (int(token) // len(INKS) % 7) / 6
        ink = np.asarray(INKS[int(token) % len(INKS)], float)
        made[top + 1 : top + _CELL - 1, left + 1 : left + _CELL - 1] = np.rint(255 - (255 - ink) * shade)
    return made


TEXT = Kind(
    "text",
    lambda values: False,
    draw_tokens,
    lambda shape: f"a text of {shape[0] if shape else 1:,} tokens, equal ones in equal colours",
)
