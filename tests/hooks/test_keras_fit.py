"""Keras' `fit` as people call it: weights, targets of every kind, several inputs and outputs, steps of their own.

Each row is compared with its value computed by hand; what cannot be told must be said, and the weights are those of the
same fit without us.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.hooks.keras import indexed

TrackerCallback = xw.hooks.keras.TrackerCallback
N, CLASSES = 44, 4
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 6)).astype("float32")
Y = rng.integers(0, CLASSES, N)
W = rng.random(N).astype("float32") + 0.5
CLASS_WEIGHT = {0: 1.0, 1: 3.0, 2: 1.0, 3: 0.5}
TENSORFLOW = keras.backend.backend() == "tensorflow"


def net(
    loss="sparse_categorical_crossentropy",
    outputs=CLASSES,
    activation="softmax",
    kind=keras.Sequential,
    rate=0.05,
):
    keras.utils.set_random_seed(0)
    model = kind([keras.Input((6,)), keras.layers.Dense(outputs, activation)])
    model.compile(keras.optimizers.SGD(rate), loss, weighted_metrics=[] if kind is keras.Sequential else None)
    return model


def fit(model, *data, tracker=None, seed=1, **options):
    keras.utils.set_random_seed(seed)
    callbacks = [] if tracker is None else [TrackerCallback(tracker, model)]
    options = {"epochs": 1, "batch_size": 16, "verbose": 0, **options}
    return model.fit(*data, callbacks=callbacks, **options).history


def same(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def rows(tracker, mode="train"):
    table = tracker.to_frame("instances")
    return table[table["mode"] == mode].sort_values(["epoch", "index"]) if len(table) else table


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y])


@pytest.mark.parametrize("how", ["class_weight", "sample_weight", "given to indexed"])
def test_weights_train_as_they_do_without_us_and_the_loss_has_none(how):
    """Which class is hard is not answered with the class weights."""
    weights = {"class_weight": CLASS_WEIGHT} if how == "class_weight" else {"sample_weight": W}
    each = np.vectorize(CLASS_WEIGHT.get)(Y) if how == "class_weight" else W
    plain, model, tracker = net(rate=0.0), net(rate=0.0), xw.Tracker()
    history = fit(plain, X, Y, **weights, validation_data=(X, Y, W))
    x, y, *w = indexed(X, Y, W) if how == "given to indexed" else indexed(X, Y)
    weights = {"sample_weight": w[0]} if w else weights
    assert history == fit(model, x, y, tracker=tracker, **weights, validation_data=indexed(X, Y, W))
    same(model, plain)
    want = cross_entropy(plain.predict(X, verbose=0), Y)
    for mode, weight in (("train", each), ("eval", W)):
        table = rows(tracker, mode)
        assert table["label"].tolist() == Y.tolist()
        np.testing.assert_allclose(table["loss"], want, rtol=1e-4)
        np.testing.assert_allclose(table["loss_weighted"], want * weight, rtol=1e-4)
    check = tracker.check()
    assert check.ok
    assert "checked with its weights" in str(check)
    assert f"train labels proved on {N} of {N} rows" in str(check)


def test_a_fit_trains_as_it_does_without_us():
    plain, model, tracker = net(), net(), xw.Tracker()
    options = {"epochs": 3, "class_weight": CLASS_WEIGHT, "validation_split": 0.25}
    assert fit(plain, X, Y, **options) == fit(model, *indexed(X, Y), tracker=tracker, **options)
    same(model, plain)
    assert sorted(set(rows(tracker, "eval")["index"])) == list(range(33, N))
    assert (str(tracker.task), tracker.task.probabilities) == ("4 classes, softmax", True)
    assert rows(tracker)["epoch"].tolist() == np.repeat([1, 2, 3], 33).tolist()
    assert set(vars(model)) == set(vars(plain))
    assert "call" not in vars(model._compile_loss)


@pytest.mark.parametrize("kind", ["int32", "uint8", "bool", "float64"])
def test_binary_labels_of_every_type(kind):
    y, tracker = (Y > 1).astype(kind), xw.Tracker()
    model = net("binary_crossentropy", 1, "sigmoid", rate=0.0)
    fit(model, *indexed(X, y), tracker=tracker)
    p = model.predict(X, verbose=0)[:, 0]
    table = rows(tracker)
    assert table["label"].tolist() == y.astype(int).tolist()
    np.testing.assert_allclose(table["loss"], -np.log(np.where(Y > 1, p, 1 - p)), rtol=1e-4)


def test_rows_without_a_label_take_none_away_from_others():
    y, tracker = Y.copy(), xw.Tracker()
    y[::2] = -1
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    plain, model = net(loss, activation=None), net(loss, activation=None)
    assert fit(plain, X, y, epochs=2) == fit(model, *indexed(X, y), tracker=tracker, epochs=2)
    same(model, plain)
    table = rows(tracker)
    assert table["index"].tolist() == [i for i in range(N) if i % 2] * 2
    assert (table["label"].to_numpy() == y[table["index"]]).all()
    assert table["loss"].notna().all()
    assert tracker.check().ok


def test_minus_one_is_a_class_where_the_loss_says_so():
    y, tracker = np.where(Y > 1, 1, -1), xw.Tracker()
    model = net("hinge", 1, None)
    fit(model, *indexed(X, y), tracker=tracker)
    assert rows(tracker)["label"].tolist() == y.tolist()


@pytest.mark.parametrize("loss", ["binary_crossentropy", "categorical_crossentropy"])
def test_several_labels_are_not_their_first(loss):
    y, tracker = (rng.random((N, 5)) > 0.5).astype("float32"), xw.Tracker()
    y[0] = [0, 0, 1, 0, 0]
    model = net(loss, 5, "sigmoid" if loss[0] == "b" else "softmax", rate=0.0)
    fit(model, *indexed(X, y), tracker=tracker)
    table = rows(tracker)
    several = table["index"].to_numpy()[y.sum(1)[table["index"]] != 1]
    assert len(table) == N
    assert list(tracker.instance_series(several, "loss", mode="train").labels) == [None] * len(several)
    np.testing.assert_allclose(
        table["loss"], keras.losses.get(loss)(y, model.predict(X, verbose=0)), rtol=1e-4
    )


def test_a_value_has_no_label():
    y, tracker = Y * 10, xw.Tracker()
    fit(net("mse", 1, None), *indexed(X, y), tracker=tracker)
    assert len(rows(tracker)) == N
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == [None] * N


def test_forgetting_indexed_is_told():
    plain, model, tracker = net(), net(), xw.Tracker()
    with pytest.warns(RuntimeWarning, match="indexed"):
        assert fit(model, X, Y, tracker=tracker) == fit(plain, X, Y)
    first = tracker.check().items[0]
    assert (first.level, "no index" in first.text, "indexed(x, y)" in first.remedy) == ("warn", True, True)
    with pytest.warns(RuntimeWarning, match="indexed"):
        fit(model, *indexed(X, Y), tracker=(tracker := xw.Tracker()), validation_data=(X, Y))
    assert tracker.modes == ("train",)


def two(loss_weights=None):
    keras.utils.set_random_seed(0)
    parts = {"left": keras.Input((3,), name="left"), "right": keras.Input((3,), name="right")}
    both = keras.layers.Concatenate()(list(parts.values()))
    outputs = {
        "digit": keras.layers.Dense(CLASSES, activation="softmax", name="digit")(both),
        "size": keras.layers.Dense(1, name="size")(both),
    }
    model = keras.Model(parts, outputs)
    model.compile(
        keras.optimizers.SGD(0.0),
        {"digit": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights=loss_weights,
    )
    return model


@pytest.mark.parametrize("weighted", [False, True])
def test_several_inputs_and_outputs_in_dictionaries(weighted):
    """The label is that of the only output with classes, the loss the sum that trains, without sample weights."""
    x, y = {"left": X[:, :3], "right": X[:, 3:]}, {"digit": Y, "size": (Y / 10).astype("float32")}
    weights = {"sample_weight": {"digit": W, "size": np.ones(N, "float32")}} if weighted else {}
    scale = {"digit": 1.0, "size": 0.5}
    plain, model, tracker = two(scale), two(scale), xw.Tracker()
    assert fit(plain, x, y, **weights) == fit(model, *indexed(x, y), tracker=tracker, **weights)
    out = model.predict(x, verbose=0)
    digit, size = cross_entropy(out["digit"], Y), (out["size"][:, 0] - y["size"]) ** 2
    table = rows(tracker)
    np.testing.assert_allclose(table["loss"], digit + 0.5 * size, rtol=1e-4)
    assert table["label"].tolist() == Y.tolist()
    if weighted:
        np.testing.assert_allclose(table["loss_weighted"], W * digit + 0.5 * size, rtol=1e-4)
    assert tracker.check().ok


class Rows(keras.utils.PyDataset):
    """Batches of unequal lengths."""

    def __init__(self, cuts, **options):
        super().__init__(**options)
        self.cuts = cuts

    def __len__(self):
        return len(self.cuts) - 1

    def __getitem__(self, i):
        part = slice(self.cuts[i], self.cuts[i + 1])
        return X[part], Y[part]


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_a_py_dataset_may_be_of_any_length(shuffle):
    data = Rows([0, 5, 21, 22, 38, N])
    plain, model, tracker = net(), net(), xw.Tracker()
    options = {"epochs": 2, "shuffle": shuffle, "class_weight": CLASS_WEIGHT, "batch_size": None}
    assert fit(plain, data, **options) == fit(model, indexed(data), tracker=tracker, **options)
    same(model, plain)
    table = rows(tracker)
    assert table["index"].tolist() == [*range(N), *range(N)]
    assert table["label"].tolist() == [*Y, *Y]
    assert tracker.check().ok


class Stepping(keras.Sequential):
    """A step of one's own, as the guides of Keras write it; `changes` is what it does to its targets."""

    changes = staticmethod(lambda y: y)
    times = 1

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        for _ in range(self.times):
            loss = self.compute_loss(x=x, y=self.changes(y), y_pred=y_pred)
        return {"loss": loss}


