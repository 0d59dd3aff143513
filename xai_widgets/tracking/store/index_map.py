"""From the names of instances to their places in the columns.

Positions in a data set (0 .. N-1) are their own places: no table, no look-up. Sparse integers are found in a sorted
array, strings in a dictionary. A place, once given, never changes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
DENSE_LIMIT = 1 << 23
"""Largest index that is taken for a position in a data set; beyond it columns would mostly be holes."""


class IndexMap:
    """Gives every instance a place."""

    def __init__(self) -> None:
        self.size = 0
        self._dense = True
        self._known = np.zeros(0, bool)  # while dense: which places have an instance
        self._complete, self._marked = False, 0
        self._keys = np.zeros(0, np.int64)  # afterwards: sorted integers,
        self._key_places = np.zeros(0, np.int64)  # the place of each,
        self._by_name: dict[Any, int] = {}  # and strings (and integers beyond 63 bits)
        self._names: list[Any] | None = None  # by place; made when asked for

    @property
    def nbytes(self) -> int:
        """Bytes held (the dictionary estimated)."""
        return self._known.nbytes + self._keys.nbytes + self._key_places.nbytes + 120 * len(self._by_name)

    @property
    def count(self) -> int:
        """How many instances are known."""
        return int(np.count_nonzero(self._known)) if self._dense else self._keys.size + len(self._by_name)

    def place(self, index: Array | list[Any]) -> Array:
        """Places of a batch; unknown instances are given one.

        Parameters
        ----------
        index
            (B,) integers, or a list of str and int.

        Returns
        -------
        array
            (B,) integers, possibly `index` itself.
        """
        if isinstance(index, list):
            return self._place_names(index)
        if index.size == 0:
            return np.zeros(0, np.int64)
        if self._dense:
            if int(index.min()) >= 0 and int(index.max()) < DENSE_LIMIT:
                return self._place_dense(index)
            self._leave_dense()
        return self._place_sparse(index.astype(np.int64, copy=False))

    def find(self, index: Array | list[Any]) -> npt.NDArray[np.int64]:
        """Places of a batch; -1 where an instance is unknown."""
        if isinstance(index, list):
            return np.array([self._find_one(i) for i in index], np.int64)
        if not self._dense:
            return self._search(index.astype(np.int64, copy=False))
        inside = (index >= 0) & (index < self._known.size)
        found = np.full(index.shape, -1, np.int64)
        kept = index[inside]
        found[inside] = np.where(self._known[kept], kept, -1)
        return found

    def known(self) -> npt.NDArray[np.int64]:
        """Places that have an instance, in their order."""
        if self._dense:
            return np.flatnonzero(self._known)
        places = np.concatenate([self._key_places, np.fromiter(self._by_name.values(), np.int64)])
        return np.asarray(np.sort(places))

    def names(self, places: Array) -> list[Any]:
        """Names of the instances at `places`."""
        if self._dense:
            plain: list[Any] = places.tolist()
            return plain
        if self._names is None or len(self._names) != self.size:
            self._names = [None] * self.size
            for place, key in zip(self._key_places.tolist(), self._keys.tolist(), strict=True):
                self._names[place] = key
            for name, place in self._by_name.items():
                self._names[place] = name
        names = self._names
        return [names[p] for p in places.tolist()]

    def column(self, places: Array) -> Array:
        """Names of the instances at `places`: int64, or an object array where there are strings."""
        return places.astype(np.int64) if self._dense else as_column(self.names(places))

    def state(self) -> dict[str, Any]:
        """Everything, to be saved."""
        return {
            "size": self.size,
            "dense": self._dense,
            "known": np.packbits(self._known),
            "room": self._known.size,
            "keys": self._keys,
            "key_places": self._key_places,
            "names": list(self._by_name),
            "name_places": np.fromiter(self._by_name.values(), np.int64),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> IndexMap:
        """Make a map of what `state` gave."""
        found = cls()
        found.size, found._dense = state["size"], state["dense"]
        found._known = np.unpackbits(state["known"], count=state["room"]).astype(bool)
        found._keys, found._key_places = state["keys"], state["key_places"]
        found._by_name = dict(zip(state["names"], state["name_places"].tolist(), strict=True))
        return found

    def _place_dense(self, index: Array) -> Array:
        top = int(index.max()) + 1
        if top > self._known.size:
            grown = np.zeros(top, bool)
            grown[: self._known.size] = self._known
            self._known, self._complete = grown, False
        self.size = max(self.size, top)
        if not self._complete:
            self._known[index] = True
            # looked at now and then only: an epoch marks most instances, and later epochs need not
            self._marked += index.size
            if self._marked >= self._known.size:
                self._marked, self._complete = 0, bool(self._known.all())
        return index

    def _leave_dense(self) -> None:
        self._keys = np.flatnonzero(self._known)
        self._key_places = self._keys.copy()
        self._known = np.zeros(0, bool)
        self._dense = False

    def _search(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self._keys.size == 0:
            return np.full(index.shape, -1, np.int64)
        at = np.minimum(np.searchsorted(self._keys, index), self._keys.size - 1)
        return np.where(self._keys[at] == index, self._key_places[at], -1)

    def _place_sparse(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        places = self._search(index)
        if places.min() < 0:
            fresh = np.unique(index[places < 0])
            fresh_places = np.arange(self.size, self.size + fresh.size)
            at = np.searchsorted(self._keys, fresh)
            self._keys = np.insert(self._keys, at, fresh)
            self._key_places = np.insert(self._key_places, at, fresh_places)
            self.size += fresh.size
            places = self._search(index)
        return places

    def _place_names(self, names: list[Any]) -> npt.NDArray[np.int64]:
        if self._dense:
            self._leave_dense()
        places = np.empty(len(names), np.int64)
        known = self._by_name
        for row, name in enumerate(names):
            place = known.get(name)
            if place is None:
                if type(name) is int and -(2**63) <= name < 2**63:
                    place = int(self._place_sparse(np.array([name], np.int64))[0])
                else:
                    place = known[name] = self.size
                    self.size += 1
            places[row] = place
        return places

    def _find_one(self, name: Any) -> int:
        if isinstance(name, int) and -(2**63) <= name < 2**63:
            return int(self.find(np.array([name], np.int64))[0])
        return self._by_name.get(name, -1)


def as_column(names: list[Any]) -> Array:
    """Names as an int64 array, or an object array where there are strings (or integers beyond 63 bits)."""
    try:
        if not any(isinstance(name, str) for name in names[:1]):
            column = np.array(names)
            if column.dtype == np.int64:
                return column
    except (ValueError, OverflowError):
        pass
    column = np.empty(len(names), object)
    column[:] = names
    return column if names else np.zeros(0, np.int64)
