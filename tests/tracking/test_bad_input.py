"""Bad input is refused with the way out, or let through with a count; nothing recorded before is lost."""

import numpy as np
import pytest

from xai_widgets import runlog
from xai_widgets.tracking import Tracker

GOOD = {"index": [0, 1], "label": [0, 1], "loss": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        ({"loss": 0.5}, ValueError, "averaged already.*reduction='none'"),
        ({"loss": np.float32(0.5)}, ValueError, "averaged already"),
        ({"loss": [1.0]}, ValueError, "loss has 1 values for 2 indices"),
        ({"loss": [1.0, 2.0, 3.0]}, ValueError, "loss has 3 values for 2 indices"),
        ({"label": [0]}, ValueError, "label has 1 values for 2 indices"),
        ({"index": [0.0, 1.5]}, TypeError, "index has dtype float64.*integers or strings"),
        ({"index": [[0, 1], [2, 3]]}, ValueError, r"index has shape \(2, 2\)"),
        ({"index": [None, 3]}, TypeError, "index None is a NoneType"),
        ({"label": [None, 1]}, TypeError, "label None is a NoneType.*leave the label out"),
        ({"index": [True, False]}, TypeError, "bool"),
        ({"label": [0.5, 1.0]}, TypeError, "label has dtype float64 with values that are not whole"),
        ({"label": [[1, 1], [0, 1]]}, ValueError, "not one-hot"),
        ({"loss": ["a", "b"]}, TypeError, "loss has dtype <U1"),
        ({"loss": [1j, 2]}, TypeError, "real numbers"),
        ({"mode": "validation"}, ValueError, "unknown mode 'validation'; one of train, eval, test, infer"),
        ({"ds_id": 3}, TypeError, "ds_id is 3"),
        ({"epoch": -1}, ValueError, "epoch is -1"),
        ({"logits": [[1.0, 2.0]]}, ValueError, "logits have shape"),
        ({"logits": [[1.0, 2.0], [1.0, 2.0]], "label": None}, TypeError, "need integer labels.*none"),
        (
            {"logits": [[1.0, 2.0], [1.0, 2.0]], "label": ["a", "b"]},
            TypeError,
            "need integer labels.*strings",
        ),
        ({"loss": [[1.0, 2.0], [3.0, 4.0]], "mask": [[1, 0, 1], [1, 0, 1]]}, ValueError, "mask has shape"),
    ],
)
def test_refused_with_the_way_out(bad, error, text):
    tracker = Tracker()
    tracker.record(**GOOD)
    call = {**GOOD, **bad}
    with pytest.raises(error, match=text):
        tracker.record(call.pop("index"), call.pop("label"), **call)
    tracker.record([2], [0], loss=[3.0])
    assert tracker.instance_series([0, 1, 2]).values[:, 0].tolist() == [1, 2, 3]
    assert tracker.counts().rows == 3


def test_neither_label_nor_metric():
    with pytest.raises(ValueError, match="neither a label nor a metric"):
        Tracker().record([0, 1])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"duplicates": "sum"}, "one of mean, last, max"),
        ({"dtype": "float64"}, "float32 or float16"),
        ({"epoch_frequency": 0}, "at least 1"),
    ],
)
def test_unknown_policies(options, text):
    with pytest.raises(ValueError, match=text):
        Tracker(**options)


def test_label_names_of_a_strange_type():
    with pytest.raises(TypeError, match="label_names is a int"):
        Tracker(label_names=3)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (lambda t: t.label_series(mode="valid"), "unknown mode 'valid'"),
        (lambda t: t.label_series("los", mode="train"), "no metric 'los'.*there are loss"),
        (lambda t: t.extremes(by="hardness"), "unknown score 'hardness'; one of mean"),
        (lambda t: t.extremes(by="margin"), "aum needs logits"),
        (lambda t: t.dynamics(columns=["beauty"]), "unknown score 'beauty'"),
        (lambda t: t.label_series(mode="train", quantiles=[1.5]), "probabilities from 0 to 1"),
        (lambda t: t.label_series(mode="train").bounds("sigma"), "unknown bounds 'sigma'"),
        (lambda t: t.label_series(mode="train").bounds("quantiles"), "has no quantiles"),
        (lambda t: t.end_epoch("valid"), "unknown mode"),
        (lambda t: t.confusion(), "no predictions in mode 'train'"),
        (lambda t: t.group("g", [0, 1], ["a"]), "one group each"),
    ],
)
def test_questions_that_have_no_answer(question, text):
    tracker = Tracker()
    tracker.record(**GOOD)
    with pytest.raises(ValueError, match=text):
        question(tracker)


def test_not_a_number_is_kept_counted_and_left_out():
    tracker = Tracker()
    tracker.record([0, 1, 2, 3], [0, 0, 0, 1], loss=[1.0, np.nan, np.inf, -np.inf])
    counts = tracker.counts()
    assert (counts.rows, counts.nan, counts.inf) == (4, 1, 2)
    values = tracker.instance_series([0, 1, 2, 3]).values[:, 0]
    np.testing.assert_array_equal(values, [1, np.nan, np.inf, -np.inf])
    series = tracker.label_series(mode="train")
    assert series.count[:, 0].tolist() == [1, 0]
    assert series.mean[0, 0] == 1
    assert np.isnan(series.mean[1, 0])
    hard, easy = tracker.extremes()
    assert hard.index == easy.index == (0,)


