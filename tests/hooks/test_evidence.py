"""Claims of a hook are checked before they count, and what is refuted is told once."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.hooks._common.data_labels import labels_in_memory, whole_places
from xai_widgets.hooks._common.evidence import Evidence, agree, same_labels
from xai_widgets.hooks._common.feed import Feed


def made() -> tuple[xw.Tracker, Feed, Evidence]:
    tracker = xw.Tracker()
    feed = Feed(tracker)
    return tracker, feed, Evidence(feed)


def test_a_run_whose_claims_hold_is_green():
    tracker, feed, evidence = made()
    assert tracker.check().ok
    assert str(tracker.check()) == "nothing was recorded yet"
    proof = evidence.of("train")
    assert proof.labels([0, 1, 2], np.array([0, 1, 2]))
    assert proof.loss([1.0, 2.0, np.nan], 1.5)
    feed.record(feed.batch("train", None, [5, 6, 7], [0, 1, 2], {"loss": np.ones(3)}))
    check = tracker.check()
    assert check.ok
    assert check.level == "ok"
    assert "3 train samples, named by the data set's order" in str(check)
    assert "train labels proved on 3 of 3 rows" in str(check)
    assert "agrees in 1 of 1 batches" in str(check)


def test_what_is_refuted_is_told_once_and_makes_the_check_amber():
    tracker, _, evidence = made()
    proof = evidence.of("train")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        for _ in range(3):
            proof.next()
            assert not proof.labels([0, 1, 2], [0, 2, 1])
            assert not proof.may_record
    proof.next()
    assert proof.may_record
    assert len(tracker.problems) == 1
    assert "gives label 1 where the batch has 2" in tracker.problems[0]
    check = tracker.check()
    assert not check.ok
    assert check.items[0].level == "warn"
    assert "Indexed" in check.items[0].remedy
    assert "3 train batches not recorded" in str(check)


def test_a_number_that_is_not_the_criterions_is_refused():
    tracker, _, evidence = made()
    proof = evidence.of("eval", "noisy")
    with pytest.warns(RuntimeWarning, match=r"would give 2 for .* returned 3"):
        assert not proof.loss([1.0, 3.0], 3.0)
    assert proof.loss([1.0, 3.0], 4.0, how="sum")
    assert proof.loss([1.0, 3.0], 1.0, count=4.0)
    assert proof.loss([1.0, 3.0], 2.015, loose=True)
    assert "eval (noisy) loss" in str(tracker.check())
    proof.leave_open("labels", "the samples have none")
    assert any(item.level == "open" for item in tracker.check().items)


@pytest.mark.parametrize(
    ("given", "found", "same"),
    [
        ([1, 2], [1.0, 2.0], True),
        ([True, False], [[1.0], [0.0]], True),
        (["a", "b"], np.array(["a", "b"]), True),
        (["a", "b"], ["b", "a"], False),
        ([1, 0], [[0, 1], [1, 0]], True),
        ([[0, 1], [1, 0]], [1, 1], False),
        ([[1, 1, 0], [0, 1, 1]], [[1, 1, 0], [0, 1, 1]], True),
        ([None, 1.0], [np.nan, 1.0], True),
        ([-1, 1], [-1, 1], True),
        ([1, 2], [1, 2, 3], False),
    ],
)
def test_labels_of_every_kind_are_compared(given, found, same):
    assert bool(same_labels(given, found).all()) is same


def test_numbers_agree_to_what_was_agreed():
    assert agree(1.0, 1.00009)
    assert not agree(1.0, 1.001)
    assert agree(1.0, 1.009, loose=True)
    assert agree(0.0, 9e-7)
    assert agree(float("nan"), float("nan"))
    assert not agree(1.0, float("nan"))


class Subset:
    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices

    def __len__(self):
        return len(self.indices)


class Rows:
    def __init__(self, labels, name="targets"):
        setattr(self, name, labels)
        self.size = len(labels)

    def __len__(self):
        return self.size


class Joined:
    def __init__(self, *datasets):
        self.datasets = list(datasets)
        self.cumulative_sizes = np.cumsum([len(one) for one in datasets]).tolist()

    def __len__(self):
        return self.cumulative_sizes[-1]


def test_labels_lie_in_memory_through_subsets_and_concatenations():
    whole = Rows(list(range(100, 120)))
    part = Subset(Subset(whole, range(5, 15)), [9, 0, 3])
    assert labels_in_memory(part)(np.array([0, 2])).tolist() == [114, 108]
    assert whole_places(part).tolist() == [14, 5, 8]
    assert whole_places(whole) is None
    joined = Joined(part, Rows(np.arange(7), "y"))
    assert labels_in_memory(joined)(np.array([2, 3, 9])).tolist() == [108, 0, 6]
    assert whole_places(joined) is None
    transformed = Rows([1, 2])
    transformed.target_transform = lambda label: -label
    assert labels_in_memory(transformed) is None
    assert labels_in_memory(Joined(whole, Rows([1], "answers"))) is None


def test_numbers_whose_largest_is_at_the_label_are_no_labels():
    features = np.array([[0.3, 2.0, -1.0], [1.5, 0.2, 0.1]])
    assert not same_labels(np.array([1, 0]), features).any()
    assert same_labels(np.array([1, 0]), [[0.05, 0.9, 0.05], [0.9, 0.05, 0.05]]).all()


def test_labels_lie_in_memory_in_lists_of_samples():
    named = [{"x": np.zeros(3), "labels": np.int64(i)} for i in (4, 5, 6)]
    assert labels_in_memory(named)(np.array([2, 0])).tolist() == [6, 4]
    assert labels_in_memory([(0.0, 7), (1.0, 8)])(np.array([1])).tolist() == [8]
    assert labels_in_memory([{"x": 1}]) is None
    assert labels_in_memory([1.0, 2.0]) is None
    assert labels_in_memory([]) is None
