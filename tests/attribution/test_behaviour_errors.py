"""What cannot be explained gets an error that says what came, what was expected and the way out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import picture_net, pictures, relative, seeded, tables, tanh_net
from torch import nn

from xai_widgets import AttributionEngine


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, bool])
def test_whole_numbers_have_no_gradient(dtype):
    x = np.ones((2, 3, 8, 8), dtype)
    for given in (x, torch.tensor(x)):
        with pytest.raises(TypeError, match=f"{np.dtype(dtype).name}.*(?s:.)*float32.*embeddings"):
            AttributionEngine(picture_net()).attribute(given)


@pytest.mark.parametrize(
    "x", [np.array([["a", "b"]]), np.array([[None, 1.0]], object), np.ones((2, 6), complex)]
)
def test_what_is_no_number_is_refused(x):
    with pytest.raises(TypeError, match=r"floating.*" + str(x.dtype)[:3]):
        AttributionEngine(tanh_net()).attribute(x)


@pytest.mark.parametrize("shape", [(6,), (0, 6), (2, 0)])
def test_a_batch_is_asked_for(shape):
    with pytest.raises(ValueError, match=r"batch \(B, \.\.\.\).*\(" + str(shape[0])):
        AttributionEngine(tanh_net()).attribute(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_inputs_that_are_not_finite_are_refused(value):
    x = tables(2)
    x[1, 3] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        AttributionEngine(tanh_net()).attribute(x)


METHODS = ["saliency", "smoothgrad_squared", "vargrad", "integrated_gradients", "expected_gradients", "smint"]


class Root(nn.Module):
    """Finite on what is above zero only; its gradients are NaN below."""

    def __init__(self):
        super().__init__()
        self.net = tanh_net()

    def forward(self, x):
        return self.net(torch.sqrt(x))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("method", METHODS)
def test_weights_that_have_diverged_are_named(value, method):
    model = tanh_net()
    with torch.no_grad():
        model[-1].weight.fill_(value)
    with pytest.raises(ValueError, match=r"explained output is (nan|-?inf) for every sample.*diverged"):
        AttributionEngine(model).attribute(tables(2), method, smoothing=64, integrating=64)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tolerance", [None, 0.01, 0.1])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_gradients_that_are_no_numbers_are_passed_on_and_other_samples_lose_nothing(method, tolerance):
    x = np.abs(tables(2)) + 0.1
    x[1, 0] = -1
    options = {
        "smoothing": 64,
        "integrating": 64,
        "baseline": np.full_like(x, 0.05),
        "noise": 0.001,
        "target": 1,
    }
    found = AttributionEngine(Root()).attribute(x, method, tolerance=tolerance, **options)
    assert found.prediction[0] >= 0 > found.prediction[1]
    assert np.isfinite(found.values[0]).all()
    assert np.isnan(found.values[1]).any()
    alone = AttributionEngine(Root()).attribute(
        x[:1], method, tolerance=tolerance, **{**options, "baseline": options["baseline"][:1]}
    )
    # a batch of another size is computed by other kernels; a variance is a small difference of large numbers
    assert relative(found.values[0], alone.values[0]) < (1e-2 if method == "vargrad" else 1e-5)


class Wrapped(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.net = tanh_net()
        self.function = function

    def forward(self, x):
        return self.function(self.net, x)


def under_no_grad(net, x):
    with torch.no_grad():
        return net(x)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net(x).detach(),
        lambda net, x: net(x).argmax(1, keepdim=True).float(),
        lambda net, x: net(torch.ones_like(x)),
        under_no_grad,
    ],
    ids=["detached", "argmax", "ignored", "no_grad"],
)
@pytest.mark.parametrize("method", ["saliency", "smoothgrad", "integrated_gradients", "smint"])
def test_an_output_that_no_gradient_reaches_is_explained(function, method):
    with pytest.raises(ValueError, match=r"does not depend on the input.*(?s:.)*target="):
        AttributionEngine(Wrapped(function)).attribute(tables(2), method)


def test_a_model_without_parameters_can_be_explained():
    class Square(nn.Module):
        def forward(self, x):
            return x**2

    found = AttributionEngine(Square()).attribute(tables(2, 3), "saliency", target=1)
    expected = np.zeros((2, 3))
    expected[:, 1] = 2 * tables(2, 3)[:, 1]
    assert np.allclose(found.values, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (4, r"target 4.*\(4,\)"),
        (-1, r"target -1.*\(4,\)"),
        ([0, 9], r"target 9.*\(4,\)"),
        ([0, 1, 2], r"\(3,.*one per sample \(2\)"),
        ("best", r"predicted.*true.*best"),
        ("true", "labels="),
        (lambda output: output, r"one number per row.*\(2,\).*\(2, 4\)"),
    ],
)
def test_a_wrong_target_is_explained(target, says):
    with pytest.raises(ValueError, match=says):
        AttributionEngine(tanh_net()).attribute(tables(2), "saliency", target=target)


@pytest.mark.parametrize("target", [1.5, [0.0, 1.0]])
def test_classes_are_whole_numbers(target):
    with pytest.raises(TypeError, match=r"whole numbers.*float"):
        AttributionEngine(tanh_net()).attribute(tables(2), "saliency", target=target)


def test_a_map_of_outputs_needs_a_place_or_a_function():
    model = seeded(lambda: nn.Conv2d(3, 5, 3, padding=1))
    x = pictures(2)
    engine = AttributionEngine(model)
    with pytest.raises(ValueError, match=r"\(2, 5, 8, 8\).*function.*tuple of 3"):
        engine.attribute(x, "saliency")
    with pytest.raises(ValueError, match=r"\(5, 8, 8\)"):
        engine.attribute(x, "saliency", target=(1, 2, 8))
    at_a_place = engine.attribute(x, "saliency", target=(1, 2, 7))
    by_function = engine.attribute(x, "saliency", target=lambda output: output[:, 1, 2, 7])
    assert np.allclose(at_a_place.values, by_function.values)
    assert np.count_nonzero(at_a_place.masks) <= 2 * 9
    assert at_a_place.target.tolist() == by_function.target.tolist() == [-1, -1]


def test_targets_of_all_kinds_mean_the_same():
    engine, x = AttributionEngine(tanh_net()), tables(3)
    best = engine.attribute(x, "saliency").target
    expected = engine.attribute(x, "saliency").values
    for target in ("predicted", best, best.tolist(), torch.tensor(best)):
        assert relative(engine.attribute(x, "saliency", target=target).values, expected) < 1e-6
    assert relative(engine.attribute(x, "saliency", target="true", labels=best).values, expected) < 1e-6
    fixed = engine.attribute(x, "saliency", target=2)
    assert fixed.target.tolist() == [2, 2, 2]
    assert np.array_equal(fixed.prediction, best)
    by_function = engine.attribute(x, "saliency", target=lambda output: output[:, 2])
    assert np.allclose(by_function.values, fixed.values)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "magic"}, "saliency.*smint.*magic"),
        ({"baseline": "nothing"}, "uniform.*zeros.*nothing"),
        ({"baseline": np.zeros((2, 7))}, r"\(2, 7\).*\(2, 6\)"),
        ({"score": "odds"}, "output.*probability.*odds"),
        ({"sampling": "random"}, "joint.*product.*random"),
        ({"smoothing": 0}, "smoothing.*at least 1.*0"),
        ({"integrating": -3}, "integrating.*at least 1.*-3"),
        ({"layout": "NCHW"}, r"NCHW.*\(2, 6\)"),
    ],
)
def test_a_wrong_argument_is_explained(options, says):
    with pytest.raises(ValueError, match=says):
        AttributionEngine(tanh_net()).attribute(tables(2), **options)


def test_a_layout_that_cannot_be_told_is_asked_for():
    model = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 3)))
    x = pictures(2, shape=(2, 2, 2, 2, 1))
    with pytest.raises(ValueError, match=r"\(2, 2, 2, 2, 2, 1\).*layout="):
        _ = AttributionEngine(model).attribute(x, "saliency").masks


@pytest.mark.parametrize("model", [object(), "model", np.zeros(3), lambda x: x])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match=r"torch\.nn\.Module.*keras\.Model.*" + type(model).__name__):
        AttributionEngine(model)


def test_the_models_own_error_is_not_hidden():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        AttributionEngine(tanh_net()).attribute(tables(2, 5))
