"""Widgets that are held send once, and those that did not change are not even asked."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pytest
import traitlets

from xai_widgets.live import Publisher
from xai_widgets.live.publishing.batched_sync import Together


class Noting(ipywidgets.Widget):
    """Notes what it is asked to send."""

    a = traitlets.Int(0).tag(sync=True)
    b = traitlets.Int(0).tag(sync=True)

    def __init__(self, wire: list[Any], broken: bool = False) -> None:
        self.wire, self.broken = [], False  # not what it sends while it is made
        super().__init__()
        self.wire, self.broken = wire, broken

    def send_state(self, key: Any = None) -> None:
        self.wire.append((self, sorted(key) if isinstance(key, set) else key))
        if self.broken:
            raise OSError("the connection is gone")


@pytest.fixture
def wire():
    made: list[Any] = []
    yield made
    for widget in {id(widget): widget for widget, _ in made}.values():
        widget.close()


def test_what_changes_twice_is_sent_once_and_what_does_not_is_not_asked(wire, monkeypatch):
    together, first, second, third = Together(), Noting(wire), Noting(wire), Noting(wire)
    together.add(first, second, third)
    monkeypatch.setattr(Noting, "hold_sync", lambda self: pytest.fail("costs a look at each widget's state"))
    with together.held():
        first.a = 1
        with together.held():
            second.b, first.a, first.b = 2, 3, 4
        assert wire == [], "an inner one waits for the outer"
    assert sorted(keys for _, keys in wire) == [["a", "b"], ["b"]]
    assert third not in [widget for widget, _ in wire]
    wire.clear()
    third.a = 1
    assert [widget for widget, _ in wire] == [third], "it sends at once again"


def test_one_that_cannot_send_keeps_no_other_from_it_and_none_is_held_for_ever(wire):
    together, widgets = Together(), [Noting(wire, broken=number == 1) for number in range(3)]
    together.add(*widgets)

    def redraw() -> None:
        with together.held():
            for widget in widgets:
                widget.a = 1

    with pytest.raises(OSError, match="connection"):
        redraw()
    assert {id(widget) for widget, _ in wire} == set(map(id, widgets))
    assert not any(widget._holding_sync or widget._states_to_send for widget in widgets)
    with together.held():
        widgets[0].a = 2
    assert wire[-1] == (widgets[0], ["a"])


def test_what_a_widget_holds_by_itself_inside_goes_with_the_rest(wire):
    together, widget = Together(), Noting(wire)
    together.add(widget)
    with together.held(), widget.hold_sync():
        widget.a = 1
    assert wire == [(widget, ["a"])]


def test_a_redraw_holds_once_however_many_views_it_draws(monkeypatch):
    publisher, holds = Publisher(), []
    held = publisher.together.held
    monkeypatch.setattr(publisher.together, "held", lambda: (holds.append(1), held())[1])

    class View:
        def draw(self) -> int:
            return 0

    for _ in range(5):
        publisher.add(View())
    publisher.flush()
    holds.clear()
    passes = publisher.traffic.passes
    publisher.touch()
    publisher.flush()
    assert len(holds) == publisher.traffic.passes - passes
    publisher.close()
