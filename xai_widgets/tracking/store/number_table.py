"""A hash table from 64-bit numbers to places, looked up and filled by whole arrays.

Open addressing with linear probing. Every step of a look-up is done for all numbers at once that still need it, so that
the processor waits for many places in memory at a time.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int64]
_FIRST_BITS = 10
_FULL = 0.6
_GOLDEN, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class NumberTable:
    """Places of different numbers; which slot a number lies in is drawn anew in every process, its place is not."""

    def __init__(self) -> None:
        self.count = 0
        self._seed = np.uint64(secrets.randbits(64))  # so that no numbers can be chosen that all collide
        self._make(_FIRST_BITS)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._keys.nbytes + self._places.nbytes

    def find(self, numbers: Places) -> Places:
        """Places of numbers (B,); -1 where one is unknown."""
        slots = self._slots(numbers)
        found = self._places[slots].astype(np.int64)
        left = np.flatnonzero((self._keys[slots] != numbers) & (found >= 0))
        while left.size:
            slots[left] = at = (slots[left] + 1) & self._mask
            found[left] = places = self._places[at]
            left = left[(self._keys[at] != numbers[left]) & (places >= 0)]
        return found

    def add(self, numbers: Places, first: int) -> tuple[Places, Places]:
        """Give unknown numbers (B,), which may be repeated, places from `first` on.

        Returns
        -------
        tuple of arrays
            The place of each (B,), and the different ones among them in the order of their places.
        """
        rows = first + np.arange(numbers.size)
        slots = self._insert(numbers, rows)
        kept = np.flatnonzero(self._places[slots] == rows)
        self._places[slots[kept]] = first + np.arange(kept.size)
        return self._places[slots].astype(np.int64), numbers[kept]

    def put(self, numbers: Places, places: Array) -> None:
        """Take in different unknown numbers whose places are known."""
        self._insert(numbers, places)

    def _insert(self, numbers: Places, places: Array) -> Places:
        """Find or make a slot for every number, and return the slots; of repeated ones the last has its place there."""
        self._make_room(numbers.size)
        slots = self._slots(numbers)
        left = np.arange(numbers.size)
        while left.size:
            at = slots[left]
            free = self._places[at] < 0
            rows, at_free = left[free], at[free]
            self._places[at_free] = places[rows]
            self._keys[at_free] = numbers[rows]
            self.count += int(np.count_nonzero(self._places[at_free] == places[rows]))
            left = left[self._keys[at] != numbers[left]]
            slots[left] = (slots[left] + 1) & self._mask
        return slots

    def _make_room(self, more: int) -> None:
        bits = self._bits
        while self.count + more > _FULL * (1 << bits):
            bits += 1
        if bits > self._bits:
            held = np.flatnonzero(self._places >= 0)
            keys, places = self._keys[held], self._places[held]
            self._make(bits)
            self.count = 0
            for start in range(0, keys.size, 1 << 20):  # in parts: what a part needs stays small
                self._insert(keys[start : start + (1 << 20)], places[start : start + (1 << 20)])

    def _make(self, bits: int) -> None:
        self._bits, self._mask = bits, (1 << bits) - 1
        self._keys = np.zeros(1 << bits, np.int64)
        self._places = np.full(1 << bits, -1, np.int32)

    def _slots(self, numbers: Places) -> Places:
        mixed = numbers.view(np.uint64) ^ self._seed
        mixed ^= mixed >> np.uint64(32)
        mixed *= _GOLDEN
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
        mixed >>= np.uint64(64 - self._bits)
        return mixed.view(np.int64)
