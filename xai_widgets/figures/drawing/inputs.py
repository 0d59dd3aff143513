"""Pictures and names out of whatever holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.figures.text import shown_text


def picture_of(pictures: Any, index: Any) -> NDArray[np.uint8] | None:
    """Ask a picture source of any kind for the picture of one index; None where it has none.

    Raises
    ------
    ValueError
        If what comes is not uint8 (H, W, 3).
    """
    if pictures is None:
        return None
    if hasattr(pictures, "pictures"):
        found = pictures.pictures([index])[0] if pictures.has(index) else None
    elif isinstance(pictures, Mapping):
        found = pictures.get(key_of(index))
    else:
        found = pictures(index)
    if found is None:
        return None
    picture = np.asarray(found)
    if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            f"a picture should be uint8 (H, W, 3), got {picture.dtype} {picture.shape}; samples.to_picture makes one"
        )
    return picture


def names_by_value(names: Any, limit: int = 24) -> dict[Any, str]:
    """Return label names as ``{value: name}`` ready to be shown, from either direction or a list."""
    if not names:
        return {}
    pairs = list(names.items() if isinstance(names, Mapping) else enumerate(names))
    flipped = isinstance(names, Mapping) and all(isinstance(k, str) for k, _ in pairs)
    return {key_of(v if flipped else k): shown_text(k if flipped else v, limit) for k, v in pairs}


def key_of(value: Any) -> Any:
    """Give one identity to a label or index, whether it is a plain value or of numpy."""
    return value.item() if hasattr(value, "item") else value
