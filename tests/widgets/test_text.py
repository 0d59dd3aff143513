"""Names and numbers as they reach the browser."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xai_widgets.widgets.view import formatting as text


@given(st.text(max_size=400), st.integers(2, 120))
def test_any_text_becomes_one_short_printable_line(value: str, limit: int) -> None:
    shown = text.clean(value, limit)
    assert len(shown) <= limit
    assert "\n" not in shown
    assert "\x00" not in shown
    json.dumps(shown).encode("utf-8")


def test_a_lone_surrogate_does_not_break_the_wire() -> None:
    text.clean("a\ud800b").encode("utf-8")


@given(st.one_of(st.integers(), st.text(max_size=300)), st.one_of(st.integers(), st.text(max_size=300)))
def test_keys_are_short_and_tell_values_apart(one: int | str, other: int | str) -> None:
    assert len(text.key_of(one)) <= 40
    assert (text.key_of(one) == text.key_of(other)) == (one == other and type(one) is type(other))


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_value_axis_holds_everything_with_few_round_ticks(low: float, span: float) -> None:
    start, end, ticks = text.value_axis(low, low + span)
    assert start <= low + 1e-6 * max(1, abs(low))
    assert end >= low + span - 1e-6 * max(1, abs(low + span))
    assert 2 <= len(ticks) <= 8
    assert np.all(np.diff(ticks) > 0)


@given(st.integers(0, 5000), st.one_of(st.none(), st.integers(1, 5000)))
def test_the_epoch_axis_is_as_long_as_the_run(last: int, planned: int | None) -> None:
    start, end, ticks = text.epoch_axis(planned, last)
    assert start == 1
    assert end >= max(last, 2)
    if planned and planned >= max(last, 2):
        assert end == planned
    assert len(ticks) <= 8
    assert all(tick == int(tick) and 1 <= tick <= end for tick in ticks)


@given(st.integers(0, 3000))
def test_a_long_history_is_thinned_out_to_two_hundred_and_keeps_its_ends(count: int) -> None:
    chosen = text.thin_out(np.arange(count))
    assert len(chosen) <= 200
    assert len(set(chosen.tolist())) == len(chosen)
    if count:
        assert chosen[0] == 0
        assert chosen[-1] == count - 1


def test_a_growing_history_keeps_its_points() -> None:
    """Points that are drawn stay where they are, so that the line does not tremble while it grows."""
    before, after = text.thin_out(np.arange(450)), text.thin_out(np.arange(451))
    assert set(before[:-1].tolist()) <= set(after.tolist())
