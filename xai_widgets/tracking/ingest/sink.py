"""What a tracker writes its rows to; the run log is one."""

from __future__ import annotations

from typing import Protocol

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
