"""Torch parts that several hook tests share."""

from __future__ import annotations

import logging

import torch
from hooks_common import CLASSES, Known, N, digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

torch.set_num_threads(1)
# pytest listens to every logger, and a compiler that finds a listener traces itself at length
logging.getLogger("torch.__trace").disabled = True


def data() -> tuple[TensorDataset, TensorDataset, torch.Tensor, torch.Tensor]:
    x, y = (torch.from_numpy(a) for a in digits())
    return TensorDataset(x[:N], y[:N]), TensorDataset(x[N:], y[N:]), y[:N], y[N:]


class Numbered(Dataset):
    """The tests' own way to know indices, so that `Indexed` is not checked against itself."""

    def __init__(self, dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, i):
        x, y = self.dataset[i]
        return x, y, i


def net(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(64, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, CLASSES)
    )


def loader(dataset, seed: int = 1, **options) -> DataLoader:
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, **{"batch_size": 32, "shuffle": True, "generator": generator, **options})


def weights(model) -> list:
    return [value.detach().clone() for value in model.state_dict().values()]


def plain_run(
    epochs: int = 3,
    *,
    loss=None,
    difficulty=None,
    accumulate: int = 1,
    workers: int = 0,
    target=lambda y: y,
    **options,
) -> Known:
    """Train without any hook and note every per-sample loss."""
    train, evaluation, _, _ = data()
    model, loss = net(), loss or nn.CrossEntropyLoss()
    known = Known({})
    reduced = loss.reduction
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    numbered = loader(Numbered(train), num_workers=workers, **options)
    numbered_eval = loader(Numbered(evaluation), shuffle=False)
    torch.manual_seed(5)
    for epoch in range(1, epochs + 1):
        model.train()
        for place, (x, y, i) in enumerate(numbered):
            out = model(x)
            loss.reduction = "none"
            known.add("train", epoch, i, (difficulty or loss)(out.detach(), target(y)))
            loss.reduction = reduced
            (loss(out, target(y)) / accumulate).backward()
            if (place + 1) % accumulate == 0 or place + 1 == len(numbered):
                optimizer.step()
                optimizer.zero_grad()
        model.eval()
        with torch.no_grad():
            for x, y, i in numbered_eval:
                loss.reduction = "none"
                known.add("eval", epoch, i, loss(model(x), target(y)))
                loss.reduction = reduced
    known.weights = weights(model)
    return known


def user_run(
    model, loss, optimizer, train_loader, eval_loader, epochs: int = 3, *, accumulate: int = 1, target=None
):
    """The loop of a user who knows of no hook; yields after every epoch, gives the epoch's own mean loss."""
    torch.manual_seed(5)
    for _ in range(epochs):
        model.train()
        total = 0.0
        for place, (x, y) in enumerate(train_loader):
            value = loss(model(x), y if target is None else target(y))
            (value / accumulate).backward()
            if (place + 1) % accumulate == 0 or place + 1 == len(train_loader):
                optimizer.step()
                optimizer.zero_grad()
            total += value.item() * len(x)
        model.eval()
        with torch.no_grad():
            for x, y in eval_loader:
                loss(model(x), y if target is None else target(y))
        yield total / N
