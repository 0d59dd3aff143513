"""Plain PyTorch: a tapped loader, an indexed data set, what a watch sees and that it leaves no trace."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, N, check_means, check_run, matrix, same_weights
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset
from torch_common import Numbered, data, loader, net, plain_run, user_run, weights

import xai_widgets as xw
from xai_widgets.hooks.torch import Indexed, watch
from xai_widgets.hooks.torch.loss import loss_batching
from xai_widgets.tracking.store import device_buffer


def run(
    tracker, *, epochs=3, loss=None, accumulate=1, target=None, watch_options=None, compiled=False, **options
):
    train, evaluation, _, _ = data()
    model, loss = net(), loss or nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    train_loader, eval_loader = loader(train, **options), loader(evaluation, shuffle=False)
    called = torch.compile(loss, backend="eager") if compiled else loss
    before = trace_of(model, loss, optimizer, train_loader)
    with watch(
        model, called, optimizer, train_loader, tracker, eval_loader=eval_loader, **(watch_options or {})
    ) as watched:
        means = dict(
            enumerate(
                user_run(
                    model,
                    called,
                    optimizer,
                    train_loader,
                    eval_loader,
                    epochs,
                    accumulate=accumulate,
                    target=target,
                ),
                1,
            )
        )
    assert trace_of(model, loss, optimizer, train_loader) == before
    return model, means, watched


def trace_of(model, loss, optimizer, train_loader):
    """Everything that a hook could leave behind."""
    return (
        [
            (k, type(v))
            for m in (model, loss)
            for k, v in sorted(vars(m).items())
            if not k.startswith("_backward")
        ],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in (model, loss)],
        len(optimizer._optimizer_step_post_hooks) + len(optimizer._optimizer_step_pre_hooks),
        type(train_loader),
        type(train_loader.batch_sampler),
        {k: type(v) for k, v in vars(train_loader).items() if k != "_iterator"},
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_watched_run_is_the_run_itself(workers):
    tracker = xw.Tracker()
    known = plain_run(workers=workers)
    model, means, watched = run(tracker, num_workers=workers)
    _, _, y, y_eval = data()
    check_run(tracker, known, y.numpy())
    check_run(tracker, known, y_eval.numpy(), mode="eval", size=N_EVAL)
    check_means(tracker, means)
    same_weights(weights(model), known.weights)
    assert watched.step == 3 * 7
    assert tracker.status == "ended"
    assert tracker.steps_per_epoch == 7
    assert list(tracker.instance_series([0], "loss", mode="train").steps) == [7, 14, 21]
    assert list(tracker.instance_series([0], "loss", mode="eval").steps) == [7, 14, 21]


def test_persistent_workers_and_a_second_watch():
    train, _, y, _ = data()
    known = plain_run(epochs=4, workers=2, persistent_workers=True)
    model = net()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    train_loader, eval_loader = loader(train, num_workers=2, persistent_workers=True), []
    tracker = xw.Tracker()
    torch.manual_seed(5)
    for _ in range(2):  # the second time the workers are running already
        with watch(model, loss, optimizer, train_loader, tracker):
            for _ in range(2):
                model.train()
                for x, target in train_loader:
                    loss(model(x), target).backward()
                    optimizer.step()
                    optimizer.zero_grad()
    for _ in train_loader:  # nothing listens any more
        break
    assert not eval_loader
    check_run(tracker, known, y.numpy())
    same_weights(weights(model), known.weights)


def test_indexed_data_set_under_watch():
    train, _, y, _ = data()
    known = plain_run(epochs=2, workers=2)
    model, tracker = net(), xw.Tracker()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    train_loader = loader(Indexed(train), num_workers=2)
    torch.manual_seed(5)
    with watch(model, loss, optimizer, train_loader, tracker) as watched:
        for _ in range(2):
            for x, target, index in train_loader:
                assert watched.index is index
                loss(model(x), target).backward()
                optimizer.step()
                optimizer.zero_grad()
    check_run(tracker, known, y.numpy())


def test_out_of_order_workers_are_refused_but_carry_indices():
    train, _, y, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match=r"in_order=False.*Indexed"):
        watch(model, loss, optimizer, loader(train, num_workers=2, in_order=False), tracker)
    assert not loss._forward_hooks
    train_loader = loader(Indexed(train), num_workers=2, in_order=False)
    with watch(model, loss, optimizer, train_loader, tracker):
        for x, target, _ in train_loader:
            loss(model(x), target)
    assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == y.tolist()


@pytest.mark.parametrize("accumulate", [2, 3])
def test_gradient_accumulation(accumulate):
    tracker = xw.Tracker()
    known = plain_run(accumulate=accumulate)
    model, _, watched = run(tracker, accumulate=accumulate)
    check_run(tracker, known, data()[2].numpy())
    same_weights(weights(model), known.weights)
    steps = -(-7 // accumulate)
    assert watched.step == 3 * steps
    assert tracker.steps_per_epoch == steps


SMOOTH = {"weight": torch.linspace(0.5, 1.5, 10), "label_smoothing": 0.1}


@pytest.mark.parametrize(
    ("make", "target"),
    [
        (lambda: nn.CrossEntropyLoss(**SMOOTH), None),
        (lambda: nn.CrossEntropyLoss(reduction="sum"), None),
        (lambda: nn.CrossEntropyLoss(), lambda y: F.one_hot(y, 10).float()),
        (lambda: nn.MultiMarginLoss(), None),
    ],
)
def test_other_losses(make, target):
    tracker = xw.Tracker()
    smooth = nn.CrossEntropyLoss(label_smoothing=0.1, reduction="none")
    weighted = getattr(make(), "weight", None) is not None
    known = plain_run(
        epochs=2, loss=make(), target=target or (lambda y: y), difficulty=smooth if weighted else None
    )
    model, _, _ = run(tracker, epochs=2, loss=make(), target=target)
    check_run(tracker, known, data()[2].numpy(), atol=1e-5)
    same_weights(weights(model), known.weights)
    assert ("loss_weighted" in tracker.metrics("train")) == weighted
    if weighted:
        known = plain_run(epochs=2, loss=make())
        for epoch in (1, 2):
            want = [known.losses["train"][epoch][i] for i in range(N)]
            np.testing.assert_allclose(
                matrix(tracker, "train", N, "loss_weighted")[epoch - 1], want, atol=1e-5
            )
    assert "agrees in 14 of 14 batches" in str(tracker.check())
    assert not tracker.problems


def test_a_loss_without_reduction_is_used_as_it_is():
    train, _, y, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, optimizer = (
        nn.CrossEntropyLoss(reduction="none"),
        torch.optim.SGD(model.parameters(), 0.1, momentum=0.9),
    )
    train_loader = loader(train)
    torch.manual_seed(5)
    with watch(model, loss, optimizer, train_loader, tracker):
        for x, target in train_loader:
            loss(model(x), target).mean().backward()
            optimizer.step()
            optimizer.zero_grad()
    check_run(tracker, plain_run(epochs=1), y.numpy())


def test_a_functional_loss_is_asked_for_what_the_model_returned():
    train, _, y, _ = data()
    model, tracker = net(), xw.Tracker()
    optimizer, train_loader = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), loader(train)
    torch.manual_seed(5)
    with watch(model, F.cross_entropy, optimizer, train_loader, tracker):
        for x, target in train_loader:
            F.cross_entropy(model(x), target).backward()
            optimizer.step()
            optimizer.zero_grad()
    known = plain_run(epochs=1)
    check_run(tracker, known, y.numpy())
    same_weights(weights(model), known.weights)


def look_at_ignored_targets(device: str = "cpu"):
    """Watch a pass whose targets of 3 are ignored; return the tracker and the losses by the criterion itself."""
    train, _, y, _ = data()
    model, tracker = net().to(device).eval(), xw.Tracker()
    loss, train_loader = nn.CrossEntropyLoss(ignore_index=3), loader(train)
    with watch(model, loss, None, train_loader, tracker):
        for x, target in train_loader:
            loss(model(x.to(device)), target.to(device))
    with torch.no_grad():
        known = F.cross_entropy(model(train.tensors[0].to(device)), y.to(device), reduction="none").cpu()
    return tracker, torch.where(y == 3, torch.nan, known).numpy()


def check_ignored_targets(tracker, known):
    y = data()[2].numpy()
    np.testing.assert_allclose(matrix(tracker, "train", N)[0], known, rtol=1e-4, atol=1e-5)
    assert tracker.counts("train").nan == int((y == 3).sum())
    assert tracker.labels == tuple(sorted({*y.tolist()} - {3}))


def test_ignored_targets_have_no_loss():
    check_ignored_targets(*look_at_ignored_targets())


def test_a_hook_leaves_it_to_the_tracker_to_take_rows_off_a_device(monkeypatch):
    """The host plays the device, as in tests/tracking/test_device.py."""
    transfers = []
    launch = device_buffer.Transfer.launch
    monkeypatch.setattr(device_buffer.Transfer, "launch", lambda self: (transfers.append(1), launch(self))[1])
    monkeypatch.setattr(loss_batching.Held, "take", lambda *_: None)
    monkeypatch.setattr("xai_widgets.tracking.tracker.off_host", lambda *values: True)
    monkeypatch.setattr(device_buffer, "device_of", lambda values: torch.device("cpu"))
    check_ignored_targets(*look_at_ignored_targets())
    assert 0 < len(transfers) < N // 32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_cuda_a_hook_records_what_the_criterion_says():
    check_ignored_targets(*look_at_ignored_targets("cuda"))


@pytest.mark.parametrize("shifted", [0, 1])
def test_token_losses_are_folded_into_their_sequence(shifted):
    tokens = torch.randint(0, 12, (50, 9), generator=torch.Generator().manual_seed(0))
    tokens[:, -2:] = -100
    tokens[4] = -100
    logits = torch.randn(50, 9, 12, generator=torch.Generator().manual_seed(1))
    rows = torch.utils.data.TensorDataset(logits, tokens)
    loss, tracker, train_loader = nn.CrossEntropyLoss(), xw.Tracker(), loader(rows, batch_size=8)
    with watch(nn.Identity(), loss, None, train_loader, tracker):
        for z, t in train_loader:
            loss(z[:, : 9 - shifted].reshape(-1, 12), t[:, shifted:].reshape(-1))
    each = F.cross_entropy(logits[:, : 9 - shifted].transpose(1, 2), tokens[:, shifted:], reduction="none")
    want = each.sum(1) / (tokens[:, shifted:] != -100).sum(1)
    np.testing.assert_allclose(matrix(tracker, "train", 50)[0], want.numpy(), atol=1e-6)
    assert bool(torch.isnan(want[4]))


def test_a_batch_cut_into_parts_and_a_loss_called_twice():
    train, _, y, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, train_loader = nn.CrossEntropyLoss(), loader(train)
    model.eval()
    with watch(model, loss, None, train_loader, tracker):
        for x, target in train_loader:
            for part, wanted in zip(x.split(9), target.split(9), strict=True):
                loss(model(part), wanted)
            loss(model(x) * 0, target)  # an auxiliary term
    each = F.cross_entropy(model(train.tensors[0]), y, reduction="none")
    np.testing.assert_allclose(matrix(tracker, "train", N)[0], each.detach().numpy(), atol=1e-5)
    assert "called" in tracker.problems[0]


@pytest.mark.parametrize("kind", ["bce", "mse"])
def test_binary_and_regression(kind):
    train, _, y, _ = data()
    x = train.tensors[0]
    target = (y > 4).float()
    rows = torch.utils.data.TensorDataset(x, target[:, None])
    model, tracker, train_loader = nn.Linear(64, 1), xw.Tracker(), loader(rows)
    loss = nn.BCEWithLogitsLoss() if kind == "bce" else nn.MSELoss()
    with watch(model, loss, None, train_loader, tracker):
        for batch, wanted in train_loader:
            loss(model(batch), wanted)
    loss.reduction = "none"
    each = loss(model(x), target[:, None])[:, 0].detach().numpy()
    np.testing.assert_allclose(matrix(tracker, "train", N)[0], each, atol=1e-6)
    labels = tracker.instance_series(range(N), "loss", mode="train").labels
    assert list(labels) == (target.int().tolist() if kind == "bce" else [None] * N)


@pytest.mark.parametrize("how", ["loss", "model", "after the first call", "module.compile", "inside a step"])
def test_torch_compile(how):
    """Hooks registered before and after a compiled function's first call, on what is compiled and around it."""
    torch._dynamo.reset()
    train, _, y, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    x0, y0 = train[0][0][None].repeat(2, 1), train[0][1][None].repeat(2)
    called_model, called_loss = model, loss
    if how in ("loss", "after the first call"):
        called_loss = torch.compile(loss, backend="eager")
    elif how == "model":
        called_model = torch.compile(model, backend="aot_eager")
    elif how == "module.compile":
        loss.compile(backend="eager")
    if how in ("after the first call", "module.compile"):
        called_loss(torch.zeros(2, 10), y0)
    step = lambda x, target: called_loss(called_model(x), target)  # noqa: E731
    if how == "inside a step":
        step = torch.compile(step, backend="eager")
    model.eval()
    before = [value.clone() for value in model.state_dict().values()]
    with watch(model, called_loss, optimizer, train_loader := loader(train), tracker):
        for x, target in train_loader:
            step(x, target)
    assert x0.shape == (2, 64)
    same_weights(weights(model), before)
    each = F.cross_entropy(model(train.tensors[0]), y, reduction="none").detach().numpy()
    np.testing.assert_allclose(matrix(tracker, "train", N)[0], each, atol=1e-5)
    assert not tracker.problems


