"""The tracker beside the bare-numpy floor and FastEstimator 1.7's own classes, measured in turns in one run.

    python benchmarks/tracking/store.py [--quick] [--fastestimator-python PATH]

Prints ratios and medians: whole epochs (labels and instances together), bytes per observation, one `record`, the slowing
of a training step of about a millisecond, all training dynamics at once, and the time of every kind of answer.

FastEstimator pins old versions of everything, so it needs an environment of its own, for instance

    python3.11 -m venv fe && fe/bin/pip install "setuptools<81" "numpy==1.26.4" "tensorflow-cpu==2.15.*" \\
        "torch==2.13.0" "fastestimator==1.7.0" "numpy==1.26.4" "setuptools<81"
    python benchmarks/tracking/store.py --fastestimator-python fe/bin/python

Its LabelTracker and InstanceTracker run as they are, with a stand-in for the system they ask for the epoch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xai_widgets.tracking import Tracker

BATCH = 128
CLASSES = 10

FASTESTIMATOR = r"""
import json, sys, time, types
import numpy as np
from fastestimator.trace.xai import InstanceTracker, LabelTracker
from fastestimator.util import Data
import resource
n = int(sys.argv[1])
system = types.SimpleNamespace(epoch_idx=0, mode="train", global_step=0)
traces = [LabelTracker(label="y", metric="loss", mode="train"), InstanceTracker(index="i", metric="loss", mode="train")]
for trace in traces:
    trace.system = system
rng = np.random.default_rng(0)
y = np.arange(n) % 10
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps("ready"), flush=True)
before = None
for line in sys.stdin:
    system.epoch_idx += 1
    order, loss = rng.permutation(n), rng.random(n).astype(np.float32)
    batches = [Data({"i": order[b:b+128], "y": y[order[b:b+128]], "loss": loss[order[b:b+128]]}) for b in range(0, n, 128)]
    start = used()
    begin = time.perf_counter()
    for batch in batches:
        system.global_step += 1
        for trace in traces:
            trace.on_batch_end(batch)
    for trace in traces:
        trace.on_epoch_end(Data())
    spent = time.perf_counter() - begin
    kept = sum(len(v) for v in traces[1].index_history["train"].values())
    print(json.dumps([spent, used(), kept]), flush=True)
