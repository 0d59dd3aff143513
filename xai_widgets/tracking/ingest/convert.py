"""From tensors of any framework to numpy, with errors that name the way out.

No framework is imported: a tensor can only come from one that is loaded already, so its conversion is found by
looking into `sys.modules`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.ingest.limits import MAX_TEXT, check_number, check_text

Array = npt.NDArray[Any]


def to_array(value: Any) -> Array:
    """Return `value` as a numpy array without copying where possible; bfloat16 becomes float32."""
    if type(value) is np.ndarray:
        return value
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _of_torch(torch, value)
    if isinstance(value, np.ma.MaskedArray):
        return np.asarray(value.filled(np.nan)) if value.dtype.kind == "f" else np.asarray(value)
    if hasattr(value, "numpy") and callable(value.numpy):  # tensorflow; pandas has to_numpy
        value = value.numpy()
    array = np.asarray(value)
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16 and float8 of ml_dtypes
        return array.astype(np.float32)
    return array


def _of_torch(torch: Any, tensor: Any) -> Array:
    if tensor.requires_grad:
        tensor = tensor.detach()
    try:
        plain: Array = tensor.numpy()
    except (TypeError, RuntimeError):  # of a device, of a type numpy has not, lazily conjugated or negated
        return _of_odd_torch(torch, tensor)
    return plain


def _of_odd_torch(torch: Any, tensor: Any) -> Array:
    if tensor.device.type != "cpu":
        tensor = tensor.cpu()
    if tensor.dtype in (torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2):
        tensor = tensor.float()
    array: Array = tensor.resolve_conj().resolve_neg().numpy()
    return array


def squeeze_column(array: Array) -> Array:
    """Turn (B, 1), (B, 1, 1) ... into (B,)."""
    if array.ndim > 1 and array.size == array.shape[0]:
        return array.reshape(-1)
    return array


def read_index(index: Any) -> Array | list[Any]:
    """Return the names of a batch's instances: an int64 array (B,), or a list of str and int.

    Raises
    ------
    TypeError
        For indices that are neither integers nor strings.
    """
    array: Array | None = None
    if isinstance(index, (str, bytes, range, list, tuple)):
        if isinstance(index, (str, bytes)):
            return [_text(index)]
        if isinstance(index, range):
            return np.arange(index.start, index.stop, index.step, dtype=np.int64)
        array = np.asarray(index)  # many times faster than to look at every one
        if array.dtype.kind in "USTO" or (array.dtype.kind == "f" and _are_whole(index)):
            return _names(index)
    array = squeeze_column(to_array(index) if array is None else array)
    if array.ndim == 0:
        array = array.reshape(1)
    kind = array.dtype.kind
    if array.ndim != 1:
        raise ValueError(f"index has shape {array.shape}; expected one index per instance, shape (B,)")
    if kind == "i":
        return array
    if kind == "u":
        if array.dtype.itemsize == 8 and array.size and int(array.max()) > np.iinfo(np.int64).max:
            return [int(i) for i in array]
        return array
    if kind in "UST":
        return [_text(i) for i in array.tolist()]
    if kind == "O":
        return _names(array.tolist())
    if array.size == 0:
        return np.zeros(0, np.int64)
    raise TypeError(
        f"index has dtype {array.dtype}; expected integers or strings that name the instances "
        "(a position in the data set will do: index.astype(int))"
    )


def _are_whole(values: Any) -> bool:
    """Whether all are integers: of some below and some beyond 63 bits numpy makes floats."""
    return len(values) > 0 and all(isinstance(value, (int, np.integer)) for value in values)


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= MAX_TEXT else check_text(text)


def _names(values: Any, what: str = "index") -> list[Any]:
    names: list[Any] = []
    for value in values:
        if isinstance(value, (str, bytes)):
            names.append(_text(value))
        elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            names.append(check_number(int(value)))
        else:
            way_out = (
                "" if what == "index" else "; leave the label out of a call for instances that have none"
            )
            raise TypeError(
                f"{what} {value!r} is a {type(value).__name__}; expected integers or strings{way_out}"
            )
    return names


def read_label(label: Any, size: int) -> Array | list[Any]:
    """Return the labels of a batch: an integer array (B,), or a list of str and int."""
    if isinstance(label, (str, bytes)):
        label = [label]
    if isinstance(label, (list, tuple)) and any(isinstance(i, (str, bytes)) for i in label):
        names = _names(label, "label")
        _same_length("label", len(names), size)
        return names
    array = squeeze_column(to_array(label))
    if array.dtype.kind == "f" and isinstance(label, (list, tuple)) and _are_whole(label):
        array = np.array(label, object)
    if array.ndim == 0 and size == 1:
        array = array.reshape(1)
    if array.ndim == 2:
        array = _of_one_hot(array)
    if array.ndim != 1:
        raise ValueError(
            f"label has shape {array.shape}; expected (B,), (B, 1) or one-hot (B, C) with B = {size}"
        )
    _same_length("label", array.shape[0], size)
    kind = array.dtype.kind
    if kind in "ib":
        return array
    if kind in "USTO":
        return _names(array.tolist(), "label")
    if kind == "u" or (kind == "f" and bool(np.all(np.isfinite(array) & (array == np.rint(array))))):
        if array.size and max(int(array.max()), -int(array.min())) >= 2**63:
            return [int(value) for value in array.tolist()]
        return array.astype(np.int64)
    raise TypeError(
        f"label has dtype {array.dtype} with values that are not whole; expected integers or strings"
    )


def fits_float32(numbers: Array) -> bool:
    """Whether integers (B,) are the same when they are kept as float32; others are kept as codes."""
    return not numbers.size or (int(numbers.max()) <= 1 << 24 and int(numbers.min()) >= -(1 << 24))


def _of_one_hot(array: Array) -> Array:
    if array.dtype.kind in "iub" and not bool(np.all(np.sum(array != 0, axis=1) == 1)):
        raise ValueError(
            f"label has shape {array.shape} but is not one-hot; expected one label per instance, (B,) or one-hot (B, C)"
        )
    return np.asarray(np.argmax(array, axis=1))


def read_metric(name: str, value: Any, size: int, mask: Array | None = None) -> Array:
    """Return a metric of a batch as a float array (B,).

    A (B, 1) metric is squeezed; a (B, T, ...) one becomes its mean over all but the first axis, or over the true
    places of `mask`, (B, T, ...).
    """
    masked = value if isinstance(value, np.ma.MaskedArray) else None
    array = to_array(value)
    if array.ndim == 0:
        if size == 1:
            return array.reshape(1)
        raise ValueError(
            f"{name} is a single number for {size} instances: it was averaged already. Compute it per sample, for "
            f"instance torch.nn.functional.cross_entropy(logits, labels, reduction='none'), or in Keras "
            f"Loss(reduction='none')"
        )
    _same_length(name, array.shape[0], size)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers, one per instance")
    if array.ndim == 1:
        return array
    if masked is not None and mask is None:
        mask = ~np.ma.getmaskarray(masked)
    if mask is not None and mask.shape == array.shape:
        return _masked_mean(array, mask)
    if mask is not None:
        raise ValueError(f"mask has shape {mask.shape}; expected that of {name}, {array.shape}")
    if array.size == array.shape[0]:
        return array.reshape(-1)
    return np.asarray(array.reshape(size, -1).mean(axis=1, dtype=np.float64))


def _masked_mean(array: Array, mask: Array) -> Array:
    axes = tuple(range(1, array.ndim))
    weight = mask.astype(np.float64)
    total = np.where(weight != 0, array.astype(np.float64) * weight, 0.0).sum(axis=axes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / weight.sum(axis=axes))


def _same_length(name: str, got: int, size: int) -> None:
    if got != size:
        raise ValueError(
            f"{name} has {got} values for {size} indices; every array of a batch has the same length"
        )
