"""Subscriptions, safe points, status: whatever fails there, recording goes on."""

import gc
import threading
import weakref

import pytest

from xai_widgets.tracking import Tracker

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_subscribers_hear_of_epochs_and_status():
    tracker, heard = Tracker(), []
    subscription = tracker.subscribe(heard.append)
    tracker.record([0, 1], [0, 1], loss=[1, 2])
    tracker.record([0], [0], mode="eval", ds_id="a", acc=[1])
    tracker.end_epoch()
    tracker.finish()
    kinds = [(s.kind, s.mode, s.ds_id, s.epoch, s.step, s.metrics, s.rows, s.status) for s in heard]
    assert kinds == [
        ("status", None, None, 0, 0, (), 0, "training"),
        ("epoch", "train", None, 1, 1, ("loss",), 2, "training"),
        ("epoch", "eval", "a", 1, 1, ("acc",), 1, "training"),
        ("status", None, None, 1, 1, (), 0, "ended"),
    ]
    subscription.cancel()
    subscription.cancel()
    tracker.record([0], loss=[1])
    assert len(heard) == 4
    assert not subscription.active


def test_a_later_epoch_ends_the_open_one():
    tracker, heard = Tracker(), []
    tracker.subscribe(lambda s: heard.append((s.kind, s.epoch)))
    tracker.record([0], loss=[1], epoch=1)
    tracker.record([0], loss=[1], epoch=2)
    assert ("epoch", 1) in heard
    assert ("epoch", 2) not in heard


def test_a_subscriber_may_ask_and_record():
    tracker, seen = Tracker(), []

    def ask(summary):
        if summary.kind == "epoch" and summary.mode == "train":
            seen.append(tracker.label_series(mode="train").mean[0, -1])
            tracker.record([0], mode="test", loss=[9])

    tracker.subscribe(ask)
    tracker.record([0], [0], loss=[3])
    tracker.end_epoch()
    assert seen == [3]
    assert tracker.instance_series([0], mode="test").values.tolist() == [[9]]


def test_a_failing_subscriber_is_reported_and_dropped_after_three_failures():
    tracker, calls = Tracker(), []

    def fail(summary):
        calls.append(1)
        raise ValueError("no <b>good</b>")

    others = []
    tracker.subscribe(fail)
    tracker.subscribe(others.append)
    for epoch in range(1, 6):
        tracker.record([0], loss=[1], epoch=epoch)
    tracker.end_epoch()
    assert len(calls) == 3
    assert len(others) == 6
    assert "ValueError: no <b>good</b>" in tracker.problems[0]
    assert "is called no more" in tracker.problems[-1]


def test_failures_that_are_not_in_a_row_are_forgiven():
    tracker, calls = Tracker(), []

    def sometimes(summary):
        calls.append(1)
        if len(calls) % 3:
            raise RuntimeError("again")

    tracker.subscribe(sometimes)
    for epoch in range(1, 12):
        tracker.record([0], loss=[1], epoch=epoch)
    assert len(calls) == 11


def test_problems_stop_nothing_even_when_warnings_are_errors():
    import warnings

    tracker = Tracker()
    tracker.subscribe(lambda s: 1 / 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tracker.record([0], loss=[1])
        tracker.end_epoch()
    assert tracker.instance_series([0]).values.tolist() == [[1]]
    assert any("ZeroDivisionError" in p for p in tracker.problems)


def test_only_so_many_problems_are_kept():
    tracker = Tracker()
    for number in range(250):
        tracker.report(f"problem {number}")
    assert len(tracker.problems) == 100
    assert tracker.problems[-1] == "problem 249"


def test_safe_points_run_in_the_training_thread_of_training_batches():
    tracker, points = Tracker(), []
    subscription = tracker.on_safe_point(
        lambda epoch, step: points.append((threading.get_ident(), epoch, step))
    )
    me = threading.get_ident()
    tracker.record([0], loss=[1])
    tracker.record([0], mode="eval", loss=[1])
    tracker.safe_point(step=7, epoch=3)
    assert points == [(me, 1, 1), (me, 3, 7)]
    subscription.cancel()
    tracker.record([0], loss=[1])
    assert len(points) == 2


def test_status_goes_with_the_run():
    tracker = Tracker(epochs=3)
    assert (tracker.status, tracker.epochs, tracker.elapsed) == ("idle", 3, 0)
    tracker.record([0], loss=[1])
    assert tracker.status == "training"
    tracker.request_stop()
    assert tracker.stop_requested
    tracker.finish(ValueError("lost"))
    assert (tracker.status, tracker.error) == ("failed", "ValueError: lost")
    spent = tracker.elapsed
    assert spent > 0
    tracker.record([0], mode="test", loss=[1])
    assert tracker.status == "failed"
    tracker.record([0], loss=[1])
    assert (tracker.status, tracker.error, tracker.stop_requested) == ("training", None, False)
    assert tracker.elapsed > spent


def test_version_grows_with_every_change():
    tracker, versions = Tracker(), []
    for action in (
        lambda: tracker.record([0], loss=[1]),
        lambda: tracker.record([1], loss=[1]),
        tracker.end_epoch,
        tracker.request_stop,
        tracker.finish,
    ):
        action()
        versions.append(tracker.version)
    assert versions == sorted(set(versions))
    tracker.label_series(mode="train")
    assert tracker.version == versions[-1]


def test_a_tracker_with_a_worker_is_collected():
    import numpy as np

    tracker = Tracker()
    for at in range(0, 200_000, 20_000):
        index = np.arange(at, at + 20_000)
        tracker.record(index, index % 3, loss=index, logits=np.zeros((20_000, 3)))
    tracker.end_epoch()
    assert tracker.confusion().counts.sum() == 200_000
    thread = tracker._worker._thread
    assert thread is not None
    alive = weakref.ref(tracker)
    del tracker
    for _ in range(200):  # the worker may be at its last job
        gc.collect()
        thread.join(0.05)
        if not thread.is_alive():
            break
    assert alive() is None
    assert not thread.is_alive()
