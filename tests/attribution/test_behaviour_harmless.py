"""Explaining a torch model leaves nothing behind: on success, closed half way, and after an exception in the model."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from behaviour_models import Restless, changed, picture_net, pictures, seeded, tables, tanh_net, trace
from torch import nn

from xai_widgets import AttributionEngine

METHODS = ["saliency", "smoothgrad", "vargrad", "integrated_gradients", "expected_gradients", "smint"]
OPTIONS = {"smoothing": 4, "integrating": 12}


class Stop(Exception):
    """Raised inside a model."""


def lived_in() -> nn.Module:
    """A model in the middle of a training: mixed modes, gradients, frozen parts, hooks."""
    model = seeded(Restless).train()
    model.norm.eval()
    model(torch.tensor(pictures(4))).square().sum().backward()
    model.head.weight.grad = None
    model.conv.bias.requires_grad_(False)
    model.conv.register_forward_hook(lambda module, given, made: None)
    model.head.register_full_backward_hook(lambda module, given, made: None)
    return model


class Drawing(nn.Module):
    """Draws numbers in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = picture_net()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(nn.functional.dropout(x, 0.3, training=True) + 0.1 * torch.randn_like(x))


def mixed_modes_are_there(before) -> None:
    assert {mode for _, mode in before["modes"]} == {True, False}
    assert {grad is None for _, grad in before["grads"]} == {True, False}
    assert {parameter[2] for parameter in before["parameters"]} == {True, False}
    assert sum(bool(hooks) for _, hooks in before["hooks"]) == 2


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_left_behind_on_success(method):
    model, x = lived_in(), pictures(2)
    before = trace(model)
    mixed_modes_are_there(before)
    AttributionEngine(model).attribute(x, method, **OPTIONS)
    assert changed(before, trace(model)) == []


def test_nothing_is_left_behind_by_the_whole_picture():
    model, x = lived_in(), pictures(2)
    before = trace(model)
    AttributionEngine(model).saliency_columns(x, **OPTIONS)
    assert changed(before, trace(model)) == []


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_touched_between_the_partial_results(method):
    model, x = lived_in(), pictures(2)
    before = trace(model)
    seen = 0
    for _ in AttributionEngine(model, chunk=4).stream(x, method, **OPTIONS):
        assert changed(before, trace(model)) == []
        seen += 1
    assert seen > (0 if method == "saliency" else 1)


@pytest.mark.parametrize("after", [1, 3])
def test_nothing_is_left_behind_by_a_stream_closed_half_way(after):
    model, x = lived_in(), pictures(2)
    before = trace(model)
    for stream in (
        AttributionEngine(model, chunk=4).stream(x, "smint", smoothing=4, integrating=40),
        AttributionEngine(model, chunk=4).stream_columns(x, smoothing=4, integrating=40),
    ):
        for _ in range(after):
            next(stream)
        stream.close()
        assert changed(before, trace(model)) == []


class Failing(nn.Module):
    """Fails in its n-th pass, deep inside, after it wrote to a buffer."""

    def __init__(self, fail_at: int) -> None:
        super().__init__()
        self.inner = Restless()
        passes = [0]

        def count(module, given):
            passes[0] += 1
            if passes[0] == fail_at:
                raise Stop(f"pass {fail_at}")

        self.inner.dropout.register_forward_pre_hook(count)

    def forward(self, x):
        return self.inner(x)


@pytest.mark.parametrize("fail_at", [1, 2, 3, 5])
def test_nothing_is_left_behind_after_an_exception_in_the_model(fail_at):
    model = seeded(lambda: Failing(fail_at)).train()
    model.inner.norm.eval()
    before = trace(model)
    with pytest.raises(Stop, match=f"pass {fail_at}"):
        AttributionEngine(model, chunk=4).attribute(pictures(2), "smint", **OPTIONS)
    assert changed(before, trace(model)) == []
    # and the model can be explained afterwards
    assert np.all(np.isfinite(AttributionEngine(model).attribute(pictures(1), "smint", **OPTIONS).values))


def test_an_exception_in_the_backward_pass_leaves_nothing_behind():
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            raise Stop("no way back")

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Restless()

        def forward(self, x):
            return Broken.apply(self.inner(x))

    model = seeded(Model).train()
    before = trace(model)
    with pytest.raises(Exception, match="no way back"):
        AttributionEngine(model).attribute(pictures(2), "saliency")
    assert changed(before, trace(model)) == []


def test_an_exception_in_a_target_function_or_in_progress_leaves_nothing_behind():
    model, x = lived_in(), pictures(2)
    before = trace(model)

    def stop(*_):
        raise Stop("here")

    for options in ({"target": stop}, {"progress": stop}):
        with pytest.raises(Stop, match="here"):
            AttributionEngine(model).attribute(x, "smint", **OPTIONS, **options)
        assert changed(before, trace(model)) == []