def test_mixed_precision_and_a_scaler():
    train, _, _, _ = data()
    results = []
    for watched in (False, True):
        model, tracker, known = net(), xw.Tracker(), {}
        loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1)
        scaler = torch.amp.GradScaler("cpu")
        train_loader = loader(train if watched else Numbered(train))
        watching = watch(model, loss, optimizer, train_loader, tracker) if watched else None
        torch.manual_seed(5)
        for _ in range(2):
            for batch in train_loader:
                x, target = batch[:2]
                with torch.autocast("cpu", torch.bfloat16):
                    out = model(x)
                    value = loss(out, target)
                    if not watched:
                        each = F.cross_entropy(out, target, reduction="none")
                        known.update(zip(batch[2].tolist(), each.tolist(), strict=True))
                scaler.scale(value).backward()
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
        if watching is not None:
            assert watching.step == 14
            watching.detach()
            got = matrix(tracker, "train", N)[-1]
            np.testing.assert_allclose(got, [results[0][1][i] for i in range(N)], atol=1e-5)
        results.append((weights(model), known))
    same_weights(results[0][0], results[1][0])


def test_an_exception_in_the_middle_keeps_what_came_before():
    train, _, _, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    train_loader = loader(train, num_workers=2)
    torch.manual_seed(5)

    def epochs(until):
        for epoch in range(2):
            for place, (x, target) in enumerate(train_loader):
                if (epoch, place) == until:
                    raise RuntimeError("the disk is full")
                loss(model(x), target).backward()
                optimizer.step()
                optimizer.zero_grad()

    with (
        pytest.raises(RuntimeError, match="the disk is full"),
        watch(model, loss, optimizer, train_loader, tracker),
    ):
        epochs((1, 3))
    assert tracker.status == "failed"
    series = tracker.instance_series(range(N), "loss", mode="train")
    known = plain_run(epochs=2, workers=2)
    assert list(series.epochs) == [1, 2]
    assert series.provisional
    assert int(np.isfinite(series.values[:, 1]).sum()) == 3 * 32
    for i in range(N):
        for column, epoch in enumerate((1, 2)):
            if np.isfinite(series.values[i, column]):
                assert abs(series.values[i, column] - known.losses["train"][epoch][i]) < 1e-5
    assert not loss._forward_hooks
    assert type(train_loader) is DataLoader


