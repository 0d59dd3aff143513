"""Loops of somebody who never read our documentation: whatever they do to a batch, each row is right, missing, or told.

Nothing learns here (a learning rate of 0), so that the right loss of every sample is one number, computed alone.
"""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, default_collate

import xai_widgets as xw
from xai_widgets.hooks.torch import watch

N, FEATURES, CLASSES = 44, 6, 4
LOOPS: dict[str, tuple[str, Callable[[], Seen]]] = {}

pytestmark = pytest.mark.filterwarnings("ignore")  # what is told is looked at in `problems`


class Seen:
    """What a loop leaves behind: its tracker, and the right loss and label of each sample by mode."""

    def __init__(
        self, tracker: Any, losses: Any, labels: Any = None, mode: str = "train", names: Any = None
    ) -> None:
        self.tracker, self.mode = tracker, mode
        self.losses = (
            None if losses is None else np.asarray(torch.as_tensor(losses).detach().double()).reshape(-1)
        )
        self.labels = None if labels is None else [int(one) for one in labels]
        self.names = list(range(N)) if names is None else list(names)

    def wrong(self) -> str:
        """Say what is recorded and not right; "" for nothing."""
        if self.mode not in self.tracker.modes:
            return ""
        strangers = set(self.tracker.indices(self.mode).tolist()) - set(self.names)
        if strangers:
            return f"{sorted(strangers)[:3]} are no names of samples"
        series = self.tracker.instance_series(self.names, "loss", mode=self.mode)
        values = np.asarray(series.values)
        if self.losses is None:
            return f"{int(np.isfinite(values).sum())} values" if np.isfinite(values).any() else ""
        off = np.isfinite(values) & ~np.isclose(values, self.losses[:, None], rtol=1e-4, atol=1e-5)
        if off.any():
            row, column = np.argwhere(off)[0]
            return f"{self.names[row]}: {values[row, column]} where {self.losses[row]} is right"
        for name, found, right in zip(self.names, series.labels, self.labels or [], strict=False):
            if found is not None and found != right:
                return f"{name} has label {found}, {right} is right"
        return ""

    def missing(self) -> int:
        """Count samples without any value."""
        if self.mode not in self.tracker.modes:
            return len(self.names)
        series = self.tracker.instance_series(self.names, "loss", mode=self.mode)
        return int((~np.isfinite(np.asarray(series.values)).any(1)).sum())


def loop(outcome: str) -> Callable[[Callable[[], Seen]], Callable[[], Seen]]:
    """Note a loop, and what is to come of it: "right" (all of it), or "told" (what is recorded is right)."""

    def note(made: Callable[[], Seen]) -> Callable[[], Seen]:
        LOOPS[made.__name__] = (outcome, made)
        return made

    return note


def rows(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(N, FEATURES, generator=generator), torch.randint(0, CLASSES, (N,), generator=generator)


def shuffled(dataset: Any, size: int = 8, **options: Any) -> DataLoader:
    return DataLoader(dataset, size, shuffle=True, generator=torch.Generator().manual_seed(3), **options)


def net(outputs: int = CLASSES) -> nn.Module:
    torch.manual_seed(1)
    return nn.Linear(FEATURES, outputs)


def each(model: nn.Module, **options: Any) -> torch.Tensor:
    x, y = rows()
    return F.cross_entropy(model(x), y, reduction="none", **options)


def train(
    step: Callable[[Any, Any, Any], torch.Tensor], loader: Any, loss: Any, model: Any, **options: Any
) -> Any:
    """Two epochs as anybody writes them."""
    tracker = xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker, **options):
        for _ in range(2):
            for batch in loader:
                optimizer.zero_grad()
                step(model, loss, batch).backward()
                optimizer.step()
    return tracker


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


@loop("told")
def a_gan() -> Seen:
    x, _ = rows()
    real, fake = net(1), nn.Linear(3, FEATURES)
    loader, loss, tracker = shuffled(TensorDataset(x)), nn.BCEWithLogitsLoss(), xw.Tracker()
    one, other = torch.optim.SGD(real.parameters(), 0.0), torch.optim.SGD(fake.parameters(), 0.0)
    with watch(real, loss, [one, other], loader, tracker):
        for _ in range(2):
            for (a,) in loader:
                made = fake(torch.randn(len(a), 3))
                one.zero_grad()
                (
                    loss(real(a), torch.ones(len(a), 1)) + loss(real(made.detach()), torch.zeros(len(a), 1))
                ).backward()
                one.step()
                other.zero_grad()
                loss(real(made), torch.ones(len(a), 1)).backward()
                other.step()
    return Seen(tracker, F.softplus(-real(x)))


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


