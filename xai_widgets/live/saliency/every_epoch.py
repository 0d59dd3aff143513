"""A new picture for every epoch."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.live.saliency.job import Job, OnProblem, OnResult
from xai_widgets.live.saliency.requests import ColumnsRequest

if TYPE_CHECKING:
    from xai_widgets.live.saliency.service import AttributionService
    from xai_widgets.tracking import Tracker
    from xai_widgets.tracking.results import EpochSummary


class Following:
    """A request that is made again after every epoch; made by `AttributionService.follow`.

    An epoch that ends while the last picture is still computed does not call it off: where epochs are shorter than a
    picture takes, none would ever be finished. The next one is asked for when this one is there, with the weights
    of that moment.

    Attributes
    ----------
    job : Job
        The newest request.
    """

    def __init__(
        self,
        service: AttributionService,
        tracker: Tracker | None,
        request: ColumnsRequest,
        on_result: OnResult,
        on_problem: OnProblem | None,
    ) -> None:
        self._service, self._request = service, replace(request, weights="newest")
        self._on_result, self._on_problem = on_result, on_problem
        self._lock = threading.Lock()
        self._behind = self._cancelled = False
        self.job: Job = self._ask(awaited=True)
        self._subscription = tracker.subscribe(self._told) if tracker is not None else None
        tell_in_child(self)

    def in_child(self) -> None:
        """Follow nothing in a forked child."""
        self._lock, self._cancelled = threading.Lock(), True

    def cancel(self) -> None:
        """Follow no more, and cancel what runs."""
        with self._lock:
            self._cancelled = True
            job = self.job
        if self._subscription is not None:
            self._subscription.cancel()
        job.cancel()

    def _ask(self, awaited: bool = False) -> Job:
        job = self._service.request(self._request, self._on_result, self._on_problem, awaited=awaited)
        job.on_end(self._catch_up)
        return job

    def _catch_up(self, job: Job) -> None:
        """Ask again when epochs have ended while this job ran, unless somebody called it off."""
        with self._lock:
            behind, self._behind = self._behind and not self._cancelled and job.wanted, False
        if behind:
            self.job = self._ask()

    def _told(self, summary: EpochSummary) -> None:
        """Ask again when a training epoch has ended, or the run has."""
        run_ended = summary.kind == "status" and summary.status in ("ended", "failed")
        if not (run_ended or (summary.kind == "epoch" and summary.mode == "train")):
            return
        with self._lock:
            # one that still waits for its weights will get the newest anyway
            running = not self.job.done
            self._behind = running and self.job.state != "waiting"
            if self._cancelled or running:
                return
        self.job = self._ask()
