"""A fastai Learner under watch."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, N, check_means, check_run, matrix, same_weights
from support import add_fastai
from torch import nn
from torch_common import Numbered, data, net, weights

import xai_widgets as xw

add_fastai()
from fastai import basics  # noqa: E402
from fastai.callback.tracker import EarlyStoppingCallback  # noqa: E402
from fastai.callback.training import GradientAccumulation  # noqa: E402

TrackerCallback = xw.hooks.fastai.TrackerCallback


def learner(workers=0, cbs=(), mark=lambda rows: rows, loss=None):
    train, evaluation, _, _ = data()
    random.seed(1)
    dls = basics.DataLoaders(
        basics.DataLoader(mark(train), bs=32, shuffle=True, num_workers=workers),
        basics.DataLoader(mark(evaluation), bs=32, num_workers=workers),
    )
    dls.n_inp = 1
    return basics.Learner(
        dls, net(), loss_func=loss or basics.CrossEntropyLossFlat(), opt_func=basics.SGD, cbs=cbs
    )


class Knowing(basics.Callback):
    """Knows the indices because they are in its batches, and hides them from the model."""

    order = -50

    def __init__(self, known):
        super().__init__()
        self.known_losses = known

    def before_batch(self):
        self.indices = self.learn.yb[1] if len(self.learn.yb) > 1 else None
        self.learn.yb = self.learn.yb[:1]

    def after_pred(self):
        values = nn.functional.cross_entropy(self.learn.pred.detach(), self.learn.yb[0], reduction="none")
        self.known_losses.add(
            "train" if self.learn.training else "eval", self.learn.epoch + 1, self.indices, values
        )


@pytest.mark.parametrize("how", [{}, {"workers": 2}, {"accumulate": 64}], ids=str)
def test_a_watched_learner_is_the_learner_itself(how):
    from hooks_common import Known

    how = dict(how)
    accumulate = how.pop("accumulate", None)

    def extra():
        return [GradientAccumulation(accumulate)] if accumulate else []

    known, tracker = Known({}), xw.Tracker()
    plain = learner(cbs=[Knowing(known), *extra()], mark=Numbered, **how)
    learn = learner(cbs=[TrackerCallback(tracker), *extra()], **how)
    for one in (plain, learn):
        torch.manual_seed(5)
        with one.no_bar(), one.no_logging():
            one.fit(3, 0.1)
    _, _, y, y_eval = data()
    check_run(tracker, known, y.numpy())
    check_run(tracker, known, y_eval.numpy(), mode="eval", size=N_EVAL)
    same_weights(weights(learn.model), weights(plain.model))
    logged = {epoch: row[1] for epoch, row in enumerate(learn.recorder.values, 1)}
    check_means(tracker, logged, mode="eval", size=N_EVAL)
    assert not learn.loss_func.func._forward_hooks
    assert "get_idxs" not in vars(learn.dls.train)
    assert (tracker.epochs, tracker.status) == (3, "ended")
    assert tracker.steps_per_epoch == (7 if not accumulate else tracker.step // 3)


def test_validation_alone_prediction_and_a_second_fit():
    tracker = xw.Tracker()
    learn = learner(cbs=[TrackerCallback(tracker)])
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 0.1)
        learn.get_preds()
        learn.fit(1, 0.1)
    assert list(tracker.instance_series([0], "loss", mode="train").epochs) == [1, 2]
    assert tracker.counts("eval").rows == 2 * N_EVAL


def test_an_exception_and_a_polite_stop():
    class At(basics.Callback):
        order = 70

        def __init__(self, step, action):
            super().__init__()
            self.step, self.action, self.done = step, action, 0

        def after_batch(self):
            self.done += int(self.learn.training)
            if self.done == self.step:
                self.action()

    def fail():
        raise RuntimeError("the disk is full")

    tracker = xw.Tracker()
    callback = TrackerCallback(tracker)
    learn = learner(cbs=[callback, At(10, fail)])
    with learn.no_bar(), learn.no_logging(), pytest.raises(RuntimeError, match="the disk is full"):
        learn.fit(3, 0.1)
    callback.detach()
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 3 * 32]

    tracker = xw.Tracker()
    learn = learner(cbs=[TrackerCallback(tracker), At(9, tracker.request_stop)])
    with learn.no_bar(), learn.no_logging():
        learn.fit(3, 0.1)
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 3 * 32]
    assert tracker.status == "ended"


def test_an_iterable_loader_is_told_and_ends_no_fit():
    tracker = xw.Tracker()
    learn = learner(cbs=[TrackerCallback(tracker)])
    learn.dls.train.indexed = False
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 0.1)
    assert any("order in which samples arrive" in problem for problem in tracker.problems)
    assert "train" not in tracker.modes


def test_a_subset_has_the_names_of_the_whole_and_rows_are_proved():
    tracker = xw.Tracker()
    learn = learner(
        cbs=[TrackerCallback(tracker)], mark=lambda rows: torch.utils.data.Subset(rows, range(5, 40))
    )
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, 0.0)
    found = tracker.to_frame("instances")
    found = found[found["mode"] == "train"]
    assert sorted(found["index"]) == list(range(5, 40))
    assert (found["label"].to_numpy() == data()[2].numpy()[found["index"]]).all()
    assert tracker.check().ok
    assert "train labels proved" in str(tracker.check())


def test_early_stopping_ends_the_run_with_whole_epochs():
    tracker = xw.Tracker()
    stopper = EarlyStoppingCallback(monitor="valid_loss", min_delta=100, patience=2)
    learn = learner(cbs=[TrackerCallback(tracker), stopper])
    with learn.no_bar(), learn.no_logging():
        learn.fit(6, 0.1)
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N] * 3
    assert np.isfinite(matrix(tracker, "eval", N_EVAL)).sum(1).tolist() == [N_EVAL] * 3
    assert (tracker.status, tracker.epochs) == ("ended", 6)


def test_a_compiled_model():
    from hooks_common import Known

    torch._dynamo.reset()
    results = []
    known, tracker = Known({}), xw.Tracker()
    for callback, mark in ((Knowing(known), Numbered), (TrackerCallback(tracker), lambda rows: rows)):
        learn = learner(cbs=[callback], mark=mark)
        learn.model = torch.compile(learn.model, backend="eager")
        torch.manual_seed(5)
        with learn.no_bar(), learn.no_logging():
            learn.fit(2, 0.1)
        results.append(weights(learn.model))
    check_run(tracker, known, data()[2].numpy())
    same_weights(*results)


def test_resuming_from_a_checkpoint(tmp_path):
    first, second = xw.Tracker(), xw.Tracker()
    learn = learner(cbs=[TrackerCallback(first)])
    with learn.no_bar(), learn.no_logging():
        learn.fit(2, 0.1)
        learn.save(tmp_path / "half", with_opt=True)
    second.load_state_dict(first.state_dict())
    learn = learner(cbs=[TrackerCallback(second)])
    learn.create_opt()
    learn.load(tmp_path / "half", with_opt=True)
    with learn.no_bar(), learn.no_logging():
        learn.fit(4, 0.1, start_epoch=2)
    series = second.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3, 4]
    assert np.isfinite(series.values).all()
    np.testing.assert_array_equal(series.values[:, :2].T, matrix(first, "train", N))
    assert second.epochs == 4
