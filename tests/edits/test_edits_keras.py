"""Edits in Keras' fit: no excluded sample after its epoch began, the new target and weight in the loss, nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import xai_widgets as xw  # noqa: E402
from xai_widgets.hooks.keras import TrackerCallback, indexed  # noqa: E402

N, CLASSES = 24, 4
rng = np.random.default_rng(0)
X = np.concatenate([np.arange(N)[:, None], rng.normal(size=(N, 5))], 1).astype("float32")
Y = np.arange(N) % CLASSES
W = rng.random(N).astype("float32") + 0.5
TENSORFLOW = keras.backend.backend() == "tensorflow"


class Drawn(keras.Sequential):
    """A model that notes what its train_step is given: in each epoch {instance: (target, weight)}."""

    def train_step(self, *args):
        x, y, w = keras.utils.unpack_x_y_sample_weight(args[-1])
        w = np.ones(len(x)) if w is None else np.asarray(w)
        batch = zip(np.asarray(x)[:, 0].astype(int).tolist(), np.asarray(y).tolist(), w.tolist(), strict=True)
        self.__dict__.setdefault("batches", []).append({i: (y, w) for i, y, w in batch})
        return super().train_step(*args)


def net(kind=keras.Sequential, loss="sparse_categorical_crossentropy", **options):
    keras.utils.set_random_seed(0)
    model = kind(
        [
            keras.Input((6,)),
            keras.layers.Rescaling(1 / N),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(CLASSES, "softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), loss, metrics=["accuracy"], jit_compile=False, **options)
    return model


class Ended(keras.callbacks.Callback):
    """Notes what was drawn epoch by epoch, and lets somebody decide in the midst of one."""

    def __init__(self, decide=lambda epoch: None):
        super().__init__()
        self.decide, self.epochs, self.sizes = decide, [], []

    def on_train_batch_end(self, batch, logs=None):
        if batch == 0:
            self.decide(self.epoch)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1
        self.model.__dict__["batches"] = []

    def on_epoch_end(self, epoch, logs=None):
        batches = self.model.batches
        self.epochs.append({i: what for batch in batches for i, what in batch.items()})
        self.sizes.append([len(batch) for batch in batches])


def fit(data, edits=None, decide=lambda epoch: None, epochs=3, tracker=None, **options):
    model, ended = net(Drawn, run_eagerly=True), Ended(decide)
    callbacks = [ended] if tracker is None else [TrackerCallback(tracker, model, edits=edits), ended]
    keras.utils.set_random_seed(1)
    model.fit(data, epochs=epochs, verbose=0, callbacks=callbacks, **options)
    return ended


def same(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("watched", [True, False])
def test_an_edit_within_an_epoch_reaches_the_next_one(watched):
    tracker = xw.Tracker() if watched else None
    edits = xw.Edits(tracker or xw.Tracker())

    def decide(epoch):
        if epoch == 1:
            edits.exclude(list(range(10)), force=True)
            edits.relabel(20, 3, force=True)
            edits.reweight([21, 22], [0.5, 0.0], force=True)
        if epoch == 2:
            edits.restore(list(range(5)), force=True)

    ended = fit(indexed(X, Y, edits=edits, batch_size=8), edits, decide, tracker=tracker)
    first, second, third = ended.epochs
    assert first == {i: (i % 4, 1.0) for i in range(N)}, "the epoch goes on as it began"
    assert set(second) == set(range(10, N))
    changed = {20: (3, 1.0), 21: (1, 0.5), 22: (2, 0.0)}
    assert {i: what for i, what in second.items() if what != (i % 4, 1.0)} == changed
    assert set(third) == set(range(N)) - set(range(5, 10)), "an epoch may be longer than the one before"
    assert ended.sizes == [[8, 8, 8], [8, 6], [8, 8, 3]], "batches are filled up"
    if watched:
        check = tracker.check()
        assert check.ok, str(check)
        assert "train labels proved on 57 of 57 rows" in str(check)
        recorded = tracker.instance_series(list(range(N)), "loss", mode="train").values
        assert np.isnan(recorded[:10, 1]).all()
        assert np.isfinite(np.delete(recorded, slice(0, 10), 0)).all()
        assert tracker.step == 8
        assert not tracker.problems


# 7 does not divide 24: for batches of one size TensorFlow makes another program of arrays, whose last bits may differ
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_without_an_edit_the_weights_are_those_of_the_arrays(shuffle):
    def run(watched):
        model, tracker = net(), xw.Tracker()
        edits = xw.Edits(tracker)
        keras.utils.set_random_seed(5)
        options = {"epochs": 2, "verbose": 0, "shuffle": shuffle}
        if watched:
            options["callbacks"] = [TrackerCallback(tracker, model, edits=edits)]
            history = model.fit(indexed(X, Y, W, edits=edits, batch_size=7), **options)
        else:
            history = model.fit(X, Y, batch_size=7, sample_weight=W, **options)
        return model, history.history

    (bare, logs), (watched, others) = run(False), run(True)
    assert logs == others
    same(bare, watched)


def test_weights_of_one_are_no_weights():
    def run(*data, **options):
        model = net()
        keras.utils.set_random_seed(5)
        model.fit(*data, epochs=2, verbose=0, shuffle=False, **options)
        return model

    bare = run(X, Y, batch_size=7)
    same(bare, run(indexed(X, Y, edits=xw.Edits(xw.Tracker()), batch_size=7)))


def test_a_run_is_replayed_from_its_edits(tmp_path):
    def run(edits, decide):
        model, tracker = net(Drawn, run_eagerly=True), xw.Tracker()
        ended = Ended(decide)
        keras.utils.set_random_seed(3)
        model.fit(
            indexed(X, Y, edits=edits, batch_size=8),
            epochs=3,
            verbose=0,
            callbacks=[TrackerCallback(tracker, model, edits=edits), ended],
        )
        return model, ended

    edits = xw.Edits(tmp_path)
    decisions = {1: lambda: edits.exclude([1, 2]), 2: lambda: edits.relabel([3, 5], [0, 0])}
    one, first = run(edits, lambda epoch: decisions.get(epoch, lambda: None)())
    edits.exclude(20)
    again = xw.Edits(tmp_path, replay=True)
    other, second = run(again, lambda epoch: None)
    assert first.epochs == second.epochs
    assert [len(epoch) for epoch in second.epochs] == [N, N - 2, N - 2]
    same(one, other)
    with pytest.raises(ValueError, match="repeats a run"):
        again.exclude(3)


class Rows(keras.utils.PyDataset):
    """Batches of one's own, in another order every epoch."""

    def __init__(self, **options):
        super().__init__(**options)
        self.order = np.arange(N)

    def __len__(self):
        return N // 6

    def names(self, i):
        return self.order[6 * i : 6 * i + 6]

    def __getitem__(self, i):
        rows = self.names(i)
        return X[rows], np.eye(CLASSES, dtype="float32")[Y[rows]]

    def on_epoch_end(self):
        self.order = np.roll(self.order, 6)