@loop("told")
def mixes_with_soft_labels() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        order, hot = torch.randperm(len(a)), F.one_hot(b, CLASSES).float()
        return loss(model(0.7 * a + 0.3 * a[order]), 0.7 * hot + 0.3 * hot[order])

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, None)


@loop("told")
def cuts_and_mixes() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        order = torch.randperm(len(a))
        mixed = a.clone()
        mixed[:, :3] = a[order, :3]
        out = model(mixed)
        return 0.5 * loss(out, b) + 0.5 * loss(out, b[order])

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, None)


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


@loop("right")
def distils() -> Seen:
    (x, y), model, teacher, soft = (
        rows(),
        net(),
        nn.Linear(FEATURES, CLASSES),
        nn.KLDivLoss(reduction="batchmean"),
    )

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        with torch.no_grad():
            wanted = teacher(a).softmax(1)
        out = model(a)
        return 0.5 * loss(out, b) + 0.5 * soft(out.log_softmax(1), wanted)

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


@loop("told")
def contrasts_two_views() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, _ = batch
        one, other = F.normalize(model(a)), F.normalize(model(a + 0.1))
        return loss(one @ other.t() / 0.1, torch.arange(len(a)))

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, None)


@loop("right")
def compares_pairs() -> Seen:
    (x, y), model = rows(), net()
    sign = torch.where(y > 1, 1.0, -1.0)
    loss = nn.CosineEmbeddingLoss()
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), m(batch[1]), batch[2]),
        shuffled(TensorDataset(x, x.flip(1), sign)),
        loss,
        model,
    )
    right = F.cosine_embedding_loss(model(x), model(x.flip(1)), sign, reduction="none")
    return Seen(tracker, right, sign)


@loop("right")
def ranks_triplets() -> Seen:
    (x, _), model = rows(), net()
    tracker = train(
        lambda m, loss, batch: loss(*(m(one) for one in batch)), shuffled(TensorDataset(x, x * 1.1, x.flip(0))),
        nn.TripletMarginLoss(), model,
    )  # fmt: skip
    return Seen(tracker, F.triplet_margin_loss(model(x), model(x * 1.1), model(x.flip(0)), reduction="none"))


class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.one, self.other = nn.Linear(FEATURES, CLASSES), nn.Linear(FEATURES, CLASSES)

    def forward(self, x: torch.Tensor) -> Any:
        return self.one(x), self.other(x)


@loop("told")
def has_two_tasks() -> Seen:
    (x, y), model = rows(), Heads()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b, c = batch
        one, other = model(a)
        return loss(one, b) + loss(other, c)

    tracker = train(step, shuffled(TensorDataset(x, y, y.flip(0))), nn.CrossEntropyLoss(), model)
    return Seen(tracker, F.cross_entropy(model.one(x), y, reduction="none"), y)


@loop("told")
def has_two_tasks_the_second_first() -> Seen:
    (x, y), model = rows(), Heads()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        one, other = model(batch["pixels"])
        return loss(other, batch["colour"]) + loss(one, batch["label"])

    both = TensorDataset(x, y, y.flip(0))
    named = [{"pixels": a, "label": b, "colour": c} for a, b, c in both]
    tracker = train(step, shuffled(named), nn.CrossEntropyLoss(), model)
    return Seen(tracker, F.cross_entropy(model.one(x), y, reduction="none"), y)


@loop("right")
def segments() -> Seen:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N, 3, 5, 5, generator=generator)
    y = torch.randint(0, CLASSES, (N, 5, 5), generator=generator)
    y[torch.rand(N, 5, 5, generator=generator) < 0.3] = 255
    torch.manual_seed(1)
    model, loss = nn.Conv2d(3, CLASSES, 1), nn.CrossEntropyLoss(ignore_index=255)
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1]), shuffled(TensorDataset(x, y)), loss, model
    )
    pixels = F.cross_entropy(model(x), y, ignore_index=255, reduction="none").flatten(1)
    return Seen(tracker, pixels.sum(1) / (y.flatten(1) != 255).sum(1))


