"""The methods that are averages of gradients, and the four columns of the seed's picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xai_widgets.attribution.context import Job, Preparer
from xai_widgets.attribution.estimators.base import NoisyTrack, Track
from xai_widgets.attribution.execution.planner import Part, Planner
from xai_widgets.attribution.methods.registry import Method, add_column, named, register
from xai_widgets.attribution.settings import Settings

_DRAWS, _STEPS = ("smoothing",), ("integrating",)


def add() -> None:
    """Register them."""
    for method in (
        Method("saliency", "Saliency", _raw, aliases=("gradient",), compared="raw"),
        Method("input_x_gradient", "Input × gradient", _raw, times_input=True),
        Method("smoothgrad", "SmoothGrad", _smoothed, needs=_DRAWS),
        Method(
            "smoothgrad_squared", "SmoothGrad²", _smoothed, value=_mean_square, error=_mean_square_error,
            aliases=("smoothgrad2",), compared="smoothed", needs=_DRAWS,
        ),
        Method("vargrad", "VarGrad", _smoothed, value=_variance, error=_variance_error, needs=_DRAWS),
        Method(
            "integrated_gradients", "Integrated gradients", _integrated, aliases=("ig",), needs_start=True,
            compared="integrated", needs=_STEPS,
        ),
        Method("expected_gradients", "Expected gradients", _expected, needs=(*_DRAWS, *_STEPS)),
        Method(
            "blur_integrated_gradients", "Blurred path", _blurred, prepare=_blur, aliases=("blur_ig",), needs=_STEPS,
        ),
    ):  # fmt: skip
        register(method)
    add_column("raw", "Raw", lambda settings: named("saliency"))
    add_column("smoothed", "Smoothed", _smoothed_column)
    add_column("integrated", "Integrated", _integrated_column)
    smint = Method("smint", "SmInt", _smint, compared="smint", needs=(*_DRAWS, *_STEPS))
    register(smint)
    add_column(
        "smint", "SmInt", lambda settings: smint if settings.smoothing and settings.integrating else None
    )


def _smoothed_column(settings: Settings) -> Method | None:
    if not settings.smoothing:
        return None
    return named("smoothgrad_squared" if settings.magnitude else "smoothgrad")


def _integrated_column(settings: Settings) -> Method | None:
    """One path per sample, also where baselines are drawn from a background."""
    if not settings.integrating:
        return None
    return replace(named("integrated_gradients"), plan=_one_path)


def _raw(planner: Planner, job: Job) -> Part:
    return planner.raw(job)


def _smoothed(planner: Planner, job: Job) -> Part:
    return planner.smoothed(job, _wanted(job, "smoothing"))


def _one_path(planner: Planner, job: Job) -> Part:
    return planner.integrated(job, _wanted(job, "integrating"))


def _integrated(planner: Planner, job: Job) -> Part:
    return _one_path(planner, job) if job.scene.background is None else _expected(planner, job)


def _blurred(planner: Planner, job: Job) -> Part:
    return planner.integrated(job, _wanted(job, "integrating"), "blur")


def _blur(preparer: Preparer, job: Job) -> None:
    job.scene.blur_axes = preparer.blur_axes(job)
    preparer.score_blurred(job)


def _expected(planner: Planner, job: Job) -> Part:
    return planner.averaged(job, _wanted(job, "smoothing"), _wanted(job, "integrating"), squared=False)


def _smint(planner: Planner, job: Job) -> Part:
    wanted = _wanted(job, "smoothing"), _wanted(job, "integrating")
    return planner.averaged(job, *wanted, squared=job.settings.magnitude)


def _wanted(job: Job, what: str) -> int:
    count: int = getattr(job.settings, what)
    if count == 0:
        raise ValueError(
            f"{what} should be at least 1, got 0; only in saliency_columns does 0 switch something off"
        )
    return count


# -- what is read off a track of noisy copies ------------------------------------------------------------------------------


def _mean_square(track: Track, units: int) -> Any:
    return _noisy(track).squares.mean(units)


def _mean_square_error(track: Track, units: int) -> float:
    return _noisy(track).squares.relative_error(units)


def _variance(track: Track, units: int) -> Any:
    return _noisy(track).variance(units)


def _variance_error(track: Track, units: int) -> float:
    return _noisy(track).shifted.relative_error(units)


def _noisy(track: Track) -> NoisyTrack:
    assert isinstance(track, NoisyTrack)
    return track
