"""The methods that are no averages of gradients: class activation maps and occlusion."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import Backend
from xai_widgets.attribution.backends.layer_choice import View
from xai_widgets.attribution.context import Job
from xai_widgets.attribution.inputs.layouts import spatial_axes
from xai_widgets.attribution.methods.cam import activation_map, enlarged
from xai_widgets.attribution.methods.occlusion import Falls, batches, covered, windows
from xai_widgets.attribution.methods.registry import Method, register
from xai_widgets.attribution.results import Attribution


def add() -> None:
    """Register them."""
    for name, title, alias in (
        ("gradcam", "Grad-CAM", ()), ("gradcam++", "Grad-CAM++", ("gradcampp",)), ("eigencam", "Eigen-CAM", ()),
    ):  # fmt: skip
        register(Method(name, title, make=partial(class_activation, name), aliases=alias))
    register(Method("occlusion", "Occlusion", make=occlusion))


def class_activation(
    method: str, backend: Backend, job: Job, _chunk: int, _partial: bool
) -> Iterator[Attribution]:
    """Make a class activation map of the first input that is a picture.

    Raises
    ------
    ValueError
        If no input is a picture, or there is no such layer.
    """
    place = next((p for p, layout in enumerate(job.layouts) if layout in ("NCHW", "NHWC", "NHW")), None)
    if place is None:
        raise ValueError(f"{method} needs pictures; the inputs have the layouts {job.layouts} (pass layout=)")
    layout = str(job.layouts[place])
    axes = layout.index("H"), layout.index("W")
    height, width = (job.scene.inputs[place].shape[axis] for axis in axes)
    view = View(place, axes, (height, width), job.settings.grid)
    acts, grads = backend.activations(
        job.scene.inputs, job.positions, job.rule, job.settings.layer, view, job.scene.along
    )
    job.rows += len(job)
    maps = activation_map(method, acts, grads)
    yield _result(job, method, (enlarged(maps, height, width),), ("NHW",), 1, 1)


def occlusion(backend: Backend, job: Job, chunk: int, watched: bool) -> Iterator[Attribution]:
    """Cover one window after the other; every input on its own, the others as they are."""
    plans = [_windows(job, place) for place in range(len(job.scene.inputs))]
    total = sum(len(plan) for plan in plans)
    falls = [[Falls(one.shape[1:]) for _ in range(len(job))] for one in job.scene.inputs]
    done = 0
    for place, plan in enumerate(plans):
        # windows first, samples within: a partial result has every sample equally far
        for cuts in batches(plan, max(1, chunk // len(job))):
            for sample in range(len(job)):
                scores = _scores(backend, job, place, sample, cuts)
                for cut, score in zip(cuts, scores, strict=True):
                    falls[place][sample].add(cut, float(job.score[sample] - score))
            done += len(cuts)
            if job.settings.progress is not None:
                job.settings.progress(done * len(job), total * len(job))
            if watched and done < total:
                yield _occluded(job, falls, done, total)
    yield _occluded(job, falls, done, total)


def _windows(job: Job, place: int) -> list[Any]:
    shape, layout = job.scene.inputs[place].shape, job.layouts[place]
    axes = spatial_axes(layout) if layout is not None else ()
    return windows(shape, axes or tuple(range(1, len(shape))), job.settings.window, job.settings.stride)


def _cover(job: Job, place: int, sample: int) -> NDArray[Any]:
    """Return what a window is covered with: the fixed baseline, or the middle of the noise that would be drawn."""
    if job.kind == "path":
        return np.asarray(job.scene.baselines[place][sample])
    x = job.scene.inputs[place][sample]
    if job.scene.background is not None:
        return np.asarray(job.scene.background.inputs[place].mean(axis=0), x.dtype)
    return np.full_like(x, (job.scene.low[place][sample] + job.scene.high[place][sample]) / 2)


def _scores(backend: Backend, job: Job, place: int, sample: int, cuts: Any) -> NDArray[Any]:
    rows = len(cuts)
    inputs = tuple(
        covered(one[sample], _cover(job, place, sample), cuts)
        if at == place
        else np.repeat(one[sample][None], rows, 0)
        for at, one in enumerate(job.scene.inputs)
    )
    job.rows += rows
    points = np.concatenate([one.reshape(rows, -1) for one in inputs], axis=1)
    positions = np.repeat(job.positions[sample : sample + 1], rows, axis=0)
    along = job.scene.along.rows(np.full(rows, sample))
    return backend.scores(job.scene.ops.put(points), job.scene.shapes, positions, job.rule, along)


def _occluded(job: Job, falls: list[list[Falls]], done: int, total: int) -> Attribution:
    values = tuple(np.stack([fall.mean() for fall in of_input]) for of_input in falls)
    return _result(job, "occlusion", values, job.layouts, done, total)


def _result(
    job: Job, method: str, values: tuple[Any, ...], layouts: tuple[str | None, ...], done: int, total: int
) -> Attribution:
    kept = tuple(one.astype(job.scene.inputs[0].dtype) for one in values)
    for one in kept:
        one.flags.writeable = False
    return Attribution(
        method=method,
        values=kept if len(kept) > 1 else kept[0],
        target=job.target,
        prediction=job.prediction,
        probability=job.probability,
        score=job.score,
        evaluations=done,
        evaluations_total=total,
        rows=job.rows,
        completeness_gap=np.full(len(job), np.nan),
        standard_error=np.zeros(len(job)) if done == total else np.full(len(job), np.nan),
        done=done == total,
        layouts=layouts,
        value=job.value,
    )
