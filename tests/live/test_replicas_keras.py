"""Copies of Keras models."""

from __future__ import annotations

import random

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from xai_widgets.live.snapshots.replica import replica_of  # noqa: E402

X = np.linspace(-1, 1, 2 * 8 * 8 * 3, dtype=np.float32).reshape(2, 8, 8, 3)
L = keras.layers


def sequential():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3),
            L.BatchNormalization(),
            L.Dropout(0.5),
            L.Flatten(),
            L.Dense(5),
        ]
    )


def functional():
    a = keras.Input((8, 8, 3))
    b = L.Conv2D(4, 3, activation="relu")(a)
    c = L.RandomFlip("horizontal")(b)
    return keras.Model(a, L.Dense(5)(L.Flatten()(L.Dropout(0.3)(c))))


@keras.saving.register_keras_serializable("tests")
class Configured(keras.Model):
    def __init__(self, units=5, **options):
        super().__init__(**options)
        self.units = units
        self.conv, self.norm, self.dense = L.Conv2D(4, 3), L.BatchNormalization(), L.Dense(units)
        self.flat = L.Flatten()

    def call(self, x, training=False):
        return self.dense(self.flat(self.norm(self.conv(x), training=training)))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def configured():
    model = Configured()
    model(X)
    return model


@pytest.mark.parametrize("make", [sequential, functional, configured])
def test_the_copy_computes_the_same_and_shares_nothing(make):
    keras.utils.set_random_seed(1)
    model = make()
    replica = replica_of(model)
    assert replica.model is not model
    expected = np.asarray(model(X, training=False))
    assert np.array_equal(np.asarray(replica.model(X, training=False)), expected)
    for variable in model.weights:
        variable.assign(variable + 1)
    assert np.array_equal(np.asarray(replica.model(X, training=False)), expected)
    assert replica.refresh()
    assert np.array_equal(np.asarray(replica.model(X, training=False)), np.asarray(model(X, training=False)))


def test_training_after_the_copy_leaves_the_copy_alone():
    model = sequential()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    replica = replica_of(model)
    before = [np.asarray(v).copy() for v in replica.model.weights]
    model.fit(X, np.array([0, 1]), epochs=2, verbose=0)
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, replica.model.weights, strict=True))
    assert any(not np.array_equal(a, np.asarray(b)) for a, b in zip(before, model.weights, strict=True))


@pytest.mark.parametrize("make", [sequential, functional, configured])
def test_copying_moves_no_random_stream_and_no_automatic_name(make):
    import tensorflow as tf
    from keras.src.utils.naming import get_uid

    keras.utils.set_random_seed(3)
    model = make()
    keras.utils.set_random_seed(7)

    def everything():
        context = (
            tf.__internal__.eager_context
            if False
            else __import__("tensorflow.python.eager.context", fromlist=["context"]).context()
        )
        return random.getstate(), np.random.get_state()[1].tolist(), context._rng.getstate()

    before = everything()
    counter = get_uid("dense")  # moves it by one itself
    replica_of(model).refresh()
    assert everything() == before
    assert get_uid("dense") == counter + 1


def test_a_subclassed_model_without_configuration_needs_model_fn():
    class Bare(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.flat, self.dense = L.Flatten(), L.Dense(width)

        def call(self, x):
            return self.dense(self.flat(x))

    model = Bare(3)
    model(X)
    with pytest.raises(TypeError, match=r"Bare cannot be copied .*model_fn=lambda: MyModel"):
        replica_of(model)
    replica = replica_of(model, model_fn=lambda: Bare(3))
    assert np.array_equal(np.asarray(replica.model(X)), np.asarray(model(X)))
    with pytest.raises(TypeError, match="shapes"):
        replica_of(model, model_fn=lambda: Bare(4))
    with pytest.raises(TypeError, match="being trained itself"):
        replica_of(model, model_fn=lambda: model)


def test_a_model_without_weights_yet_says_what_to_do():
    with pytest.raises(TypeError, match="call it once on a batch"):
        replica_of(keras.Sequential([L.Dense(3)]))
