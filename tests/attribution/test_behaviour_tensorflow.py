"""Keras models on TensorFlow: every kind of model, the same numbers as torch, and nothing left behind."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from behaviour_models import picture_net, pictures, relative, seeded, tables, tanh_net

from xai_widgets import AttributionEngine
from xai_widgets.attribution import METHODS as NAMED
from xai_widgets.attribution import Background

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

METHODS = [
    "saliency", "input_x_gradient", "smoothgrad", "smoothgrad_squared", "vargrad", "integrated_gradients",
    "expected_gradients", "smint",
]  # fmt: skip
MAPS = ("gradcam", "gradcam++", "eigencam")
ALL_METHODS = (*METHODS, "blur_integrated_gradients", *MAPS, "occlusion")
OPTIONS = {"smoothing": 4, "integrating": 8}
layers = keras.layers


def dense_twin():
    """The torch table network and its Keras copy."""
    model = tanh_net()
    twin = keras.Sequential([keras.Input((6,)), layers.Dense(16, "tanh"), layers.Dense(4)])
    twin.set_weights(
        [p.detach().numpy().T if p.ndim == 2 else p.detach().numpy() for p in model.parameters()]
    )
    return model, twin


def picture_twin():
    """The torch picture network and its Keras copy, channels last."""
    model = picture_net()
    twin = keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Conv2D(6, 3, padding="same", activation="relu"), layers.MaxPool2D(2),
            layers.Conv2D(8, 3, activation="relu"), layers.Permute((3, 1, 2)), layers.Flatten(), layers.Dense(4),
        ]
    )  # fmt: skip
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    twin.set_weights([p.detach().numpy().transpose(axes[p.ndim]) for p in model.parameters()])
    return model, twin


@pytest.fixture(scope="module")
def dense():
    return dense_twin()


@pytest.fixture(scope="module")
def engines(dense):
    """One engine per framework for many tests: compiled functions are traced once."""
    return [AttributionEngine(model) for model in dense]


@pytest.fixture(scope="module")
def conv():
    return picture_twin()


@pytest.mark.parametrize(
    ("method", "baseline"),
    [*((method, "uniform") for method in METHODS), ("integrated_gradients", "zeros"), ("smint", "zeros")],
)
def test_torch_and_tensorflow_agree_on_the_same_weights(engines, method, baseline):
    x = tables(3)
    options = {**OPTIONS, "baseline": baseline, "seed": 3}
    one, two = (engine.attribute(x, method, **options) for engine in engines)
    assert relative(two.values, one.values) < 1e-4
    assert np.array_equal(one.target, two.target)
    assert np.allclose(one.probability, two.probability, atol=1e-5)
    assert one.evaluations == two.evaluations
    assert np.allclose(one.standard_error, two.standard_error, rtol=1e-2, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("method", ["saliency", "input_x_gradient", "integrated_gradients"])
def test_torch_and_tensorflow_agree_on_pictures_of_either_layout(conv, method):
    x = pictures(3)
    one = AttributionEngine(conv[0]).attribute(x, method, baseline="zeros", integrating=24)
    two = AttributionEngine(conv[1]).attribute(
        x.transpose(0, 2, 3, 1), method, baseline="zeros", integrating=24
    )
    assert relative(two.values.transpose(0, 3, 1, 2), one.values) < 1e-4
    assert np.allclose(one.masks, two.masks, atol=1e-3)
    assert one.layouts == ("NCHW",)
    assert two.layouts == ("NHWC",)


def test_the_whole_picture_is_that_of_torch(dense):
    x = tables(2)
    one = AttributionEngine(dense[0]).saliency_columns(x, **OPTIONS)
    two = AttributionEngine(dense[1]).saliency_columns(x, **OPTIONS)
    for name in ("raw", "smoothed", "integrated", "smint"):
        assert relative(getattr(two, name).values, getattr(one, name).values) < 1e-4
    assert np.allclose(one.overlay, two.overlay, atol=1e-3)
    assert one.evaluations == two.evaluations


def norm_twin():
    """A torch network in training mode with batch norm and dropout, and its Keras copy, which takes NCHW pictures too."""
    from torch import nn

    model = seeded(
        lambda: nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 4),
        )
    )  # fmt: skip
    rng = np.random.default_rng(5)
    with torch.no_grad():
        for one in (model[1].weight, model[1].bias, model[1].running_mean, model[1].running_var):
            one.copy_(torch.tensor(rng.uniform(0.5, 1.5, 6)))
    given = keras.Input((3, 8, 8))
    made = layers.Permute((2, 3, 1))(given)
    made = layers.Conv2D(6, 3, padding="same")(made)
    made = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(made))
    made = layers.Conv2D(8, 3)(layers.MaxPool2D(2)(layers.Dropout(0.5)(made)))
    made = layers.Permute((3, 1, 2))(layers.ReLU(name="last")(made))
    twin = keras.Model(given, layers.Dense(4)(layers.Flatten()(made)))
    axes = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}
    state = [value.numpy() for name, value in model.state_dict().items() if "num_batches" not in name]
    twin.set_weights([value.transpose(axes[value.ndim]) for value in state])
    return model, twin


@pytest.fixture(scope="module")
def norm_engines():
    return [AttributionEngine(model, layout="NCHW") for model in norm_twin()]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        *((method, {}) for method in ALL_METHODS),
        *(("smint", {"baseline": name}) for name in ("gaussian", "zeros", "blur", "maximum_distance", 0.3)),
        *(("integrated_gradients", {"score": name}) for name in ("probability", "log_probability", "logit")),
        ("smint", {"magnitude": False}),
        ("smint", {"sampling": "product", "integrating": 4}),
        ("integrated_gradients", {"target": 2}),
        ("occlusion", {"window": 3, "stride": 2}),
    ],
)
def test_every_method_is_that_of_torch_with_batch_norm_and_dropout(norm_engines, method, options):
    x = pictures(2)
    chosen = [{"layer": "6"}, {"layer": "last"}] if method in MAPS else [{}, {}]
    one, two = (
        engine.attribute(x, method, **{**OPTIONS, **options, **layer})
        for engine, layer in zip(norm_engines, chosen, strict=True)
    )
    assert relative(two.values, one.values) < 1e-4
    assert np.allclose(two.masks, one.masks, atol=1e-3)
    assert np.allclose(two.completeness_gap, one.completeness_gap, atol=1e-4, equal_nan=True)


def test_every_method_was_compared():
    assert set(ALL_METHODS) == set(NAMED)


def test_a_drawn_background_is_that_of_torch(norm_engines):
    background = Background(pictures(6, seed=4))
    for method in ("expected_gradients", "smint"):
        one, two = (e.attribute(pictures(2), method, baseline=background, **OPTIONS) for e in norm_engines)
        assert relative(two.values, one.values) < 1e-4


def test_several_inputs_are_those_of_torch():
    from torch import nn

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.picture, self.table, self.head = nn.Linear(48, 5), nn.Linear(3, 5), nn.Linear(5, 4)

        def forward(self, picture, table):
            return self.head(torch.tanh(self.picture(picture.flatten(1)) + self.table(table)))

    model = seeded(Two)
    picture, table = keras.Input((4, 4, 3)), keras.Input((3,))
    parts = [layers.Dense(5), layers.Dense(5), layers.Dense(4)]
    made = layers.Add()([parts[0](layers.Flatten()(picture)), parts[1](table)])
    twin = keras.Model([picture, table], parts[2](layers.Activation("tanh")(made)))
    for part, linear in zip(parts, (model.picture, model.table, model.head), strict=True):
        part.set_weights([linear.weight.detach().numpy().T, linear.bias.detach().numpy()])
    x = (pictures(2, shape=(4, 4, 3)), tables(2, 3))
    for method in METHODS:
        one, two = (
            AttributionEngine(m, layout=("NHWC", None)).attribute(x, method, **OPTIONS) for m in (model, twin)
        )
        for a, b in zip(one.values, two.values, strict=True):
            assert relative(b, a) < 1e-4


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(16, "tanh")
        self.second = layers.Dense(4)

    def call(self, x, training=False):
        return self.second(self.first(x))


def test_functional_sequential_and_subclassed_models_agree(dense):
    x, weights = tables(3), dense[1].get_weights()
    given = keras.Input((6,))
    functional = keras.Model(given, layers.Dense(4)(layers.Dense(16, "tanh")(given)))
    subclassed = Subclassed()
    subclassed(x)
    lazy = keras.Sequential([layers.Dense(16, "tanh"), layers.Dense(4)])
    lazy(x)
    expected = AttributionEngine(dense[1]).attribute(x, "smint", **OPTIONS).values
    for model in (functional, subclassed, lazy):
        model.set_weights(weights)
        assert relative(AttributionEngine(model).attribute(x, "smint", **OPTIONS).values, expected) < 1e-5


def test_several_inputs_of_different_shapes():
    picture, table = keras.Input((4, 4, 3)), keras.Input((3,))
    made = layers.Add()([layers.Dense(5)(layers.Flatten()(picture)), layers.Dense(5)(table)])
    model = keras.Model([picture, table], made)
    x = (pictures(2, shape=(4, 4, 3)), tables(2, 3))
    found = AttributionEngine(model).attribute(
        x, "integrated_gradients", integrating=4, target=2, baseline=("zeros", 1.0)
    )
    kernels = [w for w in model.get_weights() if w.ndim == 2]
    first, second = sorted(kernels, key=len, reverse=True)
    assert np.allclose(found.values[0], x[0] * first[:, 2].reshape(4, 4, 3), atol=1e-5)
    assert np.allclose(found.values[1], (x[1] - 1) * second[:, 2], atol=1e-5)
    assert np.all(found.completeness_gap < 1e-4)
    assert [one.shape for one in found.masks] == [(2, 4, 4), (2, 3)]


def restless():
    """Dropout, batch norm and a frozen layer."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Dropout(0.5),
            layers.GaussianNoise(0.3), layers.Flatten(), layers.Dense(3),
        ]
    )  # fmt: skip
    model(pictures(4, shape=(8, 8, 3)), training=True)
    model.layers[0].trainable = False
    return model


