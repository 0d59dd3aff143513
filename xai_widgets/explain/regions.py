"""Regions of the grid in which all masks of a rule may lie: small windows, borders, sides."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Region = npt.NDArray[np.bool_]


@lru_cache(maxsize=8)
def regions_of(height: int, width: int) -> dict[str, Region]:
    """List regions by name: windows from an eighth to a quarter of a side, borders and sides of an eighth at most.

    Parameters
    ----------
    height, width
        Of the grid.
    """
    found: dict[str, Region] = {}
    for share in (8, 5, 4):
        tall, wide = max(1, height // share), max(1, width // share)
        for row in range(height - tall + 1):
            for column in range(width - wide + 1):
                found[f"{tall} x {wide} at ({row}, {column})"] = _filled(
                    height, width, (slice(row, row + tall), slice(column, column + wide))
                )
    for thick in {1, max(1, min(height, width) // 8)}:
        sides = {
            "top": (slice(0, thick), slice(None)),
            "bottom": (slice(height - thick, None), slice(None)),
            "left": (slice(None), slice(0, thick)),
            "right": (slice(None), slice(width - thick, None)),
        }
        filled = {name: _filled(height, width, where) for name, where in sides.items()}
        found.update({f"{name} edge, {thick} wide": region for name, region in filled.items()})
        found[f"border, {thick} wide"] = np.logical_or.reduce(list(filled.values()))
    return found


def place_of(region: Region) -> str:
    """Say in words where a region lies."""
    height, width = region.shape
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    if len(rows) == height and len(columns) == width:
        return "around the border"
    if len(rows) == height:
        return f"along the {'left' if columns[0] == 0 else 'right'} edge"
    if len(columns) == width:
        return f"along the {'top' if rows[0] == 0 else 'bottom'} edge"
    vertical = _third((rows[0] + rows[-1] + 1) / 2 / height, "top", "bottom")
    horizontal = _third((columns[0] + columns[-1] + 1) / 2 / width, "left", "right")
    if vertical and horizontal:
        return f"in the {vertical} {horizontal} corner"
    return f"at the {vertical or horizontal}" if vertical or horizontal else "in the middle"


def at_the_edge(region: Region) -> bool:
    """Whether a region reaches into the outer eighth of the picture: a stamp often keeps a little off the border."""
    tall, wide = (max(1, side // 8) for side in region.shape)
    return bool(
        region[:tall].any() or region[-tall:].any() or region[:, :wide].any() or region[:, -wide:].any()
    )


def _third(at: float, low: str, high: str) -> str:
    return low if at < 0.3 else high if at > 0.7 else ""


def _filled(height: int, width: int, where: tuple[slice, slice]) -> Region:
    region = np.zeros((height, width), bool)
    region[where] = True
    return region
