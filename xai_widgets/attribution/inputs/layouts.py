"""Where an input's channels, rows and columns are, for masks, blurs and patches."""

from __future__ import annotations

from collections.abc import Sequence

LAYOUTS = ("NCHW", "NHWC", "NHW", "NCL", "NLC", "NL", "NC", "NCDHW", "NDHWC")
"""N samples, C channels, D planes, H rows, W columns, L positions of a signal. "NC" is a table, one number per column."""


def resolve_layout(shape: Sequence[int], layout: str | None, channels_first: bool) -> str:
    """Return the layout of an input of this shape (with its batch side).

    Parameters
    ----------
    shape : sequence of int
        Shape of a batch.
    layout : str, optional
        What the user said; checked against the rank.
    channels_first : bool
        The framework's habit, which decides where the shape alone does not.

    Raises
    ------
    ValueError
        If the layout does not exist, does not fit the rank, or cannot be told from the shape.
    """
    rank = len(shape)
    if layout is not None:
        name = str(layout).upper()
        name = name if name.startswith("N") else f"N{name}"
        if name not in LAYOUTS:
            raise ValueError(f"layout should be one of {', '.join(LAYOUTS)}, got {layout!r}")
        if len(name) != rank:
            raise ValueError(f"layout {name!r} has {len(name)} sides, but the input has shape {tuple(shape)}")
        return name
    if rank == 2:
        return "NC"
    if rank == 3:
        return "NHW"
    if rank == 4:
        first, last = shape[1] in (1, 3, 4), shape[3] in (1, 3, 4)
        if first != last:
            return "NCHW" if first else "NHWC"
        return "NCHW" if channels_first else "NHWC"
    if rank == 5:
        return "NCDHW" if channels_first else "NDHWC"
    raise ValueError(
        f"the layout of an input of shape {tuple(shape)} cannot be told; pass layout= (one of {', '.join(LAYOUTS)}), "
        "or use .values, which needs none"
    )


def channel_axis(layout: str) -> int | None:
    """Axis that is summed away in a mask; None where there is none (tables, grey pictures)."""
    return layout.index("C") if "C" in layout and len(layout) > 2 else None


def spatial_axes(layout: str) -> tuple[int, ...]:
    """Axes with neighbours: rows and columns, positions."""
    return tuple(axis for axis, side in enumerate(layout) if side in "DHWL")
