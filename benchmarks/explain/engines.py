"""What explaining a whole data set costs over the bare loop, on each engine, and how a store grows.

python benchmarks/explain/engines.py local|torchrun|ray|shards|store [--images 1017] [--turns 3] [--instances 100000]

CIFAR images and the ResNet-20 of ../shared/data, integrated gradients of 16 steps from zeros. "local": processor time of
`xai_widgets.explain` over that of a loop written by hand over the same evaluations, in turns, one thread. "torchrun": two
processes over two bare loops side by side, likewise. "ray": two actors over two processes, each with all that they start.
"shards": 1, 2 and 4, one worker of which is killed and started again. "store": bytes per 10,000 instances, seconds to open
and to cluster.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
for _folder in (ROOT, ROOT / "benchmarks" / "attribution"):
    sys.path.insert(0, str(_folder))
STEPS, BATCH = 16, 32


def case(images: int) -> tuple[Any, Any]:
    """Give the network and the first images."""
    import torch
    from common import cifar
    from torch_networks import network

    import xai_widgets as xw

    torch.set_num_threads(1)
    parts = [cifar("test_1017"), cifar("train_5085")]
    x = np.concatenate([part[0] for part in parts])[:images].transpose(0, 3, 1, 2)
    y = np.concatenate([part[1] for part in parts])[:images]
    return network("resnet20"), xw.samples.as_samples(np.ascontiguousarray(x), labels=y, layout="NCHW")


def bare(network: Any, data: Any, ids: list[int]) -> None:
    """Integrate gradients as one writes it by hand: the same points, nothing kept but small masks."""
    import torch

    import xai_widgets.explain.masks as masks

    points = (torch.arange(STEPS) + 0.5) / STEPS
    for start in range(0, len(ids), BATCH):
        x = torch.from_numpy(data.batch(ids[start : start + BATCH]).inputs)
        with torch.no_grad():
            target = network(x).argmax(1)
        total = torch.zeros_like(x)
        for point in points:
            here = (x * point).requires_grad_()
            scores = network(here).gather(1, target[:, None]).sum()
            total += torch.autograd.grad(scores, here)[0]
        masks.quantise(masks.shrink((total / STEPS * x).numpy(), "NCHW"))


def ours(network: Any, data: Any, ids: list[int], folder: str, **options: Any) -> Any:
    import xai_widgets as xw

    settings = {"batch_size": BATCH, "integrating": STEPS, "effects": False, "progress": False, "index": ids}
    return xw.explain(network, data, folder, **{**settings, **options})


def local(images: int, turns: int) -> None:
    network, data = case(images)
    ids = list(range(images))
    ratios = []
    bare(network, data, ids[:BATCH])
    with tempfile.TemporaryDirectory() as folder:
        ours(network, data, ids[:BATCH], folder)
    for turn in range(turns):
        spent = {}
        for name in ("bare", "ours")[:: 1 if turn % 2 else -1]:
            began = time.process_time()
            if name == "bare":
                bare(network, data, ids)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    ours(network, data, ids, folder)
            spent[name] = time.process_time() - began
        ratios.append(spent["ours"] / spent["bare"])
        print(
            f"bare {spent['bare']:.1f} s, ours {spent['ours']:.1f} s of the processor, ratio {ratios[-1]:.3f}",
            flush=True,
        )
    print(f"local: {np.median(ratios):.3f} of a loop by hand ({images} images, {turns} turns)")


def child(what: str, images: int, folder: str, rank: int, world: int, size: int) -> None:
    """Do one process's share, and print the seconds of the processor that it took, without the start."""
    network, data = case(images)
    ids = list(range(images))
    bare(network, data, ids[:BATCH])
    began = time.process_time()
    if what == "bare":
        bare(network, data, ids[rank::world])
    else:
        os.environ.update(RANK=str(rank), WORLD_SIZE=str(world))
        ours(network, data, ids, folder, engine="torchrun", batch_size=size)
    print(time.process_time() - began)


def start(what: str, images: int, folder: str, rank: int, world: int, size: int = BATCH) -> Any:
    call = f"import engines; engines.child({what!r}, {images}, {folder!r}, {rank}, {world}, {size})"
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
    }
    return subprocess.Popen([sys.executable, "-c", call], env=env, stdout=subprocess.PIPE, text=True)


def side_by_side(what: str, images: int, folder: str, world: int, size: int = BATCH) -> float:
    """Run all shares at once; return the seconds of the processor that they took together."""
    processes = [start(what, images, folder, rank, world, size) for rank in range(world)]
    said = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return sum(float(each.split()[-1]) for each in said)


def torchrun(images: int, turns: int) -> None:
    ratios = []
    for turn in range(turns):
        spent = {}
        for what in ("bare", "ours")[:: 1 if turn % 2 else -1]:
            with tempfile.TemporaryDirectory() as folder:
                spent[what] = side_by_side(what, images, folder, 2)
        ratios.append(spent["bare"] / spent["ours"])
        print(
            f"two bare loops {spent['bare']:.1f} s, two shares {spent['ours']:.1f} s of the processor",
            flush=True,
        )
    print(f"torchrun: {np.median(ratios):.3f} of two bare loops side by side ({images} images)")