def test_an_error_about_the_arguments_leaves_nothing_behind():
    model, x = lived_in(), pictures(2)
    before = trace(model)
    for options in ({"target": 99}, {"baseline": "nothing"}, {"baseline": np.zeros(7)}, {"layout": "NHW"}):
        with pytest.raises(ValueError):
            AttributionEngine(model).attribute(x, "smint", **options)
        assert changed(before, trace(model)) == []


def test_the_input_is_not_written_to_and_keeps_its_gradient():
    x = torch.tensor(pictures(2), requires_grad=True)
    x.square().sum().backward()
    values, grad = x.detach().clone(), x.grad.clone()
    found = AttributionEngine(picture_net()).attribute(x, "smint", **OPTIONS)
    assert torch.equal(x.detach(), values)
    assert torch.equal(x.grad, grad)
    assert x.requires_grad
    array = pictures(2)
    kept = array.copy()
    again = AttributionEngine(picture_net(inplace=True)).attribute(array, "smint", **OPTIONS)
    assert np.array_equal(array, kept)
    assert np.allclose(found.values, again.values, atol=1e-6)


def test_a_training_with_attributions_between_its_steps_has_the_same_weights_bit_for_bit():
    def train(explain: bool) -> dict[str, torch.Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            np.random.seed(0)
            model = Restless().train()
            optimizer = torch.optim.Adam(model.parameters(), 1e-2)
            engine = AttributionEngine(model)
            for step in range(6):
                x = torch.randn(8, 3, 8, 8) + float(np.random.rand())
                loss = nn.functional.cross_entropy(model(x), torch.arange(8) % 4)
                loss.backward()
                if explain and step % 2:
                    engine.saliency_columns(pictures(2), smoothing=2, integrating=4)
                    next(engine.stream(pictures(1), "smint", smoothing=2, integrating=40))
                optimizer.step()
                optimizer.zero_grad()
            return {name: value.clone() for name, value in model.state_dict().items()}

    plain, watched = train(False), train(True)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_a_model_in_training_mode_is_explained_in_evaluation_mode():
    model = lived_in()
    engine, x = AttributionEngine(model), pictures(2)
    in_training = engine.attribute(x, "smint", **OPTIONS)
    model.eval()
    assert np.allclose(in_training.values, AttributionEngine(model).attribute(x, "smint", **OPTIONS).values)


def test_new_weights_are_noticed_without_being_told():
    model, x = tanh_net(), tables(2)
    engine = AttributionEngine(model)
    first = engine.attribute(x, "smint", **OPTIONS).values
    with torch.no_grad():
        model[0].weight.mul_(1.5)
    second = engine.attribute(x, "smint", **OPTIONS).values
    assert not np.allclose(first, second)
    assert np.allclose(second, AttributionEngine(model).attribute(x, "smint", **OPTIONS).values)
    engine.weights_version = ("epoch", 1)
    with torch.no_grad():
        model[0].weight.mul_(2)
    engine.weights_version = ("epoch", 2)
    third = engine.attribute(x, "smint", **OPTIONS).values
    assert np.allclose(third, AttributionEngine(model).attribute(x, "smint", **OPTIONS).values)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_switched_off_and_leaves_them_so(mode):
    model, x = tanh_net(), tables(2)
    expected = AttributionEngine(model).attribute(x, "smint", **OPTIONS).values
    with mode():
        found = AttributionEngine(model).attribute(x, "smint", **OPTIONS).values
        assert not torch.is_grad_enabled()
    assert np.array_equal(found, expected)


def test_a_stream_does_not_switch_gradients_on_or_off_for_its_caller():
    stream = AttributionEngine(tanh_net(), chunk=4).stream(tables(2), "smint", **OPTIONS)
    next(stream)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        next(stream)
        assert not torch.is_grad_enabled()
    stream.close()
    assert torch.is_grad_enabled()


def test_results_cannot_be_written_to_by_accident():
    found = AttributionEngine(tanh_net()).attribute(tables(2), "smint", **OPTIONS)
    with pytest.raises(ValueError):
        found.values[0, 0] = 1
    with pytest.raises(AttributeError):
        found.method = "other"


def test_explaining_does_not_load_the_compiler_for_a_model_that_is_not_compiled():
    code = (
        "import sys, torch, xai_widgets as xw\n"
        "model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))\n"
        "xw.AttributionEngine(model).attribute(torch.zeros(2, 4), 'saliency')\n"
        "print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_compiled_model_that_draws_is_explained_and_leaves_the_stream():
    x = pictures(3)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    found = [
        AttributionEngine(model).attribute(x, "integrated_gradients", integrating=4).values
        for model in (Drawing(), torch.compile(Drawing(), backend="aot_eager"))
    ]
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-7)
    assert torch.equal(torch.get_rng_state(), before)