def test_early_stopping_and_leaving_a_pass_early():
    train, _, _, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.1)
    train_loader = loader(train, num_workers=2)
    with watch(model, loss, optimizer, train_loader, tracker):
        for _ in range(2):
            for place, (x, target) in enumerate(train_loader):
                if place == 2:
                    break
                loss(model(x), target).backward()
                optimizer.step()
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2]
    assert np.isfinite(series.values).sum(axis=0).tolist() == [64, 64]
    assert not series.provisional
    labels = [label for label in series.labels if label is not None]
    seen = np.isfinite(series.values).any(axis=1)
    assert labels == data()[2].numpy()[seen].tolist()


@pytest.mark.parametrize("context", [True, False])
def test_a_polite_stop(context):
    train, _, _, _ = data()
    model, tracker = net(), xw.Tracker()
    loss, train_loader = nn.CrossEntropyLoss(), loader(train)
    batches = 0
    watching = watch(model, loss, None, train_loader, tracker)

    def loop():
        nonlocal batches
        for _ in range(3):
            for x, target in train_loader:
                loss(model(x), target)
                batches += 1
                if batches == 10:
                    tracker.request_stop()

    if context:
        with watching:
            loop()
    else:
        loop()
        watching.detach()
    assert batches == 10
    assert tracker.status == "ended"
    assert type(train_loader) is DataLoader


