"""The three networks in Keras with the weights of the PyTorch ones, and the floor: plain batched passes in a tf.function.

Works with Keras 2 (as FastEstimator needs it) and Keras 3 alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from common import MODELS, SIDES, kept, pictures, weights

keras = tf.keras
layers = keras.layers


def network(name: str) -> Any:
    """Give "lenet", "resnet20" or "resnet18" for NHWC pictures; logits out."""
    if name not in MODELS:
        raise ValueError(f"there are {', '.join(MODELS)}, not {name}")
    known = kept("resnet18_weights", _torch_resnet18) if name == "resnet18" else weights(name)
    made = _Network(known)
    given = keras.Input((SIDES[name], SIDES[name], 3))
    model = keras.Model(
        given, {"lenet": _lenet, "resnet20": _resnet20, "resnet18": _resnet18}[name](made, given)
    )
    for layer, values in made.values:
        layer.set_weights(values)
    return model


def _torch_resnet18() -> dict[str, np.ndarray]:
    from torch_networks import network as in_torch

    return {key: value.cpu().numpy() for key, value in in_torch("resnet18").state_dict().items()}


class _Network:
    """Layers that take their weights from those of PyTorch, by name."""

    def __init__(self, known: dict[str, np.ndarray]) -> None:
        self._known = known
        self.values: list[tuple[Any, list[np.ndarray]]] = []

    def _add(self, layer: Any, name: str, kinds: tuple[str, ...], turn: tuple[int, ...] = ()) -> Any:
        values = [self._known[f"{name}.{kind}"] for kind in kinds if f"{name}.{kind}" in self._known]
        if turn:
            values[0] = values[0].transpose(turn)
        self.values.append((layer, values))
        return layer

    def conv(self, x: Any, name: str, stride: int = 1, same: bool = True) -> Any:
        kernel = self._known[f"{name}.weight"].transpose(2, 3, 1, 0)
        side = len(kernel)
        if same and stride > 1:
            x = layers.ZeroPadding2D(side // 2)(x)
        layer = layers.Conv2D(
            kernel.shape[-1], side, stride, "same" if same and stride == 1 else "valid",
            use_bias=f"{name}.bias" in self._known,
        )  # fmt: skip
        return self._add(layer, name, ("weight", "bias"), (2, 3, 1, 0))(x)

    def norm(self, x: Any, name: str, relu: bool = True) -> Any:
        kinds = ("weight", "bias", "running_mean", "running_var")
        x = self._add(layers.BatchNormalization(epsilon=1e-5), name, kinds)(x)
        return layers.ReLU()(x) if relu else x

    def dense(self, x: Any, name: str, maps: tuple[int, ...] = ()) -> Any:
        """A linear layer; ``maps`` are the (C, H, W) that PyTorch flattens before it."""
        kernel, bias = self._known[f"{name}.weight"], self._known[f"{name}.bias"]
        if maps:
            kernel = kernel.reshape(-1, *maps).transpose(0, 2, 3, 1).reshape(len(kernel), -1)
        layer = layers.Dense(len(kernel))
        self.values.append((layer, [kernel.T, bias]))
        return layer(x)

    def block(self, x: Any, name: str, stride: int) -> Any:
        y = self.norm(self.conv(x, f"{name}.conv1", stride), f"{name}.bn1")
        y = self.norm(self.conv(y, f"{name}.conv2"), f"{name}.bn2", relu=False)
        aside = (y.shape[-1] - x.shape[-1]) // 2
        if f"{name}.downsample.0.weight" in self._known:
            x = self.norm(
                self.conv(x, f"{name}.downsample.0", stride, same=False), f"{name}.downsample.1", False
            )
        elif aside:
            sides = [[0, 0], [0, 0], [0, 0], [aside, aside]]
            x = layers.Lambda(lambda one: tf.pad(one[:, ::2, ::2], sides))(x)
        return layers.ReLU()(layers.Add()([y, x]))


def _lenet(made: _Network, x: Any) -> Any:
    x = layers.MaxPool2D(2)(layers.ReLU()(made.conv(x, "0", same=False)))
    x = layers.MaxPool2D(2)(layers.ReLU()(made.conv(x, "3", same=False)))
    x = layers.Flatten()(layers.ReLU()(made.conv(x, "6", same=False)))
    return made.dense(layers.ReLU()(made.dense(x, "9", (64, 4, 4))), "11")


def _resnet20(made: _Network, x: Any) -> Any:
    x = made.norm(made.conv(x, "conv1"), "bn1")
    for stage in (1, 2, 3):
        for number in range(3):
            x = made.block(x, f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1)
    return made.dense(layers.GlobalAveragePooling2D()(x), "linear")


def _resnet18(made: _Network, x: Any) -> Any:
    x = made.norm(made.conv(x, "0", 2), "1")
    x = layers.MaxPool2D(3, 2)(
        layers.ZeroPadding2D(1)(x)
    )  # after a ReLU zeros are as good as PyTorch's minus infinity
    for stage in (4, 5, 6, 7):
        for number in range(2):
            x = made.block(x, f"{stage}.{number}", 2 if stage > 4 and number == 0 else 1)
    return made.dense(layers.GlobalAveragePooling2D()(x), "10")


def images(name: str, count: int = 5) -> np.ndarray:
    """Give test pictures of the network's size, (B, H, W, 3)."""
    return pictures(count, SIDES[name], "NHWC")


# -- the floor ------------------------------------------------------------------------------------------------------------


def plain_pass(model: Any, compiled: bool = False) -> Callable[[Any, Any], Any]:
    """Give a function of rows and classes: a plain batched forward and input-backward, traced for each batch size."""

    @tf.function(jit_compile=compiled)
    def run(x: Any, classes: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            scores = tf.gather(model(x, training=False), classes, axis=1, batch_dims=1)
        return tape.gradient(scores, x)

    return run


class Floor:
    """Plain passes over about so many rows at one batch size, from numpy and back.

    Parameters
    ----------
    rows : int
        How many are evaluated in a call; rounded to whole batches, see ``evaluated``.
    size : int
        Of a batch.
    compiled : bool, default False
        Whether XLA compiles it.
    """

    def __init__(self, model: Any, x: np.ndarray, rows: int, size: int, compiled: bool = False) -> None:
        picked = np.arange(size) % len(x)
        self._x = x[picked]
        self._classes = np.asarray(model(x, training=False)).argmax(1)[picked]
        self._pass = plain_pass(model, compiled)
        self._passes = max(1, round(rows / size))
        self.evaluated = self._passes * size
        self.name = f"floor, batch {size}{' with XLA' if compiled else ''}"

    def once(self) -> np.ndarray:
        """Evaluate one batch."""
        return np.asarray(self._pass(tf.constant(self._x), tf.constant(self._classes)))

    def __call__(self) -> None:
        for _ in range(self._passes):
            self.once()


def floors(model: Any, x: np.ndarray, rows: int, with_xla: bool = False, best: int = 3) -> list[Floor]:
    """Give the floors that seem best in a quick trial; which of them is the floor is told by measuring them in turns."""
    found: list[tuple[float, int, Floor]] = []
    for compiled in (False, True) if with_xla else (False,):
        for size in (2**k for k in range(10) if 2**k <= min(rows, 512)):
            floor = Floor(model, x, rows, size, compiled)
            floor.once()
            times = []
            for _ in range(3):
                begin = time.perf_counter()
                floor.once()
                times.append(time.perf_counter() - begin)
            found.append((min(times) / size, len(found), floor))
            if found[-1][0] > 3 * min(found)[0]:
                break  # larger ones only get worse
    return [floor for *_, floor in sorted(found)[:best]]
