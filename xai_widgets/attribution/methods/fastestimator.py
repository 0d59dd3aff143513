"""FastEstimator 1.7's saliency pictures by its own formulas, for comparison only.

What differs from the engine's own: noise spread and baselines follow the range of the whole batch; the path counts both of its
ends in full and is summed, not averaged; the smoothed and SmInt columns have the squared clean gradient as their first term; and
SmInt has a new uniform baseline per term and no noise on the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.context import Job
from xai_widgets.attribution.inputs.sampler import Rows

Floats = NDArray[Any]
Evaluate = Callable[[Job, list[Rows]], tuple[Floats, Floats | None]]
COLUMNS = ("raw", "smoothed", "integrated", "smint")


def columns(evaluate: Evaluate, job: Job, wanted: tuple[str, ...] = COLUMNS) -> tuple[dict[str, Floats], int]:
    """Return the columns, (B, D) each, and how many evaluations per sample they took.

    Parameters
    ----------
    evaluate : callable
        Gives gradients and steps of rows.
    job : Job
        ``integrating`` may be (steps, draws) as FastEstimator has it; one number means 6 draws.
    """
    given = job.settings.integrating
    steps, draws = given if isinstance(given, (tuple, list)) else (given, 6)
    job = _whole_batch_range(job)
    rows = _Rows(job, evaluate)

    def term(one: Floats) -> Floats:
        return np.asarray(np.square(one) if job.settings.magnitude else one)

    clean = rows.gradients("clean", 0, np.ones(1))[0]
    found = {"raw": clean}
    spent = 1
    smoothing = job.settings.smoothing
    if "smoothed" in wanted and smoothing:
        total = term(clean)
        for draw in range(1, smoothing):
            total = total + term(rows.gradients("noisy", draw, np.ones(1))[0])
        found["smoothed"] = total / smoothing
        spent += smoothing - 1
    if steps:
        path = np.linspace(0, 1, steps)
        if "integrated" in wanted:
            found["integrated"] = rows.contributions(0, path)
            spent += steps
        if "smint" in wanted and smoothing:
            total = term(clean)
            for draw in range(1, draws):
                total = total + term(rows.contributions(draw, path))
            found["smint"] = total / draws
            spent += (draws - 1) * steps
    return found, spent


class _Rows:
    def __init__(self, job: Job, evaluate: Evaluate) -> None:
        self._job = job
        self._evaluate = evaluate

    def gradients(self, kind: str, draw: int, t: Floats) -> Floats:
        """Return the gradients of one draw, (len(t), B, D)."""
        return self._run(kind, draw, t)[0]

    def contributions(self, draw: int, t: Floats) -> Floats:
        """Return the summed path of one draw, (B, D)."""
        grads, steps = self._run("uniform", draw, t)
        return np.asarray((grads * steps).sum(axis=0))

    def _run(self, kind: str, draw: int, t: Floats) -> tuple[Floats, Floats]:
        count, draws, lines = len(self._job), np.array([draw]), np.asarray(t, np.float64)[None]
        rows = [Rows(kind, sample, draws, lines) for sample in range(count)]
        grads, steps = self._evaluate(self._job, rows)  # sample by sample
        shape = (count, len(t), -1)
        grads = grads.reshape(shape).swapaxes(0, 1)
        return grads, grads * 0 if steps is None else steps.reshape(shape).swapaxes(0, 1)


def _whole_batch_range(job: Job) -> Job:
    """Return the job with every sample's range that of the batch."""
    scene = job.scene
    low = tuple(np.full_like(one, one.min()) for one in scene.low)
    high = tuple(np.full_like(one, one.max()) for one in scene.high)
    return replace(job, scene=replace(scene, low=low, high=high, _held={}, _rooms={}))
