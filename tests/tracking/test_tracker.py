"""What a tracker answers, and when."""

import importlib.util
import threading

import numpy as np
import pytest

from xai_widgets.tracking import Tracker


def run(epochs=3, n=50, batch=8, seed=0, **options):
    tracker, rng = Tracker(**options), np.random.default_rng(seed)
    loss = rng.random((epochs, n)).astype(np.float32)
    for epoch in range(epochs):
        order = rng.permutation(n)
        for at in range(0, n, batch):
            index = order[at : at + batch]
            tracker.record(index, index % 3, loss=loss[epoch, index])
        tracker.end_epoch()
    return tracker, loss


def test_histories_are_what_was_recorded():
    tracker, loss = run()
    series = tracker.instance_series(range(50))
    np.testing.assert_array_equal(series.values, loss.T)
    assert series.epochs.tolist() == [1, 2, 3]
    assert series.steps.tolist() == [7, 14, 21]
    assert series.labels == tuple(i % 3 for i in range(50))
    assert not series.provisional


def test_an_open_epoch_is_the_last_provisional_column():
    tracker, _ = run(epochs=1)
    tracker.record([0, 1], [0, 1], loss=[5.0, 6.0])
    series = tracker.instance_series([0, 1, 2])
    assert series.provisional
    assert series.epochs.tolist() == [1, 2]
    assert series.values[:2, 1].tolist() == [5, 6]
    assert np.isnan(series.values[2, 1])
    by_label = tracker.label_series(mode="train")
    assert by_label.provisional
    assert by_label.count[:, 1].tolist() == [1, 1, 0]
    tracker.end_epoch()
    assert not tracker.instance_series([0]).provisional


def test_before_anything_is_recorded_every_answer_is_empty():
    tracker = Tracker()
    assert tracker.label_series().mean.shape == (0, 0)
    assert tracker.instance_series([3, 4]).values.shape == (2, 0)
    assert tracker.instance_series([3, 4]).missing == (3, 4)
    assert [len(e) for e in tracker.extremes()] == [0, 0]
    assert len(tracker.dynamics()) == 0
    assert (tracker.epoch, tracker.step, tracker.status, tracker.modes) == (0, 0, "idle", ())
    assert tracker.indices().shape == (0,)


def test_answers_with_a_pending_batch_equal_those_after_the_end():
    tracker, loss = run(epochs=1)
    hard, easy = tracker.extremes(n_max=3, n_min=3)
    assert list(hard) == np.argsort(-loss[0])[:3].tolist()
    assert list(easy) == np.argsort(loss[0])[:3].tolist()
    assert hard.scores == pytest.approx(np.sort(loss[0])[::-1][:3])
    assert hard.labels == tuple(i % 3 for i in hard.index)


def test_modes_and_data_sets_are_kept_apart():
    tracker = Tracker()
    tracker.record([0, 1], [0, 1], loss=[1, 2])
    tracker.record([0, 1], [1, 0], mode="eval", ds_id="a", loss=[3, 4])
    tracker.record([0, 1], [1, 1], mode="eval", ds_id="b", loss=[5, 6], acc=[0, 1])
    assert tracker.modes == ("train", "eval")
    assert tracker.ds_ids("eval") == ("a", "b")
    assert tracker.metrics("eval", "b") == ("loss", "acc")
    assert tracker.metrics("train") == ("loss",)
    values = [
        tracker.instance_series([0], mode=m, ds_id=d).values[0, 0]
        for m, d in (("train", None), ("eval", "a"), ("eval", "b"))
    ]
    assert values == [1, 3, 5]
    with pytest.raises(ValueError, match="say ds_id=, one of 'a', 'b'"):
        tracker.label_series()
    assert tracker.label_of(0, "eval", "a") == 1
    assert tracker.label_of(0) == 0


def test_an_evaluation_belongs_to_the_training_epoch():
    tracker = Tracker()
    for _ in range(3):
        tracker.record([0, 1], loss=[1, 2])
        tracker.record([0, 1], loss=[1, 2])
        tracker.end_epoch("train")
        tracker.record([0], [0], mode="eval", loss=[1])
        tracker.end_epoch("eval")
    series = tracker.label_series()
    assert series.epochs.tolist() == [1, 2, 3]
    assert series.steps.tolist() == [2, 4, 6]


