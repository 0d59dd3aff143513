"""What the hook tests share: 203 scanned digits, a small network, a run that knows everything, and the comparison."""

from __future__ import annotations

import dataclasses

import numpy as np

N = 203  # does not divide by any batch size used, nor by two processes
N_EVAL = 61
CLASSES = 10


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return x (264, 64) float32 in [0, 1] and y (264,) int64: 203 to train on, 61 to evaluate."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(7).permutation(len(x))[: N + N_EVAL]
    return (x[order] / 16).astype(np.float32), y[order].astype(np.int64)


@dataclasses.dataclass
class Known:
    """What a run without any hook did: {mode: {epoch: {index: loss}}}, the framework's own means, final weights."""

    losses: dict
    means: dict = dataclasses.field(default_factory=dict)
    weights: list = dataclasses.field(default_factory=list)

    def add(self, mode: str, epoch: int, index, loss) -> None:
        seen = self.losses.setdefault(mode, {}).setdefault(epoch, {})
        for i, value in zip(np.asarray(index).tolist(), np.asarray(loss).tolist(), strict=True):
            assert i not in seen, f"{i} twice in {mode} epoch {epoch}"
            seen[i] = value


def matrix(tracker, mode: str, size: int, metric: str = "loss") -> np.ndarray:
    """Return (epochs, size) of what a tracker holds."""
    series = tracker.instance_series(list(range(size)), metric, mode=mode)
    return np.asarray(series.values).T


def check_run(
    tracker, known: Known, labels: np.ndarray, *, mode: str = "train", size: int = N, atol=1e-5
) -> None:
    """Every index in every epoch, exactly once, with the loss and label of the run that knew."""
    epochs = sorted(known.losses[mode])
    series = tracker.instance_series(list(range(size)), "loss", mode=mode)
    assert list(series.epochs) == epochs
    want = np.array([[known.losses[mode][e][i] for e in epochs] for i in range(size)])
    np.testing.assert_allclose(series.values, want, atol=atol, rtol=0)
    assert list(series.labels) == labels.tolist()
    counts = tracker.counts(mode)
    assert counts.rows == size * len(epochs)
    assert counts.duplicates == 0


def check_means(tracker, means: dict[int, float], *, mode: str = "train", size: int = N, rtol=1e-5) -> None:
    """Epoch means equal what the framework logged."""
    got = matrix(tracker, mode, size).mean(axis=1, dtype=np.float64)
    np.testing.assert_allclose(got, [means[e] for e in sorted(means)], rtol=rtol)


def same_weights(one, other) -> None:
    """Bit for bit."""
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