@pytest.mark.parametrize("workers", [{}, {"workers": 2, "use_multiprocessing": True}])
def test_a_py_dataset_keeps_its_batches_and_workers(workers):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    gone = [[0, 1, *range(12, 18)], [23], []]

    def decide(epoch):
        if gone[epoch - 1]:
            edits.exclude(gone[epoch - 1], force=True)
        edits.relabel(18 + epoch, 3, force=True)

    rows = Rows(**workers)
    model, ended = net(Drawn, loss="categorical_crossentropy", run_eagerly=True), Ended(decide)
    model.fit(
        indexed(rows, key=rows.names, edits=edits),
        epochs=3,
        verbose=0,
        shuffle=False,
        callbacks=[TrackerCallback(tracker, model, edits=edits), ended],
    )
    left = set(range(N))
    for epoch, drawn in enumerate(ended.epochs):
        assert set(drawn) == left
        changed = {i for i, (y, w) in drawn.items() if y[i % 4] != 1 or w != 1}
        assert changed == {i for i in range(19, 19 + epoch) if i % 4 != 3}
        left -= set(gone[epoch])
    assert sorted(ended.sizes[0]) == [6, 6, 6, 6]
    assert sorted(ended.sizes[1]) == [4, 6, 6], "rows are taken out of their batches, empty ones are left out"
    assert not tracker.problems
    assert tracker.counts("train").instances == N


def test_evaluation_is_edited_only_where_it_is_named():
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    edits.exclude(range(20), force=True)
    edits.exclude([1, 2, 3], mode="eval")
    model = net()
    training, held_out = indexed(X, Y, edits=edits), indexed(X, Y, edits=edits, mode="eval", batch_size=8)
    model.fit(
        training,
        validation_data=held_out,
        epochs=1,
        verbose=0,
        callbacks=[TrackerCallback(tracker, model, edits=edits)],
    )
    assert tracker.counts("train").instances == 4
    assert tracker.counts("eval").instances == N - 3
    given, named = model.evaluate(X, Y, verbose=0)[0], model.evaluate(held_out, verbose=0)[0]
    with pytest.warns(RuntimeWarning, match="made without them"):
        assert model.evaluate(training, verbose=0)[0] == pytest.approx(given)
    kept = np.delete(np.arange(N), [1, 2, 3])
    assert named == pytest.approx(model.evaluate(X[kept], Y[kept], verbose=0)[0], rel=1e-5)
    with pytest.raises(ValueError, match="data of mode 'eval'"):
        model.fit(held_out, verbose=0)


