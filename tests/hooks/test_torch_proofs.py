"""What a watch of a torch loop proves, what it tells, and that the user's objects stay the user's."""

from __future__ import annotations

import contextlib
import copy
import pickle
import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
)

import xai_widgets as xw
from xai_widgets.hooks.torch import Indexed, watch

N = 64


def data(classes: int = 4, features: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, features, generator=generator), torch.arange(N) % classes


def looped(loader, loss=None, *, step=None, tracker=None, model=None, epochs=1, **options):
    tracker, model = tracker or xw.Tracker(), model or nn.Linear(6, 4)
    loss = loss or nn.CrossEntropyLoss()
    with watch(model, loss, None, loader, tracker, **options) as watched:
        for _ in range(epochs):
            for batch in loader:
                step(model, loss, batch, watched) if step else loss(model(batch[0]), batch[1])
    return tracker, model


def recorded(tracker, mode: str = "train", metric: str = "loss") -> np.ndarray:
    return np.asarray(tracker.instance_series(list(range(N)), metric, mode=mode).values)[:, -1]


# -- the user's objects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["batch_size", "sampler", "drop_last"])
@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_set_on_a_batch_sampler_is_set(what, workers):
    def run(watched):
        torch.manual_seed(0)
        model, loss = nn.Linear(6, 4), nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        loader, sizes = DataLoader(TensorDataset(*data()), 9, shuffle=True, num_workers=workers), []
        with watch(model, loss, optimizer, loader, xw.Tracker()) if watched else contextlib.nullcontext():
            for epoch in range(2):
                if epoch and what == "batch_size":
                    loader.batch_sampler.batch_size = 16
                elif epoch and what == "sampler":
                    loader.batch_sampler.sampler = SubsetRandomSampler(range(20))
                elif epoch:
                    loader.batch_sampler.drop_last = True
                sizes.append(0)
                for x, y in loader:
                    sizes[-1] += len(x)
                    optimizer.zero_grad()
                    loss(model(x), y).backward()
                    optimizer.step()
        return sizes, model.weight.detach().clone()

    (plain, one), (watched, other) = run(False), run(True)
    assert plain == watched
    assert plain[0] != plain[1] or what == "batch_size"
    assert torch.equal(one, other)


class Scaled(Dataset):
    classes = ("bird", "car", "cat", "deer")

    def __init__(self) -> None:
        self.x, self.y = data()
        self.transform = None

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i):
        return (self.x[i] if self.transform is None else self.transform(self.x[i])), int(self.y[i])


def test_indexed_hands_on_what_is_set_and_deleted():
    inner = Scaled()
    indexed = Indexed(inner)
    indexed.transform = lambda x: x * 2
    assert torch.equal(indexed[3][0], 2 * inner.x[3])
    indexed.extra = 7
    assert inner.extra == 7
    del indexed.extra
    assert not hasattr(inner, "extra")


def test_a_watched_loader_is_its_own_class_and_can_be_copied_and_pickled():
    loader = DataLoader(TensorDataset(*data()), 8)
    sampler = loader.batch_sampler
    with watch(nn.Linear(6, 4), nn.CrossEntropyLoss(), None, loader, xw.Tracker()):
        assert isinstance(loader, DataLoader)
        assert type(loader).__name__ == "DataLoader"
        assert loader.batch_sampler is sampler
        assert type(loader.batch_sampler) is BatchSampler
        for other in (copy.copy(loader), copy.deepcopy(loader), pickle.loads(pickle.dumps(loader))):
            assert type(other) is DataLoader
            assert len(list(other)) == len(list(loader)) == 8
    assert type(loader) is DataLoader


