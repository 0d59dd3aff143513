"""Static pictures without a browser: the charts and image grids of the widgets as PNG and SVG, and a one-file report.

Every function takes the results of a tracker or an engine and gives a figure with ``save("x.png" | "x.svg")``,
``png()`` and ``svg()``. A ``Recorder`` draws them along a run, when a schedule says so, into a folder, TensorBoard or
any function. Matplotlib is loaded by the first figure, never its pyplot.
"""

from __future__ import annotations

from xai_widgets.figures import palette, schedules
from xai_widgets.figures.instances import instance_history
from xai_widgets.figures.labels import label_difficulty
from xai_widgets.figures.maps import history_heatmap, instance_map
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.recorder import Recorder
from xai_widgets.figures.report import report
from xai_widgets.figures.saliency import saliency_grid
from xai_widgets.figures.shortcuts import shortcuts
from xai_widgets.figures.views import heat_view, instance_view, label_view, map_view, saliency_view
from xai_widgets.figures.writers import CallbackWriter, FolderWriter, TensorBoardWriter

__all__ = [
    "CallbackWriter",
    "FolderWriter",
    "Recorder",
    "StaticFigure",
    "TensorBoardWriter",
    "heat_view",
    "history_heatmap",
    "instance_history",
    "instance_map",
    "instance_view",
    "label_difficulty",
    "label_view",
    "map_view",
    "palette",
    "report",
    "saliency_grid",
    "saliency_view",
    "schedules",
    "shortcuts",
]
