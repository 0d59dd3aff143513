"""One process of a framework's run on two, under edits: ``python ranks_frameworks_case.py KIND RANK FOLDER SIZE EPOCHS``.

Writes beside the run log what its loss saw, and when.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import framework_runs
import torch
from random_edits import Timed
from torch.utils.data import TensorDataset

import xai_widgets as xw

warnings.filterwarnings("ignore")


def main(kind: str, rank: int, folder: Path, size: int, epochs: int) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}  # asked for, though they have met already
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    framework_runs.EPOCHS = epochs
    tracker = xw.Tracker(log_dir=folder / "log")
    edits = xw.Edits(tracker)

    def decide(epoch: int) -> None:  # both decide, each in its own time
        edits.exclude([(2 * epoch + rank) % size], force=True)
        edits.relabel(size - 1, (epoch + 1) % 4, force=True)

    seen = Timed(decide)
    rows = TensorDataset(torch.arange(size, dtype=torch.float32)[:, None], torch.arange(size) % 4)
    more = {"devices": 2, "strategy": "ddp"} if kind == "lightning" else {}
    framework_runs.RUNS[kind](tracker, edits, seen, rows=rows, **more)
    report = {"epochs": seen.epochs, "last": seen.last, "problems": tracker.problems}
    (folder / f"rank{rank}.json").write_text(json.dumps(report))
    tracker.close()
    if kind == "plain":  # frameworks take their group down themselves
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
