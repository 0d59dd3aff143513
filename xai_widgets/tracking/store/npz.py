"""Trees of plain values and arrays as one block of bytes: a zip of .npy files and a JSON text. Nothing is pickled."""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO

import numpy as np

FORMAT = "xai_widgets.tracker"
VERSION = 1


def write(tree: Any, file: BinaryIO) -> None:
    """Write a tree of dict, list, tuple, str, int, float, bool, None and numpy arrays."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text = json.dumps({"format": FORMAT, "version": VERSION, "tree": _packed(tree, arrays)})
    np.savez(file, allow_pickle=False, tree=np.frombuffer(text.encode(), np.uint8), **arrays)


def read(file: BinaryIO) -> Any:
    """Read what `write` wrote; tuples come back as lists.

    Raises
    ------
    ValueError
        When the file is something else, or of a newer version.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head = json.loads(bytes(arrays.pop("tree")))
        kind, version = head["format"], head["version"]
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise ValueError(f"this is no saved tracker ({type(error).__name__}: {error})") from error
    if kind != FORMAT or version > VERSION:
        raise ValueError(
            f"this was saved as {kind!r} version {version}; {FORMAT!r} up to version {VERSION} can be read"
        )
    return _unpacked(head["tree"], arrays)


def to_bytes(tree: Any) -> bytes:
    """Give what `write` writes."""
    file = io.BytesIO()
    write(tree, file)
    return file.getvalue()


def from_bytes(data: Any) -> Any:
    """Read what `to_bytes` gave, be it bytes, a uint8 array or a uint8 tensor."""
    if hasattr(data, "detach"):
        data = data.detach().cpu().numpy()
    return read(io.BytesIO(bytes(data)))


def _packed(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"$array": name}
    if isinstance(value, dict):
        return {"$dict": [[_packed(k, arrays), _packed(v, arrays)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_packed(v, arrays) if not isinstance(v, (str, int)) else v for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _unpacked(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, list):
        return [_unpacked(v, arrays) if isinstance(v, (list, dict)) else v for v in value]
    if isinstance(value, dict):
        if "$array" in value:
            return arrays[value["$array"]]
        return {_key(_unpacked(k, arrays)): _unpacked(v, arrays) for k, v in value["$dict"]}
    return value


def _key(key: Any) -> Any:
    return tuple(_key(k) for k in key) if isinstance(key, list) else key
