"""One process of a run on two with edits: ``python ranks_case.py RANK FOLDER``. Writes what it drew beside the run log."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, SequentialSampler, TensorDataset

import xai_widgets as xw

N, SIZE, EPOCHS = 41, 5, 5
warnings.filterwarnings("ignore")


def main(rank: int, folder: Path) -> None:
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    rows = TensorDataset(torch.arange(N, dtype=torch.float32)[:, None], torch.arange(N) % 4)
    report: dict[str, list] = {}
    for kind in ("sharded", "own"):
        tracker = xw.Tracker(log_dir=folder / kind)
        edits = xw.Edits(tracker)
        sampler = DistributedSampler(rows, seed=4) if kind == "sharded" else SequentialSampler(rows)
        loader = DataLoader(rows, SIZE, sampler=sampler)
        model, loss = DistributedDataParallel(nn.Linear(1, 4)), nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(model.parameters(), 1e-4)
        drawn = report[kind] = []
        with xw.hooks.torch.watch(model, loss, optimizer, loader, tracker, edits=edits):
            for epoch in range(EPOCHS):
                if kind == "sharded":
                    sampler.set_epoch(epoch)
                seen: list = []
                for place, (x, y) in enumerate(loader):
                    seen += zip(x[:, 0].int().tolist(), y.tolist(), strict=True)
                    if place == epoch:  # both decide, each in its own time: nobody waits for the other
                        edits.exclude([2 * epoch + rank, 20 + 2 * epoch + rank], force=True)
                        edits.relabel(40, (epoch + 1) % 4, force=True)
                    loss(model(x), y).backward()
                    optimizer.step()
                    optimizer.zero_grad()
                drawn.append(seen)
        tracker.close()
        report[f"{kind} problems"] = tracker.problems
        report[f"{kind} weights"] = [p.tolist() for p in model.parameters()]
    (folder / f"rank{rank}.json").write_text(json.dumps(report))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
