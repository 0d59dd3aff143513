"""What a row costs as the data set grows: dense numbers, sparse ones, and the question for the labels.

    python benchmarks/tracking/scale.py [--millions 1 4 16 64] [--sparse 16] [--epochs 3]

Batches of 4,096 in an order drawn anew for every epoch, 1,000 labels. The floor is a bare numpy scatter of the same rows
(the value of each into a float32 column, its label into an int16 one) at the same size, in turns with ours: a batch each.
The column of the floor is new memory filled with NaN in every epoch, its labels are new in the first one, and both count, as
ours do. Before the first row a block of 32 MB is made and given back, as in every training: from then on glibc keeps freed
memory, and what numpy needs for a moment costs no new pages.
Printed are the processor time of all threads, the median of the epochs, and ratios; bytes are those of `tracker.nbytes` for
each row recorded.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xai_widgets.tracking import Tracker

BATCH, LABELS, STRETCH = 4096, 1000, 1 << 18
MIX = 0x9E3779B97F4A7C15


def order_of(n, rng):
    """All numbers below n in random order, in 32 bits while it is drawn."""
    order = np.arange(n, dtype=np.int32)
    rng.shuffle(order)
    return order


def hashed(index):
    """A 64-bit hash of each number, another for each."""
    return (index.astype(np.uint64) * np.uint64(MIX)).view(np.int64)


def stretch(tracker, column, codes, positions, names, labels, values):
    """Record some batches in both ways in turns; processor seconds of each."""
    ours = floor = 0.0
    for start in range(0, positions.size, BATCH):
        part = slice(start, start + BATCH)
        at, label, value = positions[part], labels[part], values[part]
        begin = time.process_time()
        column[at] = value
        codes[at] = label
        middle = time.process_time()
        tracker.record(names[part], label, loss=value)
        ours += time.process_time() - middle
        floor += middle - begin
    return ours, floor


def measure(n, epochs, sparse=False):
    """Nanoseconds a row of ours and of the floor, bytes a row, milliseconds of `label_series`."""
    rng = np.random.default_rng(0)
    np.ones(1 << 22)
    tracker, codes = Tracker(), np.zeros(n, np.int16)
    totals, questions = [], []
    for _ in range(epochs):
        order, begin, spent = order_of(n, rng), time.process_time(), 0.0
        column = np.full(n, np.nan, np.float32)
        scattered = time.process_time() - begin
        for start in range(0, n, STRETCH):
            positions = order[start : start + STRETCH].astype(np.int64)
            names = hashed(positions) if sparse else positions
            values = rng.random(positions.size, dtype=np.float32)
            ours, floor = stretch(tracker, column, codes, positions, names, positions % LABELS, values)
            spent, scattered = spent + ours, scattered + floor
        begin = time.process_time()
        tracker.end_epoch()
        tracker.counts()  # all that waits is taken in
        spent += time.process_time() - begin
        totals.append((spent / n * 1e9, scattered / n * 1e9))
        for _ in range(5):
            begin = time.perf_counter()
            series = tracker.label_series(mode="train")
            questions.append(time.perf_counter() - begin)
        assert int(series.count[:, -1].sum()) == n
        means = np.bincount(np.arange(n) % LABELS, column, LABELS) / series.count[:, -1]
        np.testing.assert_allclose(series.mean[:, -1], means, rtol=1e-9)
    return totals, tracker.nbytes / (n * epochs), 1e3 * statistics.median(questions)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--millions", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--sparse", type=int, nargs="*", default=[16])
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    dense = {}
    for kind, sizes in (("dense", options.millions), ("sparse", options.sparse)):
        for millions in sizes:
            totals, size, question = measure(millions * 1_000_000, options.epochs, kind == "sparse")
            middle = statistics.median(ours for ours, _ in totals)
            floor = statistics.median(scatter for _, scatter in totals)
            said = f"{middle / floor:5.2f} x scatter (at most 3)"
            if kind == "dense":
                dense[millions] = middle
            elif millions in dense:
                said = f"{middle / dense[millions]:5.2f} x dense (at most 4)"
            each = ", ".join(f"{ours:.0f}/{scatter:.0f}" for ours, scatter in totals)
            print(
                f"{kind:6s} {millions:3d} million: {middle:6.1f} ns a row, scatter {floor:5.1f}: {said}; epochs {each}; "
                f"{size:.2f} bytes a row; label_series {question:.2f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
