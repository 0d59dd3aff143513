"""Which layer a class activation map is made of."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any


def is_map(shape: Sequence[int], channels_first: bool) -> bool:
    """Tell whether an output of this shape has several rows and columns."""
    if len(shape) != 4:
        return False
    sides = shape[2:] if channels_first else shape[1:3]
    return sides[0] * sides[1] > 1


def choose(seen: Sequence[tuple[str, Any, Sequence[int]]], layer: Any, channels_first: bool) -> Any:
    """Choose a layer among those that ran, in their order: (name, layer, shape of its output).

    Raises
    ------
    ValueError
        If there is none; the text lists those that would do.
    """
    fitting = [(name, one) for name, one, shape in seen if is_map(shape, channels_first)]
    if layer is None:
        if not fitting:
            raise ValueError(
                "no layer of the model has an output with rows and columns; for tokens name one with layer="
            )
        return fitting[-1][1]
    for name, one, _ in seen:
        if one is layer or name == layer:
            return one
    names = [name for name, _ in fitting]
    close = difflib.get_close_matches(str(layer), names, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(
        f"no layer {str(layer)[:60]!r} ran{hint} (layers with rows and columns: {', '.join(names[-12:])})"
    )
