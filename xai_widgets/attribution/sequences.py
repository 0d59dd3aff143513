"""Points of which every prefix is spread well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def first_points(count: int) -> Floats:
    """Give the first points on a path: mirrored pairs, gaps that differ by at most a factor of two.

    Spaced as in de Bruijn and Erdős, "Sequences of points on a circle" (1949): splitting the gaps of such a set one after
    the other keeps it as even as it can be at every number, where halving equal gaps is uneven between powers of two.
    """
    pairs = -(-count // 2)
    lattice = np.array([1 / 3])
    ordered = lattice
    level = 1
    while len(ordered) < pairs:
        fresh = np.sort((lattice + 0.5**level) % 1.0)
        ordered = np.concatenate([ordered, fresh])
        lattice = np.concatenate([lattice, fresh])
        level += 1
    low = 0.5 * np.log2(1 + ordered[:pairs])
    return np.asarray(np.stack([low, 1 - low], axis=1).reshape(-1)[:count])


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
