"""Edits in every framework over torch: none excluded is drawn from the next epoch on, and the loss sees the new label."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from framework_runs import EPOCHS, ROWS, RUNS, SIZE, N, Seen, trainer
from torch.utils.data import Subset

import xai_widgets as xw

OUT, MOVED = [10, 11, 12, 13, 14, 15, 16, 17, 18], 20
pytestmark = pytest.mark.filterwarnings("ignore")

FILLED = ("lightning", "ignite", "trainer")  # these count an epoch's batches beforehand


@pytest.mark.parametrize("name", [name for name in RUNS if name != "plain"])
def test_an_edit_within_an_epoch_reaches_the_next_one(name, tmp_path):
    tracker = xw.Tracker(log_dir=tmp_path)
    edits = xw.Edits(tracker)

    def decide(epoch):
        if epoch == 1:
            edits.exclude(OUT, force=True)
            edits.relabel(MOVED, 3, force=True)
        elif epoch == 2:
            edits.undo()

    seen = Seen(decide)
    RUNS[name](tracker, edits, seen)
    first, second, third = (dict(epoch) for epoch in seen.epochs)
    assert [sorted(i for i, _ in seen.epochs[0])] == [list(range(N))]
    assert all(label == index % 4 for index, label in first.items()), "the epoch goes on as it began"
    for epoch in (second, third):
        assert set(epoch) == set(range(N)) - set(OUT)
    assert second.pop(MOVED) == 3
    assert third[MOVED] == 0, "the relabelling was undone"
    assert all(label == index % 4 for index, label in (*second.items(), *third.items()))
    counts = [len(epoch) for epoch in seen.epochs]
    assert counts == ([N, N, N] if name in FILLED else [N, N - len(OUT), N - len(OUT)])
    recorded = tracker.instance_series(list(range(N)), "loss", mode="train")
    assert recorded.epochs.tolist() == [1, 2, 3]
    assert np.isnan(recorded.values[OUT][:, 1:]).all()
    assert not np.isnan(np.delete(recorded.values, OUT, 0)).any(), tracker.problems
    assert not tracker.problems


@pytest.mark.parametrize("name", ["lightning", "trainer"])
def test_workers_and_a_subset(name):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)

    def decide(epoch):
        edits.exclude([8 + epoch, 20 + epoch], force=True)

    seen = Seen(decide)
    RUNS[name](tracker, edits, seen, rows=Subset(ROWS, range(5, 35)), workers=2)
    gone: set[int] = set()
    for epoch, samples in enumerate(seen.epochs, 1):
        assert {index for index, _ in samples} == set(range(5, 35)) - gone
        gone |= {8 + epoch, 20 + epoch}
    assert not tracker.problems


@pytest.mark.parametrize("columns", ["numbered", "named"])
def test_rows_of_a_hugging_face_data_set(columns):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    name = (lambda i: f"row {i}") if columns == "named" else (lambda i: i)

    def decide(epoch):
        edits.exclude(name(epoch), force=True)
        edits.relabel(name(MOVED), 3, force=True)

    seen = Seen(decide)
    trainer(tracker, edits, seen, columns=columns, label_smoothing_factor=0.0)
    for epoch, samples in enumerate(seen.epochs, 1):
        assert {index for index, _ in samples} == set(range(N)) - set(range(1, epoch))
        assert dict(samples)[MOVED] == (3 if epoch > 1 else 0)
    check = tracker.check()
    assert check.ok, check
    assert name(MOVED) in tracker.dynamics("train")["index"].tolist()


def test_a_trainer_that_goes_on_within_an_epoch_has_its_edits(tmp_path):
    folder, log = tmp_path / "run", tmp_path / "log"
    tracker = xw.Tracker(log_dir=log)
    edits = xw.Edits(tracker)

    def decide(epoch):
        if epoch == 1:
            edits.exclude(OUT, force=True)
        elif epoch == 2:
            edits.exclude([30, 31], force=True)  # in force from epoch 3 on

    whole = Seen(decide)
    trainer(tracker, edits, whole, folder=folder, save_strategy="steps", save_steps=1)
    tracker.close()
    assert not {30, 31} & {i for i, _ in whole.epochs[2]}
    # step 4 is the first of the second epoch's three, after two batches
    for path in folder.glob("checkpoint-*"):
        if path.name != "checkpoint-4":
            shutil.rmtree(path)
    again = xw.Tracker()
    seen = Seen(lambda epoch: None)
    made = resumed(again, xw.Edits(log), seen, folder)
    assert made.state.global_step == EPOCHS * 3
    assert [i for i, _ in seen.epochs[0]] == [i for i, _ in whole.epochs[1][2 * SIZE :]], (
        "the epoch's own edits"
    )
    assert {30, 31} & {i for i, _ in whole.epochs[1]}
    assert not ({30, 31} | set(OUT)) & {i for i, _ in seen.epochs[1]}


def resumed(tracker, edits, seen, folder):
    transformers = pytest.importorskip("transformers")
    train = transformers.Trainer.train

    def again(self, *_, **__):
        return train(self, resume_from_checkpoint=str(folder / "checkpoint-4"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.Trainer, "train", again)
        return trainer(tracker, edits, seen, folder=folder)


def test_what_would_do_nothing_is_refused():
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    xw.hooks.transformers.TrackerCallback(tracker, edits=edits)
    with pytest.raises(
        ValueError, match="reweight of mode 'train' would do nothing: a Trainer's loss has no"
    ):
        edits.reweight(1, 0.5)
    with pytest.raises(ValueError, match="exclude of mode 'eval' would do nothing"):
        edits.exclude(1, mode="eval")
    assert edits.history() == ()
    with pytest.raises(TypeError, match="expects an"):
        xw.hooks.lightning.TrackerCallback(tracker, edits="runs/7")
    with pytest.raises(ValueError, match=r"edits\.apply"):
        xw.hooks.lightning.TrackerCallback(tracker, index=2, edits=edits)
