"""What makes it live: host detection, publishing, safe points, weight snapshots, latest-wins jobs.

Loads neither a framework nor a widget library.
"""

from __future__ import annotations

from xai_widgets.live.cells import cells
from xai_widgets.live.following import Following
from xai_widgets.live.hosts import Host, host, keep_route
from xai_widgets.live.jobs import Job
from xai_widgets.live.publisher import Publisher
from xai_widgets.live.pumping import pump
from xai_widgets.live.rerun import replace_earlier
from xai_widgets.live.running import BackgroundRun, background
from xai_widgets.live.service import AttributionService
from xai_widgets.live.traffic import Traffic, View
from xai_widgets.live.versions import ColumnsRequest, ColumnsResult, WeightsVersion
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
