"""The frameworks, found by what is loaded already: a model cannot exist without its framework."""

from __future__ import annotations

import sys
from typing import Any

from xai_widgets.attribution.backends.base import Backend
from xai_widgets.attribution.backends.main_output import Place


def backend_for(model: Any, device: Any = None, place: Place | None = None) -> Backend:
    """Return the backend of a model, of which the output at `place` is explained.

    Raises
    ------
    TypeError
        If the model is of no framework that is known.
    """
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "Model") and isinstance(model, keras.Model):
        name = keras.config.backend()
        if name == "tensorflow":
            from xai_widgets.attribution.backends.tensorflow.backend import TensorFlowBackend

            return TensorFlowBackend(model, device, place)
        if name != "torch":
            raise TypeError(
                f"Keras runs on {name!r} here; attributions need the tensorflow or the torch backend "
                "(set KERAS_BACKEND before keras is imported)"
            )
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from xai_widgets.attribution.backends.torch.backend import TorchBackend

        return TorchBackend(model, device, place)
    refuse_keras_2(model)
    raise TypeError(f"model should be a torch.nn.Module or a keras.Model, got {type(model).__name__}")


def refuse_keras_2(model: Any) -> None:
    """Say what to do with a model of tf_keras, or of the Keras 2 that came inside TensorFlow.

    Raises
    ------
    TypeError
        If it is one.
    """
    old = ("tf_keras.", "tensorflow.python.keras.", "keras.engine.", "keras.src.engine.")
    if any(f"{kind.__module__}.".startswith(old) for kind in type(model).__mro__):
        kind = type(model)
        raise TypeError(
            f"model is of Keras 2 ({kind.__module__}.{kind.__qualname__}); expected a model of Keras 3 or of PyTorch. Build "
            "the same architecture with `import keras`, version 3, in place of tf_keras (and without "
            "TF_USE_LEGACY_KERAS); what is trained already comes over by new_model.set_weights(model.get_weights())"
        )


__all__ = ["Backend", "backend_for", "refuse_keras_2"]
