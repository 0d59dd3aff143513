"""A zoo of torch loops as people write them: random combinations, each with an oracle that computes every row by hand."""

from __future__ import annotations

import copy
import itertools
import random
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from zoo_data import COLLATES, DATA, ORDERS, data_of, loader_of
from zoo_oracle import (
    CLASSES,
    CRITERIA,
    FEATURES,
    ROWS,
    TOKENS,
    Net,
    call_of,
    criterion_of,
    labels_for,
    truth,
    width_of,
)

import xai_widgets as xw
from xai_widgets.hooks.torch import watch

STEPS = (
    "plain", "plain", "plain", "accumulate", "pieces", "metric again", "tuple", "output dict", "auxiliary first",
    "auxiliary after", "twice", "mixup", "permuted", "doubled", "reordered", "teacher", "masked", "autocast", "regulariser",
    "ahead", "ahead cloned", "buffered", "buffered cloned", "cloned", "keywords", "inside", "closure", "scaler", "sorted",
    "filtered", "validated after", "validated before", "teacher's loss", "step by step", "two heads", "sum of two",
)  # fmt: skip
INTERRUPTIONS = (
    "none",
    "none",
    "none",
    "break",
    "look",
    "look with loss",
    "exception",
    "evaluation",
    "evaluation break",
    "train evaluated",
    "resumed",
    "cycled",
)
KEYWORDS = (
    "ce",
    "ce weights",
    "ce smoothing",
    "ce sum",
    "ce ignore",
    "margin",
    "bce several",
    "mse",
    "huber",
    "multilabel",
)
# where rows or labels are not the data set's any more, or several calls leave it open: right, or told
DOUBTFUL_COLLATES = {"sorted", "dropped", "repeated", "mixed", "paired"}
DOUBTFUL_STEPS = {
    "auxiliary first", "auxiliary after", "twice", "mixup", "permuted", "doubled", "reordered", "teacher", "masked",
    "regulariser", "sorted", "filtered", "validated after", "validated before", "teacher's loss", "step by step", "two heads",
    "ahead cloned", "buffered cloned",
}  # fmt: skip
DOUBTFUL_ORDERS = {"batches as sampler", "single rows", "skipping loader"}
DOUBTFUL_INTERRUPTIONS = {"train evaluated", "cycled"}


@dataclass
class Loop:
    """One combination."""

    criterion: str
    data: str
    order: str
    collate: str
    step: str
    interruption: str
    seed: int
    workers: int = 0
    problems: list[str] = field(default_factory=list)
    passes: int = 0  # over the training loader, where the framework begins it again within its epochs

    @property
    def doubtful(self) -> bool:
        """Whether telling is enough."""
        return (
            self.collate in DOUBTFUL_COLLATES
            or self.step in DOUBTFUL_STEPS
            or self.order in DOUBTFUL_ORDERS
            or self.interruption in DOUBTFUL_INTERRUPTIONS
            or (self.step.startswith(("ahead", "buffered")) and self.interruption == "break")
            or (self.criterion.startswith("tokens") and self.collate != "default")
            or (self.criterion.startswith("function") and self.step in ("tuple", "output dict"))
        )


def drawn(seed: int) -> Loop:
    """Draw a combination that torch itself takes."""
    rng = random.Random(seed)
    loop = Loop(
        rng.choice(CRITERIA), rng.choice(DATA), rng.choice(ORDERS), rng.choice(COLLATES), rng.choice(STEPS),
        rng.choice(INTERRUPTIONS), seed,
    )  # fmt: skip
    if rng.random() < 0.4:  # half of what people write has nothing odd in it
        loop.collate, loop.step = "default", "plain"
    if rng.random() < 0.4:
        loop.order = "shuffle"
    if loop.data == "stream":
        loop.order = loop.order if loop.order in ("skipping loader", "loader ahead") else "sequence"
    if loop.order == "batches as sampler":
        loop.data, loop.collate = "tensors", "default"
    if loop.data in ("indexed", "indexed subset", "indexed concat", "keyed", "stream"):
        loop.collate = "default"  # their batches carry the names; other collate functions are wrapped
    if loop.interruption == "resumed" and loop.order in ("resized", "replacement"):
        loop.order = "shuffle"
    loop.step = possible(loop.step, loop.criterion)
    return loop


