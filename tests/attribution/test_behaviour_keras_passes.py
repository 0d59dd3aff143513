"""How Keras models are traced, what their passes leave alone, and models that need a known number of rows."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from behaviour_models import pictures, relative, tables

from xai_widgets import AttributionEngine
from xai_widgets.live.snapshots.snapshots import Snapshots

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

layers = keras.layers
OPTIONS = {"smoothing": 4, "integrating": 8}


class Seen(layers.Layer):
    """Passes on what it gets, and notes for how many rows it is traced."""

    traced: ClassVar[list] = []

    def call(self, x):
        if not tf.executing_eagerly() and isinstance(x, tf.Tensor):
            self.traced.append(x.shape[0])
        return x


def counted(*more):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), Seen(), *more, layers.Dense(16, "tanh"), layers.Dense(4)])
    Seen.traced.clear()
    return model


class Rigid(layers.Layer):
    """Works only where the number of rows is known."""

    def call(self, x):
        return tf.reshape(x, (int(x.shape[0]), 6))

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)


# -- traces -------------------------------------------------------------------------------------------------------------


def test_a_session_of_slider_moves_traces_one_function_forward_and_one_back():
    model = counted()
    engine = AttributionEngine(model)
    for count in (1, 2, 5, 3):
        x = tables(count, seed=count)
        for smoothing in (1, 4, 25, 26, 50, 25):
            engine.saliency_columns(x, smoothing=smoothing, integrating=32)
        for integrating in (8, 33, 64):
            engine.attribute(x, "integrated_gradients", integrating=integrating, baseline="zeros")
        engine.attribute(x[:1], "saliency")
    assert Seen.traced == [None, None]


def test_new_weights_are_seen_without_a_new_trace():
    model, x = counted(), tables(3)
    engine = AttributionEngine(model)
    first = engine.attribute(x, "smint", **OPTIONS).values
    for factor in (2, 3):
        model.set_weights([factor * w for w in model.get_weights()])
        found = engine.attribute(x, "smint", **OPTIONS).values
        assert relative(found, first) > 0.1
        traced = len(Seen.traced)
        assert relative(found, AttributionEngine(model).attribute(x, "smint", **OPTIONS).values) < 1e-5
        del Seen.traced[traced:]
    assert len(Seen.traced) == 2


def test_another_score_rule_traces_its_own_way_back_only():
    engine, x = AttributionEngine(counted()), tables(2)
    engine.attribute(x, "saliency")
    engine.attribute(x, "saliency", score="probability")
    engine.attribute(x, "saliency", target=[1, 2], score="probability")
    engine.attribute(x, "saliency")
    assert Seen.traced == [None, None, None]


def test_copied_weights_come_to_the_function_that_is_traced_already():
    model, x = counted(), tables(3)
    snapshots = Snapshots(model, None)
    engines, found, traces = [], [], []
    for step in range(4):
        model.set_weights([w + 0.1 * step for w in model.get_weights()])
        snapshot = snapshots.copy((1, step))
        snapshot.engine = snapshot.engine or AttributionEngine(snapshot.replica.model)
        snapshot.engine.weights_version = snapshot.version
        engines.append(snapshot.engine)
        Seen.traced.clear()  # copying may build the model again, which calls its layers too
        found.append(snapshot.engine.saliency_columns(x, **OPTIONS).raw.values)
        traces.append(len(Seen.traced))
        if step == 1:
            snapshots.pin()  # the next copy has memory, and functions, of its own
    assert engines[0] is engines[1] is not engines[2] is engines[3]
    assert traces == [2, 0, 2, 0]
    assert all(relative(a, b) > 0.01 for a, b in pairwise(found))


# -- models that need a known number of rows ------------------------------------------------------------------------------


def test_a_model_that_needs_the_number_of_rows_has_two_sizes_and_the_same_numbers():
    plain, rigid = counted(), counted(Rigid())
    rigid.set_weights(plain.get_weights())
    for count in (1, 3, 5):
        x = tables(count, seed=count)
        engines = AttributionEngine(plain), AttributionEngine(rigid)
        Seen.traced.clear()
        for smoothing in (1, 3, 40, 70):
            one, two = (
                e.saliency_columns(x, smoothing=smoothing, integrating=16, index=range(count))
                for e in engines
            )
            for name in ("raw", "smoothed", "integrated", "smint"):
                assert relative(getattr(two, name).values, getattr(one, name).values) < 1e-5
        sizes = [rows for rows in Seen.traced if rows is not None]
        assert len(sizes) <= 4  # each size forward and back
        assert set(sizes) <= {min(sizes), 8 * min(sizes)}


def test_one_row_of_such_a_model_does_not_pay_for_many():
    model = counted(Rigid())
    engine = AttributionEngine(model)
    Seen.traced.clear()
    engine.attribute(tables(1), "saliency", target=1)
    assert max(rows for rows in Seen.traced if rows is not None) <= 16


@pytest.mark.parametrize("count", [1, 2, 5, 7])
def test_a_model_built_for_one_batch_size_explains_any_number_of_samples(count):
    keras.utils.set_random_seed(0)
    free = keras.Sequential([keras.Input((6,)), layers.Dense(16, "tanh"), layers.Dense(4)])
    fixed = keras.Sequential([keras.Input(batch_shape=(5, 6)), layers.Dense(16, "tanh"), layers.Dense(4)])
    fixed.set_weights(free.get_weights())
    x = tables(count)
    one, two = (AttributionEngine(model).attribute(x, "smint", **OPTIONS) for model in (free, fixed))
    assert relative(two.values, one.values) < 1e-5


# -- memory -------------------------------------------------------------------------------------------------------------


class Hungry(layers.Layer):
    """Runs out of memory beyond ``most`` rows, when it runs, not when it is traced."""

    most = 3

    def call(self, x):
        checked = tf.numpy_function(self._check, [tf.shape(x)[0]], tf.int32, stateful=True)
        with tf.control_dependencies([checked]):
            return tf.identity(x)

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, x.dtype)

    def _check(self, rows):
        if rows > self.most:
            raise MemoryError(f"{rows} rows")
        return rows


@pytest.mark.parametrize("rigid", [False, True])
def test_chunks_are_halved_until_they_fit_the_memory(rigid):
    x = tables(4)
    expected = AttributionEngine(counted()).attribute(x, "smint", **OPTIONS).values
    model = counted(Hungry(), *([Rigid()] if rigid else []))
    found = AttributionEngine(model).attribute(x, "smint", **OPTIONS).values
    assert relative(found, expected) < 1e-5
    if not rigid:
        Hungry.most = 0
        try:
            with pytest.raises(Exception, match="1 rows"):
                AttributionEngine(model).attribute(tables(4, seed=9), "smint", **OPTIONS)
        finally:
            Hungry.most = 3


# -- what passes leave alone ----------------------------------------------------------------------------------------------


class Counting(keras.Model):
    """Writes to variables of TensorFlow's own kind, which Keras cannot keep from being written."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0, trainable=False)
        self.random = tf.random.Generator.from_seed(3)
        self.inner = layers.Dense(4, "tanh")

    def call(self, x, training=False):
        self.calls.assign_add(1)
        return self.inner(x + 0 * self.random.normal(tf.shape(x)))


