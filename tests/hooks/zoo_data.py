"""The data sets, orders and collate functions of the zoos in torch."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    StackDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)
from zoo_oracle import ROWS

from xai_widgets.hooks.torch import Indexed

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
    "subset of concat",
    "indexed concat",
    "stack",
)
ORDERS = (
    "shuffle", "shuffle", "sequence", "replacement", "resized", "own sampler", "batch sampler", "tensor batches",
    "batches as sampler", "skipping loader", "loader ahead",
)  # fmt: skip
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


def data_of(kind: str, seed: int, x: torch.Tensor, y: torch.Tensor) -> tuple[Any, list[Any], list[int]]:
    """Return a data set, the name of each of its samples, and which row each is."""
    everything = list(range(ROWS))
    order = random.Random(seed + 1).sample(everything, 15)
    whole = TensorDataset(x, y) if seed % 2 else Rows(x, y, "tuples")
    if kind == "tensors":
        return TensorDataset(x, y), everything, everything
    if kind in ("tuples", "dict", "attribute"):
        return Rows(x, y, kind), everything, everything
    if kind == "subset":
        inner = Subset(whole, order)
        return Subset(inner, range(2, 13)), order[2:13], order[2:13]
    if kind == "split":
        part = torch.utils.data.random_split(whole, [14, ROWS - 14], torch.Generator().manual_seed(seed))[0]
        return part, list(part.indices), list(part.indices)
    if kind == "concat":
        parts = [Subset(whole, order[:6]), TensorDataset(x[10:], y[10:])]
        rows = order[:6] + everything[10:]
        return ConcatDataset(parts), list(range(len(rows))), rows
    if kind == "indexed":
        return Indexed(whole), everything, everything
    if kind == "indexed subset":
        return Indexed(Subset(whole, order)), order, order
    if kind == "subset of concat":
        both = ConcatDataset([TensorDataset(x[:10], y[:10]), Rows(x[10:], y[10:], "tuples")])
        return Subset(both, order), order, order
    if kind == "indexed concat":
        return Indexed(ConcatDataset([whole, whole])), list(range(2 * ROWS)), everything * 2
    if kind == "stack":
        return StackDataset(x, y), everything, everything
    if kind == "keyed":
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


class Skipping(DataLoader):
    """Leaves every batch out whose first row is of one kind, as loaders of one's own do."""

    passes = 0

    def __iter__(self) -> Any:
        self.passes += 1
        for place, batch in enumerate(super().__iter__()):
            if place not in (1, 3):
                yield batch


class Ahead(DataLoader):
    """Fetches batches before they are asked for."""

    def __iter__(self) -> Any:
        waiting: list[Any] = []
        for batch in super().__iter__():
            waiting.append(batch)
            if len(waiting) > 2:
                yield waiting.pop(0)
        yield from waiting


class Own(Sampler):
    """An order of the user's own, in numbers of numpy."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.rng = size, np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Any:
        return iter(self.rng.permutation(self.size))


class Batches(Sampler):
    """Batches of uneven lengths, as lists or tensors."""

    def __init__(self, size: int, seed: int, tensors: bool) -> None:
        self.size, self.rng, self.tensors = size, np.random.default_rng(seed), tensors

    def __len__(self) -> int:
        return (self.size + 3) // 4

    def __iter__(self) -> Any:
        order = self.rng.permutation(self.size)
        for start in range(0, self.size, 4):
            part = order[start : start + 4]
            yield torch.from_numpy(part) if self.tensors else part.tolist()


def loader_of(
    order: str, collate: str, seed: int, dataset: Any, *, stream: bool, workers: int = 0
) -> DataLoader:
    """Make a loader."""
    generator = torch.Generator().manual_seed(seed)
    options: dict[str, Any] = {"batch_size": 7 if seed % 3 == 0 else 6, "generator": generator}
    kind: Any = {"skipping loader": Skipping, "loader ahead": Ahead}.get(order, DataLoader)
    if stream:
        pass
    elif order == "replacement":
        weights = torch.arange(1.0, len(dataset) + 1)
        options["sampler"] = WeightedRandomSampler(
            weights, len(dataset), generator=torch.Generator().manual_seed(3)
        )
    elif order == "own sampler":
        options["sampler"] = Own(len(dataset), seed)
    elif order in ("batch sampler", "tensor batches"):
        options["batch_sampler"] = Batches(len(dataset), seed, order == "tensor batches")
        del options["batch_size"]
    elif order == "batches as sampler":
        options.update(sampler=Batches(len(dataset), seed, False), batch_size=None)
    elif order != "sequence":
        options["shuffle"] = True
    function = collate_of(collate)
    if function is not None:
        options["collate_fn"] = function
    return kind(dataset, num_workers=workers, **options)