def test_epochs_and_steps_as_given():
    tracker = Tracker()
    for epoch, step in ((5, 100), (5, 101), (7, 200)):
        tracker.record([0], [0], epoch=epoch, step=step, loss=[1.0])
    series = tracker.instance_series([0])
    assert series.epochs.tolist() == [5, 7]
    assert series.steps.tolist() == [101, 200]
    assert (tracker.epoch, tracker.step) == (7, 200)
    tracker.end_epoch(epoch=5)
    assert tracker.instance_series([0]).provisional
    tracker.end_epoch(epoch=7)
    assert not tracker.instance_series([0]).provisional


def test_epochs_may_count_from_nought():
    tracker = Tracker()
    for epoch in range(3):
        tracker.record([0], [0], epoch=epoch, loss=[epoch])
    assert tracker.instance_series([0]).epochs.tolist() == [0, 1, 2]
    assert tracker.instance_series([0]).values.tolist() == [[0, 1, 2]]


def test_buffers_may_be_used_again_by_the_caller():
    tracker = Tracker()
    index, loss = np.arange(4), np.ones(4, np.float32)
    tracker.record(index, loss=loss)
    index += 4
    loss *= 7
    tracker.record(index, loss=loss)
    assert tracker.instance_series(range(8)).values[:, 0].tolist() == [1] * 4 + [7] * 4


def test_more_rows_than_one_buffer_holds():
    n = 200_001
    tracker, loss = Tracker(), np.random.default_rng(0).random(n).astype(np.float32)
    order = np.random.default_rng(1).permutation(n)
    for at in range(0, n, 10_000):
        index = order[at : at + 10_000]
        tracker.record(index, index % 10, loss=loss[index])
    tracker.end_epoch()
    np.testing.assert_array_equal(tracker.instance_series(np.arange(n)).values[:, 0], loss)
    series = tracker.label_series(mode="train")
    expected = [loss[label::10].astype(np.float64).mean() for label in range(10)]
    np.testing.assert_allclose(series.mean[:, 0], expected, rtol=1e-12)
    assert tracker.counts().rows == n


def test_label_names_rename_filter_and_merge():
    tracker = Tracker(label_names={"low": 0, "rest": (1, 2), "never": 9})
    values = np.array([1.0, 2.0, 4.0, 8.0, 3.0])
    tracker.record(np.arange(5), [0, 1, 2, 1, 3], mode="eval", loss=values)
    series = tracker.label_series()
    assert series.names == ("low", "rest", "never")
    assert series.labels == (0, (1, 2), 9)
    assert series.count[:, 0].tolist() == [1, 3, 0]
    rest = np.array([2.0, 4.0, 8.0])
    assert series.mean[1, 0] == pytest.approx(rest.mean())
    assert series.std[1, 0] == pytest.approx(rest.std(ddof=1))
    assert (series.min[1, 0], series.max[1, 0]) == (2, 8)
    assert np.isnan(series.mean[2, 0])
    everything = tracker.label_series(labels="all")
    assert everything.labels == (0, 1, 2, 3)
    assert everything.names[3] == "3"
    chosen = tracker.label_series(labels=["rest", 3])
    assert chosen.labels == ((1, 2), 3)
    assert tracker.name_of(2) == "rest"
    assert tracker.labels == (0, 1, 2, 3)


@pytest.mark.parametrize("names", [["cat", "dog"], {0: "cat", 1: "dog"}, {"cat": 0, "dog": 1}])
def test_label_names_in_three_forms(names):
    tracker = Tracker(names)
    tracker.record([0, 1], [1, 0], mode="eval", loss=[1, 2])
    assert tracker.label_series().names == ("cat", "dog")
    assert tracker.label_series().mean[:, 0].tolist() == [2, 1]
    assert tracker.label_names == {"cat": 0, "dog": 1}


