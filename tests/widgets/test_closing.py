"""What a dashboard and its map hold: nothing for ever, whatever waits to be answered."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from map_desk import N, trained, wait

import xai_widgets as xw
from xai_widgets.live import Publisher
from xai_widgets.widgets.instance_map import protocol
from xai_widgets.widgets.instance_map.widget import InstanceMap


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_a_closed_dashboard_lets_go_of_tracker_model_and_data(no_leak: None) -> None:
    def shown_and_closed() -> list[weakref.ref[Any]]:
        tracker, model = trained(), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3))
        x = np.zeros((N, 3, 2, 2), np.float32)
        # the first flattening imports a compiler, here and not in the middle of the panel's job
        model(torch.zeros(1, 3, 2, 2))
        dashboard = xw.Dashboard(tracker, model, (x, np.arange(N) % 3), layout="NCHW", mode="train")
        dashboard.map.hearing.clients["w1"] = None
        dashboard.selected = (1, 2)
        dashboard.publisher.flush()
        tracker.safe_point()
        dashboard.close()
        return [weakref.ref(tracker), weakref.ref(model), weakref.ref(dashboard), weakref.ref(dashboard.map)]

    left = shown_and_closed()
    wait(lambda: gc.collect() >= 0 and not any(one() for one in left), "everything to be let go", 60)


class Asked:
    """A map whose browser asks while the publisher is held up."""

    def __init__(self, samples: Any = None) -> None:
        self.publisher = Publisher()
        self.view = InstanceMap(trained(), samples=samples, publisher=self.publisher)
        self.go = threading.Event()
        self.says(kind="ready", reason="display")
        assert self.publisher.flush()
        self.hold()

    def hold(self) -> None:
        self.go.clear()
        reached = threading.Event()
        self.publisher.post(lambda: (reached.set(), self.go.wait(30), None)[2])
        assert reached.wait(10)

    def says(self, *buffers: bytes, client: str = "w1", **fields: Any) -> None:
        content = {"v": protocol.VERSION, "client": client, "stream": self.view.model.stream, **fields}
        data = {"method": "custom", "content": content}
        self.view.comm._msg_callback({"content": {"data": data}, "buffers": list(buffers)})

    def close(self) -> None:
        self.go.set()
        self.view.close()
        self.publisher.close()


@pytest.fixture
def asked(wire: list[tuple[str, dict, list]]) -> Iterator[Callable[..., Asked]]:
    made: list[Asked] = []
    yield lambda *given: made.append(Asked(*given)) or made[-1]
    for each in made:
        each.close()


def rows(*values: int) -> bytes:
    return np.array(values, "<i4").tobytes()


def answers(wire: list[tuple[str, dict, list]], kind: str) -> list[dict[str, Any]]:
    said = [data.get("content", {}) for _, data, _ in wire if data.get("method") == "custom"]
    return [content for content in said if content.get("kind") == kind]


def test_of_thousands_of_messages_that_wait_the_newest_of_each_kind_is_answered(
    asked: Callable[..., Asked], wire: list[tuple[str, dict, list]]
) -> None:
    desk = asked()
    before = desk.publisher.traffic.answers
    for number in range(2_500):
        desk.says(kind="details", id=number, row=number % N)
        desk.says(kind="tile", id=number, row0=0, row1=N, bins=16)
        desk.says(kind="search", id=number, text=str(number % N))
        desk.says(rows(number % N), kind="select", token=number)
        desk.says(kind="set", field="x", value=("mean", "last")[number % 2])
        desk.says(kind="set", field="sort", value=("max", "mean")[number % 2])
        desk.says(kind="thumbs", id=number, rows=[number % N], pictures=False)
        desk.says(kind="ack", seq=number)
        desk.says(kind="details", client="w2", id=number, row=0)
    desk.go.set()
    assert desk.publisher.flush()
    assert desk.publisher.traffic.answers - before < 100
    assert [content["id"] for content in answers(wire, "details")] == [2499, 2499]
    assert [content["id"] for content in answers(wire, "tile")] == [2499]
    assert [content["id"] for content in answers(wire, "found")] == [2499]
    assert (desk.view.selected, desk.view.x, desk.view.sort) == ((2499 % N,), "last", "mean")
    wait(lambda: len(answers(wire, "thumbs")) == 16, "as many thumbnails as a window asks for at once")
    assert sorted(content["id"] for content in answers(wire, "thumbs")) == list(range(2484, 2500))


def test_what_is_done_to_a_selection_is_done_to_that_one(asked: Callable[..., Asked]) -> None:
    desk = asked()
    for row in range(3):
        desk.says(rows(row + 100), kind="select", token=row)
        desk.says(rows(row), kind="select", token=row)
        desk.says(kind="act", action="pin", rows=[])
    desk.go.set()
    assert desk.publisher.flush()
    assert desk.view.selection.pinned == (0, 1, 2)


class Slow:
    """Samples each of which takes a moment, as from a disk far away."""

    def __init__(self) -> None:
        self.read = 0

    def has(self, index: int) -> bool:
        return True

    def pictures(self, indices: list[int]) -> list[Any]:
        self.read += 1
        time.sleep(0.02)
        return [np.zeros((4, 4, 3), np.uint8)]


def test_threads_end_with_close_whatever_waits(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xai_widgets.widgets.instance_map.widget.as_samples", lambda samples: samples)
    samples = Slow()
    desk = asked(samples)
    for number in range(16):
        desk.says(kind="thumbs", id=number, rows=list(range(64)), pictures=True)
    desk.go.set()
    assert desk.publisher.flush()
    wait(lambda: samples.read, "the first picture")
    ran: list[int] = []
    for number in range(500):
        desk.publisher.post(lambda number=number: (time.sleep(0.02), ran.append(number))[1])
    desk.view.close()
    desk.publisher.close()
    wait(lambda: not {"xai_widgets map", "xai_widgets publisher"} & set(names()), "both threads to end", 3)
    assert samples.read < 16 * 64
    assert len(ran) < 500
    desk.publisher.post(lambda: ran.append(-1))
    desk.publisher.submit("key", lambda: ran.append(-1))
    assert desk.publisher.flush()
    assert -1 not in ran
    assert "xai_widgets publisher" not in names()


def test_pictures_that_wait_for_a_safe_point_are_read_one_question_a_step(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch, wire: list[tuple[str, dict, list]]
) -> None:
    monkeypatch.setattr("xai_widgets.widgets.instance_map.widget.as_samples", lambda samples: samples)
    samples = Slow()
    samples.draws_random = True  # type: ignore[attr-defined]
    desk = asked(samples)
    desk.view.tracker.start()
    for number in range(200):
        desk.says(kind="thumbs", id=number, rows=[number % N], pictures=True)
    desk.go.set()
    assert desk.publisher.flush()
    assert samples.read == 0
    for step in range(1, 31):
        desk.view.tracker.safe_point(step=step)
        assert samples.read == min(step, 16)
    assert desk.publisher.flush()
    assert [content["id"] for content in answers(wire, "thumbs")] == list(range(184, 200))


def test_windows_are_remembered_in_a_bounded_number(asked: Callable[..., Asked]) -> None:
    desk = asked()
    desk.go.set()
    for number in range(1_000):
        desk.says(client=f"w{number}", kind="ack", seq=number)
    assert desk.publisher.flush(20)
    assert len(desk.view.hearing.clients) <= 100
    assert "w999" in desk.view.hearing.clients
