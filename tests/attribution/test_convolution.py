"""The way back through convolutions of few channels, beside TensorFlow's own."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import relative
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_widgets import AttributionEngine

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

from xai_widgets.attribution.backends.tensorflow.conv_gradient import found_in, shorter  # noqa: E402 - needs TensorFlow

layers = keras.layers


def both(x, kernel, stride, padding, dilation=1):
    """Give TensorFlow's gradient and ours, and whether ours was taken."""
    taken = []

    def convolved(rows):
        return tf.nn.conv2d(rows, kernel, stride, padding, dilations=dilation)

    # not a function of the result: of one channel and long strides TensorFlow 2.21 gives what was in the memory
    back = np.random.default_rng(1).normal(size=convolved(x).shape).astype(x.dtype)
    signature = [tf.TensorSpec((None, *one.shape[1:]), x.dtype) for one in (x, back)]

    @tf.function(input_signature=signature, autograph=False)
    def plain(rows, given):
        return tf.gradients(convolved(rows), rows, given)[0]

    @tf.function(input_signature=signature, autograph=False)
    def ours(rows, given):
        with shorter(tf):
            result = convolved(rows)
        taken.append(found_in(tf, result.graph))
        return tf.gradients(result, rows, given)[0]

    try:
        expected = plain(x, back).numpy()
    except tf.errors.InvalidArgumentError as error:
        if "dilation rates" not in str(error):
            raise
        pytest.skip("TensorFlow has no gradient of dilated convolutions on this processor")
    return expected, ours(x, back).numpy(), taken[0]


@settings(max_examples=60, deadline=None)
@given(
    sides=st.tuples(st.integers(5, 19), st.integers(5, 19)), kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    channels=st.integers(1, 3), maps=st.sampled_from([1, 5, 8, 9, 16]), stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.sampled_from(["VALID", "SAME", "EXPLICIT"]), around=st.tuples(*[st.integers(0, 2)] * 4),
)  # fmt: skip
def test_any_convolution_has_the_gradient_of_tensorflow(
    sides, kernel, channels, maps, stride, padding, around
):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, *sides, channels)).astype(np.float32)
    weights = rng.normal(size=(*kernel, channels, maps)).astype(np.float32)
    given_padding = [[0, 0], around[:2], around[2:], [0, 0]] if padding == "EXPLICIT" else padding
    expected, found, _ = both(x, weights, stride, given_padding)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("channels", "maps", "kind", "dilation", "taken"),
    [
        (3, 8, np.float32, 1, True), (1, 16, np.float32, 1, True), (4, 8, np.float32, 1, False), (3, 4, np.float32, 1, False),
        (3, 8, np.float64, 1, False), (3, 8, np.float32, 2, False),
    ],
)  # fmt: skip
def test_it_is_taken_where_it_is_quicker(channels, maps, kind, dilation, taken):
    rng = np.random.default_rng(0)
    x, weights = (
        rng.normal(size=(2, 9, 9, channels)).astype(kind),
        rng.normal(size=(3, 3, channels, maps)).astype(kind),
    )
    expected, found, was_taken = both(x, weights, 1, "SAME", dilation)
    assert was_taken == (taken and not tf.config.list_logical_devices("GPU"))
    assert np.allclose(found, expected, atol=1e-4)


def test_sides_of_no_known_length_are_left_to_tensorflow():
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(4, 3), layers.GlobalMaxPooling2D()])
    x = np.random.default_rng(0).normal(size=(2, 12, 10, 3)).astype(np.float32)
    assert AttributionEngine(model).attribute(x, "saliency").values.shape == x.shape


def test_kernels_that_depend_on_the_input_keep_their_part_of_the_gradient():
    class Twice(keras.Model):
        def call(self, x):
            kernel = tf.reshape(tf.reduce_mean(x, axis=(0, 1, 2)), (1, 1, 3, 1))
            return tf.reduce_sum(tf.nn.conv2d(x, kernel, 1, "VALID"), axis=(1, 2))

    model, x = Twice(), np.random.default_rng(0).normal(size=(1, 6, 6, 3)).astype(np.float32)
    model(x)
    found = (
        AttributionEngine(model).attribute(x, "saliency", target=1).values
    )  # one logit: target 0 is its negative
    # sum over places p and channels c of x[p, c] * mean(x[:, c]): each place counts twice
    assert relative(found, np.broadcast_to(2 * x.mean(axis=(1, 2), keepdims=True), x.shape)) < 1e-4


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_a_network_is_explained_as_torch_explains_it(method):
    torch = pytest.importorskip("torch")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((17, 15, 3)), layers.Conv2D(8, 5, 2, padding="same", activation="relu"), layers.Conv2D(3, 3),
        layers.Conv2D(9, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4),
    ])  # fmt: skip
    weights = [torch.tensor(one) for one in model.get_weights()]

    class Same(torch.nn.Module):
        def forward(self, x):
            turned = [one.permute(3, 2, 0, 1) for one in weights if one.ndim == 4]
            x = torch.nn.functional.pad(x, (2, 2, 2, 2))  # what "same" is for odd sides and a stride of two
            x = torch.relu(torch.nn.functional.conv2d(x, turned[0], weights[1], 2))
            x = torch.nn.functional.conv2d(x, turned[1], weights[3])
            x = torch.relu(torch.nn.functional.conv2d(x, turned[2], weights[5]))
            return x.mean((2, 3)) @ weights[6] + weights[7]

    x = np.random.default_rng(0).normal(size=(3, 17, 15, 3)).astype(np.float32)
    found = AttributionEngine(model).attribute(x, method, target=1, baseline="zeros", rule="midpoint")
    expected = AttributionEngine(Same()).attribute(
        x.transpose(0, 3, 1, 2), method, target=1, baseline="zeros", rule="midpoint"
    )
    assert relative(found.values, np.moveaxis(expected.values, 1, -1)) < 1e-4


@tf.custom_gradient
def halved_back(x):
    return tf.tanh(x), lambda given: given * 0.5


class Unusual(layers.Layer):
    """Has in it what a gradient may stumble over: its own gradient, a function of its own, a loop and a branch."""

    @tf.function
    def inner(self, x):
        return (
            tf.nn.conv2d(x, tf.ones((3, 3, 3, 8)) / 9, 1, "SAME")
            + tf.reduce_sum(x, axis=3, keepdims=True) ** 2
        )

    def call(self, x):
        x = halved_back(self.inner(x))
        x = tf.while_loop(lambda n, _: n < 3, lambda n, y: (n + 1, y * 1.1 + tf.sin(y)), [0, x])[1]
        return tf.cond(tf.reduce_sum(x) > 1e9, lambda: x * 2, lambda: x * x)


@pytest.mark.parametrize("recurrent", [layers.LSTM, layers.GRU])
def test_beside_loops_branches_functions_and_gradients_of_ones_own(recurrent):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([
        keras.Input((10, 9, 3)), layers.Conv2D(8, 3, 2, activation="relu"), layers.Conv2D(3, 1), Unusual(),
        layers.Reshape((16, 8)), recurrent(5), layers.Dense(3),
    ])  # fmt: skip
    x = np.random.default_rng(0).normal(size=(2, 10, 9, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        rows = tf.constant(x)
        tape.watch(rows)
        score = model(rows, training=False)[:, 1]
    expected = tape.gradient(score, rows).numpy()
    assert np.abs(expected).max() > 0
    found = AttributionEngine(model).attribute(x, "saliency", target=1)
    assert relative(found.values, expected) < 1e-4
