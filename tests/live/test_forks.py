"""A forked child closes, draws and trains on without its parent's threads, locks and page."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import traceback
import warnings

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live import AttributionService, ColumnsRequest, Publisher

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")


def in_child(work, seconds=30):
    """Do something in a forked child; fails when it fails there, or hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of what is tried here
        child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


@contextlib.contextmanager
def held_elsewhere(*locks):
    """Have another thread hold these locks, as it may while somebody forks."""
    held, go = threading.Event(), threading.Event()

    def hold():
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            held.set()
            go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    yield
    go.set()
    thread.join()


def record(tracker):
    tracker.record(np.arange(40), np.arange(40) % 4, loss=np.linspace(0, 2, 40))


@pytest.fixture
def tracker():
    made = xw.Tracker()
    record(made)
    made.end_epoch()
    return made


def test_a_dashboard_is_closed_in_the_child_and_lives_on_in_the_parent(tracker):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4))
    dashboard = xw.Dashboard(
        tracker, model, (np.zeros((40, 3, 2, 2), np.float32), np.arange(40) % 4), mode="train", layout="NCHW"
    )
    dashboard.publisher.flush()
    service, panel = dashboard.saliency.service, dashboard.saliency
    locks = [
        dashboard.publisher._wake, dashboard.publisher.together._lock, dashboard.selection._lock, dashboard.map._lock,
        dashboard.map.hearing._in_thread._lock, dashboard.map.hearing._at_safe_points._lock,
        dashboard._safe_points._lock, service._lock, service._safe_points._lock,
    ]  # fmt: skip

    def child():
        record(tracker)
        tracker.safe_point()
        tracker.end_epoch()
        assert [view.draw() for view in (dashboard, *dashboard.views)] == [0] * 5
        dashboard.selected = (1, 2)
        panel.selected = (3,)
        dashboard.publisher.post(lambda: 1)
        dashboard.publisher.touch()
        assert dashboard.publisher.flush()
        assert dashboard.figure().png()
        dashboard.close()
        assert not tracker.problems
        assert threading.active_count() == 1

    with held_elsewhere(*locks):
        in_child(child)
    drawn = dashboard.publisher.traffic.draws
    record(tracker)
    tracker.end_epoch()
    assert dashboard.publisher.flush()
    assert dashboard.publisher.traffic.draws > drawn
    dashboard.close()


def test_forks_beside_a_training_and_its_drawing(tracker):
    over = threading.Event()

    def train():
        while not over.is_set():
            record(tracker)
            tracker.end_epoch()

    def child():
        assert [view.draw() for view in dashboard.views] == [0, 0, 0]
        dashboard.close()
        own = xw.Tracker()  # the parent's was perhaps in the middle of something
        record(own)
        xw.LabelDifficulty(own, mode="train").close()

    dashboard = xw.Dashboard(tracker, mode="train")
    dashboard.publisher.pacing.interval = 0.001
    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(30):
            in_child(child)
    finally:
        over.set()
        thread.join()
        dashboard.close()


def test_a_background_training_is_over_in_the_child(tracker):
    go = threading.Event()
    run = xw.background(lambda: go.wait(60), tracker=tracker)

    def child():
        with pytest.raises(RuntimeError, match="parent"):
            run.result(10)
        assert run.state == "failed"

    with held_elsewhere(run._lock):
        in_child(child)
    assert run.running
    go.set()
    assert run.result(10)


def test_a_picture_that_was_asked_for_does_not_hold_up_the_training_of_a_child(tracker):
    torch = pytest.importorskip("torch")
    from xai_widgets.samples import as_samples

    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4))
    x, y = np.zeros((40, 3, 2, 2), np.float32), np.arange(40) % 4
    service = AttributionService(model, as_samples((x, y), layout="NCHW"), tracker=tracker)
    tracker.start()
    tracker.safe_point()
    following = service.follow(ColumnsRequest((1,), smoothing=2, integrating=2), lambda result: None)

    def child():
        tracker.safe_point()
        record(tracker)
        tracker.end_epoch("train")
        assert not tracker.problems

    with held_elsewhere(service._safe_points._lock, service._lock, following._lock):
        in_child(child)
    following.cancel()
    service.close()


def test_a_publisher_made_in_the_child_draws_there(tracker):
    drawn = []

    class View:
        def draw(self):
            drawn.append(1)
            return 0

    def child():
        publisher = Publisher()
        publisher.add(View())
        assert publisher.flush()
        assert drawn
        publisher.close()

    in_child(child)


def test_a_child_of_a_kernel_takes_no_message_of_its_parent(kernel_without_subshells):
    kernel = kernel_without_subshells
    kernel.run(
        "import os, time, numpy as np, ipywidgets\nimport xai_widgets as xw\n"
        "from xai_widgets.live import Publisher, keep_route, pump\n"
        "seen, publisher, slider, tracker = [], Publisher(), ipywidgets.IntSlider(), xw.Tracker()\n"
        "slider.observe(lambda change: seen.append(change['new']), 'value')\n"
        "keep_route(slider, publisher.post); publisher.watch(tracker)"
    )
    comm = kernel.value("slider.comm.comm_id")
    cell = kernel.start(
        "time.sleep(0.5)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    found = pump(); tracker.safe_point(); publisher.close(); os._exit(found)\n"
        "print('taken', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 'then', pump())"
    )
    time.sleep(0.2)
    kernel.slide(comm, 7)
    assert "taken 0 then 1" in kernel.finish(cell)
    assert kernel.value("publisher.flush() and seen") == [7]
