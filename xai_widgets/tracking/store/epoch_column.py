"""One metric of one epoch: a float column with a place per instance, and what happened while it was filled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store import npz

Array = npt.NDArray[Any]
_MIX = 0x9E3779B97F4A7C1
DUPLICATES = ("mean", "last", "max")
_SAVED = (
    *("epoch", "step", "values", "rows", "nan", "inf", "duplicates", "late", "closed", "changes"),
    *("_sum", "_count", "_repeated"),
)


class Column:
    """Values of one metric in one epoch; NaN where an instance was not seen.

    Rows may arrive in any order and any number of parts. A repeated instance is folded by the policy `duplicates`:
    with "mean" a sum and a count are kept from the first repetition on, and only the counts above one afterwards.
    """

    def __init__(self, epoch: int, dtype: np.dtype[Any]) -> None:
        self.epoch = epoch
        self.step = 0
        self.values: Array = np.empty(0, dtype)
        self.rows = self.nan = self.inf = self.duplicates = self.late = 0
        self.closed = False
        self.changes = 0  # grows with every fold: stamps what was computed from the column
        self._sum: npt.NDArray[np.float64] | None = None
        self._count: npt.NDArray[np.int32] | None = None
        self._repeated: tuple[Array, Array] | None = (
            None  # after closing: places seen several times, how often
        )

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        extra = [self._sum, self._count, *(self._repeated or ())]
        return int(self.values.nbytes + sum(a.nbytes for a in extra if a is not None))

    def fold(
        self,
        places: Array,
        values: Array,
        size: int,
        policy: str,
        step: int,
        *,
        distinct: bool,
        new: bool = False,
    ) -> bool:
        """Take rows in.

        Parameters
        ----------
        places
            (B,) integers below `size`, the length that the column gets where it is too short.
        values
            (B,) floats.
        policy
            How repeated instances are folded, one of `DUPLICATES`.
        step
            The training step they are of.
        distinct
            Whether no place is in `places` twice.
        new
            Whether the instances are known to be new: no epoch has values of them.

        Returns
        -------
        bool
            Whether all were of instances not seen in this epoch before.
        """
        self.changes += 1
        self.rows += places.shape[0]
        self.step = max(self.step, step)
        if self.closed:
            self.late += places.shape[0]
        if self.values.shape[0] < size:
            self._grow(size)
        if not np.isfinite(values).all():
            missing = np.isnan(values)
            self.inf += int(np.count_nonzero(np.isinf(values)))
            self.nan += int(np.count_nonzero(missing))
            places, values = places[~missing], values[~missing]
            distinct = distinct or not has_repeats(places)
        # places are sound: nothing is clipped, and none checked
        unseen = None if new else np.isnan(self.values.take(places, mode="clip"))
        if distinct and (unseen is None or unseen.all()):
            self.values[places] = values
            if self._count is not None and self._sum is not None:
                self._count[places], self._sum[places] = 1, values
            return True
        fresh = places if unseen is None else places[unseen]
        self.duplicates += places.shape[0] - np.unique(fresh).shape[0]
        self._fold_repeats(places, values, policy)
        return False

    def withdraw(self, places: Array) -> None:
        """Take back what is at `places`, as if it had never been seen."""
        places = places[places < self.values.shape[0]]
        self.changes += 1
        self.values[places] = np.nan
        if self._count is not None and self._sum is not None:
            self._count[places], self._sum[places] = 0, 0.0
        if self._repeated is not None:
            kept = ~np.isin(self._repeated[0], places)
            self._repeated = (self._repeated[0][kept], self._repeated[1][kept])

    def move(self, old: Array, new: Array, size: int) -> None:
        """Put what is at `old` places at `new` ones."""
        kept = old < self.values.shape[0]
        old, new = old[kept], new[kept]
        for name, filler in (("values", np.nan), ("_sum", 0.0), ("_count", 0)):
            array = getattr(self, name)
            if array is not None:
                moved = np.full(size, filler, array.dtype)
                moved[new] = array[old]
                setattr(self, name, moved)
        if self._repeated is not None:
            moved = np.full(int(old.max(initial=-1)) + 1, -1)
            moved[old] = new
            self._repeated = (moved[self._repeated[0]].astype(np.int32), self._repeated[1])

    def close(self, size: int) -> None:
        """End the epoch: give spare room back, keep only what late rows would need."""
        if self.values.shape[0] > size:
            self.values = self.values[:size].copy()
        if self._count is not None:
            repeated = np.flatnonzero(self._count > 1)
            self._repeated = (repeated.astype(np.int32), self._count[repeated])
        self._sum = self._count = None
        self.closed = True

    def at(self, places: Array) -> Array:
        """Values at `places`, NaN for a place the column does not reach (or a negative one)."""
        inside = (places >= 0) & (places < self.values.shape[0])
        found = np.full(places.shape, np.nan, self.values.dtype)
        found[inside] = self.values[places[inside]]
        return found

    def padded(self, size: int) -> Array:
        """Return the first `size` values, NaN where the column is shorter."""
        if self.values.shape[0] >= size:
            return self.values[:size]
        return np.concatenate([self.values, np.full(size - self.values.shape[0], np.nan, self.values.dtype)])

    def state(self) -> dict[str, Any]:
        """Everything, to be saved."""
        return {name: getattr(self, name) for name in _SAVED}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Column:
        """Make a column of what `state` gave."""
        values = npz.checked(state["values"], "f")
        column = cls(state["epoch"], values.dtype)
        for name in _SAVED:
            setattr(column, name, state[name])
        if (column._sum is None) != (column._count is None):
            raise ValueError("of a column the sums or the counts are missing")
        for kept, kind in ((column._sum, "f"), (column._count, "i")):
            if kept is not None:
                npz.checked(kept, kind, values.shape[0])
        if column._repeated is not None:
            places, counts = column._repeated
            if npz.checked(places, "i").max(initial=-1) >= values.shape[0] or places.min(initial=0) < 0:
                raise ValueError("places of a column are none")
            column._repeated = (places, npz.checked(counts, "i", places.shape[0]))
        return column

    def _grow(self, size: int) -> None:
        have = self.values.shape[0]
        for name, filler in (("values", np.nan), ("_sum", 0.0), ("_count", 0)):
            old = getattr(self, name)
            if old is not None:
                new = np.full(size, filler, old.dtype)
                new[:have] = old
                setattr(self, name, new)

    def _fold_repeats(self, places: Array, values: Array, policy: str) -> None:
        if policy == "last":
            self.values[places] = values
        elif policy == "max":
            np.fmax.at(self.values, places, values.astype(self.values.dtype))
        else:
            total, count = self._counting()
            np.add.at(total, places, values)
            np.add.at(count, places, 1)
            self.values[places] = total[places] / count[places]

    def _counting(self) -> tuple[Array, Array]:
        """Sum and count per place, started at the first repetition."""
        if self._sum is None or self._count is None:
            seen = ~np.isnan(self.values)
            self._count = seen.astype(np.int32)
            if self._repeated is not None:
                self._count[self._repeated[0]] = self._repeated[1]
            self._sum = np.where(seen, self.values, 0).astype(np.float64) * self._count
        return self._sum, self._count


def has_repeats(places: Array) -> bool:
    """Whether a place (B,) occurs more than once; several times as fast as to sort them.

    Each row writes its number into a slot of a small table that stays in the processor's cache, and looks who is in it at
    the end. A row that lost its slot to one of another place is looked at again, with the others that lost.
    """
    kind = np.uint16 if places.size <= 1 << 16 else np.uint32
    bits = (4 * places.size).bit_length()
    table, slots = np.empty(1 << bits, kind), places & ((1 << bits) - 1)
    for _ in range(8):
        rows = np.arange(places.size, dtype=kind)
        table[slots] = rows
        won = table.take(slots, mode="clip")
        lost = np.flatnonzero(won != rows)
        if not lost.size:
            return False
        left = places[lost]
        if (left == places[won[lost]]).any():
            return True
        places = left
        slots = (left.astype(np.int64) * _MIX >> 20) & ((1 << bits) - 1)
    ordered = np.sort(places)
    return bool((ordered[1:] == ordered[:-1]).any())
