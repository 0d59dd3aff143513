"""Keras models whose backend is TensorFlow."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import Inputs, ScoreRule, two_classes
from xai_widgets.attribution.backends.checks import check_real, unexplained
from xai_widgets.attribution.backends.layer_choice import CORNERS, Seen, View, choose, follows, grids
from xai_widgets.attribution.backends.main_output import Place, listed, main_output
from xai_widgets.attribution.backends.memory import keep_freed_memory
from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.backends.ops.numpy_ops import NumpyOps
from xai_widgets.attribution.backends.ops.tensorflow_ops import TensorFlowOps
from xai_widgets.attribution.backends.tensorflow.checksum import Checksum
from xai_widgets.attribution.backends.tensorflow.conv_gradient import found_in, shorter
from xai_widgets.attribution.backends.tensorflow.passes import Passes
from xai_widgets.attribution.inputs.along import NOTHING, Along


class TensorFlowBackend:
    """Evaluates a keras.Model in compiled functions, each traced once; see `Passes`."""

    def __init__(self, model: Any, device: Any = None, place: Place | None = None) -> None:
        import keras
        import tensorflow as tf

        keep_freed_memory()
        self.tf = tf
        self.model = model
        self.place, self.returned = place, ""
        self.passes = Passes(model, device)
        self._checksum = Checksum(model)
        self.channels_first = keras.config.image_data_format() == "channels_first"
        kinds = [keras.backend.standardize_dtype(v.dtype) for v in model.weights]
        self.dtype = np.dtype(np.float64 if "float64" in kinds else np.float32)
        on_gpu = bool(tf.config.list_logical_devices("GPU"))
        self.ops: Ops = TensorFlowOps(self.dtype, on_gpu) if on_gpu else NumpyOps(self.dtype)

    def renew(self) -> None:
        """See `Backend`; the functions read the model's variables as they are."""

    def calm(self) -> contextlib.AbstractContextManager[None]:
        """See `Backend`."""
        return contextlib.nullcontext()

    def as_inputs(self, x: Any) -> Inputs:
        """See `Backend`."""
        many = tuple(x) if isinstance(x, (tuple, list)) and hasattr(x[0], "shape") else (x,)
        return tuple(check_real(np.asarray(one)).astype(self.dtype, copy=False) for one in many)

    def outputs(
        self, points: Tensor, shapes: Sequence[tuple[int, ...]], along: Along = NOTHING
    ) -> NDArray[Any] | None:
        """See `Backend`."""
        output = main_output(self._forward(points, shapes, along), self.place)
        if not hasattr(output, "shape"):
            self.returned = listed(output)
            return None
        return np.asarray(output, np.float64)

    def scores(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        along: Along = NOTHING,
    ) -> NDArray[Any]:
        """See `Backend`; what a target function does wrong is seen here, on the rows as they are."""
        output = self.tf.nest.map_structure(self.tf.convert_to_tensor, self._forward(points, shapes, along))
        rows = int(points.shape[0])
        return np.asarray(self._score(output, np.maximum(positions, 0), score, rows), self.dtype)

    def gradients(
        self,
        points: Tensor,
        shapes: Sequence[tuple[int, ...]],
        positions: NDArray[np.int64],
        score: ScoreRule,
        strip: int = 0,
        along: Along = NOTHING,
    ) -> Tensor:
        """See `Backend`."""
        if strip:
            raise ValueError("rule='secant' is for models of PyTorch; leave rule= out")
        # a function as target has positions -1, which are not used
        key = "gradients", score.key, tuple(shapes), along.key
        body = partial(self._gradients, score, tuple(shapes), along.form)
        found = self.passes.call(key, body, [np.maximum(positions, 0), points, *self._passed(along)])
        return np.asarray(found) if isinstance(self.ops, NumpyOps) else found

    def only_kinks(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, along: Along = NOTHING
    ) -> bool:
        """See `Backend`; there are no secants for TensorFlow."""
        return False

    def ends_in_sigmoid(self, inputs: Inputs, along: Along = NOTHING) -> bool:
        """See `Backend`."""
        layers = getattr(self.model, "layers", ())
        last = layers[-1] if layers else None
        if self.place and hasattr(self.model, "output"):
            output = main_output(self.model.output, self.place)
            last = getattr(getattr(output, "_keras_history", None), "operation", None)
        return getattr(getattr(last, "activation", None), "__name__", "") == "sigmoid" or (
            type(last).__name__ == "Activation" and "sigmoid" in str(getattr(last, "activation", ""))
        )

    def activations(
        self,
        inputs: Inputs,
        positions: NDArray[np.int64],
        score: ScoreRule,
        layer: Any,
        view: View,
        along: Along = NOTHING,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Backend`."""
        tf = self.tf
        seen: list[Seen] = []
        layers = [one for one in self.model._flatten_layers() if one is not self.model]
        with _watched(layers, lambda one, output: self._note(seen, view, one, output)):
            probes = view.probes(inputs)
            mine = along.rows([0] * len(probes[0]))
            self._model([tf.constant(x) for x in probes], mine, self._passed(mine))
        for chosen, grid in choose(seen, layer):
            acts, grads = self._activations(inputs, positions, score, chosen, along)
            if grads is not None and np.any(grid.arranged(grads)):
                return grid.arranged(acts), grid.arranged(grads)
        raise unexplained()

    def _activations(
        self, inputs: Inputs, positions: NDArray[np.int64], score: ScoreRule, chosen: Any, along: Along
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        tf = self.tf
        found: list[Any] = []
        tensors = tuple(tf.constant(x) for x in inputs)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            with _watched([chosen], lambda one, output: found.append(output)):
                output = self._model(tensors, along, self._passed(along))
            value = self._score(output, np.maximum(positions, 0), score, len(inputs[0]))
        grads = tape.gradient(value, found[-1])
        acts = np.asarray(found[-1], self.dtype)
        return acts, None if grads is None else np.asarray(grads, self.dtype)

    @staticmethod
    def _note(seen: list[Seen], view: View, layer: Any, output: Any) -> None:
        if hasattr(output, "shape"):
            shape = tuple(output.shape)
            able = list(grids(shape, view.size, view.grid)) if shape[:1] == (1 + CORNERS,) else []
            moved = np.abs(np.asarray(output[1:] - output[:1])) if able else None
            seen.append(
                Seen(
                    layer.name, layer, shape, {one: follows(one.arranged(moved).sum(axis=1)) for one in able}
                )
            )

    def fingerprint(self) -> int:
        """See `Backend`."""
        return self._checksum()

    def good_chunk(self, size: int) -> int:
        """See `Backend`."""
        return self.passes.good_chunk(size)

    def is_out_of_memory(self, error: BaseException) -> bool:
        """See `Backend`."""
        return self.passes.ran_out(error)

    # -- one pass ---------------------------------------------------------------------------------------------------

    def _passed(self, along: Along) -> list[Any]:
        """Return what is passed along, floating numbers in the weights' kind."""
        return [one.astype(self.dtype) if one.dtype.kind == "f" else one for one in along.arrays]

    def _model(self, tensors: Sequence[Any], along: Along, given: Sequence[Any]) -> Any:
        inputs, named = along.call(tensors, given)
        return self.passes.model(inputs, named)

    def _forward(self, points: Tensor, shapes: Sequence[tuple[int, ...]], along: Along) -> Any:
        rows, sizes = int(points.shape[0]), [int(np.prod(shape)) for shape in shapes]
        points = self.tf.convert_to_tensor(points)
        parts = self.tf.split(points, sizes, 1) if len(sizes) > 1 else [points]
        made = [self.tf.reshape(one, (rows, *shape)) for one, shape in zip(parts, shapes, strict=True)]

        form = along.form

        def body(*tensors: Any) -> Any:
            return self._model(tensors[: len(shapes)], form, tensors[len(shapes) :])

        return self.passes.call(("forward", len(shapes), along.key), body, [*made, *self._passed(along)])

    def _gradients(
        self,
        score: ScoreRule,
        shapes: Sequence[tuple[int, ...]],
        along: Along,
        positions: Any,
        points: Any,
        *given: Any,
    ) -> Any:
        tf, sizes = self.tf, [int(np.prod(shape)) for shape in shapes]
        rows = points.shape[0] or -1
        parts = tf.split(points, sizes, 1) if len(sizes) > 1 else [points]
        tensors = tuple(tf.reshape(one, (rows, *shape)) for one, shape in zip(parts, shapes, strict=True))
        with tf.GradientTape(watch_accessed_variables=False) as tape, shorter(tf):
            tape.watch(tensors)
            value = self._value(score, positions, tensors, along, given)
        # a tape knows of no other gradients than TensorFlow's
        find = tf.gradients if found_in(tf, value.graph) else tape.gradient
        grads = self._given(find(value, tensors), tensors)
        flat = [
            tf.cast(tf.reshape(one, (rows, size)), self.dtype) for one, size in zip(grads, sizes, strict=True)
        ]
        return flat[0] if len(flat) == 1 else tf.concat(flat, 1)

    def _value(self, score: ScoreRule, positions: Any, tensors: Any, along: Along, given: Any) -> Any:
        rows = tensors[0].shape[0]
        output = self._model(tensors, along, given)
        return self._score(output, positions, score, self.tf.shape(tensors[0])[0] if rows is None else rows)

    def _given(self, grads: Any, tensors: Any) -> list[Any]:
        tf = self.tf
        if all(one is None for one in grads):
            raise unexplained()
        return [
            tf.zeros_like(t) if g is None else tf.convert_to_tensor(g)
            for g, t in zip(grads, tensors, strict=True)
        ]

    def _score(self, output: Any, positions: Any, score: ScoreRule, rows: Any) -> Any:
        tf = self.tf
        if score.function is not None:
            value = tf.convert_to_tensor(score.function(output))
            expected = rows if isinstance(rows, int) else None
            if value.shape.rank not in (1, 2) or not any(
                value.shape.is_compatible_with(shape) for shape in ((expected,), (expected, 1))
            ):
                raise ValueError(
                    f"a target function should give one number per row, a tensor of shape ({rows},); "
                    f"it gave {tuple(value.shape)}"
                )
            return tf.reshape(value, (rows,))
        main = main_output(output, self.place)
        sides = main.shape[1:]
        flat = tf.reshape(main, (rows, int(np.prod(sides)) if sides.is_fully_defined() else -1))
        if score.one_logit:
            flat = two_classes(lambda one, other: tf.concat([one, other], 1), flat, score)
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