def test_resuming_from_a_checkpoint(tmp_path):
    known = plain_run(epochs=4)
    train, evaluation, y, _ = data()

    def make():
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        return model, nn.CrossEntropyLoss(), optimizer, loader(train), loader(evaluation, shuffle=False)

    tracker = xw.Tracker()
    model, loss, optimizer, train_loader, eval_loader = make()
    with watch(model, loss, optimizer, train_loader, tracker, eval_loader=eval_loader):
        list(user_run(model, loss, optimizer, train_loader, eval_loader, 2))
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "order": train_loader.generator.get_state(),
        "random": torch.get_rng_state(),
        "tracker": tracker.state_dict(),
    }
    torch.save(state, tmp_path / "checkpoint.pt")

    state = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    tracker = xw.Tracker()
    tracker.load_state_dict(state["tracker"])
    model, loss, optimizer, train_loader, eval_loader = make()
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    train_loader.generator.set_state(state["order"])
    with watch(model, loss, optimizer, train_loader, tracker, eval_loader=eval_loader) as watched:
        torch.set_rng_state(state["random"])
        for _ in range(2):
            model.train()
            for x, target in train_loader:
                loss(model(x), target).backward()
                optimizer.step()
                optimizer.zero_grad()
    check_run(tracker, known, y.numpy())
    same_weights(weights(model), known.weights)
    assert (watched.epoch, watched.step) == (4, 28)


