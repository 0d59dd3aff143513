"""What a reviewer is worth: planted wrong labels, the first 20 % of a queue reviewed between two epochs, and training goes on.

    python benchmarks/edits/reviewer.py [--kinds digits photos] [--seeds 1 2 3] [--ways nothing random] [--before 8] [--after 12]

scikit-learn's digits (1,000 to train on, 797 held out; a network of two layers of 256 units) and the 5,085 photographs of
`../shared/data` (1,017 held out; the small convolutional network of `tracking/suspects.py`), 15 % of the training labels
replaced by any other class. A run trains for --before epochs under `hooks.torch.watch`. Then, from its weights and its
optimizer's state, it goes on for --after epochs in several ways, which differ by their edits alone:

nothing         no edits: what the noise costs is the accuracy of the same run on right labels less this one
our order       the true label for the first 20 % of the data set as `xw.Review` brings them up: the suspected ones, most likely
                wrong first (`label_error`), and when all of them are decided the hardest (mean loss)
cleanlab's      the same in the order of cleanlab's label quality score ("self_confidence"): the mean over the run's epochs of the
                probability of the given label
random          the same in random order
accepted        no reviewer: what is suggested with a probability above 0.9 is taken

Accuracy is on data held out, with right labels, the mean of the last three epochs. "Recovered" is its share of what the noise
cost. All ways of a seed share their first epochs, their order and their initial weights, so differences are taken within seeds.
"""

import argparse
import copy
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tracking"))

from suspects import network, pictures

import xai_widgets as xw

REVIEWED, SURE = 0.2, 0.9
WAYS = ("nothing", "right labels", "our order", "cleanlab's", "random", "accepted")
HELD_OUT = 797  # digits
EPOCHS = {"digits": (12, 30), "photos": (8, 12)}  # before and after the review


