"""Names of samples as numbers: a collate function makes tensors of them, and drops or refuses text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

BYTES = 128  # of a name that is not known beforehand
WORD = 8  # bytes in a number


def encode(name: Any, size: int = BYTES) -> Any:
    """Return a name as `size` / 8 whole numbers that `decode` reads again; an integer as it is.

    A longer name is cut, and ends with a hash of the whole.
    """
    if isinstance(name, (int, np.integer)) or not isinstance(name, (str, bytes)):
        return name
    data = name.encode() if isinstance(name, str) else name
    if len(data) > size:
        end = hashlib.blake2b(data, digest_size=8).hexdigest().encode()
        data = data[: size - len(end)].decode("utf-8", "ignore").encode() + end
    return np.frombuffer(data.ljust(size, b"\0"), np.int64).tolist()


def decode(index: Any) -> Any:
    """Return the names in the index of a batch: (B,) integers as they are, (B, K) numbers as texts."""
    if getattr(index, "ndim", 1) < 2:
        return index
    array = np.ascontiguousarray(index.cpu().numpy() if hasattr(index, "cpu") else index, dtype=np.int64)
    return [row.tobytes().rstrip(b"\0").decode("utf-8", "replace") for row in array]


def width(names: list[Any]) -> int:
    """Return how many bytes the longest of some names takes, in whole numbers."""
    longest = max((len(str(name).encode()) for name in names), default=1)
    return WORD * max(2, -(-longest // WORD))  # one number alone would look like an integer


class Encoded:
    """A key whose names are numbers; a class, so that worker processes can be given it."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __call__(self, sample: Any) -> Any:
        """Return the name of a sample."""
        return encode(self.read(sample))
