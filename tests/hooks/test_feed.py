"""The feed: how epochs and steps are counted, what a failure becomes, and what is handed over first."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.hooks._common.feed import Feed

ROWS = np.arange(4)


class Calls:
    """A tracker that writes down what it is told."""

    def __init__(self, epoch: int = 0, step: int = 0) -> None:
        self.epoch, self.step, self.stop_requested = epoch, step, False
        self.epochs = self.steps_per_epoch = None
        self.calls: list[tuple[Any, ...]] = []
        self.problems: list[str] = []
        self.sources: list[Any] = []

    def record(self, index: Any, label: Any = None, **said: Any) -> None:
        self.calls.append(("record", said["mode"], said["ds_id"], said["epoch"], said["step"]))

    def end_epoch(self, mode: str | None = None, *, epoch: int | None = None) -> None:
        self.calls.append(("end", mode, epoch))

    def safe_point(self, *, step: int | None = None, epoch: int | None = None) -> None:
        self.calls.append(("safe", step, epoch))

    def report(self, problem: str) -> None:
        self.problems.append(problem)

    def add_source(self, bring_in: Any) -> None:
        self.sources.append(bring_in)

    def ends(self) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == "end"]


def batch(feed: Feed, mode: str = "train", ds_id: str | None = None) -> tuple[int, int]:
    made = feed.batch(mode, ds_id, ROWS, None, {"loss": ROWS.astype(float)})
    return made.epoch, made.step


@pytest.mark.parametrize("lacking", ["record", "end_epoch"])
def test_only_what_records_and_ends_epochs_is_a_tracker(lacking: str) -> None:
    names = {"record", "end_epoch"} - {lacking}
    with pytest.raises(TypeError, match=r"expected an xai_widgets\.Tracker, got Half"):
        Feed(type("Half", (), dict.fromkeys(names, lambda self: None))())


def test_a_plan_is_passed_on_only_where_it_is_known() -> None:
    tracker = Calls()
    Feed(tracker)
    assert (tracker.epochs, tracker.steps_per_epoch) == (None, None)
    Feed(tracker, epochs=3, steps_per_epoch=7)
    assert (tracker.epochs, tracker.steps_per_epoch) == (3, 7)


def test_training_epochs_count_from_one_and_evaluations_belong_to_them() -> None:
    feed = Feed(Calls())
    assert [feed.begin("train"), feed.begin("eval"), feed.begin("train"), feed.begin("eval")] == [1, 1, 2, 2]
    assert feed.begin("eval", "other") == 2
    assert feed.epoch == 2


def test_an_evaluation_before_any_training_is_of_epoch_zero() -> None:
    feed = Feed(Calls(), streams=[("train", None), ("eval", None)])
    assert feed.begin("eval") == 0
    assert feed.begin("train") == 1


def test_evaluations_alone_count_up() -> None:
    feed = Feed(Calls(), streams=[("eval", None)])
    assert [feed.begin("eval"), feed.begin("eval"), feed.begin("eval", "other")] == [1, 2, 1]


def test_a_resumed_run_goes_on_counting() -> None:
    feed = Feed(Calls(epoch=4, step=40))
    assert (feed.epoch, feed.step) == (4, 40)
    assert feed.begin("train") == 5
    assert batch(feed) == (5, 41)


def test_an_epoch_may_be_named() -> None:
    feed = Feed(Calls())
    assert feed.begin("train", epoch=7) == 7
    assert feed.begin("train") == 8


def test_a_batch_opens_its_epoch_and_has_the_step_it_leads_to() -> None:
    feed = Feed(Calls())
    assert batch(feed) == (1, 1)
    assert feed.is_open("train")
    assert not feed.is_open("eval")
    assert not feed.is_open("train", "other")
    feed.stepped()
    assert batch(feed) == (1, 2)
    assert batch(feed, "eval") == (1, 1)


def test_steps_are_counted_or_told() -> None:
    tracker = Calls()
    feed = Feed(tracker)
    feed.begin("train")
    feed.stepped()
    feed.stepped(10)
    assert (feed.step, feed.steps_this_epoch) == (10, 10)
    assert tracker.calls == [("safe", 1, 1), ("safe", 10, 1)]
    feed.begin("train")
    assert feed.steps_this_epoch == 0
    feed.stepped()
    assert (feed.step, feed.steps_this_epoch) == (11, 1)


def test_an_epoch_of_the_same_number_keeps_its_steps() -> None:
    feed = Feed(Calls())
    feed.begin("train", "a", epoch=1)
    feed.stepped()
    feed.begin("train", "b", epoch=1)
    assert feed.steps_this_epoch == 1


def test_what_was_left_open_is_ended_before_the_next_begins() -> None:
    tracker = Calls()
    feed = Feed(tracker)
    feed.begin("train")
    feed.begin("train")
    assert tracker.ends() == [("train", 1)]
    feed.end("train")
    feed.end("train")
    feed.end("eval")
    assert tracker.ends() == [("train", 1), ("train", 2)]


def test_a_mode_ends_with_the_last_of_its_data_sets() -> None:
    tracker = Calls()
    feed = Feed(tracker, streams=[("train", "a"), ("train", "b"), ("eval", None)])
    for ds_id in ("a", "b"):
        feed.begin("train", ds_id)
    feed.end("train", "a")
    assert tracker.ends() == []
    feed.end("train", "b")
    assert tracker.ends() == [("train", 1)]
    feed.begin("train", "a")
    feed.end("train", "a")
    assert tracker.ends() == [("train", 1)]


def test_an_epoch_that_is_taken_back_is_counted_again() -> None:
    tracker = Calls()
    feed = Feed(tracker)
    feed.begin("train")
    feed.end("train")
    assert feed.begin("train") == 2
    feed.cancel("train")
    assert feed.epoch == 1
    assert not feed.is_open("train")
    feed.cancel("train")
    assert feed.begin("eval") == 1
    feed.cancel("eval")
    assert feed.epoch == 1
    assert feed.begin("train") == 2
    assert tracker.ends() == [("train", 1)]


def test_an_evaluation_that_is_taken_back_leaves_the_epoch() -> None:
    feed = Feed(Calls())
    feed.begin("train")
    feed.begin("train")
    assert feed.begin("eval") == 2
    feed.cancel("eval")
    assert feed.epoch == 2
    assert feed.begin("eval") == 2


def test_all_that_is_open_is_closed_in_order() -> None:
    tracker = Calls()
    feed = Feed(tracker, streams=[("train", None), ("eval", "a"), ("eval", "b")])
    feed.begin("train")
    feed.begin("eval", "a")
    feed.end("eval", "a")
    feed.end_all()
    assert tracker.ends() == [("train", None), ("eval", None)]
    feed.end_all()
    assert tracker.ends() == [("train", None), ("eval", None)]
    assert not feed.is_open("train")


def test_a_batch_reaches_the_tracker_where_it_was_stamped() -> None:
    tracker = Calls()
    feed = Feed(tracker)
    made = feed.batch("eval", "a", ROWS, None, {"loss": ROWS.astype(float)})
    assert not feed.works(("eval", "a"))
    feed.record(made)
    assert tracker.calls == [("record", "eval", "a", 1, 0)]
    assert feed.works(("eval", "a"))
    assert not feed.works(("eval", None))
    feed.trusts(("eval", None))
    assert feed.works(("eval", None))


def test_a_failure_is_told_once_and_stops_nothing() -> None:
    tracker = Calls()
    feed = Feed(tracker)

    def fails() -> None:
        raise ValueError("seven rows for four names")

    for _ in range(3):
        feed.guard(("eval", None), fails)
    assert tracker.problems == ["a batch of eval data was not recorded: seven rows for four names"]
    feed.notice("something else")
    assert len(tracker.problems) == 2


def test_a_batch_says_how_many_were_taken_before() -> None:
    feed = Feed(Calls())
    stamped = [feed.batch("train", None, ROWS, None, {}).taken]
    feed.took(("train", None))
    stamped += [feed.batch(mode, None, ROWS, None, {}).taken for mode in ("train", "eval")]
    assert stamped == [0, 1, 0]
    assert (feed.taken(("train", None)), feed.taken(("eval", None))) == (1, 0)


def test_a_wish_to_stop_is_seen() -> None:
    tracker = Calls()
    feed = Feed(tracker)
    assert feed.stop_requested is False
    tracker.stop_requested = True
    assert feed.stop_requested is True


def test_a_checkpoint_gets_what_is_held_back_only_in_the_thread_that_trains() -> None:
    tracker, handed = Calls(), []
    feed = Feed(tracker)
    feed.held_by(lambda: handed.append(threading.current_thread().name))
    (bring_in,) = tracker.sources
    bring_in()
    assert handed == [threading.current_thread().name]
    other = threading.Thread(target=bring_in, name="other")
    other.start()
    other.join()
    assert len(handed) == 1
    trains = threading.Thread(target=lambda: (batch(feed), bring_in()), name="trains")
    trains.start()
    trains.join()
    assert handed[1:] == ["trains"]
    bring_in()
    assert len(handed) == 2


def test_a_real_tracker_is_fed() -> None:
    tracker = xw.Tracker()
    feed = Feed(tracker, streams=[("train", None)], epochs=2)
    for _ in range(2):
        feed.begin("train")
        feed.record(feed.batch("train", None, ROWS, ROWS % 2, {"loss": ROWS.astype(float)}))
        feed.stepped()
        feed.end("train")
    series = tracker.instance_series(ROWS)
    assert series.epochs.tolist() == [1, 2]
    assert series.values[:, 1].tolist() == [0, 1, 2, 3]
    assert tracker.step == 2
