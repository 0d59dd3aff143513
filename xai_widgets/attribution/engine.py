"""The attribution engine."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution import noise as random
from xai_widgets.attribution import targets
from xai_widgets.attribution.backends import backend_for
from xai_widgets.attribution.backends.base import ScoreRule
from xai_widgets.attribution.baselines import RANDOM, fixed_baseline
from xai_widgets.attribution.layouts import resolve_layout
from xai_widgets.attribution.results import Attribution, SaliencyColumns
from xai_widgets.attribution.scene import Rows, Scene
from xai_widgets.attribution.tracks import (
    CleanTrack,
    JointSquareTrack,
    JointTrack,
    NoisyTrack,
    PathTrack,
    ProductTrack,
    Track,
)

METHODS = (
    "saliency", "input_x_gradient", "smoothgrad", "smoothgrad_squared", "vargrad",
    "integrated_gradients", "expected_gradients", "smint",
)  # fmt: skip


@dataclass
class _Part:
    """One estimator for every sample of the batch."""

    name: str
    tracks: list[Track]
    goals: list[int]  # units, per sample
    stopped: list[bool] = field(default_factory=list)


@dataclass
class _Job:
    """A call's fixed facts."""

    scene: Scene
    positions: NDArray[np.int64]
    rule: ScoreRule
    target: NDArray[np.int64]
    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    score: NDArray[np.float64]
    base_score: NDArray[np.float64] | None
    layouts: tuple[str | None, ...]
    many: bool
    rows: int = 0