@loop("right")
def weighs_classes_and_smooths() -> Seen:
    (x, y), model = rows(), net()
    loss = nn.CrossEntropyLoss(weight=torch.tensor([4.0, 1.0, 1.0, 0.5]), label_smoothing=0.1)
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1]), shuffled(TensorDataset(x, y)), loss, model
    )
    return Seen(tracker, each(model, label_smoothing=0.1), y)


@loop("right")
def weighs_samples() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b, w = batch
        return (loss(model(a), b) * w).mean()

    tracker = train(
        step, shuffled(TensorDataset(x, y, torch.rand(N))), nn.CrossEntropyLoss(reduction="none"), model
    )
    return Seen(tracker, each(model), y)


@loop("right")
def mines_hard_ones() -> Seen:
    (x, y), model = rows(), net()
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1]).topk(3).values.mean(), shuffled(TensorDataset(x, y)),
        nn.CrossEntropyLoss(reduction="none"), model,
    )  # fmt: skip
    return Seen(tracker, each(model), y)


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
def passes_twice() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        return loss(model(F.dropout(a, 0.0)), b) + loss(model(F.dropout(a, 0.0)), b)

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


@loop("told")
def turns_pictures_to_learn_from_them() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, _ = batch
        turns = torch.randint(0, CLASSES, (len(a),))
        return loss(model(torch.stack([one.roll(int(k)) for one, k in zip(a, turns, strict=True)])), turns)

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, None)


@loop("right")
def codes_itself() -> Seen:
    (x, _), model = rows(), net(FEATURES)
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[0]), shuffled(TensorDataset(x)), nn.MSELoss(), model
    )
    return Seen(tracker, (model(x) - x).square().mean(1))


@loop("right")
def predicts_the_next_token() -> Seen:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 9, (N, 6), generator=generator)
    torch.manual_seed(1)
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))

    def step(model: Any, loss: Any, batch: Any) -> Any:
        out = model(batch[:, :-1])
        return loss(out.reshape(-1, 9), batch[:, 1:].reshape(-1))

    tracker = train(step, shuffled(ids), nn.CrossEntropyLoss(), model)
    right = F.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none").mean(1)
    return Seen(tracker, right)


@loop("right")
def squeezes_a_last_batch_of_one() -> Seen:
    (x, y), model = rows(), net(1)
    x, y = x[:41], (y[:41] > 1).float()
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]).squeeze(), batch[1].squeeze()), shuffled(TensorDataset(x, y)),
        nn.BCEWithLogitsLoss(), model,
    )  # fmt: skip
    right = F.binary_cross_entropy_with_logits(model(x)[:, 0], y, reduction="none")
    return Seen(tracker, right, y, names=range(41))


@loop("right")
def scales_its_targets() -> Seen:
    (x, _), model = rows(), net(1)
    values = torch.randn(N, 1, generator=torch.Generator().manual_seed(4)) * 3 + 2
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), (batch[1] - 2) / 3),
        shuffled(TensorDataset(x, values)),
        nn.MSELoss(),
        model,
    )
    return Seen(tracker, (model(x) - (values - 2) / 3).square())


@loop("right")
def renames_its_classes() -> Seen:
    (x, y), model, table = rows(), net(), torch.tensor([2, 0, 3, 1])
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), table[batch[1]]),
        shuffled(TensorDataset(x, y)),
        nn.CrossEntropyLoss(),
        model,
    )
    return Seen(tracker, F.cross_entropy(model(x), table[y], reduction="none"), table[y])


@loop("right")
def turns_one_hot_into_classes() -> Seen:
    (x, y), model = rows(), net()
    tracker = train(
        lambda m, loss, batch: loss(m(batch[0]), batch[1].argmax(1)), shuffled(TensorDataset(x, F.one_hot(y, CLASSES))),
        nn.CrossEntropyLoss(), model,
    )  # fmt: skip
    return Seen(tracker, each(model), y)


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
def masks_its_rows() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        sure = model(a).softmax(1).max(1).values > 0.4
        return loss(model(a)[sure], b[sure]) if bool(sure.any()) else model(a).sum() * 0

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


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
    outcome, run = LOOPS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen = run()
    assert seen.wrong() == "", (seen.wrong(), seen.tracker.problems)
    if outcome == "told":
        assert seen.tracker.problems, "nothing was told"
    else:
        assert seen.missing() == 0, (seen.missing(), seen.tracker.problems)
