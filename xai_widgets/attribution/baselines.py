"""Where the path starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RANDOM = ("uniform", "gaussian")
NAMED = (*RANDOM, "zeros", "black", "white", "blur", "maximum_distance")


def fixed_baseline(baseline: Any, x: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> NDArray[Any]:
    """Give one fixed baseline per sample, (B, ...), like x.

    Parameters
    ----------
    baseline : str, number or array_like
        "zeros"; "black", "white": the lowest and highest value of each sample; "maximum_distance": of those two, for
        each element, the farther; any constant; an array like x, or like one sample.
    x, low, high : numpy.ndarray
        The input, (B, ...), and each sample's lowest and highest value, (B,).

    Raises
    ------
    ValueError
        If there is no such baseline or its shape does not fit.
    """
    wide = (slice(None),) + (None,) * (x.ndim - 1)
    lowest, highest = low[wide].astype(x.dtype), high[wide].astype(x.dtype)
    if isinstance(baseline, str):
        if baseline == "zeros":
            return np.zeros_like(x)
        if baseline == "black":
            return np.broadcast_to(lowest, x.shape).copy()
        if baseline == "white":
            return np.broadcast_to(highest, x.shape).copy()
        if baseline == "maximum_distance":
            return np.where(x - lowest > highest - x, lowest, highest)
        raise ValueError(
            f"baseline should be one of {', '.join(NAMED)}, a number or an array, got {baseline!r}"
        )
    if hasattr(baseline, "detach"):
        baseline = baseline.detach().cpu()
    array = np.asarray(baseline, x.dtype)
    try:
        return np.broadcast_to(array, x.shape).copy()
    except ValueError:
        raise ValueError(
            f"baseline has shape {array.shape}, which does not fit the input's {x.shape}"
        ) from None
