"""Hugging Face data sets with a column that names their rows."""

from __future__ import annotations

from typing import Any

from xai_widgets.hooks._common.instance_ids import INDEX, Key, key_reader
from xai_widgets.hooks.torch.data import Indexed
from xai_widgets.hooks.transformers.names import Encoded, encode, width


def indexed(dataset: Any, key: Key | None = None) -> Any:
    """Return a data set whose rows carry their index.

    Parameters
    ----------
    dataset
        A ``datasets.Dataset`` or a dict of them, which get a column "index"; a streaming ``IterableDataset``, which
        needs `key`; or a torch data set whose samples are dicts, which is wrapped in `xai_widgets.hooks.torch.Indexed`.
    key
        The name of a column, a function of a row, or "content" for a hash of the row; by default the position. Names that
        are texts go through collate functions as numbers, and are texts again in the tracker.

    Raises
    ------
    TypeError
        A stream without a key: the order in which its rows arrive does not name them.
    KeyError
        A data set that has a column "index" of its own.
    """
    if hasattr(dataset, "keys") and not hasattr(dataset, "column_names"):
        return type(dataset)({name: indexed(part, key) for name, part in dataset.items()})
    if isinstance(getattr(dataset, "column_names", None), dict):  # a DatasetDict
        return type(dataset)({name: indexed(part, key) for name, part in dataset.items()})
    if not hasattr(dataset, "column_names"):
        return Indexed(dataset, None if key is None else Encoded(key_reader(key)))
    if INDEX in (dataset.column_names or ()):
        raise KeyError(
            f'the data set has a column "{INDEX}" already; if it names the rows, pass the data set as it is, else '
            f'rename it: dataset.rename_column("{INDEX}", ...)'
        )
    if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "add_column") or _is_stream(dataset):
        return _indexed_stream(dataset, key)
    import numpy as np

    if key is None:
        names: Any = np.arange(len(dataset))
    elif isinstance(key, str) and key != "content":
        names = list(dataset.with_format(None)[key])  # a format may not show that column
    else:
        read = key_reader(key)
        names = [read(row) for row in dataset]
    if any(isinstance(name, str) for name in names):
        size = width(names)
        names = [encode(str(name), size) for name in names]
    shown = dataset.format
    wider = dataset.add_column(INDEX, names)
    if shown["type"] is not None:  # a format shows chosen columns only
        wider = wider.with_format(shown["type"], columns=[*shown["columns"], INDEX], **shown["format_kwargs"])
    return wider


def _is_stream(dataset: Any) -> bool:
    return not hasattr(dataset, "__len__")


def _indexed_stream(dataset: Any, key: Key | None) -> Any:
    if key is None:
        raise TypeError(
            f"{type(dataset).__name__} streams: the order in which its rows arrive does not name them (shards, shuffle "
            'buffers and workers interleave). Give key="column", key=function(row), or key="content".'
        )
    read = key_reader(key)
    return dataset.map(lambda row: {INDEX: encode(read(row))})
