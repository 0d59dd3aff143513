"""A custom tf.GradientTape loop with the helpers of `hooks.tensorflow`."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hooks_common import CLASSES, N_EVAL, N, check_means, digits, matrix, same_weights

import xai_widgets as xw
from xai_widgets.hooks.tensorflow import indexed, per_sample, watch

X, Y = digits()
pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend"
)


def rows(part):
    return tf.data.Dataset.from_tensor_slices((X[part], Y[part]))


def run(tracker, epochs=3, *, jit=False, stop_at=None, fail_at=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(24, activation="relu"), keras.layers.Dense(CLASSES)]
    )
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    losses_of = per_sample(keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    pipeline = (
        (indexed if tracker is not None else (lambda part: part))(rows(slice(0, N)))
        .shuffle(64, seed=3)
        .batch(32)
    )
    evaluation = indexed(rows(slice(N, N + N_EVAL))).batch(32)

    @tf.function(jit_compile=jit)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = losses_of(y, logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return losses, logits

    means, seen, done = {}, [], 0
    if tracker is None:
        for epoch in range(1, epochs + 1):
            means[epoch] = np.concatenate([step(x, y)[0].numpy() for x, y in pipeline]).mean()
        return model, means, seen
    with watch(tracker, epochs=epochs) as watched:
        for epoch in range(1, epochs + 1):
            total = 0.0
            for x, y, index in watched.train(pipeline):
                if done == fail_at:
                    raise RuntimeError("the disk is full")
                losses, logits = step(x, y)
                watched.record(index, y, losses, logits)
                seen.append((epoch, index.numpy(), losses.numpy()))
                total += float(tf.reduce_sum(losses))
                done += 1
                if done == stop_at:
                    tracker.request_stop()
            for x, y, index in watched.evaluate(evaluation):
                watched.record(index, y, losses_of(y, model(x)))
            means[epoch] = total / N
    return model, means, seen


@pytest.mark.parametrize("jit", [False, True])
def test_a_watched_loop_is_the_loop_itself(jit):
    tracker = xw.Tracker()
    model, means, seen = run(tracker, jit=jit)
    plain, plain_means, _ = run(None, jit=jit)
    same_weights(model.get_weights(), plain.get_weights())
    np.testing.assert_allclose(list(means.values()), list(plain_means.values()), rtol=1e-5)
    check_means(tracker, means)
    series = tracker.instance_series(range(N), "loss", mode="train")
    for epoch, index, losses in seen:
        np.testing.assert_allclose(series.values[index, epoch - 1], losses, atol=1e-6)
    assert list(series.labels) == Y[:N].tolist()
    assert list(series.steps) == [7, 14, 21]
    assert tracker.counts("train").duplicates == 0
    p = keras.ops.log_softmax(model.predict(X[N:], verbose=0))
    want = -np.asarray(p)[np.arange(N_EVAL), Y[N:]]
    np.testing.assert_allclose(matrix(tracker, "eval", N_EVAL)[-1], want, atol=1e-5)
    assert (tracker.epochs, tracker.steps_per_epoch, tracker.status) == (3, 7, "ended")


def test_a_polite_stop_and_an_exception():
    tracker = xw.Tracker()
    run(tracker, stop_at=10)
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist()[:2] == [N, 3 * 32]
    tracker = xw.Tracker()
    with pytest.raises(RuntimeError, match="the disk is full"):
        run(tracker, fail_at=10)
    assert tracker.status == "failed"
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 3 * 32]


def test_resuming_from_a_checkpoint(tmp_path):
    """The second half, on restored weights and a restored tracker, continues the epochs and keeps the first."""
    first = xw.Tracker()
    run(first, epochs=2)
    second = xw.Tracker()
    second.load_state_dict(first.state_dict())
    run(second, epochs=2)
    series = second.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3, 4]
    assert np.isfinite(series.values).all()
    np.testing.assert_array_equal(series.values[:, :2].T, matrix(first, "train", N))
    assert second.counts("train").duplicates == 0


def test_elements_and_errors():
    named = next(iter(indexed(tf.data.Dataset.from_tensor_slices({"x": [5.0]}))))
    assert int(named["index"]) == 0
    alone = next(iter(indexed(tf.data.Dataset.range(3, 6))))
    assert [int(part) for part in alone] == [3, 0]
    with pytest.raises(ValueError, match="shuffled already"):
        indexed(tf.data.Dataset.range(9).shuffle(3))
    with pytest.raises(ValueError, match="mixes its sources"):
        indexed(tf.data.Dataset.range(2).interleave(lambda i: tf.data.Dataset.range(i, i + 2)))
    with pytest.raises(ValueError, match="reduced already"):
        per_sample(lambda y, p: keras.ops.mean(p - y))(np.zeros(3), np.zeros(3))
    with pytest.raises(RuntimeError, match="outside of a pass"):
        watch(xw.Tracker()).record([1], [1], [0.5])


def test_an_evaluation_that_is_left_ends_and_a_look_at_a_batch_is_no_epoch():
    tracker = xw.Tracker()
    rows = xw.hooks.tensorflow.indexed(
        tf.data.Dataset.from_tensor_slices((np.zeros((6, 2)), np.arange(6)))
    ).batch(2)
    with xw.hooks.tensorflow.watch(tracker) as run:
        next(iter(run.train(rows)))
        for _ in range(2):
            for _x, y, index in run.train(rows):
                run.record(index, y, np.ones(2))
            for _x, y, index in run.evaluate(rows):
                run.record(index, y, np.ones(2))
                break
            assert tracker.instance_series([0], "loss", mode="eval").provisional is False
    assert list(tracker.instance_series([0], "loss", mode="train").epochs) == [1, 2]
    assert list(tracker.instance_series([0], "loss", mode="eval").epochs) == [1, 2]


@pytest.mark.parametrize("fixed", [True, False])
def test_a_generator_that_reshuffles_is_told(fixed):
    """Its elements have other places in each pass, of which labels tell."""
    order, rng = np.arange(N), np.random.default_rng(0)

    def generator():
        if not fixed:
            rng.shuffle(order)
        for i in order:
            yield X[i], Y[i]

    spec = (tf.TensorSpec((64,), tf.float32), tf.TensorSpec((), tf.int64))
    data = indexed(tf.data.Dataset.from_generator(generator, output_signature=spec)).batch(32)
    tracker = xw.Tracker()
    with watch(tracker) as watched:
        for _ in range(2):
            for _, y, index in watched.train(data):
                watched.record(index, y, tf.ones(len(y)))
                watched.record(index, 9 - y, tf.ones(len(y)))  # a second part of the same batch
    assert tracker.check().ok == fixed
    assert tracker.counts("train").rows == (4 if fixed else 2) * N
    assert fixed or "other targets than in an earlier pass" in tracker.problems[0]


def test_data_sets_that_were_named_one_by_one_are_told():
    data = (
        indexed(rows(slice(0, 100)))
        .concatenate(indexed(rows(slice(100, 200))))
        .shuffle(200, seed=1)
        .batch(32)
    )
    tracker = xw.Tracker()
    with watch(tracker) as watched:
        for _, y, index in watched.train(data):
            watched.record(index, y, tf.ones(len(y)))
    assert "names are given twice" in tracker.problems[0]
    assert not len(tracker.to_frame("instances"))


def test_edits_are_applied_by_hand(tmp_path):
    """The loop that the reference shows: what is excluded weighs nothing, what is relabelled has its new target."""
    tracker = xw.Tracker(log_dir=tmp_path)
    edits = xw.Edits(tracker)
    labels = np.arange(8) % 4
    rows = tf.data.Dataset.from_tensor_slices((np.arange(8), tf.one_hot(labels, 4)))
    seen = []
    with xw.hooks.tensorflow.watch(tracker) as run:
        for epoch in range(1, 4):
            edits.begin_epoch(epoch)
            for x, y, index in run.train(xw.hooks.tensorflow.indexed(rows).batch(4)):
                y, weight, keep = edits.apply(index, y)
                assert isinstance(y, tf.Tensor)
                assert y.dtype == tf.float32
                seen += zip(
                    [epoch] * 4,
                    x.numpy().tolist(),
                    tf.argmax(y, 1).numpy().tolist(),
                    weight,
                    keep,
                    strict=True,
                )
                run.record(index[keep], tf.argmax(y, 1)[keep], weight[keep])
                if epoch == 1:
                    edits.exclude(1, force=True)
                    edits.relabel(2, 0, force=True)
                    edits.reweight(3, 0.5, force=True)
    assert seen[:8] == [(1, i, i % 4, 1.0, True) for i in range(8)], "the epoch goes on as it began"
    edited = {1: (1, 0.0, False), 2: (0, 1.0, True), 3: (3, 0.5, True)}
    assert seen[8:16] == [(2, i, *edited.get(i, (i % 4, 1.0, True))) for i in range(8)]
    assert np.isnan(tracker.instance_series([1], "loss", mode="train").values[0]).tolist() == [
        False,
        True,
        True,
    ]
