"""Static pictures without a browser: the charts and image grids of the widgets as PNG and SVG, and a one-file report.

Every function takes the results of a tracker or an engine and gives a figure with ``save("x.png" | "x.svg")``,
``png()`` and ``svg()``. Matplotlib is loaded by the first figure, never its pyplot.
"""

from __future__ import annotations

from xai_widgets.figures import palette
from xai_widgets.figures.instances import instance_history
from xai_widgets.figures.labels import label_difficulty
from xai_widgets.figures.maps import history_heatmap, instance_map
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.saliency import saliency_grid

__all__ = [
    "StaticFigure",
    "history_heatmap",
    "instance_history",
    "instance_map",
    "label_difficulty",
    "palette",
    "saliency_grid",
]
