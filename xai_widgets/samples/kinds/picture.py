"""Pictures: (C, H, W), (H, W, C) or (H, W)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from xai_widgets.samples.kinds.registry import Kind
from xai_widgets.samples.pictures import guess_layout, to_picture


def layout_of(shape: tuple[int, ...]) -> str | None:
    """Return the layout of samples of this shape, None if they are no pictures.

    Raises
    ------
    ValueError
        If three sides are unclear.
    """
    if len(shape) == 3:
        return guess_layout((1, *shape))
    if len(shape) == 2:
        try:
            return guess_layout((1, *shape))
        except ValueError:
            return None  # long and thin: a signal
    return None


def _fits(values: NDArray[Any]) -> bool:
    try:
        return layout_of(values.shape) is not None
    except ValueError:
        return False


PICTURE = Kind("picture", _fits, to_picture, lambda shape: f"a picture of shape {shape}")
