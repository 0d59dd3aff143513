"""Vector operations in TensorFlow, on the model's device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops import folding
from xai_widgets.attribution.backends.ops.base import Handle, Letters, nothing
from xai_widgets.attribution.backends.ops.tables import table
from xai_widgets.attribution.inputs import counter_rng

Tensor = Any


class _Blocks:
    """Vectors that came one after the other, put together where somebody asks for several blocks of them."""

    def __init__(self, tf: Any) -> None:
        self._tf = tf
        self._blocks: list[Tensor] = []
        self._starts = [0]

    def add(self, vectors: Tensor) -> None:
        self._blocks.append(vectors)
        self._starts.append(self._starts[-1] + int(vectors.shape[0]))

    @property
    def shape(self) -> tuple[int, int]:
        return self._starts[-1], int(self._blocks[0].shape[1])

    def __getitem__(self, part: slice) -> Tensor:
        start, stop, _ = part.indices(self._starts[-1])
        if (start, stop) == (0, self._starts[-1]) and len(self._blocks) > 1:
            self._blocks, self._starts = [self._tf.concat(self._blocks, 0)], [0, stop]
        found = []
        for first, block in zip(self._starts, self._blocks, strict=False):
            low, high = max(start - first, 0), min(stop - first, int(block.shape[0]))
            if low < high:
                found.append(block if high - low == block.shape[0] else block[low:high])
        return found[0] if len(found) == 1 else self._tf.concat(found, 0)


class TensorFlowOps:
    """See `Ops`."""

    def __init__(self, dtype: Any = np.float32, on_gpu: bool = False) -> None:
        import tensorflow as tf

        self.tf = tf
        self.dtype = np.dtype(dtype)
        self.lag = 1 if on_gpu else 0
        self.letters = Letters(self)
        self._tables: dict[Any, Tensor] = {}

    def put(self, array: NDArray[Any]) -> Tensor:
        """See `Ops`."""
        if array.dtype == np.uint64:
            array = array.view(np.int64)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype, copy=False)
        return self.tf.constant(array)

    def host(self, tensor: Tensor) -> NDArray[Any]:
        """See `Ops`."""
        return np.asarray(tensor)

    def host_later(self, tensor: Tensor) -> Handle:
        """See `Ops`; TensorFlow has no copy that does not wait, but by then it is computed."""
        return lambda: np.asarray(tensor)

    def mark(self) -> Callable[[], None]:
        """See `Ops`; TensorFlow keeps the order itself."""
        return nothing

    def zeros(self, shape: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return self.tf.zeros(tuple(shape), self.dtype)

    def concat(self, tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
        """See `Ops`."""
        return self.tf.concat(list(tensors), axis)

    def reshape(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return self.tf.reshape(tensor, tuple(shape))

    def take(self, tensor: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """See `Ops`."""
        first = int(rows[0])
        if (np.diff(rows) == 1).all():
            whole = first == 0 and len(rows) == tensor.shape[0]
            return tensor if whole else tensor[first : first + len(rows)]
        return self.tf.gather(tensor, rows)

    def sum(self, tensor: Tensor, axis: int) -> Tensor:
        """See `Ops`."""
        return self.tf.reduce_sum(tensor, axis)

    def square(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.square(tensor)

    def maximum(self, tensor: Tensor, other: Any) -> Tensor:
        """See `Ops`."""
        return self.tf.maximum(tensor, other)

    def minimum(self, tensor: Tensor, other: Any) -> Tensor:
        """See `Ops`."""
        return self.tf.minimum(tensor, other)

    def where(self, which: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.where(which, one, other)

    def wide(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        made = self.tf.cast(tensor, self.tf.float64)
        return self.tf.where(self.tf.math.is_finite(made), made, self.tf.zeros_like(made))

    def narrow(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.cast(tensor, self.tf.float32)

    def ranks(self, tensor: Tensor, places: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return self.tf.gather(self.tf.sort(tensor, 1), places, axis=1)

    def exp(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.exp(tensor)

    def matmul(self, some: Tensor, others: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.matmul(some, others)

    def transpose(self, tensor: Tensor, axes: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return self.tf.transpose(tensor, tuple(axes))

    def products(self, some: Tensor, others: Tensor) -> Tensor:
        """See `Ops`."""
        if len(some.shape) == 2 and len(others.shape) == 1:
            return self.tf.linalg.matvec(some, others)
        return self.tf.reduce_sum(some * others, -1)

    def weighted(
        self, weights: NDArray[Any], vectors: Sequence[Tensor], before: Tensor | None = None
    ) -> Tensor:
        """See `Ops`."""
        parts = self.tf.split(self.put(weights), [int(one.shape[0]) for one in vectors], 1)
        for one, part in zip(vectors, parts, strict=True):
            made = self.tf.stack([self.tf.linalg.matvec(one, row, transpose_a=True) for row in part])
            before = made if before is None else before + made
        return before

    def gram(self, vectors: Tensor) -> Tensor:
        """See `Ops`."""
        return self.tf.matmul(vectors, vectors, transpose_b=True)

    def fold(self, vectors: Tensor, signs: Tensor | None = None) -> Tensor:
        """See `Ops`."""
        size = int(vectors.shape[1])
        if size <= folding.LENGTH:
            return vectors
        signs = self._table("signs", size) if signs is None else signs
        return self.tf.add_n([vectors[:, part] * signs[i] for i, part in enumerate(folding.parts(size))])

    def signs(self, factor: Tensor) -> Tensor:
        """See `Ops`."""
        size = int(factor.shape[0])
        return self.tf.stack([factor[part] for part in folding.parts(size)]) * self._table("signs", size)

    def steps(self, vectors: Tensor, order: NDArray[np.int64]) -> Tensor:
        """See `Ops`."""
        ordered = self.tf.gather(vectors, order)
        apart = ordered[1:] - ordered[:-1]
        return self.tf.concat([self.products(apart, apart), self.products(apart[1:], apart[:-1])], 0)

    def along(
        self, lines: Sequence[tuple[Tensor, Tensor, NDArray[Any]]], room: Tensor | None = None
    ) -> Tensor:
        """See `Ops`; tensors cannot be written to."""
        size = int(lines[0][0].shape[1])
        made = [
            self.tf.reshape(start + self.put(t)[:, :, None] * step[:, None], (-1, size))
            for start, step, t in lines
        ]
        return made[0] if len(made) == 1 else self.tf.concat(made, 0)

    def append(self, room: Tensor | None, count: int, vectors: Tensor, most: int) -> Tensor:
        """See `Ops`; tensors cannot be written to, so that a room is a list of blocks."""
        room = room or _Blocks(self.tf)
        room.add(vectors)
        return room

    def blend(self, one: Tensor, weight: Tensor, other: Tensor, others_weight: Tensor) -> Tensor:
        """See `Ops`."""
        return one * weight + other * others_weight

    def add_rows(self, tensor: Tensor, start: int, rows: Tensor) -> Tensor:
        """See `Ops`."""
        stop = start + int(rows.shape[0])
        return self.tf.concat([tensor[:start], tensor[start:stop] + rows, tensor[stop:]], 0)

    def draw(self, keys: NDArray[np.uint64], size: int, normal: bool) -> Tensor:
        """See `Ops`."""
        tf = self.tf
        z = self._hashed(self.put(keys)[:, None] + self._table("counters", -(-size // 4)))
        picks = tf.reshape(tf.bitcast(z, tf.int16), (len(keys), -1))
        if picks.shape[1] != size:
            picks = picks[:, :size]
        if normal:
            return tf.gather(self._table("normal"), tf.cast(picks, tf.int32) + 32768)
        return (tf.cast(picks, self.dtype) + 0.5) * (1 / 32768)

    def _hashed(self, z: Tensor) -> Tensor:
        bits = self.tf.bitwise
        for shift, factor in counter_rng.SIGNED_ROUNDS:
            # what is shifted in is the sign
            moved = bits.bitwise_and(bits.right_shift(z, np.int64(shift)), np.int64((1 << (64 - shift)) - 1))
            z = bits.bitwise_xor(z, moved)
            if factor:
                z = z * np.int64(factor)
        return bits.bitwise_xor(z, np.int64(counter_rng.SIGN_BITS))

    def _table(self, name: str, size: int = 0) -> Tensor:
        if (name, size) not in self._tables:
            self._tables[name, size] = self.put(table(name, size))
        return self._tables[name, size]
