"""The way back through a convolution of an input with few channels, such as the first one of nearly every network of images.

TensorFlow's own gradient is a convolution that gives one to three channels on a processor whose instructions take sixteen
numbers, so that most of each is empty: on a network of a few layers it takes a quarter of the time. Here neighbouring columns
of the input's gradient are taken for channels of one position: an ordinary convolution of what comes back, whose numbers then
already lie in the order of columns and channels. Measured, it takes 0.3 to 0.9 of the time, the least where strides are long.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FILLED = 12  # numbers that are given together; more are slower, though an instruction takes 16: fewer taps reach all of them
_NARROW = 3  # channels that leave most of it empty
_MAPS = 8  # of fewer there is little to gain; and convolutions of one, with long strides, are wrong in TensorFlow 2.21


@dataclass(frozen=True)
class _Taps:
    """Along one side: which taps of the kernel reach which of ``together`` neighbouring places, from where.

    Attributes
    ----------
    which : numpy.ndarray
        int (K, together): the tap between each of the K results that these places reach and each place; where there is
        none, the kernel's length.
    step : int
        How many results further the next places are.
    before, after : int
        Zeros around the results.
    groups : int
        How often there are so many places along the side.
    """

    which: NDArray[np.int64]
    step: int
    before: int
    after: int
    groups: int

    @classmethod
    def of(cls, size: int, results: int, kernel: int, stride: int, padded: int, together: int) -> _Taps:
        """Find them for a side of this many places, with zeros before them, and its results in the forward direction."""
        # result o reaches place p with tap p + padded - stride * o
        low, high = -((kernel - 1 - padded) // stride), (together - 1 + padded) // stride
        reached = np.arange(low, high + 1)
        taps = np.arange(together)[None] + padded - stride * reached[:, None]
        groups, step = -(-size // together), together // stride
        after = step * (groups - 1) + high - (results - 1)
        return cls(np.where((taps >= 0) & (taps < kernel), taps, kernel), step, -low, after, groups)


def shorter(tf: Any) -> Any:
    """Return a context in which what is traced goes back through such convolutions, by `tf.gradients`, in this way."""
    return tf.compat.v1.get_default_graph().gradient_override_map({"Conv2D": registered()})


def found_in(tf: Any, graph: Any) -> bool:
    """Tell whether a graph has any such convolution."""
    return any(one.type == "Conv2D" and _is_narrow(tf, one) for one in graph.get_operations())


@functools.cache
def registered() -> str:
    """Make the gradient known, and give the name under which it is."""
    import tensorflow as tf

    def back(operation: Any, given: Any) -> tuple[Any, Any]:
        x, kernel = operation.inputs
        options = {
            name: operation.get_attr(name)
            for name in ("strides", "dilations", "explicit_paddings", "use_cudnn_on_gpu")
        }
        options |= {name: operation.get_attr(name).decode() for name in ("padding", "data_format")}
        # of the kernel only where it depends on the input; else it is not computed
        of_kernel = tf.raw_ops.Conv2DBackpropFilter(
            input=x, filter_sizes=tf.shape(kernel), out_backprop=given, **options
        )
        if _is_narrow(tf, operation):
            return _back(tf, operation, given), of_kernel
        found = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(x), filter=kernel, out_backprop=given, **options
        )
        return found, of_kernel

    tf.RegisterGradient("XaiWidgetsConv2D")(back)
    return "XaiWidgetsConv2D"


def _is_narrow(tf: Any, operation: Any) -> bool:
    x, kernel = operation.inputs
    sides = (*x.shape[1:], *kernel.shape, *operation.outputs[0].shape[1:]) if x.shape.rank else (None,)
    return (
        not tf.config.list_logical_devices("GPU")
        and x.dtype == tf.float32
        and None not in sides
        and operation.get_attr("data_format") == b"NHWC"
        and operation.get_attr("dilations") == [1, 1, 1, 1]
        and x.shape[3] == kernel.shape[2] <= _NARROW
        and kernel.shape[3] >= _MAPS
        and all(min(taps.before, taps.after) >= 0 for taps in _sides(operation))
    )


def _sides(operation: Any) -> tuple[_Taps, _Taps]:
    """Return the taps along rows, as few together as the stride has, and along columns, as many as fill an instruction."""
    x, kernel, result = operation.inputs[0].shape, operation.inputs[1].shape, operation.outputs[0].shape
    strides, padding = operation.get_attr("strides"), operation.get_attr("padding")
    found = []
    for side in (1, 2):
        size, stride = int(x[side]), strides[side]
        padded = 0
        if padding == b"SAME":
            padded = max((result[side] - 1) * stride + kernel[side - 1] - size, 0) // 2
        elif padding == b"EXPLICIT":
            padded = operation.get_attr("explicit_paddings")[2 * side]
        together = stride if side == 1 else _together(size, stride, int(x[3]))
        found.append(_Taps.of(size, int(result[side]), int(kernel[side - 1]), stride, padded, together))
    return found[0], found[1]


def _together(size: int, stride: int, channels: int) -> int:
    """Return how many columns to take together: what fills an instruction, rather such a number as divides their number."""
    fitting = list(range(stride, _FILLED // channels + 1, stride)) or [stride]
    dividing = [count for count in fitting if size % count == 0 and 2 * count > fitting[-1]]
    return (dividing or fitting)[-1]


def _back(tf: Any, operation: Any, given: Any) -> Any:
    x, kernel = operation.inputs
    _, height, width, channels = x.shape
    rows, columns = _sides(operation)
    numbers = tf.concat([tf.reshape(kernel, [-1]), [0.0]], 0)  # the last one for no tap
    found = []
    for phase in range(rows.which.shape[1]):  # rows that are as far from those a stride takes
        turned = tf.gather(numbers, _order(kernel.shape, rows.which[:, phase], columns.which))
        around = [[0, 0], [rows.before, rows.after], [columns.before, columns.after], [0, 0]]
        found.append(tf.nn.conv2d(given, turned, [1, rows.step, columns.step, 1], around))
    made = found[0] if len(found) == 1 else tf.stack(found, axis=2)
    made = tf.reshape(made, (-1, rows.groups * len(found), columns.groups * columns.which.shape[1], channels))
    return made[:, :height, :width] if made.shape[1:3] != (height, width) else made


def _order(kernel: Any, down: NDArray[np.int64], across: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of a kernel's numbers, flat, in the kernel that goes back.

    Parameters
    ----------
    kernel : tensor shape
        (k rows, k columns, C, maps).
    down : numpy.ndarray
        (K rows,): taps.
    across : numpy.ndarray
        (K columns, together): taps.

    Returns
    -------
    numpy.ndarray
        (K rows, K columns, maps, together * C); where there is no tap, the place behind the last one.
    """
    tall, wide, channels, maps = kernel
    place = np.arange(tall * wide * channels * maps).reshape(tall, wide, channels, maps)
    place = np.pad(place, [[0, 1], [0, 1], [0, 0], [0, 0]], constant_values=place.size)
    picked = place[down][:, across]  # (K rows, K columns, together, C, maps)
    return np.moveaxis(picked, -1, 2).reshape(*picked.shape[:2], maps, -1)
