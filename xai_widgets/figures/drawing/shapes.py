"""The shapes of the map's points: one per label beside its colour, those of ``js/src/map/kernels.ts``."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

SHAPES = ("disc", "square", "diamond", "triangle", "wedge", "plus", "cross")

# corners in units of the radius, y upwards; all have about the disc's area
_CORNERS = {
    "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
    "diamond": [(-1.25, 0), (0, -1.25), (1.25, 0), (0, 1.25)],
    "triangle": [(0, 1.1), (1.18, -0.8), (-1.18, -0.8)],
    "wedge": [(0, -1.1), (1.18, 0.8), (-1.18, 0.8)],
    "plus": [
        (-0.4, 1.15), (0.4, 1.15), (0.4, 0.4), (1.15, 0.4), (1.15, -0.4), (0.4, -0.4), (0.4, -1.15), (-0.4, -1.15),
        (-0.4, -0.4), (-1.15, -0.4), (-1.15, 0.4), (-0.4, 0.4),
    ],
    "cross": [
        (0, 0.56), (0.44, 1), (1, 1), (1, 0.44), (0.56, 0), (1, -0.44), (1, -1), (0.44, -1), (0, -0.56), (-0.44, -1),
        (-1, -1), (-1, -0.44), (-0.56, 0), (-1, 0.44), (-1, 1), (-0.44, 1),
    ],
}  # fmt: skip


def shape_of(label: int) -> str:
    """Return the shape of the label at a position among the sorted label values."""
    return SHAPES[label % len(SHAPES)]


@cache
def outline(shape: str) -> Any:
    """Return a shape as a matplotlib path of radius 1."""
    from matplotlib.path import Path

    if shape == "disc":
        return Path.unit_circle()
    corners = _CORNERS[shape]
    return Path(np.array([*corners, corners[0]]), closed=True)


@cache
def reach(shape: str) -> float:
    """Return how far a shape goes from its centre; matplotlib makes a marker as large as its farthest corner says."""
    return float(np.abs(outline(shape).vertices).max())