def possible(step: str, criterion: str) -> str:
    """Return the step where it can be made with a criterion, else the plain one."""
    classes = criterion.startswith("ce") and criterion not in ("ce one-hot", "ce none")
    unlike = criterion in ("ce none", "ctc") or criterion.startswith("tokens")
    function = criterion.startswith("function")
    if step in ("mixup", "masked", "two heads") and not classes:
        return "plain"
    if step == "permuted" and criterion == "ce one-hot":
        return "plain"
    if step in ("pieces", "filtered") and (unlike or function):
        return "plain"
    if step in ("doubled", "reordered", "sorted", "inside", "cloned", "two heads") and function:
        return "plain"
    if step == "doubled" and criterion == "ctc":
        return "plain"
    if step == "sum of two" and criterion not in ("ce", "ce smoothing", "margin"):
        return "plain"
    if step == "keywords" and criterion not in KEYWORDS:
        return "plain"
    return "plain" if step == "step by step" and criterion != "tokens" else step


class Stopped(Exception):
    """Ends a loop."""


def parts_of(batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    if isinstance(batch, dict):
        return batch["x" if "x" in batch else "pixels"], batch["label"]
    return batch[0], batch[1]


class Inside(nn.Module):
    """A model that computes its loss."""

    def __init__(self, net: Net, loss: Any, call: Any) -> None:
        super().__init__()
        self.net, self.loss, self.call = net, loss if isinstance(loss, nn.Module) else None, call

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.call(self.net(x), y)


@dataclass
class Case:
    """What a combination is made of, for any framework."""

    loop: Loop
    x: torch.Tensor
    y: torch.Tensor
    model: Net
    loss: Any
    call: Any
    loader: Any
    evaluation: Any
    names: list[Any]
    rows: list[int]
    tracker: Any
    called: Any = None  # what the loop calls for the model's output
    teacher: Any = None
    inside: Any = None
    other: Any = None  # a second criterion, of which the loop's loss has a share
    others: Any = ()  # batches of a validation that nobody watches

    @property
    def watched(self) -> Any:
        """The model as the loop has it."""
        return self.model if self.inside is None else self.inside


def case_of(loop: Loop) -> Case:
    """Make the parts of a combination."""
    rng = torch.Generator().manual_seed(loop.seed)
    torch.manual_seed(loop.seed)
    x, y = torch.randn(ROWS, FEATURES, generator=rng), labels_for(loop.criterion, rng)
    model = Net(loop.criterion, width_of(loop.criterion))
    if loop.step in ("tuple", "auxiliary first", "auxiliary after", "two heads"):
        model.form = "tuple"
    if loop.step == "output dict":
        model.form = "dict"
    loss = criterion_of(loop.criterion)
    call = call_of(loop.criterion, loss)
    dataset, names, rows = data_of(loop.data, loop.seed, x, y)
    loader = loader_of(
        loop.order, loop.collate, loop.seed, dataset, stream=loop.data == "stream", workers=loop.workers
    )
    evaluation = DataLoader(TensorDataset(x, y), 8) if loop.interruption.startswith("evaluation") else None
    case = Case(loop, x, y, model, loss, call, loader, evaluation, names, rows, xw.Tracker(), model)
    if loop.step == "sum of two":
        case.other = nn.MSELoss()
    if loop.step == "inside":
        case.inside = Inside(model, loss, call)
    if loop.step.startswith("validated"):
        size = loader.batch_size or 4
        case.others = [
            (torch.randn(size, FEATURES, generator=rng), labels_for(loop.criterion, rng)[:size])
            for _ in range(40)
        ]
    return case


def validate(case: Case) -> None:
    """Ask the loss for batches of nobody's loader."""
    form, case.model.form = case.model.form, "plain"
    with torch.no_grad():
        for a, b in case.others:
            case.call(case.called(a), b)
    case.model.form = form


def one_step(case: Case, batch: Any) -> torch.Tensor:
    """Compute the loss of a batch as the loop's author writes it."""
    loop, model, call = case.loop, case.called, case.call
    x, y = parts_of(batch)
    p = torch.arange(len(x) - 1, -1, -1)
    step = loop.step
    if step in ("cloned", "ahead cloned", "buffered cloned"):
        x, y = x.clone(), y.clone()
    if step == "sum of two":
        out = model(x)
        return 0.7 * call(out, y) + 0.3 * case.other(out, F.one_hot(y, CLASSES).float())
    if step == "inside":
        return case.inside(x, y).sum()
    if step == "keywords":
        return case.loss(input=model(x), target=y).sum()
    if step == "pieces":
        halves = zip(x.split(4), y.split(4), strict=True)
        return torch.stack([call(model(a), b).sum() for a, b in halves]).sum()
    if step in ("auxiliary first", "auxiliary after", "tuple", "two heads"):
        main, side = model(x)
        if step == "tuple":
            return call(main, y).sum()
        if step == "two heads":
            return call(main, y).sum() + call(side, torch.where(y < 0, y, (y + 1) % CLASSES)).sum()
        if step == "auxiliary first":
            return 0.4 * call(side, y).sum() + call(main, y).sum()
        return call(main, y).sum() + 0.4 * call(side, y).sum()
    if step == "output dict":
        return call(model(x)["out"], y).sum()
    if step == "twice":
        return call(model(x), y).sum() + call(model(x * 1.1), y).sum()
    if step == "mixup":
        out = model(0.3 * x + 0.7 * x[p])
        return 0.7 * call(out, y[p]).sum() + 0.3 * call(out, y).sum()
    if step == "permuted":
        return call(model(x), y[p]).sum()
    if step in ("reordered", "sorted"):
        p = p if step == "reordered" else x[:, 0].argsort(descending=True)
        return call(model(x[p]), y[p]).sum()
    if step == "filtered":
        mask = x[:, 0] > 0
        return call(model(x[mask]), y[mask]).sum() if bool(mask.any()) else model(x).sum() * 0
    if step == "doubled":
        return call(model(torch.cat([x, x])), torch.cat([y, y])).sum()
    if step == "masked":
        mask = y >= 0
        return call(model(x)[mask], y[mask]).sum() if bool(mask.any()) else model(x).sum() * 0
    if step == "step by step":
        out = model(x)
        return torch.stack([case.loss(out[:, t], y[:, t]) for t in range(TOKENS)]).nansum()
    if step == "metric again":
        out = model(x)
        value = call(out, y).sum()
        with torch.no_grad():
            call(out, y)
        return value
    if step in ("teacher", "teacher's loss"):
        with torch.no_grad():
            out = case.teacher(x + 1)
            if step == "teacher's loss":
                call(out, y)
        return call(model(x), y).sum()
    if step == "validated before":
        validate(case)
    if step == "regulariser":
        return call(model(x), y).sum() + 0.1 * case.model.main.weight.square().sum()
    if step == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            return call(model(x), y).sum()
    return call(model(x), y).sum()


def run(loop: Loop) -> str:
    """Run one combination; return "right", "told", or what is wrong."""
    case = case_of(loop)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        attempts = 2 if loop.interruption == "resumed" else 1
        for attempt in range(attempts):
            optimizer = torch.optim.SGD(case.model.parameters(), 0.0)
            try:
                loss = case.loss if case.other is None else {case.loss: 0.7, case.other: 0.3}
                with watch(
                    case.watched, loss, optimizer, case.loader, case.tracker, eval_loader=case.evaluation
                ):
                    case.teacher = copy.deepcopy(case.model)
                    train(case, optimizer, attempt)
            except Stopped:
                pass
    return judged(case)


def fed(step: str, loader: Any) -> Any:
    """Yield a loader's batches, as loops do that fetch some ahead."""
    if step.startswith("ahead"):
        batches = iter(loader)
        waiting = next(batches, None)
        while waiting is not None:
            batch, waiting = waiting, next(batches, None)
            yield batch
    elif step.startswith("buffered"):
        batches = iter(loader)
        while some := list(itertools.islice(batches, 2)):
            yield from some
    else:
        yield from loader


def train(case: Case, optimizer: Any, attempt: int = 0, step: Any = None) -> None:
    """Train for two epochs, as far as the interruption lets it."""
    loop, loader, step = case.loop, case.loader, step or stepped
    scaler = torch.amp.GradScaler("cpu") if loop.step == "scaler" else None
    if loop.interruption == "look":
        next(iter(loader))
    if loop.interruption == "look with loss":
        one_step(case, next(iter(loader)))
    if loop.interruption == "cycled":
        for batch in itertools.islice(itertools.cycle(loader), 9):
            step(case, batch, optimizer, scaler, 1)
        return
    for epoch in range(2):
        if loop.order == "resized" and epoch:
            loader.batch_sampler.batch_size = 8
        for place, batch in enumerate(fed(loop.step, loader)):
            if loop.interruption == "break" and place == 2:
                break
            if (epoch, place) == (1, 1) and (
                loop.interruption == "exception" or (loop.interruption == "resumed" and not attempt)
            ):
                raise Stopped("stopped")
            step(case, batch, optimizer, scaler, place)
            if loop.step == "validated after":
                validate(case)
        if case.evaluation is not None:
            evaluate(case)
        if loop.interruption == "train evaluated":
            form, case.model.form = case.model.form, "plain"
            with torch.no_grad():
                for batch in loader:
                    a, b = parts_of(batch)
                    case.call(case.called(a), b)
            case.model.form = form


def stepped(case: Case, batch: Any, optimizer: Any, scaler: Any, place: int) -> None:
    """Make a step."""
    if case.loop.step == "closure":

        def closure() -> Any:
            optimizer.zero_grad()
            value = one_step(case, batch)
            value.backward()
            return value

        optimizer.step(closure)
        return
    value = one_step(case, batch)
    if scaler is not None:
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        return
    value.backward()
    if case.loop.step != "accumulate" or place % 2:
        optimizer.step()
        optimizer.zero_grad()


def evaluate(case: Case) -> None:
    """Walk over the evaluation's loader."""
    form, case.model.form = case.model.form, "plain"
    with torch.no_grad():
        for place, (a, b) in enumerate(case.evaluation):
            if case.loop.interruption == "evaluation break" and place == 1:
                break
            case.call(case.called(a), b)
    case.model.form = form


def judged(case: Case) -> str:
    """Compare what was recorded with the truth."""
    loop, tracker = case.loop, case.tracker
    losses, labels = truth(loop.criterion, case.model, case.x, case.y)
    if case.other is not None:
        out = case.model.main(case.x).detach().double()
        squares = ((out - F.one_hot(case.y, CLASSES)) ** 2).mean(1).tolist()
        losses = [0.7 * one + 0.3 * square for one, square in zip(losses, squares, strict=True)]
    told = bool(tracker.problems)
    loop.problems = list(tracker.problems)
    rows = case.rows
    wrong = compared(loop, tracker, "train", case.names, [losses[i] for i in rows], [labels[i] for i in rows])
    if not wrong and case.evaluation is not None:
        wrong = compared(loop, tracker, "eval", list(range(ROWS)), losses, labels)
    if loop.step == "mixup" and wrong and told:
        return "told"  # the outputs are those of mixed pictures
    if wrong and told and not wrong.startswith(("nothing", "epochs", "no row")) and "missing" not in wrong:
        return f"told, but recorded: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not loop.doubtful:
        return f"told without need: {tracker.problems[0]}"
    return "told" if told else "right"


def compared(
    loop: Loop, tracker: Any, mode: str, names: list[Any], losses: list[float], labels: list[Any]
) -> str:
    """Say what differs in a mode; "" for nothing."""
    if mode not in tracker.modes:
        return f"nothing was recorded in mode {mode}"
    strangers = set(tracker.indices(mode).tolist()) - set(names)
    if strangers:
        return f"{sorted(strangers)[:3]} are no names of samples"
    series = tracker.instance_series(names, "loss", mode=mode)
    values, want = np.asarray(series.values), np.asarray(losses)[:, None]
    tolerance = 0.15 if loop.step == "autocast" else 1e-4
    seen = np.isfinite(values)
    off = seen & ~(np.abs(values - want) <= tolerance * np.maximum(1, np.abs(want)))
    if off.any():
        row, column = np.argwhere(off)[0]
        return f"{mode} {names[row]}: {values[row, column]} where {losses[row]} is right"
    for name, found, right, has in zip(names, series.labels, labels, seen.any(1), strict=True):
        if has and found is not None and found != right:
            return f"{mode} {name} has label {found}, {right} is right"
        if has and right is not None and found is None:
            return f"{mode} {name} has no label, {right} is right: missing"
    expected = [1, 2, 3, 4] if loop.interruption == "resumed" else [1, 2]
    if loop.interruption == "cycled":
        expected = [1]
    if mode == "train" and loop.passes:
        expected = list(range(1, loop.passes + 1))
    if list(series.epochs) != expected:
        return f"epochs {list(series.epochs)}"
    partial = loop.interruption in ("break", "exception", "evaluation break", "resumed", "cycled")
    partial = partial or loop.order in ("replacement", "skipping loader")
    missing = ~seen & np.isfinite(want)
    if missing.any() and not (partial and (mode == "train" or loop.interruption == "evaluation break")):
        return f"{mode}: {int(missing.sum())} of {seen.size} rows are missing"
    return "" if seen.any() else "no row has a value"
