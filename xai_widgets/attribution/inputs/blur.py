"""Gaussian blurs of any sides of a batch, and their derivative, as one small matrix per side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]


def widest(shape: tuple[int, ...], axes: tuple[int, ...]) -> float:
    """Give the standard deviation of a blur that leaves little but the mean colour: a quarter of the larger side."""
    return max(shape[axis] for axis in axes) / 4


def blurred(x: Floats, axes: tuple[int, ...], sigma: float) -> Floats:
    """Blur these sides of x; what lies outside counts for nothing, so that a flat picture stays flat."""
    for axis in axes:
        x = _along(x, axis, _kernel(x.shape[axis], sigma)[0].astype(x.dtype))
    return x


def blurred_with_slope(x: Floats, axes: tuple[int, ...], sigma: float) -> tuple[Floats, Floats]:
    """Blur, and give the derivative of the result by sigma."""
    slope = np.zeros_like(x)
    for axis in axes:
        kernel, derivative = (matrix.astype(x.dtype) for matrix in _kernel(x.shape[axis], sigma))
        # the product rule, one side at a time
        slope = _along(slope, axis, kernel) + _along(x, axis, derivative)
        x = _along(x, axis, kernel)
    return x, slope


def _kernel(side: int, sigma: float) -> tuple[Floats, Floats]:
    if sigma < 1e-3:
        return np.eye(side), np.zeros((side, side))
    apart = np.subtract.outer(np.arange(side), np.arange(side)).astype(np.float64) ** 2
    weights = np.exp(-apart / (2 * sigma**2))
    kernel = weights / weights.sum(axis=1, keepdims=True)
    growth = apart / sigma**3
    return kernel, kernel * (growth - (kernel * growth).sum(axis=1, keepdims=True))


def _along(x: Floats, axis: int, matrix: Floats) -> Floats:
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
