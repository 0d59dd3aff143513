"""Which instance is this: keys, content hashes, and where a batch carries its index."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from itertools import repeat
from operator import contains
from typing import Any

INDEX = "index"  # the name of the index in dicts, columns and targets
Key = str | int | Callable[[Any], Any]


def content_hash(sample: Any) -> int:
    """Name a sample by its content: 63 bits of BLAKE2b over its arrays, numbers and texts.

    Equal samples get equal names, whatever order they come in. Two different ones out of a million share a name with
    a probability of about 5e-8.

    Raises
    ------
    TypeError
        The sample holds something whose content cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    _feed_content(digest, sample)
    return int.from_bytes(digest.digest(), "little") >> 1


def _feed_content(digest: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(f"{key}=".encode())
            _feed_content(digest, value[key])
    elif isinstance(value, (list, tuple)):
        digest.update(f"[{len(value)}]".encode())
        for item in value:
            _feed_content(digest, item)
    elif isinstance(value, bytes):
        digest.update(value)
    elif value is None or isinstance(value, (str, int, float, bool)):
        digest.update(f"{type(value).__name__}:{value}".encode())
    else:
        _feed_array(digest, value)


def _feed_array(digest: Any, value: Any) -> None:
    import numpy as np

    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.ascontiguousarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(_no_content(value)) from error
    if array.dtype == object:
        raise TypeError(_no_content(value))
    digest.update(f"{array.dtype}{array.shape}".encode())
    digest.update(array.tobytes())


def _no_content(value: Any) -> str:
    return (
        f"a sample holds a {type(value).__name__}, whose content cannot be hashed; name the samples yourself with "
        "key=function(sample) -> int or str"
    )


def key_reader(key: Key) -> Callable[[Any], Any]:
    """Return ``sample -> name``: `key` is a field's name or place, a function, or "content" for the content's hash."""
    if callable(key):
        return key
    if key == "content":
        return content_hash
    return Field(key)


class Field:
    """Reads one field of a sample; a class, so that worker processes can be given it."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def __call__(self, sample: Any) -> Any:
        """Return the field.

        Raises
        ------
        KeyError
            The sample has no such field.
        """
        try:
            value = (
                sample[self.key]
                if isinstance(sample, (Mapping, list, tuple))
                else getattr(sample, str(self.key))
            )
        except (KeyError, IndexError, AttributeError) as error:
            has = ", ".join(map(str, sample)) if isinstance(sample, Mapping) else type(sample).__name__
            raise KeyError(
                f"key {self.key!r} is not in a sample ({has}); give a field's name or a function"
            ) from error
        # of a batch there are many: those stay an array
        return value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value


def add_index(sample: Any, index: Any) -> Any:
    """Return `sample` with its index: a new dict entry ``"index"``, a last tuple element, or ``(sample, index)``.

    Raises
    ------
    KeyError
        A dict that has an entry ``"index"`` of its own.
    """
    if type(sample) in (
        tuple,
        list,
    ):  # asked first, since asking for a mapping takes longer than all else here
        return (*sample, index)
    if type(sample) is dict or isinstance(sample, Mapping):
        if INDEX in sample:
            raise KeyError(
                f"the samples have a field {INDEX!r} of their own; if it names them, use Indexed(data, "
                f"key={INDEX!r}, keep=True), else rename it"
            )
        return {**sample, INDEX: index}
    return (sample, index)


def add_indices(samples: list[Any], indices: list[Any]) -> list[Any]:
    """Return every sample with its index, as `add_index` gives it; for samples of one kind without a call for each."""
    kinds = set(map(type, samples))
    pairs = zip(samples, indices, strict=True)
    if kinds == {tuple} or kinds == {list}:
        return [(*sample, index) for sample, index in pairs]
    if kinds == {dict} and not any(map(contains, samples, repeat(INDEX))):
        copies = [sample.copy() for sample in samples]  # in seven tenths of the time of unpacking them
        for copy, index in zip(copies, indices, strict=True):
            copy[INDEX] = index
        return copies
    return [add_index(sample, index) for sample, index in pairs]


def index_of(batch: Any) -> Any:
    """Return the index that `add_index` put into the samples of a collated batch."""
    if isinstance(batch, Mapping) or (hasattr(batch, "keys") and INDEX in batch):
        if INDEX in batch:
            return batch[INDEX]
        raise KeyError(
            f"the batch has no entry {INDEX!r}, only {', '.join(map(str, batch))}; did a collate_fn drop it?"
        )
    if isinstance(batch, (list, tuple)) and len(batch) > 1:
        return batch[-1]
    raise TypeError(
        f"no index in a batch of type {type(batch).__name__}; a custom collate_fn must be wrapped: "
        "DataLoader(..., collate_fn=indexed.collate(collate_fn))"
    )
