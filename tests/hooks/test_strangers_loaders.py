"""How somebody who never read our documentation goes through his data: each row is right, missing, or told."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from strangers import Loops, N, Seen, check, each, net, rows, shuffled, train
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset, default_collate

import xai_widgets as xw
from xai_widgets.hooks.torch import Indexed, watch

LOOPS = Loops()
loop = LOOPS.loop

pytestmark = pytest.mark.filterwarnings("ignore")  # what is told is looked at in `problems`


@loop("right")
def accumulates() -> Seen:
    (x, y), model, loss = rows(), net(), nn.CrossEntropyLoss()
    loader, tracker = shuffled(TensorDataset(x, y)), xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for place, (a, b) in enumerate(loader):
                (loss(model(a), b) / 4).backward()
                if (place + 1) % 4 == 0:
                    optimizer.step()
                    optimizer.zero_grad()
    return Seen(tracker, each(model), y)


@loop("right")
def five_folds() -> Seen:
    x, y = rows()
    data, tracker, torch_loss = TensorDataset(x, y), xw.Tracker(), nn.CrossEntropyLoss()
    for fold in range(4):
        model = net()  # the factory gives each fold the same weights
        kept = [i for i in range(N) if i % 4 != fold]
        held = [i for i in range(N) if i % 4 == fold]
        loader, check = shuffled(Subset(data, kept)), DataLoader(Subset(data, held), 8)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        with watch(model, torch_loss, optimizer, loader, tracker, eval_loader=check):
            for a, b in loader:
                torch_loss(model(a), b).backward()
                optimizer.step()
            with torch.no_grad():
                for a, b in check:
                    torch_loss(model(a), b)
    return Seen(tracker, each(net()), y, mode="eval")


class Unreadable(Dataset):
    """Gives None for files that are broken."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.pictures, self.answers = x, y

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> Any:
        return None if i % 9 == 4 else (self.pictures[i], self.answers[i])


