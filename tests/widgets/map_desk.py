"""Browser windows in Python: what they do with the map's messages, for tests that need no browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from xai_widgets.tracking import Tracker
from xai_widgets.widgets.instance_map import protocol
from xai_widgets.widgets.instance_map.widget import InstanceMap

N = 200


def record(tracker: Tracker, epoch: int, n: int = N) -> None:
    rng = np.random.default_rng(epoch)
    loss = np.random.default_rng(5).gamma(1.5, 1, n) * np.exp(-epoch / 3) * rng.uniform(0.5, 1.5, n)
    tracker.record(np.arange(n), np.arange(n) % 3, loss=loss.astype(np.float32))
    tracker.end_epoch("train")


class Window:
    """What a browser window does, in Python: it keeps the columns and asks."""

    def __init__(self, view: InstanceMap, name: str) -> None:
        self.view, self.name = view, name
        self.stream, self.seq, self.resyncs = "", -1, 0
        self.columns: dict[str, np.ndarray] = {}
        self.meta: dict[str, Any] = {}
        self.labels: list[dict[str, str]] = []
        self.answers: list[tuple[dict[str, Any], list[bytes]]] = []
        self.lose = 0

    def ask(self, _buffers: list[Any] | None = None, **fields: Any) -> None:
        content = {"v": protocol.VERSION, "client": self.name, "stream": self.stream, **fields}
        self.view._handle_custom_msg(content, _buffers or [])

    def receive(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content["kind"] == "delta":
            self.delta(content, buffers)
        elif content["to"] in ("", self.name):
            if content["kind"] == "snapshot":
                self.stream, self.seq, self.columns = content["stream"], content["seq"], {}
                self.meta, self.labels = content["meta"], content["labels"]
                self.apply(content, buffers)
            else:
                self.answers.append((content, buffers))

    def delta(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if self.lose:
            self.lose -= 1
        elif self.stream and (content["stream"], content["seq"]) != (self.stream, self.seq + 1):
            self.resyncs += 1
            self.ask(kind="ready", reason="gap")
        elif self.stream:
            self.seq, self.meta = content["seq"], content["meta"]
            self.apply(content, buffers)

    def apply(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        for spec in content["columns"]:
            dtype = {"u1": "|u1", "u2": "<u2", "i4": "<i4", "f8": "<f8"}[spec["type"]]
            target = self.columns.setdefault(spec["name"], np.zeros(content["n"], dtype))
            protocol.apply(target, spec, buffers[spec["buffer"]])

    def answer(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        wait(lambda: any(content["kind"] == kind for content, _ in self.answers), f"an answer of kind {kind}")
        found = next(pair for pair in self.answers if pair[0]["kind"] == kind)
        self.answers.remove(found)
        return found

    def same(self) -> bool:
        """Whether this window shows what Python has."""
        model = self.view.model
        return (self.stream, self.seq) == (model.stream, model.seq) and all(
            np.array_equal(self.columns[name], values) for name, values in model.columns.items()
        )


def wait(condition: Callable[[], object], what: str, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


class Desk:
    """A map, the windows that show it, and the publisher between them."""

    def __init__(self, view: InstanceMap) -> None:
        self.view, self.windows = view, []
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        view.send = self.post  # type: ignore[method-assign]

    def post(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.sent.append((content, buffers or []))
        for window in list(self.windows):
            window.receive(content, buffers or [])

    def window(self, name: str = "w1") -> Window:
        made = Window(self.view, name)
        self.windows.append(made)
        made.ask(kind="ready", reason="display")
        self.settle()
        return made

    def settle(self) -> None:
        assert self.view.publisher.flush(10)


def trained() -> Tracker:
    made = Tracker(label_names=["cat", "dog", "owl"], epochs=8)
    for epoch in range(3):
        record(made, epoch)
    return made


@contextmanager
def desks() -> Iterator[Callable[..., Desk]]:
    """Give what makes maps with windows, and close them in the end."""
    opened: list[InstanceMap] = []

    def make(tracker: Tracker, **options: Any) -> Desk:
        view = InstanceMap(tracker, **options)
        opened.append(view)
        return Desk(view)

    yield make
    for view in opened:
        view.close()
