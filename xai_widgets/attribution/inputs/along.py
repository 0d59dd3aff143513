"""What a model gets beside the inputs that are explained: token ids, masks, lengths; row by row, as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Place = int | str | None


@dataclass(frozen=True)
class Along:
    """Arguments of the model that are passed along and not explained.

    Attributes
    ----------
    arrays : tuple of numpy.ndarray
        (B, ...) each, of any kind of numbers.
    places : tuple of int, str or None
        Where each goes: an int is its place among the model's arguments, a str its keyword, None comes after the others.
    """

    arrays: tuple[NDArray[Any], ...] = ()
    places: tuple[Place, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.arrays)

    def rows(self, samples: Any) -> Along:
        """Return what belongs to rows of these samples, int (R,)."""
        return Along(tuple(one[samples] for one in self.arrays), self.places) if self.arrays else self

    def call(self, tensors: Sequence[Any], given: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the model's positional and keyword arguments; ``given`` are the arrays in the framework's own kind."""
        arguments = list(tensors)
        pairs = list(zip(self.places, given, strict=True))
        for place, one in sorted(((p, g) for p, g in pairs if isinstance(p, int)), key=lambda pair: pair[0]):
            arguments.insert(place, one)
        arguments += [one for place, one in pairs if place is None]
        return arguments, {place: one for place, one in pairs if isinstance(place, str)}

    @property
    def form(self) -> Along:
        """Where each goes, without the numbers."""
        return Along(places=self.places)

    @property
    def key(self) -> tuple[Any, ...]:
        """What identifies its form in a cache."""
        return tuple(
            (place, str(one.dtype), one.shape[1:])
            for place, one in zip(self.places, self.arrays, strict=True)
        )


NOTHING = Along()


def along_of(given: Any, rows: int) -> Along:
    """Check ``along=`` of a call.

    Parameters
    ----------
    given : None, array, sequence of arrays or dict
        See `Settings`.
    rows : int
        How many samples there are.

    Raises
    ------
    TypeError
        If it holds no numbers, or a dict's keys are neither places nor names.
    ValueError
        If it has another number of samples.
    """
    if given is None:
        return NOTHING
    if isinstance(given, Mapping):
        places, values = tuple(given), tuple(given.values())
        wrong = [key for key in places if not isinstance(key, int | str) or isinstance(key, bool)]
        if wrong:
            raise TypeError(
                f"along names {wrong[0]!r}; a place among the model's arguments (int) or a keyword (str) is expected"
            )
    else:
        values = tuple(given) if isinstance(given, tuple | list) else (given,)
        places = (None,) * len(values)
    arrays = tuple(_array(one) for one in values)
    for place, one in zip(places, arrays, strict=True):
        if one.dtype.kind not in "biuf":
            raise TypeError(f"along {_named(place)}holds {one.dtype}; numbers are expected")
        if one.ndim < 1 or len(one) != rows:
            raise ValueError(
                f"along {_named(place)}has shape {one.shape}; one entry for each of the {rows} samples is expected"
            )
    return Along(arrays, places)


def _named(place: Place) -> str:
    return "" if place is None else f"{place!r} "


def _array(value: Any) -> NDArray[Any]:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if value.is_floating_point() and value.element_size() < 4:
            value = value.float()  # numpy has no bfloat16
    return np.ascontiguousarray(np.asarray(value))
