"""Vector operations in torch, on the model's device."""

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
_IN_CACHE = 1 << 17  # numbers that are hashed at a time on a processor, so that they stay in its cache


class TorchOps:
    """See `Ops`."""

    def __init__(self, device: Any, dtype: Any = np.float32) -> None:
        import torch

        self.torch = torch
        self.device = torch.device(device)
        self.dtype = np.dtype(dtype)
        self.float = torch.float64 if self.dtype == np.float64 else torch.float32
        self._on_processor = self.device.type == "cpu"
        self.lag = 0 if self._on_processor else 1
        self.letters = Letters(self)
        self._tables: dict[Any, Tensor] = {}

    def put(self, array: NDArray[Any]) -> Tensor:
        """See `Ops`."""
        if array.dtype == np.uint64:
            array = array.view(np.int64)
        if array.dtype.kind == "f":
            array = array.astype(self.dtype, copy=False)
        if not (array.flags.writeable and array.flags.c_contiguous):
            array = array.copy()
        tensor = self.torch.from_numpy(array)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def host(self, tensor: Tensor) -> NDArray[Any]:
        """See `Ops`."""
        found: NDArray[Any] = tensor.detach().to("cpu").numpy()
        return found

    def host_later(self, tensor: Tensor) -> Handle:
        """See `Ops`."""
        if self.device.type != "cuda":
            return lambda: self.host(tensor)
        room = self.torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        room.copy_(tensor, non_blocking=True)
        arrived = self.torch.cuda.Event()
        arrived.record(self.torch.cuda.current_stream(self.device))

        def wait() -> NDArray[Any]:
            arrived.synchronize()
            found: NDArray[Any] = room.numpy()
            return found

        return wait

    def mark(self) -> Callable[[], None]:
        """See `Ops`."""
        if self.device.type != "cuda":
            return nothing
        event, cuda = self.torch.cuda.Event(), self.torch.cuda
        event.record(cuda.current_stream(self.device))
        return lambda: cuda.current_stream(self.device).wait_event(event)

    def zeros(self, shape: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return self.torch.zeros(tuple(shape), dtype=self.float, device=self.device)

    def concat(self, tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
        """See `Ops`."""
        return self.torch.cat(tuple(tensors), axis)

    def reshape(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return tensor.reshape(tuple(shape))

    def take(self, tensor: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """See `Ops`."""
        first = int(rows[0])
        if (np.diff(rows) == 1).all():
            return tensor[first : first + len(rows)]
        return tensor.index_select(0, self.put(rows))

    def sum(self, tensor: Tensor, axis: int) -> Tensor:
        """See `Ops`."""
        return tensor.sum(axis)

    def square(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return tensor * tensor

    def maximum(self, tensor: Tensor, other: Any) -> Tensor:
        """See `Ops`."""
        return tensor.clamp(min=other)

    def minimum(self, tensor: Tensor, other: Any) -> Tensor:
        """See `Ops`."""
        return tensor.clamp(max=other)

    def where(self, which: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """See `Ops`."""
        return self.torch.where(which, one, other)

    def wide(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        made = tensor if self.device.type == "mps" else tensor.double()
        return made.nan_to_num(0.0, 0.0, 0.0)

    def narrow(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return tensor.float()

    def ranks(self, tensor: Tensor, places: Sequence[int]) -> Tensor:
        """See `Ops`."""
        if self._on_processor:  # partition takes a tenth of the time of sorting
            return self.torch.from_numpy(np.partition(tensor.numpy(), places, axis=1)[:, places])
        return tensor.sort(1).values[:, places]

    def exp(self, tensor: Tensor) -> Tensor:
        """See `Ops`."""
        return tensor.exp()

    def matmul(self, some: Tensor, others: Tensor) -> Tensor:
        """See `Ops`."""
        return some @ others

    def transpose(self, tensor: Tensor, axes: Sequence[int]) -> Tensor:
        """See `Ops`."""
        return tensor.permute(tuple(axes))

    def products(self, some: Tensor, others: Tensor) -> Tensor:
        """See `Ops`."""
        if others.dim() == 1 and some.dim() == 2:
            return some @ others
        if others is some:
            return self.torch.linalg.vector_norm(some, dim=-1).square()
        return (some * others).sum(-1)

    def weighted(
        self, weights: NDArray[Any], vectors: Sequence[Tensor], before: Tensor | None = None
    ) -> Tensor:
        """See `Ops`."""
        if before is None:
            before = self.zeros((len(weights), int(vectors[0].shape[1])))
        parts = self.put(weights).split([len(one) for one in vectors], 1)
        for part, one in zip(parts, vectors, strict=True):
            if self._on_processor:
                before.addmm_(part, one)
                continue
            for total, mine in zip(before, part, strict=True):  # no TF32, as a product of matrices may be
                total.addmv_(one.T, mine)
        return before

    def gram(self, vectors: Tensor) -> Tensor:
        """See `Ops`."""
        return vectors @ vectors.T

    def fold(self, vectors: Tensor, signs: Tensor | None = None) -> Tensor:
        """See `Ops`."""
        size = int(vectors.shape[1])
        if size <= folding.LENGTH:
            return vectors
        first, *others = folding.parts(size)
        signs = self._table("signs", size) if signs is None else signs
        made = vectors[:, first] * signs[0]
        for part, sign in zip(others, signs[1:], strict=True):
            made.addcmul_(vectors[:, part], sign)
        return made

    def signs(self, factor: Tensor) -> Tensor:
        """See `Ops`."""
        signs = self._table("signs", len(factor))
        return self.torch.stack([factor[part] for part in folding.parts(len(factor))]).mul_(signs)

    def steps(self, vectors: Tensor, order: NDArray[np.int64]) -> Tensor:
        """See `Ops`."""
        apart = vectors.index_select(0, self.put(order)).diff(dim=0)
        return self.torch.cat([self.products(apart, apart), self.products(apart[1:], apart[:-1])])

    def along(
        self, lines: Sequence[tuple[Tensor, Tensor, NDArray[Any]]], room: Tensor | None = None
    ) -> Tensor:
        """See `Ops`."""
        each = self.put(np.concatenate([t.reshape(-1) for _, _, t in lines]))
        size = int(lines[0][0].shape[1])
        if room is not None and len(room) >= len(each):
            made = room[: len(each)]
        else:
            made = self.torch.empty((len(each), size), dtype=self.float, device=self.device)
        at = 0
        for start, step, t in lines:
            part = slice(at, at + t.size)
            self.torch.addcmul(
                start[None], each[part].view(*t.shape, 1), step[:, None], out=made[part].view(*t.shape, size)
            )
            at = part.stop
        return made

    def append(self, room: Tensor | None, count: int, vectors: Tensor, most: int) -> Tensor:
        """See `Ops`."""
        if room is None:
            room = vectors.new_empty((most, vectors.shape[1]))
        room[count : count + len(vectors)] = vectors
        return room

    def blend(self, one: Tensor, weight: Tensor, other: Tensor, others_weight: Tensor) -> Tensor:
        """See `Ops`."""
        return self.torch.addcmul(one * weight, other, others_weight)

    def add_rows(self, tensor: Tensor, start: int, rows: Tensor) -> Tensor:
        """See `Ops`."""
        tensor[start : start + len(rows)] += rows
        return tensor

    def draw(self, keys: NDArray[np.uint64], size: int, normal: bool) -> Tensor:
        """See `Ops`."""
        hashes = -(-size // 4)
        many, made = (
            self.put(keys)[:, None],
            self.torch.empty((len(keys), size), dtype=self.float, device=self.device),
        )
        at_once = max(1, _IN_CACHE // hashes) if self._on_processor else len(keys)
        for start in range(0, len(keys), at_once):
            part = slice(start, start + at_once)
            self._numbers(many[part], hashes, size, normal, made[part])
        return made

    def _numbers(self, keys: Tensor, hashes: int, size: int, normal: bool, out: Tensor) -> None:
        torch = self.torch
        z = keys + self._table("counters", hashes)
        for shift, factor in counter_rng.SIGNED_ROUNDS:
            z ^= (z >> shift).bitwise_and_((1 << (64 - shift)) - 1)  # what is shifted in is the sign
            if factor:
                z *= factor
        z ^= counter_rng.SIGN_BITS  # four numbers from -32768 on
        picks = z.view(torch.int16)[:, :size]
        if normal:
            places = picks.to(torch.int32).add_(32768)
            torch.index_select(self._table("normal"), 0, places.reshape(-1), out=out.view(-1))
        else:
            out.copy_(picks).add_(0.5).mul_(1 / 32768)

    def _table(self, name: str, size: int = 0) -> Tensor:
        if (name, size) not in self._tables:
            self._tables[name, size] = self.put(table(name, size).copy())
        return self._tables[name, size]
