"""A private copy of the user's model, and how it gets new weights."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from xai_widgets.attribution.backends import refuse_keras_2
from xai_widgets.live.snapshots.keras_copy import KerasReplica
from xai_widgets.live.snapshots.torch_copy import TorchReplica


class Replica(Protocol):
    """A copy of a model that training never sees.

    Attributes
    ----------
    model : torch.nn.Module or keras.Model
        The copy, in evaluation mode; shares no storage with the original.
    notes : tuple of str
        What the copy leaves out, in words for the user.
    eager : bool
        Whether every evaluation runs Python code of the model, which may draw from streams of Python or numpy.
    """

    model: Any
    notes: tuple[str, ...]
    eager: bool

    def fits(self) -> bool:
        """Whether `refresh` can work."""

    def refresh(self) -> bool:
        """Copy the weights of the original; False when the two no longer fit and a new replica is due."""

    def may_draw(self) -> bool:
        """Whether the model's code names a random stream of Python or numpy; asked of an eager one."""

    def computing(self) -> Any:
        """Return a context manager for computing with the copy (the copy's own CUDA stream)."""


def replica_of(model: Any, model_fn: Callable[[], Any] | None = None) -> Replica:
    """Copy a model.

    Parameters
    ----------
    model : torch.nn.Module or keras.Model
        The model being trained; only read. A compiled module or a DataParallel wrapper is unwrapped.
    model_fn : callable, optional
        Builds a fresh model of the same architecture, for models that cannot be copied.

    Returns
    -------
    Replica
        With the weights of this moment.

    Raises
    ------
    TypeError
        When it is neither a torch nor a Keras model, or cannot be copied; the message says what to do.
    """
    torch = sys.modules.get("torch")
    if _is_keras(model):
        return KerasReplica(model, model_fn)
    if torch is not None and isinstance(model, torch.nn.Module):
        return TorchReplica(model, model_fn)
    refuse_keras_2(model)
    raise TypeError(
        f"saliency needs a torch.nn.Module or a keras.Model, got {type(model).__module__}.{type(model).__qualname__}"
    )


def draws_random(model: Any, model_fn: Callable[[], Any] | None) -> bool:
    """Whether making a replica draws random numbers (which `replica_of` undoes, in the thread that trains)."""
    return model_fn is not None or _is_keras(model)


def _is_keras(model: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(model, keras.Model)