def test_string_labels_and_string_indices():
    tracker = Tracker()
    tracker.record(["a", "b", "c"], ["x", "y", "x"], loss=[1, 2, 3])
    tracker.record(np.array(["b", "d"]), np.array(["y", "z"]), loss=[4, 5], epoch=2)
    tracker.record([b"a"], [b"x"], loss=[9], epoch=2)
    series = tracker.instance_series(["a", "b", "d", "e"])
    np.testing.assert_array_equal(series.values, [[1, 9], [2, 4], [np.nan, 5], [np.nan, np.nan]])
    assert series.labels == ("x", "y", "z", None)
    assert series.missing == ("e",)
    assert tracker.label_series(mode="train").labels == ("x", "y", "z")
    assert sorted(tracker.indices().tolist()) == ["a", "b", "c", "d"]
    assert tracker.extremes(n_max=1, by="last")[0].index == ("a",)


@pytest.mark.parametrize("offset", [-5, 2**40, 2**63 + 11])
def test_any_integer_names_an_instance(offset):
    names = [offset + 3 * i for i in range(20)]
    tracker = Tracker()
    tracker.record(np.array(names, np.uint64 if offset > 2**62 else np.int64), loss=np.arange(20.0))
    tracker.record(names[5:9], loss=[9, 9, 9, 9], epoch=2)
    series = tracker.instance_series(names)
    assert series.values[:, 0].tolist() == list(range(20))
    assert np.flatnonzero(series.values[:, 1] == 9).tolist() == [5, 6, 7, 8]
    assert tracker.instance_series([offset + 1]).missing == (offset + 1,)
    assert sorted(tracker.indices().tolist()) == sorted(names)


def test_small_indices_then_large_ones_then_strings():
    tracker = Tracker()
    tracker.record([0, 7], loss=[1, 2])
    tracker.record([2**50, 7], loss=[3, 4], epoch=2)
    tracker.record(["7", "0"], loss=[5, 6], epoch=3)
    tracker.record([1], loss=[7], epoch=3)
    found = tracker.instance_series([0, 7, 2**50, "7", 1]).values
    nan = np.nan
    np.testing.assert_array_equal(
        found, [[1, nan, nan], [2, 4, nan], [nan, 3, nan], [nan, nan, 5], [nan, nan, 7]]
    )


@pytest.mark.parametrize(
    "wanted",
    [[3, 1], (3, 1), np.array([3, 1]), np.array([3, 1], np.uint8), iter([3, 1]), (i for i in (3, 1))],
)
def test_any_iterable_of_indices(wanted):
    tracker, loss = run()
    np.testing.assert_array_equal(tracker.instance_series(wanted).values, loss[:, [3, 1]].T)


def test_quantiles_per_label():
    tracker, loss = run(epochs=2, n=101)
    series = tracker.label_series(mode="train", quantiles=(0.9, 0.1, 0.5), labels=[0, (1, 2), "all of it"])
    assert series.probabilities == (0.1, 0.5, 0.9)
    groups = [np.arange(101) % 3 == 0, np.arange(101) % 3 != 0]
    for row, members in enumerate(groups):
        expected = np.quantile(loss[:, members].astype(np.float64), series.probabilities, axis=1)
        np.testing.assert_allclose(series.quantiles[:, row], expected, rtol=1e-12)
    assert np.isnan(series.quantiles[:, 2]).all()
    low, high = series.bounds("quantiles")
    assert (low[:2] < high[:2]).all()
    np.testing.assert_allclose(series.sem, series.std / np.sqrt(series.count))


def test_labels_and_predictions_beyond_what_arrays_hold_are_themselves():
    for labels in ([2**63, 1], np.array([2**63, 1], np.uint64), [2.0**63, 1.0], np.array([7, 1], np.uint64)):
        tracker = Tracker()
        tracker.record([0, 1], labels, loss=[1, 2], prediction=labels)
        tracker.end_epoch()
        assert tracker.instance_series([0, 1]).labels == tuple(int(label) for label in labels)
        assert tracker.predictions([0, 1]) == tuple(int(label) for label in labels)
    tracker.record([0, 1], [2**24 + 1, 2**24], prediction=[2**24 + 1, 2**24], loss=[1, 2])
    tracker.end_epoch()
    assert tracker.predictions([0, 1]) == (2**24 + 1, 2**24)  # as float32 they are one number
    with pytest.raises(TypeError, match="not whole"):
        tracker.record([0, 1], [np.inf, 1.0], loss=[1, 2])


