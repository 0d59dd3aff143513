"""A training that goes on where it was killed: ``python kill_case.py FOLDER SIZE EPOCHS``. Prints each pass and what it drew."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import xai_widgets as xw

BATCHES = 25
warnings.filterwarnings("ignore")


def main(folder: Path, size: int, epochs: int) -> None:
    torch.set_num_threads(1)
    rows = TensorDataset(torch.arange(size, dtype=torch.float32)[:, None], torch.arange(size) % 4)
    saved = folder / "tracker.npz"
    tracker = xw.Tracker(log_dir=folder / "log")
    if saved.exists():
        tracker.load_state_dict(xw.Tracker.load(saved).state_dict())
    edits = xw.Edits(tracker)
    loader = DataLoader(rows, size // BATCHES, shuffle=True, num_workers=1, persistent_workers=True)
    model, loss = nn.Linear(1, 4), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), 1e-4)
    with xw.hooks.torch.watch(model, loss, optimizer, loader, tracker, edits=edits):
        while tracker.epoch < epochs:
            print("pass", time.monotonic(), flush=True)
            for x, y in loader:
                print("drew", *x[:, 0].int().tolist(), flush=True)
                loss(model(x), y).backward()
                optimizer.step()
                time.sleep(0.002)
            tracker.save(saved)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