def test_watched_models_and_losses_can_be_saved_and_their_copies_are_not_the_model(tmp_path):
    torch.manual_seed(0)
    model, tracker = nn.Linear(6, 4), xw.Tracker()
    loader = DataLoader(TensorDataset(*data()), 16)
    with watch(model, F.cross_entropy, None, loader, tracker):
        teacher = copy.deepcopy(model)
        with torch.no_grad():
            teacher.weight.mul_(5)
        torch.save(model, tmp_path / "model.pt")
        saved = torch.load(tmp_path / "model.pt", weights_only=False)
        for x, y in loader:
            teacher(x)
            saved(x)
            F.cross_entropy(model(x), y)
    x, y = data()
    assert np.allclose(recorded(tracker), F.cross_entropy(model(x), y, reduction="none").detach(), atol=1e-5)
    assert not tracker.problems
    loss = nn.CrossEntropyLoss()
    with watch(model, loss, None, loader, xw.Tracker()):
        assert isinstance(pickle.loads(pickle.dumps(loss)), nn.CrossEntropyLoss)
        copy.deepcopy(loss)(torch.randn(2, 4), torch.tensor([0, 1]))


@pytest.mark.parametrize("first", [0, 1])
def test_two_watches_are_taken_off_in_any_order(first):
    model, loss = nn.Linear(6, 4), nn.CrossEntropyLoss()
    loss.compile(backend="eager")
    loader, trackers = DataLoader(TensorDataset(*data()), 16), [xw.Tracker(), xw.Tracker()]
    compiled = loss._compiled_call_impl
    watches = [watch(model, loss, None, loader, tracker) for tracker in trackers]
    for x, y in loader:
        loss(model(x), y)
    watches[first].detach()
    for x, y in loader:
        loss(model(x), y)
    watches[1 - first].detach()
    assert type(loader) is DataLoader
    assert loss._compiled_call_impl is compiled
    assert not loss._forward_hooks
    epochs = [len(one.instance_series([0], "loss", mode="train").epochs) for one in trackers]
    assert sorted(epochs) == [1, 2]
    assert epochs[first] == 1


def test_nothing_of_a_watch_keeps_its_objects():
    model, loss = nn.Linear(6, 4), nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(*data()), 16)
    looped(loader, loss, model=model)
    known = [weakref.ref(one) for one in (model, loss, loader)]
    del model, loss, loader
    import gc

    gc.collect()
    assert [one() for one in known] == [None] * 3


# -- which sample a row is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 2])
def test_names_are_proved_by_the_samples_as_they_are_fetched(workers):
    tracker, _ = looped(DataLoader(Scaled(), 8, shuffle=True, num_workers=workers))
    check = tracker.check()
    assert check.ok
    rows = 16 * max(1, workers)  # the first two batches of every worker
    assert f"train labels proved on {rows} of {rows} rows" in str(check)
    assert "64 train samples, named by the data set's order" in str(check)
    assert "agrees in 8 of 8 batches" in str(check)
    assert "4 classes, softmax" in str(check)
    assert "names: bird, car, cat, ... from the data set" in str(check)
    assert not tracker.problems


def test_labels_in_memory_prove_names_where_samples_are_not_seen():
    loader = DataLoader(TensorDataset(*data()), 8, shuffle=True, num_workers=1, persistent_workers=True)
    tracker, _ = looped(loader)
    assert "labels proved on" in str(tracker.check())
    assert tracker.check().ok


def collated(kind):
    def collate(samples):
        if kind == "sorts":
            samples = sorted(samples, key=lambda one: float(one[0][0]))
        elif kind == "drops":
            samples = samples[1:]
        elif kind == "repeats":
            samples = [one for one in samples for _ in range(2)]
        elif kind == "reverses":
            samples = samples[::-1]
        return default_collate(samples)

    return collate


