"""The widgets: the only place that imports ipywidgets, bqplot, ipycanvas and anywidget."""

from __future__ import annotations

from xai_widgets.widgets.background_view import BackgroundView
from xai_widgets.widgets.charts.instance_history import InstanceHistory
from xai_widgets.widgets.charts.label_difficulty import LabelDifficulty
from xai_widgets.widgets.dashboard import Dashboard
from xai_widgets.widgets.instance_map.widget import InstanceMap
from xai_widgets.widgets.review.widget import Review
from xai_widgets.widgets.saliency.panel import SaliencyPanel
from xai_widgets.widgets.shortcuts.view import Shortcuts

__all__ = [
    "BackgroundView",
    "Dashboard",
    "InstanceHistory",
    "InstanceMap",
    "LabelDifficulty",
    "Review",
    "SaliencyPanel",
    "Shortcuts",
]
