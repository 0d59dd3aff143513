"""Masks of tables, signals and texts: a strip, with a row for each channel."""

from __future__ import annotations

from xai_widgets.widgets.saliency.kinds.registry import Look, Mask


def strip(mask: Mask) -> Mask:
    """Return one row of values, or the rows that there are."""
    return mask if mask.ndim == 2 else mask.reshape(1, -1)


STRIPS = tuple(Look(kind, strip) for kind in ("table", "signal", "text", "other"))
