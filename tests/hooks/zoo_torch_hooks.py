"""The torch zoo's loops, run by Accelerate, Ignite, Lightning and fastai, each as its users write it."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from typing import Any

import torch
import zoo_torch
from torch import nn
from zoo_torch import Case, Loop, Stopped, case_of, judged, one_step, parts_of, train

import xai_widgets as xw

SUBCLASSES = ("skipping loader", "loader ahead", "batches as sampler")
FETCHING = ("ahead", "ahead cloned", "buffered", "buffered cloned")  # what only a loop of one's own can do
FASTAI_CRITERIA = (
    "ce", "ce weights", "ce smoothing", "ce sum", "ce ignore", "margin", "bce column", "bce several", "mse", "mse vector",
    "huber", "multilabel", "own focal", "function", "function weights",
)  # fmt: skip
FASTAI_DATA = ("tensors", "tuples", "attribute", "subset", "split", "concat", "subset of concat", "stack")


def drawn(framework: str, seed: int) -> Loop:
    """Draw a combination that a framework takes."""
    loop = zoo_torch.drawn(seed)
    loop.step = "plain" if loop.step == "sum of two" else loop.step
    if framework == "accelerate":
        loop.order = "shuffle" if loop.order in SUBCLASSES else loop.order
        loop.step = "plain" if loop.step in ("closure", "scaler", "autocast") else loop.step
        return loop
    if loop.step in (*FETCHING, "closure", "scaler", "inside"):
        loop.step = "plain"
    if loop.interruption in ("look with loss", "cycled", "train evaluated"):
        loop.interruption = "none"
    loop.order = "shuffle" if loop.order == "resized" else loop.order
    if (
        framework in ("lightning", "ignite")
        and loop.order == "skipping loader"
        and "evaluation" in loop.interruption
    ):
        loop.order = "shuffle"  # these validate after as many batches as a loader says to have
    if framework == "fastai":
        loop.criterion = FASTAI_CRITERIA[seed % len(FASTAI_CRITERIA)]
        loop.data = FASTAI_DATA[seed % len(FASTAI_DATA)]
        loop.order = loop.order if loop.order in ("shuffle", "sequence") else "shuffle"
        loop.collate = "default"
        loop.step = loop.step if loop.step in ("accumulate", "teacher") else "plain"
        if loop.interruption in ("look", "evaluation break"):
            loop.interruption = "evaluation"
    return loop


def run(framework: str, loop: Loop) -> str:
    """Run one combination; return "right", "told", or what is wrong."""
    case = case_of(loop)
    runner = {"accelerate": accelerate, "ignite": ignite, "lightning": lightning, "fastai": fastai}[framework]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for attempt in range(2 if loop.interruption == "resumed" else 1):
            if loop.interruption == "look":
                next(iter(case.loader))
                if hasattr(case.loader, "passes"):
                    case.loader.passes = 0  # a look is none
            with contextlib.suppress(Stopped):
                runner(case, attempt)
    return judged(case)


def stops(case: Case, attempt: int, epoch: int, place: int) -> bool:
    """Whether the combination raises at this batch."""
    how = case.loop.interruption
    return (epoch, place) == (1, 1) and (how == "exception" or (how == "resumed" and not attempt))


def accelerate(case: Case, attempt: int) -> None:
    """Run a loop on what ``prepare`` returned."""
    import accelerate as library

    library.state.AcceleratorState._reset_state(True)
    every = 2 if case.loop.step == "accumulate" else 1
    accelerator = library.Accelerator(cpu=True, gradient_accumulation_steps=every)
    optimizer = torch.optim.SGD(case.model.parameters(), 0.0)
    model, optimizer, loader = accelerator.prepare(case.watched, optimizer, case.loader)
    evaluation = None if case.evaluation is None else accelerator.prepare(case.evaluation)

    def step(case: Case, batch: Any, optimizer: Any, scaler: Any, place: int) -> None:
        with accelerator.accumulate(model):
            accelerator.backward(one_step(case, batch))
            optimizer.step()
            optimizer.zero_grad()

    kept, case.loader, case.evaluation = (case.loader, case.evaluation), loader, evaluation
    try:
        with xw.hooks.accelerate.watch(
            accelerator, model, case.loss, optimizer, loader, case.tracker, eval_loader=evaluation
        ):
            case.teacher = copy.deepcopy(case.model)
            train(case, optimizer, attempt, step)
    finally:
        case.loader, case.evaluation = kept


def ignite(case: Case, attempt: int) -> None:
    """Run engines."""
    from ignite.engine import Engine, Events

    logging.getLogger("ignite").setLevel(logging.CRITICAL)
    loop = case.loop
    optimizer = torch.optim.SGD(case.model.parameters(), 0.0)

    def update(engine: Any, batch: Any) -> float:
        place = (engine.state.iteration - 1) % engine.state.epoch_length if engine.state.epoch_length else 0
        if stops(case, attempt, engine.state.epoch - 1, place):
            raise Stopped("stopped")
        value = one_step(case, batch)
        loop.passes = getattr(
            case.loader, "passes", 0
        )  # Ignite makes up for batches left out by another pass
        value.backward()
        if loop.step != "accumulate" or place % 2:
            optimizer.step()
            optimizer.zero_grad()
        if loop.step == "validated after":
            zoo_torch.validate(case)
        return float(value.detach())

    def look(engine: Any, batch: Any) -> None:
        form, case.model.form = case.model.form, "plain"
        with torch.no_grad():
            case.call(case.called(batch[0]), batch[1])
        case.model.form = form

    trainer, evaluator = Engine(update), Engine(look)

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine: Any) -> None:
        if case.evaluation is not None:
            evaluator.run(case.evaluation)

    if loop.interruption == "break":
        trainer.add_event_handler(
            Events.ITERATION_COMPLETED(lambda engine, event: event % 100 == 2), trainer.terminate_epoch
        )
    if loop.interruption == "evaluation break":
        evaluator.add_event_handler(Events.ITERATION_COMPLETED(once=1), evaluator.terminate)
    xw.hooks.ignite.watch(
        trainer, case.model, case.loss, optimizer, case.tracker,
        evaluator=None if case.evaluation is None else evaluator,
    )  # fmt: skip
    case.teacher = copy.deepcopy(case.model)
    trainer.run(case.loader, max_epochs=2)


def lightning(case: Case, attempt: int) -> None:
    """Run a LightningModule."""
    import lightning as library

    logging.getLogger("lightning.pytorch").setLevel(logging.CRITICAL)
    loop = case.loop

    class Module(library.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = case.model
            if isinstance(case.loss, nn.Module):
                self.criterion = case.loss

        def forward(self, x: Any) -> Any:
            return self.net(x)

        def training_step(self, batch: Any, place: int) -> Any:
            if stops(case, attempt, self.current_epoch, place):
                raise Stopped("stopped")
            return one_step(case, batch)

        def on_train_batch_end(self, outputs: Any, batch: Any, place: int) -> None:
            if loop.step == "validated after":
                zoo_torch.validate(case)

        def validation_step(self, batch: Any, place: int) -> None:
            form, self.net.form = self.net.form, "plain"
            a, b = parts_of(batch)
            case.call(self(a), b)
            self.net.form = form

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.0)

    module = Module()
    case.called = module
    named = loop.criterion != "own focal"  # which no torch class tells to be a loss
    function = not isinstance(case.loss, nn.Module)
    given = case.loss if function else None if named else "criterion"
    trainer = library.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, accumulate_grad_batches=2 if loop.step == "accumulate" else 1,
        limit_train_batches=2 if loop.interruption == "break" else None,
        limit_val_batches=1 if loop.interruption == "evaluation break" else None,
        callbacks=[xw.hooks.lightning.TrackerCallback(case.tracker, given)],
    )  # fmt: skip
    case.teacher = copy.deepcopy(case.model)
    trainer.fit(module, case.loader, case.evaluation)


def fastai(case: Case, attempt: int) -> None:
    """Run a Learner."""
    from support import add_fastai

    add_fastai()
    from fastai import basics
    from fastai.callback.training import GradientAccumulation

    loop = case.loop

    class Act(basics.Callback):
        order = 70

        def before_batch(self) -> None:
            if loop.step == "teacher" and case.teacher is not None:
                with torch.no_grad():
                    case.teacher(self.learn.xb[0])

        def after_batch(self) -> None:
            if not self.learn.training:
                return
            if stops(case, attempt, self.learn.epoch, self.learn.iter):
                raise Stopped("stopped")
            if loop.interruption == "break" and self.learn.iter == 1:
                raise basics.CancelTrainException

    data, size = case.loader.dataset, case.loader.batch_size or 4
    loaders = [basics.DataLoader(data, bs=size, shuffle=loop.order == "shuffle", num_workers=0)]
    evaluation = case.loader.dataset if case.evaluation is None else case.evaluation.dataset
    loaders.append(basics.DataLoader(evaluation, bs=8, num_workers=0))
    dls = basics.DataLoaders(*loaders)
    dls.n_inp = 1
    callback = xw.hooks.fastai.TrackerCallback(case.tracker)
    more = [GradientAccumulation(2 * size)] if loop.step == "accumulate" else []
    learn = basics.Learner(
        dls, case.model, loss_func=case.loss, opt_func=basics.SGD, cbs=[callback, Act(), *more], lr=0.0
    )
    case.teacher = copy.deepcopy(case.model)
    try:
        with learn.no_bar(), learn.no_logging():
            learn.fit(2, 0.0)
    finally:
        callback.detach()
