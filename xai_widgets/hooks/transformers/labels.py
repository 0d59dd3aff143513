"""The labels that a data set gives for named rows: evidence, and what stands in where they do not reach the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from xai_widgets.hooks._common.data_labels import labels_in_memory
from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks.transformers.names import decode

COLUMNS = ("labels", "label", "label_ids")
Lookup = Callable[[Any], Any]  # names (B,) -> labels (B,)


def labels_of(dataset: Any) -> Lookup | None:
    """Return what gives the labels of named rows of `dataset` without reading its items; None where that is not possible."""
    if dataset is None:
        return None
    columns = getattr(dataset, "column_names", None)
    if isinstance(columns, list) and hasattr(dataset, "with_format"):
        return _of_columns(dataset, columns)
    if type(dataset).__name__ == "Samples":
        dataset = dataset.dataset
    if type(dataset).__name__ == "Indexed":
        if not dataset.by_place:
            return None
        dataset = dataset.dataset
        while any(base.__name__ == "Subset" for base in type(dataset).__mro__):
            dataset = dataset.dataset  # names are places in the whole
    read = labels_in_memory(dataset)
    return None if read is None else lambda names: read(np.asarray(names))


def _of_columns(dataset: Any, columns: list[str]) -> Lookup | None:
    column = next((name for name in COLUMNS if name in columns), None)
    if column is None or INDEX not in columns or not hasattr(dataset, "__len__"):
        return None
    plain = dataset.with_format("numpy", columns=[INDEX, column])
    index, values = np.asarray(plain[INDEX][:]), plain[column][:]
    labels = np.asarray(values) if not isinstance(values, list) else _array(values)
    if labels is None:
        return None
    if index.ndim == 1 and index.dtype.kind in "iu" and (index == np.arange(len(index))).all():
        return lambda names: labels[np.asarray(names)]
    places = {name: place for place, name in enumerate(list(decode(index)))}
    return lambda names: labels[[places[name] for name in each_name(names)]]


def each_name(names: Any) -> list[Any]:
    """Return names (B,) as a list of plain numbers or texts."""
    return list(names.tolist() if hasattr(names, "tolist") else names)


def _array(values: list[Any]) -> Any:
    try:
        return np.asarray(values)
    except ValueError:  # of different lengths
        return None


def given_labels(labels: Any, mode: str) -> Lookup | None:
    """Return what gives the labels that a user gave, by name: of training, or of each mode in a mapping of modes."""
    if isinstance(labels, Mapping) and set(labels) <= {"train", "eval"}:
        labels = labels.get(mode)
    elif mode != "train":
        labels = None
    if labels is None:
        return None
    return lambda names: np.asarray([int(labels[name]) for name in each_name(names)])
