"""A call's fixed facts: inputs, explained outputs, baselines, and the scores on both ends of the path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._task import Task
from xai_widgets.attribution import targets
from xai_widgets.attribution.backends.base import Backend, Inputs, ScoreRule
from xai_widgets.attribution.backends.ops.base import Tensor
from xai_widgets.attribution.cache import Cache
from xai_widgets.attribution.inputs import counter_rng
from xai_widgets.attribution.inputs.along import along_of
from xai_widgets.attribution.inputs.baselines import (
    RANDOM,
    Background,
    as_numpy,
    blurred_axes,
    fixed_baselines,
)
from xai_widgets.attribution.inputs.layouts import resolve_layout
from xai_widgets.attribution.inputs.sampler import Rows, Scene
from xai_widgets.attribution.settings import Settings


@dataclass
class Job:
    """What stays the same while a call runs; all arrays have one entry per sample."""

    settings: Settings
    scene: Scene
    kind: str  # of a path's baseline: "path", "uniform", "gaussian" or "background"
    digests: list[bytes]
    positions: NDArray[np.int64]
    rule: ScoreRule
    target: NDArray[np.int64]
    prediction: NDArray[np.int64]
    probability: NDArray[np.float64]
    value: NDArray[np.float64] | None
    score: NDArray[np.float64]
    layouts: tuple[str | None, ...]
    several: bool
    rows: int = 0
    once: bool = False  # whether nobody asks for less than all evaluations, now or later
    starts: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # scores there, by the kind of path
    context: tuple[Any, ...] = field(default=())

    def key(self, sample: int, *parts: Any) -> tuple[Any, ...]:
        """Return the cache key of something about a sample."""
        return (
            self.digests[sample],
            int(self.scene.keys[sample]),
            int(self.positions[sample]),
            self.rule.key,
            *self.context,
            *parts,
        )

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class _Fact:
    """A number or an array about one sample, in the cache."""

    value: Any

    @property
    def nbytes(self) -> int:
        return int(getattr(self.value, "nbytes", 8)) + 100


class Preparer:
    """Makes jobs; every forward pass that it needs is kept in the cache."""

    def __init__(self, backend: Backend, cache: Cache, layout: Any, seed: int) -> None:
        self.task: Task | None = None
        self._backend = backend
        self._cache = cache
        self._layout = layout
        self._seed = seed
        self._kinks: dict[Any, bool] = {}

    def job(self, x: Any, settings: Settings, paths: bool = False) -> Job:
        """Check a call's input against the model and find out what is explained.

        Parameters
        ----------
        x, settings
            See `AttributionEngine.attribute`.
        paths : bool, default False
            Whether the scores where paths start are wanted, too.
        """
        inputs = tuple(np.ascontiguousarray(one) for one in self._backend.as_inputs(x))
        several = len(inputs) > 1
        count = len(inputs[0])
        if any(len(one) != count for one in inputs):
            raise ValueError(f"the inputs have different numbers of samples: {[len(one) for one in inputs]}")
        if settings.index is not None and len(settings.index) != count:
            raise ValueError(f"index names {len(settings.index)} samples, the input has {count}")
        rule = ScoreRule(settings.score, settings.target if callable(settings.target) else None)
        layouts = self._layouts(inputs, settings.layout)
        scene, kind = self._scene(inputs, settings, layouts)
        scene.along = along_of(settings.along, count)
        named = settings.index is not None or scene.along
        digests = _digests((*inputs, *scene.along.arrays)) if named else [key.tobytes() for key in scene.keys]
        output, starts, rows = self._both_outputs(scene, digests, paths and rule.function is None)
        prediction, probability, task = targets.predictions(
            output, count, self.task, lambda: self._backend.ends_in_sigmoid(inputs, scene.along)
        )
        _check_width(output, self.task)
        rule.probabilities = task is not None and task.probabilities
        rule.one_logit = task is not None and task.kind == "one_logit" and rule.function is None
        if rule.function is not None:
            positions = classes = np.full(count, -1, np.int64)
        else:
            _check_one_tensor(output, self._backend.returned)
            positions, classes = targets.resolve(
                settings.target, output, count, settings.labels, prediction if rule.one_logit else None, task
            )
        value = targets.values(output, positions, task)
        job = Job(
            settings, scene, kind, digests, positions, rule, classes, prediction, probability, value,
            np.zeros(count), layouts, several, rows,
        )  # fmt: skip
        job.context = (scene.seed, scene.noise, kind)
        job.score = self._scores(job, scene.flat(), digests, output)
        _check_numbers(job.score)
        if paths:
            job.starts["path"] = self._scores(job, scene.path_starts(), _of_starts(scene, digests), starts)
        return job

    def score_blurred(self, job: Job) -> None:
        """Find the scores where paths out of a blur start."""
        none = np.zeros(1, np.int64), np.zeros((1, 1))
        points, _ = job.scene.points([Rows("blur", sample, *none) for sample in range(len(job))])
        job.starts["blur"] = self._scores(job, points, [b"blurred" + one for one in job.digests])

    def only_kinks(self, job: Job) -> bool:
        """See `Backend`; the model is asked once for inputs of a shape."""
        key = job.rule.key, tuple(one.shape[1:] for one in job.scene.inputs), job.scene.along.key
        if key not in self._kinks:
            try:
                self._kinks[key] = self._backend.only_kinks(
                    job.scene.inputs, job.positions, job.rule, job.scene.along
                )
            except Exception as error:
                if not self._backend.is_out_of_memory(error):
                    raise
                self._kinks[key] = False  # rows of a strip go together, for which there is no room
        return self._kinks[key]

    # -- forward passes -----------------------------------------------------------------------------------------------

    def _outputs(self, scene: Scene, points: Tensor, digests: list[bytes]) -> tuple[NDArray[Any] | None, int]:
        known = [self._cache.get((digest, "output")) for digest in digests]
        missing = [row for row, fact in enumerate(known) if fact is None]
        count = len(missing)
        if not missing:
            return (None if known[0].value is None else np.stack([fact.value for fact in known])), 0
        output = self._in_chunks(
            lambda part, rows: self._backend.outputs(
                part, scene.shapes, scene.along.rows(rows % len(scene.keys))
            ),
            scene, points, missing,
        )  # fmt: skip
        if output is None or output.ndim < 1 or len(output) != len(missing):
            return output, count
        for row, value in zip(missing, output, strict=True):
            known[row] = _Fact(value)
            self._cache.put((digests[row], "output"), known[row])
        return np.stack([fact.value for fact in known]), count

    def _both_outputs(
        self, scene: Scene, digests: list[bytes], with_starts: bool
    ) -> tuple[NDArray[Any] | None, NDArray[Any] | None, int]:
        """Return the outputs for samples and for where paths start (None for others), and how many rows that took."""
        spent = 0
        if with_starts:
            both = scene.ops.concat([scene.flat(), scene.path_starts()])
            output, spent = self._outputs(scene, both, [*digests, *_of_starts(scene, digests)])
            if output is not None and output.ndim and len(output) == 2 * len(digests):
                return output[: len(digests)], output[len(digests) :], spent
        output, rows = self._outputs(scene, scene.flat(), digests)
        return output, None, spent + rows

    def _scores(
        self, job: Job, points: Tensor, digests: list[bytes], output: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """Return the explained scores of points, whose output may be known already."""
        if job.rule.function is None and output is not None:
            return targets.scores(output, job.positions, job.rule)
        if job.rule.function is None:
            output, rows = self._outputs(job.scene, points, digests)
            job.rows += rows
            if output is not None:
                return targets.scores(output, job.positions, job.rule)
        keys = [job.key(row, "score", digests[row]) for row in range(len(job))]
        known = [self._cache.get(key) for key in keys]
        missing = [row for row, fact in enumerate(known) if fact is None]
        if missing:
            found = self._in_chunks(
                lambda part, rows: self._backend.scores(
                    part, job.scene.shapes, job.positions[rows], job.rule, job.scene.along.rows(rows)
                ),
                job.scene, points, missing,
            )  # fmt: skip
            job.rows += len(missing)
            for row, value in zip(missing, found, strict=True):
                known[row] = _Fact(float(value))
                self._cache.put(keys[row], known[row])
        return np.array([fact.value for fact in known], np.float64)

    def _in_chunks(self, call: Any, scene: Scene, points: Tensor, rows: list[int]) -> Any:
        """Run a forward pass on as many of these rows at once as the memory bears."""
        chunk = 4 * self._backend.good_chunk(sum(scene.sizes))
        found: list[Any] = []
        start = 0
        while start < len(rows):
            some = np.array(rows[start : start + chunk])
            try:
                found.append(call(scene.ops.take(points, some), some))
            except Exception as error:
                if len(some) == 1 or not self._backend.is_out_of_memory(error):
                    raise
                chunk = len(some) // 2
                continue
            if found[-1] is None or np.ndim(found[-1]) == 0:
                return found[-1]
            start += len(some)
        return np.concatenate(found)

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _layouts(self, inputs: Inputs, given: Any) -> tuple[str | None, ...]:
        given = given if given is not None else self._layout
        names = given if isinstance(given, (tuple, list)) else [given] * len(inputs)
        if len(names) != len(inputs):
            raise ValueError(f"layout names {len(names)} inputs, the model has {len(inputs)}")
        found: list[str | None] = []
        for one, name in zip(inputs, names, strict=True):
            # a rank without a layout has values all the same; only its masks need one, and say so
            known = name is not None or one.ndim <= 5
            found.append(resolve_layout(one.shape, name, self._backend.channels_first) if known else None)
        return tuple(found)

    def _scene(
        self, inputs: Inputs, settings: Settings, layouts: tuple[str | None, ...]
    ) -> tuple[Scene, str]:
        count = len(inputs[0])
        low = tuple(one.reshape(count, -1).min(axis=1) for one in inputs)
        high = tuple(one.reshape(count, -1).max(axis=1) for one in inputs)
        seed = self._seed if settings.seed is None else settings.seed
        scene = Scene(
            self._backend.ops,
            inputs,
            counter_rng.sample_keys(inputs, settings.index),
            int(seed),
            float(settings.noise),
            low,
            high,
        )
        baseline = settings.baseline
        if isinstance(baseline, Background):
            for mine, one in zip(baseline.inputs, inputs, strict=True):
                if mine.shape[1:] != one.shape[1:]:
                    raise ValueError(
                        f"Background has samples of shape {mine.shape[1:]}, the input of {one.shape[1:]}"
                    )
            scene.background = baseline
            kind = "background"
        elif isinstance(baseline, str) and baseline in RANDOM:
            kind = baseline
        else:
            scene.baselines = fixed_baselines(baseline, inputs, low, high, layouts)
            kind = "path"
        scene.kind = kind
        return scene, kind

    @staticmethod
    def blur_axes(job: Job) -> tuple[tuple[int, ...], ...]:
        """Return the sides that each input is blurred along."""
        return tuple(
            blurred_axes(layout, one.shape) for layout, one in zip(job.layouts, job.scene.inputs, strict=True)
        )


def _check_width(output: NDArray[Any] | None, task: Task | None) -> None:
    """Refuse an output that is not what the criterion was given: the numbers of an embedding are no classes."""
    if output is None or output.ndim != 2 or task is None or not task.outputs:
        return
    if output.shape[1] != task.outputs:
        raise ValueError(
            f"the model gives {output.shape[1]} numbers for a sample, the criterion was given {task.outputs} ({task}): explain "
            "the model with all that comes before the criterion, or say what its own output is with task= (to a panel or "
            "dashboard, engine_options={'task': 'classes'})"
        )


def _check_one_tensor(output: NDArray[Any] | None, returned: str) -> None:
    if output is None:
        raise ValueError(
            f"the model returns several tensors ({returned}), and nothing says which of them is explained: pass output= to "
            "AttributionEngine, a place or a key (to a panel or dashboard, engine_options={'output': ...}; watch() finds it out "
            "by the criterion), or target= a function of the output that gives one number per sample"
        )


def _check_numbers(score: NDArray[np.float64]) -> None:
    """Refuse to explain what is no number for any sample; where it is for some, the others get NaN."""
    if not np.isfinite(score).any():
        raise ValueError(
            f"the explained output is {score[0]} for every sample, so there is nothing to explain: the weights have probably "
            "diverged (look at the loss), or the input is not scaled as in training"
        )


def _of_starts(scene: Scene, digests: list[bytes]) -> list[bytes]:
    """Name where paths start: by its content, or by what it is drawn from."""
    if scene.baselines:
        return _digests((*scene.baselines, *scene.along.arrays))
    drawn = repr((scene.kind, scene.seed, id(scene.background))).encode()
    return [
        hashlib.blake2b(drawn + digest + key.tobytes(), digest_size=16).digest()
        for digest, key in zip(digests, scene.keys, strict=True)
    ]


def _digests(inputs: Inputs) -> list[bytes]:
    """Name every row by its content."""
    return [
        hashlib.blake2b(
            b"".join(np.ascontiguousarray(one[row]).tobytes() for one in inputs), digest_size=16
        ).digest()
        for row in range(len(inputs[0]))
    ]


__all__ = ["Job", "Preparer", "as_numpy"]
