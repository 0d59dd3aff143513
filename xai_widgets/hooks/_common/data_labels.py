"""What a data set says of its samples without reading one: their labels where they lie in memory, and their names.

Subset and random_split name samples of what they are a part of; ConcatDataset has its own cumulative position.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
ATTRIBUTES = ("targets", "labels", "y", "label", "target")
COLUMNS = ("label", "labels", "target", "targets", "y", "fine_label")
DEEPEST = 16  # wrappers within wrappers


def labels_in_memory(dataset: Any) -> Callable[[Array], Array] | None:
    """Return what gives the labels of samples by their place in `dataset`; None where they do not lie in memory.

    They are looked for in ``targets``, ``labels``, ``y``, the last tensor of a TensorDataset and the columns of tables,
    through subsets and concatenations. A transform of targets is not applied: ask whether labels that differ are at least
    a function of these.
    """
    return _labels(dataset, 0)


def _labels(dataset: Any, depth: int) -> Callable[[Array], Array] | None:
    if dataset is None or depth > DEEPEST:
        return None
    parts = getattr(dataset, "datasets", None)
    if isinstance(parts, (list, tuple)) and parts and hasattr(dataset, "cumulative_sizes"):
        return _of_concatenation(dataset, [_labels(part, depth + 1) for part in parts])
    if subset_places(dataset) is not None:
        inner = _labels(dataset.dataset, depth + 1)
        return None if inner is None else lambda at: inner(np.asarray(subset_places(dataset))[at])
    if getattr(dataset, "target_transform", None) is not None:
        return None
    if isinstance(dataset, (list, tuple)):
        return _of_list(dataset)
    column = _column(dataset)
    if column is not None:
        return lambda at: _taken(column, at)
    return None


def _of_list(rows: Any) -> Callable[[Array], Array] | None:
    """Read labels out of a plain list of samples, which are dictionaries or tuples."""
    first: Any = rows[0] if len(rows) else None
    place: Any = None
    if isinstance(first, dict):
        place = next((name for name in COLUMNS if name in first), None)
    elif isinstance(first, (list, tuple)) and len(first) > 1:
        place = 1
    if place is None:
        return None
    return lambda at: np.asarray([_plain(rows[int(i)][place]) for i in at])


def _plain(value: Any) -> Any:
    return np.asarray(value.detach().cpu()) if hasattr(value, "detach") else value


def _of_concatenation(
    dataset: Any, parts: list[Callable[[Array], Array] | None]
) -> Callable[[Array], Array] | None:
    if any(part is None for part in parts):
        return None

    def read(at: Array) -> Array:
        ends = np.asarray(dataset.cumulative_sizes)
        which = np.searchsorted(ends, at, side="right")
        starts = np.concatenate([[0], ends[:-1]])
        rows = [
            parts[part](np.asarray([place - starts[part]])) for part, place in zip(which, at, strict=True)
        ]
        return np.concatenate(rows) if rows else np.zeros(0)

    return read


def _column(dataset: Any) -> Any:
    """Find the labels of a whole data set: anything with its length that can be asked by place."""
    try:
        size = len(dataset)
    except TypeError:
        return None
    tensors = getattr(dataset, "tensors", None)
    if isinstance(tensors, tuple) and len(tensors) == 2:
        return tensors[1]
    state = getattr(dataset, "__dict__", {})
    for name in ATTRIBUTES:
        found = state.get(name)
        if found is not None and hasattr(found, "__getitem__") and _length(found) == size:
            return found
    return None


def _length(values: Any) -> int | None:
    if isinstance(values, (str, bytes, Mapping)):
        return None
    try:
        return len(values)
    except TypeError:
        return None


def _taken(column: Any, at: Array) -> Array:
    if isinstance(column, (list, tuple)):
        return np.asarray([column[int(i)] for i in at])
    if hasattr(column, "iloc"):
        return np.asarray(column.iloc[at])
    rows = column[at]
    if hasattr(rows, "detach"):
        rows = rows.detach().cpu()
    return np.asarray(rows)


def subset_places(dataset: Any) -> Array | None:
    """Return the places (N,) in the whole that a subset's places stand for; None for what is no subset."""
    if not (hasattr(dataset, "indices") and hasattr(dataset, "dataset")):
        return None
    kind = type(dataset)
    if not any(base.__name__ == "Subset" for base in kind.__mro__):
        return None
    found = dataset.indices
    return np.asarray(list(found) if isinstance(found, range) else found, dtype=np.int64).reshape(-1)


def whole_places(dataset: Any) -> Array | None:
    """Return the place in the outermost whole of each place of a subset of subsets; None where places stay as they are."""
    places: Array | None = None
    for _ in itertools.repeat(None, DEEPEST):
        part = subset_places(dataset)
        if part is None:
            break
        places = part if places is None else part[places]
        dataset = dataset.dataset
    return places
