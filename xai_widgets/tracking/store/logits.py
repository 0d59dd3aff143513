"""What one row of logits says of its instance: pure functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def check_logits(array: Array, size: int) -> Array:
    """Return logits as (B, C); one output per instance, (B,) or (B, 1), is taken for two classes.

    Raises
    ------
    ValueError
        For another shape.
    """
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        array = array.reshape(-1, 1)
        array = np.concatenate([np.zeros_like(array), array], axis=1)
    if array.ndim != 2 or array.shape[0] != size:
        raise ValueError(
            f"logits have shape {array.shape}; expected one row of class scores per instance, ({size}, C)"
        )
    return array


def derive(logits: Array, label: Array) -> dict[str, Array]:
    """Confidence, margin, EL2N, entropy, prediction and whether it is right, each (B,) float32.

    Parameters
    ----------
    logits
        (B, C), before the softmax.
    label
        (B,) integers; a label outside 0 .. C-1 gives NaN.

    Notes
    -----
    The margin is that of the area under the margin (Pleiss et al., 2020): the logit of the label less the largest
    other one. EL2N (Paul et al., 2021) is the length of softmax minus one-hot. The entropy is in nats.
    """
    z = logits.astype(np.float32, copy=True)
    rows, classes = np.arange(z.shape[0]), z.shape[1]
    known = (label >= 0) & (label < classes)
    at = np.where(known, label, 0)
    prediction = z.argmax(axis=1)
    z -= z[rows, prediction][:, None]
    of_label = z[rows, at]
    e = np.exp(z)
    total = e.sum(axis=1)
    confidence = e[rows, at] / total
    squares = np.einsum("bc,bc->b", e, e) / (total * total)
    finite = np.where(np.isneginf(z), 0, z)  # a class that was masked out has no share in the entropy
    entropy = np.log(total) - np.einsum("bc,bc->b", e, finite) / total
    z[rows, at] = -np.inf
    margin = of_label - z.max(axis=1)
    el2n = np.sqrt(np.maximum(squares - 2 * confidence + 1, 0))
    unknown = ~(known & np.isfinite(total))
    found = {
        "@confidence": confidence,
        "@margin": margin,
        "@el2n": el2n,
        "@entropy": entropy,
        "@correct": (prediction == at).astype(np.float32),
        "@prediction": prediction.astype(np.float32),
    }
    if unknown.any():
        for name, values in found.items():
            if name not in ("@entropy", "@prediction") or not np.isfinite(total).all():
                values[unknown] = np.nan
    return found
