"""Saliency on a copy of the weights, computed beside the training."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from xai_widgets._rng import random_streams_kept
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.live.saliency.every_epoch import Following
from xai_widgets.live.saliency.job import Job, OnProblem, OnResult
from xai_widgets.live.saliency.openmp import one_openmp_thread
from xai_widgets.live.saliency.prepare import Preparation
from xai_widgets.live.saliency.requests import ColumnsRequest, ColumnsResult, WeightsVersion
from xai_widgets.live.saliency.throttle import Pace
from xai_widgets.live.saliency.tracing import example_inputs, short
from xai_widgets.live.snapshots.snapshots import Snapshot, Snapshots
from xai_widgets.live.training.safe_points import SafePoints

if TYPE_CHECKING:
    from xai_widgets.samples import SampleBatch, Samples
    from xai_widgets.tracking import Tracker

_BETWEEN = 0.25  # seconds between two drafts of a picture
_log = logging.getLogger("xai_widgets.live")


class AttributionService:
    """Computes saliency columns beside a running training, on a copy of its weights.

    Training gives two things only, both between two of its steps: a copy of the weights when a job waits,
    and the samples themselves where reading them draws random numbers (augmentation). Everything else
    happens in a thread of the service's own, and pauses so that training keeps its speed.

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
    share : float, default 0.06
        Bound for the part by which training's steps may take longer while a job runs, in (0, 1].
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
        share: float = 0.06,
        engine_options: dict[str, Any] | None = None,
    ) -> None:
        self._safe_points = SafePoints(tracker)
        self._pace = Pace(share, lambda: self._safe_points.seen)
        self._snapshots = Snapshots(model, model_fn)
        self._preparation = Preparation(self._snapshots, samples, self._safe_points)
        self._samples, self._tracker = samples, tracker
        self._options = dict(engine_options or {})
        self._lock = threading.RLock()
        self._waiting: dict[str, Job] = {}
        self._current: Job | None = None
        self._untraced: ColumnsRequest | None = None
        self._closed = False
        self._state = "idle"
        self._thread: threading.Thread | None = None
        tell_in_child(self)

    def in_child(self) -> None:
        """Be closed in a forked child, where nobody looks at pictures."""
        self._lock, self._closed, self._thread = threading.RLock(), True, None
        self._waiting.clear()

    @property
    def state(self) -> str:
        """What it does now: "idle", "waiting for a safe point", "computing" or "failed: ..."."""
        return self._state

    @property
    def share(self) -> float:
        """Bound for the part by which training's steps may take longer; may be set at any time."""
        return self._pace.share

    @share.setter
    def share(self, value: float) -> None:
        self._pace = Pace(value, lambda: self._safe_points.seen)

    @property
    def last_copy_seconds(self) -> float | None:
        """How long training was held up by the last copy of the weights; None before any."""
        return self._snapshots.last_copy_seconds

    @property
    def weights_untouched(self) -> bool | None:
        """Whether nobody wrote to the model's weights while they were copied; None where that cannot be told."""
        held = self._snapshots
        return held.disturbed == 0 if held.watched and held.copies else None

    @property
    def weights(self) -> WeightsVersion | None:
        """The newest weights that were copied."""
        newest = self._snapshots.newest
        return newest.version if newest is not None else None

    @property
    def pinned(self) -> WeightsVersion | None:
        """The weights that `pin` set aside."""
        pinned = self._snapshots.pinned
        return pinned.version if pinned is not None else None

    def training(self) -> bool:
        """Whether a training is going on."""
        return self._safe_points.training()

    def pin(self) -> WeightsVersion:
        """Set the newest weights aside, to compare later ones with; costs one more copy of the model.

        Raises
        ------
        LookupError
            When nothing was computed yet.
        """
        return self._snapshots.pin()

    def unpin(self) -> None:
        """Forget the weights that `pin` set aside."""
        self._snapshots.unpin()

    def request(
        self,
        request: ColumnsRequest,
        on_result: OnResult,
        on_problem: OnProblem | None = None,
        *,
        awaited: bool = True,
    ) -> Job:
        """Compute columns; a newer request of the same key cancels this one.

        Parameters
        ----------
        request : ColumnsRequest
            What to compute.
        on_result : callable
            Called in the service's own thread with a `ColumnsResult` after every chunk.
        on_problem : callable, optional
            Called there with the exception when it fails.
        awaited : bool, default True
            Whether a person waits for it: its first chunk is then computed at once.

        Returns
        -------
        Job
            To cancel it, or to wait for it.
        """
        job = Job(request, on_result, on_problem, awaited)
        problem = self._preparation.in_callers_thread(request) if not self._closed else None
        if problem is not None:
            self._end(job, "failed", problem)
            return job
        with self._lock:
            if self._closed:
                raise RuntimeError("this AttributionService is closed; make a new one")
            for older in (self._waiting.pop(request.key, None), self._current):
                if older is not None and older.request.key == request.key:
                    older.cancel()
            self._waiting[request.key] = job
            self._start()
        self._safe_points.interrupt()
        return job

    def trace(self, request: ColumnsRequest) -> None:
        """Have a Keras model's functions traced before somebody waits for a picture of such settings; that takes seconds.

        It happens in the service's thread, on a copy made here, if this is the thread that runs cells and nothing trains;
        otherwise the first picture traces them, as does a model without fixed input shapes. No sample is read. A torch
        model has nothing to trace.
        """
        if self._snapshots.newest is None and example_inputs(self._snapshots.model) is not None:
            with self._lock:
                if not self._closed and self._preparation.copy_in_callers_thread():
                    self._untraced = short(request)
                    self._start()

    def _start(self) -> None:
        """Start the thread, if it has ended or never began; the lock is held."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="xai_widgets saliency", daemon=True)
            self._thread.start()

    def prepare(self, request: ColumnsRequest) -> None:
        """Do now what drawing random numbers would otherwise have wait for the end of the cell.

        A Keras model is built, or samples that augment are read, here in the caller's thread, if that is the one that runs
        cells and nothing trains; the streams are put back. What goes wrong is raised by the request itself.
        """
        with self._lock:
            closed = self._closed
        if not closed:
            self._preparation.in_callers_thread(request)

    def cancel(self) -> None:
        """Cancel everything that waits or runs."""
        with self._lock:
            for job in (*self._waiting.values(), self._current):
                if job is not None:
                    job.cancel()
            self._waiting.clear()
        self._safe_points.interrupt()

    def close(self) -> None:
        """Cancel everything, stop the thread and forget the copies of the model; safe to call twice."""
        self.cancel()
        with self._lock:
            self._closed = True
            thread = self._thread
        self._safe_points.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        self._snapshots.clear()
        self._preparation.clear()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            task()

    def _next(self) -> Callable[[], None] | None:
        """Return what is to be done now; None ends the thread."""
        with self._lock:
            if not self._closed and self._waiting:
                self._current = self._waiting.pop(next(iter(self._waiting)))
                return functools.partial(self._serve, self._current)
            if not self._closed and self._untraced is not None:
                request, self._untraced = self._untraced, None
                return functools.partial(self._trace, request)
            # the thread goes, for its processor threads slow training even while they sleep
            self._thread = None
            return None

    def _serve(self, job: Job) -> None:
        self._state = "idle"
        try:
            self._work(job)
        except Exception as problem:
            _log.debug("%r failed", job, exc_info=True)
            self._state = f"failed: {problem}"
            self._end(job, "failed", problem)
        else:
            self._state = "idle"
            self._end(job, "done" if job.wanted else "cancelled", None)
        self._current = None

    def _trace(self, request: ColumnsRequest) -> None:
        try:
            engine = self._engine(self._snapshots.get("newest"))
            inputs = example_inputs(engine.model)
            for _ in engine.stream_columns(inputs, **request.engine_arguments()):
                if self._waiting or self._closed:
                    break
        except Exception:
            _log.debug("tracing failed; a request for a picture says why", exc_info=True)

    def _end(self, job: Job, state: str, problem: BaseException | None) -> None:
        try:
            job.end(state, problem)
        except Exception:
            _log.exception("%r could not report its problem", job)

    def _work(self, job: Job) -> None:
        self._state = "waiting for a safe point"
        if self.training():
            job.pause(self._pace.before_job(job.awaited))
        prepared = self._preparation.get(job.request, lambda: job.wanted and not self._closed)
        if prepared is not None:
            snapshot, (batch, pictures) = prepared
            self._state = "computing"
            job.begin()
            with one_openmp_thread() if self.training() else nullcontext():
                self._compute(job, snapshot, batch, pictures)

    def _compute(self, job: Job, snapshot: Snapshot, batch: SampleBatch, pictures: list[Any] | None) -> None:
        engine = self._engine(snapshot)
        version, pace = snapshot.version, self._pace
        engine.weights_version = version
        given = {
            "along": batch.along or None,
            "layout": self._layouts(batch),
            **job.request.engine_arguments(),
        }
        chunks = engine.stream_columns(batch.inputs, index=batch.index, **given)
        try:
            while job.wanted and not self._closed:
                pace.chunk_starts()
                started = time.perf_counter()
                columns = self._next_chunk(job, snapshot, chunks)
                job.seconds += time.perf_counter() - started
                if columns is not None and self._worth_showing(job, columns):
                    notes = (*snapshot.replica.notes, *_passed_along(batch), *_drawing(self._snapshots.draws))
                    job.report(
                        ColumnsResult(job.request, batch, pictures, columns, version, columns.done, notes)
                    )
                pause = pace.chunk_ends()
                if columns is None:
                    return
                if not columns.done and self.training():
                    job.pause(pause)
                    pace.pause_ends()
        finally:
            chunks.close()

    def _next_chunk(self, job: Job, snapshot: Snapshot, chunks: Iterator[Any]) -> Any:
        """Compute a chunk; None at the end.

        A torch model may draw from streams that are the user's, of Python or numpy: its first chunk is computed between two
        steps, with the streams put back, and so is every other of one that does.
        """
        replica, draws = snapshot.replica, self._snapshots.draws
        if draws == () or not replica.eager:
            with replica.computing():
                return next(chunks, None)
        made: list[Any] = []

        def compute() -> None:
            alone = self._safe_points.here()  # else another thread's draws would be undone
            kept: AbstractContextManager[list[str]] = random_streams_kept() if alone else nullcontext([])
            try:
                with replica.computing(), kept as moved:
                    made.append(next(chunks, None))
                if alone:
                    self._snapshots.draws = tuple(dict.fromkeys([*(draws or ()), *moved]))
            except Exception as problem:  # training must not see it
                made.append(problem)

        def wanted() -> bool:
            return job.wanted and not self._closed

        self._safe_points.do(compute, wanted, strict=bool(draws) or replica.may_draw())
        found = made[0] if made else None
        if isinstance(found, Exception):
            raise found
        return found

    def _worth_showing(self, job: Job, columns: Any) -> bool:
        """Whether this result is to be drawn: the first that somebody waits for, the last, and now and then one between.

        A picture that follows by itself replaces a finished one: its first draft would show less than what is there.
        """
        if columns.done or not self.training() or (job.awaited and job.result is None):
            return True
        # the first one may show nothing new yet: a slider's step begins with what is known
        return time.monotonic() - job.reported >= _BETWEEN

    def _engine(self, snapshot: Snapshot) -> Any:
        place = None if self._tracker is None else self._tracker.output or None
        if snapshot.engine is None or snapshot.place != place:
            from xai_widgets.attribution import AttributionEngine

            options = {"output": place, **self._options}
            snapshot.engine, snapshot.place = AttributionEngine(snapshot.replica.model, **options), place
        if self._tracker is not None and "task" not in self._options:
            snapshot.engine.task = self._tracker.task
        return snapshot.engine

    def _layouts(self, batch: SampleBatch) -> tuple[str | None, ...] | None:
        """Return a layout for each input, unless the user named them."""
        several = len(batch.inputs) if isinstance(batch.inputs, tuple) else 1
        named = "layout" in self._options or len(batch.layouts) != several
        return None if named else batch.layouts

    def follow(
        self, request: ColumnsRequest, on_result: OnResult, on_problem: OnProblem | None = None
    ) -> Following:
        """Compute these columns now, and again with new weights after every epoch.

        Parameters
        ----------
        request, on_result, on_problem
            As for `request`.

        Returns
        -------
        Following
            ``cancel()`` ends it.
        """
        return Following(self, self._tracker, request, on_result, on_problem)


def _drawing(draws: tuple[str, ...] | None) -> list[str]:
    """Say which streams of the user's the model draws from."""
    if not draws:
        return []
    return [
        f"evaluating the model draws from the random stream of {' and '.join(draws)}: computed between two steps, and put back"
    ]


def _passed_along(batch: SampleBatch) -> list[str]:
    """Say which inputs the model gets that are not explained."""
    if not batch.along:
        return []
    places = " and ".join(str(place + 1) for place in sorted(batch.along))
    which = f"input {places} is" if len(batch.along) == 1 else f"inputs {places} are"
    return [f"{which} passed along, not explained: whole numbers have no gradient"]
