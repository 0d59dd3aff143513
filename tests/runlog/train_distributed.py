"""Real distributed training for torchrun: gloo, DistributedSampler with its padding, one tracker per process.

Arguments: the folder of the log, the number of epochs, and optionally the rank that dies in epoch 2.
"""

import os
import sys

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from xai_widgets.tracking import Tracker

ROWS = 203  # divided by neither 2 nor 3: the sampler pads


class Numbers(torch.utils.data.Dataset):
    def __init__(self):
        chance = torch.Generator().manual_seed(0)
        self.x = torch.rand(ROWS, 64, generator=chance)
        self.y = torch.randint(0, 10, (ROWS,), generator=chance)

    def __len__(self):
        return ROWS

    def __getitem__(self, i):
        return self.x[i], self.y[i], i


def checkpoint(folder):
    return os.path.join(folder, "..", "checkpoint.pt")


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2])
    dying = int(sys.argv[3]) if len(sys.argv) > 3 else -1
    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo")
    data = Numbers()
    sampler = DistributedSampler(data, shuffle=True, seed=0)
    loader = DataLoader(data, batch_size=16, sampler=sampler)
    model = DistributedDataParallel(torch.nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    begin, step = 1, 0
    tracker = Tracker(log_dir=folder)
    if os.path.exists(checkpoint(folder)):
        state = torch.load(checkpoint(folder), weights_only=True)
        model.load_state_dict(state["model"])
        begin, step = state["epoch"] + 1, state["step"]
    for epoch in range(begin, epochs + 1):
        sampler.set_epoch(epoch)
        for number, (x, y, index) in enumerate(loader):
            logits = model(x)
            loss = torch.nn.functional.cross_entropy(logits, y, reduction="none")
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            step += 1
            tracker.record(index, y, epoch=epoch, step=step, loss=loss, logits=logits)
            if epoch == 2 and number == 2 and dist.get_rank() == dying:
                os._exit(9)
        tracker.end_epoch()
        if dist.get_rank() == 0:
            torch.save({"model": model.state_dict(), "epoch": epoch, "step": step}, checkpoint(folder))
        dist.barrier()
    tracker.finish()
    mine = tracker.instance_series(np.arange(ROWS))
    np.savez(os.path.join(folder, "..", f"rank{dist.get_rank()}.npz"), epochs=mine.epochs, values=mine.values)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
