"""Random numbers as a pure function of (seed, sample, draw).

A counter-based generator (SplitMix64; Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014): the i-th number of a key is a hash of key and i. Nothing is drawn from any stream, so a picture depends
neither on the order of evaluation, nor on the chunk, nor on the other samples of the batch; and the same integers come
out of numpy, torch and TensorFlow. Each 64-bit hash gives four 16-bit numbers; normal ones are read from a table of
65,536 quantiles (mean 0 and variance 1 to rounding).
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_GOLDEN = 0x9E3779B97F4A7C15
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S1, _S2, _S3 = np.uint64(30), np.uint64(27), np.uint64(31)
SIGNED_ROUNDS = ((30, 0xBF58476D1CE4E5B9 - (1 << 64)), (27, 0x94D049BB133111EB - (1 << 64)), (31, 0))
"""Shifts, and factors as signed numbers, for libraries that know no unsigned ones."""
SIGN_BITS = 0x8000800080008000 - (1 << 64)
"""Flipped, the four 16-bit numbers of a hash are signed ones, 32768 less."""
_BLOCK = 1 << 15  # numbers hashed at a time, so that the scratch space stays in the cache


def _finish(z: Keys) -> Keys:
    """Scramble in place: SplitMix64's output function."""
    z ^= z >> _S1
    z *= _M1
    z ^= z >> _S2
    z *= _M2
    z ^= z >> _S3
    return z


def mix(*parts: int | NDArray[Any]) -> Keys:
    """Hash any number of integers (broadcast against each other) into keys."""
    key = np.zeros(np.broadcast_shapes(*(np.shape(part) for part in parts)), np.uint64)
    golden = np.uint64(_GOLDEN)
    for part in parts:
        number = np.uint64(part & 0xFFFFFFFFFFFFFFFF) if isinstance(part, int) else part.astype(np.uint64)
        key = _finish(np.atleast_1d((key ^ number) + golden)).reshape(key.shape)
    return key


def sample_keys(inputs: Sequence[NDArray[Any]], index: Sequence[int | str] | None) -> Keys:
    """Give every sample its key: its index in the data set where known, else a hash of its content."""
    rows = len(inputs[0])
    if index is None:
        digests = [
            _digest(b"".join(np.ascontiguousarray(x[row]).tobytes() for x in inputs)) for row in range(rows)
        ]
    else:
        digests = [_digest(f"{type(item).__name__[:3]}:{item}".encode()) for item in index]
    return np.array(digests, np.uint64)


def _digest(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


@functools.lru_cache(maxsize=16)
def counters(hashes: int) -> Keys:
    """Return what is added to a key for each of its hashes."""
    return np.arange(1, hashes + 1, dtype=np.uint64) * np.uint64(_GOLDEN)


@functools.lru_cache(maxsize=1)
def normal_table() -> NDArray[np.float32]:
    """Quantiles of the standard normal at (i + 1/2) / 65536, scaled to variance 1; antisymmetric."""
    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((i + 0.5) / 65536) for i in range(32768, 65536)])
    upper /= np.sqrt(np.mean(upper**2))
    return np.concatenate([-upper[::-1], upper]).astype(np.float32)


@functools.lru_cache(maxsize=1)
def centred_table() -> NDArray[np.float32]:
    """Midpoints of 65,536 equal cells of [-1, 1]; antisymmetric."""
    return ((np.arange(65536) - 32767.5) / 32768).astype(np.float32)


def draw(
    keys: Keys, size: int, table: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Draw ``size`` numbers for every key, (K,) -> (K, size) float32, through a table of quantiles."""
    hashes = -(-size // 4)
    steps = counters(hashes)
    if out is None:
        out = np.empty((len(keys), size), np.float32)
    step = max(1, _BLOCK // hashes)
    for start in range(0, len(keys), step):
        block = _finish(keys[start : start + step, None] + steps)
        picks = block.astype("<u8", copy=False).view("<u2")
        np.take(table, picks[:, :size], out=out[start : start + step], mode="clip")
    return out
