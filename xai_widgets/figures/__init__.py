"""Static pictures without a browser: the charts and image grids of the widgets as PNG and SVG, and a one-file report."""

from __future__ import annotations

from xai_widgets.figures import palette

__all__ = ["palette"]
