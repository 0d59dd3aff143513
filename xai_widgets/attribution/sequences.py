"""Orders of path points of which every prefix is a good rule.

Along the path the gradient of a ReLU network jumps, so rules of high order gain nothing and even spacing is what counts.
`NestedPath` keeps the spacing even at every length: gaps differ by at most a factor of two (the sequence of de Bruijn and
Erdős, "Sequences of points on a circle", 1949), the points come in mirrored pairs (t, 1 - t), which makes every prefix exact
for gradients linear along the path, and each pair has the length of its own stretch of the path as its weight.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@functools.lru_cache(maxsize=8)
def _order(levels: int) -> Floats:
    """The lattice (k + 1/3) / 2^m, filled level by level, each from left to right."""
    points = np.array([1 / 3])
    ordered = [points]
    for level in range(levels):
        fresh = np.sort((points + 0.5 ** (level + 1)) % 1.0)
        ordered.append(fresh)
        points = np.concatenate([points, fresh])
    return np.concatenate(ordered)


def nested_pairs(count: int) -> Floats:
    """Give the lower points t of the first ``count`` pairs, in their order, in (0, 1/2)."""
    levels = max(0, int(np.ceil(np.log2(max(count, 1)))))
    return np.asarray(0.5 * np.log2(1 + _order(levels)[:count]))


def stretches(sorted_points: Floats) -> Floats:
    """Give the length of each point's stretch of [0, 1/2], (P,) sorted -> (P,), twice: both halves; they sum to 1."""
    middles = (sorted_points[1:] + sorted_points[:-1]) / 2
    edges = np.concatenate([[0.0], middles, [0.5]])
    return np.asarray(2 * np.diff(edges))


def golden(count: int, start: int, shift: float) -> Floats:
    """Points start..start+count of the golden-ratio sequence in (0, 1), shifted."""
    return np.asarray((shift + (start + np.arange(count)) * 0.6180339887498949) % 1.0)


def plane(count: int, start: int, shift: tuple[float, float]) -> Floats:
    """Points of the R2 sequence in the unit square (Roberts, 2018), shifted, (count, 2)."""
    steps = start + np.arange(count)[:, None]
    return np.asarray((np.asarray(shift) + steps * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0)
