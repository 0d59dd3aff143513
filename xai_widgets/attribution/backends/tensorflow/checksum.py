"""A checksum of a Keras model's weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_PLAIN = (
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
)
"""Kinds whose bits TensorFlow takes for those of others."""


class Checksum:
    """Sums up the bits of all weights, in one call of a traced function: it is taken before every explanation.

    Weights are not copied on the way, which on networks of a few layers takes longer than to sum them up.

    Parameters
    ----------
    model : keras.Model
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._weights: list[Any] | None = None
        self._sums: Any = None

    def __call__(self) -> int:
        """Return a number that differs where a bit of the weights does, but for chance."""
        weights = self._model.weights
        known = self._weights
        if known is None or [id(one) for one in known] != [id(one) for one in weights]:
            self._weights = list(weights)
            self._sums = _traced(weights)
        total = 0
        for place, number in enumerate(np.asarray(self._sums()).tolist()):
            total = (total * 1000003 + number + place) & 0xFFFFFFFFFFFFFFFF
        return total


def _traced(weights: Sequence[Any]) -> Any:
    import tensorflow as tf

    def sums() -> Any:
        found = [_sum(tf, tf.reshape(tf.convert_to_tensor(one), [-1])) for one in weights]
        return tf.stack(found) if found else tf.zeros(0, tf.int64)

    return tf.function(sums, input_signature=[], autograph=False).get_concrete_function()


def _sum(tf: Any, flat: Any) -> Any:
    """Return the sum of a tensor's bits, eight bytes taken for one whole number; it may wrap around."""
    if flat.dtype.is_complex:
        flat = tf.concat([tf.math.real(flat), tf.math.imag(flat)], 0)
    if flat.dtype.name not in _PLAIN:  # a small kind, each of whose numbers a larger one has, too
        flat = tf.cast(flat, tf.int8 if "int" in flat.dtype.name else tf.float32)
    together = 8 // flat.dtype.size
    if flat.shape[0] % together:
        flat = tf.pad(flat, [[0, together - flat.shape[0] % together]])
    if together > 1:
        flat = tf.reshape(flat, [-1, together])
    return tf.reduce_sum(flat if flat.dtype == tf.int64 else tf.bitcast(flat, tf.int64))
