"""What makes it live: host detection, publishing, safe points, weight snapshots, latest-wins jobs.

Loads neither a framework nor a widget library.
"""

from __future__ import annotations

from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.host import Host, host, keep_route
from xai_widgets.live.kernel.message_pump import pump
from xai_widgets.live.kernel.replace_on_rerun import replace_earlier
from xai_widgets.live.publishing.publisher import Publisher
from xai_widgets.live.publishing.stats import Traffic, View
from xai_widgets.live.saliency.every_epoch import Following
from xai_widgets.live.saliency.job import Job
from xai_widgets.live.saliency.requests import ColumnsRequest, ColumnsResult, WeightsVersion
from xai_widgets.live.saliency.service import AttributionService
from xai_widgets.live.training.background import BackgroundRun, background
from xai_widgets.tracking import TrainingStopped

__all__ = [
    "AttributionService",
    "BackgroundRun",
    "ColumnsRequest",
    "ColumnsResult",
    "Following",
    "Host",
    "Job",
    "Publisher",
    "Traffic",
    "TrainingStopped",
    "View",
    "WeightsVersion",
    "background",
    "cells",
    "host",
    "keep_route",
    "pump",
    "replace_earlier",
]
