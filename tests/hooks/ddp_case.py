"""Runs of two processes each: ``python ddp_case.py FOLDER KIND...``. They write what they know beside the run log.

Each trains twice, with the hook and without, and notes indices and losses by its own means. The processes are forked with
the variables that launchers set, after everything is imported: torchrun itself is tried in ``tests/runlog/test_torchrun.py``.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import traceback
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch_common import Numbered, data, net

import xai_widgets as xw

EPOCHS = 2
warnings.filterwarnings("ignore")


def model() -> nn.Module:
    made = net()
    made[3].p = 0.0  # a sample that pads another process's share must not differ by chance
    made[1] = nn.Identity()
    return made


def note(known: dict, epoch: int, index, out, y) -> None:
    losses = F.cross_entropy(out.detach(), y, reduction="none")
    known.setdefault(str(epoch), []).extend(zip(index.tolist(), losses.tolist(), strict=True))


def torchrun(tracker, known: dict):
    from torch.nn.parallel import DistributedDataParallel
    from torch.utils.data import DataLoader, DistributedSampler

    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")
    rows = Numbered(data()[0])
    sampler = DistributedSampler(rows, seed=4)
    loader = DataLoader(rows, 16, sampler=sampler, num_workers=1)
    wrapped, loss = DistributedDataParallel(model()), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(wrapped.parameters(), 0.1)
    watching = (
        None
        if tracker is None
        else xw.hooks.torch.watch(wrapped, loss, optimizer, loader, tracker, epochs=EPOCHS)
    )
    for epoch in range(1, EPOCHS + 1):
        sampler.set_epoch(epoch)
        for x, y, i in loader:
            out = wrapped(x)
            note(known, epoch, i, out, y)
            loss(out, y).backward()
            optimizer.step()
            optimizer.zero_grad()
    if watching is not None:
        watching.detach()
    return wrapped


def accelerate(tracker, known: dict):
    from accelerate import Accelerator
    from torch.utils.data import DataLoader

    accelerator = Accelerator(cpu=True)
    loss, made = nn.CrossEntropyLoss(), model()
    optimizer = torch.optim.SGD(made.parameters(), 0.1)
    rows = DataLoader(Numbered(data()[0]), 16, shuffle=True, generator=torch.Generator().manual_seed(4))
    wrapped, optimizer, loader = accelerator.prepare(made, optimizer, rows)
    watching = None
    if tracker is not None:
        watching = xw.hooks.accelerate.watch(
            accelerator, wrapped, loss, optimizer, loader, tracker, epochs=EPOCHS
        )
    for epoch in range(1, EPOCHS + 1):
        for x, y, i in loader:
            out = wrapped(x)
            note(known, epoch, i, out, y)
            accelerator.backward(loss(out, y))
            optimizer.step()
            optimizer.zero_grad()
    if watching is not None:
        watching.detach()
    accelerator.free_memory()
    return wrapped


def lightning(tracker, known: dict):
    import lightning as L
    from torch.utils.data import DataLoader

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.criterion = model(), nn.CrossEntropyLoss()

        def training_step(self, batch, batch_idx):
            x, y, i = batch
            out = self.net(x)
            note(known, self.current_epoch + 1, i, out, y)
            return self.criterion(out, y)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    trainer = L.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", devices=2, strategy="ddp", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
        callbacks=[] if tracker is None else [xw.hooks.lightning.TrackerCallback(tracker)],
    )  # fmt: skip
    module = Module()
    torch.manual_seed(4)
    trainer.fit(module, DataLoader(Numbered(data()[0]), 16, shuffle=True, num_workers=1))
    return module


def main(kind: str, folder: Path) -> None:
    run = {"torchrun": torchrun, "accelerate": accelerate, "lightning": lightning}[kind]
    known: dict = {}
    tracker = xw.Tracker(log_dir=folder / "log")
    watched = run(tracker, known)
    tracker.close()
    plain = run(None, {})
    same = all(
        torch.equal(a, b)
        for a, b in zip(watched.state_dict().values(), plain.state_dict().values(), strict=True)
    )
    rank = int(os.environ["RANK"])
    report = {"same": same, "known": known, "problems": tracker.problems}
    (folder / f"rank{rank}.json").write_text(json.dumps(report))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(rank: int, port: int, kind: str, folder: Path) -> int:
    """Fork one process of a run; gives its number."""
    process = os.fork()
    if process:
        return process
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    try:
        main(kind, folder)
    except BaseException:
        (folder / f"error{rank}.txt").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def launch(folder: Path, kinds: list[str]) -> None:
    importlib.import_module("torch._dynamo")  # as the first optimizer does
    for kind in kinds:
        if kind != "torchrun":
            importlib.import_module(kind)
    for kind in kinds:
        (folder / kind).mkdir()
        port = free_port()
        for process in [start(rank, port, kind, folder / kind) for rank in (0, 1)]:
            os.waitpid(process, 0)


if __name__ == "__main__":
    launch(Path(sys.argv[1]), sys.argv[2:])
