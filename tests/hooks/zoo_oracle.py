"""The oracle of the zoos in torch: criteria, the labels that go with them, and every row's loss computed alone, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROWS, FEATURES, CLASSES, TOKENS = 22, 5, 4, 3

CRITERIA = (
    "ce", "ce", "ce weights", "ce smoothing", "ce sum", "ce none", "ce ignore", "nll", "nll weights", "margin", "ce one-hot",
    "bce one", "bce column", "bce pos_weight", "bce several", "mse", "mse vector", "huber", "soft margin", "multilabel",
    "tokens", "tokens flat", "tokens time-first", "tokens time-first flat", "tokens shifted", "ctc", "function",
    "function weights", "own focal",
)  # fmt: skip


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
