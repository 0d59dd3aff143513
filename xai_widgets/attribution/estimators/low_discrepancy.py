"""Points of which every prefix is spread well."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


FIRST_POINTS = (0.1197, 0.6755, 0.8646, 0.3903)
"""The first points on a path: like four midpoints, but of stretches that differ.

Stretches of one length would all be halved before any is halved again, and a mean over both lengths is up to 19 % worse than as
many midpoints. Stretches that differ by up to two to one at every number (de Bruijn and Erdos, 1949) keep that at 6 %, for a
gradient that wanders at random; these four, and where `PathTrack` splits, were found near theirs by search on the gradients of
LeNet and ResNet-20 along 64 paths, and held on 64 others.
"""


def first_points(count: int) -> tuple[float, ...]:
    """Return where a path of this many points in all begins: below four, midpoints placed for that very number."""
    if count >= len(FIRST_POINTS):
        return FIRST_POINTS
    return tuple((place + 0.5) / count for place in range(count))


def stretches(points: Floats) -> Floats:
    """Return the length of each point's own stretch of [0, 1], for sorted points, (P,) -> (P,)."""
    middles = (points[1:] + points[:-1]) / 2
    return np.asarray(np.diff(np.concatenate([[0.0], middles, [1.0]])))


def rotated(offsets: Floats, number: int) -> Floats:
    """Return the number-th further point of cells whose first is at these offsets: van der Corput's, rotated."""
    radical, digit = 0.0, 0.5
    while number:
        radical += digit * (number & 1)
        number >>= 1
        digit /= 2
    return np.asarray((offsets + radical) % 1.0)


def kronecker(sides: int, count: int, start: int, shift: Floats) -> Floats:
    """Return points start..start+count of the R sequence (Roberts, 2018) in the unit cube, shifted, (count, sides)."""
    steps = start + np.arange(count)[:, None]
    return np.asarray((shift[:sides] + steps / _root(sides) ** np.arange(1, sides + 1)) % 1.0)


@functools.cache
def _root(sides: int) -> float:
    """Return the root of x ** (sides + 1) = x + 1."""
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (sides + 1))
    return root
