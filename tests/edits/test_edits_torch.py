"""Edits in a plain PyTorch loop: no excluded sample after its epoch began, the new label in the loss, nothing else changed."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xai_widgets as xw

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.utils.data import (  # noqa: E402
    BatchSampler,
    ConcatDataset,
    DataLoader,
    RandomSampler,
    Sampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

N = 40
WHOLE = TensorDataset(torch.arange(N, dtype=torch.float32)[:, None], torch.arange(N) % 4)


class Backwards(Sampler):
    """A batch sampler of one's own."""

    def __iter__(self):
        yield from (list(range(at, max(at - 6, -1), -1)) for at in range(N - 1, -1, -6))

    def __len__(self):
        return (N + 5) // 6


LOADERS = {
    "shuffled": lambda: DataLoader(WHOLE, 8, shuffle=True),
    "ragged, last dropped": lambda: DataLoader(WHOLE, 7, shuffle=True, drop_last=True),
    "weighted": lambda: DataLoader(WHOLE, 8, sampler=WeightedRandomSampler([1.0] * 20 + [5.0] * 20, 60)),
    "batch sampler": lambda: DataLoader(WHOLE, batch_sampler=BatchSampler(RandomSampler(WHOLE), 6, False)),
    "own batch sampler": lambda: DataLoader(WHOLE, batch_sampler=Backwards()),
    "subset": lambda: DataLoader(Subset(WHOLE, range(5, 35)), 8, shuffle=True),
    "concatenated": lambda: DataLoader(
        ConcatDataset([Subset(WHOLE, range(20)), Subset(WHOLE, range(20, N))]), 8, shuffle=True
    ),
    "one by one": lambda: DataLoader(WHOLE, batch_size=None, shuffle=True),
    "indexed": lambda: DataLoader(xw.hooks.torch.Indexed(WHOLE), 8, shuffle=True),
}


class Loop:
    """A loop that notes what it drew, and with which labels."""

    def __init__(self, loader, edits, tracker):
        torch.manual_seed(0)
        self.model = nn.Linear(1, 4)
        self.optimizer = torch.optim.SGD(self.model.parameters(), 1e-4)
        self.loss = nn.CrossEntropyLoss()
        self.loader, self.edits, self.tracker = loader, edits, tracker
        self.drawn: list[dict[int, int]] = []
        self.sizes: list[list[int]] = []

    def watch(self):
        return xw.hooks.torch.watch(
            self.model, self.loss, self.optimizer, self.loader, self.tracker, edits=self.edits
        )

    def epoch(self, after_first=lambda: None):
        drawn, sizes = {}, []
        for place, (x, y, *_) in enumerate(self.loader):
            x, y = x.reshape(-1, 1), y.reshape(-1)
            drawn.update(zip(x[:, 0].int().tolist(), y.tolist(), strict=True))
            sizes.append(len(x))
            self.optimizer.zero_grad()
            self.loss(self.model(x), y).backward()
            self.optimizer.step()
            if place == 0:
                after_first()
        self.drawn.append(drawn)
        self.sizes.append(sizes)

    def weights(self):
        return [p.detach().numpy().copy() for p in self.model.parameters()]


@pytest.mark.parametrize("kind", LOADERS)
def test_an_edit_within_an_epoch_reaches_the_next_one(kind):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    loop = Loop(LOADERS[kind](), edits, tracker)

    def decide():
        edits.exclude([10, 11, 12], force=True)
        edits.relabel(20, 3, force=True)

    with loop.watch():
        loop.epoch(after_first=decide)
        loop.epoch()
        edits.undo()
        loop.epoch()
    first, second, third = loop.drawn
    assert all(label == index % 4 for index, label in first.items()), "the epoch goes on as it began"
    assert not {10, 11, 12} & set(second)
    assert second.get(20, 3) == 3
    assert all(label == index % 4 for index, label in second.items() if index != 20)
    assert not {10, 11, 12} & set(third), "only the relabelling was undone"
    assert third.get(20, 0) == 0
    recorded = tracker.instance_series(list(range(N)), "loss", mode="train")
    if kind != "one by one":
        assert np.isnan(recorded.values[10:13, 1]).all()
    if kind == "shuffled":
        assert loop.sizes[1] == [8, 8, 8, 8, 5], "batches are filled up"
    assert not tracker.problems