def test_names_may_be_strings_and_targets_several():
    names = np.array([f"photo {i}" for i in range(N)])
    edits = xw.Edits(xw.Tracker())
    edits.exclude("photo 3")
    edits.relabel("photo 5", 0)
    edits.reweight("photo 6", 0.25)
    data = indexed({"a": X, "b": X}, Y[:, None], W, index=names, edits=edits, batch_size=N)
    x, y, w = data[0]
    assert sorted(x) == ["a", "b"]
    kept = np.delete(np.arange(N), 3)
    np.testing.assert_array_equal(x["b"], X[kept])
    np.testing.assert_array_equal(w, (W * np.where(np.arange(N) == 6, np.float32(0.25), np.float32(1)))[kept])
    assert y[:, 0].tolist() == np.where(np.arange(N) == 5, 0, Y)[kept].tolist()
    with pytest.warns(
        RuntimeWarning, match="1 edits of mode 'train' do nothing here: the data has several arrays"
    ):
        several = indexed(X, [Y, Y], index=names, edits=edits)
    assert [len(part) for part in several[0][1]] == [N - 1, N - 1]
    with pytest.raises(ValueError, match="the data has several arrays of targets"):
        edits.relabel("photo 7", 1)


@pytest.mark.parametrize(
    ("y", "label", "want"),
    [
        (Y.astype("uint8"), 3, 3),
        (Y.astype("float32"), 2.5, 2.5),
        (np.eye(4)[Y], 2, [0, 0, 1, 0]),
        (np.eye(4, dtype=int)[Y], [1, 0, 0, 1], [1, 0, 0, 1]),
        (Y.astype("uint8"), 300, "keeps its given label"),
        (Y, 2.5, "2.5 is no int64"),
        (Y, "owl", "relabel with the class number"),
        (np.eye(4)[Y], 4, "none of the 4 classes"),
        (np.eye(4)[Y] * 0.9 + 0.025, 2, "mixed or smoothed"),
    ],
)
def test_a_new_label_comes_in_the_type_of_the_targets_or_is_told(y, label, want):
    edits = xw.Edits(xw.Tracker())
    edits.relabel(5, label)
    data = indexed(X, y, edits=edits, batch_size=N)
    if isinstance(want, str):
        with pytest.warns(RuntimeWarning, match=want):
            made = data[0][1]
        np.testing.assert_array_equal(made, y.astype(made.dtype))
        assert edits.problems
    else:
        made = data[0][1]
        assert made[5].tolist() == want
        np.testing.assert_array_equal(np.delete(made, 5, 0), np.delete(y, 5, 0).astype(made.dtype))


def test_what_could_not_be_kept_to_is_refused():
    edits, tracker = xw.Edits(xw.Tracker()), xw.Tracker()
    model = net()

    def refused(match, data, *, error=ValueError, **options):
        callbacks = [TrackerCallback(tracker, model, edits=edits)]
        with pytest.raises(error, match=match):
            model.fit(*data, verbose=0, callbacks=callbacks, **options)
        assert model.optimizer.iterations == 0

    refused("steps_per_epoch away", [indexed(X, Y, edits=edits)], steps_per_epoch=1)
    refused("edits=edits, batch_size=16", [indexed(X, Y, edits=edits)], batch_size=16)
    refused("no edit would do anything", indexed(X, Y))
    refused("no edit would do anything", [indexed(X, Y, edits=xw.Edits(xw.Tracker()))])
    model.evaluate(X, Y, verbose=0, callbacks=[TrackerCallback(tracker, model, edits=edits)])
    with pytest.raises(ValueError, match="the data of this evaluation is not under edits"):
        edits.exclude(3, mode="eval", force=True)
    with pytest.raises(ValueError, match="key=function"):
        indexed(Rows(), edits=edits)
    with pytest.raises(TypeError, match=r"expects an xai_widgets\.Edits; got str"):
        indexed(X, Y, edits="runs/7")
    with pytest.raises(TypeError, match=r"expects an xai_widgets\.Edits; got str"):
        TrackerCallback(tracker, model, edits="runs/7")
    with pytest.raises(ValueError, match="expected 24 rows"):
        indexed(X[:20], Y, edits=edits)
    edits.exclude(list(range(N)))
    refused("nothing to train on", [indexed(X, Y, edits=edits)])
    edits.undo()
    edits.exclude([3, N + 5])
    with pytest.warns(
        RuntimeWarning, match=rf"1 of 2 edited ids \({N + 5}\) is none of the data's {N} instances"
    ):
        assert sum(len(y) for _, y, _ in indexed(X, Y, edits=edits)) == N - 1


