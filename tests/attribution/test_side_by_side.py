"""Chunks evaluated side by side, as TensorFlow has them on several cores: the same numbers, each row once, no thread left."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from behaviour_models import pictures, relative

from xai_widgets import AttributionEngine

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

from xai_widgets.attribution.backends.tensorflow.backend import TensorFlowBackend  # noqa: E402 - needs TensorFlow
from xai_widgets.attribution.backends.tensorflow.passes import Passes  # noqa: E402

layers = keras.layers
METHODS = ["smoothgrad_squared", "integrated_gradients", "smint", "expected_gradients"]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Conv2D(6, 3, activation="relu"), layers.MaxPool2D(2), layers.Flatten(),
            layers.Dense(12, activation="relu"), layers.Dense(4),
        ]
    )  # fmt: skip


@pytest.fixture
def two(monkeypatch):
    """Two at once on any machine, with what runs at the same time counted."""
    monkeypatch.setattr(Passes, "at_once", property(lambda passes: 2))
    monkeypatch.setattr(Passes, "least_at_once", property(lambda passes: 32))
    running, most, lock = [0], [0], threading.Lock()
    plain = TensorFlowBackend.gradients

    def gradients(self, *arguments):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        try:
            meeting.wait(0.2)  # for the other one, where there is one
        except threading.BrokenBarrierError:
            meeting.reset()
        try:
            return plain(self, *arguments)
        finally:
            with lock:
                running[0] -= 1

    meeting = threading.Barrier(2)
    monkeypatch.setattr(TensorFlowBackend, "gradients", gradients)
    return most


def inputs(rows):
    return np.moveaxis(pictures(rows), 1, -1).copy()


def threads():
    return [one for one in threading.enumerate() if one.name.startswith("xai_widgets attribution")]


@pytest.mark.parametrize("method", METHODS)
def test_the_numbers_and_the_rows_are_those_of_one_after_the_other(model, method, two):
    x, options = inputs(5), {"smoothing": 100, "integrating": 100}
    *_, expected = AttributionEngine(model).stream(x, method, **options)  # watched, so one at a time
    assert two[0] == 1
    engine = AttributionEngine(model)
    found = engine.attribute(x, method, **options)
    assert two[0] == 2
    assert relative(found.values, expected.values) < 1e-5
    assert engine.rows_evaluated == len(x) * found.evaluations
    assert threads() == []


def test_few_rows_are_not_divided(model, two):
    AttributionEngine(model).attribute(inputs(2), "smoothgrad", smoothing=8)
    assert two[0] == 1


def test_chunks_are_halved_where_memory_runs_out_in_two_at_once(model, two, monkeypatch):
    counted = TensorFlowBackend.gradients
    sizes: list[int] = []

    def gradients(self, rows, *arguments):
        sizes.append(len(rows[0]))
        if len(rows[0]) > 10:
            raise MemoryError("no room for so many rows")
        return counted(self, rows, *arguments)

    x = inputs(3)
    expected = AttributionEngine(model).attribute(x, "smoothgrad", smoothing=40)
    monkeypatch.setattr(TensorFlowBackend, "gradients", gradients)
    engine = AttributionEngine(model)
    found = engine.attribute(x, "smoothgrad", smoothing=40)
    assert max(sizes) > 10
    assert relative(found.values, expected.values) < 1e-5
    assert engine.rows_evaluated == len(x) * found.evaluations
    assert threads() == []


def test_an_error_of_the_second_is_raised_and_ends_all(model, two, monkeypatch):
    counted, calls = TensorFlowBackend.gradients, []

    def gradients(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("this model is broken")
        return counted(self, *arguments)

    monkeypatch.setattr(TensorFlowBackend, "gradients", gradients)
    with pytest.raises(RuntimeError, match="this model is broken"):
        AttributionEngine(model).attribute(inputs(3), "smoothgrad", smoothing=40)
    assert threads() == []


def test_a_model_that_writes_is_called_by_one_at_a_time(two):
    class Counting(layers.Layer):
        def build(self, shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x

    keras.utils.set_random_seed(0)
    counting = Counting()
    model = keras.Sequential(
        [keras.Input((6,)), counting, layers.Dense(8, activation="tanh"), layers.Dense(3)]
    )
    x = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    before = float(counting.calls.numpy())
    AttributionEngine(model).attribute(x, "smoothgrad", smoothing=40)
    assert two[0] == 2
    assert float(counting.calls.numpy()) == before
