"""What a reviewer is worth: planted wrong labels, the first 20 % of a queue reviewed between two epochs, and training goes on.

    python benchmarks/edits/reviewer.py [--kinds digits photos] [--noise any pair] [--seeds 1 2 3] [--before 8 20] [--after 12]

scikit-learn's digits (1,000 to train on, 797 held out; a network of two layers of 256 units) and the 5,085 photographs of
`../shared/data` (1,017 held out; the small convolutional network of `tracking/suspects.py`, in bfloat16), 15 % of the training
labels replaced by any other class ("any") or by one look-alike of each class ("pair"). A run trains for --before epochs under
`hooks.torch.watch`. Then, from its weights and its optimizer's state, it goes on for --after epochs in several ways, which
differ by their edits alone:

nothing         no edits: what the noise costs is the accuracy of the same run on right labels less this one
our order       the true label for the first 20 % of the data set as `xw.Review` brings them up: the suspected ones, most likely
                wrong first (`label_error`), and when all of them are decided the others in the same order
cleanlab's      the same in the order of cleanlab's label quality score ("self_confidence"): the mean over the run's epochs of the
                probability of the given label
random          the same in random order
accepted        no reviewer: what is suggested with a probability above 0.9 is taken

What an order finds is the share of the wrong labels that is among its first 20 %. Accuracy is on data held out, with right
labels, the mean of the last three epochs. "Recovered" is its share of what the noise cost. All ways of a seed share their
first epochs, their order and their initial weights, so differences are taken within seeds.
"""

import argparse
import copy
import itertools
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tracking"))

from suspects import LOOK_ALIKE, network, pictures

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
        self.model = network_of(kind, x.shape[1], x.shape[2]).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-3, fused=True)
        self.short = partial(torch.autocast, "cpu", torch.bfloat16, enabled=kind == "photos")
        self.loss = nn.CrossEntropyLoss()
        self.rows = TensorDataset(torch.from_numpy(x), torch.from_numpy(given))
        self.generator = torch.Generator().manual_seed(seed)

    def train(self, epochs, tracker, edits=None):
        """Return the accuracy on the data held out after each of the last three epochs."""
        loader = DataLoader(self.rows, 64, shuffle=True, generator=self.generator)
        accuracies = []
        with xw.hooks.torch.watch(self.model, self.loss, self.optimizer, loader, tracker, edits=edits):
            for left in reversed(range(epochs)):
                self.model.train()
                for x, y in loader:
                    self.optimizer.zero_grad()
                    with self.short():
                        loss = self.loss(self.model(x), y)
                    loss.backward()
                    self.optimizer.step()
                if left >= 3:
                    continue
                self.model.eval()
                with torch.no_grad(), self.short():
                    said = torch.cat([self.model(part).argmax(1) for part in self.test[0].split(512)])
                accuracies.append(float((said == self.test[1]).float().mean()))
        return accuracies

    def forked(self, labels):
        """Return a copy that goes on from here, over rows with these labels."""
        other = copy.copy(self)
        other.model = copy.deepcopy(self.model)
        other.optimizer = torch.optim.Adam(other.model.parameters(), 1e-3, fused=True)
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        other.rows = TensorDataset(self.rows.tensors[0], torch.from_numpy(labels))
        other.generator = torch.Generator()
        other.generator.set_state(self.generator.get_state())
        return other