class AttributionEngine:
    """Explains the outputs of a model by its inputs.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        Not touched: every pass runs in evaluation mode, asks for no weight gradient, and puts back what it found.
    layout : str or sequence of str, optional
        Layout of the input(s), such as "NCHW"; told from the shape where possible. Only masks and blurs need it.
    device : optional
        Where inputs are put; the model's own device by default.
    seed : int, default 0
        Seed where a call gives none.
    chunk : int, optional
        Rows evaluated at once; found by itself by default, and halved when memory runs out.
    cache_bytes : int, default 256 MiB
        How much may be kept for later calls on the same samples and weights.

    Attributes
    ----------
    weights_version : hashable or None
        Names the weights. Where None, a checksum of the weights is taken at every call; a caller who knows better assigns
        a version here whenever the weights change, and what belongs to others is dropped.
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
    ) -> None:
        self.model = model
        self.layout = layout
        self.seed = seed
        self.chunk = chunk
        self.cache_bytes = cache_bytes
        self.rows_evaluated = 0
        self._backend = backend_for(model, device)
        self._version: Any = None
        self._cache: OrderedDict[Any, Any] = OrderedDict()
        self._cache_weights: Any = None

    @property
    def weights_version(self) -> Any:
        """Name of the weights in the model, see the class."""
        return self._version

    @weights_version.setter
    def weights_version(self, version: Any) -> None:
        if version != self._version:
            self._cache.clear()
        self._version = version

    def attribute(self, x: Any, method: str = "smint", **options: Any) -> Attribution:
        """Explain a batch: the last result of `stream`, which has the parameters."""
        last: Attribution | None = None
        for last in self.stream(x, method, _only_last=True, **options):
            pass
        if last is None:
            raise RuntimeError("the stream gave no result")
        return last

    def stream(
        self,
        x: Any,
        method: str = "smint",
        *,
        target: Any = None,
        smoothing: int = 25,
        integrating: int = 100,
        noise: float = 0.15,
        baseline: Any = "uniform",
        magnitude: bool = True,
        tolerance: float | None = None,
        max_evaluations: int | None = None,
        sampling: str = "joint",
        score: str = "output",
        seed: int | None = None,
        index: Sequence[int | str] | None = None,
        labels: Any = None,
        layout: str | Sequence[str | None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        _only_last: bool = False,
    ) -> Iterator[Attribution]:
        """Explain a batch, giving the result so far after every chunk; closing the generator cancels."""
        if method not in METHODS:
            raise ValueError(f"method should be one of {', '.join(METHODS)}, got {method!r}")
        job = self._job(x, target, noise, baseline, score, seed, index, labels, layout)
        name = {"saliency": "raw", "input_x_gradient": "raw", "integrated_gradients": "integrated"}.get(
            method
        )
        if name is None:
            name = "smoothed" if method in ("smoothgrad", "smoothgrad_squared", "vargrad") else "smint"
        squared = magnitude and method == "smint"
        part = self._part(job, name, smoothing, integrating, squared, sampling, max_evaluations)
        if name == "integrated":
            self._score_baseline(job)

        def result(done: bool, converged: bool) -> Attribution:
            return self._attribution(job, part, method, done, converged)

        for done, converged in self._run(job, [part], tolerance, progress):
            if done or not _only_last:
                yield result(done, converged)

    def saliency_columns(self, x: Any, **options: Any) -> SaliencyColumns:
        """Make the whole picture of a batch: the last result of `stream_columns`, which has the parameters."""
        last: SaliencyColumns | None = None
        for last in self.stream_columns(x, _only_last=True, **options):
            pass
        if last is None:
            raise RuntimeError("the stream gave no result")
        return last

    def stream_columns(
        self,
        x: Any,
        *,
        target: Any = None,
        smoothing: int = 25,
        integrating: int = 100,
        noise: float = 0.15,
        baseline: Any = "uniform",
        magnitude: bool = True,
        tolerance: float | None = None,
        max_evaluations: int | None = None,
        sampling: str = "joint",
        score: str = "output",
        seed: int | None = None,
        index: Sequence[int | str] | None = None,
        labels: Any = None,
        layout: str | Sequence[str | None] | None = None,
        progress: Callable[[int, int], None] | None = None,
        _only_last: bool = False,
    ) -> Iterator[SaliencyColumns]:
        """Make the columns raw, smoothed, integrated and SmInt, giving the picture so far after every chunk."""
        job = self._job(x, target, noise, baseline, score, seed, index, labels, layout)
        parts = {"raw": self._part(job, "raw", 1, 1, False, sampling, None)}
        if smoothing:
            parts["smoothed"] = self._part(
                job, "smoothed", smoothing, 1, magnitude, sampling, max_evaluations
            )
        if integrating:
            parts["integrated"] = self._part(
                job, "integrated", 1, integrating, False, sampling, max_evaluations
            )
            self._score_baseline(job)
        if smoothing and integrating:
            parts["smint"] = self._part(
                job, "smint", smoothing, integrating, magnitude, sampling, max_evaluations
            )
        names = {"raw": "saliency", "integrated": "integrated_gradients", "smint": "smint"}
        names["smoothed"] = "smoothgrad_squared" if magnitude else "smoothgrad"

        def result(done: bool, converged: bool) -> SaliencyColumns:
            made = {
                name: self._attribution(job, part, names[name], done, converged)
                for name, part in parts.items()
                if min(track.units for track in part.tracks)
            }
            best = next(
                (made[name] for name in ("smint", "integrated", "smoothed", "raw") if name in made), None
            )
            errors = np.stack([one.standard_error for one in made.values()])
            return SaliencyColumns(
                raw=made.get("raw"),
                smoothed=made.get("smoothed"),
                integrated=made.get("integrated"),
                smint=made.get("smint"),
                overlay=best.masks if best is not None else None,
                target=job.target,
                prediction=job.prediction,
                probability=job.probability,
                evaluations=sum(one.evaluations for one in made.values()),
                evaluations_total=sum(_total(part) for part in parts.values()),
                rows=job.rows,
                completeness_gap=made["integrated"].completeness_gap
                if "integrated" in made
                else np.full(len(job.target), np.nan),
                standard_error=np.nanmax(np.where(np.isnan(errors), -1, errors), axis=0),
                done=done,
                converged=converged,
            )

        for done, converged in self._run(job, list(parts.values()), tolerance, progress):
            if done or not _only_last:
                yield result(done, converged)

    # -- setting up -------------------------------------------------------------------------------------------------

    def _job(
        self, x: Any, target: Any, noise: float, baseline: Any, score: str, seed: int | None, index: Any,
        labels: Any, layout: Any,
    ) -> _Job:  # fmt: skip
        inputs = self._backend.as_inputs(x)
        rows = len(inputs[0])
        self._check_weights()
        output = self._backend.outputs(inputs)
        self.rows_evaluated += rows
        prediction, probability, probabilities = targets.predictions(output, rows)
        rule = ScoreRule(score, target if callable(target) else None)
        rule.probabilities = probabilities
        if rule.function is not None:
            positions = classes = np.full(rows, -1, np.int64)
        else:
            positions, classes = targets.resolve(target, output, rows, labels)
        low = tuple(one.reshape(rows, -1).min(axis=1) for one in inputs)
        high = tuple(one.reshape(rows, -1).max(axis=1) for one in inputs)
        scene = Scene(
            inputs, random.sample_keys(inputs, index), self.seed if seed is None else seed, noise, low, high
        )
        if isinstance(baseline, str) and baseline in RANDOM:
            scene.random_baseline = baseline
            first = Rows("random", np.arange(rows), np.zeros(rows, np.int64), np.zeros(rows), np.ones(rows))
            scene.baselines = tuple(scene.random(first, place) for place in range(len(inputs)))
        else:
            given = (
                baseline
                if isinstance(baseline, (tuple, list)) and len(inputs) > 1
                else [baseline] * len(inputs)
            )
            scene.baselines = tuple(
                fixed_baseline(one, part, lo, hi)
                for one, part, lo, hi in zip(given, inputs, low, high, strict=True)
            )
        layout = layout if layout is not None else self.layout
        layouts = layout if isinstance(layout, (tuple, list)) else [layout] * len(inputs)
        resolved = tuple(
            resolve_layout(one.shape, name, self._backend.channels_first)
            for one, name in zip(inputs, layouts, strict=True)
        )
        scores = self._backend.scores(inputs, positions, rule)
        many = isinstance(x, (tuple, list)) and len(inputs) > 1
        return _Job(
            scene,
            positions,
            rule,
            classes,
            prediction,
            probability,
            scores.astype(np.float64),
            None,
            resolved,
            many,
            rows,
        )

    def _score_baseline(self, job: _Job) -> None:
        scores = self._backend.scores(job.scene.baselines, job.positions, job.rule)
        job.base_score = scores.astype(np.float64)

    def _check_weights(self) -> None:
        current = (
            ("named", self._version) if self._version is not None else ("sum", self._backend.fingerprint())
        )
        if current != self._cache_weights:
            self._cache.clear()
            self._cache_weights = current

    def _part(
        self,
        job: _Job,
        name: str,
        smoothing: int,
        integrating: int,
        squared: bool,
        sampling: str,
        limit: int | None,
    ) -> _Part:
        if sampling not in ("joint", "product"):
            raise ValueError(f'sampling should be "joint" or "product", got {sampling!r}')
        if smoothing < 1 or integrating < 1:
            raise ValueError(
                f"smoothing and integrating should be at least 1, got {smoothing} and {integrating}"
            )
        kind = "random" if job.scene.random_baseline else "noisy_path"
        tracks: list[Track] = []
        rows = len(job.target)
        wanted = 1
        for sample in range(rows):
            shift = random.mix(job.scene.seed, 7, job.scene.keys[sample : sample + 1], np.arange(2)) / 2.0**64
            if name == "raw":
                track: Track = CleanTrack()
            elif name == "smoothed":
                track, wanted = NoisyTrack(), smoothing
            elif name == "integrated":
                track, wanted = PathTrack(), integrating
            elif sampling == "product":
                track, wanted = ProductTrack(kind, integrating, squared), smoothing * integrating
            elif squared:
                track, wanted = (
                    JointSquareTrack(kind, (float(shift[0]), float(shift[1]))),
                    max(smoothing, integrating),
                )
            else:
                track, wanted = JointTrack(kind, float(shift[0])), max(smoothing, integrating)
            tracks.append(self._cached(job, sample, name, squared, sampling, track))
        if limit is not None:
            wanted = min(wanted, limit)
        goal = -(-wanted // tracks[0].rows_per_unit)
        return _Part(name, tracks, [goal] * rows, [False] * rows)

    def _cached(self, job: _Job, sample: int, name: str, squared: bool, sampling: str, fresh: Track) -> Track:
        return fresh

    # -- evaluating -------------------------------------------------------------------------------------------------

    def _run(
        self,
        job: _Job,
        parts: list[_Part],
        tolerance: float | None,
        progress: Callable[[int, int], None] | None,
    ) -> Iterator[tuple[bool, bool]]:
        total = sum(sum(part.goals) * part.tracks[0].rows_per_unit for part in parts)
        while True:
            open_parts = [part for part in parts if _left(part)]
            converged = tolerance is not None and any(any(part.stopped) for part in parts)
            if not open_parts:
                yield True, converged
                return
            part = min(open_parts, key=_fraction)
            self._advance(job, part)
            if tolerance is not None:
                for sample, track in enumerate(part.tracks):
                    part.stopped[sample] = track.units >= 4 and track.error() <= tolerance
            if progress is not None:
                progress(sum(t.units * t.rows_per_unit for p in parts for t in p.tracks), total)
            if any(_left(part) for part in parts) and min(t.units for t in parts[0].tracks):
                yield False, converged

    def _advance(self, job: _Job, part: _Part) -> None:
        """Evaluate about a chunk of rows of one part, spread evenly over the samples."""
        left = _left(part)
        per_unit = part.tracks[0].rows_per_unit
        share = max(1, self._chunk_rows(job) // (len(left) * per_unit))
        pieces: list[tuple[int, int, tuple[Any, Any, Any]]] = []
        for sample in left:
            track = part.tracks[sample]
            count = min(share, part.goals[sample] - track.units)
            pieces.append((sample, count, track.rows(track.units, count)))
        rows = Rows(
            part.tracks[0].kind,
            np.concatenate([np.full(count * per_unit, sample) for sample, count, _ in pieces]),
            np.concatenate([piece[0] for _, _, piece in pieces]).astype(np.int64),
            np.concatenate([piece[1] for _, _, piece in pieces]),
            np.concatenate([piece[2] for _, _, piece in pieces]),
        )
        vectors = self._evaluate(job, rows)
        job.rows += len(rows)
        start = 0
        for sample, count, _ in pieces:
            for _unit in range(count):
                part.tracks[sample].absorb(vectors[start : start + per_unit])
                start += per_unit

    def _chunk_rows(self, job: _Job) -> int:
        if self.chunk is not None:
            return self.chunk
        size = sum(one[0].size for one in job.scene.inputs)
        return int(np.clip(2 ** np.floor(np.log2((1 << 20) / size)), 8, 256))

    def _evaluate(self, job: _Job, rows: Rows) -> NDArray[Any]:
        """Give the rows' contributions, (R, D), halving the chunk where memory runs out."""
        made: list[NDArray[Any]] = []
        start, chunk = 0, min(self._chunk_rows(job), len(rows))
        while start < len(rows):
            stop = min(start + chunk, len(rows))
            piece = Rows(
                rows.kind,
                rows.sample[start:stop],
                rows.draw[start:stop],
                rows.t[start:stop],
                rows.sign[start:stop],
            )
            points, differences = job.scene.points(piece)
            try:
                _, grads = self._backend.gradients(points, job.positions[piece.sample], job.rule)
            except Exception as error:
                if chunk == 1 or not self._backend.is_out_of_memory(error):
                    raise
                chunk //= 2
                self.chunk = chunk
                continue
            if differences is not None:
                for grad, difference in zip(grads, differences, strict=True):
                    difference *= grad
                grads = differences
            self.rows_evaluated += len(piece)
            made.append(np.concatenate([grad.reshape(len(piece), -1) for grad in grads], axis=1))
            start = stop
        return np.concatenate(made) if len(made) > 1 else made[0]

    # -- results ----------------------------------------------------------------------------------------------------

    def _attribution(self, job: _Job, part: _Part, method: str, done: bool, converged: bool) -> Attribution:
        flat = np.stack([_value(track, method) for track in part.tracks])
        values, start = [], 0
        for one in job.scene.inputs:
            size = one[0].size
            values.append(flat[:, start : start + size].reshape(one.shape))
            start += size
        if method == "input_x_gradient":
            values = [value * one for value, one in zip(values, job.scene.inputs, strict=True)]
        gap = np.full(len(job.target), np.nan)
        if part.name == "integrated" and job.base_score is not None:
            summed = sum(value.reshape(len(value), -1).sum(axis=1, dtype=np.float64) for value in values)
            gap = np.abs(summed - (job.score - job.base_score))
        for value in values:
            value.flags.writeable = False
        return Attribution(
            method=method,
            values=tuple(values) if job.many else values[0],
            target=job.target,
            prediction=job.prediction,
            probability=job.probability,
            score=job.score,
            evaluations=max(track.units for track in part.tracks) * part.tracks[0].rows_per_unit,
            evaluations_total=_total(part),
            rows=job.rows,
            completeness_gap=gap,
            standard_error=np.array([_error(track, method) for track in part.tracks]),
            done=done,
            converged=converged,
            layouts=job.layouts,
        )


def _left(part: _Part) -> list[int]:
    return [
        sample
        for sample, track in enumerate(part.tracks)
        if track.units < part.goals[sample] and not part.stopped[sample]
    ]


def _fraction(part: _Part) -> float:
    return sum(track.units for track in part.tracks) / sum(part.goals)


def _total(part: _Part) -> int:
    return max(part.goals) * part.tracks[0].rows_per_unit


def _value(track: Track, method: str) -> NDArray[Any]:
    if isinstance(track, NoisyTrack) and method == "smoothgrad_squared":
        return track.squared.mean
    if isinstance(track, NoisyTrack) and method == "vargrad":
        return np.maximum(track.squared.mean - np.square(track.plain.mean), 0)
    return track.estimate()


def _error(track: Track, method: str) -> float:
    if isinstance(track, NoisyTrack) and method == "smoothgrad_squared":
        return track.squared.relative_error()
    return track.error()
