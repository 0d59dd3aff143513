"""What every instance and every label did over a run; numpy only."""

from xai_widgets.tracking.check import Check, CheckItem
from xai_widgets.tracking.events import Subscription
from xai_widgets.tracking.queries.suspects import Suspects
from xai_widgets.tracking.results import (
    Confusion,
    Counts,
    EpochSummary,
    Extremes,
    InstanceSeries,
    LabelSeries,
)
from xai_widgets.tracking.scores.registry import Score, register, unregister
from xai_widgets.tracking.stopping import TrainingStopped
from xai_widgets.tracking.store.batch_buffer import NO_LABEL
from xai_widgets.tracking.tables import Table
from xai_widgets.tracking.tracker import Tracker

__all__ = [
    "NO_LABEL",
    "Check",
    "CheckItem",
    "Confusion",
    "Counts",
    "EpochSummary",
    "Extremes",
    "InstanceSeries",
    "LabelSeries",
    "Score",
    "Subscription",
    "Suspects",
    "Table",
    "Tracker",
    "TrainingStopped",
    "register",
    "unregister",
]
