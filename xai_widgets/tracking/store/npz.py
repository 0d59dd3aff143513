"""Trees of plain values and arrays as one block of bytes: a zip of .npy files and a JSON text. Nothing is pickled."""

from __future__ import annotations

import io
import json
import struct
import tokenize
import zipfile
import zlib
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

FORMAT = "xai_widgets.tracker"
VERSION = 1
BROKEN = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, EOFError, RuntimeError),
    *(SyntaxError, tokenize.TokenError, struct.error, zipfile.BadZipFile, zlib.error),
)
"""What reading a file that is cut, damaged or something else raises, here and where its tree is taken over."""


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
        arrays = _arrays(file)
        head = json.loads(bytes(arrays.pop("tree")))
        kind, version = head["format"], head["version"]
        if kind == FORMAT and version <= VERSION:
            return _unpacked(head["tree"], arrays)
    except BROKEN as error:
        raise ValueError(
            f"this is no saved tracker, or not a whole one ({type(error).__name__}: {error})"
        ) from error
    raise ValueError(
        f"this was saved as {kind!r} version {version}; {FORMAT!r} up to version {VERSION} can be read"
    )


def _arrays(file: BinaryIO) -> dict[str, np.ndarray[Any, Any]]:
    """Read all arrays; nothing is stored packed, so that no size can be larger than the file."""
    size = file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file) as stored:
        members = stored.infolist()
        if (
            any(m.compress_type != zipfile.ZIP_STORED for m in members)
            or sum(m.file_size for m in members) > size
        ):
            raise ValueError("its arrays are packed, or larger than the file")
        return {member.filename.removesuffix(".npy"): _array(stored, member) for member in members}


def _array(stored: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray[Any, Any]:
    with stored.open(member) as data:
        version = npy.read_magic(data)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{member.filename} is of version {version} of its format")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        try:
            shape, by_column, kind = read_header(data)
        except MemoryError:  # a head nested deeper than Python's parser goes
            raise ValueError(f"{member.filename} has no head") from None
        if kind.kind not in "biuf" or kind.itemsize > 8:
            raise ValueError(f"{member.filename} has type {kind}")
        count = 1
        for length in shape:
            count *= length
        if min(shape, default=0) < 0 or count * kind.itemsize != member.file_size - data.tell():
            raise ValueError(f"{member.filename} has shape {shape} in {member.file_size} bytes")
        values = np.frombuffer(bytearray(data.read()), kind).astype(kind.newbyteorder("="), copy=False)
    return values.reshape(shape, order="F" if by_column else "C")


def to_bytes(tree: Any) -> bytes:
    """Return what `write` writes."""
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


def checked(array: Any, kinds: str, size: int | None = None) -> np.ndarray[Any, Any]:
    """Return an array read from a tree; ValueError when it has not one axis, another type or another size.

    Parameters
    ----------
    kinds
        numpy's letters for the types that will do.
    size
        How many values are expected.
    """
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype.kind not in kinds:
        raise ValueError("an array of it is of another type or shape")
    if size is not None and array.shape[0] != size:
        raise ValueError(f"an array of it has {array.shape[0]} values where {size} are expected")
    return array
