"""Keras models whose backend is TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import Inputs, ScoreRule, main_output
from xai_widgets.attribution.backends.checks import check_real, unexplained


class TensorFlowBackend:
    """Evaluates a keras.Model in compiled functions, one per chunk shape, traced once."""

    def __init__(self, model: Any, device: Any = None) -> None:
        import keras
        import tensorflow as tf

        self.tf = tf
        self.model = model
        self.device = device
        self.channels_first = keras.config.image_data_format() == "channels_first"
        kinds = [keras.backend.standardize_dtype(v.dtype) for v in model.weights]
        self.dtype = np.dtype(np.float64 if "float64" in kinds else np.float32)
        self._functions: dict[Any, Callable[..., Any]] = {}

    def as_inputs(self, x: Any) -> Inputs:
        many = tuple(x) if isinstance(x, (tuple, list)) and hasattr(x[0], "shape") else (x,)
        return tuple(check_real(np.asarray(one)).astype(self.dtype, copy=False) for one in many)

    def outputs(self, inputs: Inputs) -> NDArray[Any] | None:
        output = main_output(self._compiled("forward", inputs, None)(*self._tensors(inputs)))
        return np.asarray(output, np.float64) if hasattr(output, "shape") else None

    def scores(self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule) -> NDArray[Any]:
        function = self._compiled("scores", inputs, score)
        return np.asarray(function(self.tf.constant(positions), *self._tensors(inputs)), self.dtype)

    def gradients(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule
    ) -> tuple[NDArray[Any], Inputs]:
        function = self._compiled("gradients", inputs, score)
        scores, grads = function(self.tf.constant(positions), *self._tensors(inputs))
        return np.asarray(scores, self.dtype), tuple(np.asarray(g, self.dtype) for g in grads)

    def fingerprint(self) -> int:
        total = 0
        for place, variable in enumerate(self.model.weights):
            value = np.ascontiguousarray(np.asarray(variable))
            size = value.dtype.itemsize
            bits = value.view({1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}.get(size, value.dtype))
            total = (total * 1000003 + int(bits.sum(dtype=np.int64)) + place) & 0xFFFFFFFFFFFFFFFF
        return total

    def is_out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, (MemoryError, self.tf.errors.ResourceExhaustedError))

    # -- one pass ---------------------------------------------------------------------------------------------------

    def _tensors(self, inputs: Inputs) -> list[Any]:
        return [self.tf.constant(x) for x in inputs]

    def _forward(self, tensors: tuple[Any, ...]) -> Any:
        return self.model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)

    def _compiled(self, what: str, inputs: Inputs, score: ScoreRule | None) -> Callable[..., Any]:
        key = (what, tuple(x.shape for x in inputs), score.key if score else None)
        if key not in self._functions:
            if len(self._functions) >= 64:  # shapes that change for ever must not fill the memory
                self._functions.clear()
            self._functions[key] = self.tf.function(self._body(what, score), autograph=False)
        return self._functions[key]

    def _body(self, what: str, score: ScoreRule | None) -> Callable[..., Any]:
        tf = self.tf

        def forward(*tensors: Any) -> Any:
            return self._forward(tensors)

        def scores(positions: Any, *tensors: Any) -> Any:
            assert_score = score or ScoreRule()
            return self._score(self._forward(tensors), positions, assert_score, tensors[0].shape[0])

        def gradients(positions: Any, *tensors: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(tensors)
                value = scores(positions, *tensors)
            grads = tape.gradient(value, tensors)
            if all(one is None for one in grads):
                raise unexplained()
            return value, [
                tf.zeros_like(t) if g is None else tf.convert_to_tensor(g) for g, t in zip(grads, tensors)
            ]

        return {"forward": forward, "scores": scores, "gradients": gradients}[what]

    def _score(self, output: Any, positions: Any, score: ScoreRule, rows: int) -> Any:
        tf = self.tf
        if score.function is not None:
            value = tf.convert_to_tensor(score.function(output))
            if tuple(value.shape) not in ((rows,), (rows, 1)):
                raise ValueError(
                    f"a target function should give one number per row, a tensor of shape ({rows},); "
                    f"it gave {tuple(value.shape)}"
                )
            return tf.reshape(value, (rows,))
        flat = tf.reshape(main_output(output), (rows, -1))
        if score.kind != "output":
            flat = self._rescaled(flat, score)
        return tf.gather(flat, positions, axis=1, batch_dims=1)

    def _rescaled(self, flat: Any, score: ScoreRule) -> Any:
        tf = self.tf
        if score.kind == "probability":
            return flat if score.probabilities else tf.nn.softmax(flat, 1)
        if not score.probabilities:
            return flat if score.kind == "logit" else tf.nn.log_softmax(flat, 1)
        logs = tf.math.log(tf.maximum(flat, np.finfo(flat.dtype.as_numpy_dtype).tiny))
        return logs if score.kind == "log_probability" else logs - tf.reduce_mean(logs, 1, keepdims=True)
