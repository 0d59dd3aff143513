"""What a tracker writes its rows to; the run log is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from xai_widgets.tracking.store.batch_buffer import Batch


class Sink(Protocol):
    """Takes every batch before `record` returns. What it raises, the tracker tells, and goes on without it.

    Attributes
    ----------
    path
        Where it writes, as text.
    """

    @property
    def path(self) -> str:
        """Where it writes, as text."""

    def write_rows(self, mode: str, ds_id: str | None, epoch: int, step: int, batch: Batch) -> bool:
        """Write one batch; True when the file was deleted and begun anew, and memory should be written again."""

    def end_epoch(self, mode: str, ds_id: str | None, epoch: int, step: int) -> bool:
        """Say that an epoch is complete; returns as `write_rows`."""

    def write_status(self, status: str, error: str | None) -> None:
        """Say that the run started, ended or failed."""

    def after_fork(self) -> None:
        """Begin a file of its own in a forked child."""

    def close(self) -> None:
        """Write no more."""


class RunLogs(NamedTuple):
    """How a tracker gets a log of its rows.

    Attributes
    ----------
    write
        Called with (tracker, folder); returns the sink of a tracker that records.
    follow
        Called with (folder, seconds between two looks); returns a tracker that reads.
    """

    write: Callable[[Any, Path], Sink]
    follow: Callable[[Any, float], Any]


_connected: list[RunLogs] = []


def connect(logs: RunLogs) -> None:
    """Give all trackers their kind of log; the package does so when it is imported."""
    _connected[:] = [logs]


def run_logs() -> RunLogs:
    """Return what was connected."""
    if not _connected:
        raise RuntimeError(
            "no run log is connected to the tracker: import xai_widgets, which does it, or leave log_dir out"
        )
    return _connected[0]
