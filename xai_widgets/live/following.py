"""A new picture for every epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xai_widgets.live.jobs import Job, OnProblem, OnResult
from xai_widgets.live.versions import ColumnsRequest

if TYPE_CHECKING:
    from xai_widgets.live.service import AttributionService
    from xai_widgets.tracking import Tracker
    from xai_widgets.tracking.results import EpochSummary


class Following:
    """A request that is made again after every epoch; made by `AttributionService.follow`.

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
        self.job: Job = self._ask()
        self._subscription = tracker.subscribe(self._told) if tracker is not None else None

    def cancel(self) -> None:
        """Follow no more, and cancel what runs."""
        if self._subscription is not None:
            self._subscription.cancel()
        self.job.cancel()

    def _ask(self) -> Job:
        return self._service.request(self._request, self._on_result, self._on_problem)

    def _told(self, summary: EpochSummary) -> None:
        """Ask again when a training epoch has ended, or the run has."""
        run_ended = summary.kind == "status" and summary.status in ("ended", "failed")
        if run_ended or (summary.kind == "epoch" and summary.mode == "train"):
            self.job = self._ask()
