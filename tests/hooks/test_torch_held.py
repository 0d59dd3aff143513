"""Short steps are looked at together: the same numbers, from fewer calls, and nobody waits for them."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch_common import loader, net

import xai_widgets as xw
from xai_widgets.hooks.torch import watch
from xai_widgets.hooks.torch.loss import loss_batching as held
from xai_widgets.hooks.torch.loss.per_sample_loss import PerSample

ROWS, BATCH, CLASSES = 320, 16, 10


class Calls:
    """Losses of a loop over random outputs, and what a tracker heard of them."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        loss: Any,
        *,
        short: float = 10.0,
        wait: float | None = None,
        **options: Any,
    ) -> None:
        monkeypatch.setattr(held, "SHORT", short)
        monkeypatch.setattr(held, "WAIT", 1e9 if wait is None else wait)
        monkeypatch.setattr(held, "MOST", 8)
        self.looks: list[int] = []
        look = PerSample.__call__

        def counted(*arguments: Any) -> Any:
            self.looks.append(arguments[4])
            return look(*arguments)

        monkeypatch.setattr(PerSample, "__call__", counted)
        generator = torch.Generator().manual_seed(0)
        self.outputs = torch.randn(ROWS, CLASSES, generator=generator)
        self.targets = torch.randint(CLASSES, (ROWS,), generator=generator)
        self.loss, self.tracker = loss, xw.Tracker()
        self.values: dict[int, float] = {}
        rows = torch.utils.data.TensorDataset(torch.arange(ROWS))
        self.loader = loader(rows, batch_size=BATCH)
        self.watched = watch(net(), loss, None, self.loader, self.tracker, **options)

    def step(
        self, rows: torch.Tensor, targets: torch.Tensor | None = None, change: Any = None
    ) -> torch.Tensor:
        outputs = self.outputs[rows].clone()
        targets = self.targets[rows] if targets is None else targets
        self.loss(outputs, targets)
        alone = type(self.loss)(reduction="none", **settings_of(self.loss))
        each = alone(outputs, targets).reshape(len(rows), -1).mean(1)
        self.values.update(zip(rows.tolist(), each.tolist(), strict=True))
        if change is not None:
            change(outputs)
        return outputs

    def heard(self) -> dict[int, float]:
        """Give what was heard, with the criterion's weights where it has any."""
        metric = "loss_weighted" if "loss_weighted" in self.tracker.metrics("train") else "loss"
        series = self.tracker.instance_series(range(ROWS), metric=metric)
        return {i: float(series.values[i][-1]) for i in range(ROWS) if np.isfinite(series.values[i][-1])}


def settings_of(loss: nn.Module) -> dict[str, Any]:
    names = ("weight", "label_smoothing", "ignore_index", "beta", "delta")
    found = {name: getattr(loss, name) for name in names if hasattr(loss, name)}
    weight = found.get("weight")
    return found | ({"weight": weight.clone()} if weight is not None else {})


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(torch.rand(CLASSES), label_smoothing=0.1),
             nn.CrossEntropyLoss(reduction="sum"), nn.MSELoss(), nn.SmoothL1Loss(beta=0.3), nn.BCEWithLogitsLoss()],
    ids=str,
)  # fmt: skip
def test_values_are_those_of_each_call(monkeypatch: pytest.MonkeyPatch, loss: Any) -> None:
    calls = Calls(monkeypatch, loss)
    for (rows,) in calls.loader:
        classes = isinstance(loss, nn.CrossEntropyLoss)
        calls.step(rows, None if classes else nn.functional.one_hot(calls.targets[rows], CLASSES).float())
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)
    # the first two batches at once: whether a pass is only a look at one is not known before the second; twenty in all
    assert calls.looks == [BATCH, BATCH, 8 * BATCH, 8 * BATCH, 2 * BATCH]
    assert calls.tracker.counts("train").rows == ROWS


def test_outputs_changed_after_the_loss_are_recorded_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, nn.CrossEntropyLoss())
    for (rows,) in calls.loader:
        calls.step(rows, change=lambda outputs: outputs.zero_())
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)


def test_settings_changed_between_calls_count_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = nn.CrossEntropyLoss(torch.ones(CLASSES))
    calls = Calls(monkeypatch, loss)
    for step, (rows,) in enumerate(calls.loader):
        if step == 5:
            loss.label_smoothing = 0.2
        if step == 11:
            loss.weight[3] = 4.0
        calls.step(rows)
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)


