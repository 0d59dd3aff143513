"""The instance map and the windows that show it: snapshots, deltas, one selection."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import traitlets
from map_desk import Desk, N, Window, desks, record, trained

from xai_widgets.tracking import Tracker
from xai_widgets.widgets.instance_map import protocol
from xai_widgets.widgets.view.selection import Selection


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    with desks() as make:
        yield make


@pytest.fixture
def tracker() -> Tracker:
    return trained()


# ---- windows ---------------------------------------------------------------------------------------------------------


def test_nothing_is_computed_or_sent_until_a_window_is_ready(
    tracker: Tracker, desk: Callable[..., Desk]
) -> None:
    d = desk(tracker)
    record(tracker, 3)
    d.settle()
    assert d.sent == []
    assert d.view.model.stream == ""


def test_every_window_shows_what_python_has(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    first = d.window("w1")
    record(tracker, 3)
    d.settle()
    second = d.window("w2")
    for epoch in range(4, 7):
        record(tracker, epoch)
        d.settle()
    assert first.same()
    assert second.same()
    assert first.resyncs == second.resyncs == 0
    assert first.meta["epoch"] == 7
    snapshots = [content["to"] for content, _ in d.sent if content["kind"] == "snapshot"]
    assert snapshots == ["", "w2"], "a window that has everything is not sent it again"


def test_it_says_that_the_data_shown_is_edited_itself(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    for epoch in (1, 2, 3):
        tracker.record(np.arange(4), [0, 1, 0, 1], mode="eval", epoch=epoch, loss=np.arange(4.0) + epoch)
    d = desk(tracker, mode="eval")
    window = d.window("w1")
    assert window.meta["edited"] == ""
    assert "edited" not in d.view.summary()
    d.view.edited = {("train", None): (2,), ("eval", None): (3,)}
    d.settle()
    assert window.meta["edited"] == "eval edited itself from epoch 3"
    assert "4 instances on eval (edited)" in d.view.summary()
    d.view.x, d.view.y = "mean", "last"
    assert " on eval (edited)" in d.view.figure().description
    d.view.mode = "train"
    d.settle()
    assert window.meta["edited"] == "", "edits of the training are marked in the charts"


def test_a_lost_message_is_noticed_and_mended(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    whole, torn = d.window("w1"), d.window("w2")
    torn.lose = 1
    for epoch in range(3, 6):
        record(tracker, epoch)
        d.settle()
    assert torn.resyncs == 1
    assert whole.same()
    assert torn.same()


def test_an_epoch_is_one_message_but_of_many_rows_positions_come_first(
    tracker: Tracker, desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    d = desk(tracker)
    window = d.window()
    record(tracker, 5)
    d.settle()  # from now on there are flags of an epoch before

    def columns_sent() -> list[list[str]]:
        d.sent.clear()
        record(tracker, 9 + len(window.meta))
        d.settle()
        return [[spec["name"] for spec in said["columns"]] for said, _ in d.sent if said["kind"] == "delta"]

    (only,) = columns_sent()
    assert {"x", "y"} <= set(only)
    assert "flags" in only
    assert window.same()
    monkeypatch.setattr("xai_widgets.widgets.instance_map.sync._SMALL", 10)
    first, *_ = columns_sent()
    assert "flags" not in first
    assert window.same()


def test_rows_that_are_added_make_a_new_picture(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    window = d.window()
    stream = window.stream
    d.view.selected = [7, 9]
    tracker.record(np.arange(-3, 0), np.zeros(3, int), loss=np.ones(3, np.float32))
    record(tracker, 3)
    d.settle()
    assert window.stream != stream
    assert len(window.columns["x"]) == N + 3
    assert window.same()
    assert d.view.selected == (7, 9)
    assert d.view.source.values_at(d.view.selected_rows) == (7, 9)
    window.stream = stream
    window.ask([np.array([1], "<i4").tobytes()], kind="select", token=5)
    assert d.view.selected == (7, 9), "rows of the old order mean other instances now"


def test_a_paused_map_stands_still_and_catches_up(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    window = d.window()
    d.view.paused = True
    before = window.seq
    record(tracker, 3)
    d.settle()
    assert window.seq == before
    d.view.paused = False
    d.settle()
    assert window.same()
    assert window.meta["epoch"] == 4


def test_a_map_nobody_answers_stops_sending(
    tracker: Tracker, desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai_widgets.widgets.instance_map.sync._UNHEARD", 5_000)
    d = desk(tracker)
    window = d.window()
    for epoch in range(3, 9):
        record(tracker, epoch)
        d.settle()
    sent = len(d.sent)
    record(tracker, 9)
    d.settle()
    assert len(d.sent) == sent, "the notebook was closed: its server must not pile up messages"
    window.ask(kind="ack", seq=window.seq)
    d.view.redraw()
    d.settle()
    assert window.same()
    assert window.meta["epoch"] == tracker.epoch


def test_an_empty_tracker_shows_an_empty_map_that_fills(desk: Callable[..., Desk]) -> None:
    tracker = Tracker()
    d = desk(tracker)
    window = d.window()
    assert (len(window.columns["x"]), window.meta["mode"]) == (0, "train")
    record(tracker, 0)
    d.settle()
    assert len(window.columns["x"]) == N
    assert window.same()


# ---- selection -------------------------------------------------------------------------------------------------------


def test_a_selection_of_the_browser_is_python_s(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    window = d.window()
    told: list[tuple[Any, ...]] = []
    stop = d.view.on_selected(told.append)
    window.ask([np.array([5, 2, 5], "<i4").tobytes()], kind="select", token=1)
    assert d.view.selected == (2, 5)
    assert told == [(2, 5)]
    assert d.view._selected_from == "w1 1"
    state = d.view.get_state("selected")["selected"]
    assert np.frombuffer(state, "<i4").tolist() == [2, 5]
    assert d.view.export().tolist() == [2, 5]
    stop()
    window.ask([b""], kind="select", token=2)
    assert d.view.selected == ()
    assert told == [(2, 5)]


@pytest.mark.parametrize("given", [[3, 1], (3, 1), np.array([3, 1]), range(3, 0, -2), iter([3, 1, 3])])
def test_a_selection_of_python_takes_any_iterable(
    tracker: Tracker, desk: Callable[..., Desk], given: Any
) -> None:
    view = desk(tracker).view
    view.selected = given
    assert view.selected == (3, 1)
    assert view.selected_rows.tolist() == [3, 1]


@pytest.mark.parametrize("given", ["abc", 3, [1.5], [None], [True], [[1]], [10_000], ["1"]])
def test_a_selection_that_is_none_is_refused(tracker: Tracker, desk: Callable[..., Desk], given: Any) -> None:
    view = desk(tracker).view
    view.selected = [4]
    with pytest.raises((traitlets.TraitError, ValueError), match=r"instance|index values"):
        view.selected = given
    assert view.selected == (4,)


def test_state_sent_past_the_protocol_is_checked_too(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    view = desk(tracker).view
    view.selected = [4]
    for bad in (b"abc", np.array([N], "<i4").tobytes(), [1, 2], None):
        view.set_state({"selected": bad})
        assert view.selected == (4,)
    assert view.hearing.refused == 4
    view.set_state({"selected": memoryview(np.array([8], "<i4").tobytes())})
    assert view.selected == (8,)


def test_what_was_selected_before_the_map_was_shown_is_selected(
    tracker: Tracker, desk: Callable[..., Desk]
) -> None:
    selection = Selection()
    selection.change(indices=(7, 9))
    d = desk(tracker, selection=selection)
    made = Window(d.view, "w1")
    d.windows.append(made)
    made.ask(kind="ready", reason="display")
    assert d.view.selected == (7, 9)
    assert d.view.selected_rows.tolist() == [7, 9]


def test_one_selection_with_the_other_views(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    selection = Selection()
    d = desk(tracker, selection=selection)
    window = d.window()
    window.ask([np.array([5], "<i4").tobytes()], kind="select", token=1)
    assert selection.indices == (5,)
    assert selection.explained == (5,)
    selection.change(indices=(7, 10**6, 9))
    d.settle()
    assert d.view.selected == (7, 9), "what is not on this map cannot be shown"
    assert selection.indices == (7, 10**6, 9), "and is not taken away from the others"
    selection.change(label=1)
    d.settle()
    assert d.view.filters["label"] == 1
    assert window.meta["filters"]["label"] == 1
    window.ask(kind="set", field="filters", value=protocol.Filters().as_dict())
    d.settle()
    assert selection.label is None
    window.ask(kind="act", action="pin", rows=[3])
    assert selection.pinned == (3,)
    window.ask(kind="act", action="explain", rows=[])
    assert selection.explained == (7, 9)


def test_pin_and_explain_call_back_and_fail_alone(
    tracker: Tracker, desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    d = desk(tracker)
    window = d.window()
    assert (window.meta["pin"], window.meta["explain"]) == (False, False)
    told: list[tuple[str, Any]] = []

    def broken(_indices: Any) -> None:
        raise RuntimeError("no model")

    d.view.on_explain(broken)
    d.view.on_explain(lambda indices: told.append(("explain", indices)))
    d.view.on_pin(lambda indices: told.append(("pin", indices)))
    d.settle()
    assert (window.meta["pin"], window.meta["explain"]) == (True, True)
    d.view.selected = [1, 2]
    with caplog.at_level(logging.WARNING):
        window.ask(kind="act", action="explain", rows=[])
    window.ask(kind="act", action="pin", rows=[7])
    assert told == [("explain", (1, 2)), ("pin", (7,))]
    assert "no model" in window.answer("problem")[0]["text"]
    with pytest.raises(TypeError, match="function"):
        d.view.on_pin(3)  # type: ignore[arg-type]


def test_many_can_be_selected(desk: Callable[..., Desk]) -> None:
    tracker = Tracker()
    for epoch in range(2):
        record(tracker, epoch, 100_000)
    d = desk(tracker)
    window = d.window()
    window.ask([np.arange(0, 100_000, 2, dtype="<i4").tobytes()], kind="select", token=1)
    assert len(d.view.selected) == 50_000
    window.ask(kind="select_sorted", row0=0, row1=10)
    table = tracker.dynamics("train")["mean"]
    assert set(d.view.selected) == set(np.argsort(-table)[:10].tolist())
