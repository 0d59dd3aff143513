"""What a job needs before it can compute: weights, and samples."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xai_widgets._rng import random_streams_kept
from xai_widgets.live.saliency.requests import ColumnsRequest
from xai_widgets.live.snapshots.snapshots import Snapshot, Snapshots, unsafe
from xai_widgets.live.training.safe_points import SafePoints

if TYPE_CHECKING:
    from xai_widgets.samples import SampleBatch, Samples

Fetched = tuple["SampleBatch", "list[Any] | None"]
_KEPT = 16  # groups of samples


class Preparation:
    """Gets weights and samples without disturbing a training.

    Copying weights between two steps is enough; what draws random numbers (a data set that augments, a model
    that has to be built) must happen in the training thread there, with the streams put back, or while it is
    sure that nothing trains.
    """

    def __init__(self, snapshots: Snapshots, samples: Samples, safe_points: SafePoints) -> None:
        self._snapshots, self._samples, self._safe_points = snapshots, samples, safe_points
        self._fetched: OrderedDict[tuple[int | str, ...], Fetched] = OrderedDict()

    def get(self, request: ColumnsRequest, wanted: Callable[[], bool]) -> tuple[Snapshot, Fetched] | None:
        """Wait for a safe point if need be; None when it is no longer wanted."""
        problems: list[Exception] = []
        copies = self._snapshots.needs_copy(request.weights)

        def between_steps() -> None:
            try:
                self._read_if_it_draws(request)
                if copies:
                    self._snapshots.copy(self._safe_points.where)
            except Exception as problem:  # training must not see it; the job's own thread raises it
                problems.append(problem)

        strict = self._reading_draws(request) or (copies and self._snapshots.draws_random())
        if strict or copies:
            safe = self._safe_points.do(between_steps, wanted, strict)
            if safe is None:
                return None
            if problems:
                raise problems[0]
            if copies and not safe:
                newest = self._snapshots.get("newest")
                newest.version = unsafe(newest.version)
        return self._snapshots.get(request.weights), self._fetch(request)

    def in_callers_thread(self, request: ColumnsRequest) -> Exception | None:
        """Do what draws random numbers here, where the caller runs the cell and so is between two steps itself.

        Left to the service's thread it would wait for a safe point that may never come.

        Returns
        -------
        Exception or None
            What went wrong.
        """
        if threading.current_thread() is not threading.main_thread() or not self._safe_points.quiet():
            return None
        try:
            self._read_if_it_draws(request)
            if self._snapshots.needs_copy(request.weights) and self._snapshots.draws_random():
                self._snapshots.copy(self._safe_points.where)
        except Exception as problem:
            return problem
        return None

    def copy_in_callers_thread(self) -> bool:
        """Copy the weights here, if the caller runs the cell and nothing trains; whether that was done."""
        if threading.current_thread() is not threading.main_thread() or not self._safe_points.quiet():
            return False
        try:
            self._snapshots.copy(self._safe_points.where)
        except Exception:  # a request for a picture says why
            return False
        return True

    def clear(self) -> None:
        """Forget the samples."""
        self._fetched.clear()

    def _reading_draws(self, request: ColumnsRequest) -> bool:
        return bool(self._samples.draws_random) and request.indices not in self._fetched

    def _read_if_it_draws(self, request: ColumnsRequest) -> None:
        if self._reading_draws(request):
            with random_streams_kept():
                self._fetch(request)

    def _fetch(self, request: ColumnsRequest) -> Fetched:
        """Read the samples, or give them again: a slider that moves must not read them anew."""
        found = self._fetched.get(request.indices)
        if found is None:
            batch = self._samples.batch(request.indices)
            pictures: list[Any] | None = None
            if self._samples.layout is not None:
                pictures = self._samples.pictures(request.indices)
            found = self._fetched[request.indices] = (batch, pictures)
            while len(self._fetched) > _KEPT:
                self._fetched.popitem(last=False)
        return found
