"""Accelerate in one process; `test_ddp.py` has two."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, N, check_means, check_run, matrix, same_weights
from torch import nn
from torch_common import Numbered, data, loader, net, plain_run, weights

import xai_widgets as xw
from xai_widgets.hooks.accelerate import Indexed, watch

accelerate = pytest.importorskip("accelerate")


def run(tracker=None, *, steps=1, precision="no", workers=0, seen=None):
    accelerate.state.AcceleratorState._reset_state(True)
    accelerator = accelerate.Accelerator(
        cpu=True, gradient_accumulation_steps=steps, mixed_precision=precision
    )
    train, evaluation, _, _ = data()
    mark = (lambda rows: rows) if tracker is not None else Numbered
    model, loss = net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model, optimizer, train_loader, eval_loader = accelerator.prepare(
        model, optimizer, loader(mark(train), num_workers=workers), loader(mark(evaluation), shuffle=False)
    )
    watched = None
    if tracker is not None:
        watched = watch(accelerator, model, loss, optimizer, train_loader, tracker, eval_loader=eval_loader)
    means = {}
    torch.manual_seed(5)
    for epoch in (1, 2):
        total = 0.0
        model.train()
        for batch in train_loader:
            with accelerator.accumulate(model):
                out = model(batch[0])
                value = loss(out, batch[1])
                accelerator.backward(value)
                optimizer.step()
                optimizer.zero_grad()
            total += value.item() * len(batch[0])
            if seen is not None:
                each = nn.functional.cross_entropy(out.detach(), batch[1], reduction="none")
                seen.add("train", epoch, batch[2], each)
        model.eval()
        with torch.no_grad():
            for batch in eval_loader:
                out = model(batch[0])
                loss(out, batch[1])
                if seen is not None:
                    seen.add(
                        "eval", epoch, batch[2], nn.functional.cross_entropy(out, batch[1], reduction="none")
                    )
        means[epoch] = total / N
    if watched is not None:
        watched.detach()
        assert type(train_loader).__name__ == "DataLoaderShard"
        assert type(train_loader.base_dataloader.batch_sampler).__name__ != "_Notes"
        assert not loss._forward_hooks
    accelerator.free_memory()
    return model, means, watched


@pytest.mark.parametrize("how", [{"workers": 2}, {"steps": 3}, {"precision": "bf16"}], ids=str)
def test_a_watched_loop_is_the_loop_itself(how):
    from hooks_common import Known

    known, tracker = Known({}), xw.Tracker()
    plain, _, _ = run(seen=known, **how)
    model, means, watched = run(tracker, **how)
    _, _, y, y_eval = data()
    check_run(tracker, known, y.numpy())
    check_run(tracker, known, y_eval.numpy(), mode="eval", size=N_EVAL)
    check_means(tracker, means)
    same_weights(weights(model), weights(plain))
    assert watched.step == 2 * -(-7 // how.get("steps", 1))


def test_skipped_batches_and_dispatched_ones():
    accelerator = accelerate.Accelerator(cpu=True)
    train, _, y, _ = data()
    prepared = accelerator.prepare(loader(train, shuffle=False))
    rest = accelerate.skip_first_batches(prepared, 4)
    tracker, model, loss = xw.Tracker(), net(), nn.CrossEntropyLoss()
    with watch(accelerator, model, loss, None, rest, tracker):
        for x, target in rest:
            loss(model(x), target)
    assert tracker.indices("train").tolist() == list(range(4 * 32, N))
    dispatching = accelerate.data_loader.DataLoaderDispatcher(train, batch_size=32)
    with pytest.raises(ValueError, match=r"dispatch_batches=True.*Indexed"):
        watch(accelerator, model, loss, None, dispatching, tracker)
    indexed = accelerator.prepare(loader(Indexed(train)))
    with watch(accelerator, model, loss, None, indexed, tracker):
        for x, target, _ in indexed:
            loss(model(x), target)
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == y.tolist()


def test_several_processes_need_a_log():
    accelerator = accelerate.Accelerator(cpu=True)

    class Two:
        num_processes = 2

    with pytest.raises(ValueError, match=r"log_dir=.*follow"):
        watch(Two(), net(), nn.CrossEntropyLoss(), None, loader(data()[0]), xw.Tracker())
    assert accelerator.num_processes == 1


def parts(seed=0):
    """A prepared loop's parts, in a new accelerator."""
    accelerate.state.AcceleratorState._reset_state(True)
    accelerator = accelerate.Accelerator(cpu=True)
    model = net(seed)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    return accelerator, *accelerator.prepare(model, optimizer, loader(data()[0])), nn.CrossEntropyLoss()


