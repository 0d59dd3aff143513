"""Gathering on a device. The host plays the device here: torch gives it streams, events and buffers of the same kind.

With a CUDA device present, the last test runs the same on it and forbids every synchronisation in the step.
"""

import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xai_widgets import runlog  # noqa: E402
from xai_widgets.tracking import NO_LABEL, Tracker  # noqa: E402
from xai_widgets.tracking.store import device_buffer as device  # noqa: E402


@pytest.fixture
def gathering(monkeypatch):
    """Every torch tensor counts as being off the host."""
    monkeypatch.setattr(device, "off_host", lambda *values: any(isinstance(v, torch.Tensor) for v in values))
    monkeypatch.setattr("xai_widgets.tracking.tracker.off_host", device.off_host)
    monkeypatch.setattr(device, "device_of", lambda values: torch.device("cpu"))


def feed(tracker, convert, epochs=2, n=300, batch=32, logits=False):
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(n)
        for at in range(0, n, batch):
            i = order[at : at + batch]
            z = rng.normal(size=(len(i), 4)).astype(np.float32)
            loss = rng.random(len(i)).astype(np.float32)
            extra = {"logits": torch.tensor(z)} if logits else {}
            tracker.record(convert(i), convert(i % 4), loss=torch.tensor(loss), **extra)
        tracker.end_epoch()
    return tracker


@pytest.mark.parametrize("where", ["index on the host", "all on the device"])
@pytest.mark.parametrize("logits", [False, True])
def test_gathered_rows_are_those_recorded_directly(monkeypatch, gathering, where, logits):
    convert = np.asarray if where == "index on the host" else torch.tensor
    gathered = feed(Tracker(), convert, logits=logits)
    monkeypatch.setattr("xai_widgets.tracking.tracker.off_host", lambda *values: False)
    direct = feed(Tracker(), convert, logits=logits)
    every = range(300)
    np.testing.assert_array_equal(
        gathered.instance_series(every).values, direct.instance_series(every).values
    )
    assert gathered.instance_series(every).labels == direct.instance_series(every).labels
    np.testing.assert_array_equal(
        gathered.label_series(mode="train").mean, direct.label_series(mode="train").mean
    )
    assert gathered.instance_series([0]).steps.tolist() == [10, 20]
    if logits:
        np.testing.assert_allclose(gathered.dynamics()["aum"], direct.dynamics()["aum"], rtol=1e-6)


def test_a_reader_sees_rows_that_are_still_on_the_device(gathering):
    tracker = Tracker()
    tracker.record(torch.tensor([0, 1]), torch.tensor([0, 1]), loss=torch.tensor([1.0, 2.0]))
    assert tracker.instance_series([0, 1]).values[:, 0].tolist() == [1, 2]
    assert tracker.metrics("train") == ("loss",)


def test_buffers_are_used_again(monkeypatch, gathering):
    made = []
    original = device.Transfer.__init__
    monkeypatch.setattr(device.Transfer, "__init__", lambda self, *a: (made.append(1), original(self, *a))[1])
    monkeypatch.setattr(device, "ROWS", 64)
    tracker = Tracker()
    for epoch in range(1, 6):
        for at in range(0, 640, 32):
            tracker.record(torch.arange(at, at + 32), loss=torch.full((32,), float(epoch)), epoch=epoch)
            if at % 128 == 0:
                tracker.instance_series([0])
    assert tracker.instance_series(range(640)).values.tolist() == [[1, 2, 3, 4, 5]] * 640
    assert len(made) <= 8


def test_the_source_may_be_overwritten_at_once(gathering):
    tracker, loss = Tracker(), torch.zeros(4)
    for step in range(3):
        loss.fill_(step)
        tracker.record(np.arange(4) + 4 * step, loss=loss)
    assert tracker.instance_series(range(12)).values[:, 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        ({"loss": torch.tensor(1.0)}, ValueError, "averaged already"),
        ({"loss": torch.ones(3)}, ValueError, "loss has 3 values for 2 indices"),
        ({"index": torch.ones(2)}, TypeError, "index has dtype torch.float32"),
        ({"prediction": ["a", "b"]}, TypeError, r"loss.cpu\(\)"),
        ({"index": [0.5, 1.0]}, TypeError, "index has dtype float64"),
        ({"label": np.zeros(3, int)}, ValueError, "label has 3 values"),
        ({"label": torch.ones(2, 1, 2)}, (ValueError, TypeError), "label has"),
        ({"mask": torch.ones(2, 3), "loss": torch.ones(2, 2)}, ValueError, "mask has shape"),
        ({"logits": torch.ones(2, 2, 2)}, ValueError, "logits have shape"),
    ],
)
def test_bad_input_is_refused_without_looking_at_values(gathering, bad, error, text):
    tracker = Tracker()
    call = {"index": torch.tensor([0, 1]), "label": torch.tensor([0, 1]), "loss": torch.ones(2), **bad}
    with pytest.raises(error, match=text):
        tracker.record(call.pop("index"), call.pop("label"), **call)
    assert tracker.counts().rows == 0


