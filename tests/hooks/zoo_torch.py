"""A zoo of torch loops as people write them: random combinations, each with an oracle that computes every row by hand."""

from __future__ import annotations

import copy
import random
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

import xai_widgets as xw
from xai_widgets.hooks.torch import Indexed, watch

ROWS, FEATURES, CLASSES, TOKENS = 22, 5, 4, 3

CRITERIA = (
    "ce", "ce", "ce weights", "ce smoothing", "ce sum", "ce none", "ce ignore", "nll", "nll weights", "margin", "ce one-hot",
    "bce one", "bce column", "bce pos_weight", "bce several", "mse", "mse vector", "huber", "soft margin", "multilabel",
    "tokens", "tokens flat", "tokens time-first", "tokens time-first flat", "tokens shifted", "ctc", "function",
    "function weights", "own focal",
)  # fmt: skip
DATA = (
    "tensors",
    "tuples",
    "dict",
    "attribute",
    "subset",
    "split",
    "concat",
    "indexed",
    "indexed subset",
    "keyed",
    "stream",
)
ORDERS = ("shuffle", "sequence", "replacement", "resized")
COLLATES = (
    "default",
    "default",
    "default",
    "dict",
    "own tuple",
    "sorted",
    "dropped",
    "repeated",
    "mixed",
    "paired",
)
STEPS = (
    "plain", "plain", "plain", "accumulate", "pieces", "metric again", "tuple", "output dict", "auxiliary first",
    "auxiliary after", "twice", "mixup", "permuted", "doubled", "reordered", "teacher", "masked", "autocast", "regulariser",
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
)
# where rows or labels are not the data set's any more, or several calls leave it open: right, or told
DOUBTFUL_COLLATES = {"sorted", "dropped", "repeated", "mixed", "paired"}
DOUBTFUL_STEPS = {
    "auxiliary first", "auxiliary after", "twice", "mixup", "permuted", "doubled", "reordered", "teacher", "masked",
    "regulariser",
}  # fmt: skip


