"""The observer effect is zero: a Keras run is bit for bit the same with everything attached and without."""

from __future__ import annotations

import functools
import random

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from observer import beside, differences, new_tracker, random_streams  # noqa: E402

import xai_widgets as xw  # noqa: E402

L = keras.layers
IMAGES = np.random.default_rng(3).random((96, 12, 12, 3), np.float32)
LABELS = np.arange(96) % 4
EPOCHS = 4


def net():
    layers = [L.RandomFlip("horizontal"), L.Conv2D(8, 3), L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(2)]
    layers += [L.Dropout(0.3), L.Flatten(), L.Dense(16, activation="relu"), L.Dropout(0.5)]
    return keras.Sequential([keras.Input((12, 12, 3)), *layers, L.Dense(4, dtype="float32")])


class Losses(keras.callbacks.Callback):
    def __init__(self, beside_it):
        super().__init__()
        self.losses, self.beside, self.steps = [], beside_it, 0

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))
        self.steps += 1
        self.beside.step(self.steps)


def as_pipeline(indexed):
    """tf.data with a shuffle and a random map: TensorFlow's own operations draw."""
    data = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    if indexed:
        data = xw.hooks.keras.indexed(data)
    shaken = data.shuffle(96).map(lambda x, y: (x + tf.random.uniform((), -0.1, 0.1), y))
    return shaken.batch(16)


@functools.cache
def quiet_run(case=""):
    return run(False, **CASES[case])[0] if case else run(False)[0]


def run(
    watched, *, pipeline=False, policy="float32", accumulate=None, eager=False, plant=None, epochs=EPOCHS
):
    keras.backend.clear_session()
    keras.utils.set_random_seed(11)
    keras.config.set_dtype_policy(policy)
    try:
        return _run(watched, pipeline, accumulate, eager, plant, epochs)
    finally:
        keras.config.set_dtype_policy("float32")


def _run(watched, pipeline, accumulate, eager, plant, epochs):
    model, tracker = net(), new_tracker()
    model.compile(
        keras.optimizers.Adam(1e-2, gradient_accumulation_steps=accumulate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=eager,
    )
    callbacks = [xw.hooks.keras.TrackerCallback(tracker, model)] if watched else []
    with beside(
        watched, tracker, model, (IMAGES, LABELS), (lambda _: plant(model)) if plant else None
    ) as there:
        losses = Losses(there)
        if pipeline:
            model.fit(as_pipeline(watched), epochs=epochs, verbose=0, callbacks=[*callbacks, losses])
        else:
            data = xw.hooks.keras.indexed(IMAGES, LABELS) if watched else (IMAGES, LABELS)
            model.fit(*data, epochs=epochs, batch_size=16, verbose=0, callbacks=[*callbacks, losses])
        pictures = there.results
    outcome = {v.path: np.asarray(v.value.numpy()) for v in model.variables}
    outcome |= {f"optimizer {v.path}": np.asarray(v.value.numpy()) for v in model.optimizer.variables}
    outcome |= {"losses": losses.losses, "trainable": [layer.trainable for layer in model.layers]}
    outcome |= random_streams() | {"next name": L.Dense(1).name}
    outcome |= {"next draws": [tf.random.uniform((3,)).numpy().tolist(), random.random(), np.random.rand()]}
    return outcome, pictures


CASES = {
    "dropout, batch norm, augmenting layers": {},
    "tf.data that shuffles and draws": {"pipeline": True},
    "mixed bfloat16": {"policy": "mixed_bfloat16"},
    "gradient accumulation": {"accumulate": 2},
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_is_bit_for_bit_the_same(case):
    quiet = quiet_run(case)
    watched, pictures = run(True, **CASES[case])
    assert pictures >= 4, "no saliency was computed beside the run, so nothing was shown"
    assert differences(quiet, watched) == []


def test_an_eager_run_is_bit_for_bit_the_same():
    quiet, _ = run(False, eager=True, epochs=2)
    watched, pictures = run(True, eager=True, epochs=2)
    assert pictures >= 2
    assert differences(quiet, watched) == []


def draws(model):
    tf.random.uniform((1,))
    random.random()
    np.random.rand()


def test_the_comparison_sees_draws_that_are_planted():
    watched, _ = run(True, plant=draws)
    assert {"tensorflow", "python", "numpy"} <= set(differences(quiet_run(), watched))


def test_the_comparison_sees_a_planted_pass_in_training_mode():
    watched, _ = run(True, plant=lambda model: model(IMAGES[:2], training=True))
    assert any("moving_mean" in name for name in differences(quiet_run(), watched))


def test_two_runs_that_nobody_watches_are_the_same():
    """Else the tests above could pass or fail by accident."""
    assert differences(quiet_run(), run(False)[0]) == []
