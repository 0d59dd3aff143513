"""Keras fit under watch. Runs on the backend that KERAS_BACKEND names; `test_keras_torch.py` runs it on torch."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hooks_common import check_means, check_run, matrix, same_weights
from keras_common import BATCH, N_EVAL, N, X, Y, net, plain_run

import xai_widgets as xw
from xai_widgets.hooks.keras import indexed

TrackerCallback = xw.hooks.keras.TrackerCallback
TENSORFLOW = keras.backend.backend() == "tensorflow"
needs_tensorflow = pytest.mark.skipif(not TENSORFLOW, reason="needs the TensorFlow backend")
XV, YV = X[N:], Y[N:]
HOW = [{}, {"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 3}]


def fit(model, callback=None, *, epochs=3, x=None, y=None, validation=True, **options):
    mark = indexed if callback is not None else lambda *pair: pair
    keras.utils.set_random_seed(9)  # whatever was fitted before
    return model.fit(
        *mark(X[:N] if x is None else x, Y[:N] if y is None else y),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        validation_data=mark(XV, YV) if validation else None,
        callbacks=[] if callback is None else [callback],
        **options,
    ).history


@pytest.fixture(scope="module")
def known():
    return plain_run()


@pytest.mark.parametrize("how", HOW if TENSORFLOW else HOW[:1], ids=str)
def test_a_watched_fit_is_the_fit_itself(how, known):
    plain = net(**how)
    history = fit(plain)
    model, tracker = net(**how), xw.Tracker()
    watched = fit(model, TrackerCallback(tracker, model))
    assert watched == history
    same_weights(model.get_weights(), plain.get_weights())
    assert set(vars(model)) == set(vars(plain))
    assert not {"compute_loss", "compute_metrics"} & set(vars(model))
    # graphs round differently from the eager run that is known, and XLA drops out other units: that one is compared
    # with its own means and last evaluation, below
    atol = 1e-5 if how.get("run_eagerly") or not TENSORFLOW else 1e9 if "jit_compile" in how else 5e-5
    check_run(tracker, known, Y[:N], atol=atol)
    check_run(tracker, known, YV, mode="eval", size=N_EVAL, atol=atol)
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    check_means(tracker, dict(enumerate(history["val_loss"], 1)), mode="eval", size=N_EVAL)
    p = model.predict(XV, verbose=0)
    np.testing.assert_allclose(
        matrix(tracker, "eval", N_EVAL)[-1], -np.log(p[np.arange(N_EVAL), YV]), atol=1e-5
    )
    assert list(tracker.instance_series([0], "loss", mode="train").steps) == [7, 14, 21]
    assert (tracker.epochs, tracker.steps_per_epoch, tracker.status) == (3, 7, "ended")
    assert not tracker.problems
    # and the model still trains, without an index
    assert fit(model, epochs=1)["loss"][0] > 0


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("sparse_categorical_crossentropy", "softmax"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None),
    ],
    ids=["probabilities", "logits"],
)
def test_logits_are_recorded(loss, activation):
    model, recorded = net(loss, activation=activation), []

    class Keeping(xw.Tracker):
        def record(self, index, label=None, **more):
            recorded.append((index, more["logits"]))
            super().record(index, label, **more)

    fit(model, TrackerCallback(Keeping(), model), epochs=1)
    index, logits = recorded[-1]
    z = model.predict(XV, verbose=0)[index]
    np.testing.assert_allclose(logits, np.log(z) if activation else z, atol=1e-5)


LOSSES = [
    ("categorical_crossentropy", keras.utils.to_categorical(Y[:N]), 10, "softmax"),
    ("mse", keras.utils.to_categorical(Y[:N]).astype("float32"), 10, None),
    ("binary_crossentropy", (Y[:N] > 4).astype("float32"), 1, "sigmoid"),
    ("mae", Y[:N].astype("float32"), 1, None),
]


@pytest.mark.parametrize(("loss", "y", "outputs", "activation"), LOSSES, ids=[case[0] for case in LOSSES])
def test_built_in_losses(loss, y, outputs, activation):
    options = {"outputs": outputs, "activation": activation, "metrics": None}
    plain, model, tracker = net(loss, **options), net(loss, **options), xw.Tracker()
    history = fit(plain, epochs=2, y=y, validation=False)
    fit(model, TrackerCallback(tracker, model), epochs=2, y=y, validation=False)
    same_weights(model.get_weights(), plain.get_weights())
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    labels = list(tracker.instance_series(range(N), "loss", mode="train").labels)
    if loss == "categorical_crossentropy":
        assert labels == Y[:N].tolist()
    elif loss == "binary_crossentropy":
        assert labels == (Y[:N] > 4).astype(int).tolist()
    else:
        assert labels == [None] * N


def test_several_outputs_and_weights():
    def make():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((64,))
        hidden = keras.layers.Dense(16, activation="relu")(inputs)
        outputs = {
            "digit": keras.layers.Dense(10, activation="softmax", name="digit")(hidden),
            "size": keras.layers.Dense(1, name="size")(hidden),
        }
        model = keras.Model(inputs, outputs)
        model.compile(
            "sgd",
            {"digit": "sparse_categorical_crossentropy", "size": "mse"},
            loss_weights={"digit": 1.0, "size": 0.5},
        )
        return model

    y = {"digit": Y[:N], "size": (Y[:N] / 10).astype("float32")}
    plain, model, tracker = make(), make(), xw.Tracker()
    history = fit(plain, epochs=2, y=y, validation=False)
    fit(model, TrackerCallback(tracker, model), epochs=2, y=y, validation=False)
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    same_weights(model.get_weights(), plain.get_weights())


def test_sequences_are_folded_under_their_mask():
    rng = np.random.default_rng(0)
    x = rng.integers(1, 9, (N, 6))
    x[np.arange(6)[None, :] >= rng.integers(2, 7, N)[:, None]] = 0
    y = rng.integers(0, 4, (N, 6))

    def make():
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.layers.Embedding(9, 5, mask_zero=True), keras.layers.Dense(4, activation="softmax")]
        )
        model.build((None, 6))
        model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
        return model

    model, tracker = make(), xw.Tracker()
    fit(model, TrackerCallback(tracker, model), epochs=1, x=x, y=y, validation=False)
    p = model.predict(x, verbose=0)
    each = -np.log(np.take_along_axis(p, y[..., None], 2)[..., 0])
    want = (each * (x > 0)).sum(1) / (x > 0).sum(1)
    np.testing.assert_allclose(matrix(tracker, "train", N)[0], want, atol=1e-5)


@pytest.mark.skipif(not TENSORFLOW, reason="Keras runs float16 on the TensorFlow backend here")
def test_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        plain, model, tracker = net(), net(), xw.Tracker()
        history = fit(plain)
        fit(model, TrackerCallback(tracker, model))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    same_weights(model.get_weights(), plain.get_weights())
    check_means(tracker, dict(enumerate(history["loss"], 1)))


def test_gradient_accumulation():
    def make():
        return net(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=3))

    plain, model, tracker = make(), make(), xw.Tracker()
    history = fit(plain)
    fit(model, TrackerCallback(tracker, model))
    same_weights(model.get_weights(), plain.get_weights())
    check_means(tracker, dict(enumerate(history["loss"], 1)))


def test_early_stopping_and_a_polite_stop():
    class Ask(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 10:
                tracker.request_stop()

    model, tracker = net(), xw.Tracker()
    stopping = keras.callbacks.EarlyStopping("loss", min_delta=10.0, patience=1)
    history = model.fit(
        *indexed(X[:N], Y[:N]), epochs=9, verbose=0, callbacks=[stopping, TrackerCallback(tracker, model)]
    ).history
    assert len(history["loss"]) == 2 == tracker.epoch
    check_means(tracker, dict(enumerate(history["loss"], 1)))

    model, tracker = net(), xw.Tracker()
    callback = TrackerCallback(tracker, model)
    model.fit(*indexed(X[:N], Y[:N]), epochs=9, batch_size=BATCH, verbose=0, callbacks=[Ask(), callback])
    assert int(model.optimizer.iterations) == 10
    assert tracker.status == "ended"
    seen = np.isfinite(matrix(tracker, "train", N))
    assert seen.sum(axis=1).tolist() == [N, 3 * BATCH]


def test_an_exception_in_the_middle_keeps_what_came_before():
    class Break(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.optimizer.iterations == 10:
                raise RuntimeError("the disk is full")

    model, tracker = net(), xw.Tracker()
    callback = TrackerCallback(tracker, model, every=60)
    with pytest.raises(RuntimeError, match="the disk is full"):
        model.fit(
            *indexed(X[:N], Y[:N]), epochs=9, batch_size=BATCH, verbose=0, callbacks=[callback, Break()]
        )
    callback.detach()
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert np.isfinite(series.values).sum(axis=0).tolist() == [N, 3 * BATCH]
    assert series.provisional
    assert not {"compute_loss", "compute_metrics"} & set(vars(model))


def test_resuming_continues_the_epochs(known, tmp_path):
    model, tracker = net(), xw.Tracker()
    fit(model, TrackerCallback(tracker, model), epochs=2)
    state = tracker.state_dict()
    resumed = xw.Tracker()
    resumed.load_state_dict(state)
    fit(model, TrackerCallback(resumed, model), epochs=3, initial_epoch=2)
    assert list(resumed.instance_series([0], "loss", mode="train").epochs) == [1, 2, 3]
    assert list(resumed.instance_series([0], "loss", mode="train").steps) == [7, 14, 21]
    # a second fit that starts at Keras' epoch 0 again goes on counting
    fit(model, TrackerCallback(resumed, model), epochs=1)
    assert list(resumed.instance_series([0], "loss", mode="train").epochs) == [1, 2, 3, 4]


def test_a_state_taken_within_an_epoch_misses_nothing():
    states = []

    class Take(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                states.append(tracker.state_dict())

    model, tracker = net(), xw.Tracker()
    callback = TrackerCallback(tracker, model, every=60)
    model.fit(*indexed(X[:N], Y[:N]), epochs=2, batch_size=BATCH, verbose=0, callbacks=[callback, Take()])
    rows = []
    for state in states:
        taken = xw.Tracker()
        taken.load_state_dict(state)
        rows.append(taken.counts("train").rows)
    assert rows == [4 * BATCH, N + 4 * BATCH]


def test_names_evaluate_and_other_data_sets():
    model, tracker = net(), xw.Tracker()
    names = [f"digit-{i}" for i in range(N)]
    fit(model, TrackerCallback(tracker, model, names=names), epochs=2, validation=False)
    series = tracker.instance_series(names, "loss", mode="train")
    assert list(series.labels) == Y[:N].tolist()
    for ds_id in ("clean", "again"):
        callback = TrackerCallback(tracker, model, mode="test", ds_id=ds_id)
        logged = model.evaluate(*indexed(XV, YV), verbose=0, callbacks=[callback], return_dict=True)["loss"]
        values = tracker.instance_series(range(N_EVAL), "loss", mode="test", ds_id=ds_id).values
        assert abs(values.mean() - logged) < 1e-5
    assert not {"compute_loss", "compute_metrics"} & set(vars(model))


def test_a_model_with_its_own_loss_needs_per_sample():
    class Own(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred))

    def make():
        return net(None, kind=Own)

    plain, model, tracker = make(), make(), xw.Tracker()
    history = fit(plain, epochs=2)
    with pytest.warns(RuntimeWarning, match="per_sample"):
        assert fit(model, TrackerCallback(tracker, model), epochs=2) == history
    assert not tracker.modes
    assert not tracker.check().ok
    model, tracker = make(), xw.Tracker()
    callback = TrackerCallback(tracker, model, per_sample=keras.losses.sparse_categorical_crossentropy)
    fit(model, callback, epochs=2)
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    same_weights(model.get_weights(), plain.get_weights())


def test_an_already_reduced_loss_is_told():
    def reduced(y, p):
        return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, p))

    model, tracker = net(reduced), xw.Tracker()
    with pytest.warns(RuntimeWarning, match="reduced already"):
        fit(model, TrackerCallback(tracker, model), epochs=1)
    assert not tracker.modes


def test_a_py_dataset():
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 7  # batches of 32 in 203

        def __getitem__(self, i):
            part = slice(i * BATCH, min((i + 1) * BATCH, N))
            return X[part], Y[part]

    class Reordering(Rows):
        def on_epoch_end(self):
            self.order = 1

    # with two workers Keras 3.15 itself serves one batch twice and one never on the torch backend, hook or not
    workers = 2 if TENSORFLOW else 1
    plain, model, tracker = net(), net(), xw.Tracker()
    fit_on = {"epochs": 2, "verbose": 0, "shuffle": True}
    keras.utils.set_random_seed(3)
    history = plain.fit(Rows(workers=workers), **fit_on).history
    keras.utils.set_random_seed(3)
    model.fit(indexed(Rows(workers=workers)), callbacks=[TrackerCallback(tracker, model)], **fit_on)
    same_weights(model.get_weights(), plain.get_weights())
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == Y[:N].tolist()
    with pytest.raises(ValueError, match=r"Reordering\.on_epoch_end may reorder"):
        indexed(Reordering())
    keyed = indexed(Reordering(), key=lambda i: 1000 + np.arange(i * BATCH, min((i + 1) * BATCH, N)))
    tracker = xw.Tracker()
    model.fit(keyed, epochs=1, verbose=0, callbacks=[TrackerCallback(tracker, model)])
    assert list(tracker.instance_series(range(1000, 1000 + N), "loss", mode="train").labels) == Y[:N].tolist()
    # and without the callback it is the data that it was
    assert plain.fit(indexed(Rows()), epochs=1, verbose=0).history["loss"]


@needs_tensorflow
def test_tf_data():
    import tensorflow as tf

    def pipeline(rows):
        return rows.shuffle(64, seed=3).batch(BATCH).prefetch(2)

    rows = tf.data.Dataset.from_tensor_slices((X[:N], Y[:N]))
    plain, model, tracker = net(), net(), xw.Tracker()
    history = plain.fit(pipeline(rows), epochs=2, verbose=0).history
    model.fit(pipeline(indexed(rows)), epochs=2, verbose=0, callbacks=[TrackerCallback(tracker, model)])
    same_weights(model.get_weights(), plain.get_weights())
    check_means(tracker, dict(enumerate(history["loss"], 1)))
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == Y[:N].tolist()
    with pytest.raises(ValueError, match="shuffled already"):
        indexed(rows.shuffle(9))
    with pytest.raises(ValueError, match="batched already"):
        indexed(rows.batch(9))
    keyed = indexed(rows.shuffle(9), key=lambda element: element[1] + 100)
    assert int(next(iter(keyed))[1]["index"]) >= 100


def test_errors_of_indexed():
    with pytest.raises(TypeError, match="order in which it yields"):
        indexed(pair for pair in [(1, 2)])
    with pytest.raises(ValueError, match=r"index has shape \(3,\) for 203"):
        indexed(X[:N], Y[:N], index=[1, 2, 3])
    with pytest.raises(TypeError, match="integers or strings"):
        indexed(X[:2], Y[:2], index=[0.5, 1.5])
    with pytest.raises(TypeError, match="arrays of targets"):
        indexed(X[:2], [1, 2])
    x, y, weight = indexed(X[:2], Y[:2], np.ones(2))
    assert (x.shape, y.shape, y.dtype, weight.shape) == ((2, 64), (2,), Y.dtype, (2,))
    assert (y == Y[:2]).all()


def test_a_ring_that_wraps_and_one_that_overflows():
    from xai_widgets.hooks.keras.ring_buffer import Reader, make_ring

    ring = make_ring(keras.backend.backend(), 2, 0)
    reader = Reader(ring)
    ring.rows = 10
    convert = keras.ops.convert_to_tensor
    done = 0
    for size in (4, 4, 7, 3):
        values = np.arange(done, done + size)
        floats = convert(values.astype("float32"))
        ring.write(convert(values), convert(values * 2), [floats, keras.ops.stack([floats], 1)])
        done += size
        got = reader.take()
        assert got.lost == 0
        assert got.index.tolist() == values.tolist()
        assert got.label.tolist() == (2 * values).tolist()
        assert len(set(got.batch.tolist())) == 1
        assert got.floats.tolist() == [[v, v] for v in values]
    assert reader.take() is None
    for _ in range(2):
        ring.write(convert(np.arange(8)), convert(np.arange(8)), [convert(np.zeros((8, 2), "float32"))])
    assert reader.take().lost == 6
    # a loss that gives another number of rows than there are names: no name is taken for another's
    ring.write(convert(np.arange(3)), convert(np.arange(5)), [convert(np.zeros((5, 2), "float32"))])
    assert (reader.take().index < 0).all()


@pytest.mark.filterwarnings("ignore")
def test_a_py_dataset_that_reshuffles_itself_is_told():
    """It does so where it gives its first batch, which nobody can see in advance."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 6)).astype(np.float32), rng.integers(0, 4, 64)

    class Restless(keras.utils.PyDataset):
        order, begun = np.arange(64), 0

        def __len__(self):
            return 8

        def __getitem__(self, i):
            self.begun += i == 0
            if i == 0 and self.begun > 2:  # Keras looks at the first batch before it begins
                self.order = np.random.default_rng(self.begun).permutation(64)
            rows = self.order[8 * i : 8 * i + 8]
            return x[rows], y[rows]

    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tracker = xw.Tracker()
    callback = xw.hooks.keras.TrackerCallback(tracker, model)
    model.fit(xw.hooks.keras.indexed(Restless()), epochs=3, verbose=0, shuffle=False, callbacks=[callback])
    assert any("other targets than in an earlier pass" in problem for problem in tracker.problems)
    series = tracker.instance_series(list(range(64)), "loss")
    logits = keras.ops.convert_to_numpy(model(x))
    right = np.log(np.exp(logits).sum(1)) - logits[np.arange(64), y]
    seen = np.isfinite(series.values)
    np.testing.assert_allclose(series.values[seen[:, 0], 0], right[seen[:, 0]], rtol=1e-4)
    assert not seen[:, 1:].any()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend")
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_a_generator_that_reshuffles_is_told(fixed):
    """Its elements are named by their places, which each pass gives to others."""
    import tensorflow as tf

    rng, order = np.random.default_rng(0), np.arange(64)
    x, y = rng.normal(size=(64, 6)).astype(np.float32), rng.integers(0, 4, 64)

    def elements():
        if not fixed:
            rng.shuffle(order)
        for i in order:
            yield x[i], y[i]

    spec = (tf.TensorSpec((6,), tf.float32), tf.TensorSpec((), tf.int64))
    data = xw.hooks.keras.indexed(tf.data.Dataset.from_generator(elements, output_signature=spec)).batch(8)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tracker = xw.Tracker()
    callback = xw.hooks.keras.TrackerCallback(tracker, model)
    model.fit(data, epochs=3, verbose=0, callbacks=[callback])
    assert tracker.check().ok == fixed
    assert tracker.counts("train").rows == (3 if fixed else 1) * 64
    assert fixed or any("other targets than in an earlier pass" in problem for problem in tracker.problems)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend")
