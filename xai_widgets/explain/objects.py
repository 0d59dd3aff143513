"""Where the object is that a picture is named after, given as a box or a mask: how much of an attribution lies outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.explain.masks import pooled

Floats = npt.NDArray[np.float64]


def on_grid(given: Any, grid: tuple[int, int]) -> Floats:
    """Return which share of each cell of a grid an object covers, (h, w).

    Parameters
    ----------
    given
        A box, (top, left, bottom, right) in shares of the picture's sides, or a mask of the picture, (H, W), true on the object.
    grid
        (h, w).

    Raises
    ------
    ValueError
        For anything else.
    """
    values = np.asarray(given, np.float64)
    if values.shape == (4,):
        top, left, bottom, right = values
        if not (0 <= top <= bottom <= 1 and 0 <= left <= right <= 1):
            raise ValueError(
                f"a box should be (top, left, bottom, right) in shares of the sides, from 0 to 1; got {values.tolist()}"
            )
        return np.outer(_overlap(top, bottom, grid[0]), _overlap(left, right, grid[1]))
    if values.ndim != 2 or not values.size or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"an object should be a box of four shares or a mask (H, W) of 0 and 1; got {values.shape}"
        )
    for axis, size in enumerate(grid):
        # at least as fine as the grid, and a multiple of what it was
        values = pooled(values.repeat(-(-size // values.shape[axis]), axis), axis, size)
    return values


def _overlap(first: float, last: float, cells: int) -> Floats:
    edges = np.arange(cells + 1) / cells
    return np.asarray(np.clip(np.minimum(edges[1:], last) - np.maximum(edges[:-1], first), 0, None) * cells)


def share_outside(
    names: npt.NDArray[Any], shares: Floats, region: npt.NDArray[np.bool_], objects: Mapping[Any, Floats]
) -> tuple[float, int]:
    """Return which share of the attribution in a region lies outside the objects, and in how many instances that is known.

    Parameters
    ----------
    names, shares
        (M,) instances and (M, h * w) shares of their attributions.
    region
        (h, w).
    objects
        (h, w) of each instance that one is known of, as `on_grid` gives it.
    """
    known = [row for row, name in enumerate(names.tolist()) if name in objects]
    if not known:
        return float("nan"), 0
    there = shares[known] * region.ravel()
    outside = 1.0 - np.stack([objects[names[row]].ravel() for row in known])
    total = there.sum()
    share = float(np.clip((there * outside).sum() / total, 0, 1)) if total > 0 else float("nan")
    return share, len(known)