def evaluated(kind, loss="sparse_categorical_crossentropy", y=Y):
    model, tracker = net(loss, kind=kind), xw.Tracker()
    model.evaluate(*indexed(X, y), batch_size=16, verbose=0, callbacks=[TrackerCallback(tracker, model)])
    return rows(tracker, "eval"), tracker, cross_entropy(model.predict(X, verbose=0), Y)


def test_a_step_of_ones_own_sees_what_it_always_saw():
    table, tracker, want = evaluated(Stepping)
    np.testing.assert_allclose(table["loss"], want, rtol=1e-4)
    assert tracker.check().ok

    class OneHot(Stepping):
        changes = staticmethod(lambda y: keras.ops.one_hot(y, CLASSES))

    if not TENSORFLOW:
        return  # Keras itself builds the loss from the unchanged targets there, which it refuses
    table, tracker, want = evaluated(OneHot, "categorical_crossentropy")
    np.testing.assert_allclose(table["loss"], want, rtol=1e-4)
    assert table["label"].tolist() == Y.tolist()


def test_a_step_that_takes_other_samples_targets_is_found_out():
    class Mixing(Stepping):
        changes = staticmethod(lambda y: keras.ops.flip(y, 0))

    with pytest.warns(RuntimeWarning, match="changes the targets"):
        table, tracker, _ = evaluated(Mixing)
    assert not len(table)
    assert not tracker.check().ok


