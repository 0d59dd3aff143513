"""Weights of points on a path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xai_widgets.attribution.estimators.quadrature import curvature_weights, path_weights, smoothness

POINTS = st.lists(st.floats(0.001, 0.999), min_size=3, max_size=40, unique=True)


def apart(points):
    """Points so near each other that a slope between them is rounding say nothing about a rule."""
    assume(np.diff(np.sort(points)).min() > 1e-3)
    return np.array(points)


def how_smooth(points, values):
    order = np.argsort(points)
    steps = np.diff(np.asarray(values)[order], axis=0)
    squares, turns = (steps**2).sum(axis=1), (steps[:-1] * steps[1:]).sum(axis=1)
    return smoothness(np.asarray(points)[order], squares, turns)


@given(POINTS, st.floats(0, 1))
def test_any_weights_are_exact_for_a_straight_line(points, smooth):
    points = apart(points)
    weights = path_weights(points, smooth)
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert weights @ points == pytest.approx(0.5, abs=1e-6)


@given(POINTS)
def test_a_curve_is_exact_for_a_parabola(points):
    points = apart(points)
    assert path_weights(points, 1.0) @ points**2 == pytest.approx(1 / 3, abs=1e-6)
    assert curvature_weights(points).sum() == pytest.approx(0, abs=1e-9)


@given(POINTS, st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(points, random):
    points = apart(points)
    places = list(range(len(points)))
    random.shuffle(places)
    values = np.stack([np.sin(3 * points), points**2], 1)
    assert np.allclose(path_weights(points[places], 0.7), path_weights(points, 0.7)[places], atol=1e-9)
    shuffled = how_smooth(points[places], values[places])
    assert shuffled == pytest.approx(how_smooth(points, values), abs=1e-6)


def test_few_points_have_their_own_stretches():
    assert path_weights([0.3]) == pytest.approx([1.0])
    assert path_weights([0.25, 0.75], 1.0) == pytest.approx([0.5, 0.5])


def test_midpoints_of_a_walk_weigh_the_same():
    assert path_weights((np.arange(8) + 0.5) / 8) == pytest.approx(np.full(8, 1 / 8))


def test_a_curve_is_told_from_a_walk():
    points = np.sort(np.random.default_rng(0).random(32))
    curve = np.stack([np.exp(points), np.sin(2 * points)], 1)
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.normal(size=(32, 500)) * np.sqrt(np.diff(points, prepend=0))[:, None], axis=0)
    assert how_smooth(points, curve) > 0.95
    assert how_smooth(points, walk) < 0.1


def test_a_constant_has_no_direction():
    assert how_smooth([0.1, 0.5, 0.9], np.ones((3, 4))) == 0.0
    assert how_smooth([0.1, 0.9], np.arange(8.0).reshape(2, 4)) == 0.0