def test_several_evaluation_sets_are_kept_apart():
    train, evaluation, _, y = data()
    model, tracker, loss = net(), xw.Tracker(), nn.CrossEntropyLoss()
    train_loader = loader(train)
    sets = {"clean": loader(evaluation, shuffle=False), "noisy": loader(evaluation, shuffle=False)}
    with watch(model, loss, None, train_loader, tracker, eval_loader=sets):
        for _ in range(2):
            for x, target in train_loader:
                loss(model(x), target)
            for name, one in sets.items():
                for x, target in one:
                    loss(model(x) * (name == "clean"), target)
    assert sorted(tracker.ds_ids("eval")) == ["clean", "noisy"]
    noisy = tracker.instance_series(range(N_EVAL), "loss", mode="eval", ds_id="noisy")
    np.testing.assert_allclose(noisy.values, np.log(10), atol=1e-5)
    assert list(noisy.epochs) == [1, 2]
    assert list(noisy.labels) == y.tolist()


def test_a_batch_is_not_kept_alive():
    train, _, _, _ = data()
    model, tracker, loss = net(), xw.Tracker(), nn.CrossEntropyLoss()
    train_loader = loader(train)
    graphs = []
    with watch(model, loss, None, train_loader, tracker):
        for x, target in train_loader:
            value = loss(model(x), target)
            graphs.append(weakref.ref(value))
            del value
            assert graphs[-1]() is None
    gc.collect()
    assert all(graph() is None for graph in graphs)