def test_a_models_own_counters_and_generators_are_put_back():
    model = Counting()
    model(tables(2))
    before = model.calls.numpy(), model.random.state.numpy()
    engine = AttributionEngine(model)
    engine.attribute(tables(3), "smint", **OPTIONS)
    engine.attribute(tables(3), "occlusion", window=2, stride=2)
    assert model.calls.numpy() == before[0]
    assert np.array_equal(model.random.state.numpy(), before[1])


def test_states_of_recurrent_layers_and_seeds_of_dropout_do_not_move():
    given = keras.Input(batch_shape=(2, 5, 3))
    made = layers.LSTM(4, stateful=True)(given)
    model = keras.Model(given, layers.Dense(3)(layers.Dropout(0.5)(made, training=True)))
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    model(x)
    variables = [*model.variables, *model.non_trainable_variables]
    before = [np.asarray(v).copy() for v in variables]
    engine = AttributionEngine(model)
    first = engine.attribute(x, "integrated_gradients", integrating=6, target=1).values
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, variables, strict=True))
    engine.clear_cache()
    assert np.array_equal(engine.attribute(x, "integrated_gradients", integrating=6, target=1).values, first)


def test_losses_of_layers_are_still_those_of_the_users_own_call():
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activity_regularizer="l2"), layers.Dense(4)])
    model(tables(2))
    before = [float(one) for one in model.losses]
    AttributionEngine(model).attribute(tables(3, seed=1), "smint", **OPTIONS)
    assert [float(one) for one in model.losses] == before
    assert len(before) == 1


