"""An engine on a live model works on modules of its own, and never gives a mixture of two weights."""

from __future__ import annotations

import contextlib
import functools
import threading

import numpy as np
import pytest
import torch
from behaviour_models import pictures, relative, seeded, tables, tanh_net
from torch import nn
from torch.nn import functional as F

from xai_widgets import AttributionEngine
from xai_widgets.attribution.backends.torch.copies import mirrored

OPTIONS = {"smoothing": 4, "integrating": 8}


def test_a_training_in_another_thread_is_not_disturbed():
    def run(watched: bool) -> dict[str, torch.Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            model = nn.Sequential(
                nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4)
            )
            optimizer, stop = torch.optim.Adam(model.parameters()), threading.Event()
            x, y = torch.tensor(tables(64)), torch.arange(64) % 4

            def ask() -> None:
                engine = AttributionEngine(model)
                while not stop.is_set():
                    with contextlib.suppress(RuntimeError):  # the weights change meanwhile
                        engine.attribute(tables(2), "integrated_gradients", integrating=8)

            thread = threading.Thread(target=ask, daemon=True)
            if watched:
                thread.start()
            try:
                for _ in range(150):
                    optimizer.zero_grad()
                    F.cross_entropy(model(x), y).backward()
                    optimizer.step()
            finally:
                stop.set()
            if watched:
                thread.join(30)
            return {name: value.clone() for name, value in model.state_dict().items()}

    plain, watched = run(False), run(True)
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_no_flag_of_the_live_model_is_seen_flipped_from_inside_a_pass():
    seen = []

    class Watching(nn.Module):
        def forward(self, x):
            seen.append([module.training for module in live.modules()])
            return x

    live = seeded(lambda: nn.Sequential(nn.Linear(6, 8), nn.Dropout(), Watching(), nn.Linear(8, 3))).train()
    AttributionEngine(live).saliency_columns(tables(2), **OPTIONS)
    assert seen
    assert all(all(flags) for flags in seen)


class Changing(nn.Module):
    """Changes its live weights in some of its passes, as a training in another thread would."""

    def __init__(self, passes: set[int]) -> None:
        super().__init__()
        self.net = tanh_net()
        live, count = self.net, [0]

        def change() -> None:
            count[0] += 1
            if count[0] in passes:
                with torch.no_grad():
                    live[0].weight.mul_(1.01)

        self.change = change

    def forward(self, x):
        self.change()
        return self.net(x)


def test_weights_that_change_once_under_a_call_start_it_again():
    x, model = tables(2), Changing({3})
    found = AttributionEngine(model, chunk=4).attribute(x, "smint", **OPTIONS)
    assert relative(found.values, AttributionEngine(model).attribute(x, "smint", **OPTIONS).values) < 1e-5


def test_weights_that_go_on_changing_are_an_error_and_leave_nothing_in_the_cache():
    x, model = tables(2), Changing(set(range(1, 1000)))
    engine = AttributionEngine(model, chunk=4)
    before = model.net[0].weight.detach().clone()
    with pytest.raises(RuntimeError, match="weights changed"):
        engine.attribute(x, "smint", **OPTIONS)
    model.change = lambda: None
    with torch.no_grad():
        model.net[0].weight.copy_(before)  # the very weights that it began with
    expected = AttributionEngine(model).attribute(x, "smint", **OPTIONS).values
    assert np.array_equal(engine.attribute(x, "smint", **OPTIONS).values, expected)


def test_what_a_model_draws_in_evaluation_mode_is_from_a_stream_of_its_own():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tanh_net()

        def forward(self, x):
            x = x + 0.1 * torch.randn_like(x) + torch.rand(x.shape) * 0 + torch.randn(1) * 0
            return self.net(F.dropout(x, 0.5) + torch.bernoulli(torch.full_like(x, 0.5)) * 0)

    engine, before = AttributionEngine(Noisy()), torch.get_rng_state()
    for method in ("saliency", "integrated_gradients", "smint", "occlusion"):
        found = []
        for _ in range(2):
            engine.clear_cache()
            found.append(engine.attribute(tables(3), method, **OPTIONS).values)
        assert np.array_equal(*found)
    assert torch.equal(before, torch.get_rng_state())


# -- what a mirror takes along ---------------------------------------------------------------------------------------------


class Tied(nn.Module):
    """Ties weights, and holds modules in a list and by a method that torch does not know of."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
        self.b.weight = self.a.weight
        self.order = [self.a, self.b]
        self.last = self.b.forward
        self.seen = []

    def forward(self, x):
        self.seen.append(len(x))
        for one in self.order:
            x = torch.tanh(one(x))
        return self.last(x)


def own_forward() -> nn.Module:
    net = tanh_net()
    net.forward = lambda x: net[2](torch.tanh(net[0](x)))
    return net


def partial_forward() -> nn.Module:
    def forward(module, x):
        return module[2](torch.tanh(module[0](x)))

    net = tanh_net()
    net.forward = functools.partial(forward, net)
    return net


def hooked() -> nn.Module:
    net = tanh_net()
    net[0].register_forward_hook(lambda module, given, made: 2 * made)
    return net


MODELS = {
    "tied": Tied,
    "old weight norm": lambda: nn.Sequential(
        nn.utils.weight_norm(nn.Linear(6, 5)), nn.Tanh(), nn.Linear(5, 3)
    ),
    "weight norm": lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 5)), nn.Tanh()),
    "forward of its own": own_forward,
    "partial": partial_forward,
    "hook": hooked,
    "scripted part": lambda: nn.Sequential(torch.jit.script(nn.Linear(6, 4)), nn.Tanh(), nn.Linear(4, 3)),
    "traced by fx": lambda: torch.fx.symbolic_trace(tanh_net()),
    "recurrent": lambda: nn.Sequential(nn.Unflatten(1, (2, 3)), nn.LSTM(3, 4), First(), nn.Flatten()),
}


class First(nn.Module):
    def forward(self, x):
        return x[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_a_mirror_computes_the_same_shares_the_weights_and_follows_them(name):
    model, x = seeded(MODELS[name]), torch.tensor(tables(3))
    before = dict(vars(model))
    mirror = mirrored(model)
    assert torch.equal(mirror(x), model.eval()(x))
    live = {id(module) for module in model.modules()}
    assert not any(id(module) in live for module in mirror.modules())
    assert not any(p.requires_grad for p in mirror.parameters())
    with torch.no_grad():
        next(p for p in model.parameters() if p.dim() > 1).mul_(1.5)
    assert torch.allclose(mirrored(model)(x), model(x))
    if name != "scripted part":
        assert torch.allclose(mirror(x), model(x))
    assert set(vars(model)) == set(before)
    assert (
        getattr(model, "seen", [3, 3, 3]) == [3] * 3
    )  # the mirror's passes are not in the list of the original


def test_a_layer_of_the_live_model_names_that_of_the_mirror():
    net = seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Flatten(), nn.Linear(80, 3)
        )
    )
    engine, x = AttributionEngine(net), pictures(2)
    by_name = engine.attribute(x, "gradcam", layer="0").values
    assert np.array_equal(by_name, engine.attribute(x, "gradcam", layer=net[0]).values)
    assert not np.array_equal(by_name, engine.attribute(x, "gradcam").values)
    assert not net[0]._forward_hooks