def trace(model):
    generator = tf.random.get_global_generator()
    return {
        "weights": [w.copy() for w in model.get_weights()],
        "trainable": [layer.trainable for layer in model.layers],
        "seeds": [np.asarray(v) for v in model.non_trainable_variables],
        "tf": np.asarray(generator.state),
        "numpy": np.random.get_state()[1].copy(),
        "python": random.getstate(),
    }


def assert_same(before, after):
    for name, one in before.items():
        other = after[name]
        if name in ("weights", "seeds"):
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)), name
        else:
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other, name


def test_nothing_is_left_behind():
    model, x = restless(), pictures(2, shape=(8, 8, 3))
    before = trace(model)
    engine = AttributionEngine(model, chunk=4)
    found = engine.attribute(x, "smint", **OPTIONS)
    assert_same(before, trace(model))
    stream = engine.stream(x, "smint", smoothing=4, integrating=24)
    next(stream)
    stream.close()
    assert_same(before, trace(model))
    with pytest.raises(ValueError):
        engine.attribute(x, "smint", target=17)
    assert_same(before, trace(model))
    # and dropout, noise and batch norm were calm
    assert np.array_equal(
        found.values, AttributionEngine(model, chunk=4).attribute(x, "smint", **OPTIONS).values
    )


def test_tensorflows_own_random_stream_goes_on_as_if_nothing_had_happened(conv):
    x = pictures(1).transpose(0, 2, 3, 1)
    engine = AttributionEngine(conv[1])

    def numbers(explain):
        tf.random.set_seed(5)
        first = tf.random.normal((3,)).numpy()
        if explain:
            engine.attribute(x, "smint", **OPTIONS)
        return np.concatenate([first, tf.random.normal((3,)).numpy()])

    engine.attribute(x, "smint", **OPTIONS)
    assert np.array_equal(numbers(False), numbers(True))


