"""Attributions whose values are known on paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import Formula, linear, pictures, quadratic, relative, seeded, tables, tanh_net
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from xai_widgets import AttributionEngine

few = settings(max_examples=12, deadline=None)
BASELINES = ["uniform", "gaussian", "zeros", "black", "white", "maximum_distance", 0.25]


@st.composite
def linear_cases(draw):
    columns = draw(st.integers(1, 6))
    numbers = st.floats(-4, 4).map(lambda v: round(v, 3))
    weights = draw(st.lists(numbers, min_size=columns, max_size=columns))
    x = draw(st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=1, max_size=3))
    return np.array(weights), np.array(x)


@few
@given(linear_cases(), st.integers(1, 9), st.floats(0, 2), st.integers(0, 5))
def test_a_linear_model_is_explained_by_its_weights_for_any_number_and_any_noise(case, n, noise, seed):
    w, x = case
    engine = AttributionEngine(linear(w))
    everywhere = np.broadcast_to(w, x.shape)
    options = {"smoothing": n, "noise": noise, "seed": seed}
    assert np.allclose(engine.attribute(x, "saliency").values, everywhere, atol=1e-12)
    assert np.allclose(engine.attribute(x, "input_x_gradient").values, w * x, atol=1e-12)
    assert np.allclose(engine.attribute(x, "smoothgrad", **options).values, everywhere, atol=1e-12)
    assert np.allclose(engine.attribute(x, "smoothgrad_squared", **options).values, everywhere**2, atol=1e-11)
    assert np.allclose(engine.attribute(x, "vargrad", **options).values, 0, atol=1e-11)


@few
@given(linear_cases(), st.integers(1, 9), st.floats(-2, 2))
def test_integrated_gradients_of_a_linear_model_are_exact_for_any_number_of_steps(case, n, constant):
    w, x = case
    found = AttributionEngine(linear(w)).attribute(
        x, "integrated_gradients", integrating=n, baseline=constant
    )
    assert np.allclose(found.values, w * (x - constant), atol=1e-10)
    assert np.allclose(found.completeness_gap, 0, atol=1e-9)


@pytest.mark.parametrize("sampling", ["joint", "product"])
def test_smint_of_a_linear_model_with_a_fixed_baseline(sampling):
    w, x = np.array([1.0, -2.0, 0.5]), tables(3, 3, dtype=np.float64)
    engine = AttributionEngine(linear(w))
    options = {"smoothing": 4, "integrating": 6, "noise": 0.0, "baseline": 0.5, "sampling": sampling}
    plain = engine.attribute(x, "smint", magnitude=False, **options)
    squared = engine.attribute(x, "smint", magnitude=True, **options)
    assert np.allclose(plain.values, w * (x - 0.5), atol=1e-10)
    assert np.allclose(squared.values, (w * (x - 0.5)) ** 2, atol=1e-10)


def test_smint_of_a_linear_model_over_uniform_baselines_starts_from_their_mean():
    w, x = np.array([1.0, -2.0, 0.5]), tables(3, 3, dtype=np.float64)
    middle = (x.max(1, keepdims=True) + x.min(1, keepdims=True)) / 2
    found = AttributionEngine(linear(w)).attribute(
        x, "smint", smoothing=512, integrating=512, magnitude=False, baseline="uniform"
    )
    assert relative(found.values, w * (x - middle)) < 0.05


def test_the_mean_square_over_uniform_baselines_is_the_square_of_the_mean_plus_the_variance():
    w, x = np.array([1.0, -2.0, 0.5]), tables(2, 3, dtype=np.float64)
    middle = (x.max(1, keepdims=True) + x.min(1, keepdims=True)) / 2
    variance = (x.max(1, keepdims=True) - x.min(1, keepdims=True)) ** 2 / 12
    expected = w**2 * ((x - middle) ** 2 + variance)
    engine = AttributionEngine(linear(w))
    for sampling, smoothing, integrating in (("joint", 4096, 4096), ("product", 1024, 2)):
        found = engine.attribute(
            x, "smint", smoothing=smoothing, integrating=integrating, magnitude=True, sampling=sampling
        )
        assert relative(found.values, expected) < 0.1, sampling


@few
@given(st.integers(0, 50), st.integers(1, 6).map(lambda pairs: 2 * pairs), st.floats(0.01, 1.0))
def test_antithetic_pairs_make_smoothgrad_of_a_quadratic_exact(seed, n, noise):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(4, 4))
    matrix, x = root + root.T, rng.normal(size=(2, 4))
    found = AttributionEngine(quadratic(matrix)).attribute(
        x, "smoothgrad", smoothing=n, noise=noise, seed=seed
    )
    # the noise is made in float32: its two mirror images cancel to that rounding
    assert np.allclose(found.values, x @ matrix, atol=1e-6 * np.abs(matrix).sum() * (1 + np.abs(x).max()))


@few
@given(st.integers(0, 50), st.integers(1, 6).map(lambda pairs: 2 * pairs), st.floats(-1, 1))
def test_integrated_gradients_of_a_quadratic_are_exact_with_few_steps(seed, n, constant):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(4, 4))
    matrix, x = root + root.T, rng.normal(size=(2, 4))
    found = AttributionEngine(quadratic(matrix)).attribute(
        x, "integrated_gradients", integrating=n, baseline=constant
    )
    assert np.allclose(found.values, (x - constant) * (((x + constant) / 2) @ matrix), atol=1e-9)


def test_vargrad_of_a_quadratic_is_the_noise_times_the_diagonal_of_a_squared():
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4))
    matrix, x = root + root.T, rng.normal(size=(1, 4))
    found = AttributionEngine(quadratic(matrix)).attribute(x, "vargrad", smoothing=4096, noise=0.15)
    expected = (0.15 * np.ptp(x)) ** 2 * np.diag(matrix @ matrix.T)
    assert relative(found.values[0], expected) < 0.1


@pytest.mark.parametrize("steps", [6, 8, 12, 16, 24, 32, 48, 64, 100])
@pytest.mark.parametrize(
    ("formula", "exact"),
    [
        (lambda one: (one**3).sum(1), lambda x: x**3 + 0.125),
        (lambda one: (2 * one).exp().sum(1), lambda x: np.exp(2 * x) - np.exp(-1)),
    ],
    ids=["cubic", "exponential"],
)
def test_a_smooth_path_takes_far_fewer_steps_than_midpoints(formula, exact, steps):
    x = np.array([[0.5, -1.0, 1.5, 2.0]])
    engine = AttributionEngine(Formula(formula))
    found = engine.attribute(x, "integrated_gradients", integrating=steps, baseline=-0.5)
    grid = engine.attribute(
        x,
        "smint",
        smoothing=1,
        integrating=steps,
        noise=0.0,
        baseline=-0.5,
        magnitude=False,
        sampling="product",
    )
    assert relative(found.values, exact(x)) < relative(grid.values, exact(x)) / 3


def test_a_grid_of_one_draw_is_the_midpoint_rule():
    # midpoints of x**3 from 0: x**3 (1 - 1 / (4 n**2))
    x = np.array([[0.5, -1.0, 1.5]])
    engine = AttributionEngine(Formula(lambda one: (one**3).sum(1)))
    for n in (1, 2, 5, 10):
        found = engine.attribute(
            x, "smint", smoothing=1, integrating=n, noise=0.0, baseline=0.0, magnitude=False,
            sampling="product",
        )  # fmt: skip
        assert np.allclose(found.values, x**3 * (1 - 1 / (4 * n**2)), atol=1e-9)


def test_a_kink_on_the_path_is_found_within_one_step():
    engine = AttributionEngine(Formula(lambda one: torch.relu(one.sum(1) - 1)))
    for n in (4, 16, 64):
        found = engine.attribute(np.ones((1, 2)), "integrated_gradients", integrating=n, baseline=0.0).values
        assert np.allclose(found, 0.5, atol=1 / n)
        assert found[0, 0] == found[0, 1]


@pytest.mark.parametrize("baseline", BASELINES)
def test_completeness_holds_for_every_baseline(baseline):
    x = tables(3)
    engine = AttributionEngine(tanh_net())
    found = engine.attribute(x, "integrated_gradients", integrating=256, baseline=baseline)
    assert found.completeness_gap.shape == (3,)
    assert np.all(found.completeness_gap < 1e-3)
    few = engine.attribute(x, "integrated_gradients", integrating=4, baseline=baseline)
    assert np.all(few.completeness_gap.sum() > found.completeness_gap.sum())


@few
@given(st.integers(0, 20), st.floats(-2, 2), st.integers(0, 3))
def test_the_completeness_gap_is_the_distance_from_the_difference_of_the_outputs(seed, constant, target):
    model, x = tanh_net(), tables(2, seed=seed)
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", integrating=6, baseline=constant, target=target
    )
    with torch.no_grad():
        ends = model(torch.tensor(x)) - model(torch.full_like(torch.tensor(x), constant))
    gap = np.abs(found.values.sum(1) - ends[:, target].numpy())
    assert np.allclose(found.completeness_gap, gap, atol=1e-5)
    assert found.target.tolist() == [target, target]


METHODS = [
    "saliency", "input_x_gradient", "smoothgrad", "smoothgrad_squared", "vargrad", "integrated_gradients",
    "expected_gradients", "smint",
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_an_input_without_influence_gets_exactly_zero(method):
    class Blind(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tanh_net(4)

        def forward(self, x):
            return self.net(x[:, [0, 1, 3, 5]])

    found = AttributionEngine(Blind()).attribute(tables(3), method, smoothing=6, integrating=8)
    assert np.all(found.values[:, [2, 4]] == 0)
    assert np.all(np.abs(found.values[:, [0, 1, 3, 5]]) > 0)


@pytest.mark.parametrize("method", ["integrated_gradients", "smint"])
def test_an_element_that_equals_the_baseline_gets_exactly_zero(method):
    x = tables(2)
    x[:, 3] = 0
    found = AttributionEngine(tanh_net()).attribute(
        x, method, baseline="zeros", noise=0.0, smoothing=4, integrating=8, magnitude=False
    )
    assert np.all(found.values[:, 3] == 0)


@few
@given(st.integers(0, 30), st.integers(1, 40))
def test_swapped_equal_inputs_get_equal_attribution(seed, n):
    net = tanh_net(5)
    with torch.no_grad():
        net[0].weight[:, 1] = net[0].weight[:, 0]
    x = tables(2, 5, seed=seed)
    x[:, 1] = x[:, 0]
    engine = AttributionEngine(net)
    for method in ("saliency", "integrated_gradients"):
        found = engine.attribute(x, method, integrating=n, baseline="zeros").values
        assert np.allclose(found[:, 0], found[:, 1], rtol=1e-5, atol=1e-7)


@few
@given(st.integers(0, 30), st.integers(1, 40))
def test_the_path_walked_backwards_gives_the_opposite(seed, n):
    x, base = tables(2, seed=seed), tables(2, seed=seed + 1)
    engine = AttributionEngine(tanh_net())
    there = engine.attribute(x, "integrated_gradients", integrating=n, baseline=base, target=1).values
    back = engine.attribute(base, "integrated_gradients", integrating=n, baseline=x, target=1).values
    # the points lie differently from either end, so it is the opposite as far as so many points tell
    assert relative(there, -back) < (1e-5 if n < 4 else 0.02 if n < 11 else 2e-3)


def test_a_folded_batch_norm_changes_nothing():
    def build():
        return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))

    model = seeded(build).eval()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        norm = model[1]
        norm.running_mean.copy_(torch.tensor(rng.normal(size=8)))
        norm.running_var.copy_(torch.tensor(rng.uniform(0.5, 2, size=8)))
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        folded = nn.Linear(6, 8)
        folded.weight.copy_(model[0].weight * scale[:, None])
        folded.bias.copy_((model[0].bias - norm.running_mean) * scale + norm.bias)
    other = nn.Sequential(folded, model[2], model[3]).eval()
    x = tables(3)
    for method in METHODS:
        one = AttributionEngine(model).attribute(x, method, smoothing=6, integrating=8)
        two = AttributionEngine(other).attribute(x, method, smoothing=6, integrating=8)
        assert np.allclose(one.values, two.values, rtol=1e-3, atol=1e-5), method


def test_a_saturated_softmax_has_logits_to_explain():
    model = nn.Linear(4, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[50.0, 0, 0, 1], [-50.0, 0, 0, 0]]))
        model.bias.zero_()
    x = np.array([[1.0, 0.5, 0.2, 0.1]], np.float32)
    engine = AttributionEngine(model)
    assert np.abs(engine.attribute(x, "saliency", score="probability").values).max() < 1e-30
    logit = engine.attribute(x, "saliency", score="logit").values
    assert np.allclose(logit, [[50, 0, 0, 1]])
    softmaxed = nn.Sequential(model, nn.Softmax(1))
    found = AttributionEngine(softmaxed).attribute(x, "saliency", score="log_probability").values
    assert np.all(np.isfinite(found))


def test_scores_are_functions_of_the_logits():
    model, x = tanh_net(), tables(3)
    inputs = torch.tensor(x, requires_grad=True)
    logits = model(inputs)
    best = logits.argmax(1, keepdim=True)
    engine = AttributionEngine(model)
    for score, values in (
        ("output", logits), ("logit", logits), ("probability", logits.softmax(1)),
        ("log_probability", logits.log_softmax(1)),
    ):  # fmt: skip
        (expected,) = torch.autograd.grad(values.gather(1, best).sum(), inputs, retain_graph=True)
        found = engine.attribute(x, "saliency", score=score)
        assert np.allclose(found.values, expected.numpy(), atol=1e-6), score
    assert np.array_equal(found.prediction, best[:, 0].numpy())
    assert np.allclose(found.probability, logits.softmax(1).gather(1, best)[:, 0].detach().numpy(), atol=1e-6)


@few
@given(st.floats(0.1, 200), st.floats(-50, 50))
def test_a_rescaled_pixel_range_leaves_the_masks_as_they_were(scale, shift):
    net = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Tanh(), nn.Linear(8, 3))).double()

    class Rescaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net((x - shift) / scale)

    x = pictures(2, shape=(3, 4, 4)).astype(np.float64)
    options = {"index": [3, 4], "smoothing": 6, "integrating": 8}
    for method in ("saliency", "smoothgrad", "integrated_gradients", "smint"):
        one = AttributionEngine(net).attribute(x, method, **options).masks
        two = AttributionEngine(Rescaled()).attribute(x * scale + shift, method, **options).masks
        assert np.allclose(one, two, atol=2e-3), method


def test_the_noise_is_relative_to_each_picture_and_not_to_the_batch():
    engine = AttributionEngine(tanh_net())
    x = tables(1)
    beside = np.concatenate([x, 100 * tables(1, seed=9)])
    for method in ("smoothgrad", "smint", "integrated_gradients"):
        alone = engine.attribute(x, method, smoothing=6, integrating=8).values
        assert np.allclose(engine.attribute(beside, method, smoothing=6, integrating=8).values[:1], alone)


def test_the_standard_error_is_the_spread_over_seeds():
    engine = AttributionEngine(tanh_net())
    x = 2 * tables(1)
    for method, options in (("smoothgrad", {}), ("smint", {"magnitude": False})):
        runs = [
            engine.attribute(x, method, smoothing=48, integrating=48, noise=0.5, seed=seed, baseline=0.0, **options)
            for seed in range(60)
        ]  # fmt: skip
        values = np.stack([run.values for run in runs])
        spread = np.sqrt(((values - values.mean(0)) ** 2).sum(axis=(1, 2)).mean())
        reported = np.median([run.standard_error[0] for run in runs]) * np.linalg.norm(values.mean(0))
        # positions stratified over the path do better than independent ones: never say less than there is
        assert reported > 0.75 * spread, method
        assert reported < 4 * spread, method


def test_sampling_draw_and_position_together_estimates_what_the_grid_estimates():
    engine = AttributionEngine(tanh_net())
    x = tables(2)
    for magnitude in (False, True):
        joint = engine.attribute(x, "smint", smoothing=4096, integrating=1, magnitude=magnitude)
        grid = engine.attribute(
            x, "smint", smoothing=256, integrating=8, magnitude=magnitude, sampling="product"
        )
        away = np.linalg.norm(joint.values - grid.values, axis=1)
        errors = joint.standard_error * np.linalg.norm(joint.values, axis=1)
        errors = np.hypot(errors, grid.standard_error * np.linalg.norm(grid.values, axis=1))
        assert np.all(away < 3 * errors + 1e-3 * np.linalg.norm(grid.values, axis=1))
