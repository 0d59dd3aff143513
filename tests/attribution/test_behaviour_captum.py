"""Agreement with captum where the definitions meet: the same model, baseline and nodes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import Array, picture_net, pictures, relative, tables, tanh_net
from torch import nn

from xai_widgets import AttributionEngine

attr = pytest.importorskip("captum.attr")


def models() -> list[tuple[nn.Module, Array]]:
    return [(tanh_net(), tables(4)), (picture_net(), pictures(4))]


@pytest.mark.parametrize(("model", "x"), models(), ids=["table", "pictures"])
def test_gradients_are_those_of_captum(model, x):
    inputs = torch.tensor(x)
    target = model(inputs).argmax(1)
    engine = AttributionEngine(model)
    expected = attr.Saliency(model).attribute(inputs, target=target, abs=False)
    assert relative(engine.attribute(x, "saliency").values, expected.detach().numpy()) < 1e-5
    expected = attr.InputXGradient(model).attribute(inputs, target=target)
    assert relative(engine.attribute(x, "input_x_gradient").values, expected.detach().numpy()) < 1e-5


@pytest.mark.parametrize("n", [2, 5, 32])
@pytest.mark.parametrize("base", [0.0, 0.7])
@pytest.mark.parametrize(("model", "x"), models(), ids=["table", "pictures"])
def test_midpoints_are_those_of_captum(model, x, base, n):
    inputs = torch.tensor(x)
    target = model(inputs).argmax(1)
    expected = attr.IntegratedGradients(model).attribute(
        inputs, baselines=base, target=target, n_steps=n, method="riemann_middle"
    )
    # a grid of one draw without noise is the midpoint rule
    options = {"smoothing": 1, "integrating": n, "noise": 0.0, "baseline": base, "sampling": "product"}
    found = AttributionEngine(model).attribute(x, "smint", magnitude=False, **options)
    assert relative(found.values, expected.detach().numpy()) < 1e-5
    squared = AttributionEngine(model).attribute(x, "smint", magnitude=True, **options)
    assert relative(squared.values, expected.detach().numpy() ** 2) < 1e-5


@pytest.mark.parametrize("rule", ["riemann_middle", "gausslegendre"])
def test_integrated_gradients_of_a_smooth_network_meet_captum_at_the_limit(rule):
    model, x = tanh_net(), tables(4)
    base = tables(4, seed=5)
    expected, gap = attr.IntegratedGradients(model).attribute(
        torch.tensor(x), baselines=torch.tensor(base), target=2, n_steps=128, method=rule,
        return_convergence_delta=True,
    )  # fmt: skip
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", baseline=base, target=2, integrating=512
    )
    assert relative(found.values, expected.detach().numpy()) < 1e-4
    assert np.allclose(found.completeness_gap, np.abs(gap.detach().numpy()), atol=1e-4)


def test_the_same_nodes_give_the_same_integrated_gradients_whatever_the_order():
    # the points that reach the model, weighted like the trapezoid rule, with the slope of the whole going on over both ends
    model, x = picture_net(), pictures(1)
    seen: list[torch.Tensor] = []
    handle = model.register_forward_pre_hook(lambda module, given: seen.append(given[0].detach().clone()))
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", baseline="zeros", integrating=32, target=0
    )
    handle.remove()
    points = torch.cat(seen).flatten(1)
    place = int(np.abs(x).argmax())
    nodes = (points[:, place] / float(x.reshape(-1)[place])).numpy().astype(np.float64)
    nodes = np.unique(np.round(nodes, 6))
    nodes = nodes[(nodes > 0) & (nodes < 1)]
    assert len(nodes) == 32
    weights = np.diff(np.concatenate([[0], (nodes[1:] + nodes[:-1]) / 2, [1]]))
    lean = ((1 - nodes[-1]) ** 2 - nodes[0] ** 2) / 2 / (nodes[-1] - nodes[0])
    weights[-1] += lean
    weights[0] -= lean
    assert np.isclose(weights.sum(), 1)
    assert np.isclose(weights @ nodes, 0.5)  # exact for a gradient linear along the path
    scaled = (
        torch.tensor(nodes, dtype=torch.float32)[:, None, None, None] * torch.tensor(x)
    ).requires_grad_()
    (grads,) = torch.autograd.grad(model(scaled)[:, 0].sum(), scaled)
    expected = np.einsum("n,nchw->chw", weights, grads.numpy()) * x[0]
    assert relative(found.values[0], expected) < 1e-4


def test_smoothgrad_meets_captum_within_the_errors_of_both():
    model, x = tanh_net(), tables(2)
    inputs = torch.tensor(x)
    target = model(inputs).argmax(1)
    found = AttributionEngine(model).attribute(x, "smoothgrad", smoothing=2048, noise=0.15)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = torch.cat(
            [
                attr.NoiseTunnel(attr.Saliency(model)).attribute(
                    inputs[row : row + 1], nt_type="smoothgrad", nt_samples=4096,
                    stdevs=float(0.15 * np.ptp(x[row])), target=target[row : row + 1], abs=False,
                )
                for row in range(2)
            ]
        )  # fmt: skip
    assert relative(found.values, expected.detach().numpy()) < 0.02
