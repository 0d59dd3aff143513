"""One request on its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from xai_widgets.live.saliency.requests import ColumnsRequest, ColumnsResult

OnResult = Callable[[ColumnsResult], object]
OnProblem = Callable[[BaseException], object]


class Job:
    """One request for saliency; made by `AttributionService.request`.

    Attributes
    ----------
    request : ColumnsRequest
        What was asked.
    awaited : bool
        Whether a person waits for it.
    state : str
        "waiting", "computing", "done", "cancelled" or "failed".
    problem : BaseException or None
        Why it failed.
    result : ColumnsResult or None
        The newest result.
    reported : float
        When the newest result was handed on, or the work began; of ``time.monotonic()``.
    first_seconds, seconds : float or None, float
        Computing time until the first result, and altogether; without waiting and pauses.
    """

    def __init__(
        self,
        request: ColumnsRequest,
        on_result: OnResult,
        on_problem: OnProblem | None = None,
        awaited: bool = True,
    ) -> None:
        self.request = request
        self.awaited = awaited
        self.state = "waiting"
        self.problem: BaseException | None = None
        self.result: ColumnsResult | None = None
        self.first_seconds: float | None = None
        self.seconds = self.reported = 0.0
        self._on_result, self._on_problem = on_result, on_problem
        self._at_end: list[Callable[[Job], object]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._cancelled = threading.Event()

    def __repr__(self) -> str:
        return f"<Job {self.request.indices}: {self.state}>"

    @property
    def done(self) -> bool:
        """Whether it has ended, one way or another."""
        return self._ended.is_set()

    @property
    def wanted(self) -> bool:
        """Whether nobody has cancelled it."""
        return not self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop after the chunk that runs; nothing more is reported. Safe at any time and from any thread."""
        self._cancelled.set()
        if self.state == "waiting":
            self.end("cancelled")

    def begin(self) -> None:
        """Note that the computation starts, unless it was cancelled meanwhile."""
        with self._lock:
            if not self._ended.is_set():
                self.state, self.reported = "computing", time.monotonic()

    def on_end(self, callback: Callable[[Job], object]) -> None:
        """Call this with the job when it has ended (at once if it has), in whichever thread ends it."""
        with self._lock:
            if not self._ended.is_set():
                self._at_end.append(callback)
                return
        callback(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; returns whether it has come in time."""
        return self._ended.wait(timeout)

    def pause(self, seconds: float) -> None:
        """Sleep, at most until it is cancelled."""
        if seconds > 0.0:
            self._cancelled.wait(seconds)

    def report(self, result: ColumnsResult) -> None:
        """Hand on a result, unless it is no longer wanted."""
        self.result, self.reported = result, time.monotonic()
        if self.first_seconds is None:
            self.first_seconds = self.seconds
        if self.wanted:
            self._on_result(result)

    def end(self, state: str, problem: BaseException | None = None) -> None:
        """Note how it ended, once."""
        with self._lock:
            if self._ended.is_set():
                return
            self.state, self.problem = state, problem
            self._ended.set()
            callbacks, self._at_end = self._at_end, []
        if problem is not None and self._on_problem is not None and self.wanted:
            self._on_problem(problem)
        for callback in callbacks:
            callback(self)
