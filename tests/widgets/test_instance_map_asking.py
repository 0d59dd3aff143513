"""The instance map is asked: controls, questions, hostile input; and its end."""

from __future__ import annotations

import gc
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import traitlets
from map_desk import Desk, N, desks, record, trained

from xai_widgets.live import Publisher
from xai_widgets.tracking import Tracker
from xai_widgets.widgets.instance_map import protocol
from xai_widgets.widgets.instance_map.widget import InstanceMap

HOSTILE = [
    "<img src=x onerror=alert(1)>", "x" * 10_000, "\u202egnp.exe", "nul\x00byte", "\U0001f600", "a\nb\tc",
    '"; DROP TABLE', "</script>", "{{7*7}}", "\ud800",
]  # fmt: skip


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    with desks() as make:
        yield make


@pytest.fixture
def tracker() -> Tracker:
    return trained()


# ---- controls --------------------------------------------------------------------------------------------------------


def test_controls_of_the_browser_are_traits(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    window, other = d.window("w1"), d.window("w2")
    for field, value in [
        ("x", "mean"), ("y", "last"), ("color", "label_error"), ("size", "forgetting"), ("view", "history"),
        ("sort", "max"), ("descending", False), ("view", "map"), ("size", None), ("metric", "loss"),
    ]:  # fmt: skip
        window.ask(kind="set", field=field, value=value)
        d.settle()
        assert getattr(d.view, field) == value
    assert (window.meta["x"]["name"], other.meta["y"]["text"]) == ("mean", "last loss")
    assert window.meta["x"]["unit"] == "nats"
    assert window.same()
    assert other.same()
    causes = [content["cause"] for content, _ in d.sent if content["kind"] == "delta"]
    assert causes.count("w1") >= 9


def test_controls_that_are_not_allowed_are_refused(
    tracker: Tracker, desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    d = desk(tracker)
    window = d.window()
    for field, value in [
        ("x", "nonsense"),
        ("mode", "fly"),
        ("view", "3d"),
        ("metric", "none"),
        ("sort", "label"),
    ]:
        with caplog.at_level(logging.WARNING):
            window.ask(kind="set", field=field, value=value)
        assert window.answer("problem")[0]["text"]
    bad = {**protocol.Filters().as_dict(), "label": 99}
    window.ask(kind="set", field="filters", value=bad)
    assert "99" in window.answer("problem")[0]["text"]
    assert d.view.hearing.refused == 6
    assert (d.view.x, d.view.mode, d.view.view) == ("variability", "train", "map")


def test_bad_arguments_say_what_would_be_right(tracker: Tracker) -> None:
    with pytest.raises(ValueError, match=r"x is 'beauty'; one of mean, last, recent"):
        InstanceMap(tracker, x="beauty")
    view = InstanceMap(tracker)
    try:
        with pytest.raises(traitlets.TraitError, match="suspected"):
            view.filters = {"nonsense": 1}
        with pytest.raises(traitlets.TraitError):
            view.filters = {"forgotten": -1}
        view.filters = {"never": True}
        assert view.filters == {
            "label": None,
            "suspected": False,
            "never": True,
            "movers": False,
            "wrong": False,
            "shortcut": False,
            "forgotten": 0,
        }
    finally:
        view.close()


def test_another_mode_is_another_picture(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    tracker.record(["a", "b"], [0, 1], loss=[1.0, 2.0], mode="eval")
    tracker.end_epoch("eval")
    d = desk(tracker)
    window = d.window()
    d.view.selected = [3]
    window.ask(kind="set", field="mode", value="eval")
    d.settle()
    assert len(window.columns["x"]) == 2
    assert window.meta["index"] == {"kind": "text"}
    assert d.view.selected == ()
    d.view.selected = ["b"]
    assert d.view.selected_rows.tolist() == [1]


def test_filters_leave_the_same_in_python_and_in_the_browser(
    tracker: Tracker, desk: Callable[..., Desk]
) -> None:
    d = desk(tracker)
    window = d.window()
    d.view.filters = {"label": 2, "forgotten": 1}
    d.settle()
    sent = protocol.filters_of(window.meta["filters"])
    rows = np.flatnonzero(
        (window.columns["label"] == sent.label) & (window.columns["forgets"] >= sent.forgotten)
    )
    assert d.view.shown() == tuple(rows.tolist())


# ---- questions -------------------------------------------------------------------------------------------------------


def test_questions_are_answered_to_the_window_that_asked(
    tracker: Tracker, desk: Callable[..., Desk], cifar: dict[str, np.ndarray]
) -> None:
    d = desk(tracker, samples=(cifar["x"][:N], cifar["y"][:N]))
    window, other = d.window("w1"), d.window("w2")
    window.ask(kind="details", id=1, row=4)
    assert window.answer("details")[0]["index"] == "4"
    window.ask(kind="thumbs", id=2, rows=[4, 9], pictures=True)
    content, buffers = window.answer("thumbs")
    assert content["id"] == 2
    assert [(item["row"], item["width"], item["height"]) for item in content["items"]] == [
        (4, 32, 32),
        (9, 32, 32),
    ]
    assert np.array_equal(np.frombuffer(buffers[1], np.uint8).reshape(32, 32, 3), cifar["x"][9])
    window.ask(kind="search", id=3, text="dog")
    content, buffers = window.answer("found")
    assert np.array_equal(np.frombuffer(buffers[0], "<i4"), np.arange(1, N, 3))
    window.ask(kind="tile", id=4, row0=0, row1=0, bins=20)
    assert window.answer("tile")[0]["bins"] == 20
    d.view.selected = [8, 3]
    window.ask(kind="csv", id=5)
    content, buffers = window.answer("csv")
    assert content["name"] == "instances-train-epoch-3.csv"
    assert [line.split(b",")[0] for line in buffers[0].splitlines()] == [b"index", b"3", b"8"]
    assert other.answers == []


def test_a_data_set_that_draws_random_numbers_is_read_at_a_safe_point(
    tracker: Tracker, desk: Callable[..., Desk], cifar: dict[str, np.ndarray]
) -> None:
    d = desk(tracker, samples=(cifar["x"][:N], cifar["y"][:N]))
    d.view.hearing.samples.draws_random = True
    window = d.window()
    tracker.start()
    window.ask(kind="thumbs", id=1, rows=[1], pictures=True)
    d.settle()
    time.sleep(0.1)
    assert window.answers == []
    tracker.safe_point()
    assert window.answer("thumbs")[0]["items"][0]["width"] == 32


def test_a_broken_data_set_shows_cards_without_pictures(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    class Broken:
        draws_random = False

        def has(self, _index: int) -> bool:
            return True

        def pictures(self, _indices: list[int]) -> list[np.ndarray]:
            raise OSError("the disk is gone")

    d = desk(tracker)
    d.view.hearing.samples = Broken()
    window = d.window()
    window.ask(kind="thumbs", id=1, rows=[1], pictures=True)
    assert window.answer("thumbs")[0]["items"][0]["width"] == 0


# ---- hostile input ---------------------------------------------------------------------------------------------------


def test_hostile_names_travel_as_bounded_text(desk: Callable[..., Desk]) -> None:
    tracker = Tracker(label_names=HOSTILE)
    for _ in range(2):
        tracker.record(HOSTILE, np.arange(len(HOSTILE)), loss=np.linspace(0.1, 3, len(HOSTILE)))
        tracker.end_epoch("train")
    d = desk(tracker)
    window = d.window()
    said = [label["name"] for label in window.labels]
    assert said[0] == HOSTILE[0], "markup is text like any other"
    for row in range(len(HOSTILE)):
        window.ask(kind="details", id=row, row=row)
        content, _ = window.answer("details")
        said += [content["index"], content["label"]]
    assert all(len(text) <= 300 for text in said)
    assert not any(c in text for text in said for c in "\x00\n\u202e\ud800")
    d.view.selected = HOSTILE
    window.ask(kind="csv", id=1)
    assert len(window.answer("csv")[1][0]) > 10_000, "the file has the names in full"


def test_malformed_messages_are_refused_and_logged(
    tracker: Tracker, desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    d = desk(tracker)
    window = d.window()
    before = (len(d.sent), d.view.selected, d.view.x)
    bad: list[tuple[Any, list[Any]]] = [
        ("hello", []), (None, []), ({"kind": "select"}, []),
        ({"v": 1, "client": "w1", "stream": "", "kind": "select", "token": 1}, [b"abc"]),
        ({"v": 1, "client": "w1", "stream": "", "kind": "close"}, []),
    ]  # fmt: skip
    with caplog.at_level(logging.WARNING, logger="xai_widgets.widgets"):
        for content, buffers in bad:
            d.view._handle_custom_msg(content, buffers)
        window.ask([np.array([10**6], "<i4").tobytes()], kind="select", token=1)
    assert d.view.hearing.refused == 6
    assert len([r for r in caplog.records if "refused" in r.getMessage()]) == 6
    assert (len(d.sent), d.view.selected, d.view.x) == before


# ---- its life --------------------------------------------------------------------------------------------------------


def test_it_can_be_closed_and_is_collected(tracker: Tracker) -> None:
    publisher = Publisher()
    view = InstanceMap(tracker, publisher=publisher)
    Desk(view).window()
    gone = weakref.ref(view)
    view.close()
    view.close()
    record(tracker, 3)
    assert view.draw() == 0
    publisher.close()
    del view
    gc.collect()
    assert gone() is None
    assert not tracker.problems


def test_it_has_a_picture_without_a_browser(
    tracker: Tracker, desk: Callable[..., Desk], tmp_path: Any
) -> None:
    view = desk(tracker).view
    view.selected = [1, 2]
    assert view.figure().png()[:8] == b"\x89PNG\r\n\x1a\n"
    assert view.save(tmp_path / "map.svg").read_text().lstrip().startswith("<?xml")
    assert repr(view) == "<InstanceMap: confidence by variability of 200 instances on train, 2 selected>"
    bundle = view._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert bundle["image/png"]
    assert view.export(tmp_path / "chosen.csv").tolist() == [1, 2]
    assert (tmp_path / "chosen.csv").read_text().startswith("index,label,")


def test_a_tracker_that_fails_is_shown_and_does_not_stop(tracker: Tracker, desk: Callable[..., Desk]) -> None:
    d = desk(tracker)
    window = d.window()

    def broken(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError("no scores today")

    scores, tracker.scores = tracker.scores, broken  # type: ignore[method-assign]
    record(tracker, 3)
    d.settle()
    assert "no scores today" in window.answer("problem")[0]["text"]
    tracker.scores = scores  # type: ignore[method-assign]
    record(tracker, 4)
    d.settle()
    assert window.same()
    assert window.meta["epoch"] == 5
