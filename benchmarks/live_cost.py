"""What training pays for being live: step times alone, with everything attached, and while saliency is computed.

The three are measured in turns in one run, so that a busy machine slows all of them; ratios are medians over the
rounds. ``python benchmarks/live_cost.py [--quick] [--share 0.06] [--keras]``
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time

import numpy as np

import xai_widgets as xw
from xai_widgets.live import AttributionService, ColumnsRequest, Publisher
from xai_widgets.samples import as_samples

X = np.random.default_rng(0).random((512, 3, 32, 32), np.float32)
Y = np.arange(512) % 10


def torch_step():
    """One step of a CNN of 300,000 weights on 64 pictures of 32 x 32."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3), torch.nn.BatchNorm2d(32), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 64, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(),
        torch.nn.Linear(64 * 36, 128), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 1e-2, momentum=0.9)
    x, y = torch.from_numpy(X), torch.from_numpy(Y)

    def step(number, record):
        rows = torch.arange(number * 64, number * 64 + 64) % 512
        losses = F.cross_entropy(model(x[rows]), y[rows], reduction="none")
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        if record is not None:
            record(rows.numpy(), Y[rows.numpy()], loss=losses)

    return model, as_samples((X, Y), layout="NCHW"), step


class View:
    """Stands for the plots: reads what they read."""

    def __init__(self, tracker):
        self.tracker = tracker

    def draw(self):
        if "train" in self.tracker.modes:
            self.tracker.label_series("loss", mode="train")
            self.tracker.extremes("loss", mode="train")
        return 5_000

    def show_problem(self, problem):
        raise problem


def window(step, seconds, record=None, first=0):
    """Seconds a step, mean over a window of time."""
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        step(first + count, record)
        count += 1
    return (time.perf_counter() - started) / count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--share", type=float, default=0.06)
    options = parser.parse_args()
    rounds, seconds = (3, 2.0) if options.quick else (8, 5.0)
    model, samples, step = torch_step()
    window(step, 1.0)
    alone, attached, computing, pictures, copies = [], [], [], 0, []
    for number in range(rounds):
        alone.append(window(step, seconds))
        tracker, publisher = xw.Tracker(), Publisher()
        view = View(tracker)
        publisher.add(view)
        publisher.watch(tracker)
        service = AttributionService(model, samples, tracker=tracker, share=options.share)
        tracker.start()
        attached.append(window(step, seconds, tracker.record))
        over, seen = threading.Event(), []

        def ask(service=service, over=over, seen=seen):
            asked = 0
            while not over.is_set():
                asked += 1
                service.request(ColumnsRequest((asked % 500, 501, 502)), seen.append).wait(60)

        asker = threading.Thread(target=ask)
        asker.start()
        window(step, 2.0, tracker.record)  # the pace learns what a chunk costs
        computing.append(window(step, seconds, tracker.record))
        over.set()
        service.cancel()
        asker.join()
        copies.append(service.last_copy_seconds)
        pictures += len(seen)
        service.close()
        publisher.close()
        base = alone[-1]
        print(
            f"round {number + 1}: alone {1e3 * base:.2f} ms/step, attached x{attached[-1] / base:.3f}, "
            f"while computing x{computing[-1] / base:.3f}, cost of a chunk {service._pace.cost():.2f}"
        )
    ratio = statistics.median(b / a for a, b in zip(alone, attached, strict=True))
    print(f"attached / alone: median x{ratio:.3f}")
    ratio = statistics.median(c / b for b, c in zip(attached, computing, strict=True))
    print(f"computing / attached: median x{ratio:.3f} at share {options.share}; {pictures} results")
    print(f"copying the weights: median {1e3 * statistics.median(copies):.2f} ms")


if __name__ == "__main__":
    main()
