"""Weights of points on a path, for gradients that jump and for gradients that curve.

Where a gradient wanders at random, as that of a ReLU network with its jumps does, nothing beats the trapezoid rule between the
points. Where it is a smooth curve, as with GELU, softplus or SiLU, a cubic through the points is many times more exact. Which of
the two it is, the points tell: steps of a random walk know nothing of each other, those of a curve go on in the same direction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.estimators.low_discrepancy import stretches

Floats = NDArray[np.float64]


def path_weights(points: Any, smoothness: float = 0.0) -> Floats:
    """Return the weights of path points, (P,) -> (P,); exact for gradients linear along the path.

    Parameters
    ----------
    points : array_like
        (P,), in [0, 1], in any order.
    smoothness : float, default 0.0
        From 0, a random walk: the points' own stretches, and over the ends the slope from the first point to the last, which
        is the best unbiased guess (kriging with a linear trend); to 1: a piecewise cubic through the points.
    """
    where = np.asarray(points, np.float64)
    order = np.argsort(where, kind="stable")
    ordered = where[order]
    inner = stretches(ordered)
    if len(where) > 1:
        lean = ((1 - ordered[-1]) ** 2 - ordered[0] ** 2) / 2 / (ordered[-1] - ordered[0])
        inner[-1] += (1 - smoothness) * lean
        inner[0] -= (1 - smoothness) * lean
    if len(where) > 2 and smoothness > 0:
        inner += smoothness * _curvature(ordered)
    weights = np.empty(len(where))
    weights[order] = inner
    return weights


def curvature_weights(points: Any) -> Floats:
    """Return what a curve through the points adds to their own stretches, (P,) -> (P,); they add up to 0.

    Its integral is how far the trapezoid rule is off, for a smooth gradient.
    """
    where = np.asarray(points, np.float64)
    order = np.argsort(where, kind="stable")
    weights = np.empty(len(where))
    weights[order] = _curvature(where[order])
    return weights


def _curvature(points: Floats) -> Floats:
    """See `curvature_weights`, for three sorted points or more.

    The slope at a point is that of the parabola through it and its neighbours; a cubic with these slopes lies off its chord by
    h**2 / 12 times the difference of the slopes, and the ends follow the outermost parabolas.
    """
    lengths = np.diff(points)
    first, last = points[0], 1 - points[-1]
    slopes = np.zeros(len(points))  # how much the slope at each point counts
    slopes[:-1] += lengths**2 / 12
    slopes[1:] -= lengths**2 / 12
    slopes[0] -= first**2 / 2
    slopes[-1] += last**2 / 2
    chords = np.zeros(len(lengths))  # the same for the slopes of the chords, of which those are made
    pairs = lengths[:-1] + lengths[1:]
    chords[:-1] += slopes[1:-1] * lengths[1:] / pairs
    chords[1:] += slopes[1:-1] * lengths[:-1] / pairs
    for end, beside, bend in (
        (0, 1, (slopes[0] * lengths[0] - first**3 / 3) / pairs[0]),
        (-1, -2, (slopes[-1] * lengths[-1] + last**3 / 3) / pairs[-1]),
    ):
        chords[end] += slopes[end] + bend
        chords[beside] -= bend
    return np.asarray(-np.diff(np.concatenate([[0.0], chords / lengths, [0.0]])))


def smoothness(points: Floats, squares: Floats, turns: Floats) -> float:
    """Return how far a gradient's steps go on in one direction, from 0, a random walk, to 1, a curve.

    It is the correlation of the slopes of neighbouring chords, weighted with their lengths; below three points it is 0.

    Parameters
    ----------
    points, squares, turns : numpy.ndarray
        (P,), (P - 1,) and (P - 2,): see `Neighbours.steps`.
    """
    if len(points) < 3:
        return 0.0
    before, after = np.diff(points)[:-1], np.diff(points)[1:]
    together = float(np.sum(turns / (before * after) * (before + after)))
    apart = float(np.sum((squares[:-1] / before**2 + squares[1:] / after**2) / 2 * (before + after)))
    return float(np.clip(together / apart, 0.0, 1.0)) if apart > 0 else 0.0
