"""The run log: rows a second written and read, bytes per row, beside copying the same columns with numpy's own files.

    python benchmarks/tracking/runlog.py [--quick]

The floor writes and reads the bare columns (index, loss) of every batch with tofile and fromfile: no checksum, no
epochs, no labels, nothing a second process could read while it grows. Both are measured in turns.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xai_widgets import runlog
from xai_widgets.runlog.file_reader import FileReader, files_of
from xai_widgets.tracking import Tracker
from xai_widgets.tracking.store.batch_buffer import Batch


def batches(n, epochs, size):
    rng = np.random.default_rng(0)
    for epoch in range(1, epochs + 1):
        order, loss = rng.permutation(n), rng.random(n, dtype=np.float32)
        for at in range(0, n, size):
            i = order[at : at + size]
            yield epoch, i, i % 10, loss[at : at + size]


def write_log(folder, rows):
    log = runlog.LogWriter(folder, dict)
    begin = time.perf_counter()
    for step, (epoch, index, label, loss) in enumerate(rows):
        log.write_rows("train", None, epoch, step, Batch(index, label, ("loss",), [loss]))
    spent = time.perf_counter() - begin
    log.close()
    return spent


def write_floor(folder, rows):
    folder.mkdir()
    begin = time.perf_counter()
    with open(folder / "bare", "wb", buffering=0) as file:
        for _, index, _, loss in rows:
            index.astype("<u4").tofile(file)
            loss.tofile(file)
    return time.perf_counter() - begin


def read_log(folder):
    """Every frame checked and turned into columns."""
    begin = time.perf_counter()
    rows = 0
    for path in files_of(folder):
        file = FileReader(path)
        while events := file.poll():
            rows += sum(len(e.batch) for e in events if hasattr(e, "batch"))
    return time.perf_counter() - begin, rows


def read_floor(folder):
    begin = time.perf_counter()
    total = np.fromfile(folder / "bare", "<u4").size
    return time.perf_counter() - begin, total


def read_tracker(folder):
    """All of it in a tracker, answers ready."""
    begin = time.perf_counter()
    tracker = runlog.read(folder)
    tracker.label_series(mode="train")
    return time.perf_counter() - begin


def large(root, n, epochs, rounds):
    rows = list(batches(n, epochs, 50_000))
    total = n * epochs
    figures = {
        name: []
        for name in ("written", "floor written", "read and checked", "floor read", "read into a tracker")
    }
    for number in range(rounds):
        log, bare = root / f"log{number}", root / f"bare{number}"
        figures["floor written"].append(total / write_floor(bare, rows))
        figures["written"].append(total / write_log(log, rows))
        figures["read and checked"].append(total / read_log(log)[0])
        figures["floor read"].append(total / read_floor(bare)[0])
        figures["read into a tracker"].append(total / read_tracker(log))
        size = sum(p.stat().st_size for p in log.iterdir())
        shutil.rmtree(log)
        shutil.rmtree(bare)
    print(f"\n5. {n:,} x {epochs} rows in batches of 50,000 (million rows a second, median of {rounds})")
    for name, values in figures.items():
        bound = {"written": "at least 10", "read and checked": "at least as fast as 10"}.get(name, "")
        print(f"   {name:20s} {statistics.median(values) / 1e6:8.1f}   {bound}")
    for ours, floor in (("written", "floor written"), ("read and checked", "floor read")):
        ratio = statistics.median(f / o for o, f in zip(figures[ours], figures[floor], strict=True))
        print(f"   {ours}: {ratio:.1f} x the time of the floor")
    print(f"   {size / total:.2f} bytes per row (at most 9)")


def small(root, repeat):
    rng = np.random.default_rng(0)
    order, loss = rng.permutation(100_000), rng.random(100_000, dtype=np.float32)
    label = order % 10
    trackers = {"memory alone": Tracker(), "with the log": Tracker(log_dir=root / "small")}
    spent = {name: [] for name in trackers}
    for k in range(repeat):
        at = k * 128 % 99_872
        for name, tracker in trackers.items():
            i, y, x = order[at : at + 128], label[at : at + 128], loss[at : at + 128]
            begin = time.perf_counter()
            tracker.record(i, y, loss=x)
            spent[name].append(time.perf_counter() - begin)
    print("\n2. one record of 128 (microseconds, in turns)")
    for name, values in spent.items():
        micro = np.array(values) * 1e6
        bound = "at most 35" if "log" in name else "at most 20"
        print(f"   {name:14s} median {np.median(micro):6.1f}  90% {np.percentile(micro, 90):6.1f}  {bound}")
    size = sum(p.stat().st_size for p in (root / "small").iterdir())
    print(f"   {size / (128 * repeat):.2f} bytes per row in batches of 128")


def lag(root, seconds):
    """How long after `record` returned a reader knows of a batch, by its own clock, the reader polling on its own."""
    writer = Tracker(log_dir=root / "lag")
    reader = Tracker.follow(root / "lag")
    waits, end, value = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        version = reader.version
        value += 1
        writer.record([0], [0], epoch=value, loss=[value])
        begin = time.monotonic()
        while reader.version == version:
            time.sleep(0.002)
        waits.append(time.monotonic() - begin)
    reader.close()
    print(
        f"\n   a reader hears of a batch after {1e3 * statistics.median(waits):.0f} ms "
        f"(median of {len(waits)}; longest {1e3 * max(waits):.0f}; at most 250)"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="runlog-benchmark-"))
    try:
        large(root, *((200_000, 5, 3) if options.quick else (1_000_000, 20, 3)))
        small(root, 3_000 if options.quick else 20_000)
        lag(root, 2 if options.quick else 8)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
