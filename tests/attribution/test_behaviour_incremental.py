"""Going on costs what is new; going back costs nothing: counted in rows that reach the model."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import counted, picture_net, pictures, relative

from xai_widgets import AttributionEngine

LOOKS = 3  # the clean outputs, their scores and those at the baseline may be looked at once more


@pytest.mark.parametrize(
    ("method", "name", "small", "large"),
    [
        ("smoothgrad", "smoothing", 25, 26), ("smoothgrad", "smoothing", 25, 50),
        ("integrated_gradients", "integrating", 32, 64), ("smint", "smoothing", 25, 26),
        ("smint", "smoothing", 25, 50), ("smint", "smoothing", 50, 400), ("expected_gradients", "smoothing", 25, 50),
        ("integrated_gradients", "integrating", 5, 12),
    ],
)  # fmt: skip
def test_a_slider_step_costs_what_is_new_and_back_costs_nothing(method, name, small, large):
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    other = {"integrating": 4} if method in ("smint", "expected_gradients") else {}
    first = engine.attribute(x, method, **{name: small}, **other)
    seen.clear()
    more = engine.attribute(x, method, **{name: large}, **other)
    new = more.evaluations - first.evaluations
    assert sum(seen) <= 2 * (max(new, 0) + LOOKS)
    assert new <= large - small + 3
    fresh = AttributionEngine(model).attribute(x, method, **{name: large}, **other)
    assert relative(more.values, fresh.values) < 1e-5
    for again in (small, large):
        seen.clear()
        back = engine.attribute(x, method, **{name: again}, **other)
        assert sum(seen) <= 2 * LOOKS
        assert relative(back.values, (first if again == small else fresh).values) < 1e-5


@pytest.mark.parametrize("baseline", ["uniform", "gaussian", "zeros"])
@pytest.mark.parametrize("magnitude", [True, False])
def test_more_draws_of_smint_cost_what_is_new_with_any_baseline(baseline, magnitude):
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    options = {"integrating": 4, "baseline": baseline, "magnitude": magnitude}
    spent = 0
    for draws in (8, 25, 26, 50, 100):
        seen.clear()
        found = engine.attribute(x, "smint", smoothing=draws, **options)
        assert found.evaluations <= draws
        assert sum(seen) <= 2 * (found.evaluations - spent + LOOKS)
        spent = found.evaluations


def test_the_whole_picture_with_more_of_both_costs_what_is_new():
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    first = engine.saliency_columns(x, smoothing=25, integrating=32)
    seen.clear()
    more = engine.saliency_columns(x, smoothing=50, integrating=64)
    assert sum(seen) <= 2 * (more.evaluations - first.evaluations + LOOKS)
    fresh = AttributionEngine(model).saliency_columns(x, smoothing=50, integrating=64)
    assert relative(more.smint.values, fresh.smint.values) < 1e-5
    assert relative(more.integrated.values, fresh.integrated.values) < 1e-5


def test_the_whole_picture_again_costs_nothing():
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    first = engine.saliency_columns(x, smoothing=6, integrating=12)
    seen.clear()
    again = engine.saliency_columns(x, smoothing=6, integrating=12)
    assert sum(seen) <= 2 * LOOKS
    assert np.array_equal(first.smint.values, again.smint.values)
