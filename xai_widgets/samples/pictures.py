"""Layouts of pictures, and from a model's input back to a picture to look at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples._convert import as_array

LAYOUTS = ("NCHW", "NHWC", "NHW")
"""How a batch of pictures may lie in memory: N pictures, C channels, H rows, W columns."""

_CHANNELS = (1, 3, 4)


def guess_layout(shape: tuple[int, ...]) -> str:
    """Tell the layout of a batch of pictures from its shape.

    Parameters
    ----------
    shape : tuple of int
        The shape of a whole batch, (N, C, H, W), (N, H, W, C) or (N, H, W). N may be anything.

    Returns
    -------
    str
        "NCHW", "NHWC" or "NHW".

    Raises
    ------
    ValueError
        If it cannot be told: pass the layout explicitly then.

    Examples
    --------
    >>> guess_layout((8, 3, 32, 32))
    'NCHW'
    >>> guess_layout((8, 28, 28))
    'NHW'
    """
    shape = tuple(int(side) if side is not None else -1 for side in shape)
    if len(shape) == 4:
        first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
        if first and not last:
            return "NCHW"
        if last and not first:
            return "NHWC"
        # one channel is no ambiguity where the other end cannot be one: (N, 1, 1, W) stays unknown
        why = (
            "both the second and the last side could be channels"
            if first
            else "no side has 1, 3 or 4 channels"
        )
        raise ValueError(
            f"the layout of pictures with shape {shape} cannot be told, {why}; pass layout='NCHW' or 'NHWC'"
        )
    if len(shape) == 3:
        height, width = shape[1:]
        if min(height, width) >= 5 and max(height, width) <= 8 * min(height, width):
            return "NHW"
        hint = (
            "a single picture? add a batch side"
            if width in _CHANNELS or shape[0] in _CHANNELS
            else "signals?"
        )
        raise ValueError(
            f"shape {shape} does not look like (N, H, W) pictures ({hint}); pass layout='NHW' if it is"
        )
    raise ValueError(
        f"pictures should have shape (N, C, H, W), (N, H, W, C) or (N, H, W), got {shape}; "
        "a batch of something else has no layout"
    )


def check_layout(layout: Any) -> str:
    """Return a layout in its full name; "CHW", "HWC" and "HW" are understood too.

    Raises
    ------
    ValueError
        If there is no such layout.
    """
    name = str(layout).upper()
    full = name if name.startswith("N") else f"N{name}"
    if full not in LAYOUTS:
        raise ValueError(f"layout should be one of {', '.join(LAYOUTS)}, got {str(layout)[:40]!r}")
    return full


def to_picture(
    x: Any,
    layout: str | None = None,
    mean: Any = None,
    std: Any = None,
    *,
    value_range: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Turn one input of a model into a picture.

    Parameters
    ----------
    x : array_like
        One picture, (C, H, W), (H, W, C) or (H, W), without the batch side (one of length 1 is dropped).
        One channel is grey, three are RGB, a fourth is alpha (shown on white); of any other number the mean is shown.
    layout : {"NCHW", "NHWC", "NHW"}, optional
        How ``x`` lies in memory; guessed from its shape by default.
    mean, std : float or sequence of float, optional
        The normalisation that is in ``x``, per channel, on pixels in [0, 1]: it is undone (``x * std + mean``).
    value_range : (float, float), optional
        The values that are shown black and white. By default 0 and 255 for integers of eight bits; 0 and 1 after
        de-normalisation and for values in [0, 1]; 0 and 255 for values that reach over 127; otherwise the smallest and
        the largest value of ``x``.

    Returns
    -------
    numpy.ndarray
        uint8, (H, W, 3).

    Raises
    ------
    ValueError
        If the layout cannot be told, does not fit the shape, or mean and std do not fit the channels.
    """
    array = as_array(x)
    pixels = _rows_columns_channels(array, layout)
    eight_bits = pixels.dtype == np.uint8
    values: NDArray[np.float32] = pixels.astype(np.float32)
    if mean is not None or std is not None:
        values = np.float32(1 / 255) * values if eight_bits else denormalised(values, mean, std)
        value_range = (0.0, 1.0)
    if value_range is None:
        value_range = (0.0, 255.0) if eight_bits else shown_range(values)
    return _to_bytes(_to_rgb(values, value_range))


def denormalised(values: NDArray[np.float32], mean: Any, std: Any) -> NDArray[np.float32]:
    """Undo a normalisation of (H, W, C) pictures: ``values * std + mean``.

    Raises
    ------
    ValueError
        If mean or std has neither one value nor one per channel.
    """
    scale = per_channel(std, values.shape[-1], "std", 1.0)
    return np.asarray(values * scale + per_channel(mean, values.shape[-1], "mean", 0.0), np.float32)


def per_channel(value: Any, channels: int, name: str, default: float) -> NDArray[np.float32]:
    """Return a mean or std as one float32 per channel."""
    array = np.asarray(default if value is None else as_array(value), np.float32).reshape(-1)
    if array.size not in (1, channels):
        raise ValueError(
            f"{name} has {array.size} values for pictures of {channels} channels; give one, or one per channel"
        )
    return np.broadcast_to(array, (channels,))


def shown_range(values: NDArray[Any]) -> tuple[float, float]:
    """Choose which values are shown black and white, from the values themselves."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= 0 and 127 < high <= 255:
        return 0.0, 255.0
    if -1 <= low < 0 and 0.25 < high <= 1:
        return -1.0, 1.0
    return (low, high) if high > low else (low - 1.0, low + 1.0)


def _rows_columns_channels(array: NDArray[Any], layout: str | None) -> NDArray[Any]:
    name = check_layout(layout) if layout is not None else None
    if array.ndim == 4 or (array.ndim == 3 and name == "NHW"):
        if array.shape[0] != 1:
            raise ValueError(
                f"to_picture takes one picture, got a batch of shape {array.shape}; pass one of them"
            )
        array = array[0]
    name = name or guess_layout((1, *array.shape))
    if array.ndim == 2 and name != "NHW":
        name = "NHW"
    if array.ndim != len(name) - 1:
        raise ValueError(f"layout {name} needs a picture with {len(name) - 1} sides, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"an empty picture of shape {array.shape} cannot be shown")
    if name == "NCHW":
        return np.moveaxis(array, 0, -1)
    return array[..., None] if name == "NHW" else array


def _to_rgb(values: NDArray[np.float32], value_range: tuple[float, float]) -> NDArray[np.float32]:
    low, high = value_range
    unit = np.clip(
        (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(high - low, 1e-12), 0, 1
    )
    channels = unit.shape[-1]
    if channels == 3:
        return np.asarray(unit, np.float32)
    if channels == 4:
        return np.asarray(unit[..., :3] * unit[..., 3:] + (1 - unit[..., 3:]), np.float32)
    return np.repeat(unit.mean(axis=-1, keepdims=True, dtype=np.float32), 3, axis=-1)


def _to_bytes(unit: NDArray[np.float32]) -> NDArray[np.uint8]:
    # rounded, not truncated: uint8 -> [0, 1] -> uint8 must give the same picture back
    return np.ascontiguousarray(np.rint(unit * 255).astype(np.uint8))