@loop("told")
def drops_bad_samples() -> Seen:
    (x, y), model = rows(), net()
    loader = shuffled(
        Unreadable(x, y), collate_fn=lambda batch: default_collate([one for one in batch if one is not None])
    )
    tracker = train(lambda m, loss, batch: loss(m(batch[0]), batch[1]), loader, nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


class Elsewhere(Dataset):
    """Gives another sample for files that are broken."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.pictures, self.labels = x, y

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, i: int) -> Any:
        return self[(i + 7) % N] if i % 9 == 4 else (self.pictures[i], self.labels[i])


@loop("told")
def reads_another_for_bad_samples() -> Seen:
    (x, y), model = rows(), net()
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1]),
        shuffled(Elsewhere(x, y)),
        nn.CrossEntropyLoss(),
        model,
    )
    moved = [(i + 7) % N if i % 9 == 4 else i for i in range(N)]
    return Seen(tracker, each(model)[moved], y[moved])


@loop("told")
def makes_its_loader_anew_each_epoch() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, shuffled(TensorDataset(x, y)), tracker):
        for _ in range(2):
            for a, b in shuffled(TensorDataset(x, y)):
                loss(model(a), b).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@loop("right")
def watches_each_epoch_anew() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    for _ in range(2):
        loader = shuffled(TensorDataset(x, y))
        with watch(model, loss, optimizer, loader, tracker):
            for a, b in loader:
                loss(model(a), b).backward()
                optimizer.step()
    assert list(tracker.instance_series([0], "loss").epochs) == [1, 2]
    return Seen(tracker, each(model), y)


@loop("told")
def trains_on_a_list_of_batches() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = shuffled(TensorDataset(x, y), 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        batches = list(loader)
        for _ in range(2):
            for a, b in batches:
                loss(model(a), b).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@loop("right")
def goes_round_and_round() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = shuffled(TensorDataset(x, y))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    def forever() -> Iterator[Any]:
        while True:
            yield from loader

    with watch(model, loss, optimizer, loader, tracker):
        for a, b in itertools.islice(forever(), 2 * len(loader)):
            loss(model(a), b).backward()
            optimizer.step()
    return Seen(tracker, each(model), y)


@loop("told")
def cycles_what_it_keeps() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = shuffled(TensorDataset(x, y))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for a, b in itertools.islice(itertools.cycle(loader), 3 * len(loader)):
            loss(model(a), b).backward()
            optimizer.step()
    return Seen(tracker, each(model), y)


@loop("told")
def labels_what_has_no_label() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader, more = shuffled(TensorDataset(x, y)), shuffled(TensorDataset(rows(5)[0]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for (a, b), (u,) in zip(loader, more, strict=True):
                with torch.no_grad():
                    guessed = model(u).argmax(1)
                (loss(model(a), b) + 0.3 * loss(model(u + 0.1), guessed)).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@loop("right")
def adapts_from_one_domain_to_another() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader, more = shuffled(TensorDataset(x, y)), shuffled(TensorDataset(*rows(5)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for (a, b), (u, _) in zip(loader, more, strict=True):
                out = model(torch.cat([a, u]))
                (loss(out[: len(a)], b) + 0.1 * out[len(a) :].square().mean()).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@loop("right")
def masks_tokens_anew() -> Seen:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1, 9, (N, 6), generator=generator)
    torch.manual_seed(1)
    model, tracker = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)), xw.Tracker()
    loss, drawn = nn.CrossEntropyLoss(), [np.nan] * N

    def collate(samples: list[Any]) -> Any:
        tokens = torch.stack([one["input_ids"] for one in samples])
        hidden = torch.rand(tokens.shape) < 0.5
        hidden[:, 0] = True
        batch = default_collate(samples)
        return {
            **batch,
            "input_ids": tokens.masked_fill(hidden, 0),
            "labels": tokens.masked_fill(~hidden, -100),
        }

    rows = [{"input_ids": one, "attention_mask": torch.ones(6), "number": i} for i, one in enumerate(ids)]
    loader = shuffled(rows, collate_fn=collate)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for batch in loader:
                out = model(batch["input_ids"])
                loss(out.reshape(-1, 9), batch["labels"].reshape(-1)).backward()
                optimizer.step()
                each = F.cross_entropy(out.transpose(1, 2), batch["labels"], reduction="none").sum(1)
                for i, value, count in zip(batch["number"], each, (batch["labels"] >= 0).sum(1), strict=True):
                    drawn[i] = float(value / count)
    return Seen(tracker, drawn, epoch=-1)


@loop("told")
def fetches_in_a_thread() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = shuffled(TensorDataset(x, y))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    def fetched() -> Iterator[Any]:
        waiting: Queue[Any] = Queue(3)

        def fetch() -> None:
            for batch in loader:
                waiting.put(batch)
            waiting.put(None)

        thread = threading.Thread(target=fetch)
        thread.start()
        yield from iter(waiting.get, None)
        thread.join()

    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for a, b in fetched():
                loss(model(a), b).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@loop("right")
def validates_now_and_then_with_a_loader_nobody_named() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader, check = shuffled(TensorDataset(x, y)), shuffled(TensorDataset(*rows(5)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(2):
            for place, (a, b) in enumerate(loader):
                optimizer.zero_grad()
                loss(model(a), b).backward()
                optimizer.step()
                if place == 2:
                    with torch.no_grad():
                        sum(loss(model(c), d).item() for c, d in check)
    return Seen(tracker, each(model), y)


class Restless(Dataset):
    """Puts its samples into another order whenever a pass begins."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.rows, self.answers, self.asked = x, y, 0
        self.order = torch.arange(len(x))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> Any:
        if self.asked and self.asked % N == 0:
            self.order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(self.asked))
        self.asked += 1
        return self.rows[self.order[i]], self.answers[self.order[i]]


@loop("told")
def reshuffles_its_data_set() -> Seen:
    (x, y), model = rows(), net()
    loader = DataLoader(Restless(x, y), 8)
    tracker = train(lambda m, loss, batch: loss(m(batch[0]), batch[1]), loader, nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


@loop("told")
def reshuffles_values() -> Seen:
    (x, _), model = rows(), net(1)
    values = torch.randn(N, 1, generator=torch.Generator().manual_seed(4))
    loader = DataLoader(Restless(x, values), 8)
    tracker = train(lambda m, loss, batch: loss(m(batch[0]), batch[1]), loader, nn.MSELoss(), model)
    return Seen(tracker, (model(x) - values).square())


@loop("told")
def names_its_parts_one_by_one() -> Seen:
    (x, y), model = rows(), net()
    parts = [Indexed(TensorDataset(x[:22], y[:22])), Indexed(TensorDataset(x[22:], y[22:]))]
    loader = shuffled(ConcatDataset(parts))
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1]), loader, nn.CrossEntropyLoss(), model, index=-1
    )
    return Seen(tracker, None)


@loop("right")
def leaves_batches_out() -> Seen:
    (x, y), model, loss, tracker = rows(), net(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = shuffled(TensorDataset(x, y))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for epoch in range(4):
            for place, (a, b) in enumerate(loader):
                if place == epoch:
                    continue
                loss(model(a), b).backward()
                optimizer.step()
    return Seen(tracker, each(model), y)


@pytest.mark.parametrize("name", LOOPS)
def test_a_strangers_loop_is_right_or_told(name: str) -> None:
    check(*LOOPS[name])
