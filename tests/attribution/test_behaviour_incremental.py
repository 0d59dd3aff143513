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
    ],
)  # fmt: skip
def test_a_slider_step_costs_what_is_new_and_back_costs_nothing(method, name, small, large):
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    other = {"integrating": 4} if method == "smint" else {}
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


def test_the_whole_picture_again_costs_nothing():
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    first = engine.saliency_columns(x, smoothing=6, integrating=12)
    seen.clear()
    again = engine.saliency_columns(x, smoothing=6, integrating=12)
    assert sum(seen) <= 2 * LOOKS
    assert np.array_equal(first.smint.values, again.smint.values)
