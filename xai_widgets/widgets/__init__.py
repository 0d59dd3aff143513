"""The widgets: the only place that imports ipywidgets, bqplot, ipycanvas and anywidget."""

from __future__ import annotations

from xai_widgets.widgets.instance_history import InstanceHistory
from xai_widgets.widgets.label_difficulty import LabelDifficulty

__all__ = ["InstanceHistory", "LabelDifficulty"]