def test_late_rows_are_folded_and_counted():
    tracker = Tracker()
    tracker.record([0, 1], [0, 0], loss=[1, 2])
    tracker.end_epoch()
    tracker.record([0, 1], [0, 0], loss=[5, 6])
    tracker.record([2, 0], [0, 0], epoch=1, loss=[9, 3])
    assert tracker.instance_series([0, 1, 2]).values[:, 0].tolist() == [2, 2, 9]
    assert tracker.counts().late == 2
    assert tracker.label_series(mode="train").mean[0, 0] == pytest.approx(13 / 3)
    assert tracker.epoch == 2


@pytest.mark.parametrize(("policy", "expected"), [("mean", [2, 7]), ("last", [3, 6]), ("max", [4, 8])])
def test_what_becomes_of_duplicates(policy, expected):
    for split in (False, True):
        tracker = Tracker(duplicates=policy)
        batches = [([0, 1, 0], [4, 8, -1]), ([1, 0], [6, 3])]
        if not split:
            batches = [([0, 1, 0, 1, 0], [4, 8, -1, 6, 3])]
        for index, loss in batches:
            tracker.record(index, loss=np.array(loss, float))
        tracker.end_epoch()
        assert tracker.instance_series([0, 1]).values[:, 0].tolist() == expected
        assert tracker.counts().duplicates == 3


@pytest.mark.parametrize("one", [2_468_659, 8_000_000])
def test_a_single_number_of_millions_costs_next_to_nothing(one):
    tracker = Tracker()
    tracker.record([one], [0], loss=[1.0], prediction=[0])
    tracker.end_epoch()
    assert tracker.indices().tolist() == [one]
    assert tracker.nbytes < 100_000


@pytest.mark.parametrize("labels", [[-16777217, 0], [0, -16777217], [5, 0], ["b", "a"], ["a", "b"]])
def test_the_last_of_several_predictions_counts_live_and_read_back(labels, tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    tracker.record(["x", "x"], labels, prediction=labels[::-1], loss=[1.0, 2.0])
    tracker.end_epoch()
    tracker.close()
    assert tracker.predictions(["x"]) == runlog.read(tmp_path).predictions(["x"]) == (labels[0],)


def test_lists_of_integers_on_both_sides_of_63_bits_stay_what_they_are():
    far = 2**63 + 1  # which numpy would make a float of, beside a small one
    tracker = Tracker()
    tracker.record([0, far], [far, -1], prediction=[-1, far], loss=[1.0, 2.0])
    tracker.end_epoch()
    assert set(tracker.indices().tolist()) == {0, far}
    assert [tracker.label_of(0), tracker.label_of(far)] == [far, -1]
    assert tracker.predictions([0, far]) == (-1, far)
    with pytest.raises(TypeError, match="float64"):
        tracker.record([0, 1.5], [0, 1], loss=[1.0, 2.0])


@pytest.mark.parametrize("what", ["instances", "labels"])
def test_a_table_of_nothing_has_its_columns(what):
    tracker, empty = Tracker(), Tracker().table(what)
    tracker.record([0], [1], loss=[2.0])
    tracker.end_epoch()
    assert len(empty) == 0
    assert set(empty.columns) == set(tracker.table(what).columns) - {"loss"}
    assert list(Tracker().to_frame(what).sort_values("label")["label"]) == []


def test_metrics_listed_are_those_that_can_be_asked_for():
    tracker = Tracker()
    tracker.record([0], [0], mode="eval", loss=[1.0])
    tracker.record([0], [0], mode="eval", ds_id="test", acc=[1.0])
    tracker.record([0], [0], mode="test", ds_id="a", f1=[1.0])
    tracker.record([0], [0], mode="test", ds_id="b", auc=[1.0])
    assert tracker.metrics("eval") == ("loss",)
    assert tracker.metrics("eval", "test") == ("acc",)
    assert tracker.metrics("test") == ("f1", "auc")
    assert tracker.metrics() == ("loss", "f1", "auc")


def test_duplicates_that_come_late_count_as_all_others():
    tracker = Tracker()
    tracker.record([0, 0, 0], [1, 1, 1], loss=[1, 2, 3])
    tracker.end_epoch()
    tracker.record([0], [1], epoch=1, loss=[10])
    assert tracker.instance_series([0]).values[0, 0] == 4


def test_labels_that_change_are_counted():
    tracker = Tracker()
    tracker.record([0, 1], [0, 1], loss=[1, 2])
    tracker.end_epoch()
    tracker.record([0, 1], [0, 0], loss=[1, 2])
    tracker.end_epoch()
    assert tracker.counts().relabelled == 1
    assert tracker.label_of(1) == 0
    assert tracker.label_series(mode="train").count.tolist() == [[1, 2], [1, 0]]


def test_labels_that_come_after_the_values():
    tracker = Tracker()
    tracker.record([0, 1, 2], loss=[1, 2, 3])
    tracker.end_epoch()
    assert tracker.label_series(mode="train").labels == ()
    tracker.record([0, 1], [5, 6], epoch=2, loss=[4, 5])
    assert tracker.counts().unlabelled == 1
    series = tracker.label_series(mode="train")
    assert series.labels == (5, 6)
    assert series.mean.tolist() == [[1, 4], [2, 5]]


def test_an_empty_batch_does_nothing():
    tracker = Tracker()
    tracker.record(np.zeros(0, np.int64), np.zeros(0, np.int64), loss=np.zeros(0))
    assert tracker.status == "idle"
    assert tracker.counts().rows == 0
