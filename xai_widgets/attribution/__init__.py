"""Attributions: what in its input a network looks at.

Works with torch and without tensorflow, and the other way round; neither is imported before a model of it is there.
"""

from __future__ import annotations

from typing import Any

from xai_widgets.attribution.engine import AttributionEngine
from xai_widgets.attribution.inputs.baselines import Background
from xai_widgets.attribution.masks import mask_of, overlay
from xai_widgets.attribution.methods import Method, names, register
from xai_widgets.attribution.results import Attribution, SaliencyColumns
from xai_widgets.attribution.settings import Settings

__all__ = [
    "METHODS",
    "Attribution",
    "AttributionEngine",
    "Background",
    "Method",
    "SaliencyColumns",
    "Settings",
    "mask_of",
    "overlay",
    "register",
]


def __getattr__(name: str) -> Any:
    """Return `METHODS`, the names of all methods that are registered now."""
    if name == "METHODS":
        return names()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
