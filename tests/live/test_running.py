"""Training in the background: its result, its exception, and a stop that works."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live import TrainingStopped, background
from xai_widgets.live.training.background import active_runs


def loop(tracker, steps, polite=False):
    for step in range(steps):
        if polite and tracker.stop_requested:
            return f"ended politely at {step}"
        tracker.record(np.arange(4), np.arange(4) % 2, loss=np.ones(4))
        time.sleep(0.002)
    tracker.end_epoch()
    return steps


def test_it_returns_at_once_and_gives_the_result_later():
    tracker, ended = xw.Tracker(), []
    run = background(loop, tracker, 20, tracker=tracker)
    run.on_end(ended.append)
    assert run.running
    assert run in active_runs()
    assert run.state == "running"
    assert run.result(30) == 20
    run.thread.join(10)
    assert (run.running, run.state, run.exception) == (False, "returned", None)
    assert ended == [run]
    assert tracker.status == "ended"
    assert run not in active_runs()
    run.on_end(ended.append)
    assert ended == [run, run]


def test_its_exception_is_kept_raised_and_told_to_the_tracker():
    tracker = xw.Tracker()

    def fails():
        loop(tracker, 3)
        raise ValueError("no such data")

    run = background(fails, tracker=tracker)
    with pytest.raises(ValueError, match="no such data"):
        run.result(30)
    run.thread.join(10)
    assert run.state == "failed"
    assert isinstance(run.exception, ValueError)
    assert (tracker.status, tracker.error) == ("failed", "ValueError: no such data")


def test_stop_ends_a_plain_loop_between_two_steps():
    tracker = xw.Tracker()
    run = background(loop, tracker, 100_000, tracker=tracker)
    while tracker.version < 5:
        time.sleep(0.001)
    run.stop()
    with pytest.raises(TrainingStopped):
        run.result(30)
    assert run.state == "stopped"
    assert tracker.stop_requested
    assert tracker.problems == [], "a stop is no failure of a callback"


def test_a_loop_that_ends_politely_returns_its_result():
    tracker = xw.Tracker()
    run = background(loop, tracker, 100_000, polite=True, tracker=tracker)
    while tracker.version < 5:
        time.sleep(0.001)
    run.stop()
    assert run.result(30).startswith("ended politely")
    assert run.state == "returned"


def test_a_stop_reaches_a_function_without_a_tracker_and_one_that_is_stuck():
    def spin():
        while True:
            time.sleep(0.001)

    for tracker in (None, xw.Tracker()):
        run = background(spin, tracker=tracker)
        run.stop(force=tracker is not None)
        with pytest.raises(TrainingStopped):
            run.result(30)
        assert run.state == "stopped"


def test_a_stop_after_the_end_changes_nothing():
    tracker = xw.Tracker()
    run = background(loop, tracker, 2, tracker=tracker)
    assert run.result(30) == 2
    run.stop()
    assert not tracker.stop_requested
    assert run.state == "returned"


def test_waiting_in_vain_says_what_to_do():
    gate = threading.Event()
    run = background(gate.wait, 30)
    with pytest.raises(TimeoutError, match="still runs"):
        run.result(0.01)
    gate.set()
    assert run.result(10) is True


def test_a_call_instead_of_a_function_is_explained():
    with pytest.raises(TypeError, match=r"background\(train, model\); got int 3"):
        background(3)


def test_callbacks_that_fail_harm_nobody(caplog):
    seen = []
    run = background(lambda: time.sleep(0.05))
    run.on_end(lambda run: 1 / 0)
    run.on_end(seen.append)
    run.result(10)
    run.thread.join(10)
    assert seen == [run]
    assert "a callback after" in caplog.text


def test_the_function_and_its_arguments_are_let_go():
    import gc
    import weakref

    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)
    run = background(lambda _: 5, big)
    run.result(10)
    run.thread.join(10)
    del big
    gc.collect()
    assert gone() is None
    assert run.result() == 5


def test_keras_stops_politely_and_keeps_its_history():
    keras = pytest.importorskip("keras")
    model, tracker = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), xw.Tracker()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = np.random.default_rng(0).random((64, 4), np.float32), np.arange(64) % 2
    run = background(
        model.fit, *xw.hooks.keras.indexed(x, y), epochs=10_000, batch_size=8, verbose=0,
        callbacks=[xw.hooks.keras.TrackerCallback(tracker, model)], tracker=tracker,
    )  # fmt: skip
    while tracker.version < 5 and run.running:
        time.sleep(0.005)
    run.stop()
    history = run.result(60)
    assert run.state == "returned"
    assert len(history.history["loss"]) < 10_000
