"""One small reader per kind of data set; each gives raw (input, label) pairs by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from xai_widgets._rng import random_streams_kept
from xai_widgets.samples._convert import as_array, as_index, as_indices, names_by_value
from xai_widgets.samples._index import MissingIndexError

INPUT_KEYS = ("image", "img", "images", "pixel_values", "picture", "x", "input", "inputs", "features", "data")
LABEL_KEYS = ("label", "labels", "y", "target", "targets", "class", "fine_label", "digit")
INDEX_KEYS = ("index", "idx", "sample_index")


class Item(NamedTuple):
    """One sample as the data set gives it: the input (a tuple for several), and the label or None."""

    x: Any
    label: Any


class Source(Protocol):
    """What a reader can do."""

    count: int | None
    """How many samples; None where that is not known."""
    index_values: Any
    """The index value of each row where the data set itself knows it, or None."""
    names: dict[int, str]
    """Label names the data set knows."""

    def fetch(self, rows: Sequence[Any]) -> list[Item]:
        """Read samples by row (by index value where ``count`` is None)."""
        ...

    def all_labels(self) -> Any:
        """Return all labels if that costs no reading of inputs, else None."""
        ...


class Columns:
    """Arrays side by side: ``x[row]``, ``y[row]``; several inputs are a tuple of arrays."""

    def __init__(self, inputs: Any, labels: Any = None, index_values: Any = None) -> None:
        self._inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        self._labels = labels
        self.index_values = index_values
        self.names: dict[int, str] = {}
        lengths = [len(part) for part in self._inputs]
        self.count: int | None = lengths[0]
        if labels is not None:
            lengths.append(len(labels))
        if len(set(lengths)) > 1:
            raise ValueError(f"inputs and labels differ in length: {', '.join(f'{n:,}' for n in lengths)}")

    def fetch(self, rows: Sequence[Any]) -> list[Item]:
        """Read rows; an input of several arrays comes as a tuple."""
        several = len(self._inputs) > 1
        return [
            Item(
                tuple(part[row] for part in self._inputs) if several else self._inputs[0][row],
                None if self._labels is None else self._labels[row],
            )
            for row in rows
        ]

    def all_labels(self) -> Any:
        """Return the labels' array."""
        return self._labels


class Items:
    """A sequence or map-style data set whose elements are samples: x, (x, y), (x, y, index) or a dict of columns."""

    def __init__(self, data: Any, *, indexed: bool, column: Any, label_key: Any) -> None:
        self._data, self._indexed, self._column, self._label_key = data, indexed, column, label_key
        self.count: int | None = len(data)
        self.index_values = _index_values_of(data)
        self.names = known_names(data)

    def fetch(self, rows: Sequence[Any]) -> list[Item]:
        """Read elements one by one and take input and label out of each."""
        return [
            split_item(self._data[int(row)], self._indexed, self._column, self._label_key) for row in rows
        ]

    def all_labels(self) -> Any:
        """Elements would have to be read."""
        return None


class Rows(Items):
    """A Hugging Face data set: elements are dicts, and ClassLabel features know the names."""

    def __init__(self, data: Any, *, column: Any, label_key: Any, index_key: Any) -> None:
        names = list(data.column_names)
        column = column or first_key(names, INPUT_KEYS, "input", "column")
        label_key = label_key or first_key(names, LABEL_KEYS, None)
        super().__init__(data, indexed=False, column=column, label_key=label_key)
        if index_key is not None:
            self.index_values = [as_index(v) for v in data[index_key]]
        feature = data.features.get(label_key)
        self.names = names_by_value(getattr(feature, "names", None))
        self._is_text = getattr(feature, "dtype", "") == "string" and not self.names

    def all_labels(self) -> Any:
        """Return the distinct names where labels are text; that reads one column only."""
        return self._data.unique(self._label_key) if self._is_text else None


class Call:
    """A function from an index value to a sample; ``index_values`` where all of them are known."""

    def __init__(
        self, function: Callable[[Any], Any], index_values: Any, *, column: Any, label_key: Any
    ) -> None:
        self._function, self._column, self._label_key = function, column, label_key
        self.index_values = None if index_values is None else list(as_indices(index_values))
        self.count: int | None = None if index_values is None else len(self.index_values or ())
        self.names: dict[int, str] = {}

    def fetch(self, rows: Sequence[Any]) -> list[Item]:
        """Call the function; it says that there is no such sample by raising LookupError or returning None."""
        items = []
        for row in rows:
            index = row if self.index_values is None else self.index_values[row]
            try:
                found = self._function(index)
            except LookupError as error:
                raise MissingIndexError([index], f"the function raised {type(error).__name__}") from error
            if found is None:
                raise MissingIndexError([index], "the function returned None")
            items.append(split_item(found, False, self._column, self._label_key))
        return items

    def all_labels(self) -> Any:
        """Nothing is known without calling."""
        return None


