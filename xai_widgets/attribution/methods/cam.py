"""Class activation maps, from the activations of one layer and the gradients there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]


def activation_map(method: str, activations: Floats, gradients: Floats) -> Floats:
    """Return the map of a layer.

    Parameters
    ----------
    method : {"gradcam", "gradcam++", "eigencam"}
        Selvaraju et al., ICCV 2017; Chattopadhay et al., WACV 2018; Muhammad and Yeasin, IJCNN 2020.
    activations, gradients : numpy.ndarray
        (B, C, H, W).

    Returns
    -------
    numpy.ndarray
        (B, H, W), not negative.
    """
    acts, grads = activations.astype(np.float64), gradients.astype(np.float64)
    if method == "eigencam":
        return np.stack([_principal(one) for one in acts])
    if method == "gradcam":
        weights = grads.mean(axis=(2, 3))
    else:
        squares = grads**2
        below = 2 * squares + acts.sum(axis=(2, 3), keepdims=True) * grads**3
        alphas = np.divide(squares, below, out=np.zeros_like(squares), where=np.abs(below) > 1e-30)
        weights = (alphas * np.maximum(grads, 0)).sum(axis=(2, 3))
    return np.asarray(np.maximum(np.einsum("bc,bchw->bhw", weights, acts), 0))


def _principal(one: Floats) -> Floats:
    """Project every place on the first principal direction of the channels, (C, H, W) -> (H, W)."""
    places = one.reshape(len(one), -1).T
    _, _, directions = np.linalg.svd(places, full_matrices=False)
    found = places @ directions[0]
    # the direction's sign means nothing: the side with more of the activation is shown
    return np.asarray(np.maximum(found if found.sum() >= 0 else -found, 0).reshape(one.shape[1:]))


def enlarged(maps: Floats, height: int, width: int) -> Floats:
    """Enlarge (B, h, w) to (B, height, width), bilinear between the middles of the cells."""
    for axis, side in ((1, height), (2, width)):
        old = maps.shape[axis]
        places = np.clip((np.arange(side) + 0.5) * old / side - 0.5, 0, old - 1)
        low = np.floor(places).astype(np.intp)
        high = np.minimum(low + 1, old - 1)
        share = (places - low).reshape((-1,) + (1,) * (2 - axis))
        maps = maps.take(low, axis) * (1 - share) + maps.take(high, axis) * share
    return maps
