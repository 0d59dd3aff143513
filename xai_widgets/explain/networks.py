"""The network that is explained: made where it is wanted, and known again by its weights."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

import numpy as np


def weights_digest(network: Any) -> str:
    """Return a SHA-256 of all weights and buffers of a model, in their order."""
    if hasattr(network, "state_dict"):
        tensors = [
            value.detach().cpu() for value in network.state_dict().values() if hasattr(value, "detach")
        ]
        held = [t.float().numpy() if str(t.dtype) == "torch.bfloat16" else t.numpy() for t in tensors]
    else:
        held = network.get_weights()
    digest = hashlib.sha256()
    for array in held:
        digest.update(str((array.dtype.str, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def made(model: Any) -> Any:
    """Return the model; a function without arguments makes it."""
    if hasattr(model, "state_dict") or hasattr(model, "get_weights"):
        return model
    if callable(model) and not isinstance(model, type):
        needed = [
            p
            for p in inspect.signature(model).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if not needed:
            return model()
    raise TypeError(
        f"expected a torch.nn.Module, a keras.Model or a function without arguments that makes one; got {model!r}"
    )
