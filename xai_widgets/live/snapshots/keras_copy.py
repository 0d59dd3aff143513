"""Copies of Keras models."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from xai_widgets._rng import random_streams_kept
from xai_widgets.live.saliency.requests import one_line


class KerasReplica:
    """A copy of a Keras model; see `Replica`."""

    notes: tuple[str, ...] = ()
    eager = False

    def __init__(self, model: Any, model_fn: Callable[[], Any] | None = None) -> None:
        if not model.built:
            raise TypeError(
                f"the Keras model {model.name!r} has no weights yet, so there is nothing to copy: call it once on a "
                "batch, or build it, before asking for saliency"
            )
        self._source = model
        with random_streams_kept():  # initialisers and dropout layers draw their seeds from Python's stream
            self.model = _rebuilt(model, model_fn)
        if not self.refresh():
            raise TypeError(
                f"the copy of {model.name!r} has weights of the shapes {_shapes(self.model)} instead of "
                f"{_shapes(model)}. Give a function that builds the same architecture: model_fn=lambda: MyModel(...)"
            )

    def fits(self) -> bool:
        """Whether the original still has the same weights."""
        return _shapes(self._source) == _shapes(self.model)

    def refresh(self) -> bool:
        """Copy all weights; reads the original and writes only the copy."""
        if not self.fits():
            return False
        for live, kept in zip(self._source.weights, self.model.weights, strict=True):
            kept.assign(_own_memory(live))
        return True

    def may_draw(self) -> bool:
        """See `Replica`; a traced function runs no Python."""
        return False

    def computing(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to prepare: TensorFlow orders its streams itself."""
        return contextlib.nullcontext()


def _shapes(model: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in model.weights]


def _own_memory(variable: Any) -> Any:
    """Read a variable into memory of its own: reading alone may share the buffer that training writes next."""
    value = variable.value
    if hasattr(value, "detach"):  # torch below Keras
        return value.detach().clone()
    array = value.numpy()
    return array if array.flags.owndata else array.copy()


def _rebuilt(model: Any, model_fn: Callable[[], Any] | None) -> Any:
    """Build the architecture again, with weights of its own."""
    if model_fn is not None:
        made = model_fn()
        if made is model:
            raise TypeError("model_fn returned the model being trained itself; it must build a new one")
        return _with_weights(made, model)
    try:
        return _with_weights(_from_description(model), model)
    except Exception as reason:
        raise TypeError(
            f"{type(model).__qualname__} cannot be copied ({type(reason).__name__}: {one_line(reason)}), and "
            "saliency never computes on the model being trained. Give a function that builds the same "
            "architecture: model_fn=lambda: MyModel(...)"
        ) from reason


def _from_description(model: Any) -> Any:
    import keras

    try:
        return keras.models.clone_model(model)  # functional and sequential
    except ValueError:
        return type(model).from_config(model.get_config())


def _with_weights(made: Any, model: Any) -> Any:
    """Make the copy create its weights, as the original did."""
    if not made.built or len(made.weights) != len(model.weights):
        made.build_from_config(model.get_build_config())
    return made
