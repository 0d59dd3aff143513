"""The registry of kinds of input: an entry says which samples are of it, what they are called and how one is drawn.

How a mask of such an input is shown is the entry of the same name in `xai_widgets.widgets.saliency.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Drawing = NDArray[np.uint8]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    name
        Name, for ``as_samples(data, kind=name)``, `Samples.kind` and error messages.
    fits
        Called with the first sample's input as it comes from the data set; tells whether it is of this kind.
    draw
        Called with the input of one sample; returns what is looked at, uint8 (H, W, 3).
    says
        Called with an input's shape; says what it is, for the line under it: "a table: 4 values".
    """

    name: str
    fits: Callable[[Values], bool]
    draw: Callable[[Values], Drawing]
    says: Callable[[tuple[int, ...]], str]

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name):
            raise ValueError(f"a kind of input is named {self.name!r}; a text is expected")
        if not all(map(callable, (self.fits, self.draw, self.says))):
            raise TypeError(f"fits, draw and says of the kind {self.name!r} are to be functions")


_KINDS: dict[str, Kind] = {}
_OWN: list[str] = []


def register(kind: Kind) -> Kind:
    """Make a kind known; it is asked before all that are known already, and one of the same name is replaced.

    Raises
    ------
    TypeError
        If it is no `Kind`.
    ValueError
        If it has the name of one of the package's own.
    """
    if not isinstance(kind, Kind):
        raise TypeError(f"a samples.Kind is expected, got {type(kind).__name__}")
    if kind.name in _OWN:
        raise ValueError(f"the name {kind.name!r} is taken; the kinds are {', '.join(_KINDS)}")
    _KINDS.pop(kind.name, None)
    _KINDS[kind.name] = kind
    return kind


def add(*kinds: Kind) -> None:
    """Make the package's own kinds known, in the order in which they are asked."""
    for kind in kinds:
        register(kind)
    _OWN.extend(kind.name for kind in kinds)


def unregister(name: str) -> None:
    """Forget a kind that was registered."""
    if name not in _OWN:
        _KINDS.pop(name, None)


def names() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(_KINDS)


def named(name: str) -> Kind:
    """Return the kind of a name.

    Raises
    ------
    ValueError
        If there is none; the text lists those there are.
    """
    if name not in _KINDS:
        raise ValueError(f"unknown kind of input {name!r}; one of {', '.join(_KINDS)}")
    return _KINDS[name]


def kind_from_outside(values: Values) -> Kind | None:
    """Return the newest of the kinds registered from outside that fits the input of a sample; None where none does."""
    return next(
        (kind for kind in reversed(_KINDS.values()) if kind.name not in _OWN and kind.fits(values)), None
    )


def kind_of(values: Values) -> Kind:
    """Return which of the package's own kinds fits the input of a sample; "other" fits everything."""
    return next(kind for kind in map(named, _OWN) if kind.fits(values))


def drawing_of(kind: Kind, values: Values) -> Drawing:
    """Draw the input of a sample.

    Raises
    ------
    TypeError
        If the kind's function gives something else than a picture.
    """
    drawn = np.asarray(kind.draw(values))
    if drawn.dtype != np.uint8 or drawn.ndim != 3 or drawn.shape[2] != 3:
        raise TypeError(
            f"draw of the kind {kind.name!r} should give uint8 (H, W, 3), it gave {drawn.dtype} {drawn.shape}"
        )
    return drawn
