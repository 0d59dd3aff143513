"""Copies of Keras models."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from xai_widgets.live._random import random_streams_kept


class KerasReplica:
    """A copy of a Keras model; see `Replica`."""

    def __init__(self, model: Any, model_fn: Callable[[], Any] | None = None) -> None:
        self._source = model
        if not model.built:
            raise TypeError(
                f"the Keras model {model.name!r} has no weights yet, so there is nothing to copy: call it once on a "
                "batch, or build it, before asking for saliency"
            )
        with random_streams_kept():  # initialisers and dropout layers draw their seeds from Python's stream
            self.model = _built(model, model_fn)
        self.notes: tuple[str, ...] = ()
        if not self.refresh():
            raise TypeError(
                f"the copy of {model.name!r} has weights of other shapes: {_shapes(self.model)} instead of "
                f"{_shapes(model)}. Give a function that builds it: model_fn=lambda: MyModel(...)"
            )

    def refresh(self) -> bool:
        """Copy all weights; reads the original and writes only the copy."""
        live, kept = self._source.variables, self.model.variables
        live, kept = _weights(live), _weights(kept)
        if [tuple(v.shape) for v in live] != [tuple(v.shape) for v in kept]:
            return False
        for source, target in zip(live, kept, strict=True):
            target.assign(_own(source))
        return True

    def computing(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to prepare: TensorFlow orders its own streams."""
        return contextlib.nullcontext()


def _weights(variables: Any) -> list[Any]:
    """Leave out metrics and seed generators, which a copy need not share."""
    return [v for v in variables if "seed_generator" not in v.path and "metric" not in v.path.split("/")[0]]


def _own(variable: Any) -> Any:
    """Read a variable into memory of its own: TensorFlow may otherwise share the buffer with the original."""
    value = variable.value
    if hasattr(value, "numpy"):
        return value.numpy().copy() if hasattr(value.numpy(), "copy") else value.numpy()
    return value


def _shapes(model: Any) -> list[tuple[int, ...]]:
    return [tuple(v.shape) for v in _weights(model.variables)]


def _built(model: Any, model_fn: Callable[[], Any] | None) -> Any:
    import keras

    if model_fn is not None:
        made = model_fn()
        if made is model:
            raise TypeError("model_fn returned the model being trained itself; it must build a new one")
        _build_like(made, model)
        return made
    try:
        if isinstance(model, (keras.Sequential,)) or hasattr(model, "_functional") or _is_functional(model):
            made = keras.models.clone_model(model)
        else:
            made = type(model).from_config(model.get_config())
        _build_like(made, model)
    except Exception as reason:
        raise TypeError(
            f"{type(model).__qualname__} cannot be copied ({type(reason).__name__}: {reason}), and saliency never "
            "computes on the model being trained. Give a function that builds the same architecture: "
            "model_fn=lambda: MyModel(...)"
        ) from reason
    return made


def _is_functional(model: Any) -> bool:
    import keras

    return type(model) is keras.Model or type(model).__name__ == "Functional"


def _build_like(made: Any, model: Any) -> None:
    if not made.built:
        made.build_from_config(model.get_build_config())
