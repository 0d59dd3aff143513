"""Mean gradients of stretches on TensorFlow: the same numbers as on torch, and refused where the rule does not hold."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import pictures, relative, seeded, tables
from torch import nn

from xai_widgets import AttributionEngine

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

METHOD = "integrated_gradients"
layers = keras.layers


def twins():
    """A torch network with every kind of layer that the rule has a gradient for, and its Keras copy."""
    model = seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.2), nn.MaxPool2d(3, 1), nn.Conv2d(6, 8, 3), nn.ReLU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4),
        ).eval()
    )  # fmt: skip
    twin = keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Conv2D(6, 3), layers.LeakyReLU(negative_slope=0.2), layers.MaxPool2D(3, 1),
            layers.Conv2D(8, 3, activation="relu"), layers.AveragePooling2D(2), layers.Flatten(),
            layers.Dense(12, activation="relu"), layers.Dense(4),
        ]
    )  # fmt: skip
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    twin.set_weights([p.detach().numpy().transpose(axes[p.ndim]) for p in model.parameters()])
    return model, twin


def last(x):
    return np.moveaxis(x, 1, -1)


@pytest.mark.parametrize("steps", [9, 45, 144])
def test_the_same_numbers_as_torch(steps):
    model, twin = twins()
    x = pictures(3)
    options = {"integrating": steps, "rule": "secant", "baseline": "zeros"}
    one = AttributionEngine(model).attribute(x, METHOD, **options)
    other = AttributionEngine(twin).attribute(last(x), METHOD, **options)
    assert one.evaluations == other.evaluations == steps
    assert relative(other.values, last(one.values)) < 1e-4
    assert relative(other.standard_error, one.standard_error) < 1e-2
    assert np.all(other.completeness_gap < 1e-4)


def test_it_goes_to_the_integral_and_knows_how_near_it_is():
    _, twin = twins()
    x = last(pictures(4))
    engine = AttributionEngine(twin)
    reference = engine.attribute(x, METHOD, integrating=4096, rule="midpoint").values
    rough = engine.attribute(x, METHOD, integrating=9, rule="secant")
    found = engine.attribute(x, METHOD, rule="secant", tolerance=0.02, max_evaluations=900)
    assert found.converged
    assert relative(found.values, reference) < 0.03 < relative(rough.values, reference)
    assert found.evaluations < 150
    before = engine.rows_evaluated
    again = engine.attribute(x, METHOD, integrating=9, rule="secant")
    assert relative(again.values, rough.values) < 1e-6
    assert engine.rows_evaluated == before


@pytest.mark.parametrize("chunk", [2, 9, 64])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_chunks_change_nothing(chunk, padding):
    keras.utils.set_random_seed(1)
    net = keras.Sequential(
        [
            keras.Input((7, 9, 2)), layers.Conv2D(5, 3, padding=padding), layers.BatchNormalization(), layers.ReLU(),
            layers.MaxPool2D((2, 3), padding=padding), layers.Conv2D(4, 2, activation="relu"), layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(2, 7, 9, 2)).astype("float32")
    expected = AttributionEngine(net).attribute(x, METHOD, integrating=36, rule="secant", target=1)
    found = AttributionEngine(net, chunk=chunk).attribute(x, METHOD, integrating=36, rule="secant", target=1)
    assert relative(found.values, expected.values) < 1e-5
    assert np.all(expected.completeness_gap < 1e-4)


class Rigid(layers.Layer):
    """Can be traced for a known number of rows only."""

    def call(self, x):
        return x * np.ones((x.shape[0], 1), "float32")

    def compute_output_shape(self, shape):
        return shape


def test_a_model_that_must_know_the_number_of_rows_gets_whole_strips():
    keras.utils.set_random_seed(2)
    plain = keras.Sequential(
        [keras.Input((6,)), layers.Dense(9, "relu"), layers.Dense(9, "relu"), layers.Dense(3)]
    )
    rigid = keras.Sequential([keras.Input((6,)), *plain.layers[:2], Rigid(), plain.layers[2]])
    x = tables(4)
    options = {"integrating": 45, "rule": "secant", "target": 0, "baseline": "zeros"}
    expected = AttributionEngine(plain).attribute(x, METHOD, **options)
    engine = AttributionEngine(rigid)
    assert relative(engine.attribute(x, METHOD, **options).values, expected.values) < 1e-5
    assert engine._backend.passes.sizes is not None


@pytest.mark.parametrize("rows", [18, 5, 4])
def test_a_model_of_one_batch_size_takes_whole_strips_or_says_so(rows):
    net = keras.Sequential([keras.Input(batch_shape=(rows, 6)), layers.Dense(9, "relu"), layers.Dense(3)])
    explain = AttributionEngine(net).attribute
    if rows == 4:
        with pytest.raises(ValueError, match="batches of 4"):
            explain(tables(2), METHOD, integrating=18, rule="secant", target=0)
    else:
        assert np.all(
            explain(tables(2), METHOD, integrating=18, rule="secant", target=0).completeness_gap < 1e-4
        )


def by_itself(x):
    return x * layers.Dense(6, "relu")(x)


@pytest.mark.parametrize(
    ("middle", "says"),
    [
        (layers.Activation("tanh"), "'Tanh'"), (layers.ReLU(max_value=6), "'Relu6'"), (by_itself, "'Mul'"),
        (layers.Softmax(), "'Softmax'|probabilities"), (lambda x: keras.ops.max(x, 1, keepdims=True), "'Max'"),
        (lambda x: keras.ops.cast(keras.ops.cast(x, "int32"), "float32") + x, "'Cast'"), (lambda x: 1 / (x + 9), "'RealDiv'"),
    ],
)  # fmt: skip
def test_other_networks_are_refused_and_explained_in_the_usual_way_afterwards(middle, says):
    keras.utils.set_random_seed(3)
    given = keras.Input((6,))
    net = keras.Model(given, layers.Dense(3)(middle(layers.Dense(6)(given))))
    engine = AttributionEngine(net)
    with pytest.raises(ValueError, match=f"rule='secant'.*{says}"):
        engine.attribute(tables(2), METHOD, integrating=18, rule="secant", target=0)
    plain = AttributionEngine(net).attribute(tables(2), METHOD, integrating=18, target=0)
    found = engine.attribute(tables(2), METHOD, integrating=18, target=0)
    assert relative(found.values, plain.values) < 1e-5


def folded(x):
    """Make a row of every two numbers on the way."""
    rows = tf.shape(x)[0]
    return tf.reshape(tf.nn.relu(tf.reshape(x, (-1, 2))), (rows, 6))


def test_rows_must_stay_where_they_are():
    given = keras.Input((6,))
    net = keras.Model(
        given, layers.Dense(3)(layers.Lambda(folded, output_shape=(6,))(layers.Dense(6)(given)))
    )
    with pytest.raises(ValueError, match="one row per sample first"):
        AttributionEngine(net).attribute(tables(2), METHOD, integrating=18, rule="secant", target=0)


def test_plain_gradients_stay_plain():
    _, twin = twins()
    x = last(pictures(2))
    engine = AttributionEngine(twin)
    before = engine.attribute(x, "saliency").values
    engine.attribute(x, METHOD, integrating=18, rule="secant")
    engine.clear_cache()
    assert np.array_equal(engine.attribute(x, "saliency").values, before)
    with tf.GradientTape() as tape:
        tape.watch(given := tf.constant(x))
        score = tf.reduce_sum(tf.reduce_max(twin(given), 1))
    assert relative(tape.gradient(score, given).numpy(), before) < 1e-5
