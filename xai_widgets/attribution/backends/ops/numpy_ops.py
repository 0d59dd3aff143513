"""The reference: plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Handle, Letters
from xai_widgets.attribution.inputs import counter_rng

Array = NDArray[Any]


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
        """See `Ops`."""
        return np.asarray((some * others).sum(axis=-1))

    def weighted(self, weights: Array, vectors: Array) -> Array:
        """See `Ops`."""
        return np.asarray(weights.astype(self.dtype) @ vectors)

    def gram(self, vectors: Array) -> Array:
        """See `Ops`."""
        return np.asarray(vectors @ vectors.T)

    def distances(self, vectors: Array, some: NDArray[np.int64], others: NDArray[np.int64]) -> Array:
        """See `Ops`."""
        return np.asarray(np.square(vectors[some] - vectors[others]).sum(axis=1))

    def along(self, start: Array, step: Array, t: Array) -> Array:
        """See `Ops`."""
        made = start[:, None] + t.astype(self.dtype)[:, :, None] * step[:, None]
        return np.asarray(made.reshape(-1, start.shape[1]))

    def append(
        self, room: Array | None, count: int, vectors: Array, wanted: int, factor: Array | None = None
    ) -> Array:
        """See `Ops`."""
        some = vectors if factor is None else vectors * factor
        return some.copy() if room is None else np.concatenate([room[:count], some])

    def blend(self, one: Array, weight: Array, other: Array, others_weight: Array) -> Array:
        """See `Ops`."""
        return np.asarray(one * weight + other * others_weight)

    def add_rows(self, tensor: Array, start: int, rows: Array) -> Array:
        """See `Ops`."""
        tensor[start : start + len(rows)] += rows
        return tensor

    def draw(self, keys: NDArray[np.uint64], size: int, normal: bool) -> Array:
        """See `Ops`."""
        table = counter_rng.normal_table() if normal else counter_rng.centred_table()
        return counter_rng.draw(keys, size, table).astype(self.dtype, copy=False)
