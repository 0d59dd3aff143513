"""What somebody who never read our documentation computes of a batch: each row is right, missing, or told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from strangers import CLASSES, FEATURES, Loops, N, Seen, check, each, net, rows, shuffled, train
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw
from xai_widgets.hooks.torch import watch

LOOPS = Loops()
loop = LOOPS.loop

pytestmark = pytest.mark.filterwarnings("ignore")  # what is told is looked at in `problems`


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
def masks_its_rows() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        sure = model(a).softmax(1).max(1).values > 0.4
        return loss(model(a)[sure], b[sure]) if bool(sure.any()) else model(a).sum() * 0

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


@loop("right")
def smooths_its_labels() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        return loss(model(a), 0.9 * F.one_hot(b, CLASSES) + 0.1 / CLASSES)

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model, label_smoothing=0.1), y)


@loop("right")
def asks_of_each_class_alone() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        return loss(model(a), F.one_hot(b, CLASSES).float())

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.BCEWithLogitsLoss(), model)
    right = F.binary_cross_entropy_with_logits(
        model(x), F.one_hot(y, CLASSES).float(), reduction="none"
    ).mean(1)
    return Seen(tracker, right, y)


@loop("told")
def attacks_itself() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        a = a.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(model(a), b), a)
        return loss(model((a + 0.1 * slope.sign()).detach()), b)

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


@loop("told")
def leaves_padding_out() -> Seen:
    generator = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(N, 5, FEATURES, generator=generator),
        torch.randint(0, CLASSES, (N, 5), generator=generator),
    )
    lengths = torch.randint(2, 6, (N,), generator=generator)
    model = net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b, n = batch
        kept = torch.arange(5)[None] < n[:, None]
        return loss(model(a)[kept], b[kept])

    tracker = train(step, shuffled(TensorDataset(x, y, lengths)), nn.CrossEntropyLoss(), model)
    kept = torch.arange(5)[None] < lengths[:, None]
    values = (
        F.cross_entropy(model(x).transpose(1, 2), y, reduction="none").masked_fill(~kept, 0).sum(1) / lengths
    )
    return Seen(tracker, values)


@loop("right")
def codes_with_noise() -> Seen:
    (x, _), model = rows(), net(FEATURES)
    noise = torch.randn(N, FEATURES, generator=torch.Generator().manual_seed(8))

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        return loss(model(a + b), a) + 0.01 * model(a).square().mean()

    tracker = train(step, shuffled(TensorDataset(x, noise)), nn.MSELoss(), model)
    return Seen(tracker, (model(x + noise) - x).square().mean(1))


@loop("right")
def compiles_its_model() -> Seen:
    (x, y), model = rows(), net()
    compiled = torch.compile(model, backend="eager")
    tracker = train(
        lambda m, loss, batch: loss(compiled(batch[0]), batch[1]),
        shuffled(TensorDataset(x, y)),
        nn.CrossEntropyLoss(),
        model,
    )
    return Seen(tracker, each(model), y)


@loop("right")
def counts_its_hits_with_the_loss() -> Seen:
    (x, y), model = rows(), net()

    def step(model: Any, loss: Any, batch: Any) -> Any:
        a, b = batch
        value = loss(model(a), b)
        with torch.no_grad():
            loss(model(a), b).item()
        return value

    tracker = train(step, shuffled(TensorDataset(x, y)), nn.CrossEntropyLoss(), model)
    return Seen(tracker, each(model), y)


def test_a_loss_that_is_no_number_is_the_same_when_it_is_called_again() -> None:
    """That of a batch whose labels are all ignored."""
    (x, y), model = rows(), net()
    y[:16] = -100

    def step(m: Any, loss: Any, batch: Any) -> torch.Tensor:
        out = m(batch[0])
        float(loss(out, batch[1]))
        return loss(out, batch[1])

    tracker = train(step, DataLoader(TensorDataset(x, y), 8), nn.CrossEntropyLoss(), model)
    assert not tracker.problems
    values = np.asarray(tracker.instance_series(range(16, N), "loss", mode="train").values)
    np.testing.assert_allclose(values[:, 0], each(model).detach().numpy()[16:], rtol=1e-4)


@pytest.mark.parametrize("batches", [1, 6])
def test_what_is_said_of_two_views_is_what_is_recorded(batches: int) -> None:
    """Only what the model returns tells which call is of the batch, and it is heard from the second batch on."""
    (x, y), model, tracker, loss = rows(), net(), xw.Tracker(), nn.CrossEntropyLoss()
    other = nn.Linear(FEATURES, CLASSES)
    loader = shuffled(TensorDataset(x, y))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, loss, optimizer, loader, tracker):
        for a, b in itertools.islice(loader, batches):
            (loss(other(a), b) + loss(model(a), b)).backward()
            optimizer.step()
    told = "recorded is call 2" if batches > 1 else "such batches are not recorded"
    assert told in tracker.problems[0]
    seen = Seen(tracker, each(model), y)
    assert not seen.wrong()
    assert seen.missing() == (N if batches == 1 else 0)


@pytest.mark.parametrize("name", LOOPS)
def test_a_strangers_loop_is_right_or_told(name: str) -> None:
    check(*LOOPS[name])
