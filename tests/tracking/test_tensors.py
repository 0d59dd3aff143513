"""Batches as every framework hands them over."""

import numpy as np
import pytest

from xai_widgets.tracking import Tracker

INDEX, LABEL, LOSS = [3, 1, 4], [0, 2, 1], [0.5, 1.5, 2.5]


def check(tracker, exact=True):
    series = tracker.instance_series(INDEX)
    np.testing.assert_allclose(series.values[:, 0], LOSS, rtol=0 if exact else 1e-2)
    assert series.labels == tuple(LABEL)


def test_torch():
    torch = pytest.importorskip("torch")
    for kind in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        tracker = Tracker()
        loss = torch.tensor(LOSS, dtype=kind, requires_grad=True)
        tracker.record(torch.tensor(INDEX), torch.tensor(LABEL), loss=loss * 1)
        check(tracker)
        tracker = Tracker()
        one_hot = torch.nn.functional.one_hot(torch.tensor(LABEL), 4)
        tracker.record(torch.tensor(INDEX, dtype=torch.int32)[:, None], one_hot.to(kind), loss=loss[:, None])
        check(tracker)


def test_torch_on_a_training_loop_changes_nothing():
    torch = pytest.importorskip("torch")

    def train(tracker):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 3))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        x, y = torch.randn(30, 4), torch.arange(30) % 3
        for _ in range(3):
            for at in range(0, 30, 10):
                logits = model(x[at : at + 10])
                loss = torch.nn.functional.cross_entropy(logits, y[at : at + 10], reduction="none")
                optimizer.zero_grad()
                loss.mean().backward()
                optimizer.step()
                if tracker is not None:
                    tracker.record(torch.arange(at, at + 10), y[at : at + 10], loss=loss, logits=logits)
                    tracker.extremes()
        return (
            [p.detach().numpy().tobytes() for p in model.parameters()],
            torch.rand(1).item(),
            np.random.random(),
        )

    np.random.seed(0)
    without = train(None)
    np.random.seed(0)
    assert train(Tracker()) == without


def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    for kind in (tf.float32, tf.float16, tf.bfloat16):
        tracker = Tracker()
        tracker.record(tf.constant(INDEX), tf.one_hot(LABEL, 4), loss=tf.constant(LOSS, kind)[:, None])
        check(tracker)


def test_jax():
    jax = pytest.importorskip("jax")
    for kind in ("float32", "float16", "bfloat16"):
        tracker = Tracker()
        loss = jax.numpy.array(LOSS, kind)
        tracker.record(jax.numpy.array(INDEX), jax.nn.one_hot(jax.numpy.array(LABEL), 4), loss=loss)
        check(tracker)


def test_pandas_and_polars():
    pandas = pytest.importorskip("pandas")
    tracker = Tracker()
    tracker.record(pandas.Series(INDEX), pandas.Series(LABEL), loss=pandas.Series(LOSS))
    check(tracker)
    polars = pytest.importorskip("polars")
    tracker = Tracker()
    tracker.record(polars.Series(INDEX), polars.Series(LABEL), loss=polars.Series(LOSS))
    check(tracker)


def test_plain_python_and_numpy_kinds():
    for index in (INDEX, tuple(INDEX), np.array(INDEX, np.uint8), np.array(INDEX, object)):
        for label in (LABEL, np.array(LABEL, np.int8), np.array(LABEL, float), np.eye(3)[LABEL]):
            tracker = Tracker()
            tracker.record(index, label, loss=np.array(LOSS, np.float64))
            check(tracker)
    tracker = Tracker()
    tracker.record(7, 1, loss=0.25)
    tracker.record("seven", "one", loss=0.75)
    assert tracker.instance_series([7, "seven"]).values[:, 0].tolist() == [0.25, 0.75]


def test_per_token_losses_become_their_mean_over_the_mask():
    values = np.arange(12, dtype=float).reshape(3, 4)
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    expected = [0.5, 5.5, np.nan]
    cases = [{"loss": values, "mask": mask}, {"loss": np.ma.masked_array(values, mask == 0)}]
    torch = pytest.importorskip("torch")
    cases.append({"loss": torch.tensor(values), "mask": torch.tensor(mask)})
    for case in cases:
        tracker = Tracker()
        tracker.record(INDEX, LABEL, **case)
        np.testing.assert_allclose(tracker.instance_series(INDEX).values[:, 0], expected)
    tracker = Tracker()
    tracker.record(INDEX, LABEL, loss=values)
    assert tracker.instance_series(INDEX).values[:, 0].tolist() == [1.5, 5.5, 9.5]


def test_nan_behind_the_mask_does_not_matter():
    tracker = Tracker()
    tracker.record([0], loss=[[1.0, np.nan]], mask=[[True, False]])
    assert tracker.instance_series([0]).values[0, 0] == 1


def test_recorded_logits_may_be_changed_by_the_caller():
    torch = pytest.importorskip("torch")
    tracker = Tracker()
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    tracker.record([0, 1], [0, 0], loss=[0.1, 2.1], logits=logits)
    logits.zero_()
    tracker.end_epoch()
    assert tracker.dynamics()["aum"].tolist() == [2, -2]
