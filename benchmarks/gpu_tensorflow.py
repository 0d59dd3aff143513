"""The model that costs nothing of `gpu.py`, in Keras: what the attribution engine makes of a device that TensorFlow sees.

    python benchmarks/gpu_tensorflow.py [--quick]

Prints Markdown for RESULTS.md: evaluations a second over those of the same algorithm hand-written in eager TensorFlow, and over a
loop that only takes the gradients, in turns, the median of the rounds; on a processor one thread, by its own clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from xai_widgets.attribution import AttributionEngine

METHODS = {
    "SmoothGrad²": "smoothgrad_squared",
    "integrated gradients": "integrated_gradients",
    "SmInt": "smint",
}
NOISE = 0.15


@tf.custom_gradient
def free(x: Any) -> Any:
    """Give ten columns; the gradient is one number, in the shape of the input."""
    shape = tf.shape(x)

    def gradient(given: Any) -> Any:
        return tf.broadcast_to(given[:, :1, None, None], shape)

    return tf.identity(x[:, 0, :10, 0]), gradient


class Nothing(keras.layers.Layer):
    """See `free`."""

    def call(self, x: Any) -> Any:
        """Apply it."""
        return free(x)


def model() -> keras.Model:
    """Return a model that costs nothing."""
    given = keras.Input((224, 224, 3))
    return keras.Model(given, Nothing()(given))


# -- the same by hand, in eager TensorFlow -----------------------------------------------------------------------------------


@tf.function(reduce_retracing=True)
def gradients(points: Any) -> Any:
    """Return the gradients of the first output."""
    with tf.GradientTape() as tape:
        tape.watch(points)
        score = tf.reduce_sum(free(points)[:, 0])
    return tape.gradient(score, points)


def floor(x: Any, rows: int, count: int) -> int:
    """Take gradients, and nothing else."""
    points = tf.repeat(x[:1], rows, 0)
    for _ in range(-(-count // rows)):
        gradients(points)
    return -(-count // rows) * rows


def smoothgrad_by_hand(x: Any, count: int, rows: int) -> int:
    """Return how many rows the mean square over antithetic pairs took."""
    for one in x:
        spread, total = NOISE * (tf.reduce_max(one) - tf.reduce_min(one)), tf.zeros_like(one)
        for _ in range(count // rows):
            noise = tf.random.normal((rows // 2, *one.shape)) * spread
            grads = gradients(tf.concat([one + noise, one - noise], 0))
            total += tf.reduce_sum(tf.square(grads), 0)
        total /= count
    return len(x) * (count // rows) * rows


def integrated_by_hand(x: Any, count: int, rows: int) -> int:
    """Return how many rows midpoints from a uniform baseline took."""
    t = (np.arange(count, dtype=np.float32) + 0.5) / count
    for one in x:
        start = tf.random.uniform(one.shape, tf.reduce_min(one), tf.reduce_max(one))
        step, total = one - start, tf.zeros_like(one)
        for part in t[: count // rows * rows].reshape(-1, rows, 1, 1, 1):
            total += tf.reduce_sum(gradients(start + part * step), 0)
        total *= step / count
    return len(x) * (count // rows) * rows


def smint_by_hand(x: Any, count: int, rows: int) -> int:
    """Return how many rows the mean of squared integrals took: two halves of two positions, and the mirror image."""
    units = max(1, rows // 8)
    for one in x:
        low, high = tf.reduce_min(one), tf.reduce_max(one)
        middle, half = (high + low) / 2, (high - low) / 2
        total, moment = tf.zeros_like(one), tf.square(one - middle) + half**2 / 3
        for _ in range(count // (8 * units)):
            noise = half * tf.random.uniform((units, 1, *one.shape), -1.0, 1.0)
            step = one - tf.concat([middle + noise, middle - noise], 1)
            t = (
                tf.random.uniform((units, 1, 4, 1, 1, 1)) + np.float32([0, 1, 0, 1])[:, None, None, None]
            ) / 2
            points = one + (t - 1) * step[:, :, None]
            grads = tf.reshape(gradients(tf.reshape(points, (-1, *one.shape))), (units, 2, 2, 2, *one.shape))
            halves = tf.reduce_mean(grads, 3)
            pairs = halves[:, :, 0] * halves[:, :, 1]
            exact, calm = tf.reduce_mean(pairs * step * step, 1), tf.reduce_mean(pairs, 1) * moment
            total += tf.reduce_sum(exact + calm, 0) / 2
    return len(x) * (count // (8 * units)) * 8 * units


# -- the table --------------------------------------------------------------------------------------------------------------


def ours(engine: AttributionEngine, x: np.ndarray, method: str, count: int) -> int:
    """Return how many rows a whole call took; functions are traced once, as in a panel, and nothing else is kept."""
    before = engine.rows_evaluated
    engine.attribute(x, method, target=0, smoothing=count, integrating=count)
    return engine.rows_evaluated - before


def main() -> None:
    """Read the arguments and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rounds")
    arguments = parser.parse_args()
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    if not on_gpu:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    count, rows = (16 if arguments.quick else 64), (64 if on_gpu else 16)
    x = np.random.default_rng(0).normal(size=(5, 224, 224, 3)).astype(np.float32)
    tensor, engine = tf.constant(x), AttributionEngine(model(), cache_bytes=0)
    by_hand = dict(zip(METHODS, (smoothgrad_by_hand, integrated_by_hand, smint_by_hand), strict=True))
    calls: dict[str, Callable[[], int]] = {"floor": partial(floor, tensor, rows, 5 * count)}
    for name, method in METHODS.items():
        calls[f"{name} by hand"] = partial(by_hand[name], tensor, count, min(rows, count))
        calls[name] = partial(ours, engine, x, method, count)
    rates: dict[str, list[float]] = {name: [] for name in calls}
    clock = time.perf_counter if on_gpu else time.process_time
    for turn in range(3 if arguments.quick else 16):
        for name, call in calls.items():
            start = clock()
            made = call()
            if turn:  # traced by then
                rates[name].append(made / (clock() - start))
    found = {name: statistics.median(each) for name, each in rates.items()}
    print(f"## {'A GPU' if on_gpu else 'A processor, one thread'}, TensorFlow {tf.__version__}")
    print(f"\nAround a model that costs nothing, 224x224x3, five samples, {count} evaluations each;", end=" ")
    print(f"the gradient loop takes {found['floor']:,.0f} a second.")
    print("\n| | a second | over the same by hand | over the loop |\n| --- | --- | --- | --- |")
    for name in METHODS:
        mine, hand = found[name], found[f"{name} by hand"]
        print(f"| {name} | {mine:,.0f} | {mine / hand:.2f} | {mine / found['floor']:.3f} |")
    if not on_gpu:
        print("\nNo GPU here, so no rows of one.")


if __name__ == "__main__":
    main()
