"""How vectors change between neighbouring points: the same numbers, however the points came."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xai_widgets.attribution.estimators.neighbours import Neighbours


def plainly(points, vectors):
    order = np.argsort(points, kind="stable")
    steps = np.diff(vectors[order].astype(np.float64), axis=0)
    return np.array(points)[order], (steps**2).sum(1), (steps[:-1] * steps[1:]).sum(1)


@given(st.lists(st.integers(2, 70), min_size=1, max_size=12), st.integers(0, 1000))
def test_any_order_of_lengths_gives_the_same_numbers(lengths, seed):
    rng = np.random.default_rng(seed)
    points, vectors = rng.random(70).tolist(), rng.normal(size=(70, 5)).astype(np.float32)
    known = Neighbours()
    for length in lengths:
        found = known.steps(points, vectors, length)
        for one, anew in zip(found, Neighbours().steps(points, vectors, length), strict=True):
            assert one == pytest.approx(anew, rel=1e-5, abs=1e-5)
        for one, expected in zip(found, plainly(points[:length], vectors[:length]), strict=True):
            assert one == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_turns_are_found_when_somebody_asks_for_them():
    rng = np.random.default_rng(0)
    points, vectors = rng.random(40).tolist(), rng.normal(size=(40, 5)).astype(np.float32)
    known = Neighbours()
    where, squares = known.squares(points, vectors, 20)
    assert len(where) == 20
    assert len(squares) == 19
    for found, anew in (
        (known.squares(points, vectors, 22)[1], Neighbours().steps(points, vectors, 22)[1]),
        (known.steps(points, vectors, 24)[2], Neighbours().steps(points, vectors, 24)[2]),
    ):
        assert found == pytest.approx(anew, rel=1e-5, abs=1e-5)
