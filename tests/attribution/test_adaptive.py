"""What the engine chooses by itself: secants where exactness is asked for and they hold, points everywhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from behaviour_models import Counted, counted, picture_net, pictures, relative, seeded, tables, tanh_net
from torch import nn

from xai_widgets import AttributionEngine

METHOD = "integrated_gradients"


class _Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


class Own(nn.Module):
    """Has an activation that no call of a known function tells of."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.relu(_Square.apply(self.first(x))))


def scripted():
    inner = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    return nn.Sequential(torch.jit.script(inner), nn.ReLU(), nn.Linear(3, 3)).eval()


def test_a_close_tolerance_is_reached_by_secants_on_a_network_of_kinks():
    x = pictures(3)
    found = AttributionEngine(picture_net()).attribute(x, METHOD, tolerance=0.02, integrating=400)
    same = AttributionEngine(picture_net()).attribute(
        x, METHOD, tolerance=0.02, integrating=400, rule="secant"
    )
    points = AttributionEngine(picture_net()).attribute(
        x, METHOD, tolerance=0.02, integrating=400, rule="points"
    )
    assert np.array_equal(found.values, same.values)
    assert found.converged
    assert found.evaluations % 9 == 0
    assert found.evaluations < 0.7 * points.evaluations
    exact = AttributionEngine(picture_net()).attribute(x, METHOD, integrating=4096, rule="midpoint").values
    assert relative(found.values, exact) < 1.3 * 0.02


@pytest.mark.parametrize(
    ("model", "x", "options"),
    [
        (picture_net(), pictures(2), {}),
        (picture_net(), pictures(2), {"tolerance": 0.1}),
        (picture_net(), pictures(2), {"tolerance": 0.02, "target": lambda output: output[:, 0]}),
        (picture_net(), pictures(2), {"tolerance": 0.02, "score": "probability"}),
        (picture_net(), pictures(2), {"tolerance": 0.02, "max_evaluations": 26}),
        (tanh_net(), tables(2), {"tolerance": 0.02}),
        (seeded(lambda: nn.Linear(6, 3)), tables(2), {"tolerance": 0.02}),
        (seeded(lambda: Own().eval()), tables(2), {"tolerance": 0.02}),
        (seeded(scripted), tables(2), {"tolerance": 0.02}),
    ],
    ids=["a number", "far", "function", "probability", "few", "curves", "linear", "own function", "scripted"],
)
def test_elsewhere_it_puts_points(model, x, options):
    found = AttributionEngine(model).attribute(x, METHOD, integrating=64, **options)
    points = AttributionEngine(model).attribute(x, METHOD, integrating=64, rule="points", **options)
    assert np.array_equal(found.values, points.values)
    assert found.evaluations == points.evaluations


@pytest.mark.parametrize("build", [lambda: Own().eval(), scripted], ids=["own function", "scripted"])
def test_secants_are_refused_where_what_happens_can_not_be_seen(build):
    with pytest.raises(ValueError, match="rule='secant' is for networks of linear layers"):
        AttributionEngine(seeded(build)).attribute(tables(2), METHOD, integrating=18, rule="secant")


def test_the_model_is_looked_at_once_and_nothing_of_it_changes():
    model, seen = counted(picture_net())
    engine, x = AttributionEngine(model), pictures(2)
    engine.attribute(x, METHOD, tolerance=0.05)
    assert seen.count(3) == 1
    seen.clear()
    engine.attribute(x + 1, METHOD, tolerance=0.02)
    assert 3 not in seen
    assert not any(one.requires_grad and one.grad is not None for one in model.parameters())


def test_a_model_with_room_for_two_rows_gets_points():
    def tell(rows: int) -> None:
        if rows > 2:
            raise MemoryError("no room for so many rows")

    model, x = Counted(picture_net(), tell).eval(), pictures(2)
    found = AttributionEngine(model, chunk=2).attribute(x, METHOD, tolerance=0.02, integrating=64)
    points = AttributionEngine(picture_net()).attribute(
        x, METHOD, tolerance=0.02, integrating=64, rule="points"
    )
    assert found.evaluations == points.evaluations
    assert relative(found.values, points.values) < 1e-5


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.3])
def test_any_slope_below_zero_is_followed(slope):
    model = seeded(lambda: nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(slope), nn.Linear(16, 3))).double()
    x, engine = tables(4, dtype=np.float64), AttributionEngine(model.eval())
    exact = engine.attribute(x, METHOD, integrating=4096, rule="midpoint", baseline="zeros")
    found = engine.attribute(x, METHOD, integrating=9, rule="secant", baseline="zeros")
    assert relative(found.values, exact.values) < 1e-3


def test_tensorflow_has_points_only():
    keras = pytest.importorskip("keras")
    if keras.config.backend() != "tensorflow":
        pytest.skip("Keras runs on another backend in this process")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Dense(16, "relu"), layers.Dense(3)])
    x, options = tables(3), {"tolerance": 0.02, "integrating": 400}
    found = AttributionEngine(model).attribute(x, METHOD, **options)
    points = AttributionEngine(model).attribute(x, METHOD, rule="points", **options)
    assert found.evaluations == points.evaluations
    assert np.array_equal(found.values, points.values)
    with pytest.raises(ValueError, match="rule='secant' is for models of PyTorch"):
        AttributionEngine(model).attribute(x, METHOD, integrating=18, rule="secant")
