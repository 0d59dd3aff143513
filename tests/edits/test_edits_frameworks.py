"""Edits in every framework over torch: none excluded is drawn from the next epoch on, and the loss sees the new label."""

from __future__ import annotations

import logging
import shutil

import numpy as np
import pytest

import xai_widgets as xw

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import DataLoader, Subset, TensorDataset  # noqa: E402

N, SIZE, EPOCHS = 40, 8, 3
OUT, MOVED = [10, 11, 12, 13, 14, 15, 16, 17, 18], 20
ROWS = TensorDataset(torch.arange(N, dtype=torch.float32)[:, None], torch.arange(N) % 4)
pytestmark = pytest.mark.filterwarnings("ignore")


class Seen:
    """What the loss of a run saw: of each epoch the samples, in their order, each with its label."""

    def __init__(self, decide):
        self.epochs: list[list[tuple[int, int]]] = []
        self.batches: list[int] = []
        self.decide = decide

    def begin(self):
        self.epochs.append([])
        self.batches.append(0)

    def see(self, x, y):
        self.epochs[-1] += zip(x.reshape(len(x), -1)[:, 0].round().int().tolist(), y.tolist(), strict=True)
        self.batches[-1] += 1
        if self.batches[-1] == 1:
            self.decide(len(self.epochs))


def accelerate(tracker, edits, seen, rows=ROWS, workers=0):
    accelerator = pytest.importorskip("accelerate").Accelerator(cpu=True)
    model = nn.Linear(1, 4)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)
    loader = DataLoader(rows, SIZE, shuffle=True, num_workers=workers)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    loss = nn.CrossEntropyLoss()
    with xw.hooks.accelerate.watch(accelerator, model, loss, optimizer, loader, tracker, edits=edits):
        for _ in range(EPOCHS):
            seen.begin()
            for x, y in loader:
                seen.see(x, y)
                accelerator.backward(loss(model(x), y))
                optimizer.step()
                optimizer.zero_grad()
    accelerator.free_memory()


def lightning(tracker, edits, seen, rows=ROWS, workers=0):
    L = pytest.importorskip("lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.criterion, self.validated = nn.Linear(1, 4), nn.CrossEntropyLoss(), 0

        def on_train_epoch_start(self):
            seen.begin()

        def training_step(self, batch, batch_idx):
            seen.see(*batch)
            return self.criterion(self.net(batch[0]), batch[1])

        def validation_step(self, batch, batch_idx):
            self.validated += batch_idx == 0
            self.criterion(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 1e-4)

    module = Module()
    L.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
        callbacks=[xw.hooks.lightning.TrackerCallback(tracker, edits=edits)],
    ).fit(module, DataLoader(rows, SIZE, shuffle=True, num_workers=workers), DataLoader(ROWS, SIZE))  # fmt: skip
    assert module.validated == EPOCHS, "an evaluation follows every epoch"


def ignite(tracker, edits, seen, rows=ROWS, workers=0):
    engine = pytest.importorskip("ignite.engine")
    model, loss = nn.Linear(1, 4), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)

    def step(_, batch):
        seen.see(*batch)
        optimizer.zero_grad()
        loss(model(batch[0]), batch[1]).backward()
        optimizer.step()

    trainer = engine.Engine(step)
    trainer.add_event_handler(engine.Events.EPOCH_STARTED, seen.begin)
    xw.hooks.ignite.watch(trainer, model, loss, optimizer, tracker, edits=edits)
    trainer.run(DataLoader(rows, SIZE, shuffle=True, num_workers=workers), max_epochs=EPOCHS)


def fastai(tracker, edits, seen, rows=ROWS, workers=0):
    from support import add_fastai

    add_fastai()
    from fastai import basics

    class See(basics.Callback):
        order = 70

        def before_train(self):
            seen.begin()

        def before_batch(self):
            if self.training:
                seen.see(*self.xb, *self.yb)

        def after_train(self):
            assert self.pct_train == pytest.approx((self.epoch + 1) / EPOCHS), "schedules come to their end"

    loader = basics.DataLoader(rows, bs=SIZE, shuffle=True, num_workers=workers)
    learn = basics.Learner(
        basics.DataLoaders(loader, basics.DataLoader(ROWS, bs=SIZE)), nn.Linear(1, 4), opt_func=basics.SGD,
        loss_func=basics.CrossEntropyLossFlat(),
        cbs=[xw.hooks.fastai.TrackerCallback(tracker, edits=edits), See()],
    )  # fmt: skip
    learn.fit(EPOCHS, 1e-4)