def test_a_run_without_edits_is_the_same_to_the_last_bit():
    def run(watched):
        torch.manual_seed(7)
        tracker = xw.Tracker()
        loop = Loop(LOADERS["shuffled"](), xw.Edits(tracker), tracker)
        if watched:
            with loop.watch():
                loop.epoch()
                loop.epoch()
        else:
            loop.epoch()
            loop.epoch()
        return loop.weights()

    for one, other in zip(run(True), run(False), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_is_replayed_from_its_edits(tmp_path):
    def run(edits, replay, decide):
        torch.manual_seed(7)
        loop = Loop(LOADERS["shuffled"](), edits, xw.Tracker())
        begin = type(edits).begin_epoch
        if replay:
            edits.begin_epoch = lambda epoch, replay=False: begin(edits, epoch, replay=True)
        with loop.watch():
            for epoch in range(4):
                loop.epoch(after_first=lambda epoch=epoch: decide(epoch))
        return loop

    edits = xw.Edits(tmp_path)
    decisions = {0: lambda: edits.exclude([1, 2]), 2: lambda: edits.relabel([3, 5], [0, 0])}
    one = run(edits, False, lambda epoch: decisions.get(epoch, lambda: None)())
    other = run(xw.Edits(tmp_path), True, lambda epoch: None)
    assert one.drawn == other.drawn
    for a, b in zip(one.weights(), other.weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([k for k in LOADERS if k != "one by one"]),
    st.lists(st.tuples(st.sampled_from(["exclude", "restore", "undo"]), st.integers(0, N - 1)), max_size=20),
    st.integers(0, 2**31 - 1),
)
def test_no_excluded_sample_is_drawn_after_its_epoch_began(kind, steps, seed):
    rng = np.random.default_rng(seed)
    edits = xw.Edits(xw.Tracker())
    loop = Loop(LOADERS[kind](), edits, xw.Tracker())
    torch.manual_seed(seed)
    with loop.watch():
        waiting = list(steps)

        def decide():
            for _ in range(int(rng.integers(0, 8))):
                if waiting:
                    operation, index = waiting.pop()
                    if operation == "undo":
                        if len(edits.state()):
                            edits.undo()
                    else:
                        getattr(edits, operation)(index)

        for _ in range(4):
            state = edits.state()
            excluded = set(state.index[state.excluded].tolist())
            decided = threading.Thread(target=decide)  # another thread decides while the epoch runs
            loop.epoch(after_first=decided.start)
            decided.join()
            assert not excluded & set(loop.drawn[-1])
            if kind in ("shuffled", "batch sampler", "own batch sampler", "concatenated", "indexed"):
                assert excluded | set(loop.drawn[-1]) == set(range(N))


def test_persistent_workers_draw_no_excluded_sample_either():
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    loader = DataLoader(WHOLE, 4, shuffle=True, num_workers=2, persistent_workers=True, prefetch_factor=4)
    loop = Loop(loader, edits, tracker)
    with loop.watch():
        for epoch in range(4):
            loop.epoch(after_first=lambda epoch=epoch: edits.exclude([epoch, 20 + epoch], force=True))
    gone: set[int] = set()
    for epoch, drawn in enumerate(loop.drawn):
        assert not gone & set(drawn)
        assert gone | set(drawn) == set(range(N))
        gone |= {epoch, 20 + epoch}
    del loop, loader


def test_batches_of_dictionaries_and_own_places_of_labels():
    class Named(torch.utils.data.Dataset):
        def __len__(self):
            return N

        def __getitem__(self, index):
            return {"x": WHOLE[index][0], "kind": WHOLE[index][1]}

    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    edits.relabel(5, 2)
    model = nn.Linear(1, 4)
    loss, loader = nn.CrossEntropyLoss(), DataLoader(Named(), 8)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    for label, wanted in (("kind", 2), (None, 1)):
        with xw.hooks.torch.watch(
            model, loss, optimizer, loader, xw.Tracker(), label=label, edits=edits
        ) as w:
            seen = {}
            for batch in loader:
                seen.update(zip(batch["x"][:, 0].int().tolist(), batch["kind"].tolist(), strict=True))
                loss(model(batch["x"]), batch["kind"]).backward()
                optimizer.step()
            problems = w._feed.tracker.problems
        assert seen[5] == wanted
        assert bool([p for p in problems if "say where it is with watch(..., label=)" in p]) == (
            label is None
        )


def test_what_could_not_be_kept_to_is_refused_or_told():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(WHOLE)

    model, loss, edits = nn.Linear(1, 4), nn.CrossEntropyLoss(), xw.Edits(xw.Tracker())
    stream = DataLoader(xw.hooks.torch.Indexed(Stream(), key=lambda row: int(row[0])), 8)
    with pytest.raises(ValueError, match=r"edits\.apply"):
        xw.hooks.torch.watch(model, loss, None, stream, xw.Tracker(), edits=edits)
    with pytest.raises(TypeError, match=r"expects an xai_widgets\.Edits; got str"):
        xw.hooks.torch.watch(model, loss, None, DataLoader(WHOLE, 8), xw.Tracker(), edits="runs/7")
    edits.reweight(3, 0.5)
    tracker = xw.Tracker()
    loader = DataLoader(WHOLE, 8)
    with xw.hooks.torch.watch(model, loss, None, loader, tracker, edits=edits) as watch:
        with pytest.warns(RuntimeWarning, match=r"edits\.weights\(watch\.index\)"):
            batches = iter(loader)
        for x, y in batches:
            weights = torch.as_tensor(edits.weights(watch.index))
            assert weights.tolist() == [0.5 if i == 3 else 1.0 for i in x[:, 0].int().tolist()]
            loss(model(x), y)
