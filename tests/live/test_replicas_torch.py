"""Copies of torch modules: complete, independent, and without what must not be taken along."""

from __future__ import annotations

import random
import threading
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import xai_widgets as xw  # noqa: E402
from xai_widgets.live.snapshots.replica import replica_of  # noqa: E402


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Dropout(0.5),
        torch.nn.Flatten(), torch.nn.Linear(4 * 36, 5),
    )  # fmt: skip


def outputs(model, x):
    with torch.no_grad():
        return model(x)


X = torch.linspace(-1, 1, 2 * 3 * 64).reshape(2, 3, 8, 8)


def same_state(a, b):
    return all(
        torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    )


def test_the_copy_computes_the_same_in_evaluation_mode_and_shares_nothing():
    model = net()
    replica = replica_of(model)
    assert model.training
    assert not any(module.training for module in replica.model.modules())
    assert same_state(model, replica.model)
    pointers = {tensor.data_ptr() for tensor in model.state_dict().values()}
    assert not pointers & {tensor.data_ptr() for tensor in replica.model.state_dict().values()}
    assert all(p.requires_grad for p in model.parameters())
    before = outputs(replica.model, X)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1)
    assert torch.equal(outputs(replica.model, X), before)
    assert replica.refresh()
    model.eval()
    assert torch.equal(outputs(replica.model, X), outputs(model, X))


def test_refreshing_follows_buffers_and_plain_settings_but_not_the_mode():
    model = net()
    model.temperature = 1.0
    replica = replica_of(model)
    model(X)  # moves the running statistics
    model.temperature, model[3].p = 0.5, 0.1
    assert replica.refresh()
    assert same_state(model, replica.model)
    assert (replica.model.temperature, replica.model[3].p) == (0.5, 0.1)
    assert not replica.model.training


def test_a_model_that_was_rebuilt_needs_a_new_copy():
    model = net()
    replica = replica_of(model)
    model[5] = torch.nn.Linear(4 * 36, 7)
    assert not replica.refresh()


@pytest.mark.parametrize(
    "wrap", [torch.compile, torch.nn.DataParallel, lambda m: torch.compile(torch.nn.DataParallel(m))]
)
def test_wrappers_are_taken_off(wrap):
    model = net()
    replica = replica_of(wrap(model))
    assert type(replica.model) is torch.nn.Sequential
    assert same_state(model, replica.model)


def test_compiling_in_place_is_not_copied():
    model = net()
    model.compile(backend="eager")
    replica = replica_of(model)
    assert replica.model._compiled_call_impl is None
    assert outputs(replica.model, X).shape == (2, 5)


def test_hooks_of_the_tracker_are_left_behind_without_a_word_and_those_of_the_user_with_one():
    model, heard = net(), []
    tracker = xw.Tracker()

    class Listener:
        def __init__(self):
            self.tracker, self.lock = tracker, threading.Lock()  # a lock cannot be deep-copied

        def hear(self, module, args, output):
            heard.append("tracker")

    Listener.__module__ = Listener.hear.__module__ = "xai_widgets.hooks.test"
    model[1].register_forward_hook(Listener().hear, always_call=True)
    replica = replica_of(model)
    assert replica.notes == ()

    def user_hook(module, args, kwargs, output):
        heard.append("user")

    model[0].register_forward_hook(user_hook, with_kwargs=True)
    model[0].register_forward_pre_hook(lambda module, args: heard.append("pre"))
    model[0].register_full_backward_hook(lambda module, a, b: heard.append("back"))
    replica = replica_of(model)
    assert replica.notes == ("a hook of 0 is not run on the copy of the model",)
    outputs(replica.model, X)
    assert heard == []
    model(X).sum().backward()
    assert sorted(heard) == ["back", "pre", "tracker", "user"], "the original keeps all of them"


def test_weight_norm_of_the_old_kind_works_on_the_copy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.nn.Sequential(torch.nn.utils.weight_norm(torch.nn.Linear(4, 3)))
    model(torch.ones(2, 4))  # leaves a weight that carries a graph
    replica = replica_of(model)
    assert torch.equal(outputs(replica.model, torch.ones(2, 4)), outputs(model, torch.ones(2, 4)))
    with torch.no_grad():
        model[0].weight_g.mul_(3)
    replica.refresh()
    assert torch.equal(outputs(replica.model, torch.ones(2, 4)), outputs(model, torch.ones(2, 4)))


def test_parametrisations_tied_weights_and_kept_activations():
    class Keeps(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(4, 4))
            self.b = torch.nn.Linear(4, 4)
            self.c = torch.nn.Linear(4, 4)
            self.c.weight = self.b.weight
            self.kept = None

        def forward(self, x):
            self.kept = self.a(x)
            return self.c(self.b(self.kept))

    model = Keeps()
    model(torch.ones(2, 4)).sum().backward()
    replica = replica_of(model)
    assert replica.model.c.weight is replica.model.b.weight
    assert all(p.grad is None for p in replica.model.parameters())
    model.eval()
    assert torch.equal(outputs(replica.model, torch.ones(2, 4)), outputs(model, torch.ones(2, 4)))


def test_a_forward_that_closes_over_the_live_model_is_not_taken_along():
    model = net()
    live = model.forward
    model.forward = lambda x: live(x) * 2  # as mixed-precision wrappers do
    replica = replica_of(model)
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append(1))
    outputs(replica.model, X)
    assert calls == []


def test_a_module_that_knows_its_trainer_does_not_copy_it():
    model = net()
    model._trainer = threading.Lock()  # cannot be copied
    assert replica_of(model).model._trainer is None


def test_what_cannot_be_copied_says_so_and_model_fn_is_the_way():
    class Holds(torch.nn.Linear):
        def __init__(self):
            super().__init__(4, 2)
            self.lock = threading.Lock()

    model = Holds()
    with pytest.raises(TypeError, match=r"Holds cannot be copied .*model_fn=lambda: MyModel"):
        replica_of(model)
    replica = replica_of(model, model_fn=Holds)
    assert same_state(model, replica.model)


def test_model_fn_is_checked():
    model = net()
    with pytest.raises(TypeError, match="being trained itself"):
        replica_of(model, model_fn=lambda: model)
    with pytest.raises(TypeError, match="other names, shapes or types"):
        replica_of(model, model_fn=lambda: torch.nn.Linear(2, 2))


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"torch.nn.Module or a keras.Model, got builtins\.dict"):
        replica_of({})


def test_copying_draws_no_random_number_and_touches_no_gradient():
    model = net()
    model(X).sum().backward()
    grads = [p.grad.clone() for p in model.parameters()]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    replica = replica_of(model)
    replica.refresh()
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert (states[2] == np.random.get_state()[1]).all()
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), grads, strict=True))
