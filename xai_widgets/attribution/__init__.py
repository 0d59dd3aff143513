"""Attributions: what in its input a network looks at.

Works with torch and without tensorflow, and the other way round; neither is imported before a model of it is there.
"""

from __future__ import annotations

from xai_widgets.attribution.engine import AttributionEngine
from xai_widgets.attribution.inputs.baselines import Background
from xai_widgets.attribution.masks import mask_of, overlay
from xai_widgets.attribution.results import Attribution, SaliencyColumns
from xai_widgets.attribution.settings import METHODS, Settings

__all__ = [
    "METHODS",
    "Attribution",
    "AttributionEngine",
    "Background",
    "SaliencyColumns",
    "Settings",
    "mask_of",
    "overlay",
]