class Focal(nn.Module):
    """A criterion of the user's own."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        each = F.cross_entropy(outputs, targets, reduction="none")
        each = (1 - torch.exp(-each)) ** 2 * each
        return each if self.reduction == "none" else each.mean()


class Net(nn.Module):
    """One linear layer and a head beside it."""

    def __init__(self, kind: str, outputs: int) -> None:
        super().__init__()
        self.kind = kind
        self.main, self.side = nn.Linear(FEATURES, outputs), nn.Linear(FEATURES, outputs)
        self.form = "plain"

    def shaped(self, out: torch.Tensor) -> torch.Tensor:
        if self.kind.startswith(("tokens", "ctc")):
            out = out.unflatten(-1, (TOKENS, CLASSES + 1))
            return out.transpose(0, 1) if "time-first" in self.kind or self.kind == "ctc" else out
        return out

    def forward(self, x: torch.Tensor) -> Any:
        main = self.shaped(self.main(x))
        if self.form == "tuple":
            return main, self.shaped(self.side(x))
        if self.form == "dict":
            return {"out": main, "features": x * 2}
        return main


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

    @property
    def doubtful(self) -> bool:
        """Whether telling is enough."""
        return (
            self.collate in DOUBTFUL_COLLATES
            or self.step in DOUBTFUL_STEPS
            or (self.criterion.startswith("tokens") and self.collate != "default")
            or (self.criterion.startswith("function") and self.step in ("tuple", "output dict"))
        )


def drawn(seed: int) -> Loop:
    rng = random.Random(seed)
    loop = Loop(
        rng.choice(CRITERIA), rng.choice(DATA), rng.choice(ORDERS), rng.choice(COLLATES), rng.choice(STEPS),
        rng.choice(INTERRUPTIONS), seed,
    )  # fmt: skip
    if rng.random() < 0.4:  # half of what people write has nothing odd in it
        loop.collate, loop.step = "default", "plain"
    if loop.data == "stream":
        loop.order, loop.collate = "sequence", "default"
    if loop.data in ("indexed", "indexed subset", "keyed", "stream"):
        loop.collate = "default"  # their batches carry the names; other collate functions are wrapped
    if not loop.criterion.startswith("ce") and loop.step in ("mixup", "masked"):
        loop.step = "plain"
    if loop.criterion in ("ce none", "ctc") or loop.criterion.startswith("tokens"):
        loop.step = "plain" if loop.step in ("pieces", "masked", "mixup") else loop.step
    if loop.criterion == "ctc" and loop.step == "doubled":
        loop.step = "plain"
    if loop.criterion.startswith("function") and loop.step in (
        "pieces",
        "doubled",
        "mixup",
        "reordered",
        "masked",
    ):
        loop.step = "plain"
    if loop.criterion == "ce one-hot":
        loop.step = "plain" if loop.step in ("mixup", "permuted", "masked") else loop.step
    return loop


# -- the data -----------------------------------------------------------------------------------------------------------


def labels_for(criterion: str, rng: torch.Generator) -> torch.Tensor:
    classes = torch.randint(0, CLASSES, (ROWS,), generator=rng)
    if criterion in ("ce ignore",):
        return torch.where(torch.rand(ROWS, generator=rng) < 0.2, torch.full_like(classes, -1), classes)
    if criterion in ("bce one", "bce pos_weight"):
        return (classes > 1).float()
    if criterion == "bce column":
        return (classes > 1).float()[:, None]
    if criterion in ("bce several", "multilabel"):
        return (torch.rand(ROWS, CLASSES, generator=rng) > 0.5).float()
    if criterion in ("mse", "huber"):
        return torch.randn(ROWS, 1, generator=rng)
    if criterion == "mse vector":
        return torch.randn(ROWS, CLASSES, generator=rng)
    if criterion == "soft margin":
        return (classes > 1).float() * 2 - 1
    if criterion.startswith("tokens"):
        tokens = torch.randint(0, CLASSES + 1, (ROWS, TOKENS), generator=rng)
        tokens[torch.rand(ROWS, TOKENS, generator=rng) < 0.15] = -100
        return tokens
    if criterion == "ctc":
        return torch.randint(1, CLASSES + 1, (ROWS, 2), generator=rng)
    return classes


class Rows(Dataset):
    def __init__(self, x: torch.Tensor, y: torch.Tensor, form: str) -> None:
        self.inputs, self.form = x, form
        if form == "attribute":
            self.targets = y
        else:
            self.answers = y

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i: int) -> Any:
        y = (self.targets if self.form == "attribute" else self.answers)[i]
        if self.form == "dict":
            return {"x": self.inputs[i], "label": y}
        return self.inputs[i], y

    form = "tuples"


class Stream(IterableDataset):
    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.x, self.y = x, y

    def __iter__(self) -> Any:
        for i in range(len(self.x)):
            yield {"x": self.x[i], "label": self.y[i], "id": f"n{i}"}


class Keyed(Rows):
    def __getitem__(self, i: int) -> Any:
        return {"x": self.inputs[i], "label": self.answers[i], "id": i + 1000}


def data_of(loop: Loop, x: torch.Tensor, y: torch.Tensor) -> tuple[Any, list[Any], list[int]]:
    """Return a data set, the name of each of its samples, and which row each is."""
    everything = list(range(ROWS))
    order = random.Random(loop.seed + 1).sample(everything, 15)
    whole = TensorDataset(x, y) if loop.seed % 2 else Rows(x, y, "tuples")
    if loop.data == "tensors":
        return TensorDataset(x, y), everything, everything
    if loop.data in ("tuples", "dict", "attribute"):
        return Rows(x, y, loop.data), everything, everything
    if loop.data == "subset":
        inner = Subset(whole, order)
        return Subset(inner, range(2, 13)), order[2:13], order[2:13]
    if loop.data == "split":
        part = torch.utils.data.random_split(
            whole, [14, ROWS - 14], torch.Generator().manual_seed(loop.seed)
        )[0]
        return part, list(part.indices), list(part.indices)
    if loop.data == "concat":
        parts = [Subset(whole, order[:6]), TensorDataset(x[10:], y[10:])]
        rows = order[:6] + everything[10:]
        return ConcatDataset(parts), list(range(len(rows))), rows
    if loop.data == "indexed":
        return Indexed(whole), everything, everything
    if loop.data == "indexed subset":
        return Indexed(Subset(whole, order)), order, order
    if loop.data == "keyed":
        return Indexed(Keyed(x, y, "keyed"), key="id"), [i + 1000 for i in everything], everything
    return Indexed(Stream(x, y), key="id"), [f"n{i}" for i in everything], everything


def collate_of(kind: str) -> Any:
    def as_dict(samples: list[Any]) -> Any:
        batch = default_collate(samples)
        return batch if isinstance(batch, dict) else {"pixels": batch[0], "label": batch[1]}

    def own_tuple(samples: list[Any]) -> Any:
        batch = default_collate(samples)
        x, y = batch.values() if isinstance(batch, dict) else batch
        return x, y, {"size": len(samples)}

    def ordered(samples: list[Any]) -> Any:
        get = (lambda s: s["x"]) if isinstance(samples[0], dict) else (lambda s: s[0])
        return default_collate(sorted(samples, key=lambda s: float(get(s)[0])))

    def dropped(samples: list[Any]) -> Any:
        return default_collate(samples[1:] if len(samples) > 1 else samples)

    def repeated(samples: list[Any]) -> Any:
        return default_collate([one for one in samples for _ in range(2)])

    def mixed(samples: list[Any]) -> Any:
        batch = default_collate(samples)
        turned = default_collate(samples[1:] + samples[:1])
        if isinstance(batch, dict):
            return {"x": 0.7 * batch["x"] + 0.3 * turned["x"], "label": turned["label"]}
        return [0.7 * batch[0] + 0.3 * turned[0], turned[1]]

    def paired(samples: list[Any]) -> Any:
        return default_collate([*samples, *samples])

    made = {
        "dict": as_dict, "own tuple": own_tuple, "sorted": ordered, "dropped": dropped, "repeated": repeated, "mixed": mixed,
        "paired": paired,
    }  # fmt: skip
    return made.get(kind)


def loader_of(loop: Loop, dataset: Any) -> DataLoader:
    options: dict[str, Any] = {"batch_size": 6, "generator": torch.Generator().manual_seed(loop.seed)}
    if loop.data != "stream":
        if loop.order in ("shuffle", "resized"):
            options["shuffle"] = True
        elif loop.order == "replacement":
            options["sampler"] = WeightedRandomSampler(
                torch.arange(1.0, len(dataset) + 1), len(dataset), generator=torch.Generator().manual_seed(3)
            )
    collate = collate_of(loop.collate)
    if collate is not None:
        options["collate_fn"] = collate
    return DataLoader(dataset, num_workers=loop.workers, **options)


# -- the criterion, and the oracle -------------------------------------------------------------------------------------------


WEIGHT = torch.tensor([3.0, 1.0, 0.5, 0.2])


def criterion_of(name: str) -> Any:
    made: dict[str, Any] = {
        "ce": lambda: nn.CrossEntropyLoss(), "ce weights": lambda: nn.CrossEntropyLoss(weight=WEIGHT),
        "ce smoothing": lambda: nn.CrossEntropyLoss(label_smoothing=0.1),
        "ce sum": lambda: nn.CrossEntropyLoss(reduction="sum"),
        "ce none": lambda: nn.CrossEntropyLoss(reduction="none"), "ce ignore": lambda: nn.CrossEntropyLoss(ignore_index=-1),
        "ce one-hot": lambda: nn.CrossEntropyLoss(), "nll": lambda: nn.NLLLoss(),
        "nll weights": lambda: nn.NLLLoss(weight=WEIGHT),
        "margin": lambda: nn.MultiMarginLoss(), "bce one": lambda: nn.BCEWithLogitsLoss(),
        "bce column": lambda: nn.BCEWithLogitsLoss(),
        "bce pos_weight": lambda: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(4.0)),
        "bce several": lambda: nn.BCEWithLogitsLoss(), "multilabel": lambda: nn.MultiLabelSoftMarginLoss(),
        "mse": lambda: nn.MSELoss(), "mse vector": lambda: nn.MSELoss(), "huber": lambda: nn.HuberLoss(delta=0.5),
        "soft margin": lambda: nn.SoftMarginLoss(), "ctc": lambda: nn.CTCLoss(), "own focal": lambda: Focal(),
        "function": lambda: F.cross_entropy,
        "function weights": lambda: __import__("functools").partial(F.cross_entropy, weight=WEIGHT),
    }  # fmt: skip
    return made[name]() if name in made else nn.CrossEntropyLoss()


def width_of(name: str) -> int:
    if name in ("bce one", "bce column", "bce pos_weight", "mse", "huber", "soft margin"):
        return 1
    return TOKENS * (CLASSES + 1) if name.startswith(("tokens", "ctc")) else CLASSES


def call_of(name: str, loss: Any) -> Any:
    """Return how a loop calls its loss with the model's output and the batch's labels."""

    def plain(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out, y)

    def column(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out.squeeze(1), y)

    def tokens(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out.transpose(1, 2), y)

    def flat(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out.reshape(-1, CLASSES + 1), y.reshape(-1))

    def time_first(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out.transpose(1, 2), y.t())

    def time_first_flat(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out.reshape(-1, CLASSES + 1), y.t().reshape(-1))

    def shifted(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(out[:, :-1].reshape(-1, CLASSES + 1), y[:, 1:].reshape(-1))

    def ctc(out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        size = out.shape[1]
        return loss(out.log_softmax(2), y, torch.full((size,), TOKENS), torch.full((size,), 2))

    special = {
        "bce one": column, "bce pos_weight": column, "soft margin": column, "tokens": tokens, "tokens flat": flat,
        "tokens time-first": time_first, "tokens time-first flat": time_first_flat, "tokens shifted": shifted, "ctc": ctc,
        "nll": lambda out, y: loss(out.log_softmax(1), y), "nll weights": lambda out, y: loss(out.log_softmax(1), y),
        "ce one-hot": lambda out, y: loss(out, F.one_hot(y, CLASSES).float()),
    }  # fmt: skip
    return special.get(name, plain)


def truth(name: str, model: Net, x: torch.Tensor, y: torch.Tensor) -> tuple[list[float], list[Any]]:
    """Compute every row's loss and label alone, by hand."""
    out = model.main(x).detach().double()
    losses: list[float] = []
    labels: list[Any] = []
    for z, t in zip(out, y, strict=True):
        label: Any = None
        logs = z.log_softmax(0)
        if name.startswith("tokens"):
            logs, t = z.reshape(TOKENS, CLASSES + 1).log_softmax(1), t
            logs, t = (logs[:-1], t[1:]) if "shifted" in name else (logs, t)
            each = [-float(row[k]) for row, k in zip(logs, t.tolist(), strict=True) if k != -100]
            value = sum(each) / len(each) if each else float("nan")
        elif name == "ctc":
            logs = z.reshape(TOKENS, 1, CLASSES + 1).log_softmax(2)
            value = float(
                F.ctc_loss(logs, t[None], torch.tensor([TOKENS]), torch.tensor([2]), reduction="none")
            )
        elif name.startswith("bce"):
            label = int(t.reshape(-1)[0]) if name != "bce several" else None
            value = float(torch.where(t.reshape(-1) > 0.5, F.softplus(-z), F.softplus(z)).mean())
        elif name == "multilabel":
            value = float(torch.where(t > 0.5, F.softplus(-z), F.softplus(z)).mean())
        elif name.startswith("mse"):
            value = float(((z - t) ** 2).mean())
        elif name == "huber":
            d = (z - t).abs()
            value = float(torch.where(d < 0.5, 0.5 * d**2, 0.5 * (d - 0.25)).mean())
        elif name == "soft margin":
            label, value = int(t), float(F.softplus(-t * z))
        elif name == "margin":
            label = int(t)
            value = float(
                sum(max(0.0, 1 - float(z[label]) + float(z[k])) for k in range(CLASSES) if k != label)
                / CLASSES
            )
        else:
            label, value = int(t), float("nan")
            if label == -1:
                label = None
            elif name == "ce smoothing":
                value = float(-0.9 * logs[label] - 0.1 * logs.mean())
            else:
                value = float(-logs[label])
            if name == "own focal":
                value = (1 - float(np.exp(-value))) ** 2 * value
        losses.append(value)
        labels.append(label)
    return losses, labels


