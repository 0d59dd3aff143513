"""Errors that say what to do, common to the frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def check_real(x: NDArray[Any]) -> NDArray[Any]:
    """Refuse inputs without gradients.

    Raises
    ------
    TypeError
        If the input holds integers, booleans, strings or objects.
    ValueError
        If it has no batch side, is empty, or holds NaN or infinity.
    """
    if x.dtype.kind in "iub":
        raise TypeError(
            f"the input is of type {x.dtype}: whole numbers have no gradient. Pass pixels as float32, exactly as the "
            "model eats them; for token ids pass the embeddings (and a model that takes them)"
        )
    if x.dtype.kind != "f":
        raise TypeError(f"the input should be of a floating type, got {x.dtype}")
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"the input should be a batch (B, ...) of at least one sample, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("the input holds NaN or infinite values; an attribution of them means nothing")
    return x


def unexplained() -> ValueError:
    """Say that no gradient reaches the input."""
    return ValueError(
        "the explained output does not depend on the input by a gradient: the model detaches it, rounds it "
        "(argmax, integer casts), runs under no_grad, or ignores it. Explain an output that comes before that step "
        "(target= a function of the output), or use method='occlusion', which needs no gradient"
    )
