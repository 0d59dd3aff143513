"""Lightning under watch."""

from __future__ import annotations

import lightning as L
import numpy as np
import pytest
import torch
from hooks_common import N_EVAL, N, check_means, check_run, matrix, same_weights
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch_common import Numbered, data, loader, net, weights

import xai_widgets as xw

TrackerCallback = xw.hooks.lightning.TrackerCallback
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has much to say about small runs


class Module(L.LightningModule):
    def __init__(self, functional=False):
        super().__init__()
        self.net = net()
        if not functional:
            self.criterion = nn.CrossEntropyLoss()
        self.means, self.eval_means, self.known = {}, {}, {}

    def forward(self, x):
        return self.net(x)

    def loss(self, z, y):
        return self.criterion(z, y) if hasattr(self, "criterion") else F.cross_entropy(z, y)

    def training_step(self, batch, batch_idx):
        x, y = batch[:2]
        z = self(x)
        if len(batch) == 3:  # this is the run that knows
            values = F.cross_entropy(z.detach(), y, reduction="none")
            self.known.setdefault("train", {}).setdefault(self.current_epoch + 1, {}).update(
                zip(batch[2].tolist(), values.tolist(), strict=True)
            )
        loss = self.loss(z, y)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(x))
        return loss

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        x, y = batch[:2]
        z = self(x)
        if len(batch) == 3 and not self.trainer.sanity_checking:
            values = F.cross_entropy(z, y, reduction="none")
            self.known.setdefault("eval", {}).setdefault(self.current_epoch + 1, {}).update(
                zip(batch[2].tolist(), values.tolist(), strict=True)
            )
        self.log("val_loss", self.loss(z, y), batch_size=len(x), add_dataloader_idx=True)

    test_step = validation_step

    def on_train_epoch_end(self):
        self.means[self.current_epoch + 1] = float(self.trainer.callback_metrics["train_loss"])

    def on_validation_epoch_end(self):
        if not self.trainer.sanity_checking and "val_loss" in self.trainer.callback_metrics:
            self.eval_means[self.current_epoch + 1] = float(self.trainer.callback_metrics["val_loss"])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1, momentum=0.9)


class Data(L.LightningDataModule):
    def __init__(self, known, workers):
        super().__init__()
        self.known, self.workers = known, workers

    def sets(self):
        train, evaluation, _, _ = data()
        return (Numbered(train), Numbered(evaluation)) if self.known else (train, evaluation)

    def train_dataloader(self):
        return loader(self.sets()[0], num_workers=self.workers)

    def val_dataloader(self):
        return loader(self.sets()[1], shuffle=False)


def trainer(callback=None, epochs=2, **options):
    options = {"num_sanity_val_steps": 2, "enable_checkpointing": False, **options}
    return L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback] if callback else [],
        **options,
    )


def fit(module, callback=None, *, known=False, workers=0, datamodule=True, ckpt=None, **options):
    torch.manual_seed(5)
    run = trainer(callback, **options)
    rows = Data(known, workers)
    if datamodule:
        run.fit(module, datamodule=rows, ckpt_path=ckpt, weights_only=False if ckpt else None)
    else:
        run.fit(module, rows.train_dataloader(), rows.val_dataloader())
    return run


