"""The registry of how masks are shown: an entry for each kind of input of `xai_widgets.samples.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """How the mask of a kind of input is shown.

    Attributes
    ----------
    kind
        Name of the kind of input.
    mask
        From the mask of one sample, shaped as its input but for the channels of a picture, to the mask that is painted,
        float32 (H, W) in [0, 1].
    laid_over
        Whether the mask can be laid over the drawing of the input: they show the same places.
    """

    kind: str
    mask: Callable[[Mask], Mask]
    laid_over: bool = False


_LOOKS: dict[str, Look] = {}


def register(look: Look) -> Look:
    """Make known how masks of a kind of input are shown; one of the same kind is replaced.

    Raises
    ------
    TypeError
        If it is no `Look`.
    """
    if not isinstance(look, Look):
        raise TypeError(f"register takes a Look, got {type(look).__name__}")
    _LOOKS[look.kind] = look
    return look


def unregister(kind: str) -> None:
    """Forget how masks of a kind are shown."""
    _LOOKS.pop(kind, None)


def look_of(kind: str) -> Look:
    """Return how masks of a kind of input are shown; as a strip of their values where nobody said it."""
    return _LOOKS.get(kind) or _LOOKS["other"]
