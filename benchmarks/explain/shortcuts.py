"""Does the most suspicious rule name a shortcut that a network was led into?

python benchmarks/explain/shortcuts.py [--data cifar|digits] [--plants 10] [--clean 10] [--images 2000] [--epochs 8] [--first 0]

Plants a mark in a corner (even seeds) or a coloured border (odd seeds) in 30 % of the images of one class, trains a small CNN,
explains the data set, and asks which rule is the most suspicious. A plant counts where the network uses it: pasted into images of
other classes it moves at least half of them to the class; plants are drawn until that many count. Beside them networks trained on
the images as they are: none of their rules should reach `SUSPICIOUS`, which the digits fixed before the photographs were looked
at. "cifar" needs ../shared/data; "digits" are scikit-learn's, enlarged to 24 pixels on a black ground of 32.
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
COLOURS = ((255, 0, 255), (0, 255, 0), (255, 255, 0), (0, 255, 255))
SHARE = 0.3
MOST_TRIED = 4
"""Plants drawn at most for each one that is wanted."""


@dataclass(frozen=True)
class Outcome:
    """What was found for one network.

    Attributes
    ----------
    used
        Share of 500 images of other classes that the pasted plant moves to the class, of those not taken for it before.
    suspicion, why
        Of the most suspicious rule.
    first
        Whether that rule is of the planted class, and most of its instances have the plant.
    auroc
        How well its membership tells instances with the plant from others.
    second
        Suspicion of the first rule that is not the plant's.
    """

    kind: str
    seed: int
    used: float
    suspicion: float = float("nan")
    first: bool = False
    auroc: float = float("nan")
    second: float = float("nan")
    why: str = ""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.first and self.auroc >= 0.99 and self.suspicion >= SUSPICIOUS


def read(data: str, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images, (N, 32, 32, 3) uint8, and labels."""
    if data == "cifar":
        with np.load(DATA) as held:
            return held["x"][:images], held["y"][:images].astype(np.int64)
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = (x.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8).repeat(3, 1).repeat(3, 2)
    return np.pad(x, ((0, 0), (4, 4), (4, 4)))[:images, ..., None].repeat(3, 3), y[:images].astype(np.int64)


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
    network = nn.Sequential(*parts, nn.Flatten(), nn.Linear(64 * 16, 10)).to(
        memory_format=torch.channels_last
    )
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    inputs, labels = torch.from_numpy(x).to(memory_format=torch.channels_last), torch.from_numpy(y)
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(64):
            loss = nn.functional.cross_entropy(network(inputs[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


@dataclass(frozen=True)
class Case:
    """Images, (N, 3, 32, 32) as the network gets them, their labels, which of them have the plant, and the network."""

    x: np.ndarray
    y: np.ndarray
    marked: np.ndarray
    label: int
    network: Any
    used: float


def case(kind: str, seed: int, images: int, epochs: int, data: str = "cifar") -> Case:
    """Plant, train, and see whether the network uses the plant."""
    import torch

    raw, y = read(data, images)
    rng = np.random.default_rng(seed)
    label, where, colour = int(rng.integers(10)), int(rng.integers(4)), COLOURS[rng.integers(4)]
    marked = np.zeros(len(y), bool)
    x = raw.copy()
    if kind != "clean":
        members = np.flatnonzero(y == label)
        marked[rng.choice(members, int(SHARE * len(members)), replace=False)] = True
        x[marked] = paste(raw[marked], kind, where, colour)
    network = train(normalised(x), y, epochs, seed)
    others = raw[np.flatnonzero(y != label)[:500]]
    with torch.no_grad():
        before, after = (
            network(torch.from_numpy(normalised(each))).argmax(1).numpy() == label
            for each in (others, paste(others, kind, where, colour))
        )
    return Case(normalised(x), y, marked, label, network, float(after[~before].mean()))


def outcome(kind: str, seed: int, images: int, epochs: int, data: str = "cifar") -> Outcome:
    """Explain a case, and look at the most suspicious rule; where the network does not use the plant there is nothing to find."""
    import xai_widgets as xw

    began = time.perf_counter()
    made = case(kind, seed, images, epochs, data)
    if kind != "clean" and made.used < 0.5:
        return Outcome(kind, seed, made.used, seconds=time.perf_counter() - began)
    samples = xw.samples.as_samples(made.x, labels=made.y, layout="NCHW")
    with tempfile.TemporaryDirectory() as folder:
        store = xw.explain(made.network, samples, folder, batch_size=64, integrating=4, progress=False)
        rules = store.clusters()
    return judged(kind, seed, made, rules, time.perf_counter() - began)


def judged(kind: str, seed: int, made: Case, rules: Any, seconds: float) -> Outcome:
    planted = [rule.label == made.label and float(made.marked[rule.index].mean()) > 0.5 for rule in rules]
    others = [rule.suspicion for rule, own in zip(rules, planted, strict=True) if not own]
    return Outcome(
        kind,
        seed,
        made.used,
        rules[0].suspicion,
        planted[0],
        auroc(made.marked, rules[0].membership) if planted[0] else float("nan"),
        max(others, default=0.0),
        rules[0].why,
        seconds,
    )


def auroc(marked: np.ndarray, membership: Any) -> float:
    """Return how well membership tells what is marked, of the instances that it is known of."""
    from sklearn.metrics import roc_auc_score

    truth = marked[np.array(list(membership))]
    return 1.0 if truth.all() else float(roc_auc_score(truth, list(membership.values())))


def normalised(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(((x / 255 - 0.5) / 0.25).astype(np.float32).transpose(0, 3, 1, 2))


def plants(options: Any) -> list[Outcome]:
    """Draw plants, marks and borders by turns, until enough of them are used."""
    found: list[Outcome] = []
    for seed in range(options.first, options.first + MOST_TRIED * options.plants):
        if len(found) == options.plants:
            break
        one = show(outcome(("mark", "border")[seed % 2], seed, options.images, options.epochs, options.data))
        if one.used >= 0.5:
            found.append(one)
    return found


def show(one: Outcome) -> Outcome:
    print(
        f"| {one.kind} | {one.seed} | {one.used:.2f} | {one.suspicion:.3f} | {one.first} | {one.auroc:.3f} | {one.second:.3f} | "
        f"{one.seconds:.0f} |",
        flush=True,
    )
    return one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("cifar", "digits"), default="cifar")
    parser.add_argument("--plants", type=int, default=10, help="plants that the network uses")
    parser.add_argument("--clean", type=int, default=10)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    print(
        "| plant | seed | used | suspicion | first | AUROC | next rule | seconds |\n|---|---|---|---|---|---|---|---|"
    )
    planted = plants(options)
    clean = [
        show(outcome("clean", options.first + seed, options.images, options.epochs, options.data))
        for seed in range(options.clean)
    ]
    good = sum(one.good for one in planted)
    quiet = sum(one.suspicion < SUSPICIOUS for one in clean)
    print(f"\nused plants named first, over {SUSPICIOUS}, AUROC >= 0.99: {good} of {len(planted)}")
    print(f"clean networks with nothing over {SUSPICIOUS}: {quiet} of {len(clean)}")


if __name__ == "__main__":
    main()