@pytest.mark.parametrize("when", ["tracing", "running"])
def test_nothing_is_left_behind_after_an_exception_in_the_model(when):
    class Failing(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = restless()

        def call(self, x, training=False):
            made = self.inner(x, training=training)
            if tf.executing_eagerly():
                return made
            if when == "tracing":
                raise RuntimeError("no graphs")
            with tf.control_dependencies([tf.debugging.assert_less(tf.shape(x)[0], 4, "not so many")]):
                return tf.identity(made)

    model, x = Failing(), pictures(2, shape=(8, 8, 3))
    model(x)
    before = trace(model)
    engine = AttributionEngine(model, chunk=4)
    with pytest.raises(Exception, match=r"no graphs|not so many"):
        engine.attribute(x, "smoothgrad", smoothing=8)
    assert_same(before, trace(model))


@pytest.mark.parametrize("method", ["smoothgrad", "smint"])
def test_chunks_and_company_change_nothing(dense, engines, method):
    x = tables(3)
    together = engines[1].attribute(x, method, **OPTIONS).values
    chunked = AttributionEngine(dense[1], chunk=4).attribute(x, method, **OPTIONS).values
    alone = AttributionEngine(dense[1]).attribute(x[1:2], method, **OPTIONS).values
    assert relative(chunked, together) < 1e-5
    assert relative(alone[0], together[1]) < 1e-5


def test_the_last_of_the_stream_is_what_attribute_gives(conv):
    x = pictures(1).transpose(0, 2, 3, 1)
    parts = list(AttributionEngine(conv[1], chunk=4).stream(x, "smint", smoothing=4, integrating=16))
    whole = AttributionEngine(conv[1]).attribute(x, "smint", smoothing=4, integrating=16)
    assert len(parts) >= 3
    assert parts[-1].done
    assert relative(parts[-1].values, whole.values) < 1e-5


@pytest.mark.parametrize("baseline", ["uniform", "zeros", "maximum_distance"])
def test_completeness(engines, baseline):
    found = engines[1].attribute(tables(3), "integrated_gradients", integrating=128, baseline=baseline)
    assert np.all(found.completeness_gap < 1e-3)


def test_new_weights_are_noticed():
    _, model = dense_twin()
    engine, x = AttributionEngine(model), tables(2)
    first = engine.attribute(x, "saliency").values
    model.set_weights([2 * w for w in model.get_weights()])
    second = engine.attribute(x, "saliency").values
    assert not np.allclose(first, second)
    assert np.allclose(second, AttributionEngine(model).attribute(x, "saliency").values)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float16", "float64"])
def test_other_precisions(dense, policy):
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(16, "tanh", dtype=policy), layers.Dense(4, dtype=policy)]
    )
    model.set_weights(dense[1].get_weights())
    options = {**OPTIONS, "index": [1, 2], "target": 1}
    found = AttributionEngine(model).attribute(tables(2), "integrated_gradients", **options)
    expected = AttributionEngine(dense[1]).attribute(tables(2), "integrated_gradients", **options)
    assert np.all(np.isfinite(found.values))
    assert relative(found.values, expected.values) < (1e-4 if policy == "float64" else 0.05)


