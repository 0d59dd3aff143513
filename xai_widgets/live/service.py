"""Saliency on a copy of the weights, computed beside the training."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from xai_widgets.live._random import random_streams_kept
from xai_widgets.live.cells import cells
from xai_widgets.live.replicas import Replica, replica_of
from xai_widgets.live.versions import ColumnsRequest, ColumnsResult, WeightsVersion

if TYPE_CHECKING:
    from xai_widgets.samples import SampleBatch, Samples
    from xai_widgets.tracking import Tracker

_log = logging.getLogger("xai_widgets.live")
_STALLED = 5.0  # seconds without a safe point, at least, until a job no longer waits for one
OnResult = Callable[[ColumnsResult], object]


class Job:
    """One request on its way; made by `AttributionService.request`.

    Attributes
    ----------
    request : ColumnsRequest
        What was asked.
    state : str
        "waiting", "computing", "done", "cancelled" or "failed".
    problem : BaseException or None
        Why it failed.
    """

    def __init__(
        self,
        request: ColumnsRequest,
        on_result: OnResult,
        on_problem: Callable[[BaseException], object] | None,
    ) -> None:
        self.request = request
        self.state = "waiting"
        self.problem: BaseException | None = None
        self.result: ColumnsResult | None = None
        self._on_result = on_result
        self._on_problem = on_problem
        self._ended = threading.Event()
        self._cancelled = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it has ended, one way or another."""
        return self._ended.is_set()

    def cancel(self) -> None:
        """Stop after the running chunk; nothing is reported any more. Safe to call at any time."""
        self._cancelled.set()
        if self.state == "waiting":
            self._end("cancelled")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; returns whether it has come."""
        return self._ended.wait(timeout)

    def _end(self, state: str, problem: BaseException | None = None) -> None:
        if not self._ended.is_set():
            self.state, self.problem = state, problem
            self._ended.set()
            if problem is not None and self._on_problem is not None:
                self._on_problem(problem)


class AttributionService:
    """Computes saliency columns beside a running training, on a copy of its weights.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        The model being trained; only read, and only at safe points.
    samples : Samples
        Where the inputs come from (`xai_widgets.samples.as_samples`).
    tracker : Tracker, optional
        Says when training is between two steps. Without one the weights are copied at once.
    model_fn : callable, optional
        Builds a fresh model of the same architecture, for models that cannot be copied.
    share : float, default 0.1
        Bound for the part of training's speed that a job may take, in (0, 1].
    engine_options : dict, optional
        Passed on to :class:`xai_widgets.AttributionEngine`.
    """

    def __init__(
        self,
        model: Any,
        samples: Samples,
        *,
        tracker: Tracker | None = None,
        model_fn: Callable[[], Any] | None = None,
        share: float = 0.1,
        engine_options: dict[str, Any] | None = None,
    ) -> None:
        if not 0.0 < share <= 1.0:
            raise ValueError(f"share is the part of training's speed a job may take, in (0, 1]; got {share}")
        self.share = share
        self.last_copy_seconds: float | None = None
        self.last_version: WeightsVersion | None = None
        self._model, self._samples, self._tracker = model, samples, tracker
        self._model_fn, self._options = model_fn, dict(engine_options or {})
        self._lock = threading.Condition()
        self._waiting: dict[str, Job] = {}
        self._current: Job | None = None
        self._closed = False
        self._state = "idle"
        self._thread: threading.Thread | None = None
        self._wanted: Callable[[], None] | None = None  # what the training thread does at its next safe point
        self._trainer: threading.Thread | None = None
        self._trained_in_cell = -1
        self._last_safe = 0.0
        self._safe_points = 0
        self._serial = 0
        self._replica: Replica | None = None
        self._engine: Any = None
        self._where: tuple[int | None, int | None] = (None, None)
        cells.attach()
        self._subscription = tracker.on_safe_point(self._safe_point) if tracker is not None else None

    @property
    def state(self) -> str:
        """What it does now: "idle", "waiting for a safe point", "computing" or "failed: ..."."""
        return self._state

    def request(
        self,
        request: ColumnsRequest,
        on_result: OnResult,
        on_problem: Callable[[BaseException], object] | None = None,
    ) -> Job:
        """Compute columns; a newer request of the same key cancels this one.

        Parameters
        ----------
        request : ColumnsRequest
            What to compute.
        on_result : callable
            Called in the service's own thread with a `ColumnsResult` after every chunk.
        on_problem : callable, optional
            Called with the exception when it fails.

        Returns
        -------
        Job
            To cancel it, or to wait for it.
        """
        job = Job(request, on_result, on_problem)
        with self._lock:
            if self._closed:
                raise RuntimeError("this AttributionService is closed; make a new one")
            older = self._waiting.pop(request.key, None)
            if older is not None:
                older.cancel()
            if self._current is not None and self._current.request.key == request.key:
                self._current.cancel()
            self._waiting[request.key] = job
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="xai_widgets saliency", daemon=True)
                self._thread.start()
            self._lock.notify_all()
        return job

    def cancel(self) -> None:
        """Cancel everything that waits or runs."""
        with self._lock:
            for job in self._waiting.values():
                job.cancel()
            self._waiting.clear()
            if self._current is not None:
                self._current.cancel()
            self._lock.notify_all()

    def close(self) -> None:
        """Cancel everything, stop the thread and forget the copy of the model; safe to call twice."""
        self.cancel()
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        if self._subscription is not None:
            self._subscription.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)
        self._replica = self._engine = None

    def training(self) -> bool:
        """Whether somebody is between two safe points now, so that copying has to wait for the next one."""
        thread = self._trainer
        if (
            self._tracker is None
            or thread is None
            or not thread.is_alive()
            or self._tracker.status != "training"
        ):
            return False
        in_cell = cells.running and self._trained_in_cell == cells.serial
        return in_cell if thread is threading.main_thread() else True

    def _safe_point(self, epoch: int | None, step: int | None) -> None:
        """Run in the training thread between two steps; does nothing but note the time when no job waits."""
        self._trainer, self._trained_in_cell = threading.current_thread(), cells.serial
        self._safe_points += 1
        self._last_safe = time.monotonic()
        self._where = (epoch, step)
        if self._wanted is not None:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is not None:
                    wanted()
                self._lock.notify_all()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not (self._waiting or self._closed):
                    self._lock.wait()
                if self._closed:
                    return
                key = next(iter(self._waiting))
                job = self._current = self._waiting.pop(key)
            try:
                self._work(job)
            except Exception as problem:
                self._state = f"failed: {problem}"
                _log.debug("a saliency job failed", exc_info=True)
                job._end("failed", problem)
            finally:
                job._end("cancelled" if job._cancelled.is_set() else "done")
                self._current = None
                if not self._state.startswith("failed"):
                    self._state = "idle"

    def _work(self, job: Job) -> None:
        prepared: list[Any] = []

        def prepare() -> None:
            try:
                prepared.append((self._copy(job.request), *self._fetch(job.request)))
            except Exception as problem:
                prepared.append(problem)

        safe = self._at_safe_point(job, prepare)
        if job._cancelled.is_set() or not prepared:
            return
        if isinstance(prepared[0], Exception):
            raise prepared[0]
        (replica, version), batch, pictures = prepared[0]
        if not safe:
            version = WeightsVersion(version.epoch, version.step, False, version.serial)
        self.last_version = version
        self._state = job.state = "computing"
        self._compute(job, replica, version, batch, pictures)

    def _compute(
        self,
        job: Job,
        replica: Replica,
        version: WeightsVersion,
        batch: SampleBatch,
        pictures: list[Any] | None,
    ) -> None:
        engine = self._engine_for(replica)
        engine.weights_version = version
        arguments = job.request.engine_arguments()
        chunks: Generator[Any, None, None] = engine.stream_columns(
            batch.inputs, index=batch.index, **arguments
        )
        try:
            while not job._cancelled.is_set():
                started = time.perf_counter()
                with replica.computing():
                    columns = next(chunks, None)
                if columns is None:
                    return
                busy = time.perf_counter() - started
                done = columns.evaluations >= columns.evaluations_total
                result = ColumnsResult(job.request, batch, pictures, columns, version, done, replica.notes)
                job.result = result
                if not job._cancelled.is_set():
                    job._on_result(result)
                if not done and self.training():
                    job._cancelled.wait(busy * (1.0 / self.share - 1.0))
        finally:
            chunks.close()

    def _engine_for(self, replica: Replica) -> Any:
        if self._engine is None or self._engine.model is not replica.model:
            from xai_widgets.attribution import AttributionEngine

            self._engine = AttributionEngine(replica.model, **self._options)
        return self._engine

    def _at_safe_point(self, job: Job, work: Callable[[], None]) -> bool:
        """Have the training thread do the work between two steps, or do it here when nothing trains."""
        asked = time.monotonic()
        with self._lock:
            if self.training():
                self._state = "waiting for a safe point"
                self._wanted = work
                while self._wanted is work and not (job._cancelled.is_set() or self._closed):
                    self._lock.wait(0.2)
                    stalled = time.monotonic() - max(asked, self._last_safe) > _STALLED
                    if self._wanted is work and (stalled or not self.training()):
                        break
                if self._wanted is not work:
                    return True
                self._wanted = None
                if job._cancelled.is_set() or self._closed:
                    return True
        safe = not self.training()
        work()
        return safe

    def _copy(self, request: ColumnsRequest) -> tuple[Replica, WeightsVersion]:
        """Copy the weights; in the training thread at a safe point, or here while nothing trains."""
        if request.weights != "newest" and self._replica is not None and self.last_version is not None:
            return self._replica, self.last_version
        started = time.perf_counter()
        if self._replica is None or not self._replica.refresh():
            self._replica = replica_of(self._model, self._model_fn)
        self.last_copy_seconds = time.perf_counter() - started
        self._serial += 1
        epoch, step = self._where
        return self._replica, WeightsVersion(epoch, step, True, self._serial)

    def _fetch(self, request: ColumnsRequest) -> tuple[SampleBatch, list[Any] | None]:
        """Read the samples; a data set of the user's may draw augmentations from global random streams."""
        with random_streams_kept():
            batch = self._samples.batch(request.indices)
            pictures = self._samples.pictures(request.indices) if self._samples.layout is not None else None
        return batch, pictures
