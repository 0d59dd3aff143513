"""Masks of a whole data set, small enough to be kept: an attribution as a grid of at most 16 x 16 signed numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SIDE = 16
LEVELS = 12287
"""Steps of a stored number to either side of 0: where rounding falls the other way, it is by 0.8e-4 of a mask's maximum. More
steps take more bytes."""


def shrink(values: npt.NDArray[Any], layout: str | None) -> npt.NDArray[np.float32]:
    """Sum attributions over channels and average them over the cells of a grid.

    Parameters
    ----------
    values
        (B, ...) attributions of pictures.
    layout
        "NCHW", "NHWC" or "NHW".

    Returns
    -------
    numpy.ndarray
        (B, h, w) float32 with h and w at most `SIDE`; a side that is shorter stays as it is.

    Raises
    ------
    ValueError
        For what is no picture.
    """
    if layout not in ("NCHW", "NHWC", "NHW"):
        raise ValueError(
            f"a data set of pictures can be explained as a whole; got inputs of layout {layout!r}"
        )
    values = np.asarray(values, np.float64)
    if layout != "NHW":
        values = values.sum(1 if layout == "NCHW" else -1)
    return pooled(pooled(values, 1), 2).astype(np.float32)


def pooled(values: npt.NDArray[np.float64], axis: int, side: int = SIDE) -> npt.NDArray[np.float64]:
    """Average over cells, so that an axis has `side` of them; a shorter one stays as it is."""
    size = values.shape[axis]
    if size <= side:
        return values
    edges = np.arange(side) * size // side
    widths = np.diff(np.append(edges, size)).reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    return np.asarray(np.add.reduceat(values, edges, axis=axis) / widths)


def quantise(masks: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
    """Return masks as whole numbers, and the (B,) largest absolute value of each, which undoes it."""
    scale = np.abs(masks).max(axis=(1, 2)).astype(np.float32)
    safe = np.where(scale > 0, scale, 1)[:, None, None]
    return np.rint(masks / safe * LEVELS).astype(np.int16), scale


def restore(codes: npt.NDArray[np.int16], scale: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Undo `quantise`."""
    return np.asarray(codes * (scale / LEVELS)[:, None, None], np.float32)
