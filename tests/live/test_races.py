"""Many short runs with threads that switch a thousand times more often than usual."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live import AttributionService, ColumnsRequest, Publisher
from xai_widgets.samples import as_samples

RUNS = 25


@pytest.fixture(autouse=True)
def quick_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(*functions):
    """Run functions in threads that start at the same moment; raise what any of them raised."""
    barrier, problems = threading.Barrier(len(functions)), []

    def guarded(function):
        barrier.wait()
        try:
            function()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if problems:
        raise problems[0]


class View:
    """Reads what a real view reads, and notes whether two threads were ever in it at once."""

    def __init__(self, tracker):
        self.tracker, self.inside, self.overlaps, self.problems, self.epochs = tracker, 0, 0, [], 0

    def draw(self):
        self.inside += 1
        self.overlaps += self.inside > 1
        if "train" in self.tracker.modes:
            series = self.tracker.label_series("loss", mode="train")
            self.epochs = len(series.epochs)
            assert series.mean.shape == (len(series.labels), self.epochs)
            assert np.nanmax(series.mean, initial=1.0) == 1.0
        self.inside -= 1
        return 10

    def show_problem(self, problem):
        self.problems.append(problem)


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_training_a_browser_and_an_evaluation_at_once(seed):
    tracker, publisher = xw.Tracker(), Publisher(draws_per_second=500, bytes_per_second=1e9)
    views, heard = [View(tracker), View(tracker)], []

    def train():
        for _ in range(4):
            for _ in range(5):
                tracker.record(np.arange(8), np.arange(8) % 3, loss=np.ones(8))
            tracker.end_epoch("train")
        tracker.finish()

    def evaluate():
        for _ in range(10):
            tracker.record(np.arange(4), np.arange(4) % 3, mode="eval", loss=np.ones(4))

    def browse():
        for value in range(30):
            publisher.submit("slider", lambda value=value: heard.append(value))
            publisher.post(lambda: heard.append("click"))
            publisher.draw_soon("picture", lambda: 5)
            if value % 10 == seed % 10:
                publisher.remove(views[1])
                publisher.add(views[1])

    publisher.watch(tracker)
    for view in views:
        publisher.add(view)
    together(train, evaluate, browse)
    assert publisher.flush(30)
    publisher.close()
    assert [view.problems for view in views] == [[], []]
    assert sum(view.overlaps for view in views) == 0
    assert heard.count("click") == 30
    values = [value for value in heard if value != "click"]
    assert values == sorted(values)
    assert values[-1] == 29
    assert views[0].epochs == 4
    assert tracker.problems == []


@pytest.mark.parametrize("seed", range(RUNS))
def test_closing_while_everything_runs(seed):
    tracker, publisher = xw.Tracker(), Publisher(draws_per_second=500)
    view, over = View(tracker), threading.Event()

    def train():
        while not over.is_set():
            tracker.record(np.arange(4), np.arange(4) % 2, loss=np.ones(4))

    def browse():
        for value in range(200):
            publisher.submit(value % 5, lambda: None)

    def close():
        time.sleep(0.0005 * (seed % 5))
        publisher.close()
        over.set()

    publisher.watch(tracker)
    publisher.add(view)
    together(train, browse, close, close)
    assert publisher.closed
    assert view.problems == []
    assert tracker.problems == []
    assert not any(thread.name == "xai_widgets publisher" and thread is publisher._thread and thread.is_alive()
                   for thread in threading.enumerate())  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_requests_cancels_and_safe_points_at_once(seed):
    torch = pytest.importorskip("torch")
    model, tracker, done = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 3)), xw.Tracker(), []
    x = np.random.default_rng(seed).random((6, 1, 4, 4), np.float32)
    service = AttributionService(
        model, as_samples((x, np.arange(6) % 3), layout="NCHW"), tracker=tracker, share=1.0
    )
    over = threading.Event()

    def train():
        tracker.start()
        step = 0
        while not over.is_set():
            step += 1
            with torch.no_grad():
                model[1].bias.fill_(step)
            tracker.safe_point(step=step, epoch=1)

    def ask():
        jobs = []
        for i in range(25):
            request = ColumnsRequest((i % 6,), smoothing=1, integrating=2, key=str(i % 2))
            jobs.append(service.request(request, done.append))
            if i % 7 == seed % 7:
                service.cancel()
            if i % 4 == 0:
                jobs[-1].wait(1)
        last = service.request(ColumnsRequest((5,), smoothing=1, integrating=2), done.append)
        assert last.wait(30)
        assert last.state == "done", last.problem
        assert all(job.wait(30) for job in jobs)
        assert not [job.problem for job in jobs if job.problem is not None]
        over.set()

    together(train, ask)
    bias = service._snapshots.newest.replica.model[1].bias
    assert (bias == bias[0]).all(), "a copy that mixes two steps"
    assert bias[0].item() == service.weights.step
    service.close()
    assert all(result.weights.at_safe_point for result in done)
