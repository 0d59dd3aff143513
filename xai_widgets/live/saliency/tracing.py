"""What a Keras model's functions are traced with before somebody asks for a picture."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.live.saliency.requests import ColumnsRequest


def example_inputs(model: Any) -> Any:
    """Return inputs that a Keras model takes.

    Parameters
    ----------
    model : keras.Model or anything else

    Returns
    -------
    numpy.ndarray or list of numpy.ndarray or None
        One sample of zeros, (1, ...), for each input of floating-point numbers. None for any other kind of model, and where
        the model has not said which shapes it takes.
    """
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Model) or keras.backend.backend() != "tensorflow":
        return None
    given = getattr(model, "inputs", None) or []
    made = [_zeros(one) for one in given]
    found = [one for one in made if one is not None]
    if not made or len(found) < len(made):
        return None
    return found[0] if len(found) == 1 else found


def _zeros(given: Any) -> NDArray[Any] | None:
    shape, dtype = tuple(given.shape[1:]), str(given.dtype)
    if any(side is None for side in shape) or not dtype.startswith("float"):
        return None
    return np.zeros((1, *shape), np.float32)


def short(request: ColumnsRequest) -> ColumnsRequest:
    """Return a request that goes the same way with the fewest evaluations."""
    return replace(
        request,
        smoothing=min(request.smoothing, 2),
        integrating=min(request.integrating, 4),
        target=None,
        tolerance=None,
    )
