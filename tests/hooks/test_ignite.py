"""Ignite engines under watch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, Known, N, check_means, check_run, matrix, same_weights
from torch import nn
from torch_common import Numbered, data, loader, net, plain_run, weights

import xai_widgets as xw

pytest.importorskip("ignite")
from ignite.engine import Engine, Events, create_supervised_trainer
from ignite.handlers import EarlyStopping
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


def knowing(known, how, model, loss, optimizer):
    """A trainer for batches with or without a third part, the index; notes what it sees where there is one."""
    called = torch.compile(model, backend="eager") if how == "compiled" else model

    def note(engine, batch, out):
        if len(batch) > 2:
            each = nn.functional.cross_entropy(out.detach(), batch[1], reduction="none")
            known.add("train", engine.state.epoch, batch[2], each)

    def update(engine, batch):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            out = called(batch[0])
            value = loss(out, batch[1])
            note(engine, batch, out)
        value.backward()
        optimizer.step()
        return value.item(), len(batch[0])

    if how == "mixed precision":
        return Engine(update)
    trainer = create_supervised_trainer(
        called,
        optimizer,
        loss,
        prepare_batch=lambda batch, device, non_blocking: batch[:2],
        output_transform=lambda x, y, out, value: out,
        gradient_accumulation_steps=3 if how == "accumulation" else 1,
    )
    trainer.add_event_handler(
        Events.ITERATION_COMPLETED, lambda engine: note(engine, engine.state.batch, engine.state.output)
    )
    return trainer


@pytest.mark.parametrize("how", ["accumulation", "mixed precision", "compiled"])
def test_other_ways_to_step(how):
    torch._dynamo.reset()
    known, tracker = Known({}), xw.Tracker()
    results = []
    for watched in (False, True):
        model, loss = net(), nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        trainer = knowing(known, how, model, loss, optimizer)
        if watched:
            watch(trainer, model, loss, optimizer, tracker)
        torch.manual_seed(5)
        trainer.run(loader(data()[0] if watched else Numbered(data()[0])), max_epochs=2)
        results.append(weights(model))
    check_run(tracker, known, data()[2].numpy())
    same_weights(*results)
    assert tracker.step == (
        -(-14 // 3) if how == "accumulation" else 14
    )  # the step that the last batch went into


def test_early_stopping_ends_the_run_with_whole_epochs():
    model, loss, tracker = net(), nn.CrossEntropyLoss(), xw.Tracker()
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    stopper = EarlyStopping(
        patience=1, score_function=lambda engine: -engine.state.iteration, trainer=trainer
    )
    evaluator.add_event_handler(Events.COMPLETED, stopper)
    evaluator.add_event_handler(
        Events.COMPLETED, lambda engine: setattr(engine.state, "iteration", trainer.state.epoch)
    )
    trainer.run(loader(data()[0]), max_epochs=6)
    ran = trainer.state.epoch
    assert 1 < ran < 6
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N] * ran
    assert np.isfinite(matrix(tracker, "eval", N_EVAL)).sum(1).tolist() == [N_EVAL] * ran
    assert tracker.status == "ended"


def test_an_epoch_that_was_cut_goes_on_under_its_number():
    tracker, model, loss = xw.Tracker(), net(), nn.CrossEntropyLoss()
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    kept = []

    @trainer.on(Events.ITERATION_COMPLETED(once=11))
    def keep(engine):
        kept.extend([tracker.state_dict(), dict(engine.state_dict())])

    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    trainer.run(loader(data()[0]), max_epochs=3)

    resumed = xw.Tracker()
    resumed.load_state_dict(kept[0])
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    trainer.load_state_dict(kept[1])
    watch(trainer, model, loss, optimizer, resumed, evaluator=evaluator)
    trainer.run(loader(data()[0]), max_epochs=3)
    series = resumed.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3]
    assert list(series.steps) == [7, 14, 21]
    np.testing.assert_array_equal(series.values[:, 0], matrix(tracker, "train", N)[0])
    # what the loader gives again afterwards is folded: Ignite's epochs are so many batches, wherever the loader begins
    assert np.isfinite(series.values[:, 1]).sum() >= 4 * 32


def test_an_epoch_is_a_pass_whatever_the_engine_counts():
    tracker, model, loss = xw.Tracker(), net(), nn.CrossEntropyLoss()
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    trainer.run(loader(data()[0]), max_epochs=7, epoch_length=2)  # 14 batches, seven to a pass
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, N]
    assert tracker.counts("train").duplicates == 0


def test_data_that_names_nothing_ends_no_run():
    tracker, model, loss = xw.Tracker(), net(), nn.CrossEntropyLoss()
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    trainer.run([batch[:2] for batch in loader(data()[0])], max_epochs=1)
    assert trainer.state.iteration == 7
    assert any("expected a torch DataLoader" in problem for problem in tracker.problems)
    assert "train" not in tracker.modes


def test_resuming_from_a_checkpoint():
    known = plain_run(epochs=4)
    tracker, model, loss = xw.Tracker(), net(), nn.CrossEntropyLoss()
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    train_loader = loader(data()[0])
    torch.manual_seed(5)
    trainer.run(train_loader, max_epochs=2)
    kept = [one.state_dict() for one in (model, optimizer, tracker)]
    random = torch.get_rng_state()

    tracker, model = xw.Tracker(), net(seed=1)
    trainer, evaluator, optimizer, _, _ = engines(model, loss)
    for one, state in zip((model, optimizer, tracker), kept, strict=True):
        one.load_state_dict(state)
    trainer.load_state_dict({"epoch": 2, "max_epochs": 4, "epoch_length": 7})
    watch(trainer, model, loss, optimizer, tracker, evaluator=evaluator)
    torch.set_rng_state(random)
    trainer.run(train_loader, max_epochs=4)
    check_run(tracker, known, data()[2].numpy())
    same_weights(weights(model), known.weights)
