"""What earlier calls found out, for the same weights, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Kept = TypeVar("Kept")


class Cache:
    """Least recently used entries go first; everything goes when the weights change.

    Parameters
    ----------
    limit : int
        Bytes; what entries say of themselves by ``nbytes``, read anew whenever room is made, as they grow.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        self._weights: Hashable = None

    def use_weights(self, version: Hashable) -> None:
        """Drop everything unless it was found with these weights."""
        if version != self._weights:
            self._entries.clear()
            self._weights = version

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()

    def get(self, key: Hashable) -> Any:
        """Return an entry or None."""
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def get_or_make(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return an entry, made where it is not there."""
        found: Kept | None = self.get(key)
        if found is None:
            found = self._entries[key] = make()
        return found

    def put(self, key: Hashable, entry: Any) -> None:
        """Keep an entry."""
        self._entries[key] = entry
        self._entries.move_to_end(key)

    def trim(self) -> None:
        """Make room: drop what was used longest ago until the limit is kept."""
        total = self.nbytes
        while total > self.limit and self._entries:
            _, entry = self._entries.popitem(last=False)
            total -= entry.nbytes

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(entry.nbytes for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
