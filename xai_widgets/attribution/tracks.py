"""Estimators: each says which rows it wants next and makes an estimate of what came back, for one sample.

A *unit* is the smallest number of rows that makes sense together: an antithetic pair, a mirrored pair of path points.
After every unit there is a usable estimate. What a unit is depends on its number alone, so a track that went further goes on
where it stood, and two that went equally far are equal.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.sequences import golden, nested_pairs, plane, stretches

Floats = NDArray[Any]


class Track(Protocol):
    """One estimator of one sample; vectors are flat, all inputs one after the other."""

    kind: str
    rows_per_unit: int
    units: int  # absorbed so far

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """Give draw, t and sign of the rows of ``count`` units from ``unit``."""

    def absorb(self, vectors: Floats) -> None:
        """Take the contributions (gradient times difference, or the gradient) of the next unit, (rows_per_unit, D)."""

    def estimate(self) -> Floats:
        """Give the estimate, (D,)."""

    def error(self) -> float:
        """Give its estimated relative L2 error."""


class Moments:
    """Mean of vectors and of their spread, in one pass (Welford), without cancellation."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(0)
        self._spread = 0.0

    def add(self, vector: Floats) -> None:
        """Take one more vector."""
        self.count += 1
        if self.count == 1:
            self.mean = vector.astype(vector.dtype, copy=True)
            return
        delta = vector - self.mean
        self.mean += delta / self.count
        self._spread += float(np.dot(delta, delta)) * (self.count - 1) / self.count

    def relative_error(self) -> float:
        """Give the L2 norm of the mean's standard error over that of the mean; NaN below two vectors."""
        if self.count < 2:
            return float("nan")
        size = float(np.dot(self.mean, self.mean))
        error = self._spread / (self.count - 1) / self.count
        return float(np.sqrt(error / size)) if size > 0 else 0.0 if error == 0 else float("inf")


class CleanTrack:
    """The gradient at the sample itself: one row."""

    kind = "clean"
    rows_per_unit = 1

    def __init__(self) -> None:
        self.units = 0
        self._value: Floats = np.zeros(0)

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        return np.zeros(count, np.int64), np.ones(count), np.ones(count)

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        self._value = vectors[0].copy()

    def estimate(self) -> Floats:
        return self._value

    def error(self) -> float:
        return 0.0


class NoisyTrack:
    """Gradients at noisy copies, in antithetic pairs: SmoothGrad, its square, and VarGrad from the same rows."""

    kind = "noisy"
    rows_per_unit = 2

    def __init__(self) -> None:
        self.units = 0
        self.plain = Moments()
        self.squared = Moments()

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        draws = np.repeat(unit + np.arange(count), 2)
        return draws, np.ones(2 * count), np.tile([1.0, -1.0], count)

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        self.plain.add(vectors.mean(axis=0))
        self.squared.add(np.square(vectors).mean(axis=0))

    def estimate(self) -> Floats:
        return self.plain.mean

    def error(self) -> float:
        return self.plain.relative_error()


class PathTrack:
    """Integrated gradients along one path, in nested mirrored pairs."""

    kind = "path"
    rows_per_unit = 2

    def __init__(self) -> None:
        self.units = 0
        self._sums: list[Floats] = []

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        low = nested_pairs(unit + count)[unit:]
        return np.zeros(2 * count, np.int64), np.stack([low, 1 - low], 1).reshape(-1), np.ones(2 * count)

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        self._sums.append(vectors.mean(axis=0))

    def estimate(self) -> Floats:
        points = nested_pairs(self.units)
        order = np.argsort(points)
        weights = np.empty(self.units)
        weights[order] = stretches(points[order])
        return np.asarray(weights.astype(self._sums[0].dtype) @ np.stack(self._sums))

    def error(self) -> float:
        if self.units < 4:
            return float("nan")
        old = 1 << (self.units.bit_length() - 1)
        old = old // 2 if old == self.units else old
        coarse, points = np.stack(self._sums[:old]), nested_pairs(old)
        order = np.argsort(points)
        guess = stretches(points[order]).astype(coarse.dtype) @ coarse[order]
        best = self.estimate()
        gap = np.linalg.norm(best - guess) / np.sqrt(3) * old / self.units * 2
        size = np.linalg.norm(best)
        return float(gap / size) if size > 0 else 0.0 if gap == 0 else float("inf")


class JointTrack:
    """Draw and position sampled together: mean over draws of the integrated gradient.

    Every draw comes with its mirror image, and the positions run through a golden-ratio sequence.
    """

    rows_per_unit = 2

    def __init__(self, kind: str, shift: float) -> None:
        self.kind = kind
        self.units = 0
        self._shift = shift
        self._moments = Moments()

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        t = golden(count, unit, self._shift)
        draws = np.repeat(1 + unit + np.arange(count), 2)  # draw 0 is the integrated column's
        return draws, np.stack([t, 1 - t], 1).reshape(-1), np.tile([1.0, -1.0], count)

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        self._moments.add(vectors.mean(axis=0))

    def estimate(self) -> Floats:
        return self._moments.mean

    def error(self) -> float:
        return self._moments.relative_error()


class JointSquareTrack:
    """Mean over draws of the squared integrated gradient, from two independent positions per draw: unbiased.

    The product of two independent estimates of a draw's integral has the integral's square as its mean; the square of one
    estimate has not.
    """

    rows_per_unit = 4

    def __init__(self, kind: str, shift: tuple[float, float]) -> None:
        self.kind = kind
        self.units = 0
        self._shift = shift
        self._moments = Moments()

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        pairs = plane(count, unit, self._shift)
        draws = np.repeat(1 + unit + np.arange(count), 4)
        return (
            draws,
            np.concatenate([pairs, 1 - pairs], 1).reshape(-1),
            np.tile([1.0, 1.0, -1.0, -1.0], count),
        )

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        self._moments.add((vectors[0] * vectors[1] + vectors[2] * vectors[3]) / 2)

    def estimate(self) -> Floats:
        # noise can bring an estimate of a square below zero, where it cannot be
        return np.maximum(self._moments.mean, 0)

    def error(self) -> float:
        return self._moments.relative_error()


class ProductTrack:
    """The literal grid: every draw with all its path steps (midpoints); its square or itself, averaged over draws."""

    def __init__(self, kind: str, steps: int, squared: bool) -> None:
        self.kind = kind
        self.rows_per_unit = steps
        self.units = 0
        self._squared = squared
        self._moments = Moments()

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        steps = self.rows_per_unit
        t = (np.arange(steps) + 0.5) / steps
        return np.repeat(1 + unit + np.arange(count), steps), np.tile(t, count), np.ones(steps * count)

    def absorb(self, vectors: Floats) -> None:
        self.units += 1
        integral = vectors.mean(axis=0)
        self._moments.add(np.square(integral) if self._squared else integral)

    def estimate(self) -> Floats:
        return self._moments.mean

    def error(self) -> float:
        return self._moments.relative_error()
