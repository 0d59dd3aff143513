"""Both ends of a ranking without sorting it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def highest(values: Array, n: int, tie: Array | None = None) -> Array:
    """Find where the `n` highest values are, highest first; the end of a sorting that leaves equal values in place.

    Parameters
    ----------
    values
        (N,) scores; NaN is left out.
    n
        How many; fewer are found where there are fewer.
    tie
        (N,) a second score that orders equal values.
    """
    return _ordered(values, n, tie)[::-1]


def lowest(values: Array, n: int, tie: Array | None = None) -> Array:
    """Find where the `n` lowest values are, lowest first; the beginning of such a sorting."""
    # of the highest of the mirrored values, taken from the other end, equal ones keep their order
    mirrored = _ordered(-values[::-1], n, None if tie is None else -tie[::-1])
    return np.asarray(values.size - 1 - mirrored[::-1])


def _ordered(values: Array, n: int, tie: Array | None) -> Array:
    """Places of the last `n` of a stable ascending sorting."""
    if n <= 0 or not values.size:
        return np.zeros(0, np.int64)
    places = np.flatnonzero(values >= _below(values, n))
    keys = (values[places],) if tie is None else (tie[places], values[places])
    return np.asarray(places[np.lexsort(keys)[-n:]])


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
