"""The frameworks, found by what is loaded already: a model cannot exist without its framework."""

from __future__ import annotations

import sys
from typing import Any

from xai_widgets.attribution.backends.base import Backend


def backend_for(model: Any, device: Any = None) -> Backend:
    """Give the backend of a model.

    Raises
    ------
    TypeError
        If the model is of no framework that is known.
    """
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "Model") and isinstance(model, keras.Model):
        name = keras.config.backend()
        if name == "tensorflow":
            from xai_widgets.attribution.backends.tensorflow import TensorFlowBackend

            return TensorFlowBackend(model, device)
        if name != "torch":
            raise TypeError(
                f"Keras runs on {name!r} here; attributions need the tensorflow or the torch backend "
                "(set KERAS_BACKEND before keras is imported)"
            )
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from xai_widgets.attribution.backends.torch import TorchBackend

        return TorchBackend(model, device)
    raise TypeError(f"model should be a torch.nn.Module or a keras.Model, got {type(model).__name__}")


__all__ = ["Backend", "backend_for"]