"""


class Floor:
    """What numpy must do at the least: scatter every batch, statistics per label, the hundred most extreme."""

    def __init__(self, n, epochs):
        self.columns = np.full((epochs, n), np.nan, np.float32)
        self.label = np.arange(n) % CLASSES
        self.order = np.argsort(self.label, kind="stable")
        self.starts = np.searchsorted(self.label[self.order], np.arange(CLASSES))
        self.epoch = 0

    def run(self, order, loss):
        row = self.columns[self.epoch]
        for b in range(0, order.size, BATCH):
            i = order[b : b + BATCH]
            row[i] = loss[b : b + BATCH]
        x = row.astype(np.float64)
        count = np.bincount(self.label, minlength=CLASSES)
        mean = np.bincount(self.label, x) / count
        std = np.sqrt(np.bincount(self.label, (x - mean[self.label]) ** 2) / (count - 1))
        ends = (
            np.minimum.reduceat(row[self.order], self.starts),
            np.maximum.reduceat(row[self.order], self.starts),
        )
        extreme = np.argpartition(row, [99, row.size - 100])
        self.epoch += 1
        return mean, std, ends, extreme


def ours(tracker, order, label, loss):
    for b in range(0, order.size, BATCH):
        tracker.record(order[b : b + BATCH], label[b : b + BATCH], loss=loss[b : b + BATCH])
    tracker.end_epoch()
    tracker.label_series(mode="train")


def timed(function, *arguments, clock=time.perf_counter):
    begin = clock()
    function(*arguments)
    return clock() - begin


def epochs_in_turns(n, epochs, fastestimator, fe_epochs):
    rng = np.random.default_rng(0)
    tracker, floor = Tracker(), Floor(n, epochs)
    peer = Peer(fastestimator, n) if fastestimator else None
    times = {"ours": [], "floor": [], "FastEstimator": []}
    processor = {"ours": [], "floor": []}
    for epoch in range(epochs):
        order, loss = rng.permutation(n), rng.random(n, dtype=np.float32)
        label = order % CLASSES
        for name, run in (
            ("floor", partial(floor.run, order, loss)),
            ("ours", partial(ours, tracker, order, label, loss)),
        ):
            cpu = time.process_time()
            times[name].append(timed(run))
            processor[name].append(time.process_time() - cpu)
        if peer is not None and epoch < fe_epochs:
            times["FastEstimator"].append(peer.epoch())
    print(
        f"\n1. {n:,} instances x {epochs} epochs in batches of {BATCH}, labels and instances (seconds per epoch, median)"
    )
    middle = {name: statistics.median(values) for name, values in times.items() if values}
    for name, seconds in middle.items():
        print(f"   {name:14s} {seconds:8.3f}   {seconds / middle['floor']:6.2f} x floor")
    pairs = [a / b for a, b in zip(times["ours"], times["floor"], strict=True)]
    cpu = statistics.median(a / b for a, b in zip(processor["ours"], processor["floor"], strict=True))
    print(
        f"   ours / floor, epoch by epoch: median {statistics.median(pairs):.2f} by the clock, {cpu:.2f} in processor "
        "time, all threads (at most 2)"
    )
    if peer is not None:
        both = [f / o for f, o in zip(times["FastEstimator"], times["ours"], strict=False)]
        print(f"   FastEstimator / ours, epoch by epoch: median {statistics.median(both):.1f} (at least 20)")
        print(
            f"   FastEstimator keeps {peer.bytes_per_observation():.0f} bytes per observation (growth of its process)"
        )
        peer.close()
    print(f"   ours keeps {tracker.nbytes / (n * epochs):.2f} bytes per observation (at most 4.5)")
    return tracker


class Peer:
    """FastEstimator's trackers in their own interpreter, one epoch when asked."""

    def __init__(self, python, n):
        self.process = subprocess.Popen(
            [python, "-W", "ignore", "-c", FASTESTIMATOR, str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.memory = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("FastEstimator could not be started; see the top of this file")
            if line.strip() == '"ready"':
                break

    def epoch(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        spent, memory, kept = json.loads(self.process.stdout.readline())
        self.memory.append((memory, kept))
        return spent

    def bytes_per_observation(self):
        (first, some), (last, more) = self.memory[0], self.memory[-1]
        return (last - first) / max(more - some, 1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def single_records(n, repeat):
    rng = np.random.default_rng(0)
    order, loss = rng.permutation(n), rng.random(n, dtype=np.float32)
    label = order % CLASSES
    logits = rng.normal(size=(BATCH, CLASSES)).astype(np.float32)
    print(f"\n2. one record of {BATCH} (microseconds)")
    for name, extra, bound in (("loss and label", {}, "at most 20"), ("with logits", {"logits": logits}, "")):
        tracker, spent = Tracker(), []
        for k in range(repeat):
            b = k * BATCH % (n - BATCH)
            i, y, x = order[b : b + BATCH], label[b : b + BATCH], loss[b : b + BATCH]
            begin = time.perf_counter()
            tracker.record(i, y, loss=x, **extra)
            spent.append(time.perf_counter() - begin)
        spent = np.array(spent) * 1e6
        print(f"   {name:16s} median {np.median(spent):6.1f}  90% {np.percentile(spent, 90):6.1f}  {bound}")


def training_step(steps):
    """Steps of about a millisecond, every second one tracked; the time of this thread, so that a busy machine matters less."""
    try:
        import torch
    except ImportError:
        print("   the training step needs torch, which is not installed here")
        return
    torch.set_num_threads(1)
    x, y = torch.randn(8192, 128), torch.randint(0, CLASSES, (8192,))
    model = torch.nn.Sequential(torch.nn.Linear(128, 320), torch.nn.ReLU(), torch.nn.Linear(320, CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    index = torch.arange(8192)
    batches = [(x[a : a + BATCH], y[a : a + BATCH], index[a : a + BATCH]) for a in range(0, 8192, BATCH)]

    def step(batch, tracker):
        inputs, label, places = batch
        loss = torch.nn.functional.cross_entropy(model(inputs), label, reduction="none")
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        if tracker is not None:
            tracker.record(places, label, loss=loss)

    tracker = Tracker()
    plain, tracked = [], []
    for number in range(steps):
        batch = batches[number % len(batches)]
        plain.append(timed(step, batch, None, clock=time.thread_time))
        tracked.append(timed(step, batch, tracker, clock=time.thread_time))
        if number % len(batches) == len(batches) - 1:
            tracked[-1] += timed(tracker.end_epoch, clock=time.thread_time)
    skip = steps // 10
    one, other = sum(plain[skip:]) / (steps - skip), sum(tracked[skip:]) / (steps - skip)
    print(
        f"   a training step of {1e3 * one:.2f} ms slows by {100 * (other / one - 1):.1f} %, everything taken in "
        f"(means of the thread's time; median {100 * (statistics.median(tracked) / statistics.median(plain) - 1):.1f} %; "
        "under 5 %)"
    )


def dynamics(n, epochs):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, CLASSES)).astype(np.float32)
    tracker = Tracker()
    spent, main = [], []
    for _ in range(epochs):
        order = rng.permutation(n)
        label, loss = order % CLASSES, rng.random(n, dtype=np.float32)
        begin, cpu = time.perf_counter(), time.process_time()
        in_main = time.thread_time()
        for b in range(0, n, BATCH):
            tracker.record(
                order[b : b + BATCH],
                label[b : b + BATCH],
                loss=loss[b : b + BATCH],
                logits=logits[b : b + BATCH],
            )
        tracker.end_epoch()
        main.append(time.thread_time() - in_main)
        table = tracker.dynamics()
        spent.append((time.perf_counter() - begin, time.process_time() - cpu))
    wall, processor = (statistics.median(s[k] for s in spent) for k in (0, 1))
    print(
        f"\n3. all dynamics of {n:,} x {CLASSES} classes per epoch, with a table of {len(table.columns) - 2} scores"
    )
    print(
        f"   {wall:.2f} s from the first batch to the table; {processor:.2f} s of processor, "
        f"{statistics.median(main):.2f} s of it in the training thread (at most 2 s off it)"
    )


def answers(tracker, n):
    rng = np.random.default_rng(1)
    print(f"\n4. answers about {n:,} x {tracker.epoch} (milliseconds; each at most 50)")
    questions = {
        "label_series": lambda: tracker.label_series(mode="train"),
        "extremes(n=100)": lambda: tracker.extremes(n_max=100, n_min=100),
        "10 instance_series": lambda: tracker.instance_series(rng.integers(0, n, 10)),
        "extremes(by='last')": lambda: tracker.extremes(n_max=100, n_min=100, by="last"),
        "extremes(by='label_error')": lambda: tracker.extremes(n_max=100, n_min=100, by="label_error"),
        "dynamics()": lambda: tracker.dynamics(),
    }
    for name, ask in questions.items():
        wall, cpu = zip(*((timed(ask), timed(ask, clock=time.thread_time)) for _ in range(7)), strict=True)
        print(
            f"   {name:28s} median {1e3 * statistics.median(wall):7.1f}  processor {1e3 * statistics.median(cpu):7.1f}"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument(
        "--fastestimator-python", metavar="PATH", help="interpreter that has fastestimator 1.7.0"
    )
    parser.add_argument(
        "--fastestimator-epochs", type=int, default=5, help="how many epochs FastEstimator runs (5)"
    )
    options = parser.parse_args()
    n, epochs = (100_000, 5) if options.quick else (1_000_000, 20)
    tracker = epochs_in_turns(n, epochs, options.fastestimator_python, options.fastestimator_epochs)
    answers(tracker, n)
    del tracker
    single_records(100_000, 5_000 if options.quick else 20_000)
    training_step(1000 if options.quick else 5000)
    dynamics(n, 2 if options.quick else 3)


if __name__ == "__main__":
    main()