def test_names_and_labels_on_the_host_may_be_strings(gathering):
    tracker = Tracker()
    for first in range(0, 6, 2):
        names = [f"picture {first}", f"picture {first + 1}"]
        tracker.record(names, ["cat", "dog"], loss=torch.tensor([first, first + 1.0]))
    tracker.record([7, "x"], np.array([3, 4]), loss=torch.tensor([7.0, 8.0]))
    series = tracker.instance_series(["picture 0", "picture 5", 7, "x"])
    assert series.values[:, 0].tolist() == [0, 5, 7, 8]
    assert series.labels == ("cat", "dog", 3, 4)


@pytest.mark.parametrize("where", ["host", "device"])
def test_a_row_without_a_label_keeps_the_one_it_has(monkeypatch, gathering, where):
    if where == "host":
        monkeypatch.setattr("xai_widgets.tracking.tracker.off_host", lambda *values: False)
    tracker = Tracker()
    logits = torch.eye(3)
    tracker.record(torch.arange(3), torch.tensor([0, 1, 2]), loss=torch.ones(3), logits=logits)
    label = torch.tensor([0, NO_LABEL, 2])
    tracker.record(torch.arange(3), label, epoch=2, loss=torch.tensor([1.0, 2.0, 3.0]), logits=logits)
    series = tracker.instance_series(range(3))
    assert series.labels == (0, 1, 2)
    assert series.values[:, 1].tolist() == [1, 2, 3]
    assert tracker.step == 2
    tracker.record(torch.arange(2), torch.full((2,), NO_LABEL), epoch=3, loss=torch.tensor([4.0, 5.0]))
    assert tracker.instance_series(range(2)).values[:, 2].tolist() == [4, 5]
    assert tracker.labels == (0, 1, 2)


def test_what_is_still_on_the_device_can_be_taken_back(gathering, tmp_path):
    tracker = Tracker(log_dir=tmp_path)
    tracker.record(torch.arange(3), torch.arange(3), loss=torch.tensor([1.0, 2.0, 3.0]))
    tracker.withdraw([0, 1])
    tracker.record(torch.tensor([1]), torch.tensor([1]), loss=torch.tensor([5.0]))
    tracker.end_epoch()
    tracker.instance_series([0])
    for each in (tracker, runlog.read(tmp_path)):
        np.testing.assert_array_equal(each.instance_series(range(3)).values[:, 0], [np.nan, 5, 3])


def test_one_hot_labels_half_precision_and_masks(gathering):
    tracker = Tracker()
    loss = torch.tensor([[1.0, 3.0], [5.0, 100.0]], dtype=torch.bfloat16)
    mask = torch.tensor([[1, 1], [1, 0]])
    tracker.record(torch.tensor([[7], [8]]), torch.eye(3)[[2, 0]], loss=loss, mask=mask)
    series = tracker.instance_series([7, 8])
    assert series.values[:, 0].tolist() == [2, 5]
    assert series.labels == (2, 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_cuda_no_step_synchronises():
    tracker = Tracker()
    x = torch.randn(4096, 16, device="cuda")
    y = torch.randint(0, 10, (4096,), device="cuda")
    index = torch.arange(4096, device="cuda")
    layer = torch.nn.Linear(16, 10, device="cuda")
    warm = Tracker()
    warm.record(index[:128], y[:128], loss=torch.zeros(128, device="cuda"), logits=layer(x[:128]))
    tracker.record(index[:128], y[:128], loss=torch.zeros(128, device="cuda"), logits=layer(x[:128]))
    expected = []
    torch.cuda.set_sync_debug_mode("error")
    try:
        for at in range(128, 4096, 128):
            logits = layer(x[at : at + 128])
            loss = torch.nn.functional.cross_entropy(logits, y[at : at + 128], reduction="none")
            tracker.record(index[at : at + 128], y[at : at + 128], loss=loss, logits=logits)
            expected.append(loss)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    tracker.end_epoch()
    time.sleep(0.1)
    values = tracker.instance_series(range(128, 4096)).values[:, 0]
    np.testing.assert_array_equal(values, torch.cat(expected).detach().cpu().numpy())
