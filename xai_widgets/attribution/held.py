"""What a result holds on the model's device until somebody looks: vectors, of which masks or values cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.inputs.layouts import channel_axis, resolve_layout
from xai_widgets.attribution.masks import masks_in


class Held:
    """Vectors of a batch on the device; made in one thread, looked at in any.

    Parameters
    ----------
    ops : Ops
    flat : tensor
        (B, D), all inputs side by side.
    shapes : sequence of tuple
        Of a sample, per input.
    """

    def __init__(self, ops: Ops, flat: Tensor, shapes: Sequence[tuple[int, ...]]) -> None:
        self._ops = ops
        self._flat = flat
        self._shapes = tuple(shapes)
        self._ready = ops.mark()

    def values(self) -> tuple[NDArray[Any], ...]:
        """Bring all of it over, one read-only array for each input."""
        self._ready()
        flat, found, start = self._ops.host(self._flat), [], 0
        for shape in self._shapes:
            size = int(np.prod(shape))
            found.append(flat[:, start : start + size].reshape(len(flat), *shape))
            found[-1].flags.writeable = False
            start += size
        return tuple(found)

    def masks(
        self, layouts: Sequence[str | None], percentile: float, signed: bool
    ) -> tuple[NDArray[np.float32], ...]:
        """Make masks there, one array for each input, and bring these over; see `mask_of`."""
        self._ready()
        found, start = [], 0
        for shape, layout in zip(self._shapes, layouts, strict=True):
            size, whole = int(np.prod(shape)), (int(self._flat.shape[0]), *shape)
            axis = channel_axis(resolve_layout(whole, layout, channels_first=False))
            part = self._flat if len(self._shapes) == 1 else self._flat[:, start : start + size]
            made = masks_in(self._ops, self._ops.reshape(part, whole), axis, percentile, signed)
            found.append(np.asarray(self._ops.host(self._ops.narrow(made)), np.float32))
            start += size
        return tuple(found)

    def sums(self) -> NDArray[np.float64]:
        """Bring over what each vector adds up to, (B,)."""
        self._ready()
        return np.asarray(self._ops.host(self._ops.sum(self._flat, 1)), np.float64)


class Later:
    """A field of a frozen dataclass that may be given as `Unseen`, and is found when somebody looks.

    Parameters
    ----------
    name : str
        Of the field.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, one: Any, owner: type) -> Any:
        """Return the field's value."""
        if one is None:
            raise AttributeError(self._name)  # there is no default
        held = one.__dict__[self._name]
        if isinstance(held, Unseen):
            held = one.__dict__[self._name] = held.look()
        return held

    def __set__(self, one: Any, value: Any) -> None:
        """Take the field's value."""
        one.__dict__[self._name] = value


class Unseen:
    """What a `Later` field is until somebody looks.

    Parameters
    ----------
    look : callable
        Gives it.
    """

    def __init__(self, look: Callable[[], Any]) -> None:
        self.look = look