def test_a_loss_called_twice_or_never_is_told():
    class Twice(Stepping):
        times = 2

    class Never(Stepping):
        def test_step(self, data):
            return {"loss": keras.ops.mean(self(data[0], training=False))}

    for kind, text in ((Twice, "2 times"), (Never, "compute_loss")):
        with pytest.warns(RuntimeWarning, match=text):
            table, tracker, _ = evaluated(kind)
        assert not len(table)
        assert not tracker.check().ok


def test_a_loss_that_gives_another_number_of_rows_ends_no_fit():
    def pairs(y, p):
        return keras.ops.concatenate([keras.losses.mean_squared_error(y[:, None], p)] * 2)

    plain, model, tracker = net(pairs, 1, None), net(pairs, 1, None), xw.Tracker()
    y = Y.astype("float32")
    with pytest.warns(RuntimeWarning, match="another length"):
        assert fit(model, *indexed(X, y), tracker=tracker) == fit(plain, X, y)
    assert not tracker.modes


def test_an_epoch_is_a_pass_whatever_keras_counts():
    model, tracker = net(), xw.Tracker()
    # 44 rows are 3 batches: Keras' first "epoch" has two of them, its second one, and so on
    fit(model, *indexed(X, Y), tracker=tracker, epochs=4, steps_per_epoch=2, validation_data=indexed(X, Y))
    table = rows(tracker)
    assert table["epoch"].tolist() == np.repeat([1, 2], N).tolist()
    assert table["index"].tolist() == [*range(N), *range(N)]
    assert tracker.steps_per_epoch == 3
    assert tracker.status == "ended"


def test_names_may_be_strings_and_a_callback_serves_several_fits():
    names = np.asarray([f"digit-{i}" for i in range(N)])
    model, tracker = net(), xw.Tracker()
    callback = TrackerCallback(tracker)  # the model is told by Keras
    for _ in range(2):
        model.fit(*indexed(X, Y, index=names), epochs=1, verbose=0, callbacks=[callback])
        model.compile("sgd", "sparse_categorical_crossentropy")
    series = tracker.instance_series(list(names), "loss", mode="train")
    assert list(series.labels) == Y.tolist()
    assert list(series.epochs) == [1, 2]
    assert not tracker.problems


def test_targets_lose_their_names_where_rows_may_be_others():
    y = indexed(X, Y)[1]
    assert y[3:9].index.tolist() == [3, 4, 5, 6, 7, 8]
    assert y[np.asarray([5, 2])].index.tolist() == [5, 2]
    assert y[y > 1].index.tolist() == np.flatnonzero(Y > 1).tolist()
    assert all(np.asanyarray(one).index is None for one in (np.sort(y), y + 0, y.copy(), y[::2] * 2))
