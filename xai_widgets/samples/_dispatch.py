"""Which reader fits what was given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from xai_widgets.samples._convert import as_index
from xai_widgets.samples._readers import (
    INDEX_KEYS,
    INPUT_KEYS,
    LABEL_KEYS,
    Call,
    Columns,
    Items,
    Rows,
    Source,
    first_key,
    yields_index,
)


def choose(data: Any, *, column: Any, labels: Any, index: Any) -> Source:
    """Wrap a data set in the reader that fits it.

    Parameters
    ----------
    data : object
        See ``as_samples``.
    column, labels, index : object
        The arguments of ``as_samples``; strings name columns of ``data``.

    Raises
    ------
    TypeError
        If no reader fits.
    """
    label_key = labels if isinstance(labels, str) else None
    index_key = index if isinstance(index, str) else None
    if _is_tf_data(data):
        from xai_widgets.samples._tf_reader import Pipeline

        return Pipeline(data, column=column, label_key=label_key)
    if hasattr(data, "features") and hasattr(data, "column_names"):
        return Rows(data, column=column, label_key=label_key, index_key=index_key)
    if isinstance(data, Mapping):
        return _of_mapping(data, column, label_key, index_key)
    if isinstance(data, tuple):
        return _of_tuple(data)
    if _is_array(data):
        return Columns(data)
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, str | bytes):
        return Items(data, indexed=yields_index(data), column=column, label_key=label_key)
    if callable(data):
        return Call(data, index, column=column, label_key=label_key)
    raise TypeError(
        f"samples cannot be read from {type(data).__name__}; expected an array, (x, y), a map-style data set "
        "(with len() and [i]), a Hugging Face data set, a tf.data.Dataset, a dict, a list, or a function index -> (x, y). "
        "A stream has no [i]: give the data set behind it"
    )


def _of_tuple(data: tuple[Any, ...]) -> Source:
    if len(data) not in (1, 2, 3):
        raise TypeError(f"a tuple of samples should be (x, y) or (x, y, index), got {len(data)} parts")
    x, y, values = (*data, None, None)[:3]
    return Columns(tuple(x) if isinstance(x, tuple | list) and x and _is_array(x[0]) else x, y, values)


def _of_mapping(data: Mapping[Any, Any], column: Any, label_key: Any, index_key: Any) -> Source:
    keys = list(data)
    if column is not None or any(str(k).lower() in INPUT_KEYS for k in keys):
        column = column or first_key(keys, INPUT_KEYS, "input", "column")
        label_key = label_key or first_key(keys, LABEL_KEYS, None)
        index_key = index_key or first_key(keys, INDEX_KEYS, None)
        inputs = tuple(data[c] for c in column) if isinstance(column, tuple | list) else data[column]
        return Columns(
            inputs,
            None if label_key is None else data[label_key],
            None if index_key is None else data[index_key],
        )
    items = Items(list(data.values()), indexed=False, column=None, label_key=label_key)
    items.index_values = [as_index(k) for k in keys]
    return items


def _is_array(data: Any) -> bool:
    return hasattr(data, "shape") and hasattr(data, "dtype") and len(getattr(data, "shape", ())) > 0


def _is_tf_data(data: Any) -> bool:
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)
