"""Where the path starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.inputs.blur import blurred, widest
from xai_widgets.attribution.inputs.layouts import spatial_axes

RANDOM = ("uniform", "gaussian")
FIXED = ("zeros", "black", "white", "blur", "maximum_distance")


class Background:
    """Samples (of the training set, say) to draw baselines from, averaged over.

    Parameters
    ----------
    *inputs : array_like
        One array (K, ...) per input of the model.
    """

    def __init__(self, *inputs: Any) -> None:
        self.inputs = tuple(as_numpy(one) for one in inputs)
        if (
            not self.inputs
            or any(len(one) != len(self.inputs[0]) for one in self.inputs)
            or not len(self.inputs[0])
        ):
            shapes = ", ".join(str(one.shape) for one in self.inputs)
            raise ValueError(
                f"Background needs at least one sample, and as many of each input; got shapes ({shapes})"
            )

    def __len__(self) -> int:
        return len(self.inputs[0])


def as_numpy(value: Any) -> NDArray[Any]:
    """Bring a tensor or anything array-like to numpy."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value)


def fixed_baselines(
    baseline: Any,
    inputs: Sequence[NDArray[Any]],
    low: Sequence[NDArray[Any]],
    high: Sequence[NDArray[Any]],
    layouts: Sequence[str | None],
) -> tuple[NDArray[Any], ...]:
    """Return one fixed baseline per sample and input.

    Raises
    ------
    ValueError
        If there is no such baseline, or its shape does not fit the input.
    """
    each = baseline if isinstance(baseline, (tuple, list)) and len(inputs) > 1 else [baseline] * len(inputs)
    if len(each) != len(inputs):
        raise ValueError(f"baseline has {len(each)} parts for a model of {len(inputs)} inputs")
    return tuple(
        _named(one, x, lo, hi, layout) if isinstance(one, str) else _given(one, x)
        for one, x, lo, hi, layout in zip(each, inputs, low, high, layouts, strict=True)
    )


def _named(
    name: str, x: NDArray[Any], low: NDArray[Any], high: NDArray[Any], layout: str | None
) -> NDArray[Any]:
    wide = (slice(None),) + (None,) * (x.ndim - 1)
    lowest, highest = low[wide].astype(x.dtype), high[wide].astype(x.dtype)
    if name == "zeros":
        return np.zeros_like(x)
    if name == "black":
        return np.broadcast_to(lowest, x.shape).copy()
    if name == "white":
        return np.broadcast_to(highest, x.shape).copy()
    if name == "maximum_distance":
        return np.where(x - lowest > highest - x, lowest, highest)
    if name == "blur":
        axes = blurred_axes(layout, x.shape)
        return blurred(x, axes, widest(x.shape, axes))
    known = ", ".join((*RANDOM, *FIXED))
    raise ValueError(f"baseline should be one of {known}, a number, an array or a Background, got {name!r}")


def _given(value: Any, x: NDArray[Any]) -> NDArray[Any]:
    array = as_numpy(value).astype(x.dtype)
    try:
        return np.broadcast_to(array, x.shape).copy()
    except ValueError:
        raise ValueError(
            f"baseline has shape {array.shape}, which does not fit the input's {x.shape}; for several samples to draw "
            "from pass Background(array)"
        ) from None


def blurred_axes(layout: str | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides that a blur goes along.

    Raises
    ------
    ValueError
        If the input has none.
    """
    axes = spatial_axes(layout) if layout is not None else ()
    if not axes:
        raise ValueError(
            f"an input of shape {shape} (layout {layout}) has no rows and columns to blur; pass layout=, or another baseline"
        )
    return axes