def test_a_group_is_a_number_or_a_string():
    tracker = Tracker()
    for value in (None, float("nan"), (1, 2)):
        with pytest.raises(TypeError, match="a group is a number or a string"):
            tracker.group("site", [0, 1], ["north", value])
    assert tracker.modes == ()


def test_groupings_beside_the_label():
    tracker, loss = run(n=30)
    tracker.group("site", range(30), ["north" if i < 10 else "south" for i in range(30)])
    series = tracker.label_series(mode="train", group="site")
    assert series.labels == ("north", "south")
    np.testing.assert_allclose(series.mean[0], loss[:, :10].astype(np.float64).mean(1))
    np.testing.assert_allclose(series.max[1], loss[:, 10:].max(1))
    with pytest.raises(ValueError, match=r"no grouping 'ward'.*site"):
        tracker.label_series(mode="train", group="ward")


def test_memory_per_observation():
    tracker, _ = run(epochs=12, n=20_000, batch=1000)
    tracker.extremes(n_max=100)
    assert tracker.nbytes / (12 * 20_000) <= 4.5


def test_half_precision_takes_half():
    whole, _ = run(epochs=20, n=5000, batch=500)
    half, loss = run(epochs=20, n=5000, batch=500, dtype="float16")
    assert half.nbytes < 0.6 * whole.nbytes
    np.testing.assert_array_equal(half.instance_series(range(9)).values, loss[:, :9].T.astype(np.float16))


def test_rows_from_several_threads_all_arrive():
    tracker, errors = Tracker(), []

    def work(part):
        try:
            for at in range(part * 1000, part * 1000 + 1000, 10):
                tracker.record(
                    np.arange(at, at + 10), np.full(10, part), epoch=1, loss=np.full(10, float(part))
                )
                tracker.label_series(mode="train")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(p,)) for p in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    series = tracker.label_series(mode="train")
    assert series.count[:, 0].tolist() == [1000] * 4
    assert series.mean[:, 0].tolist() == [0, 1, 2, 3]


def test_tables_hold_every_row():
    tracker, loss = run(epochs=2, n=6)
    tracker.record(["z"], ["w"], mode="eval", acc=[1.0])
    table = tracker.table()
    assert table.columns == ("mode", "ds_id", "epoch", "step", "index", "label", "acc", "loss")
    assert len(table) == 13
    train = table.to_numpy()[table["mode"] == "train"]
    np.testing.assert_array_equal(train["loss"].reshape(2, 6), loss)
    frame = tracker.to_frame("labels")
    assert len(frame[frame["mode"] == "train"]) == 6
    assert tracker.to_frame(kind="arrow").num_rows == 13
    if importlib.util.find_spec("polars"):
        assert tracker.to_frame(kind="polars").height == 13
    assert tracker.to_frame(kind="numpy").dtype.names == table.columns
    with pytest.raises(ValueError, match="one of instances, labels"):
        tracker.table("epochs")
    with pytest.raises(ValueError, match="one of numpy, arrow"):
        tracker.to_frame(kind="excel")


def test_a_table_without_its_library_says_how_to_get_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "polars", None)
    tracker, _ = run(epochs=1, n=3)
    with pytest.raises(ImportError, match="pip install 'polars'"):
        tracker.to_frame(kind="polars")


def test_an_evaluation_nobody_ends_ends_when_training_is_further():
    tracker = Tracker()
    for epoch in (1, 2, 3):
        tracker.record([0, 1], loss=[1, 2], epoch=epoch)
        tracker.record([0], [0], mode="eval", loss=[epoch])
        tracker.record([1], [0], mode="eval", loss=[epoch])
    series = tracker.instance_series([0, 1], mode="eval")
    assert series.epochs.tolist() == [1, 2, 3]
    assert series.values.tolist() == [[1, 2, 3], [1, 2, 3]]
