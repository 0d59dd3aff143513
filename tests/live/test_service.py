"""Saliency beside a training: on copied weights, latest wins, never on the live model."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import xai_widgets as xw  # noqa: E402
from xai_widgets.live import AttributionService, ColumnsRequest  # noqa: E402
from xai_widgets.samples import as_samples  # noqa: E402

X = np.random.default_rng(0).random((12, 1, 8, 8), np.float32)
Y = np.arange(12) % 3
QUICK = {"smoothing": 2, "integrating": 4}


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 36, 3)
    )


@pytest.fixture
def tracker():
    return xw.Tracker()


@pytest.fixture
def model():
    return net()


@pytest.fixture
def service(model, tracker):
    made = AttributionService(model, as_samples((X, Y), layout="NCHW"), tracker=tracker)
    yield made
    made.close()


def ask(service, *indices, results=None, **options):
    return service.request(
        ColumnsRequest(indices or (1, 2), **{**QUICK, **options}),
        (results if results is not None else []).append,
    )


class Training:
    """A loop in a thread that gives safe points while it is told to."""

    def __init__(self, tracker, each=lambda step: None):
        self.tracker, self.each = tracker, each
        self.go, self.over, self.parked, self.steps = (
            threading.Event(),
            threading.Event(),
            threading.Event(),
            0,
        )
        self.go.set()
        tracker.start()
        self.thread = threading.Thread(target=self.run, name="training")
        self.thread.start()
        while self.steps < 2:
            time.sleep(0.001)

    def run(self):
        while not self.over.is_set():
            if not self.go.is_set():
                self.parked.set()
                self.go.wait(60)
            self.steps += 1
            self.each(self.steps)
            self.tracker.safe_point(step=self.steps, epoch=1)
            time.sleep(0.002)

    def pause(self):
        """Return once it stands still in the middle of a step."""
        self.go.clear()
        self.parked.clear()
        assert self.parked.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go.set()
        self.over.set()
        self.thread.join(10)


def near(found, expected):
    """Chunks of another size are computed by other kernels: equal up to rounding."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_it_computes_what_the_engine_computes(service, model):
    results = []
    job = ask(service, 3, 5, results=results)
    assert job.wait(60)
    assert (job.state, job.problem, service.state) == ("done", None, "idle")
    assert results[-1].done
    assert results[-1] is job.result
    assert [r.done for r in results[:-1]] == [False] * (len(results) - 1)
    engine = xw.AttributionEngine(net(), layout="NCHW")
    expected = engine.saliency_columns(X[[3, 5]], index=[3, 5], seed=0, **QUICK)
    near(results[-1].columns.smint.values, expected.smint.values)
    assert list(results[-1].batch.labels) == [Y[3], Y[5]]
    assert [p.dtype for p in results[-1].pictures] == [np.uint8] * 2
    assert str(results[-1].weights) == "weights as they are"
    assert 0 < service.last_copy_seconds < 5


def test_beside_a_training_it_computes_on_one_thread_and_leaves_the_others_theirs(request, service, tracker):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    request.addfinalizer(lambda: torch.set_num_threads(before))
    seen = []

    def note(_):
        seen.append(torch.get_num_threads())

    with Training(tracker):
        job = service.request(ColumnsRequest((1, 2), **QUICK), note)
        assert job.wait(60)
        assert job.state == "done"
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
    tracker.finish()
    seen.clear()
    assert service.request(ColumnsRequest((3,), **QUICK), note).wait(60)
    assert set(seen) == {2}


def test_its_thread_goes_when_there_is_nothing_to_do(service):
    for index in range(3):
        assert ask(service, index).wait(60)
        gone = time.monotonic() + 30
        while "xai_widgets saliency" in [thread.name for thread in threading.enumerate()]:
            assert time.monotonic() < gone
            time.sleep(0.01)


def test_the_training_thread_copies_at_its_next_safe_point_and_only_that(service, model, tracker):
    forwards, copies = [], []
    model.register_forward_hook(lambda *_: forwards.append(1))
    copy = service._snapshots.copy
    service._snapshots.copy = lambda where: (copies.append(threading.current_thread().name), copy(where))[1]
    with Training(tracker) as training:
        training.pause()
        results = []
        job = ask(service, results=results)
        assert not job.wait(0.3)
        assert service.state == "waiting for a safe point"
        assert results == []
        training.go.set()
        assert job.wait(60)
        assert job.state == "done"
        assert results[-1].weights.epoch == 1
        assert 2 <= results[-1].weights.step <= training.steps
        assert results[-1].weights.at_safe_point
    assert copies == ["training"]
    assert forwards == [], "the model being trained was run"


