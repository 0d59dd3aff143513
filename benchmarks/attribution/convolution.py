"""The way back through convolutions of few channels: ours beside TensorFlow's own, in turns in one run.

python benchmarks/attribution/convolution.py
"""

from __future__ import annotations

import os
import statistics

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from common import in_turns

from xai_widgets.attribution.backends.tensorflow.conv_gradient import shorter

# rows, side, channels, maps, kernel, stride, padding
CASES = (
    (128, 32, 3, 32, 3, 1, "VALID"), (64, 32, 3, 16, 3, 1, "SAME"), (64, 28, 1, 32, 3, 1, "VALID"),
    (64, 28, 1, 32, 5, 1, "VALID"), (8, 224, 3, 64, 7, 2, "SAME"), (16, 224, 3, 64, 3, 1, "SAME"),
    (8, 227, 3, 96, 11, 4, "VALID"), (8, 224, 3, 128, 16, 16, "VALID"),
)  # fmt: skip


def way_back(x: np.ndarray, kernel: np.ndarray, back: np.ndarray, stride: int, padding: str, short: bool):
    """Give a call of one of the two."""
    signature = [tf.TensorSpec((None, *one.shape[1:])) for one in (x, back)]
    weights = tf.Variable(kernel)

    @tf.function(input_signature=signature, autograph=False)
    def run(rows, given):
        if not short:
            return tf.gradients(tf.nn.conv2d(rows, weights, stride, padding), rows, given)[0]
        with shorter(tf):
            result = tf.nn.conv2d(rows, weights, stride, padding)
        return tf.gradients(result, rows, given)[0]

    tensors = tf.constant(x), tf.constant(back)
    return lambda: run(*tensors).numpy()


def main() -> None:
    rng = np.random.default_rng(0)
    print(f"TensorFlow {tf.__version__}; milliseconds, medians of nine in turns")
    for rows, side, channels, maps, size, stride, padding in CASES:
        x = rng.normal(size=(rows, side, side, channels)).astype(np.float32)
        kernel = rng.normal(size=(size, size, channels, maps)).astype(np.float32)
        back = rng.normal(size=tf.nn.conv2d(x, kernel, stride, padding).shape).astype(np.float32)
        calls = {
            name: way_back(x, kernel, back, stride, padding, name == "ours")
            for name in ("TensorFlow", "ours")
        }
        assert np.allclose(calls["ours"](), calls["TensorFlow"](), atol=1e-2)
        times = in_turns(calls, 9)
        middle = {name: 1e3 * statistics.median(spent) for name, spent in times.items()}
        print(
            f"   {rows:3d} of {side}x{side}x{channels}, {size}x{size} to {maps}, stride {stride}, {padding:5s}"
            f"   TensorFlow {middle['TensorFlow']:6.2f}   ours {middle['ours']:6.2f}"
            f"   {middle['ours'] / middle['TensorFlow']:.2f} of the time"
        )


if __name__ == "__main__":
    main()
