"""Memory of this process after dashboards on many instances, each recorded, shown, drawn and closed, one after the other.

``python benchmarks/live/closed_dashboards.py [--instances 1000000] [--dashboards 20]``. The last line is the ratio of the
memory after the last one to that after the second. The C library keeps up to 64 MiB of what a thread has freed; here it is
told to give that back before each look.
"""

from __future__ import annotations

import argparse
import ctypes
import gc

import numpy as np
import psutil
import torch

import xai_widgets as xw

C = ctypes.CDLL(None)
EPOCHS, AT_ONCE = 4, 65_536
X, Y = np.zeros((64, 3, 8, 8), np.float32), np.arange(64) % 4


def shown_and_closed(instances: int) -> None:
    tracker, rng = xw.Tracker(), np.random.default_rng(0)
    for _ in range(EPOCHS):
        for start in range(0, instances, AT_ONCE):
            index = np.arange(start, min(start + AT_ONCE, instances))
            tracker.record(index, index % 10, loss=rng.random(len(index), dtype=np.float32))
        tracker.end_epoch()
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 4))
    dashboard = xw.Dashboard(tracker, model, (X, Y), mode="train", layout="NCHW", smoothing=2, integrating=4)
    dashboard.map.welcome("a window")
    dashboard.selected = (1, 2)
    dashboard.publisher.flush()
    dashboard.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--dashboards", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    used = []
    for number in range(1, given.dashboards + 1):
        shown_and_closed(given.instances)
        gc.collect()
        if hasattr(C, "malloc_trim"):
            C.malloc_trim(0)
        used.append(psutil.Process().memory_info().rss / 2**20)
        print(f"{number} dashboards: {used[-1]:.0f} MiB", flush=True)
    print(f"{used[-1]:.0f} / {used[1]:.0f} MiB = {used[-1] / used[1]:.3f}")


if __name__ == "__main__":
    main()
