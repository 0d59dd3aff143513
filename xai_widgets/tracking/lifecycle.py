"""The course of a run: status, subscriptions, safe points, problems. Nothing here can stop training."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from xai_widgets.tracking.events import Callbacks, Subscription
from xai_widgets.tracking.results import EpochSummary

PROBLEMS_KEPT = 100


class Lifecycle:
    """Where a run is, and who wants to know.

    Attributes
    ----------
    version
        Grows with every record and every end of an epoch: whoever polls sees at a glance whether there is news.
    status
        "idle", "training", "ended" or "failed".
    error
        Text of the error a failed run ended with.
    epochs, steps_per_epoch
        Planned number of epochs, and of training steps in each; None where unknown.
    problems
        What went wrong on the side (a failing subscriber, a full disk), as text, newest last.
    stop_requested
        Whether somebody asked for a polite stop.
    """

    def __init__(self, epochs: int | None = None) -> None:
        self.version = 0
        self.status = "idle"
        self.error: str | None = None
        self.epochs = epochs
        self.steps_per_epoch: int | None = None
        self.problems: list[str] = []
        self.stop_requested = False
        self._step = 0
        self._epoch = 0
        self._started: float | None = None
        self._elapsed = 0.0
        self._subscribers = Callbacks("subscriber", self.report)
        self._safe = Callbacks("safe-point callback", self.report)

    @property
    def epoch(self) -> int:
        """The open epoch, or the last one; 0 before any."""
        return self._epoch

    @property
    def step(self) -> int:
        """The last training step known; 0 before any."""
        return self._step

    @property
    def elapsed(self) -> float:
        """Seconds the run has been training."""
        return self._elapsed + (time.monotonic() - self._started if self._started is not None else 0.0)

    def start(self) -> None:
        """Say that training begins; the first `record` does so too."""
        self.error = None
        self.stop_requested = False
        if self._started is None:
            self._started = time.monotonic()
        self._set_status("training")

    def finish(self, error: BaseException | None = None) -> None:
        """Say that training ended, or failed with `error`."""
        self._elapsed, self._started = self.elapsed, None
        if error is not None:
            self.error = f"{type(error).__name__}: {error}"
        self._set_status("ended" if error is None else "failed")

    def request_stop(self) -> None:
        """Ask the training loop to stop at its next batch or epoch end; hooks honour it, plain loops may."""
        self.stop_requested = True
        self.version += 1

    def subscribe(self, callback: Callable[[EpochSummary], Any]) -> Subscription:
        """Have `callback(summary)` called at every end of an epoch and change of status.

        It is called in the thread that ends the epoch. What it raises is kept in `problems`; after three failures in
        a row it is called no more.
        """
        return self._subscribers.add(callback)

    def on_safe_point(self, callback: Callable[[int, int], Any]) -> Subscription:
        """Have `callback(epoch, step)` called in the training thread, between optimizer steps."""
        return self._safe.add(callback)

    def safe_point(self, *, step: int | None = None, epoch: int | None = None) -> None:
        """Say, in the training thread, that it is between optimizer steps."""
        if self._safe.subscriptions:
            self._safe.call(self._epoch if epoch is None else epoch, self._step if step is None else step)

    def report(self, problem: str) -> None:
        """Keep a problem for the user to see, and warn."""
        self.problems.append(problem)
        del self.problems[:-PROBLEMS_KEPT]
        self.version += 1
        try:
            warnings.warn(problem, RuntimeWarning, stacklevel=3)
        except RuntimeWarning:  # warnings may be errors; a problem on the side still stops nothing
            return

    def _set_status(self, status: str) -> None:
        if status == self.status:
            return
        self.status = status
        self.version += 1
        self._log_status(status)
        self._subscribers.call(EpochSummary(None, None, self.epoch, self.step, kind="status", status=status))

    def _log_status(self, status: str) -> None:
        """Where a log is kept, write the status there."""