def trace_of(module, run):
    return (
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in module.modules()],
        sorted(vars(run.strategy)),
        [type(run.train_dataloader), type(run.train_dataloader.batch_sampler)],
        [type(run.val_dataloaders), type(run.val_dataloaders.batch_sampler)],
    )


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"workers": 2, "datamodule": False},
        {"accumulate_grad_batches": 3},
        {"precision": "bf16-mixed"},
    ],
    ids=str,
)
def test_a_watched_fit_is_the_fit_itself(how):
    from hooks_common import Known

    plain = Module()
    run = fit(plain, known=True, **how)
    module, tracker = Module(), xw.Tracker()
    watched = fit(module, TrackerCallback(tracker), **how)
    known = Known(plain.known)
    _, _, y, y_eval = data()
    check_run(tracker, known, y.numpy())
    check_run(tracker, known, y_eval.numpy(), mode="eval", size=N_EVAL)
    check_means(tracker, module.means, rtol=1e-5)
    check_means(tracker, module.eval_means, mode="eval", size=N_EVAL)
    same_weights(weights(module), weights(plain))
    assert trace_of(module, watched) == trace_of(plain, run)
    steps = -(-7 // how.get("accumulate_grad_batches", 1))
    assert list(tracker.instance_series([0], "loss", mode="train").steps) == [steps, 2 * steps]
    assert (tracker.epochs, tracker.steps_per_epoch, tracker.status) == (2, steps, "ended")
    assert not tracker.problems


def test_a_functional_loss_and_a_returned_one():
    class Returning(Module):
        def training_step(self, batch, batch_idx):
            x, y = batch
            z = self.net(x)
            losses = F.cross_entropy(z, y, reduction="none")
            self.log("train_loss", losses.mean(), on_epoch=True)
            return {"loss": losses.mean(), "sample_loss": losses, "label": y, "logits": z}

    expected = None
    for make, options in (
        (lambda: Module(functional=True), {"loss": F.cross_entropy}),
        (lambda: Returning(True), {}),
    ):
        module, tracker = make(), xw.Tracker()
        fit(module, TrackerCallback(tracker, **options), epochs=2)
        got = matrix(tracker, "train", N)
        assert np.isfinite(got).all()
        assert list(tracker.instance_series(range(N), "loss", mode="train").labels) == data()[2].tolist()
        if expected is not None:
            np.testing.assert_allclose(got, expected, atol=1e-5)
        expected = got


def test_no_loss_to_be_found_is_noticed_and_so_are_two():
    module, tracker = Module(functional=True), xw.Tracker()
    fit(module, TrackerCallback(tracker), epochs=1)
    assert any("per-sample" in problem for problem in tracker.problems)
    module.one, module.two = nn.MSELoss(), nn.L1Loss()
    tracker = xw.Tracker()
    fit(module, TrackerCallback(tracker), epochs=1)
    assert any("2 loss modules (one, two)" in problem for problem in tracker.problems)
    assert not tracker.modes
    assert not any(m._forward_hooks for m in module.modules())


def test_several_validation_loaders_and_a_test():
    module, tracker = Module(), xw.Tracker()
    train, evaluation, _, y = data()
    run = trainer(TrackerCallback(tracker), epochs=1)
    loaders = [loader(evaluation, shuffle=False), loader(evaluation, shuffle=False)]
    run.fit(module, loader(train), loaders)
    assert sorted(tracker.ds_ids("eval")) == ["0", "1"]
    one, two = (
        tracker.instance_series(range(N_EVAL), "loss", mode="eval", ds_id=ds_id).values
        for ds_id in ("0", "1")
    )
    np.testing.assert_array_equal(one, two)
    run.test(module, loaders[0], verbose=False)
    tested = tracker.instance_series(range(N_EVAL), "loss", mode="test")
    np.testing.assert_allclose(tested.values, one, atol=1e-6)
    assert list(tested.labels) == y.tolist()
    assert type(loaders[0]) is DataLoader


def test_early_stopping_an_exception_and_a_polite_stop():
    class Breaking(Module):
        def training_step(self, batch, batch_idx):
            if self.global_step == 10:
                raise RuntimeError("the disk is full")
            return super().training_step(batch, batch_idx)

    module, tracker = Breaking(), xw.Tracker()
    with pytest.raises(RuntimeError, match="the disk is full"):
        fit(module, TrackerCallback(tracker))
    assert tracker.status == "failed"
    seen = np.isfinite(matrix(tracker, "train", N)).sum(axis=1)
    assert seen.tolist() == [N, 3 * 32]
    assert not any(m._forward_hooks for m in module.modules())

    module, tracker = Module(), xw.Tracker()
    run = trainer(TrackerCallback(tracker), epochs=9)
    run.callbacks.append(L.pytorch.callbacks.EarlyStopping("val_loss", patience=0, min_delta=10))
    run.fit(module, datamodule=Data(False, 0))
    assert tracker.epoch == len(module.means) == 2
    assert np.isfinite(matrix(tracker, "train", N)).all()

    class Asking(Module):
        def training_step(self, batch, batch_idx):
            if self.global_step == 8:
                tracker.request_stop()
            return super().training_step(batch, batch_idx)

    module, tracker = Asking(), xw.Tracker()
    run = fit(module, TrackerCallback(tracker), epochs=9)
    assert run.global_step < 3 * 7
    assert tracker.status == "ended"


def test_resuming_from_a_checkpoint(tmp_path):
    from hooks_common import Known

    plain = Module()
    fit(plain, known=True, epochs=4)
    module, tracker = Module(), xw.Tracker()
    run = fit(module, TrackerCallback(tracker), epochs=2)
    run.save_checkpoint(tmp_path / "two.ckpt")
    module, tracker = Module(), xw.Tracker()
    fit(module, TrackerCallback(tracker), epochs=4, ckpt=tmp_path / "two.ckpt")
    series = tracker.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2, 3, 4]
    assert list(series.steps) == [7, 14, 21, 28]
    # the first two epochs are those of the first run, exactly; afterwards Lightning does not restore the shuffling
    first = np.array([[plain.known["train"][e][i] for e in (1, 2)] for i in range(N)])
    np.testing.assert_allclose(series.values[:, :2], first, atol=1e-5)
    assert np.isfinite(series.values).all()
    assert tracker.counts("train").duplicates == 0
    assert Known(plain.known).losses["train"].keys() == {1, 2, 3, 4}


