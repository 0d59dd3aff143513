"""A Keras panel's functions are traced before somebody waits for its first picture."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

keras = pytest.importorskip("keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("Keras runs on another backend here", allow_module_level=True)

import xai_widgets as xw  # noqa: E402
from xai_widgets.live import AttributionService, ColumnsRequest  # noqa: E402
from xai_widgets.samples import as_samples  # noqa: E402

L = keras.layers
X = np.random.default_rng(0).random((6, 8, 8, 3), np.float32)


class Reads:
    """A data set that counts how often it is read."""

    def __init__(self):
        self.count = 0

    def __len__(self):
        return len(X)

    def __getitem__(self, index):
        self.count += 1
        return X[index], index % 3


def net():
    return keras.Sequential(
        [keras.Input((8, 8, 3)), L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dropout(0.5), L.Dense(3)]
    )


def wait_until_idle(service):
    until = time.monotonic() + 60
    while (thread := service._thread) is not None and time.monotonic() < until:
        thread.join(1.0)
    assert service._thread is None


def traces(service):
    return service._snapshots.newest.engine._backend.passes.traces


def test_the_first_picture_finds_everything_traced_and_no_sample_was_read():
    data = Reads()
    service = AttributionService(net(), as_samples(data, layout="NHWC"))
    before = data.count
    service.trace(ColumnsRequest(()))
    wait_until_idle(service)
    assert data.count == before
    traced = traces(service)
    assert traced > 0
    job = service.request(ColumnsRequest((1, 2, 3)), lambda result: None)
    assert job.wait(60)
    assert job.problem is None
    assert job.result.done
    assert traces(service) == traced
    service.close()


def test_tracing_moves_no_random_stream():
    keras.utils.set_random_seed(3)
    model = net()
    service = AttributionService(model, as_samples(X, layout="NHWC"))
    streams = random.getstate(), np.random.get_state()[1].tolist()
    weights = [w.numpy() for w in model.weights]
    service.trace(ColumnsRequest(()))
    wait_until_idle(service)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == streams
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(weights, model.weights, strict=True))
    service.close()


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3)

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (-1, 192)))


@pytest.mark.parametrize("kind", ["no shapes known", "in training"])
def test_what_cannot_be_traced_before_is_left_to_the_first_picture(kind):
    model, tracker = (Subclassed() if kind == "no shapes known" else net()), xw.Tracker()
    model(X[:1])
    if kind == "in training":
        tracker.record([0], [0], loss=[1.0])  # a loop that somebody may be in the middle of
    service = AttributionService(model, as_samples(X, layout="NHWC"), tracker=tracker)
    service.trace(ColumnsRequest(()))
    assert service._thread is None
    assert service._snapshots.newest is None
    service.close()


def test_a_dashboard_begins_when_it_is_shown():
    tracker = xw.Tracker()
    with xw.Dashboard(tracker, net(), X, sample_layout="NHWC") as dashboard:
        assert dashboard.saliency.service._thread is None
        dashboard.get_ready()
        wait_until_idle(dashboard.saliency.service)
        assert traces(dashboard.saliency.service) > 0