def test_weights_are_those_of_the_safe_point_although_training_goes_on(service, model, tracker):
    bias = model[-1].bias

    def step(number):
        with torch.no_grad():
            bias.copy_(torch.tensor([float(number), 0.0, 0.0]))

    with Training(tracker, step):
        results = []
        assert ask(service, results=results).wait(60)
    held = service._snapshots.newest.replica.model[-1].bias[0].item()
    assert held == results[-1].weights.step


def test_the_latest_request_wins(service, tracker):
    with Training(tracker) as training:
        training.pause()
        results = []
        jobs = [ask(service, i, results=results) for i in range(8)]
        training.go.set()
        assert all(job.wait(60) for job in jobs)
    assert [job.state for job in jobs] == ["cancelled"] * 7 + ["done"]
    assert {r.request.indices for r in results} == {(7,)}


def test_a_running_job_gives_way_to_a_newer_one(service):
    results, seen = [], threading.Event()
    first = service.request(
        ColumnsRequest((1,), smoothing=200, integrating=3000), lambda r: (results.append(r), seen.set())
    )
    assert seen.wait(60)
    second = ask(service, 2, results=results)
    assert second.wait(60)
    assert first.wait(10)
    assert (first.state, second.state) == ("cancelled", "done")
    assert results[-1].request.indices == (2,)


def test_requests_of_different_keys_do_not_replace_each_other(service):
    jobs = [ask(service, 1, key=key) for key in ("left", "right")]
    assert all(job.wait(60) and job.state == "done" for job in jobs)


def test_cancelling_while_it_waits_and_while_it_computes(service, tracker):
    with Training(tracker) as training:
        training.pause()
        waiting = ask(service)
        time.sleep(0.05)
        waiting.cancel()
        assert waiting.wait(5)
        assert waiting.state == "cancelled"
    results, seen = [], threading.Event()
    running = service.request(
        ColumnsRequest((1,), smoothing=500, integrating=5000), lambda r: (results.append(r), seen.set())
    )
    assert seen.wait(60)
    service.cancel()
    assert running.wait(20)
    assert running.state == "cancelled"
    assert not results[-1].done
    assert ask(service).wait(60)


def test_nothing_waits_once_the_training_thread_is_gone(service, tracker):
    with Training(tracker):
        pass
    assert tracker.status == "training", "a plain loop tells nobody that it is over"
    results = []
    assert ask(service, results=results).wait(60)
    assert results[-1].weights.at_safe_point


def test_a_training_that_gives_no_safe_point_is_not_waited_for_for_ever(service, tracker, monkeypatch):
    from xai_widgets.live.training import safe_points

    with Training(tracker) as training:
        training.pause()
        monkeypatch.setattr(safe_points, "STALLED", 0.1)
        results = []
        assert ask(service, results=results).wait(60)
        assert not results[-1].weights.at_safe_point
        assert "without a safe point" in str(results[-1].weights)


def test_staying_pinning_and_comparing(service, model, tracker):
    results = []
    assert ask(service, 4, results=results).wait(60)
    tracker.safe_point(step=10, epoch=1)
    first = service.pin()
    with torch.no_grad():
        model[-1].weight.mul_(-1)
    assert ask(service, 4, results=results).wait(60)
    new = results[-1]
    assert ask(service, 4, results=results, weights="pinned").wait(60)
    old = results[-1]
    assert old.weights == first == service.pinned
    assert new.weights == service.weights != first
    assert not np.allclose(old.columns.raw.values, new.columns.raw.values)
    with torch.no_grad():
        model[-1].weight.mul_(5)
    assert ask(service, 4, results=results, weights="same").wait(60)
    assert results[-1].weights == new.weights
    near(results[-1].columns.raw.values, new.columns.raw.values)
    service.unpin()
    failed = ask(service, 4, weights="pinned")
    assert failed.wait(10)
    assert "pin() keeps" in str(failed.problem)


def test_following_makes_a_new_picture_for_every_epoch(service, tracker):
    results, problems = [], []
    following = service.follow(ColumnsRequest((1,), **QUICK), results.append, problems.append)
    assert following.job.wait(60)
    for epoch in range(1, 4):
        tracker.record(np.arange(4), Y[:4], loss=np.ones(4), epoch=epoch, step=epoch * 10)
        tracker.end_epoch()
        # this loop is the training thread: it comes back for a safe point as any loop does
        end = time.monotonic() + 30
        while not following.job.done and time.monotonic() < end:
            tracker.safe_point(step=epoch * 10, epoch=epoch)
            time.sleep(0.01)
    following.cancel()
    tracker.finish()
    epochs = [r.weights.epoch for r in results if r.done]
    assert epochs[1:] == [1, 2, 3]
    assert problems == []