def orders(tracker, seed):
    """Name the instances in the order in which each way reviews them."""
    table = tracker.dynamics("train", columns=("label_error",))
    names, size = table["index"], len(table["index"])
    loss = tracker.instance_series(names.tolist(), "loss", mode="train").values
    return {
        "our order": names[np.argsort(-np.nan_to_num(table["label_error"]), kind="stable")],
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


def finds(order, wrong):
    """Return which part of the wrong labels is among the first of an order: as many as are reviewed."""
    return np.isin(order[: round(REVIEWED * len(wrong))], np.flatnonzero(wrong)).sum() / max(wrong.sum(), 1)


def planted(kind, noise, true, share, seed):
    """Replace a share of the labels by any other class, or by the one look-alike of each class."""
    rng = np.random.default_rng(1000 + seed)
    given, wrong = true.copy(), rng.choice(len(true), round(share * len(true)), replace=False)
    any_other = (true[wrong] + rng.integers(1, 10, len(wrong))) % 10
    given[wrong] = any_other if noise == "any" else np.array(LOOK_ALIKE[kind])[true[wrong]]
    return given


def look(kind, noise, seed, reviews, looks, after, share, ways):
    """Yield for each number of epochs what each order finds, and of reviews what each way reached and relabelled."""
    x, true, *test = data_of(kind, seed)
    given = planted(kind, noise, true, share, seed)
    noisy, tracker = Run(kind, x, given, test, seed), xw.Tracker()
    clean, other = Run(kind, x, true, test, seed), xw.Tracker()
    for before in sorted({*reviews, *looks}):
        noisy.train(before - tracker.epoch, tracker)
        reviewed, found = ways if before in reviews else (), {}
        if "right labels" in reviewed:
            clean.train(before - other.epoch, other)
        for way in reviewed:
            edits, changed, right = edits_of(way, tracker, given, true, seed)
            if not changed and "nothing" in found and way != "right labels":
                found[way] = found["nothing"]  # without an edit the run is the same, bit for bit
                continue
            run = clean.forked(true) if way == "right labels" else noisy.forked(given)
            found[way] = (float(np.mean(run.train(after, xw.Tracker(), edits))), changed, right)
        each = orders(tracker, seed).items()
        yield before, {name: finds(order, given != true) for name, order in each}, found


def mean_error(values):
    values = np.asarray(values, float)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():+.3f} ± {error:.3f}"


def told(runs, ways):
    """Print what the runs of a cell come to: a seed each, (what each order finds, what each way reached)."""
    found = {name: np.array([one[name] for one, _ in runs]) for name in runs[0][0]}
    for name, part in found.items():
        more = "" if name == "our order" else f"; our order less it: {mean_error(found['our order'] - part)}"
        print(f"  {name} finds {mean_error(part)} of the wrong labels{more}")
    score = {way: np.array([run[way][0] for _, run in runs]) for way in ways if way in runs[0][1]}
    if "our order" in score:
        for way in [way for way in ("cleanlab's", "random") if way in score]:
            print(f"  accuracy in our order less {way}: {mean_error(score['our order'] - score[way])}")
    if not {"nothing", "right labels"} <= set(score):
        return
    cost = score["right labels"] - score["nothing"]
    print(f"  the noise cost {mean_error(cost)} of {score['right labels'].mean():.3f}")
    for way in [way for way in score if way not in ("nothing", "right labels")]:
        gain = score[way] - score["nothing"]
        changed, right = (np.mean([run[way][place] for _, run in runs]) for place in (1, 2))
        print(
            f"  {way}: {mean_error(gain)}, {gain.mean() / cost.mean():.0%} of the cost recovered, in a seed at least "
            f"{(gain / cost).min():.0%}; relabelled {changed:.0f}, rightly {right:.0f}"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", default=["digits", "photos"], choices=["digits", "photos"])
    parser.add_argument("--noise", nargs="+", default=["any", "pair"], choices=["any", "pair"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--before",
        type=int,
        nargs="+",
        help="epochs before the review, in cells of their own: 12 of digits, 8 of photos",
    )
    parser.add_argument(
        "--look",
        type=int,
        nargs="+",
        default=[],
        help="after these epochs only what each order finds is told",
    )
    parser.add_argument("--after", type=int, help="epochs after it: 30 of digits, 12 of photos")
    parser.add_argument("--share", type=float, default=0.15)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, help="only some")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for kind, noise in itertools.product(options.kinds, options.noise):
        before, after = EPOCHS[kind]
        runs: dict[int, list] = {}
        for seed in options.seeds:
            when = options.before or [before], options.look
            arguments = (*when, options.after or after, options.share, options.ways)
            for place, parts, found in look(kind, noise, seed, *arguments):
                runs.setdefault(place, []).append((parts, found))
                said = {way: (round(a, 4), n, r) for way, (a, n, r) in found.items()}
                parts = {name: round(float(part), 3) for name, part in parts.items()}
                print(kind, noise, place, seed, parts, said, flush=True)
        for place, cell in runs.items():
            print(f"\n{kind}, {noise}, reviewed after {place} epochs, {len(cell)} seeds:")
            told(cell, options.ways)


if __name__ == "__main__":
    main()
