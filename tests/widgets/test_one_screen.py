"""The dashboard on one screen: tabs, views that rest behind them, and the pane beside the notebook."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from ipywidgets import Layout, Widget
from map_desk import Desk
from views_common import NAMES, record, tell

import xai_widgets as xw
from xai_widgets.widgets.view.front import parse


def make(tracker: Any, **options: Any) -> Any:
    x = np.random.default_rng(0).random((60, 8, 8, 3), np.float32)
    return xw.Dashboard(tracker, samples=(x, np.arange(60) % 10), **options)


def place(layout: str, page: str = "a") -> dict[str, Any]:
    return {"type": "place", "name": page, "value": layout, "width": 900, "height": 700}


def newest_epoch(view: Any) -> float:
    return float(max(mark.x.max() for mark in view.chart._groups if len(mark.x)))


def test_a_layout_is_an_argument_and_a_trait(tracker: Any, no_leak: None) -> None:
    with make(tracker, layout="screen") as dashboard:
        assert dashboard.layout == dashboard.front.arrangement == "screen"
        dashboard.layout = "grid"
        assert dashboard.front.arrangement == "grid"
        # what the browser knows as a widget's layout is still that of its box
        assert dashboard.get_state()["layout"] == f"IPY_MODEL_{dashboard.box_layout.model_id}"
        assert isinstance(dashboard.box_layout, Layout)
        with pytest.raises(Exception, match="grid"):
            dashboard.layout = "tower"


def test_an_order_of_axes_is_still_taken_for_that_of_the_samples(tracker: Any, no_leak: None) -> None:
    x = np.zeros((60, 1, 8, 8), np.float32)
    with xw.Dashboard(tracker, samples=x, layout="NCHW") as one:
        assert (one.layout, one.samples.layout) == ("auto", "NCHW")
    with xw.Dashboard(tracker, samples=x, layout="screen", sample_layout="NCHW") as two:
        assert (two.layout, two.samples.layout) == ("screen", "NCHW")
    with pytest.raises(ValueError, match="layout is 'tower'; auto, grid, screen lay out the views"):
        xw.Dashboard(tracker, samples=x, layout="tower")


def test_views_behind_tabs_are_not_drawn_and_are_right_when_shown(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        dashboard.publisher.flush()
        tell(dashboard, place("screen"))
        record(tracker, 1)
        dashboard.publisher.flush()
        assert newest_epoch(dashboard.history) == 6
        assert newest_epoch(dashboard.difficulty) == 5, "nobody sees it"
        tell(dashboard, {"type": "tab", "name": "classes"})
        assert dashboard.tab == dashboard._arrangement.front.tab == "classes"
        assert newest_epoch(dashboard.difficulty) == 6
        record(tracker, 1)
        dashboard.publisher.flush()
        assert newest_epoch(dashboard.difficulty) == 7
        assert newest_epoch(dashboard.history) == 6


def test_an_epoch_sends_less_where_views_are_hidden_and_nothing_to_them(
    wire: list, tracker: Any, no_leak: None
) -> None:
    counts: dict[str, tuple[int, int]] = {}
    with make(tracker) as dashboard:
        parts = {
            name: ids_of(view)
            for name, view in zip(("classes", "instances", "map"), dashboard.views, strict=True)
        }
        for layout in ("grid", "screen"):
            tell(dashboard, place(layout))
            wire.clear()
            passes = dashboard.publisher.traffic.passes
            record(tracker, 1)
            dashboard.publisher.flush()
            heard = [name for name, ids in parts.items() if any(sent[0] in ids for sent in wire)]
            assert heard == (["classes", "instances"] if layout == "grid" else ["instances"])
            size = sum(len(str(data)) + sum(map(len, buffers)) for _, data, buffers in wire)
            counts[layout] = len(wire), size
            assert dashboard.publisher.traffic.passes - passes <= 3
        assert counts["screen"][0] < counts["grid"][0]
        assert counts["screen"][1] < counts["grid"][1] / 2
        wire.clear()
        tell(dashboard, {"type": "tab", "name": "classes"})
        assert any(sent[0] in parts["classes"] for sent in wire), "it is right at once when it is shown"
        assert newest_epoch(dashboard.difficulty) == 7


def test_a_map_behind_a_tab_is_sent_nothing_and_is_right_at_once_when_shown(
    tracker: Any, no_leak: None
) -> None:
    with make(tracker) as dashboard:
        desk = Desk(dashboard.map)
        window = desk.window()
        tell(dashboard, place("screen"))
        desk.sent.clear()
        record(tracker, 1)
        dashboard.publisher.flush()
        assert desk.sent == []
        tell(dashboard, {"type": "tab", "name": "map"})
        assert window.same()
        assert window.meta["epoch"] == 6


def ids_of(view: Any) -> set[str]:
    """Return the comms of a view and all that it is made of."""
    found, left = set(), [view]
    while left:
        widget = left.pop()
        if widget.model_id in found:
            continue
        found.add(widget.model_id)
        for value in widget.trait_values().values():
            several = value if isinstance(value, list | tuple) else [value]
            left += [one for one in several if isinstance(one, Widget)]
    return found


def test_a_second_window_with_the_grid_has_everything_drawn(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        tell(dashboard, place("screen", "a"))
        tell(dashboard, place("grid", "b"))
        assert not any(view.behind for view in dashboard.views)
        tell(dashboard, place("gone", "b"))
        assert [view.behind for view in dashboard.views] == [True, False, True]
        tell(dashboard, place("gone", "a"))
        assert not any(view.behind for view in dashboard.views), "nobody has said how it is shown"


def test_tabs_say_what_their_view_shows_and_what_changed(no_leak: None) -> None:
    tracker = xw.Tracker(label_names=NAMES)
    with make(tracker) as dashboard:
        tabs = dashboard._arrangement.front
        assert [tab["text"] for tab in tabs.tabs] == ["nothing recorded yet"] * 3
        record(tracker, 1)
        dashboard.publisher.flush()
        assert [tab["text"] for tab in tabs.tabs] == [
            "hardest truck 1.01",
            "hardest #59 1.01",
            "60 instances",
        ]
        assert not any(tab["news"] for tab in tabs.tabs), "what nobody has seen has not changed"
        tracker.record(np.arange(60), np.arange(60) % 10, mode="eval", loss=10.0 - np.arange(60) % 10)
        tracker.end_epoch("eval")
        tracker.record(np.arange(60), np.arange(60) % 10, loss=10.0 - np.arange(60) % 10)
        tracker.end_epoch("train")
        dashboard.publisher.flush()
        assert [tab["news"] for tab in tabs.tabs] == ["was truck", "", "1 epoch on"], "the open tab is seen"
        tell(dashboard, {"type": "tab", "name": "classes"})
        assert tabs.tabs[0]["news"] == ""


def test_tabs_are_not_written_where_nobody_sees_them(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        tell(dashboard, place("grid"))
        tabs = dashboard._arrangement.front
        before = tabs.tabs
        dashboard.selected = (4, 5)
        record(tracker, 1, labels=4)
        dashboard.publisher.flush()
        assert tabs.tabs == before
        tell(dashboard, place("screen"))
        assert tabs.tabs != before


def test_a_place_of_the_browser_is_checked() -> None:
    good = place("grid")
    assert parse(good) is not None
    for bad in ({"value": "tower"}, {"width": -1}, {"height": 1.5}, {"width": True}, {"name": "x" * 500}):
        assert parse({**good, **bad}) is None


def test_an_unknown_tab_is_refused_and_shown(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        tell(dashboard, {"type": "tab", "name": "attic"})
        assert dashboard.tab == "instances"
        assert "'attic' is not among classes, instances, map" in dashboard.front.strip["text"]


@pytest.mark.parametrize("kind", ["dashboard", "history", "map"])
def test_a_view_opens_in_a_pane_of_its_own(kind: str, tracker: Any, no_leak: None) -> None:
    sidecar = pytest.importorskip("sidecar")
    makers = {"dashboard": make, "history": xw.InstanceHistory, "map": xw.InstanceMap}
    with makers[kind](tracker) as view:
        view.beside()
        pane = view._life.pane._sidecar
        assert isinstance(pane, sidecar.Sidecar)
        assert pane.anchor == "split-right"
        (shown,) = pane.outputs
        assert shown["data"]["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
        state = view.beside_state if kind == "map" else view.front.beside
        assert state["id"] == view.model_id
        assert state["asked"] > 0
        view.beside()
        assert view._life.pane._sidecar is not pane
        assert pane.comm is None, "a pane that is opened again takes the place of the first"


def test_without_sidecar_one_line_says_how(
    tracker: Any, no_leak: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sidecar", None)
    with make(tracker) as dashboard:
        tell(dashboard, {"type": "action", "name": "beside"})
        assert 'pip install "xai-widgets[lab]"' in dashboard.front.beside["how"]
        assert dashboard._life.pane._sidecar is None


def test_only_what_stands_alone_is_opened_beside(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        assert dashboard.history.front.beside is None
        for view in (dashboard.history, dashboard.map):
            with pytest.raises(RuntimeError, match="call beside\\(\\) of the dashboard"):
                view.beside()
    with pytest.raises(RuntimeError, match="closed"):
        dashboard.beside()
