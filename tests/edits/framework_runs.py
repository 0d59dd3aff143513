"""One small run in each framework over torch, under edits, that notes what its loss saw."""

from __future__ import annotations

import logging

import pytest

import xai_widgets as xw

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402
from torch.utils.data import DataLoader, DistributedSampler, Subset, TensorDataset  # noqa: E402

N, SIZE, EPOCHS = 40, 8, 3
ROWS = TensorDataset(torch.arange(N, dtype=torch.float32)[:, None], torch.arange(N) % 4)


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


def plain(tracker, edits, seen, rows=ROWS, workers=0):
    """A loop of one's own, with persistent workers, that steps every other batch; in a group of processes a share of it."""
    model, loss, sampler = nn.Linear(1, 4), nn.CrossEntropyLoss(), None
    if torch.distributed.is_initialized():
        model, sampler = DistributedDataParallel(model), DistributedSampler(rows)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)
    loader = DataLoader(
        rows,
        SIZE,
        shuffle=sampler is None,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    with xw.hooks.torch.watch(model, loss, optimizer, loader, tracker, edits=edits):
        for epoch in range(EPOCHS):
            if sampler is not None:
                sampler.set_epoch(epoch)
            seen.begin()
            for place, (x, y) in enumerate(loader):
                seen.see(x, y)
                loss(model(x), y).backward()
                if place % 2:
                    optimizer.step()
                    optimizer.zero_grad()


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


def lightning(tracker, edits, seen, rows=ROWS, workers=0, **options):
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
        callbacks=[xw.hooks.lightning.TrackerCallback(tracker, edits=edits)], **options,
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
    together = 2 * SIZE * max(1, args.world_size)
    assert made.state.global_step == EPOCHS * -(-len(rows) // together)
    return made


RUNS = {
    "plain": plain,
    "accelerate": accelerate,
    "lightning": lightning,
    "ignite": ignite,
    "fastai": fastai,
    "trainer": trainer,
}
