"""The checksum of a Keras model's weights: any bit of any kind of number, and no other call than its own."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
if keras.config.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend in this process", allow_module_level=True)

from xai_widgets.attribution.backends.tensorflow.checksum import Checksum  # noqa: E402 - needs TensorFlow


class Model:
    """As much of a model as it looks at."""

    def __init__(self, *values):
        self.weights = [tf.Variable(value) for value in values]


KINDS = [
    "float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2", "complex64", "complex128", "bool",
    "int4", "uint4", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 7, 8, 33])
def test_a_change_of_any_number_is_seen(kind, count):
    small = (np.arange(count) % 2).astype(
        np.int8 if "int" in kind else np.float32
    )  # from which any kind is made
    values = tf.cast(small, kind)
    model = Model(values, tf.zeros(3))
    checksum = Checksum(model)
    before = checksum()
    assert checksum() == before
    for place in {0, count // 2, count - 1}:
        changed = values.numpy().copy()
        changed[place] = not changed[place]
        model.weights[0].assign(changed)
        assert checksum() != before
    model.weights[0].assign(values)
    assert checksum() == before


def test_the_same_numbers_elsewhere_are_another_model():
    one, other = np.float32([1, 2]), np.float32([3, 4])
    assert Checksum(Model(one, other))() != Checksum(Model(other, one))()


def test_weights_that_are_added_or_exchanged_are_seen():
    model = Model(np.float32([1, 2]))
    checksum = Checksum(model)
    before = checksum()
    model.weights.append(tf.Variable(np.float32([5])))
    longer = checksum()
    model.weights[0] = tf.Variable(np.float32([2, 1.5]))
    assert len({before, longer, checksum()}) == 3


def test_a_model_of_no_weights_has_one_too():
    assert Checksum(Model())() == 0


def test_not_a_number_is_a_number_of_its_own():
    model = Model(np.float32([np.nan, 1]))
    checksum = Checksum(model)
    assert checksum() == checksum()
