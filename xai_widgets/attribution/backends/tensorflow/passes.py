"""Passes through a Keras model in functions that are traced once, and leave nothing behind in the model.

The number of rows is left open in the trace, so that one function serves chunks of every size and nothing is padded: measured
on convolutional networks of three sizes, that costs nothing beside a function for one size, while XLA, which would need a fixed
size, takes up to five times longer on a CPU and seconds to compile. A model that can only be traced for a known number of rows
(its own `batch_shape`, or code that needs `x.shape[0]`), and any model on a GPU, where convolutions are tuned for every
size anew, gets two sizes: whole chunks, and pieces of an eighth, so that a few rows do not pay for many.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Body = Callable[..., Any]
Shapes = tuple[tuple[Any, tuple[int, ...]], ...]
_MOST = 64  # functions that are kept: shapes that change for ever must not fill the memory
_NUMBERS = 1 << 28  # that the operations of a chunk give, forward
_WRITING = ("Assign", "ResourceScatter", "ResourceApply", "ResourceSparse", "Rng", "StatefulRandom")


class Passes:
    """Traces and calls functions of a model.

    Parameters
    ----------
    model : keras.Model
    device : str, optional
        Where to compute, as `tf.device` takes it.

    Attributes
    ----------
    sizes : tuple of int or None
        Numbers of rows that functions are traced for, the smallest first; None where one function takes any number.
    traces : int
        How often anything was traced.
    """

    def __init__(self, model: Any, device: Any = None) -> None:
        import tensorflow as tf

        self._tf = tf
        self._model = model
        self._device = device
        self._functions: dict[Hashable, _Traced] = {}
        given = [one.shape[0] for one in getattr(model, "inputs", None) or [] if len(one.shape)]
        self._only = next((int(rows) for rows in given if rows is not None), None)
        self.sizes: tuple[int, ...] | None = (self._only,) if self._only else None
        self.traces = 0
        self._lock = threading.RLock()
        self._numbers = 0  # that the operations of one row give, forward; 0 while nothing was traced

    def good_chunk(self, size: int) -> int:
        """Return how many rows of this many numbers are best evaluated at once.

        Measured on convolutional networks of three sizes: so many that all that the layers give on the way, were none of it
        freed, is about a gigabyte (the process grows by half of that at most). Before the model was traced it is taken for a
        guess from the input.
        """
        if self._only:
            return self._only
        numbers = max(size, self._numbers or 64 * size)
        on_gpu = bool(self._tf.config.list_logical_devices("GPU"))
        # on a processor, rows of the next chunk are made and gradients of the last one taken meanwhile: of several chunks
        rows = int(np.clip(2 ** np.floor(np.log2(_NUMBERS / numbers)), 4, 512 if on_gpu else 256))
        if on_gpu and self.sizes is None and self._numbers:
            self._fix(rows)
        return rows

    def ran_out(self, error: BaseException) -> bool:
        """Tell whether an error means that memory ran out."""
        return isinstance(error, (MemoryError, self._tf.errors.ResourceExhaustedError))

    def _fix(self, rows: int) -> None:
        """Trace for known numbers of rows from now on."""
        self.sizes = tuple(sorted({max(1, rows // 8), rows}))

    def _padded(self, rows: int) -> int:
        """Return which of the sizes to fill: several small pieces cost less than a large one that is half empty."""
        sizes = self.sizes or (rows,)
        return sizes[-1] if rows > sizes[-1] // 2 else sizes[0]

    def model(self, tensors: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Call the model in inference mode.

        In a stateless scope: states of recurrent layers and seeds are not moved on, and losses of layers not collected.
        """
        import keras

        with keras.StatelessScope(initialize_variables=False), _losses_kept(self._model):
            given = tensors[0] if len(tensors) == 1 else list(tensors)
            return self._model(given, training=False, **named)

    def call(self, key: Hashable, body: Body, arrays: Sequence[Any]) -> Any:
        """Call a function on a chunk.

        Parameters
        ----------
        key : hashable
            Names the function; under one key it is traced once.
        body : callable
            (*tensors) -> tensors in any structure, with one row for each row of its input.
        arrays : sequence of tensor or numpy.ndarray
            (R, ...).

        Returns
        -------
        tensors in the structure that ``body`` gives
        """
        shapes = tuple((self._tf.as_dtype(one.dtype), tuple(one.shape[1:])) for one in arrays)
        rows = len(arrays[0])
        with self._tf.device(self._device) if self._device is not None else contextlib.nullcontext():
            if self.sizes is None:
                function = self._open(key, body, shapes, rows)
                if function is not None:
                    return function(arrays)
            found = []
            while rows:
                piece = self._piece(key, body, shapes, arrays, rows)
                if piece is not None:
                    taken, output = piece
                    rows -= taken
                    found.append(output)
        return self._tf.nest.map_structure(lambda *parts: self._tf.concat(parts, 0), *found)

    def _piece(
        self, key: Hashable, body: Body, shapes: Shapes, arrays: Sequence[Any], left: int
    ) -> tuple[int, Any] | None:
        """Evaluate as many of the last ``left`` rows as go at once; None where that was too many, and fewer are due."""
        padded = self._padded(left)
        start, taken = len(arrays[0]) - left, min(left, padded)
        function = self._traced((key, shapes, padded), body, shapes, padded)
        try:
            output = function([self._filled(one[start : start + taken], padded) for one in arrays])
        except Exception as error:
            largest = max(self.sizes or (1,))
            if self._only or largest == 1 or not self.ran_out(error):
                raise
            self._fix(largest // 2)
            return None
        return taken, self._tf.nest.map_structure(lambda one: one[:taken], output)

    def _filled(self, x: Any, rows: int) -> Any:
        """Repeat the last row up to this number of rows."""
        count = int(x.shape[0])
        if count == rows:
            return x
        return self._tf.concat([x, self._tf.repeat(x[-1:], rows - count, axis=0)], 0)

    def _open(self, key: Hashable, body: Body, shapes: Shapes, rows: int) -> _Traced | None:
        """Trace for any number of rows; None where only a known number will do."""
        try:
            return self._traced((key, shapes, None), body, shapes, None)
        except Exception:  # the model's own code, which may raise anything when it meets an unknown side
            self._fix(min(128, self.good_chunk(sum(int(np.prod(shape)) for _, shape in shapes))))
            size = self._padded(rows)
            try:
                self._traced((key, shapes, size), body, shapes, size)
            except Exception:
                self.sizes = None  # that was not the reason
                raise
            return None

    def _traced(self, key: Hashable, body: Body, shapes: Shapes, rows: int | None) -> _Traced:
        with self._lock:
            if key not in self._functions:
                self._functions[key] = self._trace(body, shapes, rows)
            return self._functions[key]

    def _trace(self, body: Body, shapes: Shapes, rows: int | None) -> _Traced:
        if not self._model.built:
            raise ValueError(
                f"the Keras model {self._model.name!r} has no weights yet, so there is nothing to explain: call it "
                "once on a batch, or build it, before"
            )
        if len(self._functions) >= _MOST:
            self._functions.clear()
        self.traces += 1
        specs = [self._tf.TensorSpec((rows, *shape), dtype) for dtype, shape in shapes]
        function = self._tf.function(body, input_signature=specs, autograph=False)
        made = function.get_concrete_function()
        self._numbers = self._numbers or _numbers_per_row(made)
        return _Traced(self._tf, made)


class _Traced:
    """A traced function, with the variables that the model's code writes to put back after each call."""

    def __init__(self, tf: Any, function: Any) -> None:
        self._tf = tf
        self._function = function
        self._variables = tuple(function.variables) if _writes(function) else ()
        self._lock = threading.Lock()

    def __call__(self, arrays: Sequence[Any]) -> Any:
        tensors = [self._tf.convert_to_tensor(one) for one in arrays]
        if not self._variables:
            return self._function(*tensors)
        with self._lock:
            before = [self._tf.identity(one) for one in self._variables]
            try:
                return self._function(*tensors)
            finally:
                for variable, value in zip(self._variables, before, strict=True):
                    variable.assign(value)


def _writes(function: Any) -> bool:
    """Tell whether a traced function writes to variables, by a model's own counters and random generators."""
    graph = function.graph.as_graph_def()
    bodies = [graph.node, *(one.node_def for one in graph.library.function)]
    return any(node.op.startswith(_WRITING) for body in bodies for node in body)


def _numbers_per_row(function: Any) -> int:
    """Count what the operations of a traced function give for one row."""
    outputs = [one for operation in function.graph.get_operations() for one in operation.outputs[:1]]
    shapes = [one.shape.as_list() for one in outputs if one.dtype.is_floating and one.shape.rank]
    return sum(int(np.prod(sides[1:])) for sides in shapes if sides[0] is None and None not in sides[1:])


@contextlib.contextmanager
def _losses_kept(model: Any) -> Iterator[None]:
    """Keep the losses that layers collected in the user's own last call: a call forgets those of the one before."""
    kept = [
        (found, found.copy())
        for layer in [model, *model._flatten_layers(include_self=False)]
        for found in (layer._losses, layer._loss_ids)
        if found
    ]
    try:
        yield
    finally:
        for found, before in kept:
            found.clear()
            found.extend(before) if isinstance(found, list) else found.update(before)
