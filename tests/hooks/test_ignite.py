"""Ignite engines under watch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, N, check_means, check_run, matrix, same_weights
from torch import nn
from torch_common import data, loader, net, plain_run, weights

import xai_widgets as xw

pytest.importorskip("ignite")
from ignite.engine import Engine, Events, create_supervised_trainer
from ignite.metrics import Loss

watch = xw.hooks.ignite.watch


def engines(model, loss, *, fail_at=None):
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    trainer = create_supervised_trainer(
        model, optimizer, loss, output_transform=lambda x, y, z, value: (value.item(), len(x))
    )

    def evaluate(engine, batch):
        model.eval()
        with torch.no_grad():
            return model(batch[0]), batch[1]

    evaluator = Engine(evaluate)
    Loss(loss).attach(evaluator, "loss")
    totals, means, eval_means = [], {}, {}

    @trainer.on(Events.ITERATION_COMPLETED)
    def note(engine):
        totals.append(engine.state.output)
        if engine.state.iteration == fail_at:
            raise RuntimeError("the disk is full")

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine):
        means[engine.state.epoch] = sum(value * n for value, n in totals) / N
        totals.clear()
        evaluator.run(loader(data()[1], shuffle=False))
        eval_means[engine.state.epoch] = evaluator.state.metrics["loss"]
        model.train()

    return trainer, evaluator, optimizer, means, eval_means


@pytest.mark.parametrize("workers", [0, 2])
def test_a_watched_engine_is_the_engine_itself(workers):
    known = plain_run(epochs=3, workers=workers)
    model, loss, tracker = net(), nn.CrossEntropyLoss(), xw.Tracker()
    trainer, evaluator, optimizer, means, eval_means = engines(model, loss)
    before = [len(handlers) for handlers in trainer._event_handlers.values()]
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    train_loader = loader(data()[0], num_workers=workers)
    torch.manual_seed(5)
    trainer.run(train_loader, max_epochs=3)
    _, _, y, y_eval = data()
    check_run(tracker, known, y.numpy())
    check_run(tracker, known, y_eval.numpy(), mode="eval", size=N_EVAL)
    check_means(tracker, means)
    check_means(tracker, eval_means, mode="eval", size=N_EVAL)
    same_weights(weights(model), known.weights)
    assert [len(handlers) for handlers in trainer._event_handlers.values() if handlers] == [
        n for n in before if n
    ]
    assert not loss._forward_hooks
    assert type(train_loader) is torch.utils.data.DataLoader
    assert (tracker.epochs, tracker.status) == (3, "ended")
    assert list(tracker.instance_series([0], "loss", mode="eval").steps) == [7, 14, 21]


def test_an_exception_and_a_polite_stop():
    model, loss, tracker = net(), nn.CrossEntropyLoss(), xw.Tracker()
    trainer, _, optimizer, _, _ = engines(model, loss, fail_at=10)
    watch(trainer, model, loss, optimizer, tracker)
    with pytest.raises(RuntimeError, match="the disk is full"):
        trainer.run(loader(data()[0]), max_epochs=3)
    assert tracker.status == "failed"
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 3 * 32]
    assert not loss._forward_hooks

    trainer, _, optimizer, _, _ = engines(model, loss)
    tracker = xw.Tracker()
    watch(trainer, model, loss, optimizer, tracker)
    trainer.add_event_handler(Events.ITERATION_STARTED(once=9), tracker.request_stop)
    trainer.run(loader(data()[0]), max_epochs=3)
    assert trainer.state.iteration == 9
    assert tracker.status == "ended"