class Stream(IterableDataset):
    def __init__(self, dataset, named):
        self.dataset, self.named = dataset, named

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        places = (
            range(len(self.dataset)) if info is None else range(info.id, len(self.dataset), info.num_workers)
        )
        for i in places:
            x, y = self.dataset[i]
            yield {"x": x, "y": y, "name": f"digit-{i}"} if self.named else (x, y)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("key", ["name", "content"])
def test_iterable_data_sets_need_a_key(workers, key):
    from xai_widgets.hooks._common.instance_ids import content_hash

    train, _, y, _ = data()
    named = key == "name"
    stream = Stream(train, named)
    model, tracker, loss = net(), xw.Tracker(), nn.CrossEntropyLoss()
    with pytest.raises(TypeError, match="key="):
        Indexed(stream)
    with pytest.raises(TypeError, match="iterable"):
        watch(model, loss, None, DataLoader(stream, batch_size=32), tracker)
    train_loader = DataLoader(Indexed(stream, key=key), batch_size=32, num_workers=workers)
    model.eval()
    with watch(model, loss, None, train_loader, tracker):
        for _ in range(2):
            for batch in train_loader:
                x, target = (batch["x"], batch["y"]) if named else batch[:2]
                loss(model(x), target)
    names = [f"digit-{i}" for i in range(N)] if named else [content_hash(train[i]) for i in range(N)]
    assert len(set(names)) == N
    series = tracker.instance_series(names, "loss", mode="train")
    each = F.cross_entropy(model(train.tensors[0]), y, reduction="none").detach().numpy()
    np.testing.assert_allclose(series.values, np.stack([each, each], 1), atol=1e-5)
    assert list(series.labels) == y.tolist()


def test_indexed_shapes_of_samples():
    class Rows(list):
        pass

    assert Indexed([("a", 1)])[0] == ("a", 1, 0)
    assert Indexed([{"x": 1}])[0] == {"x": 1, "index": 0}
    assert Indexed([5.0])[0] == (5.0, 0)
    assert Indexed([("a", "id-7")], key=1)[0] == ("a", "id-7", "id-7")
    assert Indexed([{"id": 3}], key="id")[0] == {"id": 3, "index": 3}
    assert Indexed([{"index": 9}], keep=True)[0] == {"index": 9}
    rows = Rows([1])
    rows.classes = ["one"]
    assert Indexed(rows).classes == ["one"]
    with pytest.raises(KeyError, match="keep=True"):
        Indexed([{"index": 1}])[0]
    with pytest.raises(KeyError, match="not in a sample"):
        Indexed([{"x": 1}], key="id")[0]
    with pytest.raises(TypeError, match="__getitem__"):
        Indexed(iter([1]))


def test_a_collate_function_of_the_user():
    def collate(samples):
        assert all(len(sample) == 2 for sample in samples)
        return {"x": torch.stack([x for x, _ in samples]), "n": len(samples)}

    indexed = Indexed(data()[0])
    batches = list(DataLoader(indexed, batch_size=50, collate_fn=indexed.collate(collate)))
    assert torch.cat([batch["index"] for batch in batches]).tolist() == list(range(N))
    assert batches[0]["x"].shape == (50, 64)


