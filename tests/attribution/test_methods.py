"""Class activation maps, occlusion, midpoints and FastEstimator's numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import changed, linear, picture_net, pictures, relative, tables, trace
from torch import nn

from xai_widgets import AttributionEngine
from xai_widgets.attribution.methods.cam import enlarged

attr = pytest.importorskip("captum.attr")
MAPS = ("gradcam", "gradcam++", "eigencam")


def test_gradcam_is_that_of_captum():
    model, x = picture_net(), pictures(3)
    inputs = torch.tensor(x)
    target = model(inputs).argmax(1)
    coarse = attr.LayerGradCam(model, model[3]).attribute(inputs, target=target, relu_attributions=True)
    found = AttributionEngine(model).attribute(x, "gradcam", layer="3")
    assert relative(found.values, enlarged(coarse.detach().numpy()[:, 0].astype(np.float64), 8, 8)) < 1e-5
    assert found.masks.shape == (3, 8, 8)


@pytest.mark.parametrize("method", MAPS)
@pytest.mark.parametrize("inplace", [False, True])
def test_activation_maps_leave_no_hook_and_choose_the_last_layer_with_rows_and_columns(method, inplace):
    model, x = picture_net(inplace), pictures(2)
    before = trace(model)
    found = AttributionEngine(model).attribute(x, method)
    assert changed(before, trace(model)) == []
    assert found.values.shape == (2, 8, 8)
    assert np.all(found.values >= 0)
    named = AttributionEngine(model).attribute(x, method, layer="4")
    assert np.array_equal(found.values, named.values)


def test_activation_maps_leave_no_hook_after_an_error():
    model, x, stranger = picture_net(), pictures(2), nn.Linear(6, 2)
    before = trace(model)
    for layer in ("nothing", stranger):
        with pytest.raises(ValueError, match="no layer"):
            AttributionEngine(model).attribute(x, "gradcam", layer=layer)
    with pytest.raises(ValueError, match="needs pictures"):
        AttributionEngine(stranger).attribute(tables(2), "gradcam")
    assert changed(before, trace(model)) == []


def test_occlusion_is_that_of_captum():
    model, x = picture_net(), pictures(2)
    inputs = torch.tensor(x)
    target = model(inputs).argmax(1)
    found = AttributionEngine(model).attribute(x, "occlusion", window=2, stride=2, baseline="zeros")
    expected = attr.Occlusion(model).attribute(
        inputs, (3, 2, 2), strides=(3, 2, 2), target=target, baselines=0
    )
    assert relative(found.values, expected.detach().numpy()) < 1e-5


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (3, 2), (3, 3), (8, 1), (20, 4)])
def test_occlusion_covers_everything(window, stride):
    found = AttributionEngine(picture_net()).attribute(pictures(1), "occlusion", window=window, stride=stride)
    assert np.all(found.values != 0)


def test_occlusion_of_a_linear_model_in_closed_form():
    w, x = np.array([1.0, -2.0, 0.5]), tables(2, 3, dtype=np.float64)
    found = AttributionEngine(linear(w)).attribute(x, "occlusion", window=1, stride=1, baseline=0.25)
    assert np.allclose(found.values, w * (x - 0.25), atol=1e-12)


def test_occlusion_streams_and_needs_no_gradient():
    class Rounded(nn.Module):
        def forward(self, x):
            return x.round().sum((1, 2, 3), keepdim=True)[:, 0, 0]

    results = list(AttributionEngine(Rounded(), chunk=4).stream(pictures(2) * 3, "occlusion", window=4))
    assert len(results) > 2
    assert results[-1].done
    assert results[-1].values.any()


@pytest.mark.parametrize("n", [2, 3, 16])
def test_the_midpoint_rule_is_that_of_captum(n):
    model, x = picture_net(), pictures(3)
    inputs = torch.tensor(x)
    expected = attr.IntegratedGradients(model).attribute(
        inputs, baselines=0.3, target=model(inputs).argmax(1), n_steps=n, method="riemann_middle"
    )
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", integrating=n, baseline=0.3, rule="midpoint"
    )
    assert found.evaluations == n
    assert relative(found.values, expected.detach().numpy()) < 1e-5


@pytest.mark.parametrize("magnitude", [False, True])
def test_fastestimators_numbers_of_a_linear_model(magnitude):
    w, x = np.array([1.0, -2.0, 0.5]), tables(3, 3, dtype=np.float64)
    grid = AttributionEngine(linear(w)).saliency_columns(
        x, smoothing=4, integrating=(10, 3), sampling="fastestimator", magnitude=magnitude
    )
    power = 2 if magnitude else 1
    assert np.allclose(grid.raw.values, np.broadcast_to(w, x.shape))
    assert np.allclose(grid.smoothed.values, np.broadcast_to(w, x.shape) ** power)
    assert grid.evaluations == 1 + 3 + 10 + 2 * 10
    base = x - grid.integrated.values / (10 * w)  # the path is summed, not averaged
    assert np.all((base >= x.min() - 1e-5) & (base <= x.max() + 1e-5))  # in the range of the whole batch
    rest = (
        grid.smint.values * 3 - np.broadcast_to(w, x.shape) ** power
    )  # the clean gradient is its first term
    assert np.all(rest >= 0) or not magnitude


def test_the_range_of_fastestimator_is_the_batchs_and_ours_the_samples():
    x = tables(2, 3)
    x[1] *= 100
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    engine = AttributionEngine(model)
    options = {"smoothing": 6, "integrating": 4}
    alone = engine.attribute(x[:1], "smoothgrad_squared", **options).values[0]
    assert relative(engine.attribute(x, "smoothgrad_squared", **options).values[0], alone) < 1e-5
    theirs = {"sampling": "fastestimator", **options}
    alone = engine.attribute(x[:1], "smoothgrad_squared", **theirs).values[0]
    assert relative(engine.attribute(x, "smoothgrad_squared", **theirs).values[0], alone) > 0.01