def split_item(item: Any, indexed: bool, column: Any, label_key: Any) -> Item:
    """Take input and label out of one element of a data set."""
    if isinstance(item, Mapping):
        column = column or first_key(list(item), INPUT_KEYS, "input", "column")
        label_key = label_key or first_key(list(item), LABEL_KEYS, None)
        x = tuple(item[c] for c in column) if isinstance(column, tuple | list) else item[column]
        return Item(x, item.get(label_key) if label_key is not None else None)
    if isinstance(item, tuple | list) and not _is_numbers(item):
        parts = list(item)[:-1] if indexed else list(item)
        if len(parts) == 1:
            return Item(_inner(parts[0]), None)
        if len(parts) == 3 and _is_input(parts[1]) and _is_label(parts[2]):
            return Item((_inner(parts[0]), _inner(parts[1])), parts[2])
        if len(parts) in (2, 3):  # a third part that nobody declared is an index or a weight
            return Item(_inner(parts[0]), parts[1])
        raise ValueError(
            f"a sample is a tuple of {len(parts)}; expected x, (x, y) or (x, y, index). "
            "Pass a function index -> (x, y) instead"
        )
    return Item(item, None)


def _is_input(part: Any) -> bool:
    """Whether the second part of a sample is a second input and no label: several numbers, and not one-hot."""
    shape, size = getattr(part, "shape", ()), int(np.prod(getattr(part, "shape", ())))
    if not len(shape) or size < 2:
        return False
    values = as_array(part)
    return not (np.isin(values, (0, 1)).all() and int(values.sum()) == 1)


def _is_label(part: Any) -> bool:
    """Whether the third part of a sample is its label and no weight: one whole number."""
    if isinstance(part, bool | int | np.integer):
        return True
    one = int(np.prod(getattr(part, "shape", (2,)))) == 1
    return one and as_array(part).dtype.kind in "iub"


def first_key(keys: Sequence[Any], wanted: Sequence[str], what: str | None, argument: str = "labels") -> Any:
    """Choose a column by its usual names; None if none matches and it may be absent (``what`` is None)."""
    lowered = {str(k).lower(): k for k in reversed(keys)}
    for name in wanted:
        if name in lowered:
            return lowered[name]
    if what is None:
        return None
    if len(keys) == 1:
        return keys[0]
    shown = ", ".join(repr(str(k))[:40] for k in list(keys)[:12])
    raise ValueError(f"which column is the {what} cannot be told from {shown}; pass {argument}='...'")


def known_names(data: Any) -> dict[int, str]:
    """Find the label names a data set carries: ``classes`` or ``class_to_idx``, here or in what it wraps."""
    seen = 0
    while data is not None and seen < 16:
        for attribute in ("class_to_idx", "classes", "label_names"):
            names = getattr(data, attribute, None)
            if isinstance(names, Mapping | list | tuple) and len(names):
                try:
                    return names_by_value(names)
                except TypeError:
                    continue  # an attribute that happens to be called so: look further
        data, seen = getattr(data, "dataset", None), seen + 1
    return {}


def yields_index(data: Any) -> bool:
    """Tell whether the elements of a data set end with their index (our own ``Indexed``, here or inside a subset)."""
    for _ in range(16):
        if _is_indexed(data):
            return True
        if not (
            hasattr(data, "indices") and hasattr(data, "dataset")
        ):  # only a subset hands elements through
            return False
        data = data.dataset
    return False


def _is_indexed(data: Any) -> bool:
    return any(c.__name__ == "Indexed" and c.__module__.startswith("xai_widgets") for c in type(data).__mro__)


def _index_values_of(data: Any) -> Any:
    """Return the index values that hooks name samples by; None for row numbers.

    Those that our ``Indexed`` yields, through subsets; a subset's samples keep their places in the whole.
    """
    if _is_indexed(data):
        if data.key is None and not data.keep:
            return _index_values_of(data.dataset)
        # names that are in the samples themselves can only be had by reading each once
        with random_streams_kept():
            return [_own_index(data[row]) for row in range(len(data))]
    if is_subset(data):
        inner = _index_values_of(data.dataset)
        rows = [int(i) for i in data.indices]
        return [as_index(i if inner is None else inner[i]) for i in rows]
    return None


def is_subset(data: Any) -> bool:
    """Tell whether a data set is a part of another, which hands its elements through."""
    return (
        hasattr(data, "indices")
        and hasattr(data, "dataset")
        and any(base.__name__ == "Subset" for base in type(data).__mro__)
    )


def _own_index(item: Any) -> Any:
    return as_index(item["index"] if isinstance(item, Mapping) else item[-1])


def _inner(x: Any) -> Any:
    """Several inputs in a list are the same as in a tuple."""
    return tuple(x) if isinstance(x, list) and not _is_numbers(x) else x


def _is_numbers(item: Any) -> bool:
    """Tell nested lists of plain numbers (one array) from a tuple of parts."""
    while isinstance(item, list | tuple) and len(item):
        if isinstance(item, tuple):
            return False
        item = item[0]
    return isinstance(item, int | float)
