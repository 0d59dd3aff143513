"""From an attribution to a picture: masks in [0, 1] and overlays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.inputs.layouts import channel_axis, resolve_layout


def mask_of(
    values: Any, layout: str | None = None, percentile: float = 99.0, signed: bool = False
) -> NDArray[np.float32]:
    """Turn attributions into masks.

    Parameters
    ----------
    values : array_like
        Attributions of a batch, shape of the input, (B, ...).
    layout : str, optional
        Layout of the input, such as "NCHW"; told from the shape by default (then channels last where both are possible).
    percentile : float, default 99
        What is at or over this percentile of an image's own mask is shown full.
    signed : bool, default False
        Keep the sign: the channels are summed with it, zero is 0.5, for a diverging colour map. Otherwise the absolute
        values are summed over the channels, the smallest is 0.

    Returns
    -------
    numpy.ndarray
        float32 in [0, 1], without the channel side: (B, H, W) for pictures. A flat map gives zeros (0.5 where signed);
        values that are not finite count as zero.

    Raises
    ------
    ValueError
        If the layout does not fit or cannot be told, or the percentile is not in (0, 100].
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile should be in (0, 100], got {percentile}")
    array = np.asarray(values, np.float32)
    axis = channel_axis(resolve_layout(array.shape, layout, channels_first=False))
    array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
    # in float64, where no sum, difference or quotient of float32 values overflows
    wide = array.astype(np.float64) if signed else np.abs(array, dtype=np.float64)
    flat = wide if axis is None else wide.sum(axis=axis)
    masks = np.empty(flat.shape, np.float32)
    for row, one in enumerate(flat):
        masks[row] = _signed_unit(one, percentile) if signed else _unit(one, percentile)
    return masks


def _unit(one: NDArray[np.float64], percentile: float) -> NDArray[np.float64]:
    low = float(one.min())
    high = float(np.percentile(one, percentile))
    if high <= low:  # all but a few values are equal: those few are all there is to see
        high = float(one.max())
    if not high > low or high - low <= 1e-6 * abs(high):
        return np.zeros_like(one)
    return np.clip((one - low) / (high - low), 0, 1)


def _signed_unit(one: NDArray[np.float64], percentile: float) -> NDArray[np.float64]:
    size = np.abs(one)
    high = float(np.percentile(size, percentile)) or float(size.max())
    if high <= 0:
        return np.full_like(one, 0.5)
    return np.clip(0.5 + 0.5 * one / high, 0, 1)


def overlay(picture: Any, mask: Any, colormap: Any, strength: float = 0.6) -> NDArray[np.uint8]:
    """Lay a mask over its picture.

    Parameters
    ----------
    picture : array_like
        uint8, (H, W, 3) or (H, W).
    mask : array_like
        Values in [0, 1], (h, w); brought to the picture's size (nearest) where it differs.
    colormap : array_like
        uint8, (256, 3): the colour of each mask value.
    strength : float, default 0.6
        How much of the colour is seen where the mask is 1; where it is 0 the picture is seen, darkened.

    Returns
    -------
    numpy.ndarray
        uint8, (H, W, 3).

    Raises
    ------
    ValueError
        If a shape does not fit.
    """
    base = np.asarray(picture)
    colors = np.asarray(colormap, np.float32)
    unit = np.clip(np.nan_to_num(np.asarray(mask, np.float32)), 0, 1)
    if base.ndim == 2:
        base = np.repeat(base[..., None], 3, axis=-1)
    if base.ndim != 3 or base.shape[-1] != 3:
        raise ValueError(f"picture should have shape (H, W, 3) or (H, W), got {base.shape}")
    if colors.shape != (256, 3):
        raise ValueError(f"colormap should have shape (256, 3), got {colors.shape}")
    if unit.ndim != 2:
        raise ValueError(f"mask should have shape (H, W), got {unit.shape}")
    height, width = base.shape[:2]
    if unit.shape != (height, width):
        rows = np.arange(height) * unit.shape[0] // height
        unit = unit[rows[:, None], np.arange(width) * unit.shape[1] // width]
    tinted = colors[np.rint(unit * 255).astype(np.intp)]
    shown = base.astype(np.float32) * (1 - strength) + tinted * strength
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)