def test_a_weight_made_anew_counts_even_in_the_place_of_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = nn.CrossEntropyLoss(torch.ones(CLASSES))
    calls = Calls(monkeypatch, loss)
    for step, (rows,) in enumerate(calls.loader):
        if step % 2:
            loss.weight = None  # freed first: the next one would get its place in memory
            loss.weight = torch.full((CLASSES,), float(step))
        calls.step(rows)
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)


def test_long_steps_do_not_wait_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, nn.CrossEntropyLoss(), short=0.0)
    for step, (rows,) in enumerate(calls.loader):
        calls.step(rows)
        assert (
            calls.tracker.counts("train").rows == step * BATCH
        )  # with the next one it is known that it was the only call
    assert calls.looks == [BATCH] * (ROWS // BATCH)


def test_a_call_does_not_wait_long_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(10**6))
    monkeypatch.setattr(held.time, "monotonic", lambda: float(next(now)))  # a second between two calls
    calls = Calls(monkeypatch, nn.CrossEntropyLoss(), short=1.5, wait=4.5)
    for (rows,) in calls.loader:
        calls.step(rows)
    # from the third batch on each waits for three more, or the first of them would wait for more than 4.5 seconds
    assert calls.looks[:5] == [BATCH, BATCH, 4 * BATCH, 4 * BATCH, 4 * BATCH]
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)


def test_a_state_taken_within_an_epoch_waits_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, nn.CrossEntropyLoss())
    for step, (rows,) in enumerate(calls.loader):
        calls.step(rows)
        if step == 5:
            # another thread does not meddle with what the loop is doing
            other = threading.Thread(target=calls.tracker.state_dict)
            other.start()
            other.join()
            assert calls.tracker.counts("train").rows < 6 * BATCH
            taken = xw.Tracker()
            taken.load_state_dict(calls.tracker.state_dict())
            assert taken.counts("train").rows == 6 * BATCH
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)


def test_a_loop_that_is_left_early_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, nn.CrossEntropyLoss())
    for step, (rows,) in enumerate(calls.loader):
        calls.step(rows)
        if step == 4:
            break
    assert calls.tracker.counts("train").rows == 5 * BATCH


def test_a_batch_that_cannot_be_recorded_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, nn.CrossEntropyLoss())
    bad = []
    for step, (rows,) in enumerate(calls.loader):
        targets = calls.targets[rows].clone()
        calls.step(rows, targets)
        if step == 4:  # the loss itself went well: only what is looked at later is spoilt
            calls.watched._observer._held._calls[-1].targets[0] = CLASSES + 7
            bad = rows.tolist()
    heard = calls.heard()
    assert sorted(heard) == sorted(set(range(ROWS)) - set(bad))
    assert any("not recorded" in problem for problem in calls.tracker.problems)


def test_a_loss_that_is_not_torchs_own_is_looked_at_call_by_call(monkeypatch: pytest.MonkeyPatch) -> None:
    class Centred(nn.CrossEntropyLoss):
        """Its rows depend on each other."""

        def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return super().forward(input - input.mean(0), target)

    calls = Calls(monkeypatch, Centred())
    for (rows,) in calls.loader:
        calls.step(rows)
    assert calls.heard() == pytest.approx(calls.values, rel=1e-6)
    assert calls.looks == [BATCH] * (ROWS // BATCH)


def test_targets_that_are_probabilities_have_losses_in_every_epoch():
    """They are no class numbers: what is looked at together has no logits then, as what is looked at alone."""
    torch.manual_seed(0)
    x = torch.randn(48, 6)
    soft = torch.softmax(torch.randn(48, 4), 1)
    model, loss, tracker = nn.Linear(6, 4), nn.CrossEntropyLoss(), xw.Tracker()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, soft), 8, shuffle=True)
    with watch(model, loss, optimizer, batches, tracker):
        for _ in range(3):
            for a, b in batches:
                optimizer.zero_grad()
                loss(model(a), b).backward()
                optimizer.step()
    assert np.isfinite(tracker.instance_series(list(range(48)), "loss", mode="train").values).all()
    assert not tracker.problems