def test_a_function_of_the_output_and_a_softmax(dense):
    x = tables(2)
    engine = AttributionEngine(dense[1])
    by_class = engine.attribute(x, "saliency", target=2).values
    assert np.allclose(engine.attribute(x, "saliency", target=lambda output: output[:, 2]).values, by_class)
    softmaxed = keras.Sequential([keras.Input((6,)), dense[1], layers.Softmax()])
    one = AttributionEngine(softmaxed).attribute(x, "saliency").values
    two = engine.attribute(x, "saliency", score="probability").values
    assert relative(one, two) < 1e-4


def test_errors_say_what_to_do(dense):
    engine = AttributionEngine(dense[1])
    with pytest.raises(TypeError, match=r"int64.*float32"):
        engine.attribute(np.ones((2, 6), np.int64))
    with pytest.raises(TypeError, match=r"uint8.*float32"):
        engine.attribute(tf.ones((2, 6), tf.uint8))
    with pytest.raises(ValueError, match=r"target 9.*\(4,\)"):
        engine.attribute(tables(2), "saliency", target=9)
    with pytest.raises(ValueError, match=r"one number per row.*\(2,\).*\(2, 4\)"):
        engine.attribute(tables(2), "saliency", target=lambda output: output)
    given = keras.Input((6,))
    for cut in (
        lambda x: tf.stop_gradient(x),
        lambda x: tf.cast(tf.argmax(x, 1)[:, None], tf.float32),
        lambda x: tf.ones_like(x),
    ):
        model = keras.Model(given, layers.Lambda(cut)(layers.Dense(4)(given)))
        with pytest.raises(ValueError, match=r"does not depend on the input.*(?s:.)*target="):
            AttributionEngine(model).attribute(tables(2), "saliency", target=0)


def test_tensors_and_arrays_give_the_same(dense):
    x = tables(2)
    expected = AttributionEngine(dense[1]).attribute(x, "smint", **OPTIONS).values
    assert np.array_equal(
        AttributionEngine(dense[1]).attribute(tf.constant(x), "smint", **OPTIONS).values, expected
    )
