"""What algorithms may do with vectors, wherever these live.

Arithmetic, comparison and slicing are the tensors' own operators, which are the same in numpy, torch and TensorFlow; everything
else is here. Only `Ops.host` and opened `Letters` bring numbers to the host.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tensor = Any
"""numpy.ndarray, torch.Tensor or tf.Tensor."""
Handle = Callable[[], NDArray[Any]]


def nothing() -> None:
    """Wait for nothing, where nothing is computed beside the host."""


class Ops(Protocol):
    """One library of tensors, on one device.

    Attributes
    ----------
    dtype : numpy.dtype
        Of vectors: float32 or float64.
    lag : int
        Batches of letters that may be on their way while the next chunk is begun; 0 where nothing is gained by it.
    letters : Letters
    """

    dtype: np.dtype[Any]
    lag: int
    letters: Letters

    def put(self, array: NDArray[Any]) -> Tensor:
        """Bring an array to the device."""

    def host(self, tensor: Tensor) -> NDArray[Any]:
        """Bring a tensor to the host; on a GPU this waits for it."""

    def host_later(self, tensor: Tensor) -> Handle:
        """Begin to bring a tensor to the host, and return what waits for it."""

    def mark(self) -> Callable[[], None]:
        """Return what has another thread's work on the device wait until all that was asked for so far is done."""

    def zeros(self, shape: Sequence[int]) -> Tensor:
        """Return zeros."""

    def concat(self, tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
        """Put tensors one after the other."""

    def reshape(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """Return a tensor in another shape."""

    def take(self, tensor: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return some rows."""

    def sum(self, tensor: Tensor, axis: int) -> Tensor:
        """Add up along an axis."""

    def square(self, tensor: Tensor) -> Tensor:
        """Square."""

    def maximum(self, tensor: Tensor, other: Any) -> Tensor:
        """Return the larger of each two."""

    def minimum(self, tensor: Tensor, other: Any) -> Tensor:
        """Return the smaller of each two."""

    def where(self, which: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return one tensor's numbers where something holds, else the other's; sides of 1 are stretched."""

    def wide(self, tensor: Tensor) -> Tensor:
        """Return float64 (float32 where the device has no other), with 0 for what is NaN or infinite."""

    def narrow(self, tensor: Tensor) -> Tensor:
        """Return float32."""

    def ranks(self, tensor: Tensor, places: Sequence[int]) -> Tensor:
        """Return the numbers of each row that are at these places in order of size, (B, N) -> (B, places)."""

    def exp(self, tensor: Tensor) -> Tensor:
        """Return e to the power of each."""

    def matmul(self, some: Tensor, others: Tensor) -> Tensor:
        """Multiply matrices, (..., I, K) and (..., K, J)."""

    def transpose(self, tensor: Tensor, axes: Sequence[int]) -> Tensor:
        """Return the tensor with its axes in this order."""

    def products(self, some: Tensor, others: Tensor) -> Tensor:
        """Return the products of vectors with vectors, (..., D) -> (...)."""

    def weighted(
        self, weights: NDArray[Any], vectors: Sequence[Tensor], before: Tensor | None = None
    ) -> Tensor:
        """Return weighted sums of vectors, (S, N) and (n, D) each, N in all -> (S, D), added to others, which may be used up."""

    def gram(self, vectors: Tensor) -> Tensor:
        """Return the products of all vectors with all, (N, D) -> (N, N)."""

    def fold(self, vectors: Tensor, signs: Tensor | None = None) -> Tensor:
        """Return short vectors with nearly the same distances and products, see `folding`; short ones as they are.

        With ``signs`` of a factor they are folded as if multiplied with it.
        """

    def signs(self, factor: Tensor) -> Tensor:
        """Return the signs of long vectors times a factor, (D,), for `fold`."""

    def steps(self, vectors: Tensor, order: NDArray[np.int64]) -> Tensor:
        """Return what is between vectors in this order: squared steps and products of each step with the next, (2 N - 3,)."""

    def along(
        self, lines: Sequence[tuple[Tensor, Tensor, NDArray[Any]]], room: Tensor | None = None
    ) -> Tensor:
        """Return points on lines, one after the other, (R, D): start + t * step.

        Each of lines is (1, D), (L, D) and (L, K): L lines through one point, with K points each. They may be written where
        earlier ones are, which nobody reads any more.
        """

    def append(self, room: Tensor | None, count: int, vectors: Tensor, most: int) -> Tensor:
        """Put vectors behind the first ``count`` of those in a room; the first ones into a new one for so many."""

    def blend(self, one: Tensor, weight: Tensor, other: Tensor, others_weight: Tensor) -> Tensor:
        """Return the sum of two tensors times their weights."""

    def add_rows(self, tensor: Tensor, start: int, rows: Tensor) -> Tensor:
        """Return the tensor with rows added to its own from ``start`` on; the tensor may be used up."""

    def draw(self, keys: NDArray[np.uint64], size: int, normal: bool) -> Tensor:
        """Draw numbers for every key, (K, size): standard normal, or uniform in [-1, 1]; see `counter_rng`."""


class Letters:
    """Scalars on their way from the device to the host, in the order in which they were sent.

    Parameters
    ----------
    ops : Ops
    """

    def __init__(self, ops: Any) -> None:
        self._ops = ops
        self._unsent: list[tuple[Tensor, Callable[[NDArray[np.float64]], None]]] = []
        self._flying: deque[tuple[Handle, list[Any], list[int]]] = deque()

    def send(self, tensor: Tensor, opened: Callable[[NDArray[np.float64]], None]) -> None:
        """Send numbers, (N,), to be handed to ``opened``."""
        self._unsent.append((tensor, opened))

    def post(self) -> None:
        """Begin to bring over all that was sent, together."""
        if not self._unsent:
            return
        unsent, self._unsent = self._unsent, []
        tensors = [tensor for tensor, _ in unsent]
        together = tensors[0] if len(tensors) == 1 else self._ops.concat(tensors)
        sizes = [int(tensor.shape[0]) for tensor in tensors]
        self._flying.append((self._ops.host_later(together), [opened for _, opened in unsent], sizes))

    def open(self, leave: int = 0) -> None:
        """Wait for letters and hand them over, but for the newest batches."""
        if leave == 0:
            self.post()
        while len(self._flying) > leave:
            handle, callbacks, sizes = self._flying.popleft()
            numbers = np.asarray(handle(), np.float64)
            start = 0
            for opened, size in zip(callbacks, sizes, strict=True):
                opened(numbers[start : start + size])
                start += size
