"""Plain numpy: the reference, and what a processor runs TensorFlow's rows with, whose own eager operations take twice as long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops import folding
from xai_widgets.attribution.backends.ops.base import Handle, Letters, nothing
from xai_widgets.attribution.inputs import counter_rng

Array = NDArray[Any]
_LONG = 1 << 15  # numbers: of what is longer a part is dealt with at a time, so that it stays in the cache
_AT_ONCE = 8192  # numbers: longer products are shared out among threads


class NumpyOps:
    """See `Ops`."""

    lag = 0

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.letters = Letters(self)

    def put(self, array: Array) -> Array:
        """See `Ops`."""
        return array

    def host(self, tensor: Array) -> Array:
        """See `Ops`."""
        return np.asarray(tensor)

    def host_later(self, tensor: Array) -> Handle:
        """See `Ops`."""
        return lambda: tensor

    def mark(self) -> Callable[[], None]:
        """See `Ops`."""
        return nothing

    def zeros(self, shape: Sequence[int]) -> Array:
        """See `Ops`."""
        return np.zeros(shape, self.dtype)

    def concat(self, tensors: Sequence[Array], axis: int = 0) -> Array:
        """See `Ops`."""
        return np.concatenate(tensors, axis)

    def reshape(self, tensor: Array, shape: Sequence[int]) -> Array:
        """See `Ops`."""
        return tensor.reshape(shape)

    def take(self, tensor: Array, rows: NDArray[np.int64]) -> Array:
        """See `Ops`."""
        return np.take(tensor, rows, axis=0)

    def sum(self, tensor: Array, axis: int) -> Array:
        """See `Ops`."""
        return np.asarray(tensor.sum(axis=axis))

    def square(self, tensor: Array) -> Array:
        """See `Ops`."""
        return np.asarray(np.square(tensor))

    def maximum(self, tensor: Array, other: Any) -> Array:
        """See `Ops`."""
        return np.asarray(np.maximum(tensor, other))

    def minimum(self, tensor: Array, other: Any) -> Array:
        """See `Ops`."""
        return np.asarray(np.minimum(tensor, other))

    def where(self, which: Array, one: Array, other: Array) -> Array:
        """See `Ops`."""
        return np.where(which, one, other)

    def wide(self, tensor: Array) -> Array:
        """See `Ops`."""
        return np.asarray(np.nan_to_num(tensor.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0))

    def narrow(self, tensor: Array) -> Array:
        """See `Ops`."""
        return np.asarray(tensor.astype(np.float32))

    def ranks(self, tensor: Array, places: Sequence[int]) -> Array:
        """See `Ops`."""
        return np.asarray(np.partition(tensor, places, axis=1)[:, places])

    def exp(self, tensor: Array) -> Array:
        """See `Ops`."""
        return np.asarray(np.exp(tensor))

    def matmul(self, some: Array, others: Array) -> Array:
        """See `Ops`."""
        return np.asarray(some @ others)

    def transpose(self, tensor: Array, axes: Sequence[int]) -> Array:
        """See `Ops`."""
        return tensor.transpose(axes)

    def products(self, some: Array, others: Array) -> Array:
        """See `Ops`; by the linear algebra library, in parts that it does not share out among threads."""
        found = None
        for start in range(0, some.shape[-1], _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            made = np.matmul(some[..., None, part], others[..., part, None])[..., 0, 0]
            found = made if found is None else found + made
        return np.asarray(found)

    def weighted(self, weights: Array, vectors: Sequence[Array], before: Array | None = None) -> Array:
        """See `Ops`."""
        ends = np.cumsum([len(one) for one in vectors])
        parts = np.split(weights.astype(self.dtype), ends[:-1], axis=1)
        for part, one in zip(parts, vectors, strict=True):
            made = part @ one
            before = made if before is None else np.add(before, made, out=before)
        return np.asarray(before)

    def gram(self, vectors: Array) -> Array:
        """See `Ops`."""
        return np.asarray(vectors @ vectors.T)

    def fold(self, vectors: Array, signs: Array | None = None) -> Array:
        """See `Ops`."""
        size = vectors.shape[1]
        if size <= folding.LENGTH:
            return vectors
        signs = folding.signs(size) if signs is None else signs
        made = np.zeros((len(vectors), folding.LENGTH), self.dtype)
        for part, sign in zip(folding.parts(size), signs, strict=True):
            made += vectors[:, part] * sign
        return made

    def signs(self, factor: Array) -> Array:
        """See `Ops`."""
        size = len(factor)
        return np.asarray(np.stack([factor[part] for part in folding.parts(size)]) * folding.signs(size))

    def steps(self, vectors: Array, order: NDArray[np.int64]) -> Array:
        """See `Ops`."""
        apart = np.diff(np.take(vectors, order, axis=0), axis=0)
        return np.concatenate([self.products(apart, apart), self.products(apart[1:], apart[:-1])])

    def along(self, lines: Sequence[tuple[Array, Array, Array]], room: Array | None = None) -> Array:
        """See `Ops`."""
        size, count = lines[0][0].shape[1], sum(t.size for _, _, t in lines)
        made = np.empty((count, size), self.dtype) if room is None or len(room) < count else room[:count]
        at = 0
        for start, step, t in lines:
            some = made[at : at + t.size].reshape(*t.shape, size)
            np.multiply(t.astype(self.dtype)[:, :, None], step[:, None], out=some)
            some += start
            at += t.size
        return made

    def append(self, room: Array | None, count: int, vectors: Array, most: int) -> Array:
        """See `Ops`."""
        if room is None:
            room = np.empty((most, vectors.shape[1]), self.dtype)
        room[count : count + len(vectors)] = vectors
        return room

    def blend(self, one: Array, weight: Array, other: Array, others_weight: Array) -> Array:
        """See `Ops`."""
        made = np.empty(np.broadcast_shapes(one.shape, weight.shape), self.dtype)
        parts = range(len(made)) if made.size >= _LONG * len(made) else (slice(None),)
        for part in parts:
            np.multiply(one[part], weight[part], out=made[part])
            made[part] += other[part] * others_weight[part]
        return made

    def add_rows(self, tensor: Array, start: int, rows: Array) -> Array:
        """See `Ops`."""
        tensor[start : start + len(rows)] += rows
        return tensor

    def draw(self, keys: NDArray[np.uint64], size: int, normal: bool) -> Array:
        """See `Ops`."""
        table = counter_rng.normal_table() if normal else counter_rng.centred_table()
        return counter_rng.draw(keys, size, table).astype(self.dtype, copy=False)
