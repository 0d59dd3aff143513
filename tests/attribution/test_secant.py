"""Mean gradients of stretches: exact for one layer of activations, better part by part beyond, refused elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import changed, picture_net, pictures, relative, seeded, tables, tanh_net, trace
from torch import nn
from torch.nn import functional

from xai_widgets import AttributionEngine
from xai_widgets.attribution.estimators.secant import track as strips
from xai_widgets.attribution.estimators.secant.torch_slopes import functions

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


def rows_of(engine, x, steps):
    before = engine.rows_evaluated
    found = engine.attribute(x, METHOD, integrating=steps, rule="secant")
    return found, (engine.rows_evaluated - before) / len(x)


def test_more_steps_compute_only_what_is_new_and_fewer_nothing():
    model, x = picture_net(), pictures(2)
    engine = AttributionEngine(model)
    first, rows = rows_of(engine, x, 32)
    assert rows == first.evaluations == 27
    longer, rows = rows_of(engine, x, 64)
    assert longer.evaluations == 63
    assert rows == 36
    again, rows = rows_of(engine, x, 32)
    assert rows == 0
    assert relative(again.values, first.values) < 1e-6
    assert relative(again.standard_error, first.standard_error) < 1e-6
    anew = AttributionEngine(model).attribute(x, METHOD, integrating=64, rule="secant")
    assert relative(anew.values, longer.values) < 1e-5


def test_the_error_it_tells_is_the_error_it_has():
    model, x = picture_net(), pictures(6)
    reference = AttributionEngine(model).attribute(x, METHOD, integrating=4096, rule="midpoint").values
    told = []
    for found in AttributionEngine(model).stream(x, METHOD, integrating=144, rule="secant"):
        real = np.array([relative(one, other) for one, other in zip(found.values, reference, strict=True)])
        if found.evaluations <= 72:  # beyond, the reference itself is in it
            told.append(np.median(real / found.standard_error))
        assert np.all(np.isfinite(found.standard_error))
    assert 0.4 < np.median(told) < 2.0


@pytest.mark.parametrize("tolerance", [0.2, 0.05, 0.02])
def test_a_tolerance_stops_it_early_and_near_it(tolerance):
    model, x = picture_net(), pictures(6)
    reference = AttributionEngine(model).attribute(x, METHOD, integrating=4096, rule="midpoint").values
    found = AttributionEngine(model).attribute(
        x, METHOD, rule="secant", tolerance=tolerance, max_evaluations=900
    )
    assert found.converged
    assert found.evaluations < 150
    assert np.all(found.standard_error <= tolerance)
    assert (
        np.median([relative(one, other) for one, other in zip(found.values, reference, strict=True)])
        < 1.2 * tolerance
    )


def test_what_needs_no_more_stops_at_once():
    model = seeded(lambda: nn.Linear(6, 3)).eval()
    found = AttributionEngine(model).attribute(tables(2), METHOD, rule="secant", tolerance=1e-3)
    assert found.evaluations == 9
    assert np.all(found.standard_error < 1e-5)


def test_memory_does_not_grow_with_the_steps(monkeypatch):
    monkeypatch.setattr(strips, "storable", lambda *_, **__: 16)  # four units whose parts are told apart
    model, x = picture_net(), pictures(1)
    reference = AttributionEngine(model).attribute(x, METHOD, integrating=8192, rule="midpoint").values
    made = []
    known = strips.SecantTrack.__init__
    monkeypatch.setattr(
        strips.SecantTrack, "__init__", lambda self, ops: (known(self, ops), made.append(self))[0]
    )
    engine, errors, held = AttributionEngine(model), [], []
    for steps in (36, 180, 720, 2880):
        found = engine.attribute(x, METHOD, integrating=steps, rule="secant")
        errors.append(relative(found.values, reference))
        held.append(len(made[-1]._changes) + len(made[-1]._waiting))
        assert found.evaluations == steps
    assert errors[0] > 2 * errors[1] > 2 * errors[2]
    assert errors[3] < 1.2 * errors[2]  # where the reference's own error is, too
    assert max(held) <= 4 + 4 * 3 + 1
    assert np.all(found.completeness_gap < 1e-4)
    anew = AttributionEngine(model).attribute(x, METHOD, integrating=36, rule="secant").values
    assert relative(engine.attribute(x, METHOD, integrating=36, rule="secant").values, anew) < 1e-5


class Crowded(nn.Module):
    """Has memory for so many rows."""

    def __init__(self, room):
        super().__init__()
        self.net, self.room = picture_net(), room

    def forward(self, x):
        if len(x) > self.room:
            raise RuntimeError("CUDA out of memory (as if)")
        return self.net(x)


@pytest.mark.parametrize("room", [20, 9, 7, 4, 2])
def test_strips_are_cut_where_memory_runs_out(room):
    model, x = Crowded(room), pictures(2)
    expected = AttributionEngine(model.net).attribute(x, METHOD, integrating=45, rule="secant").values
    found = AttributionEngine(model).attribute(x, METHOD, integrating=45, rule="secant")
    assert relative(found.values, expected) < 1e-5


def test_it_gives_up_where_two_rows_are_too_many():
    with pytest.raises(RuntimeError, match="out of memory"):
        AttributionEngine(Crowded(1)).attribute(
            pictures(1), METHOD, integrating=9, rule="secant", baseline="zeros"
        )


@pytest.mark.parametrize("chunk", [1, 5, 9, 20, 64])
def test_chunks_and_company_change_nothing(chunk):
    model, x = picture_net(), pictures(3)
    expected = AttributionEngine(model).attribute(x, METHOD, integrating=36, rule="secant").values
    found = AttributionEngine(model, chunk=chunk).attribute(x, METHOD, integrating=36, rule="secant").values
    assert relative(found, expected) < 1e-5
    alone = AttributionEngine(model).attribute(x[1:2], METHOD, integrating=36, rule="secant").values
    assert relative(alone[0], expected[1]) < 1e-5


def strip_of(shape, rows=18, last=False, dtype=torch.float32):
    """Two paths that cross zero here and there."""
    generator = torch.Generator().manual_seed(3)
    ends = torch.randn(2, 2, *shape, generator=generator)
    ends[:, :, 0] = 0  # what does not move, and is nowhere but at the kink
    t = torch.linspace(0, 1, rows // 2).reshape(1, -1, *[1] * len(shape))
    x = (ends[0][:, None] * (1 - t) + ends[1][:, None] * t).flatten(0, 1).to(dtype)
    return x.to(memory_format=torch.channels_last) if last else x


def balance(x, y, apply, given):
    """Compare, row by row, what the gradients say the stretch adds with what it adds."""
    leaf = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(apply(leaf), leaf, given)
    rows = torch.arange(len(x)).reshape(2, -1)[:, :-1].flatten()
    said = (found[rows] * (x[rows + 1] - x[rows])).flatten(1).sum(1)
    is_ = (given[rows] * (y[rows + 1] - y[rows])).flatten(1).sum(1)
    assert torch.isfinite(found[rows]).all()
    torch.testing.assert_close(said, is_, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("strided", [False, True])
@pytest.mark.parametrize("function", [torch.relu, lambda x: functional.leaky_relu(x, 0.3)])
def test_a_kink_takes_the_secant_where_the_sign_changes(function, strided, last):
    kinked, secant, _ = functions()
    x = strip_of((5, 6, 7), last=last)
    slopes = lambda given, x: given * torch.where(x > 0, 1.0, function(torch.tensor(-1.0)).abs())  # noqa: E731
    given = torch.randn(18, 5, 7, 6).transpose(2, 3) if strided else torch.randn_like(x)
    balance(x, function(x), lambda leaf: kinked.apply(leaf, function, slopes, 9), given)
    gradients = []
    for apply in (lambda x: kinked.apply(x, function, slopes, 9), lambda x: secant.apply(x, function, 9)):
        leaf = x.clone().requires_grad_()
        gradients.append(torch.autograd.grad(apply(leaf), leaf, given)[0].unflatten(0, (2, 9))[:, :-1])
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize(
    "options",
    [{"kernel_size": 2}, {"kernel_size": 3, "stride": 1, "padding": 1}, {"kernel_size": (2, 3), "stride": (1, 2)},
     {"kernel_size": 2, "dilation": 2}, {"kernel_size": 3, "stride": 2, "ceil_mode": True}, {"kernel_size": (8, 1)}],
)  # fmt: skip
def test_pooling_shares_between_the_winners_at_both_ends(options, channels, last):
    _, _, pool = functions()
    x = strip_of((channels, 8, 6), last=last)
    y = functional.max_pool2d(x, **options)
    assert torch.equal(pool.apply(x, 9, options), y)
    balance(x, y, lambda leaf: pool.apply(leaf, 9, options), torch.randn_like(y))


def test_the_whole_picture_takes_it_beside_plain_gradients():
    model, x = picture_net(), pictures(2)
    options = {"smoothing": 6, "integrating": 40}
    grid = AttributionEngine(model).saliency_columns(x, rule="secant", **options)
    plain = AttributionEngine(model).saliency_columns(x, **options)
    for name in ("raw", "smoothed", "smint"):
        assert relative(getattr(grid, name).values, getattr(plain, name).values) < 1e-5
    assert relative(grid.integrated.values, plain.integrated.values) < 0.1


class Named(nn.Module):
    """Calls by name what others call by place."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        x = functional.relu(input=self.inner[0](x))
        x = functional.max_pool2d(input=x, kernel_size=2)
        x = functional.relu(input=self.inner[3](x), inplace=True)
        return self.inner[-1](x.flatten(1))


