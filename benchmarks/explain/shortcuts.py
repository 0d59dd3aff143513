"""Does the most suspicious rule name a shortcut that a network was led into?

python benchmarks/explain/shortcuts.py [--plants 10] [--clean 10] [--images 5085] [--epochs 8]

Plants a mark in a corner, or a coloured border, in 30 % of the images of one class, trains a small CNN, explains the data set,
and asks which rule is the most suspicious. A plant counts where the network uses it: pasted into images of other classes it moves
at least half of them to the class. Beside them networks trained on the images as they are: none of their rules should reach
`THRESHOLD`. Needs ../shared/data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from xai_widgets.explain.clusters import SUSPICIOUS  # noqa: E402

DATA = ROOT / ".." / "shared" / "data" / "cifar10_train_5085.npz"
THRESHOLD = SUSPICIOUS
COLOURS = ((255, 0, 255), (0, 255, 0), (255, 255, 0), (0, 255, 255))


@dataclass(frozen=True)
class Outcome:
    """What was found for one network."""

    kind: str
    seed: int
    used: float
    suspicion: float
    first: bool
    auroc: float
    why: str
    seconds: float


def paste(images: np.ndarray, kind: str, where: int, colour: tuple[int, int, int]) -> np.ndarray:
    """Return images with a mark of 4 x 4 pixels in one of four corners, or a border of 2."""
    images = images.copy()
    rows, columns = (slice(0, 4), slice(-4, None))[where // 2], (slice(0, 4), slice(-4, None))[where % 2]
    if kind == "mark":
        images[:, rows, columns] = colour
    elif kind == "border":
        for side in (slice(0, 2), slice(-2, None)):
            images[:, side] = colour
            images[:, :, side] = colour
    return images


def train(x: np.ndarray, y: np.ndarray, epochs: int, seed: int) -> Any:
    import torch
    from torch import nn

    torch.manual_seed(seed)
    parts: list[Any] = []
    for inside, outside in ((3, 32), (32, 64), (64, 64)):
        parts += [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    network = nn.Sequential(*parts, nn.Flatten(), nn.Linear(64 * 16, 10))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(64):
            loss = nn.functional.cross_entropy(network(inputs[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


def outcome(kind: str, seed: int, images: int, epochs: int) -> Outcome:
    """Plant, train, explain, and look at the most suspicious rule."""
    import torch
    from sklearn.metrics import roc_auc_score

    import xai_widgets as xw

    began = time.perf_counter()
    with np.load(DATA) as held:
        raw, y = held["x"][:images], held["y"][:images].astype(np.int64)
    rng = np.random.default_rng(seed)
    label, where, colour = int(rng.integers(10)), int(rng.integers(4)), COLOURS[rng.integers(4)]
    marked = np.zeros(len(y), bool)
    x = raw.copy()
    if kind != "clean":
        members = np.flatnonzero(y == label)
        marked[rng.choice(members, int(0.3 * len(members)), replace=False)] = True
        x[marked] = paste(raw[marked], kind, where, colour)
    network = train(_normalised(x), y, epochs, seed)
    others = np.flatnonzero(y != label)[:500]
    with torch.no_grad():
        pasted = (
            network(torch.from_numpy(_normalised(paste(raw[others], kind, where, colour)))).argmax(1).numpy()
        )
    used = float((pasted == label).mean()) if kind != "clean" else 0.0
    samples = xw.samples.as_samples(_normalised(x), labels=y, layout="NCHW")
    with tempfile.TemporaryDirectory() as folder:
        rules = xw.explain(network, samples, folder, batch_size=64, integrating=8, progress=False).clusters()
    top = rules[0]
    auroc = float("nan")
    if kind != "clean" and top.label == label:
        names = np.array(list(top.membership))
        auroc = (
            float(roc_auc_score(marked[names], list(top.membership.values())))
            if 0 < marked[names].sum() < len(names)
            else 1.0
        )
    first = top.label == label and float(marked[top.index].mean()) > 0.5
    return Outcome(kind, seed, used, top.suspicion, first, auroc, top.why, time.perf_counter() - began)


def _normalised(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(((x / 255 - 0.5) / 0.25).astype(np.float32).transpose(0, 3, 1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--plants", type=int, default=10, help="networks with a mark, and as many with a border"
    )
    parser.add_argument("--clean", type=int, default=10)
    parser.add_argument("--images", type=int, default=5085)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    print("| plant | seed | used | suspicion | first | AUROC | seconds |\n|---|---|---|---|---|---|---|")
    runs = [(kind, seed) for kind in ("mark", "border") for seed in range(options.plants)]
    runs += [("clean", seed) for seed in range(options.clean)]
    found = []
    for kind, seed in runs:
        one = outcome(kind, seed, options.images, options.epochs)
        found.append(one)
        print(
            f"| {kind} | {seed} | {one.used:.2f} | {one.suspicion:.2f} | {one.first} | {one.auroc:.3f} | {one.seconds:.0f} |",
            flush=True,
        )
    planted = [one for one in found if one.kind != "clean" and one.used >= 0.5]
    good = [one for one in planted if one.first and one.auroc >= 0.99 and one.suspicion >= THRESHOLD]
    quiet = [one for one in found if one.kind == "clean" and one.suspicion < THRESHOLD]
    print(f"\nused plants named first, over {THRESHOLD}, AUROC >= 0.99: {len(good)} of {len(planted)}")
    print(f"clean networks with nothing over {THRESHOLD}: {len(quiet)} of {options.clean}")


if __name__ == "__main__":
    main()