# -- errors -------------------------------------------------------------------------------------------------------------


def test_a_model_without_weights_is_not_built_by_the_way():
    model = keras.Sequential([layers.Dense(4), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"no weights yet.*(?s:.)*call it once on a batch, or build it"):
        AttributionEngine(model).attribute(tables(2), "saliency")
    assert not model.built
    assert model.weights == []


def test_models_of_keras_2_are_named_with_the_way_out():
    old = pytest.importorskip("tensorflow.python.keras", exc_type=ImportError)
    from tensorflow.python.keras import layers as old_layers

    model = old.Sequential([old_layers.InputLayer((6,)), old_layers.Dense(4)])
    with pytest.raises(TypeError, match=r"Keras 2.*Sequential.*expected.*Keras 3.*import keras.*"):
        AttributionEngine(model)
    with pytest.raises(TypeError, match=r"Keras 2.*Sequential"):
        Snapshots(model, None).copy((1, 1))
    new = keras.Sequential([keras.Input((6,)), layers.Dense(4)])
    new.set_weights(model.get_weights())  # the way out that the text names
    assert AttributionEngine(new).attribute(tables(1), "saliency", target=2).values.shape == (1, 6)


def test_a_layer_is_not_a_model():
    with pytest.raises(TypeError, match=r"torch\.nn\.Module or a keras\.Model, got Dense"):
        AttributionEngine(layers.Dense(4))


def test_pictures_of_a_model_with_two_outputs_explain_the_one_named():
    given = keras.Input((4, 4, 3))
    flat = layers.Flatten()(given)
    one, two = layers.Dense(3, name="one")(flat), layers.Dense(2, name="two")(flat)
    x = pictures(2, shape=(4, 4, 3))
    expected = AttributionEngine(keras.Model(given, one)).attribute(x, "saliency", target=2).values
    for outputs in ([one, two], {"output": one, "two": two}):
        model = keras.Model(given, outputs)
        engine = AttributionEngine(model, output=0 if isinstance(outputs, list) else None)
        assert relative(engine.attribute(x, "saliency", target=2).values, expected) < 1e-6
        by_function = AttributionEngine(model).attribute(
            x,
            "saliency",
            target=lambda found: (found["output"] if isinstance(found, dict) else found[0])[:, 2],
        )
        assert relative(by_function.values, expected) < 1e-6


@pytest.mark.parametrize("baseline", ["uniform", "gaussian", "zeros", "maximum_distance"])
@pytest.mark.parametrize("method", ["integrated_gradients", "smint"])
def test_arrays_in_any_memory_order_give_the_same(method, baseline):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(3)]
    )
    turned = np.moveaxis(pictures(3), 1, -1)
    assert not turned.flags.c_contiguous
    options = {"smoothing": 8, "integrating": 8, "baseline": baseline}
    found = AttributionEngine(model).attribute(turned, method, **options)
    expected = AttributionEngine(model).attribute(turned.copy(), method, **options)
    assert relative(found.values, expected.values) < 1e-5
