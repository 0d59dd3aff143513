"""Scores asked for after every epoch are those of a tracker that is asked once at the end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_widgets.tracking import Tracker
from xai_widgets.tracking.store.incremental_scores import RULES

NAMES = ("mean", "seen", "std", "min", "max", "last", "recent", "confidence", "variability", "correctness", "forgetting",
         "first_learnt", "never_learnt", "label_error")  # fmt: skip
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.sampled_from([0.0, 0.1, 0.69, 0.7, 3.0, np.nan, np.inf])),
    min_size=1, max_size=25,
)  # fmt: skip


def scores(tracker):
    return {name: tracker.scores(name) for name in NAMES}


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from([1, 2]))
def test_asking_on_the_way_changes_nothing(rows, frequency):
    """Epochs come in any order, so that there are late rows, new instances and thinned epochs among them."""
    asked, once = (Tracker(epoch_frequency=frequency) for _ in range(2))
    for i, (epoch, index, loss) in enumerate(rows):
        for tracker in (asked, once):
            tracker.record([index], [index % 2], epoch=epoch, loss=np.array([loss]))
        if i % 3 == 0:
            scores(asked)
        if i % 7 == 6:
            for tracker in (asked, once):
                tracker.end_epoch("train")
    for name, values in scores(once).items():
        np.testing.assert_array_equal(asked.scores(name), values, err_msg=name)


def test_what_was_given_out_stays_as_it_was():
    tracker = Tracker()
    for _ in range(2):
        tracker.record(np.arange(4), np.zeros(4, int), loss=np.arange(4.0))
        tracker.end_epoch()
    before = scores(tracker)
    kept = {name: values.copy() for name, values in before.items()}
    tracker.record(np.arange(4), np.zeros(4, int), loss=np.full(4, 9.0))
    tracker.end_epoch()
    assert (tracker.scores("max") == 9).all()
    for name, values in before.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)


def test_only_asking_for_scores_keeps_anything():
    tracker = Tracker()
    tracker.record(np.arange(1000), np.zeros(1000, int), loss=np.ones(1000))
    tracker.end_epoch()
    before = tracker.nbytes
    tracker.extremes()
    tracker.dynamics()
    assert tracker.nbytes == before
    scores(tracker)
    assert before < tracker.nbytes <= before + 80 * 1000
    restored = Tracker()
    restored.load_state_dict(tracker.state_dict())
    assert restored.nbytes <= before


@pytest.mark.parametrize("name", RULES)
def test_a_constant_has_no_spread(name):
    tracker = Tracker()
    for _ in range(5):
        tracker.record([0, 1], [0, 0], loss=np.array([0.1, 1 / 3]))
        tracker.end_epoch()
    assert (tracker.scores("std") == 0).all()
    assert (tracker.scores("variability") == 0).all()
    found = (
        tracker._streams[("train", None)]
        .running_of("loss")
        .result(name, tracker._streams[("train", None)].columns["loss"], 2, False)
    )
    assert all(values.dtype == np.float64 and values.shape == (2,) for values in found)


def test_last_predictions_and_who_was_wrong():
    tracker = Tracker(label_names={"cat": 0, "dog": 1})
    assert tracker.predictions() == ()
    logits = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
    tracker.record([5, 6, 7], [0, 0, 1], loss=np.ones(3), logits=logits)
    assert tracker.predictions([5]) == (None,), "the epoch is still open"
    tracker.end_epoch()
    assert tracker.predictions() == (0, 1, 1)
    assert tracker.predictions([6, 99, 5]) == (1, None, 0)
    tracker.record([6], [0], loss=np.ones(1), prediction=[0])
    tracker.end_epoch()
    assert tracker.predictions([5, 6, 7]) == (0, 0, 1), "those not seen keep their last one"
    assert tracker.scores("wrong").tolist() == [0.0, 0.0, 0.0]
    tracker.record([7], [1], loss=np.ones(1), prediction=[0])
    tracker.end_epoch()
    assert tracker.scores("wrong").tolist() == [0.0, 0.0, 1.0]
    assert tracker.extremes(by="wrong", n_max=1)[0].index == (7,)
    restored = Tracker()
    restored.load_state_dict(tracker.state_dict())
    assert restored.predictions([5, 6, 7]) == (0, 0, 0)


def test_predictions_that_are_names_and_none_at_all():
    tracker = Tracker()
    tracker.record(["a", "b"], ["cat", "dog"], loss=[1.0, 2.0], prediction=["dog", "dog"])
    tracker.record(["a"], ["cat"], mode="eval", loss=[1.0])
    tracker.end_epoch()
    assert tracker.predictions(["b", "a"]) == ("dog", "dog")
    assert tracker.predictions(["a"], "eval") == (None,)
    assert tracker.predictions(["a"], "test") == (None,)
    with pytest.raises(ValueError, match="prediction="):
        tracker.scores("wrong", mode="eval")
