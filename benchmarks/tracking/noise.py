"""Which score finds planted wrong labels, and does it survive memorisation?

    python benchmarks/tracking/noise.py [--quick]

scikit-learn's scanned digits, 15 % of the labels replaced at random, a small network trained until it knows them by heart.
Prints, per score and epoch, the area under the ROC curve of finding the wrong labels and the precision among as many
instances as are wrong, both medians over seeds. The last loss is what FastEstimator's InstanceTracker ranks by.
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from xai_widgets.tracking import Tracker

SHARE = 0.15
BATCH = 64
SCORES = {
    "last loss": ("last", 1),
    "mean loss": ("mean", 1),
    "recent mean loss": ("recent", 1),
    "area under the margin": ("aum", -1),
    "EL2N": ("el2n", 1),
    "1 - correctness": ("correctness", -1),
    "forgetting": ("forgetting", 1),
    "variability": ("variability", 1),
    "label error": ("label_error", 1),
}


class Network:
    """A hidden layer of ReLUs and a softmax, trained with Adam: plain numpy, so that two hundred epochs take seconds."""

    def __init__(self, inputs, hidden, classes, rng):
        self.weights = [
            rng.normal(0, np.sqrt(2 / inputs), (inputs, hidden)).astype(np.float32),
            np.zeros(hidden, np.float32),
            rng.normal(0, np.sqrt(1 / hidden), (hidden, classes)).astype(np.float32),
            np.zeros(classes, np.float32),
        ]
        self.moments = [(np.zeros_like(w), np.zeros_like(w)) for w in self.weights]
        self.steps = 0

    def step(self, x, y, rate=2e-3):
        """Train on a batch; losses (B,) and logits (B, C) before the update."""
        w1, b1, w2, b2 = self.weights
        hidden = np.maximum(x @ w1 + b1, 0)
        logits = hidden @ w2 + b2
        e = np.exp(logits - logits.max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        rows = np.arange(len(y))
        loss = -np.log(np.maximum(p[rows, y], 1e-30))
        p[rows, y] -= 1
        p /= len(y)
        back = (p @ w2.T) * (hidden > 0)
        self.steps += 1
        for w, (m, v), g in zip(
            self.weights, self.moments, (x.T @ back, back.sum(0), hidden.T @ p, p.sum(0)), strict=True
        ):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            correction = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
            w -= rate * correction * m / (np.sqrt(v) + 1e-8)
        return loss, logits


def planted(seed):
    """Digits with wrong labels planted: inputs, labels as given, which are wrong."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rng = np.random.default_rng(seed)
    x, y = (digits.data / 16).astype(np.float32), digits.target.copy()
    wrong = rng.random(y.size) < SHARE
    y[wrong] = (y[wrong] + rng.integers(1, 10, wrong.sum())) % 10
    return x, y, wrong, rng


def run(seed, epochs, look_at):
    """Train one network; {epoch: {score: (AUROC, precision)}}."""
    x, y, wrong, rng = planted(seed)
    network, tracker, found = Network(64, 256, 10, rng), Tracker(), {}
    for epoch in range(1, epochs + 1):
        order = rng.permutation(y.size)
        for at in range(0, y.size, BATCH):
            i = order[at : at + BATCH]
            loss, logits = network.step(x[i], y[i])
            tracker.record(i, y[i], loss=loss, logits=logits)
        tracker.end_epoch()
        if epoch in look_at:
            found[epoch] = {
                name: judged(tracker, score, sign, wrong) for name, (score, sign) in SCORES.items()
            }
    return found


def judged(tracker, score, sign, wrong):
    values = sign * np.nan_to_num(tracker.scores(score), nan=0.0)
    if score == "forgetting":
        values[tracker.scores("never_learnt") == 1] = np.inf
    return auroc(values, wrong), precision(values, wrong)


def auroc(values, positive):
    """Area under the ROC curve; equal values count half."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[inverse.reshape(-1)]
    n = positive.sum()
    return float((rank[positive].sum() - n * (n + 1) / 2) / (n * (positive.size - n)))


def precision(values, positive):
    n = int(positive.sum())
    return float(positive[np.argsort(-values, kind="stable")[:n]].mean())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, 100 epochs")
    options = parser.parse_args()
    epochs, seeds = (100, range(1)) if options.quick else (200, range(5))
    look_at = [e for e in (1, 3, 10, 40, 100, 200) if e <= epochs]
    runs = [run(seed, epochs, look_at) for seed in seeds]
    print("area under the ROC curve / precision of finding planted wrong labels, by epoch")
    print(f"{'':24s}" + "".join(f"{epoch:>13d}" for epoch in look_at))
    for name in SCORES:
        cells = []
        for epoch in look_at:
            area, share = (statistics.median(r[epoch][name][k] for r in runs) for k in (0, 1))
            cells.append(f"{area:8.3f}/{share:.2f}")
        print(f"{name:24s}" + " ".join(cells))


if __name__ == "__main__":
    main()
