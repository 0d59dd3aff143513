"""The attribution engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from xai_widgets._task import Task, said
from xai_widgets.attribution import methods
from xai_widgets.attribution.assemble import attribution_of, compared_of, picture_of
from xai_widgets.attribution.backends import backend_for
from xai_widgets.attribution.backends.main_output import place_of
from xai_widgets.attribution.cache import Cache
from xai_widgets.attribution.context import Job, Preparer
from xai_widgets.attribution.execution.planner import Part, Planner, spent
from xai_widgets.attribution.execution.runner import Runner
from xai_widgets.attribution.inputs.baselines import Background
from xai_widgets.attribution.methods.fastestimator import columns
from xai_widgets.attribution.methods.registry import Method
from xai_widgets.attribution.results import Attribution, SaliencyColumns
from xai_widgets.attribution.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from xai_widgets.attribution.settings import Options


Result = TypeVar("Result")
_TRIES = 3


class WeightsChangedError(RuntimeError):
    """The weights changed while an attribution was open, so that it would be of no weights at all."""


class AttributionEngine:
    """Explains the outputs of a model by its inputs.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Not touched: every pass runs in evaluation mode and asks for no weight gradient, for PyTorch in modules of its own
        over the same weights. It may be trained in another thread meanwhile: where the weights change, a call starts again,
        and in the end raises.
    layout : str or sequence of str, optional
        Layout of the input(s), such as "NCHW"; told from the shape where possible. Only masks and blurs need it.
    device : optional
        Where inputs are put; the model's own device by default.
    seed : int, default 0
        Seed where a call gives none.
    chunk : int, optional
        Rows evaluated at once; found by itself by default, and halved when memory runs out.
    cache_bytes : int, default 256 MiB
        How much may be kept for later calls on the same samples and weights; 0 keeps nothing.
    task : str, optional
        What the model's output is; may be set later, too. By default one number is the logit of the second of two classes,
        several are classes; "value" says that it is a value, "labels" that each stands for itself.
    output : int, str or tuple of them, optional
        Which of several tensors that the model returns is explained: a place, a key, or steps into outputs within outputs.
        By default the one that is called "logits", "output" or "out", or the only one; else a call raises ``ValueError``.

    Attributes
    ----------
    weights_version : hashable or None
        Names the weights. Where None, a checksum of the weights is taken at every call; a caller who knows better assigns
        a version here whenever the weights change, and what was found with others is dropped.
    rows_evaluated : int
        Rows that had a gradient computed, since the engine was made.

    Examples
    --------
    >>> engine = AttributionEngine(model)                                # doctest: +SKIP
    >>> engine.attribute(images, "integrated_gradients").masks           # doctest: +SKIP
    >>> for picture in engine.stream_columns(images, tolerance=0.1):     # doctest: +SKIP
    ...     show(picture.overlay)
    """

    def __init__(
        self,
        model: Any,
        *,
        layout: str | Sequence[str | None] | None = None,
        device: Any = None,
        seed: int = 0,
        chunk: int | None = None,
        cache_bytes: int = 256 << 20,
        task: str | Task | None = None,
        output: int | str | tuple[int | str, ...] | None = None,
    ) -> None:
        if chunk is not None and chunk < 1:
            raise ValueError(f"chunk should be at least 1 row, got {chunk}")
        self.model = model
        self._backend = backend_for(model, device, place_of(output))
        self._cache = Cache(cache_bytes)
        self._preparer = Preparer(self._backend, self._cache, layout, seed)
        self.task = task
        self._planner = Planner(self._cache, self._preparer.only_kinks)
        self._runner = Runner(self._backend, chunk)
        self._version: Any = None
        self._lock = threading.RLock()

    @property
    def task(self) -> Task | None:
        """What the model's output is; see the class."""
        return self._preparer.task

    @task.setter
    def task(self, task: str | Task | None) -> None:
        self._preparer.task = said(task) if isinstance(task, str) else task

    @property
    def weights_version(self) -> Any:
        """Name of the weights in the model, see the class."""
        return self._version

    @weights_version.setter
    def weights_version(self, version: Any) -> None:
        with self._lock:
            self._version = version
            self._cache.use_weights(("named", version) if version is not None else None)

    @property
    def rows_evaluated(self) -> int:
        """Rows that had a gradient computed, since the engine was made."""
        return self._runner.rows

    def clear_cache(self) -> None:
        """Forget what earlier calls found."""
        with self._lock:
            self._cache.clear()

    def attribute(
        self, x: Any, method: str = "smint", target: Any = None, **options: Unpack[Options]
    ) -> Attribution:
        """Explain a batch.

        Parameters
        ----------
        x : array, tensor, or tuple of them for a model of several inputs
            (B, ...), floating, exactly as the model eats it.
        method : str, default "smint"
            One of `xai_widgets.attribution.METHODS`.
        target : optional
            See `Settings`.
        **options
            See `Settings`.

        Returns
        -------
        Attribution

        Raises
        ------
        TypeError
            If the input has no gradients (whole numbers), or an option does not exist.
        ValueError
            If the output does not depend on the input, there is no such target, method or baseline, or a shape does not fit.
        RuntimeError
            If the weights change every time it is tried.
        """
        settings = Settings.of({"target": target, **options})
        return _finished(lambda: self._guarded(self._stream(x, method, settings, partial=False)))

    def stream(
        self, x: Any, method: str = "smint", target: Any = None, **options: Unpack[Options]
    ) -> Iterator[Attribution]:
        """Explain a batch as `attribute` does, giving the result so far after every chunk; closing cancels.

        Raises
        ------
        RuntimeError
            If the weights change while the stream is open.
        """
        return self._guarded(
            self._stream(x, method, Settings.of({"target": target, **options}), partial=True)
        )

    def saliency_columns(self, x: Any, target: Any = None, **options: Unpack[Options]) -> SaliencyColumns:
        """Make the whole picture of a batch: raw, smoothed, integrated, SmInt and overlay, from shared evaluations.

        Parameters and errors are those of `attribute`. ``smoothing=0`` and ``integrating=0`` switch columns off.
        """
        settings = Settings.of({"target": target, **options})
        return _finished(lambda: self._guarded(self._columns(x, settings, partial=False)))

    def stream_columns(
        self, x: Any, target: Any = None, **options: Unpack[Options]
    ) -> Iterator[SaliencyColumns]:
        """Make the whole picture, giving it as far as it is after every chunk; closing cancels."""
        return self._guarded(self._columns(x, Settings.of({"target": target, **options}), partial=True))

    # -- streams ------------------------------------------------------------------------------------------------------

    def _stream(self, x: Any, name: str, settings: Settings, partial: bool) -> Iterator[Attribution]:
        method = methods.named(name)
        with self._lock:
            compared = settings.sampling == "fastestimator"
            background = isinstance(settings.baseline, Background)
            job = self._preparer.job(x, settings, method.needs_start and not compared and not background)
            job.once = not partial and self._forgets(settings)
            if compared:
                yield self._compared(job, method)
                return
            part = self._planned(job, method)
        if part is None:
            yield from self._made(job, method, partial)
            return
        for done in self._run(job, [part], partial):
            if done or (partial and part.started):
                yield attribution_of(job, part, method, done, [part], partial)

    def _columns(self, x: Any, settings: Settings, partial: bool) -> Iterator[SaliencyColumns]:
        keys = methods.default_columns() if settings.columns is None else tuple(settings.columns)
        wanted = {key: one for key in keys if (one := methods.column(key, settings)) is not None}
        if not wanted:
            raise ValueError("there is no column left to make: columns= is empty, or all are switched off")
        with self._lock:
            compared = settings.sampling == "fastestimator"
            starts = any(method.needs_start for method in wanted.values())
            job = self._preparer.job(x, settings, starts and not compared)
            job.once = not partial and self._forgets(settings)
            if compared:
                yield compared_of(job, *columns(self._runner.vectors, job))
                return
            parts = {key: (one, self._planned(job, one)) for key, one in wanted.items()}
        planned = {key: (one, part) for key, (one, part) in parts.items() if part is not None}
        others: dict[str, Attribution] = {}
        for key, method in wanted.items():
            if key in planned:
                continue
            for made in self._made(job, method, partial):
                others[key] = made
                if partial:
                    yield picture_of(job, planned, False, others, tuple(wanted), partial)
            if key not in others:
                raise RuntimeError(f"the method {method.name} ended without a result")
        if not planned:
            yield picture_of(job, planned, True, others, tuple(wanted), partial)
            return
        for done in self._run(job, [part for _, part in planned.values()], partial):
            if done or (partial and (others or next(iter(planned.values()))[1].started)):
                yield picture_of(job, planned, done, others, tuple(wanted), partial)

    def _forgets(self, settings: Settings) -> bool:
        """Whether a call ends with all evaluations that it asks for, and nothing of it is kept."""
        return not self._cache.limit and settings.tolerance is None and settings.max_evaluations is None

    def _compared(self, job: Job, method: Method) -> Attribution:
        if not method.compared:
            known = [name for name in methods.names() if methods.named(name).compared]
            raise ValueError(f'sampling="fastestimator" has {", ".join(known)}, not {method.name}')
        found, spent_ = columns(self._runner.vectors, job, (method.compared,))
        result: Attribution = getattr(compared_of(job, found, spent_), method.compared)
        return result

    def _planned(self, job: Job, method: Method) -> Part | None:
        if method.plan is None:
            return None
        if method.prepare is not None:
            method.prepare(self._preparer, job)
        return method.plan(self._planner, job)

    def _made(self, job: Job, method: Method, partial: bool) -> Iterator[Attribution]:
        if method.make is None:
            raise TypeError(f"{method.name} is planned, not made")
        made = method.make(self._backend, job, self._runner.chunk_rows(job), partial)
        while True:
            with self._lock:
                found = next(made, None)
            if found is None:
                return
            yield found

    def _run(self, job: Job, parts: list[Part], partial: bool) -> Iterator[bool]:
        """Yield False after every chunk and True at the end."""
        progress = job.settings.progress
        chunks = self._runner.run(job, parts, watched=partial)
        while True:
            with self._lock:
                finished = next(chunks, "end") == "end"
            if progress is not None:
                numbers = (
                    [spent(parts, s) for s in range(len(job))],
                    [spent(parts, s, True) for s in range(len(job))],
                )
                progress(sum(numbers[0]), sum(numbers[1]))
            if finished:
                self._cache.trim()
                yield True
                return
            if partial:
                yield False

    def _guarded(self, results: Iterator[Result]) -> Iterator[Result]:
        """Return results on the same weights from the first to the last: where they change under them, raise and forget."""
        with self._lock:
            before = self._weights()
            self._cache.use_weights(before)
            self._backend.renew()
        try:
            while True:
                with self._backend.calm():
                    result = next(results, None)
                if result is None:
                    return
                self._check_weights(before)
                yield result
        except WeightsChangedError:
            raise
        except Exception:
            self._check_weights(before)  # which may be why
            raise

    def _check_weights(self, before: Any) -> None:
        if self._weights() != before:
            self._cache.clear()
            raise WeightsChangedError(
                "the weights changed while the attribution was open; explain a copy of the model, or start again"
            )

    def _weights(self) -> Any:
        return ("named", self._version) if self._version is not None else ("sum", self._backend.fingerprint())


def _last(results: Iterator[Result]) -> Result:
    found: Result | None = None
    for found in results:  # noqa: B007 - the last one is wanted
        pass
    if found is None:
        raise RuntimeError("the attribution ended without a result")
    return found


def _finished(begin: Callable[[], Iterator[Result]]) -> Result:
    """Return the last result, of another try where the weights changed."""
    for left in reversed(range(_TRIES)):
        try:
            return _last(begin())
        except WeightsChangedError:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")
