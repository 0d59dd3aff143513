"""Instances that get another label in the middle of a run: what was given, what it has now, and what is evidence."""

from __future__ import annotations

import numpy as np
import pytest

import xai_widgets as xw

N, CLASSES, EPOCHS = 60, 3, 8
TRUE = np.arange(N) % CLASSES
GIVEN = np.where(np.arange(N) < 6, (TRUE + 1) % CLASSES, TRUE)


def run(edited_from: int | None, folder=None) -> xw.Tracker:
    """A network that says the true label ever surer, also where another one was given."""
    tracker = xw.Tracker(log_dir=folder)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(EPOCHS, N, CLASSES))
    for epoch in range(1, EPOCHS + 1):
        label = GIVEN if edited_from is None or epoch < edited_from else TRUE
        logits = np.eye(CLASSES)[TRUE] * (1 + epoch / 2) + noise[epoch - 1] / 2
        loss = -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(N), label]
        tracker.record(np.arange(N), label, loss=loss, logits=logits.astype(np.float32), epoch=epoch)
        tracker.end_epoch("train", epoch=epoch)
    return tracker


def test_evidence_is_of_the_given_label_and_charts_of_the_edited_one(tmp_path):
    plain, edited = run(None), run(5, tmp_path)
    assert edited.label_of(2, given=True) == GIVEN[2] != TRUE[2]
    assert edited.label_of(2) == TRUE[2]
    assert edited.label_of(30, given=True) == edited.label_of(30) == TRUE[30]
    scores = edited.dynamics("train", columns=("label_error",))
    wrong = scores["label_error"][:6]
    assert wrong.min() > np.nanmax(scores["label_error"][6:]), "the given labels are still the wrong ones"
    # nothing of the epochs with the new label speaks against the old one
    before = plain.dynamics("train", columns=("label_error",))["label_error"]
    assert np.isfinite(wrong).all()
    assert np.isfinite(before).all()
    counts = edited.label_series("loss", mode="train").count
    of_label = [[int((labels == c).sum()) for labels in (GIVEN, TRUE)] for c in range(CLASSES)]
    assert counts[:, 3].tolist() == [first for first, _ in of_label]
    assert counts[:, 4].tolist() == [second for _, second in of_label]
    loaded = xw.Tracker()
    loaded.load_state_dict(edited.state_dict())
    assert loaded.label_of(2, given=True) == GIVEN[2]
    edited.close()
    reader = xw.Tracker.follow(tmp_path)
    assert reader.label_of(2, given=True) == GIVEN[2]
    found = reader.dynamics("train", columns=("label_error",))["label_error"]
    reader.close()
    np.testing.assert_allclose(found, scores["label_error"], rtol=1e-5)


def test_a_label_that_comes_back_is_the_given_one_again():
    tracker = xw.Tracker()
    for label in ([0, 1], [2, 1], [0, 1], [3, 1], [2, 1]):
        tracker.record([7, 8], label, loss=[1.0, 2.0])
        tracker.end_epoch("train")
        assert tracker.label_of(7, given=True) == 0
        assert tracker.label_of(8, given=True) == 1
    assert tracker.label_of(7) == 2


def test_given_labels_that_cannot_be_are_refused():
    tracker = xw.Tracker()
    tracker.record([0, 1], [0, 1], loss=[1.0, 2.0])
    tracker.end_epoch("train")
    tracker.record([0, 1], [1, 1], loss=[1.0, 2.0])
    assert tracker.counts().relabelled == 1
    tracker._streams["train", None].given[0] = 9
    state = tracker.state_dict()
    with pytest.raises(ValueError, match="given labels"):
        xw.Tracker().load_state_dict(state)
