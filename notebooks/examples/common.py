"""Data and the last lines of every example."""

import numpy as np
from sklearn.datasets import load_digits


def digits():
    """Return training and evaluation pairs (x, y): x (N, 64) float32 in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order].astype(np.int64)
    return (x[:1400], y[:1400]), (x[1400:], y[1400:])


def report(tracker, metric="loss"):
    """Print what a widget would show."""
    series = tracker.label_series(metric, mode="train")
    last = series.mean[:, -1]
    print("epochs", series.epochs.tolist(), "mean loss", np.nanmean(series.mean, axis=0).round(3).tolist())
    print("hardest labels", [series.names[i] for i in np.argsort(-last)[:3]])
    hardest, _ = tracker.extremes(metric, mode="train", n_max=5, n_min=5)
    print("hardest instances", list(hardest.index), hardest.scores.round(2).tolist())
