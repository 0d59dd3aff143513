"""Both ends of a ranking without sorting it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def highest(values: Array, n: int, tie: Array | None = None) -> Array:
    """Find where the `n` highest values are, highest first.

    Parameters
    ----------
    values
        (N,) scores; NaN is left out.
    n
        How many; fewer are found where there are fewer.
    tie
        (N,) a second score that orders equal values, highest first; those still equal come by their places.
    """
    if n <= 0 or not values.size:
        return np.zeros(0, np.int64)
    places = np.flatnonzero(values >= _below(values, n))
    x = values[places]
    keys = (places, -x) if tie is None else (places, -tie[places], -x)
    order = np.lexsort(keys)
    return np.asarray(places[order[:n]])


def lowest(values: Array, n: int, tie: Array | None = None) -> Array:
    """Find where the `n` lowest values are, lowest first; ties as in `highest`, lowest first."""
    return highest(-values, n, None if tie is None else -tie)


def _below(values: Array, n: int) -> float:
    """Find a number that at least `n` values reach, and few more.

    The n-th highest of the maxima of 8 n blocks will do: one pass instead of a partition.
    """
    blocks = 8 * n
    length = values.size // blocks
    if length < 16:
        return -np.inf
    maxima = np.fmax.reduce(values[: blocks * length].reshape(blocks, length), axis=1)
    maxima = np.where(np.isnan(maxima), -np.inf, maxima)
    return float(np.partition(maxima, blocks - n)[blocks - n])