def test_a_followed_picture_is_finished_although_epochs_end_meanwhile(service, tracker):
    """Epochs shorter than a picture takes: each picture is completed, with the weights of its own epoch."""
    results, epochs = [], 0

    def seen(result):
        nonlocal epochs
        results.append(result)
        if epochs < 30:  # between two chunks, training ends an epoch
            epochs += 1
            tracker.record(np.arange(4), Y[:4], loss=np.ones(4), epoch=epochs, step=epochs * 10)
            tracker.end_epoch()

    following = service.follow(ColumnsRequest((1,), smoothing=30, integrating=300), seen)
    end = time.monotonic() + 60
    while (
        not results or not results[-1].done or results[-1].weights.epoch != epochs
    ) and time.monotonic() < end:
        tracker.safe_point(step=epochs * 10, epoch=epochs)
        time.sleep(0.005)
    tracker.finish()
    following.cancel()
    shown = [r.weights.epoch for r in results if r.done]
    assert shown[-1] == epochs
    serials = {r.weights.serial for r in results}
    assert len(shown) >= len(serials), "every picture that was begun was finished"
    assert all(r.columns.smint is not None for r in results if r.done)


def test_of_a_picture_that_follows_quickly_only_the_finished_one_is_handed_on(service, tracker, monkeypatch):
    monkeypatch.setattr("xai_widgets.live.saliency.service._BETWEEN", 30.0)
    many = {"smoothing": 30, "integrating": 60}
    with Training(tracker):
        by_itself, awaited = [], []
        assert service.request(ColumnsRequest((1,), **many), by_itself.append, awaited=False).wait(60)
        assert service.request(ColumnsRequest((1,), **many), awaited.append).wait(60)
    assert [result.done for result in by_itself] == [True]
    assert [result.done for result in awaited] == [False, True], "a person sees something at once"


def test_calling_off_what_follows_ends_it_for_good(service, tracker):
    results, seen = [], threading.Event()
    following = service.follow(
        ColumnsRequest((1,), smoothing=200, integrating=3000), lambda r: (results.append(r), seen.set())
    )
    assert seen.wait(60)
    tracker.record(np.arange(4), Y[:4], loss=np.ones(4), epoch=1, step=1)
    tracker.end_epoch()  # behind now
    following.cancel()
    assert following.job.wait(30)
    assert (following.job.state, service._waiting) == ("cancelled", {})


def test_a_model_that_cannot_be_copied_is_tried_once_and_said(tracker):
    class Holds(torch.nn.Linear):
        def __init__(self):
            super().__init__(64, 3)
            self.lock, self.tried = threading.Lock(), []

        def __deepcopy__(self, memo):
            self.tried.append(1)
            raise RuntimeError("no copies of me")

        def forward(self, x):
            return super().forward(x.flatten(1))

    model, problems = Holds(), []
    service = AttributionService(model, as_samples((X, Y), layout="NCHW"), tracker=tracker)
    for _ in range(3):
        job = service.request(ColumnsRequest((1,)), lambda r: None, problems.append)
        assert job.wait(10)
        assert job.state == "failed"
    assert model.tried == [1]
    assert len(problems) == 3
    assert "model_fn" in str(problems[0])
    assert service.state.startswith("failed: Holds cannot be copied") or "Holds cannot" in service.state
    service.close()
    service = AttributionService(model, as_samples((X, Y), layout="NCHW"), model_fn=Holds)
    job = ask(service)
    assert job.wait(60)
    assert job.state == "done"
    service.close()


def test_problems_are_told_and_the_next_request_works(service):
    problems = []
    job = service.request(ColumnsRequest((99,)), lambda r: None, problems.append)
    assert job.wait(10)
    assert job.state == "failed"
    assert "99" in str(problems[0])
    assert service.state.startswith("failed: ")
    bad = service.request(ColumnsRequest((1,), **QUICK), lambda r: 1 / 0, problems.append)
    assert bad.wait(60)
    assert isinstance(bad.problem, ZeroDivisionError)
    assert ask(service).wait(60)
    assert service.state == "idle"


def test_closing_ends_the_thread_and_frees_the_copy(model, tracker):
    before = threading.active_count()
    service = AttributionService(model, as_samples((X, Y), layout="NCHW"), tracker=tracker)
    assert ask(service).wait(60)
    running = ask(service, smoothing=500, integrating=5000)
    service.close()
    service.close()
    assert running.wait(10)
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="closed"):
        ask(service)


def test_a_sample_is_read_once_however_often_the_slider_moves(model):
    reads = []

    class Data(torch.utils.data.Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, i):
            reads.append(i)
            return torch.from_numpy(X[i]), int(Y[i])

    service = AttributionService(model, as_samples(Data()))
    assert ask(service, 5).wait(60)
    assert 5 in reads
    reads.clear()
    for smoothing in (1, 2, 3):
        assert ask(service, 5, smoothing=smoothing).wait(60)
    service.close()
    assert reads == []


@pytest.mark.parametrize("share", [0, -0.1, 1.5])
def test_a_share_outside_its_range_is_refused(model, share):
    with pytest.raises(ValueError, match="share"):
        AttributionService(model, as_samples((X, Y), layout="NCHW"), share=share)
