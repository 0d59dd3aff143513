"""Label values, their small integer codes, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.results import Label

Codes = npt.NDArray[np.int32]
_LUT_LIMIT = 1 << 16


class LabelTable:
    """Every label value seen, numbered in the order of its first appearance."""

    def __init__(self) -> None:
        self.values: list[Label] = []
        self._codes: dict[Label, int] = {}
        self._lut = np.full(256, -1, np.int32)  # small integers, the common case, without a dictionary

    def __len__(self) -> int:
        return len(self.values)

    def code(self, value: Label) -> int:
        """Code of one value; a new one is added."""
        found = self._codes.get(value)
        if found is None:
            found = self._codes[value] = len(self.values)
            self.values.append(value)
            if isinstance(value, int) and 0 <= value < _LUT_LIMIT:
                if value >= self._lut.size:
                    lut = np.full(min(_LUT_LIMIT, 2 * value), -1, np.int32)
                    lut[: self._lut.size] = self._lut
                    self._lut = lut
                self._lut[value] = found
        return found

    def encode(self, labels: npt.NDArray[Any] | list[Any]) -> Codes:
        """Codes (B,) of integers (B,), or of a list of str and int."""
        if isinstance(labels, list):
            return np.array([self.code(v) for v in labels], np.int32)
        if labels.size == 0:
            return np.zeros(0, np.int32)
        if int(labels.min()) >= 0 and int(labels.max()) < self._lut.size:
            codes = self._lut.take(labels, mode="clip")
            if int(codes.min()) >= 0:
                return codes
        if int(labels.min()) >= 0 and int(labels.max()) < _LUT_LIMIT:
            for value in np.flatnonzero(np.bincount(labels)).tolist():
                self.code(value)
            return self._lut.take(labels)
        values, inverse = np.unique(labels, return_inverse=True)
        fresh = np.array([self.code(int(v)) for v in values.tolist()], np.int32)
        return fresh[inverse.reshape(-1)]

    def find(self, value: Any) -> int:
        """Code of a value, -1 when it was never seen."""
        return self._codes.get(plain(value), -1)


def plain(value: Any) -> Any:
    """Turn a numpy scalar or bytes into the Python value it stands for."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool):
        return int(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def is_group(value: Any) -> bool:
    """Whether instances can be grouped under a value: an integer, a float that is a number, or a string."""
    return type(value) in (int, str, float) and value == value


def sorted_labels(values: Iterable[Label]) -> list[Label]:
    """Integers first in their order, then strings in theirs."""
    return sorted(values, key=lambda v: (isinstance(v, str), v))


def read_label_names(names: Any) -> dict[str, Any] | None:
    """Return label names as {name: value, or a tuple of values that are merged}.

    Parameters
    ----------
    names
        None, a mapping from names to values (or to several), a mapping from integers to names, or a list of names
        for the values 0, 1, 2...

    Raises
    ------
    TypeError
        For anything else.
    """
    if names is None:
        return None
    if isinstance(names, Mapping):
        if (
            names
            and all(not isinstance(k, str) for k in names)
            and all(isinstance(v, str) for v in names.values())
        ):
            return _inverted(names)
        return {str(k): _value(v) for k, v in names.items()}
    if isinstance(names, (Sequence, np.ndarray)) and not isinstance(names, (str, bytes)):
        return {str(name): i for i, name in enumerate(names)}
    raise TypeError(
        f"label_names is a {type(names).__name__}; expected {{'airplane': 0, ...}}, {{0: 'airplane', ...}} or a list of names"
    )


def _inverted(names: Mapping[Any, str]) -> dict[str, Any]:
    merged: dict[str, list[Any]] = {}
    for value, name in names.items():
        merged.setdefault(name, []).append(plain(value))
    return {name: v[0] if len(v) == 1 else tuple(v) for name, v in merged.items()}


def _value(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset, range, np.ndarray)):
        values = tuple(sorted_labels(plain(v) for v in value))
        return values[0] if len(values) == 1 else values
    return plain(value)