def test_a_data_set_that_is_emptied_in_a_run_ends_it():
    edits, ended = xw.Edits(xw.Tracker()), Ended(lambda epoch: edits.exclude(list(range(N))))
    model = net(Drawn, run_eagerly=True)
    with pytest.raises(ValueError, match="nothing to train on"):
        model.fit(indexed(X, Y, edits=edits), epochs=2, verbose=0, callbacks=[ended])
    assert len(ended.epochs) == 1


def tf_data(y=Y, *, edits=None, mode="train", **options):
    import tensorflow as tf

    return indexed(tf.data.Dataset.from_tensor_slices((X, y)), edits=edits, mode=mode, **options)


def test_tf_data_is_filtered_and_relabelled():
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)

    def decide(epoch):
        if epoch == 1:
            edits.exclude(list(range(10)), force=True)
            edits.relabel(20, 3, force=True)
            edits.reweight([21, 22], [0.5, 0.0], force=True)
        if epoch == 2:
            edits.restore(list(range(5)), force=True)
            edits.exclude([7], mode="eval", force=True)

    one_hot = np.eye(CLASSES, dtype="float32")[Y]
    model, ended = net(Drawn, loss="categorical_crossentropy", run_eagerly=True), Ended(decide)
    model.fit(
        tf_data(one_hot, edits=edits).shuffle(N).batch(8).prefetch(2),
        validation_data=tf_data(one_hot, edits=edits, mode="eval").batch(12),
        epochs=3,
        verbose=0,
        shuffle=False,
        callbacks=[TrackerCallback(tracker, model, edits=edits), ended],
    )
    given = {i: (one_hot[i].tolist(), 1.0) for i in range(N)}
    first, second, third = ended.epochs
    assert first == given
    assert set(second) == set(range(10, N))
    changed = {20: ([0, 0, 0, 1], 1.0), 21: (given[21][0], 0.5), 22: (given[22][0], 0.0)}
    assert {i: what for i, what in second.items() if what != given[i]} == changed
    assert set(third) == set(range(N)) - set(range(5, 10)), "an epoch may be longer than the one before"
    assert ended.sizes == [[8, 8, 8], [8, 6], [8, 8, 3]]
    evaluated = tracker.instance_series([6, 7], "loss", mode="eval").values
    assert np.isfinite(evaluated[0]).all()
    assert np.isfinite(evaluated[1]).tolist() == [True, True, False]
    assert not tracker.problems


def test_tf_data_without_an_edit_trains_as_it_does_without_us():
    def run(edits):
        model, tracker = net(), xw.Tracker()
        keras.utils.set_random_seed(5)
        data = tf_data(edits=edits).shuffle(N, seed=3).batch(8)
        callbacks = [TrackerCallback(tracker, model, edits=edits)]
        return model, model.fit(data, epochs=2, verbose=0, shuffle=False, callbacks=callbacks).history

    (bare, logs), (edited, others) = run(None), run(xw.Edits(xw.Tracker()))
    assert logs == others
    same(bare, edited)


def test_tf_data_that_keeps_an_epoch_is_refused():
    edits, model = xw.Edits(xw.Tracker()), net()
    data = tf_data(edits=edits)
    for kept, call in ((data.cache().batch(8), "cache"), (data.batch(8).repeat(), "repeat")):
        with pytest.raises(ValueError, match=rf"\.{call}\(\) keeps elements"):
            model.fit(
                kept,
                steps_per_epoch=2,
                verbose=0,
                shuffle=False,
                callbacks=[TrackerCallback(xw.Tracker(), model)],
            )
    callbacks = [TrackerCallback(xw.Tracker(), model)]
    with pytest.raises(ValueError, match="steps_per_epoch away"):
        model.fit(data.batch(8), steps_per_epoch=2, verbose=0, shuffle=False, callbacks=callbacks)
    edits.exclude([2, N + 5])
    edits.relabel(3, "owl")
    with pytest.warns(RuntimeWarning) as told:
        data = tf_data(edits=edits)
    assert sorted(int(marked["index"]) for _, marked, _ in data) == [i for i in range(N) if i != 2]
    texts = " ".join(str(each.message) for each in told)
    assert f"({N + 5}) is none of the data's {N} instances" in texts
    assert "keeps its given label" in texts


def test_tf_data_of_texts():
    edits = xw.Edits(xw.Tracker())
    edits.relabel([3, 5], ["owl", "a longer name"])
    data = tf_data(np.array([f"bird {i}" for i in range(N)]), edits=edits)
    labels = [marked["y"].numpy().decode() for _, marked, _ in data]
    assert labels[2:6] == ["bird 2", "owl", "bird 4", "a longer name"]