def test_an_epoch_that_was_cut_goes_on_under_its_number(tmp_path):
    class Save(L.Callback):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 4:
                trainer.save_checkpoint(tmp_path / "four.ckpt")

    def run(tracker, **options):
        torch.manual_seed(5)
        one = trainer(TrackerCallback(tracker))
        one.callbacks.append(Save())
        one.fit(Module(), datamodule=Data(False, 0), **options)

    whole, resumed = xw.Tracker(), xw.Tracker()
    run(whole)
    run(resumed, ckpt_path=tmp_path / "four.ckpt", weights_only=False)
    series = resumed.instance_series(range(N), "loss", mode="train")
    assert list(series.epochs) == [1, 2]
    assert list(series.steps) == [7, 14]
    # a loader without a state starts its order anew: three of the four batches come twice, and are folded
    counts = resumed.counts("train")
    assert (counts.rows, counts.duplicates) == (4 * 32 + 3 * 32 + N, 3 * 32)
    assert np.isfinite(series.values[:, 0]).sum() == 4 * 32
    assert np.isfinite(series.values[:, 1]).all()


@pytest.mark.slow
def test_a_compiled_module():
    class Quiet(L.LightningModule):  # Lightning's own log() cannot be traced in this version of torch
        def __init__(self):
            super().__init__()
            self.net, self.criterion = net(), nn.CrossEntropyLoss()

        def training_step(self, batch, batch_idx):
            return self.criterion(self.net(batch[0]), batch[1])

        configure_optimizers = Module.configure_optimizers

    results = []
    for backend in (None, "eager"):
        torch._dynamo.reset()
        module, tracker = Quiet(), xw.Tracker()
        torch.manual_seed(5)
        run = trainer(TrackerCallback(tracker), epochs=2)
        run.fit(module if backend is None else torch.compile(module, backend=backend), loader(data()[0]))
        results.append((matrix(tracker, "train", N), weights(module)))
    assert np.isfinite(results[1][0]).all()
    np.testing.assert_allclose(results[1][0], results[0][0], atol=1e-5)


class Semi(L.LightningModule):
    """Labelled and unlabelled samples in one step; only those with a label have a loss of their own."""

    def __init__(self, source):
        super().__init__()
        self.net, self.criterion, self.source, self.means = nn.Linear(6, 4), nn.CrossEntropyLoss(), source, []

    def training_step(self, batch, batch_idx):
        named = (
            batch if isinstance(batch, dict) else dict(zip(("labelled", "unlabelled"), batch, strict=True))
        )
        (a, b), (c,) = named["labelled"], named["unlabelled"]
        loss = self.criterion(self.net(a), b)
        self.means.append(float(loss))
        return loss + 0.1 * self.net(c).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.0)


@pytest.mark.parametrize("order", [("labelled", "unlabelled"), ("unlabelled", "labelled"), "list"], ids=str)
@pytest.mark.parametrize(("labelled", "mode"), [(60, None), (60, "min_size"), (30, "max_size_cycle")])
def test_several_loaders_in_one_step_each_keep_their_own_batch(order, labelled, mode):
    from lightning.pytorch.utilities import CombinedLoader
    from torch.utils.data import TensorDataset

    torch.manual_seed(0)
    x, y, u = torch.randn(labelled, 6), torch.arange(labelled) % 4, torch.randn(120, 6)
    loaders = {
        "labelled": DataLoader(TensorDataset(x, y), 10, shuffle=True),
        "unlabelled": DataLoader(TensorDataset(u), 20, shuffle=True),
    }
    loaders = list(loaders.values()) if order == "list" else {name: loaders[name] for name in order}
    module, tracker = Semi(loaders), xw.Tracker()
    run = trainer(TrackerCallback(tracker), epochs=2)
    run.fit(module, loaders if mode is None else CombinedLoader(loaders, mode))
    table = tracker.to_frame("instances")
    index = table["index"].to_numpy()
    want = F.cross_entropy(module.net(x), y, reduction="none").detach().numpy()
    assert sorted(index) == sorted([*range(labelled)] * 2)
    assert set(table["ds_id"]) == {"0" if order == "list" else "labelled"}
    assert (table["label"].to_numpy() == y.numpy()[index]).all()
    np.testing.assert_allclose(table["loss"].to_numpy(), want[index], atol=1e-5)


def test_a_loader_that_names_nothing_ends_no_fit():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([(torch.randn(8), torch.tensor(1)) for _ in range(4)])

    class Small(Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(8, 3)

    module, tracker = Small(), xw.Tracker()
    trainer(TrackerCallback(tracker), epochs=1).fit(module, DataLoader(Stream(), 2))
    assert any("iterable" in problem for problem in tracker.problems)
    assert not tracker.modes
