"""Turn what data sets yield (tensors, PIL pictures, paths, lists) into arrays, plain index values and label codes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = int | str


def as_array(value: Any) -> NDArray[Any]:
    """Return any array, tensor, PIL picture or picture file as a numpy array.

    Parameters
    ----------
    value : array_like
        A numpy array, a torch, TensorFlow or JAX tensor on any device, a PIL picture, the path of a picture file,
        or nested lists of numbers.

    Returns
    -------
    numpy.ndarray
        Numbers; shares memory with ``value`` where it can.

    Raises
    ------
    TypeError
        If ``value`` does not hold numbers.
    """
    if isinstance(value, np.ndarray):
        array = value
    elif hasattr(value, "detach"):  # torch
        tensor = value.detach().cpu()
        # numpy has no bfloat16: torch refuses the conversion, float() is exact
        array = np.asarray(tensor.float() if "bfloat16" in str(tensor.dtype) else tensor)
    elif hasattr(value, "getbands"):  # PIL
        array = np.asarray(value if value.mode in ("L", "RGB", "RGBA", "F", "I;16") else value.convert("RGB"))
    elif isinstance(value, str | os.PathLike):
        array = _read_picture(value)
    elif hasattr(value, "numpy"):  # tensorflow
        array = np.asarray(value.numpy())
    else:
        array = np.asarray(value)
    if array.dtype.kind not in "buif" and array.dtype.name not in ("bfloat16", "float8_e4m3fn"):
        raise TypeError(
            f"a sample should hold numbers, got {type(value).__name__} with dtype {array.dtype}; "
            "pass to_input=... to turn a sample into numbers"
        )
    return array


def _read_picture(path: str | os.PathLike[str]) -> NDArray[Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return np.asarray(picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGB"))
    except UnidentifiedImageError as error:
        raise TypeError(f"{str(path)[:200]!r} is not a picture file that can be read") from error
    except OSError as error:
        raise TypeError(
            f"a sample is the text {str(path)[:200]!r}, which is no readable file: {error}"
        ) from error


def as_index(value: Any) -> Index:
    """Return one index value as a plain int or str.

    Raises
    ------
    TypeError
        If it is neither an integer nor a string (floats and booleans are refused).
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "item") and np.ndim(value) == 0:
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str | bytes):
        return as_index(value)
    raise TypeError(
        f"an index should be an integer or a string, got {type(value).__name__} {str(value)[:80]!r}"
    )


def as_indices(values: Any) -> tuple[Index, ...]:
    """Return one index or many as a tuple of plain values."""
    if isinstance(values, str | bytes | int) or np.ndim(values) == 0:
        return (as_index(values),)
    return tuple(as_index(v) for v in (values.tolist() if hasattr(values, "tolist") else values))


def names_by_value(names: Any) -> dict[int, str]:
    """Return label names as ``{value: name}``.

    Parameters
    ----------
    names : None, sequence of str, dict
        A list (position is the value), ``{name: value}`` or ``{value: name}``.

    Raises
    ------
    TypeError
        If it is none of these.
    """
    if names is None:
        return {}
    if isinstance(names, Mapping):
        pairs = list(names.items())
        if all(isinstance(k, str) for k, _ in pairs) and all(_is_int(v) for _, v in pairs):
            return {int(v): k for k, v in pairs}
        if all(_is_int(k) for k, _ in pairs):
            return {int(k): str(v) for k, v in pairs}
    elif isinstance(names, Sequence) and not isinstance(names, str):
        return {i: str(name) for i, name in enumerate(names)}
    raise TypeError(
        f"label_names should be a list of names, {{name: value}} or {{value: name}}, got {str(names)[:120]!r}"
    )


def label_code(label: Any, codes: dict[str, int]) -> int:
    """Return one label as an integer; -1 where it is unknown or no class.

    Parameters
    ----------
    label : object
        An integer, a name in ``codes``, a one-hot or probability vector, a float holding an integer, or None.
    codes : dict of str to int
        The value of each name; a name not seen before is added with the next free value.
    """
    if label is None:
        return -1
    if isinstance(label, str | bytes):
        text = label.decode("utf-8", "replace") if isinstance(label, bytes) else label
        return codes.setdefault(text, max(codes.values(), default=-1) + 1)
    array = as_array(label) if not isinstance(label, int | float | np.generic) else np.asarray(label)
    if array.dtype.kind in "US":
        return label_code(str(array.reshape(-1)[0]), codes)
    if array.size == 1:
        number = float(array.reshape(-1)[0])
        return int(number) if number.is_integer() else -1
    is_distribution = array.ndim == 1 and np.all(array >= 0) and abs(float(array.sum()) - 1) < 1e-3
    return int(array.argmax()) if is_distribution else -1


def _is_int(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
