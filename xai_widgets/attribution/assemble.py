"""Results from the estimators as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Tensor
from xai_widgets.attribution.backends.ops.numpy_ops import NumpyOps
from xai_widgets.attribution.context import Job
from xai_widgets.attribution.estimators.base import Track
from xai_widgets.attribution.execution.planner import Part, spent
from xai_widgets.attribution.held import Held, Unseen
from xai_widgets.attribution.methods.registry import Method, best_column
from xai_widgets.attribution.results import Attribution, SaliencyColumns


def attribution_of(
    job: Job, part: Part, method: Method, done: bool, parts: Sequence[Part], watched: bool
) -> Attribution:
    """Return what a part has found so far as a method's result; the other parts are only counted.

    Where it is watched, vectors stay on the device until somebody looks.
    """
    value = method.value or _estimate
    ops = job.scene.ops
    flat = ops.concat([value(lane.track, lane.used)[None] for lane in part.lanes])
    if method.times_input:
        flat = flat * job.scene.flat()
    gap = np.full(len(job), np.nan)
    if part.path in job.starts:
        gap = np.abs(ops.host(ops.sum(flat, 1)).astype(np.float64) - (job.score - job.starts[part.path]))
    held = Held(ops, flat, job.scene.shapes)
    counted = parts if part is parts[-1] else [part]
    return Attribution(
        method=method.name,
        values=Unseen(lambda: _whole(job, held)) if watched else _whole(job, held),
        target=job.target,
        prediction=job.prediction,
        probability=job.probability,
        score=job.score,
        evaluations=max(spent(counted, sample) for sample in range(len(job))),
        evaluations_total=max(spent(counted, sample, planned=True) for sample in range(len(job))),
        rows=job.rows,
        completeness_gap=gap,
        standard_error=part.errors(method.error),
        done=done,
        converged=part.converged,
        layouts=job.layouts,
        value=job.value,
        held=held if watched else None,
    )


def compared_of(job: Job, found: dict[str, NDArray[Any]], spent_: int) -> SaliencyColumns:
    """Return columns that another package's formulas made."""
    made = {name: _plain(job, name, flat, spent_) for name, flat in found.items()}
    unknown = np.full(len(job), np.nan)
    return _columns(
        job,
        made,
        evaluations=spent_,
        evaluations_total=spent_,
        completeness_gap=unknown,
        standard_error=unknown,
        done=True,
    )


def _estimate(track: Track, units: int) -> Tensor:
    return track.estimate(units)


def _columns(job: Job, made: Mapping[str, Attribution], **state: Any) -> SaliencyColumns:
    """Put the columns that were made beside each other, the best of them over the picture."""
    best = made[best_column(made)]
    return SaliencyColumns(
        raw=made.get("raw"),
        smoothed=made.get("smoothed"),
        integrated=made.get("integrated"),
        smint=made.get("smint"),
        overlay=Unseen(lambda: best.masks),
        target=job.target,
        prediction=job.prediction,
        probability=job.probability,
        rows=job.rows,
        columns=dict(made),
        value=job.value,
        **state,
    )


def _whole(job: Job, held: Held) -> Any:
    """Bring vectors over, in the shape of each input."""
    values = held.values()
    return values if job.several else values[0]


def _plain(job: Job, name: str, flat: NDArray[Any], spent_: int) -> Attribution:
    unknown = np.full(len(job), np.nan)
    return Attribution(
        name, _whole(job, Held(NumpyOps(), flat, job.scene.shapes)), job.target, job.prediction, job.probability,
        job.score, spent_, spent_, job.rows, unknown, unknown, True, layouts=job.layouts, value=job.value,
    )  # fmt: skip


def picture_of(
    job: Job,
    planned: Mapping[str, tuple[Method, Part]],
    done: bool,
    others: Mapping[str, Attribution],
    order: Sequence[str],
    watched: bool,
) -> SaliencyColumns:
    """Return the whole picture as far as its parts have found it, with columns that other methods made."""
    parts = [part for _, part in planned.values()]
    shown = {key: (method, part) for key, (method, part) in planned.items() if part.started}
    found = {
        key: attribution_of(job, part, method, done, [part], watched) for key, (method, part) in shown.items()
    }
    made = {key: {**found, **others}[key] for key in order if key in found or key in others}
    errors = np.stack([one.standard_error for one in made.values()])
    unknown = np.isnan(errors).all(axis=0)
    more = [
        sum(getattr(one, name) for one in others.values()) for name in ("evaluations", "evaluations_total")
    ]
    return _columns(
        job,
        made,
        evaluations=more[0] + max(spent(parts, sample) for sample in range(len(job))),
        evaluations_total=more[1] + max(spent(parts, sample, planned=True) for sample in range(len(job))),
        completeness_gap=made["integrated"].completeness_gap
        if "integrated" in made
        else np.full(len(job), np.nan),
        standard_error=np.where(unknown, np.nan, np.nanmax(np.where(np.isnan(errors), -1.0, errors), axis=0)),
        done=done,
        converged=all(part.converged for _, part in shown.values() if part.name != "raw"),
    )
