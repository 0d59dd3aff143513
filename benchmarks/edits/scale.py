"""A million instances, a hundred thousand edits: asking for the state, an epoch's order beside the bare sampler's, memory.

    python benchmarks/edits/scale.py [--instances 1000000] [--edits 100000] [--rounds 7]

`state()` is asked when an edit has just been made, and again. An epoch's order is that of ``DataLoader(batch_size=128,
shuffle=True)``'s batch sampler, taken to its end, bare and under edits in turns; the same over a `Subset`. Times are the best of
--rounds in processor time, ratios those of the bests. Memory is what the mask of an epoch allocates, by `tracemalloc`.
"""

import argparse
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import BatchSampler, Dataset, RandomSampler, Subset

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import xai_widgets as xw
from xai_widgets.hooks._common.data_labels import whole_places
from xai_widgets.hooks.torch.edited import EditedLoader


class Empty(Dataset):
    """A data set that only has a length."""

    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, place):
        return place


def cost(action):
    start = time.process_time()
    action()
    return time.process_time() - start


def exhaust(order):
    for _ in order:
        pass


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--edits", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chosen = np.random.default_rng(0).permutation(options.instances)[: options.edits]
    edits = xw.Edits(xw.Tracker())
    for part in np.array_split(chosen, 100):
        edits.exclude(part)
    fresh, again = [], []
    for place in range(options.rounds):
        edits.reweight(int(chosen[place]), 0.5)
        fresh.append(cost(edits.state))
        again.append(cost(edits.state))
    print(
        f"state() of {len(edits.state()):,} edited: {1e3 * min(fresh):.1f} ms after an edit, {1e3 * min(again):.3f} ms again"
    )
    edits.begin_epoch(1)
    edits.in_force()
    whole = Empty(options.instances)
    for name, data in (("whole", whole), ("Subset", Subset(whole, range(options.instances)))):
        places = whole_places(data)
        loader = EditedLoader(edits, "train", None, None, lambda text: None)
        tracemalloc.start()
        loader.kept(data, lambda places=places: places)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        bare = BatchSampler(RandomSampler(data), 128, False)
        times = {"bare": [], "edited": []}
        for _ in range(options.rounds):
            times["bare"].append(cost(lambda bare=bare: exhaust(iter(bare))))
            drawn = loader.sampler(bare, data, lambda places=places: places)
            times["edited"].append(cost(lambda drawn=drawn: exhaust(iter(drawn))))
        assert sum(map(len, drawn)) == options.instances - options.edits
        best = {way: min(each) for way, each in times.items()}
        print(
            f"{name}: an epoch's order {1e3 * best['bare']:.0f} ms bare, {1e3 * best['edited']:.0f} ms edited, "
            f"{best['edited'] / best['bare']:.2f} of it; {held / options.instances:.2f} bytes an instance are kept"
        )


if __name__ == "__main__":
    main()
