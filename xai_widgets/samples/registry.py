"""The registry of readers: one entry says which data it reads and how, and `as_samples` asks them in turn.

import xai_widgets as xw

class Shelf:                                   # what `open` returns: see `_readers.Source`
index_values, names = None, {}

def __init__(self, books):
self._books, self.count = books, len(books)

def fetch(self, rows):
return [xw.samples.Item(self._books[row].scan(), self._books[row].genre) for row in rows]

def all_labels(self):
return None

xw.samples.register(
xw.samples.Reader("shelf", lambda data: isinstance(data, Library), lambda data, asked: Shelf(data.books), "a Library")
)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Asked(NamedTuple):
    """What `as_samples` was asked for besides the data.

    Attributes
    ----------
    column
        Name of the input's column, or a tuple of them; None where it is to be found out.
    label_key, index_key
        Names of the columns of labels and of index values, where names were given.
    index
        The index values, where they were given.
    """

    column: Any = None
    label_key: str | None = None
    index_key: str | None = None
    index: Any = None


@dataclass(frozen=True)
class Reader:
    """A kind of data set.

    Attributes
    ----------
    name
        Name, for ``as_samples(data, reader=name)`` and error messages.
    reads
        Called with the data; tells whether this reader is for it. It is asked of any object, and has to answer without
        reading a sample.
    open
        Called with the data and `Asked`; returns a `Source`.
    says
        What it reads, in a few words, for the message that nothing fits: "a Hugging Face data set".
    """

    name: str
    reads: Callable[[Any], bool]
    open: Callable[[Any, Asked], Source]
    says: str

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name):
            raise ValueError(f"a reader is named {self.name!r}; a text is expected")
        if not (callable(self.reads) and callable(self.open)):
            raise TypeError(
                f"reads and open of the reader {self.name!r} are to be functions, of (data) and (data, asked)"
            )


_READERS: dict[str, Reader] = {}
_OWN: set[str] = set()


def register(reader: Reader) -> Reader:
    """Make a reader known; it is asked before all that are known already, and one of the same name is replaced."""
    if not isinstance(reader, Reader):
        raise TypeError(f"a samples.Reader is expected, got {type(reader).__name__}")
    if reader.name in _OWN:
        raise ValueError(f"the name {reader.name!r} is taken; the readers are {', '.join(_READERS)}")
    _READERS.pop(reader.name, None)
    _READERS[reader.name] = reader
    return reader


def unregister(name: str) -> None:
    """Forget a reader that was registered."""
    if name not in _OWN:
        _READERS.pop(name, None)


def reader_for(data: Any, name: str | None = None) -> Reader:
    """Return the reader of a name, or else the one that fits the data.

    Raises
    ------
    ValueError
        For an unknown name; it lists the known ones.
    TypeError
        If no reader fits.
    """
    if name is not None:
        if name not in _READERS:
            raise ValueError(f"unknown reader {name!r}; one of {', '.join(_READERS)}")
        return _READERS[name]
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        raise TypeError(
            f"the rows of a {type(data).__name__} are no samples: give its columns as arrays, "
            "(df[[...]].to_numpy('float32'), df['label'].to_numpy()), or a function index -> (x, y) that opens what a row "
            "names"
        )
    registered = [reader for reader in reversed(_READERS.values()) if reader.name not in _OWN]
    for reader in (*registered, *(_READERS[name] for name in _ORDER)):
        if reader.reads(data):
            return reader
    raise TypeError(
        f"samples cannot be read from {type(data).__name__}; expected "
        f"{', '.join(reader.says for reader in _READERS.values())}. A stream has no [i]: give the data set behind it"
    )


def _is_array(data: Any) -> bool:
    return hasattr(data, "shape") and hasattr(data, "dtype") and len(getattr(data, "shape", ())) > 0


def _is_tf_data(data: Any) -> bool:
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def _is_map_style(data: Any) -> bool:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, str | bytes)


def _of_pipeline(data: Any, asked: Asked) -> Source:
    from xai_widgets.samples._tf_reader import Pipeline

    return Pipeline(data, column=asked.column, label_key=asked.label_key)


def _of_hugging_face(data: Any, asked: Asked) -> Source:
    return Rows(data, column=asked.column, label_key=asked.label_key, index_key=asked.index_key)


def _of_tuple(data: tuple[Any, ...], _: Asked) -> Source:
    if len(data) not in (1, 2, 3):
        raise TypeError(f"a tuple of samples should be (x, y) or (x, y, index), got {len(data)} parts")
    x, y, values = (*data, None, None)[:3]
    return Columns(tuple(x) if isinstance(x, tuple | list) and x and _is_array(x[0]) else x, y, values)


def _of_mapping(data: Mapping[Any, Any], asked: Asked) -> Source:
    keys, column, label_key, index_key = list(data), asked.column, asked.label_key, asked.index_key
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


def _of_items(data: Any, asked: Asked) -> Source:
    return Items(data, indexed=yields_index(data), column=asked.column, label_key=asked.label_key)


def _of_function(data: Any, asked: Asked) -> Source:
    return Call(data, asked.index, column=asked.column, label_key=asked.label_key)


for _reader in (
    Reader("tf.data", _is_tf_data, _of_pipeline, "a tf.data.Dataset"),
    Reader(
        "hugging face",
        lambda data: hasattr(data, "features") and hasattr(data, "column_names"),
        _of_hugging_face,
        "a Hugging Face data set",
    ),
    Reader("dict", lambda data: isinstance(data, Mapping), _of_mapping, "a dict"),
    Reader("tuple", lambda data: isinstance(data, tuple), _of_tuple, "(x, y)"),
    Reader("array", _is_array, lambda data, _: Columns(data), "an array"),
    Reader("map style", _is_map_style, _of_items, "a list or map-style data set (with len() and [i])"),
    Reader("function", callable, _of_function, "a function index -> (x, y)"),
):
    register(_reader)
_ORDER = tuple(_READERS)  # the more special ones first
_OWN.update(_ORDER)
