"""What a tracker writes its rows to; the run log is one."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Sink(Protocol):
    """Takes every batch before `record` returns. May raise OSError: the tracker then goes on without it."""

    def write_rows(
        self,
        mode: str,
        ds_id: str | None,
        epoch: int,
        step: int,
        index: npt.NDArray[np.integer[Any]] | list[Any],
        label: npt.NDArray[np.integer[Any]] | list[Any] | None,
        metrics: tuple[str, ...],
        values: list[Array],
    ) -> None:
        """Write one batch: `index` and `label` (B,), one (B,) array per metric."""

    def end_epoch(self, mode: str, ds_id: str | None, epoch: int, step: int) -> None:
        """Say that an epoch is complete."""

    def write_status(self, status: str, error: str | None) -> None:
        """Say that the run started, ended or failed."""

    def close(self) -> None:
        """Write no more."""