# -- the loop -------------------------------------------------------------------------------------------------------------


class Stopped(Exception):
    """Ends a loop."""


def parts_of(batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
    if isinstance(batch, dict):
        return batch["x" if "x" in batch else "pixels"], batch["label"]
    return batch[0], batch[1]


def one_step(loop: Loop, model: Net, loss: Any, call: Any, batch: Any) -> torch.Tensor:
    x, y = parts_of(batch)
    p = torch.arange(len(x) - 1, -1, -1)
    if loop.step == "pieces":
        halves = zip(x.split(4), y.split(4), strict=True)
        return torch.stack([call(model(a), b).sum() for a, b in halves]).sum()
    if loop.step in ("auxiliary first", "auxiliary after", "tuple"):
        main, side = model(x)
        if loop.step == "tuple":
            return call(main, y).sum()
        if loop.step == "auxiliary first":
            return 0.4 * call(side, y).sum() + call(main, y).sum()
        return call(main, y).sum() + 0.4 * call(side, y).sum()
    if loop.step == "output dict":
        return call(model(x)["out"], y).sum()
    if loop.step == "twice":
        return call(model(x), y).sum() + call(model(x * 1.1), y).sum()
    if loop.step == "mixup":
        out = model(0.3 * x + 0.7 * x[p])
        return 0.7 * call(out, y[p]).sum() + 0.3 * call(out, y).sum()
    if loop.step == "permuted":
        return call(model(x), y[p]).sum()
    if loop.step == "reordered":
        return call(model(x[p]), y[p]).sum()
    if loop.step == "doubled":
        return call(model(torch.cat([x, x])), torch.cat([y, y])).sum()
    if loop.step == "masked":
        mask = y >= 0
        return call(model(x)[mask], y[mask]).sum() if bool(mask.any()) else model(x).sum() * 0
    if loop.step == "metric again":
        out = model(x)
        value = call(out, y).sum()
        with torch.no_grad():
            call(out, y)
        return value
    if loop.step == "teacher":
        with torch.no_grad():
            loop.teacher(x + 1)  # type: ignore[attr-defined]
        return call(model(x), y).sum()
    if loop.step == "regulariser":
        return call(model(x), y).sum() + 0.1 * model.main.weight.square().sum()
    if loop.step == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            return call(model(x), y).sum()
    return call(model(x), y).sum()


def run(loop: Loop) -> str:
    """Run one combination; return "right", "told", or what is wrong."""
    rng = torch.Generator().manual_seed(loop.seed)
    torch.manual_seed(loop.seed)
    x, y = torch.randn(ROWS, FEATURES, generator=rng), labels_for(loop.criterion, rng)
    model = Net(loop.criterion, width_of(loop.criterion))
    if loop.step in ("tuple", "auxiliary first", "auxiliary after"):
        model.form = "tuple"
    if loop.step == "output dict":
        model.form = "dict"
    loss = criterion_of(loop.criterion)
    call = call_of(loop.criterion, loss)
    dataset, names, rows = data_of(loop, x, y)
    loader = loader_of(loop, dataset)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    evaluation = DataLoader(TensorDataset(x, y), 8) if loop.interruption.startswith("evaluation") else None
    tracker = xw.Tracker()
    epochs = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with watch(model, loss, optimizer, loader, tracker, eval_loader=evaluation):
                if loop.step == "teacher":
                    loop.teacher = copy.deepcopy(model)  # type: ignore[attr-defined]
                epochs = train(loop, model, loss, call, loader, optimizer, evaluation)
        except Stopped:
            epochs = 2
    return judged(loop, tracker, model, x, y, names, rows, epochs, evaluation is not None)


def train(loop: Loop, model: Net, loss: Any, call: Any, loader: Any, optimizer: Any, evaluation: Any) -> int:
    if loop.interruption == "look":
        next(iter(loader))
    if loop.interruption == "look with loss":
        one_step(loop, model, loss, call, next(iter(loader)))
    for epoch in range(2):
        if loop.order == "resized" and epoch:
            loader.batch_sampler.batch_size = 8
        for place, batch in enumerate(loader):
            if loop.interruption == "break" and place == 2:
                break
            if loop.interruption == "exception" and (epoch, place) == (1, 1):
                raise Stopped
            one_step(loop, model, loss, call, batch).backward()
            if loop.step != "accumulate" or place % 2:
                optimizer.step()
                optimizer.zero_grad()
        if evaluation is not None:
            form, model.form = model.form, "plain"
            with torch.no_grad():
                for place, (a, b) in enumerate(evaluation):
                    if loop.interruption == "evaluation break" and place == 1:
                        break
                    call(model(a), b)
            model.form = form
    return 2


def judged(
    loop: Loop, tracker: Any, model: Net, x: Any, y: Any, names: list[Any], rows: list[int], epochs: int, evaluated: bool
) -> str:  # fmt: skip
    losses, labels = truth(loop.criterion, model, x, y)
    told = bool(tracker.problems)
    loop.problems = list(tracker.problems)
    wrong = compared(
        loop, tracker, "train", names, [losses[i] for i in rows], [labels[i] for i in rows], epochs
    )
    if not wrong and evaluated:
        wrong = compared(loop, tracker, "eval", list(range(ROWS)), losses, labels, epochs)
    if (
        wrong
        and told
        and loop.step != "mixup"
        and not wrong.startswith(("nothing", "epochs", "no row"))
        and "missing" not in wrong
    ):
        return f"told, but recorded: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not loop.doubtful:
        return f"told without need: {tracker.problems[0]}"
    return "told" if told else "right"


def compared(
    loop: Loop, tracker: Any, mode: str, names: list[Any], losses: list[float], labels: list[Any], epochs: int
) -> str:
    if mode not in tracker.modes:
        return f"nothing was recorded in mode {mode}"
    strangers = set(tracker.indices(mode).tolist()) - set(names)
    if strangers:
        return f"{sorted(strangers)[:3]} are no names of samples"
    series = tracker.instance_series(names, "loss", mode=mode)
    if list(series.epochs) != list(range(1, epochs + 1)):
        return f"epochs {list(series.epochs)}"
    values, want = np.asarray(series.values), np.asarray(losses)[:, None]
    tolerance = 0.15 if loop.step == "autocast" else 1e-4
    seen = np.isfinite(values)
    off = seen & ~(np.abs(values - want) <= tolerance * np.maximum(1, np.abs(want)))
    if off.any():
        row, column = np.argwhere(off)[0]
        return f"{mode} {names[row]}: {values[row, column]} where {losses[row]} is right"
    partial = loop.interruption in ("break", "exception", "evaluation break") or loop.order == "replacement"
    missing = ~seen & np.isfinite(want)
    if missing.any() and not (partial and (mode == "train" or loop.interruption == "evaluation break")):
        return f"{mode}: {int(missing.sum())} of {seen.size} rows are missing"
    if not seen.any():
        return "no row has a value"
    for name, found, right, has in zip(names, series.labels, labels, seen.any(1), strict=True):
        if has and found is not None and found != right:
            return f"{mode} {name} has label {found}, {right} is right"
        if has and right is not None and found is None:
            return f"{mode} {name} has no label, {right} is right"
    return ""