@pytest.mark.parametrize(
    ("kind", "near"), [(torch.float64, 1e-5), (torch.float16, 0.02), (torch.bfloat16, 0.1)]
)
def test_other_precisions_give_nearly_the_same(kind, near):
    options = {"integrating": 27, "rule": "secant", "baseline": "zeros", "target": 1}
    expected = AttributionEngine(picture_net()).attribute(pictures(2), METHOD, **options).values
    found = AttributionEngine(picture_net().to(kind)).attribute(pictures(2), METHOD, **options).values
    assert relative(found, expected) < near


def test_arguments_may_be_named():
    inner = seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(20, 3)
        ).eval()
    )  # fmt: skip
    options = {"integrating": 27, "rule": "secant"}
    expected = AttributionEngine(inner).attribute(pictures(2), METHOD, **options).values
    found = AttributionEngine(Named(inner)).attribute(pictures(2), METHOD, **options).values
    assert relative(found, expected) < 1e-5


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


class Transposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 5), nn.Linear(5, 4)

    def forward(self, x):
        return self.last(torch.relu(self.first(x).T).T)


class Folded(Transposed):
    def forward(self, x):
        return self.last(torch.relu(self.first(x).reshape(-1, 1)).reshape(len(x), 5))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (Transposed, "samples to another place"), (Folded, "samples to another place"),
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
    "options", [{"max_evaluations": 8}, {"score": "probability"}, {"target": lambda out: out[:, 0]}]
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