class Dicts(torch.utils.data.Dataset):
    """Rows as a Trainer wants them."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        x, y = self.rows[place]
        return {"x": x, "labels": y}


def trainer(tracker, edits, seen, rows=ROWS, workers=0, *, columns=False, folder="/tmp/none", **options):
    transformers = pytest.importorskip("transformers")
    from transformers.modeling_outputs import SequenceClassifierOutput

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(1, 4)

        def forward(self, x, labels):
            if self.training:
                seen.see(x, labels)
            logits = self.net(x)
            return SequenceClassifierOutput(loss=F.cross_entropy(logits, labels), logits=logits)

    class Begin(transformers.TrainerCallback):
        def on_epoch_begin(self, *_, **__):
            seen.begin()

    indexed = xw.hooks.transformers.indexed
    if columns:
        datasets = pytest.importorskip("datasets")
        data = datasets.Dataset.from_dict(
            {"x": [row[0].tolist() for row in rows], "labels": [int(row[1]) for row in rows],
             "name": [f"row {i}" for i in range(len(rows))]}
        ).with_format("torch", columns=["x", "labels"])  # fmt: skip
        data = indexed(data, key="name" if columns == "named" else None)
    else:
        part = isinstance(rows, Subset)
        data = indexed(Subset(Dicts(rows.dataset), rows.indices) if part else Dicts(rows))
    args = transformers.TrainingArguments(
        str(folder), num_train_epochs=EPOCHS, per_device_train_batch_size=SIZE, learning_rate=1e-4, use_cpu=True,
        report_to=[], disable_tqdm=True, save_strategy=options.pop("save_strategy", "no"), logging_strategy="no",
        dataloader_num_workers=workers, gradient_accumulation_steps=2, **options,
    )  # fmt: skip
    callback = xw.hooks.transformers.TrackerCallback(tracker, edits=edits)
    made = transformers.Trainer(Net(), args, train_dataset=data, callbacks=[callback, Begin()])
    made.train()
    assert made.state.global_step == EPOCHS * -(-len(rows) // (2 * SIZE))
    return made


RUNS = {
    "accelerate": accelerate,
    "lightning": lightning,
    "ignite": ignite,
    "fastai": fastai,
    "trainer": trainer,
}
FILLED = ("lightning", "ignite", "trainer")  # these count an epoch's batches beforehand


@pytest.mark.parametrize("name", RUNS)
def test_an_edit_within_an_epoch_reaches_the_next_one(name, tmp_path):
    tracker = xw.Tracker(log_dir=tmp_path)
    edits = xw.Edits(tracker)

    def decide(epoch):
        if epoch == 1:
            edits.exclude(OUT, force=True)
            edits.relabel(MOVED, 3, force=True)
        elif epoch == 2:
            edits.undo()

    seen = Seen(decide)
    RUNS[name](tracker, edits, seen)
    first, second, third = (dict(epoch) for epoch in seen.epochs)
    assert [sorted(i for i, _ in seen.epochs[0])] == [list(range(N))]
    assert all(label == index % 4 for index, label in first.items()), "the epoch goes on as it began"
    for epoch in (second, third):
        assert set(epoch) == set(range(N)) - set(OUT)
    assert second.pop(MOVED) == 3
    assert third[MOVED] == 0, "the relabelling was undone"
    assert all(label == index % 4 for index, label in (*second.items(), *third.items()))
    counts = [len(epoch) for epoch in seen.epochs]
    assert counts == ([N, N, N] if name in FILLED else [N, N - len(OUT), N - len(OUT)])
    recorded = tracker.instance_series(list(range(N)), "loss", mode="train")
    assert recorded.epochs.tolist() == [1, 2, 3]
    assert np.isnan(recorded.values[OUT][:, 1:]).all()
    assert not np.isnan(np.delete(recorded.values, OUT, 0)).any(), tracker.problems
    assert not tracker.problems


@pytest.mark.parametrize("name", ["lightning", "trainer"])
def test_workers_and_a_subset(name):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)

    def decide(epoch):
        edits.exclude([8 + epoch, 20 + epoch], force=True)

    seen = Seen(decide)
    RUNS[name](tracker, edits, seen, rows=Subset(ROWS, range(5, 35)), workers=2)
    gone: set[int] = set()
    for epoch, samples in enumerate(seen.epochs, 1):
        assert {index for index, _ in samples} == set(range(5, 35)) - gone
        gone |= {8 + epoch, 20 + epoch}
    assert not tracker.problems


@pytest.mark.parametrize("columns", ["numbered", "named"])
def test_rows_of_a_hugging_face_data_set(columns):
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    name = (lambda i: f"row {i}") if columns == "named" else (lambda i: i)

    def decide(epoch):
        edits.exclude(name(epoch), force=True)
        edits.relabel(name(MOVED), 3, force=True)

    seen = Seen(decide)
    trainer(tracker, edits, seen, columns=columns, label_smoothing_factor=0.0)
    for epoch, samples in enumerate(seen.epochs, 1):
        assert {index for index, _ in samples} == set(range(N)) - set(range(1, epoch))
        assert dict(samples)[MOVED] == (3 if epoch > 1 else 0)
    check = tracker.check()
    assert check.ok, check
    assert name(MOVED) in tracker.dynamics("train")["index"].tolist()


def test_a_trainer_that_goes_on_within_an_epoch_has_its_edits(tmp_path):
    folder, log = tmp_path / "run", tmp_path / "log"
    tracker = xw.Tracker(log_dir=log)
    edits = xw.Edits(tracker)

    def decide(epoch):
        if epoch == 1:
            edits.exclude(OUT, force=True)
        elif epoch == 2:
            edits.exclude([30, 31], force=True)  # in force from epoch 3 on

    whole = Seen(decide)
    trainer(tracker, edits, whole, folder=folder, save_strategy="steps", save_steps=1)
    tracker.close()
    assert not {30, 31} & {i for i, _ in whole.epochs[2]}
    # step 4 is the first of the second epoch's three, after two batches
    for path in folder.glob("checkpoint-*"):
        if path.name != "checkpoint-4":
            shutil.rmtree(path)
    again = xw.Tracker()
    seen = Seen(lambda epoch: None)
    made = resumed(again, xw.Edits(log), seen, folder)
    assert made.state.global_step == EPOCHS * 3
    assert [i for i, _ in seen.epochs[0]] == [i for i, _ in whole.epochs[1][2 * SIZE :]], (
        "the epoch's own edits"
    )
    assert {30, 31} & {i for i, _ in whole.epochs[1]}
    assert not ({30, 31} | set(OUT)) & {i for i, _ in seen.epochs[1]}


def resumed(tracker, edits, seen, folder):
    transformers = pytest.importorskip("transformers")
    train = transformers.Trainer.train

    def again(self, *_, **__):
        return train(self, resume_from_checkpoint=str(folder / "checkpoint-4"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.Trainer, "train", again)
        return trainer(tracker, edits, seen, folder=folder)


def test_what_would_do_nothing_is_refused():
    tracker = xw.Tracker()
    edits = xw.Edits(tracker)
    xw.hooks.transformers.TrackerCallback(tracker, edits=edits)
    with pytest.raises(
        ValueError, match="reweight of mode 'train' would do nothing: a Trainer's loss has no"
    ):
        edits.reweight(1, 0.5)
    with pytest.raises(ValueError, match="exclude of mode 'eval' would do nothing"):
        edits.exclude(1, mode="eval")
    assert edits.history() == ()
    with pytest.raises(TypeError, match="expects an"):
        xw.hooks.lightning.TrackerCallback(tracker, edits="runs/7")
    with pytest.raises(ValueError, match=r"edits\.apply"):
        xw.hooks.lightning.TrackerCallback(tracker, index=2, edits=edits)
