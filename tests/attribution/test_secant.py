"""Mean gradients of stretches: exact for one layer of activations, of second order beyond, refused elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import changed, picture_net, pictures, relative, seeded, tables, tanh_net, trace
from torch import nn
from torch.nn import functional

from xai_widgets import AttributionEngine

METHOD = "integrated_gradients"


@pytest.mark.parametrize(
    "activation",
    [nn.ReLU(), nn.ReLU(True), nn.LeakyReLU(0.2), nn.Tanh(), nn.GELU(), nn.SiLU(), nn.Softplus(), nn.ReLU6()],
)
def test_one_layer_of_activations_is_exact_whatever_the_number_of_steps(activation):
    model = seeded(lambda: nn.Sequential(nn.Linear(6, 16), activation, nn.Linear(16, 3))).double().eval()
    x, engine = tables(4, dtype=np.float64), AttributionEngine(model)
    exact = engine.attribute(x, METHOD, integrating=4096, rule="midpoint", baseline="zeros")
    found = engine.attribute(x, METHOD, integrating=9, rule="secant", baseline="zeros")
    assert found.evaluations == 9
    assert relative(found.values, exact.values) < 1e-3
    assert np.all(found.completeness_gap < 1e-9)


def test_it_goes_to_the_integral_and_faster_than_midpoints():
    model, x = picture_net(), pictures(4)
    engine = AttributionEngine(model)
    reference = engine.attribute(x, METHOD, integrating=4096, rule="midpoint", baseline="zeros").values

    def error(rule, n):
        found = engine.attribute(x, METHOD, integrating=n, rule=rule, baseline="zeros")
        return relative(found.values, reference)

    errors = [error("secant", n) for n in (9, 36, 144)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[1] < 0.7 * error("midpoint", 36)


def test_the_sum_is_complete_with_any_number_of_steps():
    found = AttributionEngine(picture_net()).attribute(pictures(3), METHOD, integrating=9, rule="secant")
    assert np.all(found.completeness_gap < 1e-4)


@pytest.mark.parametrize("chunk", [1, 5, 9, 20, 64])
def test_chunks_and_company_change_nothing(chunk):
    model, x = picture_net(), pictures(3)
    expected = AttributionEngine(model).attribute(x, METHOD, integrating=36, rule="secant").values
    found = AttributionEngine(model, chunk=chunk).attribute(x, METHOD, integrating=36, rule="secant").values
    assert relative(found, expected) < 1e-5
    alone = AttributionEngine(model).attribute(x[1:2], METHOD, integrating=36, rule="secant").values
    assert relative(alone[0], expected[1]) < 1e-5


def test_the_whole_picture_takes_it_beside_plain_gradients():
    model, x = picture_net(), pictures(2)
    options = {"smoothing": 6, "integrating": 40}
    grid = AttributionEngine(model).saliency_columns(x, rule="secant", **options)
    plain = AttributionEngine(model).saliency_columns(x, **options)
    for name in ("raw", "smoothed", "smint"):
        assert relative(getattr(grid, name).values, getattr(plain, name).values) < 1e-5
    assert relative(grid.integrated.values, plain.integrated.values) < 0.1


def test_it_leaves_nothing_behind():
    model, x = picture_net(True), pictures(2)
    before = trace(model)
    AttributionEngine(model).attribute(x, METHOD, integrating=18, rule="secant")
    assert changed(before, trace(model)) == []


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = tanh_net()

    def forward(self, x):
        return self.net(x) * self.net(x)


class Softmaxed(Gated):
    def forward(self, x):
        return functional.softmax(self.net(x), 1)


class Inverse(Gated):
    def forward(self, x):
        return torch.div(1.0, 3 + self.net(x))


class Squared(Gated):
    def forward(self, x):
        return torch.mul(self.net(x), other=self.net(x))


class Listed(Gated):
    def forward(self, x):
        return torch.einsum("rk,rk->rk", [self.net(x), self.net(x)])


class WeightedByItself(Gated):
    def forward(self, x):
        y = self.net(x)
        return functional.linear(y, y[:4])


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Gated, "'mul'"), (Softmaxed, "probabilities|'softmax'"), (Inverse, "'div'"), (Squared, "'mul'"), (Listed, "'einsum'"),
        (WeightedByItself, "'linear'"),
    ],
)  # fmt: skip
def test_other_networks_are_refused(model, says):
    before = trace(module := seeded(model))
    with pytest.raises(ValueError, match=f"rule='secant'.*{says}"):
        AttributionEngine(module).attribute(tables(2), METHOD, integrating=9, rule="secant")
    assert changed(before, trace(module)) == []


@pytest.mark.parametrize(
    "options", [{"tolerance": 0.1}, {"score": "probability"}, {"target": lambda out: out[:, 0]}]
)
def test_what_does_not_go_with_it_is_refused(options):
    with pytest.raises(ValueError, match="secant"):
        AttributionEngine(tanh_net()).attribute(tables(2), METHOD, rule="secant", **options)


def test_the_threads_other_passes_are_plain():
    model, x = tanh_net(), torch.tensor(tables(2), requires_grad=True)
    (before,) = torch.autograd.grad(model(x).sum(), x)
    AttributionEngine(model).attribute(tables(2), METHOD, rule="secant", integrating=9)
    (after,) = torch.autograd.grad(model(x).sum(), x)
    assert torch.equal(before, after)
