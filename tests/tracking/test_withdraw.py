"""What was found to be wrong is taken back: as if it had never been recorded, here and for whoever reads the log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw

N, WRONG = 12, [2, 3, 7]


def run(*, wrong: bool, log_dir: Path | None = None, end: bool = True) -> xw.Tracker:
    """Two epochs; in the second some rows get values and labels of others, which are taken back."""
    rng, tracker = np.random.default_rng(0), xw.Tracker(log_dir=log_dir)
    for epoch in (1, 2):
        loss, logits = rng.random(N).astype(np.float32), rng.normal(size=(N, 3)).astype(np.float32)
        labels = np.arange(N) % 3
        for part in (slice(0, 6), slice(6, None)):
            index = np.arange(N)[part]
            kept = ~np.isin(index, WRONG) if epoch == 2 else np.ones(len(index), bool)
            tracker.record(
                index[kept], labels[part][kept], epoch=epoch, loss=loss[part][kept], logits=logits[part][kept]
            )
        if epoch == 2 and wrong:
            tracker.record(
                np.asarray(WRONG), np.asarray([1, 2, 0]), epoch=2, loss=np.full(3, 9.0), logits=logits[:3]
            )
            tracker.withdraw(WRONG)
        if epoch == 1 or end:
            tracker.end_epoch()
    return tracker


def same(one: xw.Tracker, other: xw.Tracker) -> None:
    first, second = (t.instance_series(list(range(N)), "loss") for t in (one, other))
    np.testing.assert_array_equal(first.values, second.values)
    assert list(first.labels) == list(second.labels)
    a, b = (t.label_series("loss", mode="train") for t in (one, other))
    np.testing.assert_allclose(a.mean, b.mean, rtol=1e-6)
    np.testing.assert_array_equal(a.count, b.count)
    left, right = one.dynamics(mode="train"), other.dynamics(mode="train")
    for name in ("mean", "seen", "confidence", "correctness", "aum"):
        np.testing.assert_allclose(left[name], right[name], rtol=1e-5)
    assert one.extremes("loss", mode="train")[0].index == other.extremes("loss", mode="train")[0].index


@pytest.mark.parametrize("end", [True, False])
def test_what_is_withdrawn_was_never_there(end: bool) -> None:
    same(run(wrong=True, end=end), run(wrong=False, end=end))


def test_a_reader_of_the_log_does_not_see_it_either(tmp_path: Path) -> None:
    run(wrong=True, log_dir=tmp_path / "log").close()
    reader = xw.Tracker.follow(tmp_path / "log")
    try:
        same(reader, run(wrong=False))
        with pytest.raises(RuntimeError, match="follows the run"):
            reader.withdraw([1])
    finally:
        reader.close()


def test_a_saved_tracker_keeps_it_so(tmp_path: Path) -> None:
    run(wrong=True).save(tmp_path / "run.npz")
    same(xw.Tracker.load(tmp_path / "run.npz"), run(wrong=False))


def test_an_epoch_that_has_ended_and_repeated_rows() -> None:
    tracker = xw.Tracker()
    for value in (1.0, 3.0):
        tracker.record(np.arange(4), np.arange(4), epoch=1, loss=np.full(4, value))
    tracker.end_epoch()
    tracker.withdraw([1, 2], epoch=1)
    assert np.isnan(tracker.instance_series([1, 2], "loss").values).all()
    assert tracker.instance_series([0, 3], "loss").values.tolist() == [[2.0], [2.0]]
    assert list(tracker.instance_series([0, 1, 3], "loss").labels) == [0, None, 3]
    tracker.record(np.asarray([1]), np.asarray([1]), epoch=1, loss=np.asarray([5.0]))
    assert tracker.instance_series([1], "loss").values.tolist() == [[5.0]]


def test_nothing_to_take_back_is_no_error() -> None:
    tracker = xw.Tracker()
    tracker.withdraw([1, 2])
    assert tracker.modes == ()
    tracker.record(np.arange(2), loss=np.ones(2))
    tracker.withdraw([])
    tracker.withdraw([77])
    assert tracker.instance_series([0, 1], "loss").values.tolist() == [[1.0], [1.0]]
