"""From index values to positions in a data set, and the error for those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.samples._convert import Index, as_index, as_indices


class MissingIndexError(LookupError):
    """Some index values have no sample.

    Attributes
    ----------
    missing : tuple of int or str
        The index values that were asked for and are not there.
    """

    def __init__(self, missing: Sequence[Index], known: str) -> None:
        self.missing = tuple(missing)
        shown = ", ".join(_short(i) for i in self.missing[:5])
        more = f" and {len(self.missing) - 5} more" if len(self.missing) > 5 else ""
        super().__init__(
            f"no sample for index {shown}{more}: {known}. Pass the data set these indices belong to, "
            "or index=[...] with the index value of each sample"
        )


class Positions:
    """The index value of each row, and the way back.

    Parameters
    ----------
    count : int
        How many rows there are.
    values : sequence of int or str, optional
        The index value of each row; by default the row number.
    repeats : bool
        Whether a value may stand twice, as in a subset drawn with replacement; its first row is meant then.

    Raises
    ------
    ValueError
        If the number of values is not ``count`` or a value stands twice.
    TypeError
        If a value is neither an integer nor a string.
    """

    def __init__(self, count: int, values: Any = None, *, repeats: bool = False) -> None:
        self.count = count
        self._sorted: NDArray[Any] | None = None
        self._order: NDArray[np.int64] | None = None
        self.values: Sequence[Index] | NDArray[Any] = range(count)
        if values is None:
            return
        array = _index_array(values)
        if len(array) != count:
            raise ValueError(f"index holds {len(array)} values for {count} samples; give one per sample")
        self.values = array
        self._order = np.argsort(array, kind="stable").astype(np.int64)
        self._sorted = array[self._order]
        twice = self._sorted[1:][self._sorted[1:] == self._sorted[:-1]]
        if len(twice) and not repeats:
            raise ValueError(
                f"index value {_short(as_index(twice[0]))} stands at more than one sample "
                f"({len(twice)} such); every sample needs its own"
            )

    def find(self, index: Any) -> int | None:
        """Return the row of an index value, or None."""
        value = as_index(index)
        if self._sorted is None or self._order is None:
            return value if isinstance(value, int) and 0 <= value < self.count else None
        if isinstance(value, str) != (self._sorted.dtype.kind == "U"):
            return None
        place = int(np.searchsorted(self._sorted, np.asarray(value)))
        if place < self.count and self._sorted[place] == value:
            return int(self._order[place])
        return None

    def rows(self, indices: Any) -> list[int]:
        """Return the rows of several index values; raises MissingIndexError naming all that are missing."""
        wanted = as_indices(indices)
        rows = [self.find(i) for i in wanted]
        missing = [i for i, row in zip(wanted, rows, strict=True) if row is None]
        if missing:
            raise MissingIndexError(missing, self.described())
        return [row for row in rows if row is not None]

    def described(self) -> str:
        """Say which indices there are, in one clause."""
        if not self.count:
            return "the data set is empty"
        known = self.values if self._sorted is None else self._sorted
        first, last = _short(as_index(known[0])), _short(as_index(known[-1]))
        return f"the data set has {self.count:,} samples with indices from {first} to {last}"


def _index_array(values: Any) -> NDArray[Any]:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.ndim == 1 and array.dtype.kind in "iu":
        return array
    # through a list: np.asarray([1, "a"]) would silently make 1 a string
    plain = as_indices(values)
    if len({type(v) for v in plain}) > 1:
        raise TypeError("index mixes integers and strings; use one of them throughout")
    return np.asarray(plain)


def _short(index: Index) -> str:
    text = repr(index) if isinstance(index, str) else str(index)
    return text if len(text) <= 60 else f"{text[:57]}…{text[-1]}"