@pytest.mark.parametrize("kind", ["sorts", "drops", "repeats", "reverses"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_collate_function_that_changes_rows_is_found_out(kind, workers):
    loader = DataLoader(Scaled(), 8, shuffle=True, collate_fn=collated(kind), num_workers=workers)
    tracker, _ = looped(loader)
    assert not tracker.modes
    assert len(tracker.problems) == 1
    assert "Indexed" in tracker.problems[0]
    assert not tracker.check().ok


def test_a_subset_names_samples_of_the_whole():
    full, tracker = TensorDataset(*data()), xw.Tracker()
    for fold in range(4):
        part = Subset(full, [i for i in range(N) if i % 4 == fold])
        looped(DataLoader(part, 8, shuffle=True), tracker=tracker)
    assert tracker.indices("train").tolist() != list(range(16))
    assert sorted(tracker.indices("train").tolist()) == list(range(N))
    part = Subset(Subset(full, range(10, 40)), [5, 7, 1])
    samples = xw.samples.as_samples(part)
    tracker, _ = looped(DataLoader(part, 2))
    assert sorted(tracker.indices("train").tolist()) == sorted(samples.indices) == [11, 15, 17]
    assert [row[2] for row in Indexed(part)] == [15, 17, 11]


def test_several_loaders_in_one_step_keep_their_own_batches():
    x, y = data()
    one = DataLoader(TensorDataset(x, y), 8, shuffle=True)
    other = DataLoader(TensorDataset(x + 1, y), 4, shuffle=True)
    model, loss, tracker = nn.Linear(6, 4), nn.CrossEntropyLoss(), xw.Tracker()
    with watch(model, loss, None, {"a": one, "b": other}, tracker):
        for (xa, ya), (xb, yb) in zip(one, other, strict=False):
            loss(model(xb), yb) + loss(model(xa), ya)
    for name, shift in (("a", 0), ("b", 1)):
        series = tracker.instance_series(range(N), "loss", mode="train", ds_id=name)
        want = F.cross_entropy(model(x + shift), y, reduction="none").detach().numpy()
        seen = np.isfinite(series.values[:, 0])
        assert seen.sum() == (64 if name == "a" else 32)
        assert np.allclose(series.values[seen, 0], want[seen], atol=1e-5)
    assert not tracker.problems


# -- which call is the loss --------------------------------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.main, self.side = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x):
        return self.main(x), self.side(x)


@pytest.mark.parametrize("order", [("side", "main"), ("main", "side")])
def test_of_several_calls_the_models_main_output_counts_and_that_is_told(order):
    model, loss, tracker = Two(), nn.CrossEntropyLoss(), xw.Tracker()
    loader = DataLoader(TensorDataset(*data()), 16)

    def step(model, loss, batch, watched):
        out = dict(zip(("main", "side"), model(batch[0]), strict=True))
        for name in order:
            loss(out[name], batch[1])

    looped(loader, loss, step=step, model=model, tracker=tracker)
    x, y = data()
    want = F.cross_entropy(model(x)[0], y, reduction="none").detach().numpy()
    assert np.allclose(
        recorded(tracker), want, atol=1e-5
    )  # the first batch, too, of which it was known only later
    assert len(tracker.problems) == 1
    assert "called 2 times" in tracker.problems[0]


def test_losses_may_be_named_as_metrics_of_their_own():
    model, main, side = Two(), nn.CrossEntropyLoss(), nn.CrossEntropyLoss()

    def step(model, loss, batch, watched):
        a, b = model(batch[0])
        side(b, batch[1]) + main(a, batch[1])

    tracker, _ = looped(
        DataLoader(TensorDataset(*data()), 16), {"loss": main, "side": side}, step=step, model=model
    )
    x, y = data()
    for metric, out in zip(("loss", "side"), model(x), strict=True):
        want = F.cross_entropy(out, y, reduction="none").detach().numpy()
        assert np.allclose(recorded(tracker, metric=metric), want, atol=1e-5)
    assert not tracker.problems


def test_a_criterion_that_returns_another_number_is_told_and_not_recorded():
    class Odd(nn.CrossEntropyLoss):
        def forward(self, outputs, targets):
            value = super().forward(outputs, targets)
            return value if self.reduction == "none" else value * 3

    tracker, _ = looped(DataLoader(TensorDataset(*data()), 16), Odd())
    assert not tracker.modes
    assert "the criterion returned" in tracker.problems[0]


def test_weights_of_a_users_criterion_are_left_out_too():
    class Focal(nn.Module):
        def __init__(self, alpha):
            super().__init__()
            self.alpha, self.reduction = alpha, "mean"

        def forward(self, outputs, targets):
            each = F.cross_entropy(outputs, targets, reduction="none")
            each = self.alpha[targets] * (1 - (-each).exp()) ** 2 * each
            return each if self.reduction == "none" else each.mean()

    alpha = torch.tensor([4.0, 1.0, 1.0, 0.1])
    loss = Focal(alpha)
    tracker, model = looped(DataLoader(TensorDataset(*data()), 16), loss)
    x, y = data()
    each = F.cross_entropy(model(x), y, reduction="none").detach()
    want = (1 - (-each).exp()) ** 2 * each
    assert np.allclose(recorded(tracker), want, atol=1e-5)
    assert np.allclose(recorded(tracker, metric="loss_weighted"), alpha[y] * want, atol=1e-5)
    assert loss.alpha is alpha
    assert not tracker.problems


def test_a_function_is_proved_by_the_gradient_that_reaches_the_output():
    def run(scale):
        torch.manual_seed(0)
        model, tracker = nn.Linear(6, 4), xw.Tracker()
        loader = DataLoader(TensorDataset(*data()), 16)
        with watch(model, F.cross_entropy, None, loader, tracker):
            for x, y in loader:
                out = model(x)
                value = F.cross_entropy(out, y) if scale else F.mse_loss(out, F.one_hot(y, 4).float())
                (0.25 * value).backward()
        return tracker

    tracker = run(True)
    assert not tracker.problems
    assert "agrees in 3 of 3 batches" in str(tracker.check())
    tracker = run(False)
    assert "the gradient that reaches the model's output" in tracker.problems[0]
    assert not tracker.check().ok


# -- labels and epochs -----------------------------------------------------------------------------------------------------


def test_rows_without_a_label_take_nothing_from_their_neighbours():
    x, y = data()
    y = torch.where(torch.arange(N) % 5 == 0, -1, y)
    tracker, model = looped(DataLoader(TensorDataset(x, y), 16), nn.CrossEntropyLoss(ignore_index=-1))
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert [label is None for label in series.labels] == (y == -1).tolist()
    want = F.cross_entropy(model(x), y.clamp(min=0), reduction="none").detach().numpy()
    assert np.allclose(series.values[y != -1, 0], want[y != -1], atol=1e-5)
    assert not tracker.problems

    def masked(model, loss, batch, watched):
        known = batch[1] >= 0
        loss(model(batch[0])[known], batch[1][known])

    other, _ = looped(DataLoader(TensorDataset(x, y), 16), step=masked, model=model)
    assert np.allclose(recorded(other)[y != -1], want[y != -1], atol=1e-5)
    assert np.isnan(recorded(other)[y == -1]).all()


def test_soft_targets_of_a_mixture_are_told_and_have_no_label():
    def mixed(model, loss, batch, watched):
        x, y = batch
        soft = 0.6 * F.one_hot(y, 4) + 0.4 * F.one_hot(y, 4)[torch.randperm(len(y))]
        loss(model(x), soft.float())

    torch.manual_seed(0)
    tracker, _ = looped(DataLoader(TensorDataset(*data()), 16), step=mixed)
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == [None] * N
    assert "no function of them" in tracker.problems[0]

    def coarse(model, loss, batch, watched):
        loss(model(batch[0]), batch[1] // 2)

    tracker, _ = looped(DataLoader(TensorDataset(*data()), 16), step=coarse)
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == (data()[1] // 2).tolist()
    assert not tracker.problems


def test_several_labels_are_several_and_signs_are_classes():
    x, y = data()
    several = F.one_hot(y, 4).float() + F.one_hot((y + 1) % 4, 4).float()
    tracker, _ = looped(DataLoader(TensorDataset(x, several), 16), nn.BCEWithLogitsLoss())
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == [None] * N
    assert "4 labels, each on its own" in str(tracker.check())
    signs = (y > 1).float() * 2 - 1
    tracker, _ = looped(
        DataLoader(TensorDataset(x, signs), 16),
        nn.SoftMarginLoss(),
        model=nn.Sequential(nn.Linear(6, 1), nn.Flatten(0)),
    )
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == signs.int().tolist()


def test_a_look_is_no_epoch_and_an_evaluation_that_is_left_ends():
    model, loss, tracker = nn.Linear(6, 4), nn.CrossEntropyLoss(), xw.Tracker()
    loader, held_out = (DataLoader(TensorDataset(*data()), 16) for _ in range(2))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    ended = []
    tracker.subscribe(
        lambda summary: ended.append((summary.mode, summary.epoch)) if summary.kind == "epoch" else None
    )
    with watch(model, loss, optimizer, loader, tracker, eval_loader=held_out):
        x, y = next(iter(loader))
        loss(model(x), y)  # to see that it runs
        for _ in range(2):
            for x, y in loader:
                loss(model(x), y).backward()
                optimizer.step()
                next(iter(loader))  # a look in the middle of an epoch
            for x, y in held_out:
                loss(model(x), y)
                break
    assert list(tracker.instance_series([0], "loss", mode="train").epochs) == [1, 2]
    assert ended == [("train", 1), ("eval", 1), ("train", 2), ("eval", 2)]
    assert tracker.counts("train").rows == 2 * N


def test_a_batch_at_a_time_is_one_epoch():
    """A loop that asks for a new iterator in every step."""
    model, loss, tracker = nn.Linear(6, 4), nn.CrossEntropyLoss(), xw.Tracker()
    loader = DataLoader(TensorDataset(*data()), 16, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watch(model, loss, optimizer, loader, tracker):
        for _ in range(10):
            x, y = next(iter(loader))
            loss(model(x), y).backward()
            optimizer.step()
    assert tracker.epoch == 1
    assert tracker.counts("train").rows == 160


def test_the_task_can_be_said():
    tracker, _ = looped(DataLoader(TensorDataset(*data()), 16), task="ranking")
    assert str(tracker.task) == "a ranking"
    with pytest.raises(ValueError, match="unknown task"):
        looped(DataLoader(TensorDataset(*data()), 16), task="regression")


# -- what is found out late ------------------------------------------------------------------------------------------------


def test_rows_since_the_last_look_that_agreed_are_taken_back():
    """A collate function that changes the order in the middle of a pass is found at a later look: those between are withdrawn."""
    x, y = torch.randn(320, 6), torch.arange(320) % 4
    made = []

    def collate(samples):
        made.append(1)
        return default_collate(samples if len(made) < 40 else samples[::-1])

    loader, tracker, model, loss = (
        DataLoader(TensorDataset(x, y), 4, collate_fn=collate),
        xw.Tracker(),
        nn.Linear(6, 4),
        None,
    )
    loss = nn.CrossEntropyLoss()
    with watch(model, loss, None, loader, tracker):
        for a, b in loader:
            loss(model(a), b)
    values = np.asarray(tracker.instance_series(list(range(320)), "loss").values)[:, -1]
    right = F.cross_entropy(model(x), y, reduction="none").detach().numpy()
    seen = np.isfinite(values)
    assert seen[:8].all()
    assert not seen[160:].any()
    np.testing.assert_allclose(values[seen], right[seen], rtol=1e-4)
    assert any("taken back" in problem for problem in tracker.problems)


def test_names_of_the_users_own_are_no_places():
    """Ids that lie within the data set's length, but are no positions in it, are not compared with the labels at these."""

    class Identified(Dataset):
        def __init__(self) -> None:
            self.x, self.targets = data()

        def __len__(self) -> int:
            return N

        def __getitem__(self, i):
            return self.x[i], self.targets[i], (i * 7 + 3) % N

    dataset = Identified()
    loader = DataLoader(dataset, 8, shuffle=True, num_workers=1, persistent_workers=True)
    tracker, model = looped(loader, index=2, epochs=2)
    x, y = data()
    right = F.cross_entropy(model(x), y, reduction="none").detach().numpy()
    ids = [(i * 7 + 3) % N for i in range(N)]
    np.testing.assert_allclose(recorded(tracker)[ids], right, rtol=1e-4)
    assert not tracker.problems
