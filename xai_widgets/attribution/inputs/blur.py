"""Gaussian blurs of any sides of a batch, and their derivative, as one small matrix per side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor

Floats = NDArray[Any]


def widest(shape: tuple[int, ...], axes: tuple[int, ...]) -> float:
    """Return the standard deviation of a blur that leaves little but the mean colour: a quarter of the larger side."""
    return max(shape[axis] for axis in axes) / 4


def blurred(x: Floats, axes: tuple[int, ...], sigma: float) -> Floats:
    """Blur these sides of x; what lies outside counts for nothing, so that a flat picture stays flat."""
    for axis in axes:
        x = _along(x, axis, _kernel(x.shape[axis], sigma).astype(x.dtype))
    return x


def blurred_rows(ops: Ops, x: Tensor, axes: tuple[int, ...], sigmas: Floats) -> tuple[Tensor, Tensor]:
    """Blur each row of a batch by a width of its own, on the device; return also the derivative by that width.

    Parameters
    ----------
    ops : Ops
    x : tensor
        (R, ...).
    axes : tuple of int
        Sides that are blurred.
    sigmas : numpy.ndarray
        (R,); where it is next to nothing the row stays sharp.
    """
    slope = x * 0.0
    for axis in axes:
        kernel, derivative = _kernels(ops, int(x.shape[axis]), sigmas)
        # the product rule, one side at a time
        slope = _rows_along(ops, slope, axis, kernel) + _rows_along(ops, x, axis, derivative)
        x = _rows_along(ops, x, axis, kernel)
    return x, slope


def _kernels(ops: Ops, side: int, sigmas: Floats) -> tuple[Tensor, Tensor]:
    """Return kernels and their derivatives, (R, side, side) each."""
    sharp = sigmas < 1e-3
    widths = np.where(sharp, 1.0, sigmas)[:, None, None]
    places = ops.put(np.arange(side, dtype=ops.dtype))
    apart = ops.square(places[:, None] - places[None])[None]
    weights = ops.exp(apart * ops.put(-1 / (2 * widths**2)))
    kernel = weights / ops.sum(weights, 2)[:, :, None]
    growth = apart * ops.put(1 / widths**3)
    derivative = kernel * (growth - ops.sum(kernel * growth, 2)[:, :, None])
    if sharp.any():
        blurs = ops.put((~sharp).astype(ops.dtype)[:, None, None])
        same = ops.maximum(1.0 - apart, 0.0)
        kernel, derivative = kernel * blurs + same * (1.0 - blurs), derivative * blurs
    return kernel, derivative


def _rows_along(ops: Ops, x: Tensor, axis: int, matrices: Tensor) -> Tensor:
    rank, side = len(x.shape), int(x.shape[axis])
    order = [0, *(one for one in range(1, rank) if one != axis), axis]
    moved = ops.transpose(x, order)
    flat = ops.reshape(moved, (int(x.shape[0]), -1, side))
    made = ops.reshape(ops.matmul(flat, ops.transpose(matrices, (0, 2, 1))), tuple(moved.shape))
    return ops.transpose(made, [order.index(one) for one in range(rank)])


def _kernel(side: int, sigma: float) -> Floats:
    apart = np.subtract.outer(np.arange(side), np.arange(side)).astype(np.float64) ** 2
    weights = np.exp(-apart / (2 * sigma**2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _along(x: Floats, axis: int, matrix: Floats) -> Floats:
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