def train(accelerator, model, optimizer, batches, loss, epochs, until=None):
    for epoch in range(epochs):
        for place, (x, y) in enumerate(batches):
            if (epoch, place) == until:
                raise RuntimeError("the disk is full")
            accelerator.backward(loss(model(x), y))
            optimizer.step()
            optimizer.zero_grad()


def test_an_exception_in_the_middle_keeps_what_came_before():
    accelerator, model, optimizer, batches, loss = parts()
    tracker, known = xw.Tracker(), plain_run(epochs=2)
    torch.manual_seed(5)
    with (
        pytest.raises(RuntimeError, match="the disk is full"),
        watch(accelerator, model, loss, optimizer, batches, tracker),
    ):
        train(accelerator, model, optimizer, batches, loss, 2, until=(1, 3))
    assert tracker.status == "failed"
    found = matrix(tracker, "train", N)
    assert np.isfinite(found).sum(1).tolist() == [N, 3 * 32]
    want = np.array([[known.losses["train"][epoch][i] for i in range(N)] for epoch in (1, 2)])
    np.testing.assert_allclose(found[0], want[0], atol=1e-5)
    assert not loss._forward_hooks


def test_a_polite_stop_and_leaving_early():
    accelerator, model, optimizer, batches, loss = parts()
    tracker = xw.Tracker()
    with watch(accelerator, model, loss, optimizer, batches, tracker):
        for _ in range(3):
            for place, (x, y) in enumerate(batches):
                accelerator.backward(loss(model(x), y))
                optimizer.step()
                if tracker.epoch == 2 and place == 2:
                    tracker.request_stop()
    assert np.isfinite(matrix(tracker, "train", N)).sum(1).tolist() == [N, 3 * 32]
    assert tracker.status == "ended"


def test_an_epoch_that_was_cut_goes_on_under_its_number():
    from accelerate import skip_first_batches

    def step(accelerator, model, optimizer, loss, batch):
        accelerator.backward(loss(model(batch[0]), batch[1]))
        optimizer.step()
        optimizer.zero_grad()

    accelerator, model, optimizer, batches, loss = parts()
    order = batches.base_dataloader.generator.get_state()
    whole, kept = xw.Tracker(), {}
    torch.manual_seed(5)
    with watch(accelerator, model, loss, optimizer, batches, whole):
        for epoch in (1, 2):
            for place, batch in enumerate(batches):
                step(accelerator, model, optimizer, loss, batch)
                if (epoch, place) == (1, 3):
                    kept = copy.deepcopy([one.state_dict() for one in (model, optimizer, whole)])
                    random = torch.get_rng_state()

    accelerator, model, optimizer, batches, loss = parts(seed=1)
    resumed = xw.Tracker()
    for one, state in zip((model, optimizer, resumed), kept, strict=True):
        one.load_state_dict(state)
    batches.base_dataloader.generator.set_state(order)
    for rest in (skip_first_batches(batches, 4), batches):
        with watch(accelerator, model, loss, optimizer, rest, resumed):
            torch.set_rng_state(random)
            for batch in rest:
                step(accelerator, model, optimizer, loss, batch)
            random = torch.get_rng_state()
    np.testing.assert_array_equal(matrix(resumed, "train", N), matrix(whole, "train", N))
    assert list(resumed.instance_series([0], "loss", mode="train").steps) == [7, 14]
    assert resumed.counts("train").duplicates == 0


def test_resuming_from_a_checkpoint(tmp_path):
    accelerator, model, optimizer, batches, loss = parts()
    whole = xw.Tracker()
    torch.manual_seed(5)
    with watch(accelerator, model, loss, optimizer, batches, whole):
        train(accelerator, model, optimizer, batches, loss, 4)
    expected = weights(model)

    accelerator, model, optimizer, batches, loss = parts()
    half = xw.Tracker()
    accelerator.register_for_checkpointing(half)
    torch.manual_seed(5)
    with watch(accelerator, model, loss, optimizer, batches, half):
        train(accelerator, model, optimizer, batches, loss, 2)
    accelerator.save_state(str(tmp_path))
    order = batches.base_dataloader.generator.get_state()

    accelerator, model, optimizer, batches, loss = parts(seed=1)
    rest = xw.Tracker()
    accelerator.register_for_checkpointing(rest)
    accelerator.load_state(str(tmp_path))
    batches.base_dataloader.generator.set_state(order)
    with watch(accelerator, model, loss, optimizer, batches, rest) as watched:
        train(accelerator, model, optimizer, batches, loss, 2)
    np.testing.assert_array_equal(matrix(half, "train", N), matrix(whole, "train", N)[:2])
    np.testing.assert_array_equal(matrix(rest, "train", N), matrix(whole, "train", N))
    same_weights(weights(model), expected)
    assert watched.epoch == 4