def test_errors_say_what_came_and_the_way_out():
    train, _, _, _ = data()
    model, tracker = net(), xw.Tracker()

    class Own(nn.Module):
        def forward(self, z, y):
            return F.cross_entropy(z, y)

    with pytest.raises(TypeError, match=r"reduced already.*per_sample"):
        watch(model, Own(), None, loader(train), tracker)
    with pytest.raises(TypeError, match="DataLoader"):
        watch(model, nn.MSELoss(), None, [1, 2], tracker)
    with pytest.raises(TypeError, match="torch optimizer"):
        watch(model, nn.MSELoss(), object(), loader(train), tracker)
    with pytest.raises(TypeError, match=r"expected an xai_widgets\.Tracker"):
        watch(model, nn.MSELoss(), None, loader(train), object())


def test_what_cannot_be_told_apart_is_told_and_training_goes_on():
    train, _, _, _ = data()
    model, train_loader = net(), loader(train)

    class Own(nn.Module):
        def forward(self, z, y):
            return F.cross_entropy(z, y)

    def looped(loss, double=1, **options):
        tracker = xw.Tracker()
        with watch(model, loss, None, train_loader, tracker, **options):
            for x, y in train_loader:
                loss(torch.cat([model(x)] * double), torch.cat([y] * double))
        return tracker

    tracker = looped(Own(), per_sample=F.cross_entropy)
    assert "reduced already" in tracker.problems[0]
    tracker = looped(Own(), per_sample=lambda z, y: F.cross_entropy(z, y, reduction="none"))
    assert np.isfinite(matrix(tracker, "train", N)[-1]).all()
    tracker = looped(nn.CrossEntropyLoss(), double=2)
    assert "for a batch of 32" in tracker.problems[0]
    assert not tracker.modes
    assert not tracker.check().ok


def test_a_later_failure_is_a_notice_and_training_goes_on():
    train, _, _, _ = data()
    model, tracker, loss = net(), xw.Tracker(), nn.CrossEntropyLoss()
    with watch(model, loss, None, train_loader := loader(train), tracker):
        for place, (x, y) in enumerate(train_loader):
            if place == 3:
                loss(torch.cat([model(x)] * 2), torch.cat([y] * 2))
            else:
                loss(model(x), y)
    assert np.isfinite(matrix(tracker, "train", N)).sum() == N - 32
    assert any("could not be told" in problem for problem in tracker.problems)


def test_a_loss_that_is_never_called_is_noticed():
    train, _, _, _ = data()
    model, tracker, loss = net(), xw.Tracker(), nn.CrossEntropyLoss()
    with watch(model, loss, None, train_loader := loader(train), tracker):
        for x, y in train_loader:
            F.cross_entropy(model(x), y)
    assert any("was not called" in problem for problem in tracker.problems)


def test_watching_without_a_loss_tells_the_indices():
    train, _, _, _ = data()
    model, tracker = net(), xw.Tracker()
    with watch(model, None, None, train_loader := loader(train, num_workers=2), tracker) as watched:
        for x, y in train_loader:
            assert torch.equal(torch.stack([train[i][0] for i in watched.index]), x)
            tracker.record(watched.index, y, loss=torch.zeros(len(y)), epoch=watched.epoch)
    assert np.isfinite(matrix(tracker, "train", N)).all()


def test_two_iterators_of_one_loader_do_not_mix():
    train, _, _, _ = data()
    train_loader = loader(train)
    with watch(net(), None, None, train_loader, xw.Tracker()) as watched:
        for place, (x, _) in enumerate(train_loader):
            assert torch.equal(torch.stack([train[i][0] for i in watched.index]), x)
            if place == 2:
                for inner, _ in train_loader:
                    assert torch.equal(torch.stack([train[i][0] for i in watched.index]), inner)
