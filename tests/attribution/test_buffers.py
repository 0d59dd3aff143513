"""Memory is used again, and vectors are only kept where somebody may ask for them: the numbers stay."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from behaviour_models import pictures, relative
from torch import nn

from xai_widgets import AttributionEngine

SHAPE = (3, 60, 60)  # long enough to be folded


def net(activation: type[nn.Module]) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 6, 5, 4), activation(), nn.Flatten(), nn.Linear(6 * 14 * 14, 4)).eval()


@pytest.mark.parametrize("activation", [nn.ReLU, nn.GELU])
@pytest.mark.parametrize("steps", [3, 7, 16, 40, 64, 90])
def test_what_is_not_kept_is_added_up_to_the_same(activation, steps):
    x, options = pictures(3, shape=SHAPE), {"integrating": steps, "target": 1}
    kept = AttributionEngine(net(activation), chunk=9)
    expected = kept.attribute(x, "integrated_gradients", **options)
    once = AttributionEngine(net(activation), chunk=9, cache_bytes=0)
    for _ in range(2):
        found = once.attribute(x, "integrated_gradients", **options)
        assert relative(found.values, expected.values) < 1e-5
        np.testing.assert_allclose(found.standard_error, expected.standard_error, rtol=1e-3, atol=1e-6)
        assert np.allclose(found.completeness_gap, expected.completeness_gap, atol=1e-4)
    *_, watched = once.stream(x, "integrated_gradients", **options)
    assert relative(watched.values, expected.values) < 1e-5


@pytest.mark.parametrize("method", ["smoothgrad_squared", "vargrad", "smint", "expected_gradients"])
def test_long_gradients_are_kept_where_they_are(method):
    x, options = pictures(2, shape=SHAPE), {"smoothing": 24, "integrating": 8, "target": 1}
    engine = AttributionEngine(net(nn.ReLU), chunk=8)
    found = engine.attribute(x, method, **options)
    one_by_one = AttributionEngine(net(nn.ReLU), chunk=3)
    *_, watched = one_by_one.stream(x, method, **options)
    assert relative(found.values, watched.values) < 1e-5
    before = engine.rows_evaluated
    small = engine.attribute(x, method, **{**options, "smoothing": 16})
    assert engine.rows_evaluated == before
    assert (
        relative(small.values, one_by_one.attribute(x, method, **{**options, "smoothing": 16}).values) < 1e-5
    )


class ItsInput(torch.autograd.Function):
    """Half the squared norm, whose gradient is the input itself: the very tensor."""

    @staticmethod
    def forward(ctx, x):
        ctx.x = x
        return (x.flatten(1) ** 2).sum(1, keepdim=True) / 2

    @staticmethod
    def backward(ctx, given):
        return ctx.x


class Norm(nn.Module):
    def forward(self, x):
        return ItsInput.apply(x)


@pytest.mark.parametrize("cache", [0, 1 << 28])
def test_a_gradient_that_is_the_input_is_not_overwritten_with_the_next_rows(cache):
    x = pictures(2, shape=SHAPE)
    engine = AttributionEngine(Norm(), chunk=4, cache_bytes=cache, task="value")
    found = engine.attribute(x, "integrated_gradients", integrating=20, baseline="zeros")
    assert relative(found.values, x**2 / 2) < 1e-3
    noisy = engine.attribute(x, "smoothgrad", smoothing=20)
    assert relative(noisy.values, x) < 1e-5


class InPlace(nn.Module):
    """Works on its input in place, in the way that is asked for, from a pass on."""

    def __init__(self, change, first: int = 0) -> None:
        super().__init__()
        self.head, self.change, self.first, self.passes = nn.Linear(12, 4), change, first, 0

    def forward(self, x):
        self.passes += 1
        if self.passes > self.first:
            self.change(x)
        return self.head(x.tanh())


def doubled(x):
    x.mul_(2.0)


def doubled_unseen(x):
    with torch.no_grad():
        x.mul_(2.0)


@pytest.mark.parametrize("change", [doubled, doubled_unseen])
@pytest.mark.parametrize("first", [0, 4])
def test_a_model_that_works_in_place_gets_rows_of_its_own(change, first):
    x = np.random.default_rng(0).normal(size=(3, 12)).astype(np.float32)
    build = partial(InPlace, change, first)
    torch.manual_seed(0)
    model = build()
    engine = AttributionEngine(model, chunk=4)
    given = x.copy()
    for method in ("saliency", "integrated_gradients"):
        engine.attribute(x, method, target=1, integrating=24)
    assert np.array_equal(x, given)
    torch.manual_seed(0)
    other = AttributionEngine(build(), chunk=4)
    other._backend._in_place = True
    for method in ("saliency", "integrated_gradients"):
        expected = other.attribute(x, method, target=1, integrating=24)
    found = engine.attribute(x, "integrated_gradients", target=1, integrating=24)
    if first == 0:
        assert relative(found.values, expected.values) < 1e-6
    assert np.isfinite(found.values).all()


def test_the_whole_picture_is_the_same_where_nothing_is_kept():
    x, options = pictures(2, shape=SHAPE), {"smoothing": 24, "integrating": 40, "target": 1}
    kept = AttributionEngine(net(nn.ReLU), chunk=9).saliency_columns(x, **options)
    once = AttributionEngine(net(nn.ReLU), chunk=9, cache_bytes=0).saliency_columns(x, **options)
    for key, column in kept.columns.items():
        assert relative(once.columns[key].values, column.values) < 1e-5
    assert np.allclose(once.completeness_gap, kept.completeness_gap, atol=1e-4)
