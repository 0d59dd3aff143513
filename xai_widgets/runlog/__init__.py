"""A run on disk: append-only, checksummed, one file per process; read live, merged, exported. numpy and stdlib only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from xai_widgets.runlog.export import export
from xai_widgets.runlog.follow import FollowingTracker, read
from xai_widgets.runlog.writer import LogWriter

if TYPE_CHECKING:
    from xai_widgets.tracking.tracker import Tracker

__all__ = ["FollowingTracker", "LogWriter", "export", "follow", "read", "writer_for"]


def follow(folder: str | os.PathLike[str], *, every: float = 0.1) -> FollowingTracker:
    """Read a run live; see `Tracker.follow`."""
    return FollowingTracker(folder, every=every)


def writer_for(tracker: Tracker, folder: str | os.PathLike[str]) -> LogWriter:
    """Make the log of a tracker."""
    return LogWriter(folder, tracker.about, tracker.report)