@pytest.mark.parametrize("change", ["mixes", "turns", "codes anew"])
@pytest.mark.filterwarnings("ignore")
def test_targets_that_a_pipeline_changes_are_those_of_their_names_or_told(change):
    """Targets that lie in the memory of the set that was indexed are compared with what a pipeline makes of them."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 6)).astype(np.float32), rng.integers(0, 4, 64)

    def changed(rows, marked):
        targets, index = marked["y"], marked["index"]
        coded = tf.one_hot(3 - targets if change == "codes anew" else targets, 4)
        if change == "mixes":
            return 0.7 * rows + 0.3 * rows[::-1], {"y": 0.7 * coded + 0.3 * coded[::-1], "index": index}
        return rows, {"y": coded[::-1] if change == "turns" else coded, "index": index}

    data = xw.hooks.keras.indexed(tf.data.Dataset.from_tensor_slices((x, y))).batch(16).map(changed)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.CategoricalCrossentropy(from_logits=True))
    tracker = xw.Tracker()
    model.fit(data, epochs=2, verbose=0, callbacks=[xw.hooks.keras.TrackerCallback(tracker, model)])
    right = change == "codes anew"
    assert tracker.check().ok == right
    assert tracker.modes == (("train",) if right else ())
    if right:
        assert list(tracker.instance_series(range(64), "loss").labels) == (3 - y).tolist()
    else:
        assert "rows of one label in the data have several targets" in tracker.problems[0]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend")
@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_a_loss_of_more_rows_than_targets_ends_no_fit_over_tf_data(eager):
    import tensorflow as tf

    def twice(y, p):
        each = keras.ops.square(keras.ops.reshape(y, (-1,)) - p[:, 0])
        return keras.ops.concatenate([each, each])

    x = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    data = xw.hooks.keras.indexed(tf.data.Dataset.from_tensor_slices((x, x[:, 0]))).batch(8)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), twice, run_eagerly=eager)
    tracker = xw.Tracker()
    model.fit(data, epochs=2, verbose=0, callbacks=[xw.hooks.keras.TrackerCallback(tracker, model)])
    assert not tracker.modes
    assert any("another length" in problem for problem in tracker.problems)
