"""The rule of `xai_widgets.attribution.backends.torch.secant` on TensorFlow.

A model is traced with gradients of our own for ReLU, leaky ReLU and maximum pooling: means over the stretch from each row to the
next one of its strip. The operations between input and score are then read off the graph, so that a model in which the rule
would not hold is refused before anything is computed. The last row of a strip has no next one and means nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

_LINEAR = frozenset(
    [
        "Add", "AddN", "AddV2", "AvgPool", "AvgPool3D", "BatchMatMulV2", "BatchToSpaceND", "BiasAdd", "BroadcastTo", "Cast",
        "ConcatV2", "Conv2D", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2", "DepthwiseConv2dNative", "ExpandDims",
        "FusedBatchNormV3", "GatherNd", "GatherV2", "Identity", "IdentityN", "MatMul", "Mean", "MirrorPad", "Mul", "Neg", "Pack",
        "Pad", "PadV2", "RealDiv", "Reshape", "ResizeBilinear", "ResizeNearestNeighbor", "Slice", "SpaceToBatchND", "Split",
        "SplitV", "Squeeze", "StridedSlice", "Sub", "Sum", "Tile", "Transpose", "Unpack",
    ]
)  # fmt: skip
_PRODUCTS = frozenset(
    [
        "BatchMatMulV2", "Conv2D", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropInputV2", "DepthwiseConv2dNative", "MatMul",
        "Mul",
    ]
)  # fmt: skip
"""Linear in each of their arguments alone, so that only one may depend on the input."""
_SIZES = frozenset(["Shape", "ShapeN", "Rank", "Size"])
_OURS = frozenset(["Relu", "LeakyRelu", "MaxPool"])
_MARK = "xai_widgets: one row per sample first"


def overridden(tf: Any, strip: int) -> Any:
    """Give a context in which what is traced goes backwards, by `tf.gradients`, with secants along strips of that length."""
    names = _registered(strip)
    return tf.compat.v1.get_default_graph().gradient_override_map(names)


def checked(tf: Any, inputs: Sequence[Any], score: Any) -> tuple[Any, bool]:
    """Read off the graph whether the rule holds between inputs and score, and give the score and whether there are kinks.

    Raises
    ------
    ValueError
        Where there is anything but linear operations, ReLU and maximum pooling of planes.
    tensorflow.errors.InvalidArgumentError
        When it runs, and such an operation has not one row for each of the inputs'; see `brings_rows_elsewhere`.
    """
    depending = {one.name for one in inputs}
    rows = []
    for operation in score.graph.get_operations():
        found = [place for place, one in enumerate(operation.inputs) if one.name in depending]
        if not found or operation.type in _SIZES:
            continue
        known = operation.type in _LINEAR or operation.type in _OURS
        product = operation.type in _PRODUCTS and len(found) > 1
        inverse = operation.type == "RealDiv" and 1 in found
        if not known or product or inverse or _other_kind(operation):
            raise ValueError(
                "rule='secant' is for networks of linear layers, ReLU and maximum pooling; this one also uses "
                f"{operation.type!r}. Leave rule= out"
            )
        depending.update(one.name for one in operation.outputs)
        if operation.type in _OURS:
            rows.append(operation.inputs[0])
    wanted = tf.shape(inputs[0])[0]
    with tf.control_dependencies(
        [tf.debugging.assert_equal(tf.shape(one)[0], wanted, _MARK) for one in rows]
    ):
        return tf.identity(score), bool(rows)


def brings_rows_elsewhere(error: Exception) -> bool:
    """Whether an error is that of `checked`."""
    return _MARK in str(error)


def _other_kind(operation: Any) -> bool:
    """Whether it is a kind of its type for which this does not hold."""
    if operation.type == "Cast":
        return not operation.get_attr("DstT").is_floating
    if operation.type == "MaxPool":
        return bool(operation.get_attr("data_format") != b"NHWC")
    return operation.type == "FusedBatchNormV3" and bool(operation.get_attr("is_training"))


@functools.cache
def _registered(strip: int) -> dict[str, str]:
    """Make our gradients known under a name for each length of strips."""
    import tensorflow as tf

    def beyond(x: Any) -> Any:
        """Give each row's successor on its path; the last of a strip gets itself."""
        shape = tf.shape(x)
        strips = tf.reshape(x, tf.concat([[-1, strip], shape[1:]], 0))
        return tf.reshape(tf.concat([strips[:, 1:], strips[:, -1:]], 1), shape)

    def kinked(x: Any, given: Any, found: Any, slope: float) -> Any:
        """Put secants where the sign changes along the stretch: ``found`` is with the slopes at the rows themselves."""
        above = x > 0
        turning = tf.where(tf.reshape(above != beyond(above), [-1]))
        here, size = tf.reshape(x, [-1]), tf.reduce_prod(tf.shape(x, out_type=tf.int64)[1:])
        low, high = tf.gather_nd(here, turning), tf.gather_nd(here, turning + size)
        # part of the stretch on which it is above zero
        above_zero = (tf.nn.relu(low) + tf.nn.relu(high)) / (tf.abs(low) + tf.abs(high))
        numbers = tf.gather_nd(tf.reshape(given, [-1]), turning) * (slope + (1 - slope) * above_zero)
        return tf.reshape(tf.tensor_scatter_nd_update(tf.reshape(found, [-1]), turning, numbers), tf.shape(x))

    def relu(operation: Any, given: Any) -> Any:
        x = operation.inputs[0]
        return kinked(x, given, tf.raw_ops.ReluGrad(gradients=given, features=x), 0.0)

    def leaky_relu(operation: Any, given: Any) -> Any:
        x, slope = operation.inputs[0], operation.get_attr("alpha")
        return kinked(x, given, tf.raw_ops.LeakyReluGrad(gradients=given, features=x, alpha=slope), slope)

    def max_pool(operation: Any, given: Any) -> Any:
        return _pooled_back(tf, operation, given, beyond)

    ours = {"Relu": relu, "LeakyRelu": leaky_relu, "MaxPool": max_pool}
    names = {kind: f"XaiWidgetsSecant{strip}{kind}" for kind in ours}
    for kind, function in ours.items():
        tf.RegisterGradient(names[kind])(function)
    return names


