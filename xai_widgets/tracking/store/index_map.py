"""From the names of instances to their places in the columns.

Positions in a data set (0 .. N-1) are their own places: no table, no look-up, however many there are. Other integers are
found in a hash table, strings in a dictionary.

Numbers are taken for positions while at least a quarter of their range is used. In the first epoch, whose rows come in any
order, a sixteenth is enough: the rest may be on its way. Where it turns out otherwise, `repack` says which place moves
where; a place changes in no other way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.number_table import NumberTable

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int64]
DENSE_LIMIT = 1 << 20
"""Ranges up to this are taken for positions however few are used: columns are small enough."""
SPREAD, FIRST_SPREAD = 4, 16
"""By how much the range may be larger than the count; and in the first epoch."""


class IndexMap:
    """Gives every instance a place.

    Attributes
    ----------
    size
        Number of places; not all have an instance.
    room
        How long arrays by place are best made, at least `size`: so that they are copied seldom while instances come in.
    """

    def __init__(self) -> None:
        self.size = self.room = 0
        self._dense = True
        self._known = np.zeros(0, bool)  # while dense: which places have an instance; nothing where all have
        self._complete, self._marked = False, 0
        self._allowed = DENSE_LIMIT
        self._spread = FIRST_SPREAD
        self._become_sparse()

    def _become_sparse(self) -> None:
        self._table = NumberTable()
        self._numbers = np.zeros(0, np.int64)  # by place
        self._low, self._high = 0, -1  # least and largest of them
        self._by_name: dict[Any, int] = {}  # strings, and integers beyond 63 bits
        self._name_at: dict[int, Any] = {}
        self._before: Places | None = None  # places known when it ceased to be dense, where there were holes
        self._dense_size = 0

    @property
    def nbytes(self) -> int:
        """Bytes held (the dictionaries estimated)."""
        numbers = 0 if self._dense else self._table.nbytes + self._numbers.nbytes
        before = 0 if self._before is None else self._before.nbytes
        return self._known.nbytes + numbers + before + 220 * len(self._by_name)

    @property
    def count(self) -> int:
        """How many instances are known."""
        if self._dense:
            return self.size if self._complete else int(np.count_nonzero(self._known))
        return self.size if self._before is None else self.size - self._dense_size + self._before.size

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
            top = int(index.max()) + 1
            if int(index.min()) >= 0 and (top <= self._allowed or self._allow(top, index.size)):
                return self._place_dense(index, top)
            self._leave_dense()
        return self._place_sparse(index.astype(np.int64, copy=False))

    def find(self, index: Array | list[Any]) -> Places:
        """Places of a batch; -1 where an instance is unknown."""
        if isinstance(index, list):
            return np.array([self._find_one(i) for i in index], np.int64)
        index = index.astype(np.int64, copy=False)
        if not self._dense:
            return self._table.find(np.ascontiguousarray(index))
        inside = (index >= 0) & (index < self.size)
        if not self._complete:
            inside[inside] = self._known[index[inside]]
        return np.where(inside, index, -1)

    def known(self) -> Places:
        """Places that have an instance, in their order."""
        if self._dense:
            return np.arange(self.size) if self._complete else np.flatnonzero(self._known)
        if self._before is None:
            return np.arange(self.size)
        return np.concatenate([self._before, np.arange(self._dense_size, self.size)])

    def names(self, places: Array) -> list[Any]:
        """Names of the instances at `places`."""
        if self._dense:
            plain: list[Any] = places.tolist()
            return plain
        numbers: list[Any] = self._numbers[places].tolist()
        if not self._name_at:
            return numbers
        return [self._name_at.get(p, number) for p, number in zip(places.tolist(), numbers, strict=True)]

    def column(self, places: Array) -> Array:
        """Names of the instances at `places`: int64, or an object array where there are strings."""
        if self._dense:
            return places.astype(np.int64)
        return as_column(self.names(places)) if self._name_at else self._numbers[places]

    def repack(self, epoch_ended: bool) -> tuple[Places, Places] | None:
        """Change to positions, or away from them, where the numbers seen so far are found to be such.

        Parameters
        ----------
        epoch_ended
            Whether an epoch has just ended: all numbers that would come in one may have.

        Returns
        -------
        tuple of arrays or None
            Old places, and the new ones of the same instances; None where nothing moves.
        """
        if epoch_ended:
            self._spread, self.room = SPREAD, self.size
        if self._dense:
            if not epoch_ended or self.size <= max(DENSE_LIMIT, SPREAD * self.count):
                return None
            old = self.known()
            self._dense, self._known, self.size, self.room = False, np.zeros(0, bool), 0, 0
            self._append(old)
            self._table.put(old, np.arange(old.size))
            return old, np.arange(old.size)
        if self._by_name or self._low < 0 or not DENSE_LIMIT < self._high < self._spread * self.count:
            return None
        old = self.known()
        numbers = self._numbers[old]
        self._become_sparse()
        self._dense, self.size, self.room, self._complete, self._marked = True, 0, 0, False, 0
        self._known = np.zeros(0, bool)
        self._allowed = self._spread * old.size
        self._place_dense(numbers, int(numbers.max()) + 1)
        return old, numbers

    def state(self) -> dict[str, Any]:
        """Everything, to be saved."""
        places = self.known() if not self._dense else np.zeros(0, np.int64)
        if self._name_at:
            places = places[~np.isin(places, list(self._name_at))]
        known = np.ones(self.size, bool) if self._dense and self._complete else self._known[: self.size]
        return {
            "size": self.size,
            "dense": self._dense,
            "known": np.packbits(known),
            "room": known.size,
            "keys": self._numbers[places],
            "key_places": places,
            "names": list(self._by_name),
            "name_places": np.fromiter(self._by_name.values(), np.int64),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> IndexMap:
        """Make a map of what `state` gave; ValueError when it is not what a map gives."""
        found = cls()
        size, room, names = state["size"], state["room"], state["names"]
        known = npz.checked(state["known"], "u")
        keys = npz.checked(state["keys"], "i").astype(np.int64)
        key_places = npz.checked(state["key_places"], "i", keys.size)
        name_places = npz.checked(state["name_places"], "i", len(names))
        if type(size) is not int or type(room) is not int or not 0 <= room <= 8 * known.size:
            raise ValueError("its sizes are no numbers, or too large")
        found.size = found.room = size
        found._dense, found._spread = state["dense"] is True, SPREAD
        if found._dense:
            found._known = np.unpackbits(known, count=room).astype(bool)
            if size != room or keys.size or names:
                raise ValueError("positions are not as many as it says")
            found._allowed = max(DENSE_LIMIT, size)
            found._complete = bool(found._known.all())
            found._known = found._known[: 0 if found._complete else size].copy()
            return found
        places = np.sort(np.concatenate([key_places, name_places]).astype(np.int64))
        if (places[1:] == places[:-1]).any() or places.min(initial=0) < 0 or places.max(initial=-1) >= size:
            raise ValueError("places of its instances are none, or there twice")
        if size > 2 * DENSE_LIMIT + FIRST_SPREAD * places.size:
            raise ValueError(f"it has {places.size} instances in {size} places")
        found._dense_size, found._before = size, None if places.size == size else places
        found._numbers = np.zeros(size, np.int64)
        found._numbers[key_places] = keys
        found._low, found._high = int(keys.min(initial=0)), int(keys.max(initial=-1))
        found._table.put(keys, key_places)
        for name, place in zip(names, name_places.tolist(), strict=True):
            if type(name) not in (int, str):
                raise TypeError("a name of an instance is neither integer nor string")
            if _is_number(name):
                raise ValueError(f"instance {name} lies among the strings")
            found._by_name[name] = place
            found._name_at[place] = name
        if found._table.count != keys.size or len(found._by_name) != len(names):
            raise ValueError("an instance is there twice")
        return found

    def _resize(self, size: int) -> None:
        self.size = size
        if size > self.room:  # in random order the first rows show nearly the whole range
            self.room = max(size + size // 64, self.room + self.room // 4)

    def _allow(self, top: int, more: int) -> bool:
        """Whether a range so large may be positions, with what is known and this batch."""
        allowed = self._spread * (self.count + more)
        if top > allowed:
            return False
        self._allowed = allowed
        return True

    def _place_dense(self, index: Array, top: int) -> Array:
        if top > self.size:
            if self._complete:
                self._known, self._complete, self._marked = np.ones(self.size, bool), False, 0
            self._resize(top)
            if top > self._known.size:
                grown = np.zeros(self.room, bool)
                grown[: self._known.size] = self._known
                self._known = grown
        if not self._complete:
            self._known[index] = True
            # looked at now and then only: an epoch marks most instances, and later epochs need not
            self._marked += index.size
            if self._marked >= self.size:
                self._marked, self._complete = 0, bool(self._known[: self.size].all())
                self._known = self._known[: 0 if self._complete else self.size].copy()
        return index

    def _leave_dense(self) -> None:
        places = self.known()
        self._dense, self._dense_size = False, self.size
        self._before = None if places.size == self.size else places
        self._numbers, self._high = np.arange(self.size), self.size - 1
        self._table.put(places, places)
        self._known = np.zeros(0, bool)

    def _place_sparse(self, index: Places) -> Places:
        places = self._table.find(index)
        missing = np.flatnonzero(places < 0)
        if missing.size:
            places[missing], fresh = self._table.add(index[missing], self.size)
            self._append(fresh)
        return places

    def _append(self, numbers: Places) -> None:
        """Give numbers the next places."""
        end = self.size + numbers.size
        if end > self._numbers.size:
            grown = np.zeros(max(end + end // 64, self.size + self.size // 4), np.int64)
            grown[: self.size] = self._numbers[: self.size]
            self._numbers = grown
        self._numbers[self.size : end] = numbers
        self._low = min(self._low, int(numbers.min(initial=0)))
        self._high = max(self._high, int(numbers.max(initial=-1)))
        self._resize(end)

    def _place_names(self, names: list[Any]) -> Places:
        if self._dense:
            self._leave_dense()
        found = list(map(self._by_name.get, names))
        if None in found:
            missing = [row for row, place in enumerate(found) if place is None]
            fresh = dict.fromkeys(names[row] for row in missing if not _is_number(names[row]))
            known = dict(zip(fresh, range(self.size, self.size + len(fresh)), strict=True))
            self._by_name.update(known)
            self._name_at.update(zip(known.values(), known, strict=True))
            self._append(np.zeros(len(known), np.int64))
            numbers = [row for row in missing if _is_number(names[row])]
            places = self._place_sparse(np.array([names[row] for row in numbers], np.int64))
            for row, place in zip(numbers, places.tolist(), strict=True):
                found[row] = place
            found = [self._by_name[n] if p is None else p for n, p in zip(names, found, strict=True)]
        return np.array(found, np.int64)

    def _find_one(self, name: Any) -> int:
        if _is_number(name):
            return int(self.find(np.array([name], np.int64))[0])
        return self._by_name.get(name, -1)


def _is_number(name: Any) -> bool:
    return isinstance(name, int) and -(2**63) <= name < 2**63


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
