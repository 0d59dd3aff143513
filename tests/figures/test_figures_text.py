"""Names, numbers and axes as they are shown."""

from __future__ import annotations

import itertools
import unicodedata

import numpy as np
import pytest
from figure_data import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from xai_widgets._metrics import metric_of
from xai_widgets.figures.scale import (
    count_ticks,
    hardest_first,
    last_finite,
    log_ticks,
    round_ticks,
    smoothed,
    tick_text,
    value_range,
)
from xai_widgets.figures.text import shown_index, shown_text, with_unit


def columns(text: str) -> int:
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(4, 60))
def test_any_text_becomes_one_line_of_limited_width(text, limit):
    line = shown_text(text, limit)
    assert columns(line) <= limit
    assert "\n" not in line
    assert "\0" not in line
    line.encode("utf-8")
    assert not any(
        unicodedata.bidirectional(c) in ("RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI", "PDF", "PDI")
        for c in line
    )


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"], exclude_characters="\u061c"), max_size=12))
def test_plain_text_stays_as_it_is(text):
    assert shown_text(text, 40) == text


def test_long_text_ends_with_an_ellipsis():
    assert shown_text("x" * 10_000, 10) == "x" * 9 + "…"
    assert shown_text("漢" * 30, 9) == "漢" * 4 + "…"
    assert shown_text("a\0b\nc", 10) == "a␀b c"
    assert all(len(shown_text(h, 20)) <= 40 for h in HOSTILE)


def test_units_and_indices():
    assert with_unit(metric_of("loss")) == "loss, nats"
    assert with_unit(metric_of("accuracy")) == "accuracy"
    assert [shown_index(i) for i in (10, np.int64(7), "img_1.png")] == ["#10", "#7", "img_1.png"]


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(3, 8))
def test_round_ticks_cover_and_are_even(low, span, most):
    high = low + span
    if not high > low or span < abs(low) * 1e-9:
        return
    ticks = round_ticks(low, high, most)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else span
    assert len(ticks) <= most + 1
    assert ticks[0] <= low + 0.01 * step
    assert ticks[-1] >= high - 0.01 * step
    assert np.allclose(np.diff(ticks), step, rtol=1e-3)


def test_ticks_by_example():
    assert round_ticks(0, 3.6) == [0, 1, 2, 3, 4]
    assert [tick_text(t, [0, 2.5, 5, 7.5, 10]) for t in (0, 2.5, 5, 7.5, 10)] == [
        "0",
        "2.5",
        "5",
        "7.5",
        "10",
    ]
    assert [tick_text(t, [0.0, 0.25, 0.5]) for t in (0.0, 0.25, 0.5)] == ["0", "0.25", "0.5"]
    assert tick_text(-2, [-2, 0]) == "−2"
    assert log_ticks(0.02, 30) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert count_ticks(1) == [1]
    assert count_ticks(2) == [1, 2]
    assert count_ticks(100) == [1, 25, 50, 75, 100]


@given(st.integers(1, 10**7), st.integers(2, 12))
def test_counting_ticks_start_at_one_and_stay_inside(last, most):
    ticks = count_ticks(float(last), most)
    assert ticks[0] == 1
    assert all(float(t).is_integer() for t in ticks)
    assert all(a < b for a, b in itertools.pairwise(ticks))
    assert ticks[-1] <= last
    assert len(ticks) <= 2 * most + 1


def test_ranges():
    nan = float("nan")
    assert value_range([np.array([0.2, 3.0, nan])]) == (0.0, 3.0)
    assert value_range([np.array([2.0, 3.0])]) == (2.0, 3.0)
    assert value_range([np.array([nan])]) == (0.0, 1.0)
    assert value_range([np.array([5.0])]) == (2.5, 7.5)
    assert value_range([np.array([0.0, 0.01, 5.0])], log=True) == (0.01, 5.0)


def test_smoothing_keeps_gaps_constants_and_the_mean():
    values = np.array([[1.0, 1.0, np.nan, 1.0], [0.0, 0.0, 9.0, 0.0]])
    result = smoothed(values, 1.0)
    assert np.isnan(result[0, 2])
    assert np.allclose(result[0, [0, 1, 3]], 1)
    assert result[1, 2] < 9
    assert result[1, 1] > 0
    assert np.array_equal(smoothed(values, 0), values, equal_nan=True)
    weights = np.exp(-0.5 * np.array([2.0, 1.0, 0.0, 1.0]) ** 2)
    assert result[1, 2] == pytest.approx(9 * weights[2] / weights.sum())
    with pytest.raises(ValueError, match="smoothing should be"):
        smoothed(values, -1)


def test_last_values_and_the_order_of_difficulty():
    nan = float("nan")
    values = np.array([[1.0, 2.0], [5.0, nan], [nan, nan], [2.0, 2.0]])
    last = last_finite(values)
    assert np.array_equal(last, [2.0, 5.0, nan, 2.0], equal_nan=True)
    assert hardest_first(last, metric_of("loss")).tolist() == [1, 0, 3, 2]
    assert hardest_first(last, metric_of("iou")).tolist() == [0, 3, 1, 2]
    assert np.isnan(last_finite(np.zeros((2, 0)))).all()