def _pooled_back(tf: Any, operation: Any, given: Any, beyond: Any) -> Any:
    """Send gradients of maximum pooling back; between two winners to each for its part of the stretch."""
    x = operation.inputs[0]
    options = {name: operation.get_attr(name) for name in ("ksize", "strides")}
    options["padding"] = operation.get_attr("padding").decode()
    _, winners = tf.nn.max_pool_with_argmax(x, **options)
    found = tf.raw_ops.MaxPoolGradWithArgmax(input=x, grad=given, argmax=winners, **options)
    first, second = (tf.reshape(one, [-1]) for one in (winners, beyond(winners)))
    turning = tf.where(first != second)[:, 0]
    here, size = tf.reshape(x, [-1]), tf.reduce_prod(tf.shape(x, out_type=tf.int64)[1:])
    start = turning // tf.reduce_prod(tf.shape(winners, out_type=tf.int64)[1:]) * size
    first, second = start + tf.gather(first, turning), start + tf.gather(second, turning)
    lead = tf.gather(here, first) - tf.gather(here, second)  # of the first over the second, at the start
    behind = tf.gather(here, second + size) - tf.gather(here, first + size)
    share = tf.where(
        lead + behind > 0, tf.math.divide_no_nan(behind, lead + behind), tf.constant(0.5, x.dtype)
    )
    moved = share * tf.gather(tf.reshape(given, [-1]), turning)
    places, numbers = tf.concat([second, first], 0)[:, None], tf.concat([moved, -moved], 0)
    return tf.reshape(tf.tensor_scatter_nd_add(tf.reshape(found, [-1]), places, numbers), tf.shape(x))
