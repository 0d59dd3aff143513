"""From an attribution to a picture: masks in [0, 1] and overlays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.backends.ops.numpy_ops import NumpyOps
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
    return np.asarray(masks_in(NumpyOps(np.float64), array, axis, percentile, signed), np.float32)


def masks_in(ops: Ops, values: Tensor, axis: int | None, percentile: float, signed: bool) -> Tensor:
    """Make masks where values are, (B, ...) -> without the channel side ``axis``; see `mask_of`. No number is looked at."""
    # in float64, where no sum, difference or quotient of float32 values overflows
    wide = ops.wide(values)
    wide = wide if signed else abs(wide)
    wide = wide if axis is None else ops.sum(wide, axis)
    shape = tuple(int(side) for side in wide.shape)
    flat = ops.reshape(wide, (shape[0], -1))
    made = _signed_unit(ops, flat, percentile) if signed else _unit(ops, flat, percentile)
    return ops.reshape(made, shape)


def _unit(ops: Ops, flat: Tensor, percentile: float) -> Tensor:
    low, high, most = _ranks(ops, flat, percentile)
    # all but a few values are equal: those few are all there is to see
    high = ops.where(high <= low, most, high)
    span = high - low
    seen = (high > low) & (span > 1e-6 * abs(high))
    unit = (flat - low) / ops.where(seen, span, span * 0.0 + 1.0)
    return ops.where(seen, ops.minimum(ops.maximum(unit, 0.0), 1.0), unit * 0.0)


def _signed_unit(ops: Ops, flat: Tensor, percentile: float) -> Tensor:
    _, high, most = _ranks(ops, abs(flat), percentile)
    high = ops.where(high == 0, most, high)
    unit = 0.5 + 0.5 * flat / ops.where(high > 0, high, high * 0.0 + 1.0)
    return ops.where(high > 0, ops.minimum(ops.maximum(unit, 0.0), 1.0), unit * 0.0 + 0.5)


def _ranks(ops: Ops, flat: Tensor, percentile: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return the smallest number of each row, that at the percentile (linear between two), and the largest, (B, 1) each."""
    last = int(flat.shape[1]) - 1
    place = percentile / 100 * last
    below = min(int(place), last)
    ranks = ops.ranks(flat, [0, below, min(below + 1, last), last])
    at, past = ranks[:, 1:2], ranks[:, 2:3]
    return ranks[:, :1], at + (past - at) * (place - below), ranks[:, 3:]


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