def data_of(kind, seed):
    """Training pictures and true labels, then those held out."""
    x, y = pictures(kind)
    if kind == "digits":
        order = np.random.default_rng(seed).permutation(len(y))
        held, kept = order[:HELD_OUT], order[HELD_OUT:]
        return x[kept], y[kept], x[held], y[held]
    with np.load(Path(__file__).resolve().parents[3] / "shared" / "data" / "cifar10_test_1017.npz") as data:
        test = (data["x"].astype(np.float32) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        return x, y, np.ascontiguousarray(test.transpose(0, 3, 1, 2), np.float32), data["y"].astype(np.int64)


def network_of(kind, channels, side):
    if kind == "photos":
        return network("cnn", channels, side)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(channels * side * side, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
    )  # fmt: skip


class Run:
    """A loop under watch."""

    def __init__(self, kind, x, given, test, seed):
        torch.manual_seed(seed)
        self.test = [torch.from_numpy(each) for each in test]
        self.model = network_of(kind, x.shape[1], x.shape[2])
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.loss = nn.CrossEntropyLoss()
        self.rows = TensorDataset(torch.from_numpy(x), torch.from_numpy(given))
        self.generator = torch.Generator().manual_seed(seed)

    def train(self, epochs, tracker, edits=None):
        """Return the accuracy on the data held out after each epoch."""
        loader = DataLoader(self.rows, 64, shuffle=True, generator=self.generator)
        accuracies = []
        with xw.hooks.torch.watch(self.model, self.loss, self.optimizer, loader, tracker, edits=edits):
            for _ in range(epochs):
                self.model.train()
                for x, y in loader:
                    self.optimizer.zero_grad()
                    self.loss(self.model(x), y).backward()
                    self.optimizer.step()
                self.model.eval()
                with torch.no_grad():
                    said = torch.cat([self.model(part).argmax(1) for part in self.test[0].split(512)])
                accuracies.append(float((said == self.test[1]).float().mean()))
        return accuracies

    def forked(self, labels):
        """Return a copy that goes on from here, over rows with these labels."""
        other = copy.copy(self)
        other.model = copy.deepcopy(self.model)
        other.optimizer = torch.optim.Adam(other.model.parameters(), 1e-3)
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        other.rows = TensorDataset(self.rows.tensors[0], torch.from_numpy(labels))
        other.generator = torch.Generator()
        other.generator.set_state(self.generator.get_state())
        return other


def orders(tracker, seed):
    """Name the instances in the order in which each way reviews them."""
    table = tracker.dynamics("train", columns=("label_error", "suspected", "mean"))
    names, size = table["index"], len(table["index"])
    loss = tracker.instance_series(names.tolist(), "loss", mode="train").values
    suspected = table["suspected"] == 1
    ours = np.where(suspected, np.nan_to_num(table["label_error"]), table["mean"])
    return {
        "our order": names[np.lexsort((-ours, ~suspected))],
        "cleanlab's": names[np.argsort(np.nanmean(np.exp(-loss), axis=1), kind="stable")],
        "random": names[np.random.default_rng(seed).permutation(size)],
    }


def edits_of(way, tracker, given, true, seed):
    """Make the edits of a way, and count its relabelled instances and the right ones among them."""
    edits = xw.Edits(xw.Tracker())
    if way == "accepted":
        table = tracker.dynamics("train")
        sure = np.nan_to_num(table["suggested_probability"]) > SURE
        ids, labels = table["index"][sure].tolist(), [int(each) for each in table["suggested"][sure]]
    elif way in ("nothing", "right labels"):
        ids, labels = [], []
    else:
        seen = orders(tracker, seed)[way][: round(REVIEWED * len(given))]
        ids = [int(i) for i in seen if given[i] != true[i]]
        labels = [int(true[i]) for i in ids]
    if ids:
        edits.relabel(ids, labels, force=True)
    return edits, len(ids), int(sum(true[i] == label for i, label in zip(ids, labels, strict=True)))


def look(kind, seed, before, after, share, ways):
    """Return the accuracy of each way, and what it relabelled."""
    x, true, *test = data_of(kind, seed)
    rng = np.random.default_rng(1000 + seed)
    given, wrong = true.copy(), rng.choice(len(true), round(share * len(true)), replace=False)
    given[wrong] = (true[wrong] + rng.integers(1, 10, len(wrong))) % 10
    noisy, tracker = Run(kind, x, given, test, seed), xw.Tracker()
    noisy.train(before, tracker)
    clean = Run(kind, x, true, test, seed)
    if "right labels" in ways:
        clean.train(before, xw.Tracker())
    found = {}
    for way in ways:
        edits, changed, right = edits_of(way, tracker, given, true, seed)
        run = clean.forked(true) if way == "right labels" else noisy.forked(given)
        found[way] = (float(np.mean(run.train(after, xw.Tracker(), edits)[-3:])), changed, right)
    return found


def mean_error(values):
    values = np.asarray(values, float)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():+.3f} ± {error:.3f}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", default=["digits", "photos"], choices=["digits", "photos"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--before", type=int, help="epochs before the review: 12 of digits, 8 of photos")
    parser.add_argument("--after", type=int, help="epochs after it: 30 of digits, 12 of photos")
    parser.add_argument("--share", type=float, default=0.15)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, help="only some, and no table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for kind in options.kinds:
        runs, (before, after) = [], EPOCHS[kind]
        before, after = options.before or before, options.after or after
        for seed in options.seeds:
            runs.append(look(kind, seed, before, after, options.share, options.ways))
            print(kind, seed, {way: (round(a, 4), n, r) for way, (a, n, r) in runs[-1].items()}, flush=True)
        if set(options.ways) != set(WAYS):
            continue
        score = {way: np.array([run[way][0] for run in runs]) for way in WAYS}
        cost = score["right labels"] - score["nothing"]
        print(
            f"\n{kind}, {len(runs)} seeds: the noise cost {mean_error(cost)} of {score['right labels'].mean():.3f}"
        )
        for way in WAYS[2:]:
            gain = score[way] - score["nothing"]
            print(
                f"  {way}: {mean_error(gain)}, {gain.mean() / cost.mean():.0%} of the cost recovered; relabelled "
                f"{np.mean([run[way][1] for run in runs]):.0f}, rightly {np.mean([run[way][2] for run in runs]):.0f}"
            )
        for way in ("cleanlab's", "random"):
            print(f"  our order less {way}: {mean_error(score['our order'] - score[way])}")


if __name__ == "__main__":
    main()
