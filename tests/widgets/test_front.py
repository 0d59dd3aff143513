"""Messages of the browser are input: whatever comes, only what is well formed gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from views_common import tell

import xai_widgets as xw
from xai_widgets.widgets.view.front import bundle, parse

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
def test_anything_may_come(content: Any) -> None:
    assert parse(content) is None or content["type"] in ("view", "word", "action", "row", "beat")


@pytest.mark.parametrize(
    "content",
    [
        {"type": "view", "dark": 1, "ratio": 1.0, "fresh": True},
        {"type": "view", "dark": True, "ratio": float("nan"), "fresh": True},
        {"type": "view", "dark": True, "ratio": 1e9, "fresh": True},
        {"type": "view", "dark": True, "ratio": True, "fresh": True},
        {"type": "word", "name": "mode"},
        {"type": "word", "name": "mode", "value": "x" * 500},
        {"type": "row", "key": "i1", "how": "explode"},
        {"type": "row", "key": 1, "how": "pick"},
        {"type": "action", "name": None},
        {"type": "close"},
        {"type": "beat", "name": 3},
        {"type": "beat", "name": "-1"},
        {"type": "beat", "name": "1e9"},
        {"type": "beat", "name": "9" * 16},
    ],
)
def test_malformed_messages_are_refused(content: dict) -> None:
    assert parse(content) is None


def test_what_names_nothing_is_refused_and_counted(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        view.publisher.flush()
        before = {**view.front.get_state(), "beat": None}
        for content in (
            {"type": "row", "key": "i99", "how": "pick"},
            {"type": "action", "name": "rm -rf"},
            {"type": "word", "name": "colour", "value": "red"},
            ["row"],
        ):
            tell(view, content)
        assert view.refused == 4
        assert {**view.front.get_state(), "beat": None} == before


def test_numbers_of_redraws_come_back(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        view.publisher.flush()
        assert view.front.beat == view.publisher.echo.sent > 0
        tell(view, {"type": "beat", "name": str(view.front.beat)})
        assert view.publisher.echo.heard > 0
        heard = view.publisher.echo.heard
        tell(view, {"type": "beat", "name": "999999"})
        assert view.publisher.echo.heard == heard, "a number that was never sent"


def test_a_choice_that_does_not_exist_is_said_in_the_view(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        view.publisher.flush()  # `tell` is this thread's: what goes wrong while another draws counts as its drawing
        tell(view, {"type": "word", "name": "mode", "value": "<img src=x>"})
        assert view.mode == "eval"
        assert view.front.strip["level"] == "error"
        assert "is not among" in view.front.strip["text"]
        assert "Traceback" in view.front.strip["details"]
        tell(view, {"type": "action", "name": "dismiss"})
        assert view.front.strip["level"] == ""


@pytest.mark.parametrize("name", ["panel", "caption"])
def test_the_front_never_makes_markup(name: str) -> None:
    text = bundle(name)
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in text
    assert len(text.encode()) < 60_000
