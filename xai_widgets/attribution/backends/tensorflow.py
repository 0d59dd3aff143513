"""Keras models whose backend is TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import Inputs, ScoreRule, main_output
from xai_widgets.attribution.backends.checks import check_real, unexplained
from xai_widgets.attribution.backends.layers import choose


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
        """See `Backend`."""
        many = tuple(x) if isinstance(x, (tuple, list)) and hasattr(x[0], "shape") else (x,)
        return tuple(check_real(np.asarray(one)).astype(self.dtype, copy=False) for one in many)

    def outputs(self, inputs: Inputs) -> NDArray[Any] | None:
        """See `Backend`."""
        rows, tensors = len(inputs[0]), self._tensors(inputs)
        output = main_output(self._compiled("forward", tensors, None)(*tensors))
        return np.asarray(output, np.float64)[:rows] if hasattr(output, "shape") else None

    def scores(self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule) -> NDArray[Any]:
        """See `Backend`."""
        rows = len(inputs[0])
        # a target function first runs here, on the rows as they are, so that its errors speak of those
        padded = rows if score.function is not None else self._padded(rows)
        tensors = [self.tf.constant(_filled(x, padded)) for x in inputs]
        function = self._compiled("scores", tensors, score)
        places = self.tf.constant(_filled(np.maximum(positions, 0), padded))
        return np.asarray(function(places, *tensors), self.dtype)[:rows]

    def gradients(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, strip: int = 0
    ) -> tuple[NDArray[Any], Inputs]:
        """See `Backend`."""
        if strip:
            raise ValueError("rule='secant' is there for PyTorch only; leave rule= out")
        rows, tensors = len(inputs[0]), self._tensors(inputs)
        function = self._compiled("gradients", tensors, score)
        scores, grads = function(self._positions(positions), *tensors)
        return np.asarray(scores, self.dtype)[:rows], tuple(np.asarray(g, self.dtype)[:rows] for g in grads)

    def activations(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, layer: Any
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Backend`."""
        tf = self.tf
        seen: list[tuple[str, Any, tuple[int, ...]]] = []
        layers = [one for one in self.model._flatten_layers() if one is not self.model]
        with _watched(layers, lambda one, output: self._note(seen, one, output)):
            self._forward(tuple(tf.constant(x[:1]) for x in inputs))
        chosen = choose(seen, layer, self.channels_first)
        found: list[Any] = []
        tensors = tuple(tf.constant(x) for x in inputs)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            with _watched([chosen], lambda one, output: found.append(output)):
                output = self._forward(tensors)
            value = self._score(output, tf.constant(np.maximum(positions, 0)), score, len(inputs[0]))
        grads = tape.gradient(value, found[-1])
        if grads is None:
            raise unexplained()
        return np.asarray(found[-1], self.dtype), np.asarray(grads, self.dtype)

    def _note(self, seen: list[tuple[str, Any, tuple[int, ...]]], layer: Any, output: Any) -> None:
        if hasattr(output, "shape"):
            seen.append((layer.name, layer, tuple(output.shape)))

    def fingerprint(self) -> int:
        """See `Backend`."""
        total = 0
        for place, variable in enumerate(self.model.weights):
            value = np.ascontiguousarray(np.asarray(variable))
            size = value.dtype.itemsize
            bits = value.view({1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}.get(size, value.dtype))
            total = (total * 1000003 + int(bits.sum(dtype=np.int64)) + place) & 0xFFFFFFFFFFFFFFFF
        return total

    def good_chunk(self, size: int) -> int:
        """See `Backend`."""
        return self._padded(int(np.clip((1 << 20) / size / 2, 5, 256)))

    def is_out_of_memory(self, error: BaseException) -> bool:
        """See `Backend`."""
        return isinstance(error, (MemoryError, self.tf.errors.ResourceExhaustedError))

    # -- one pass ---------------------------------------------------------------------------------------------------

    def _tensors(self, inputs: Inputs) -> list[Any]:
        """Bring a chunk to the framework, filled up to one of few numbers of rows, as every number is traced anew."""
        return [self.tf.constant(_filled(x, self._padded(len(x)))) for x in inputs]

    def _positions(self, positions: NDArray[np.int64]) -> Any:
        # a function as target has positions -1, which are not used
        return self.tf.constant(_filled(np.maximum(positions, 0), self._padded(len(positions))))

    @staticmethod
    def _padded(rows: int) -> int:
        """Give 1, 4, 16, 64, 256, ... rows."""
        return int(4 ** np.ceil(np.log2(rows) / 2)) if rows > 1 else 1

    def _forward(self, tensors: tuple[Any, ...]) -> Any:
        return self.model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)

    def _compiled(self, what: str, tensors: list[Any], score: ScoreRule | None) -> Callable[..., Any]:
        key = (what, tuple(tuple(x.shape) for x in tensors), score.key if score else None)
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
            rule = score or ScoreRule()
            return self._score(self._forward(tensors), positions, rule, tensors[0].shape[0])

        def gradients(positions: Any, *tensors: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(tensors)
                value = scores(positions, *tensors)
            grads = tape.gradient(value, tensors)
            if all(one is None for one in grads):
                raise unexplained()
            return value, [
                tf.zeros_like(t) if g is None else tf.convert_to_tensor(g)
                for g, t in zip(grads, tensors, strict=True)
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


def _filled(x: NDArray[Any], rows: int) -> NDArray[Any]:
    """Repeat the last row up to this number of rows."""
    return x if len(x) == rows else np.concatenate([x, np.repeat(x[-1:], rows - len(x), axis=0)])


@contextlib.contextmanager
def _watched(layers: list[Any], tell: Callable[[Any, Any], Any]) -> Iterator[None]:
    """Tell what these layers give while it lasts; Keras has no hooks, so their call is wrapped and unwrapped."""

    def wrap(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            tell(layer, output)
            return output

        return watched

    wrapped = []
    try:
        for layer in layers:
            object.__setattr__(layer, "call", wrap(layer, layer.call))
            wrapped.append(layer)
        yield
    finally:
        for layer in wrapped:
            object.__delattr__(layer, "call")