def shards(images: int) -> None:
    import xai_widgets as xw

    stores = []
    for world in (1, 2, 4):
        folder = tempfile.mkdtemp()
        first = start("ours", images, folder, 0, world, 8 + world)
        while (
            not any(Path(folder).glob("*.xexp"))
            or sum(p.stat().st_size for p in Path(folder).iterdir()) < 8000
        ):
            time.sleep(0.05)
        first.send_signal(signal.SIGKILL)
        first.wait()
        lost = len(xw.Explained.open(folder))
        side_by_side("ours", images, folder, world, 8 + world)
        store = xw.Explained.open(folder)
        stores.append(store)
        rows = sum(len(part.index) for file in store._files.values() for part in file.rows)
        first_of_all = stores[0]
        far = np.abs(store.masks - first_of_all.masks).max((1, 2)) / np.abs(first_of_all.masks).max((1, 2))
        same = {
            "ids": store.index.tolist() == first_of_all.index.tolist(),
            "predictions": store.prediction.tolist() == first_of_all.prediction.tolist(),
            "members": members(store) == members(first_of_all),
        }
        print(
            f"{world} shards, killed after {lost}: {len(store)} instances in {rows} rows, the same: {same}, masks within "
            f"{far.max():.1e} of the maximum",
            flush=True,
        )


def members(store: Any) -> list[set[Any]]:
    return [set(rule.index.tolist()) for rule in store.clusters()]


class Family:
    """Processor time of this process and all that it started, looked at twice a second."""

    def __enter__(self) -> Family:
        self._spent: dict[int, float] = {}
        self._stop = threading.Event()
        self._look()
        self._before = dict(self._spent)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()
        self.seconds = sum(spent - self._before.get(pid, 0.0) for pid, spent in self._spent.items())

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self._look()

    def _look(self) -> None:
        import psutil

        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._spent[process.pid] = times.user + times.system


def ray(images: int, turns: int) -> None:
    """Compare two actors with two processes side by side, with all that either starts, Ray's own processes too."""
    import ray as cluster

    # its workers import what the network is made of
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks" / "attribution")])
    network, data = case(images)
    cluster.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    ratios = []
    for turn in range(turns):
        spent, seconds = {}, {}
        for engine in ("shares", "ray")[:: 1 if turn % 2 else -1]:
            with tempfile.TemporaryDirectory() as folder, Family() as family:
                began = time.perf_counter()
                if engine == "ray":
                    ours(network, data, list(range(images)), folder, engine="ray", workers=2)
                else:
                    side_by_side("ours", images, folder, 2)
                seconds[engine] = time.perf_counter() - began
            spent[engine] = family.seconds
        ratios.append(spent["ray"] / spent["shares"])
        print(
            f"two actors {spent['ray']:.1f} s, two processes {spent['shares']:.1f} s of the processor, {seconds['ray']:.1f} and "
            f"{seconds['shares']:.1f} s by the clock",
            flush=True,
        )
    print(f"ray: {np.median(ratios):.3f} of two processes side by side, starts included ({images} images)")


def store(instances: int, like: str | None) -> None:
    """Write a store of many instances, their masks like those of a real store, and read it."""
    import xai_widgets as xw
    from xai_widgets.explain.masks import quantise
    from xai_widgets.explain.records import COLUMNS, Kind, Rows, StoreWriter, encode_rows

    rng = np.random.default_rng(0)
    if like is None:
        network, data = case(1017)
        like = tempfile.mkdtemp()
        ours(network, data, list(range(1017)), like)
    real = xw.Explained.open(like)
    size = sum(path.stat().st_size for path in Path(like).iterdir()) / len(real) * 10_000
    print(f"the real one: {len(real)} instances, {size / 1e6:.2f} MB per 10,000", flush=True)
    masks, prediction, folder = real.masks, real.prediction, Path(tempfile.mkdtemp())
    writer = StoreWriter(folder, {"weights": "", "method": "x", "settings": {}, "label_names": {}})
    began = time.process_time()
    for first in range(0, instances, 64):
        which = rng.integers(0, len(masks), min(64, instances - first))
        grids = masks[which] * rng.uniform(0.5, 1.5, (len(which), 1, 1)) + rng.normal(
            0, 0.02, masks[which].shape
        ) * np.abs(masks[which]).max((1, 2), keepdims=True)
        columns = {name: np.zeros(len(which), kind) for name, kind in COLUMNS}
        columns["prediction"] = columns["label"] = prediction[which]
        rows = Rows(tuple(range(first, first + len(which))), columns, *quantise(grids.astype(np.float32)))
        writer.write(Kind.ROWS, encode_rows(rows))
    writer.close()
    wrote = time.process_time() - began
    size = sum(path.stat().st_size for path in folder.iterdir()) / instances * 10_000
    marks = [(time.process_time(), time.perf_counter())]
    opened = xw.Explained.open(folder)
    assert len(opened) == instances
    marks.append((time.process_time(), time.perf_counter()))
    found = opened.clusters()
    marks.append((time.process_time(), time.perf_counter()))
    spent = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(marks)]
    print(
        f"{instances:,} instances: {size / 1e6:.2f} MB per 10,000, written in {wrote:.1f} s; opened in {spent[0][0]:.2f} s of "
        f"the processor ({spent[0][1]:.1f} s by the clock), {len(found)} rules in {spent[1][0]:.1f} s ({spent[1][1]:.1f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("local", "torchrun", "ray", "shards", "store"))
    parser.add_argument("--images", type=int, default=1017)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--instances", type=int, default=100_000)
    parser.add_argument("--like", help="a store to take masks from; by default one is made of 1,017 images")
    options = parser.parse_args()
    if options.part == "store":
        store(options.instances, options.like)
    elif options.part == "shards":
        shards(options.images)
    else:
        {"local": local, "torchrun": torchrun, "ray": ray}[options.part](options.images, options.turns)


if __name__ == "__main__":
    main()
