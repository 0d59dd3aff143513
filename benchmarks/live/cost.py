"""What training pays for being live: step times alone, with everything attached, and while saliency is computed.

Each is measured between two windows of what it is compared with, since machines drift; ratios are medians over the rounds.
``python benchmarks/live/cost.py [--quick] [--share 0.06]``
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


class Asker:
    """Asks for one picture after the other, as long as it is open."""

    def __init__(self, service):
        self.service, self.pictures = service, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self):
        asked = 0
        while not self._over.is_set():
            asked += 1
            self.service.request(ColumnsRequest((asked % 500, 501, 502)), self.pictures.append).wait(60)

    def close(self):
        self._over.set()
        self.service.cancel()
        self._thread.join()


def one_round(model, samples, step, seconds, share):
    """Seconds a step: attached, computing, attached again; then how long copying the weights took, and results."""
    tracker, publisher = xw.Tracker(), Publisher()
    publisher.add(View(tracker))
    publisher.watch(tracker)
    service = AttributionService(model, samples, tracker=tracker, share=share)
    tracker.start()
    before = window(step, seconds, tracker.record)
    asker = Asker(service)
    window(step, 1.0, tracker.record)  # the first copy and trace of the model
    computing = window(step, seconds, tracker.record)
    asker.close()
    window(step, 0.5, tracker.record)
    after = window(step, seconds, tracker.record)
    service.close()
    publisher.close()
    return (before + after) / 2, computing, service.last_copy_seconds, len(asker.pictures)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--share", type=float, default=0.06, help="as the service takes it")
    options = parser.parse_args()
    rounds, seconds = (5, 2.0) if options.quick else (15, 4.0)
    model, samples, step = torch_step()
    window(step, 1.0)
    base = window(step, seconds)
    found = {"attached / alone": [], "computing / attached": []}
    copies, pictures = [], 0
    for number in range(rounds):
        attached, computing, copy, count = one_round(model, samples, step, seconds, options.share)
        again = window(step, seconds)
        found["attached / alone"].append(attached / ((base + again) / 2))
        found["computing / attached"].append(computing / attached)
        base, pictures = again, pictures + count
        copies.append(copy)
        print(f"round {number + 1}: alone {1e3 * again:.1f} ms a step, " + ", ".join(
            f"{name} x{ratios[-1]:.3f}" for name, ratios in found.items()
        ))  # fmt: skip
    for name, ratios in found.items():
        low, high = np.percentile(ratios, [25, 75])
        print(f"{name}: median x{statistics.median(ratios):.3f} (quartiles {low:.3f} and {high:.3f})")
    print(
        f"share {options.share}: {pictures} results; copying the weights took {1e3 * statistics.median(copies):.2f} ms"
    )


if __name__ == "__main__":
    main()
