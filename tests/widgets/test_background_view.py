"""A training in the background, as the notebook shows it."""

from __future__ import annotations

import threading
import time

from views_common import tell

import xai_widgets as xw
from xai_widgets.widgets import BackgroundView


def test_it_shows_the_state_and_the_exception(no_leak: None) -> None:
    proceed = threading.Event()

    def train() -> None:
        proceed.wait(20)
        raise ValueError("no <b>data</b>")

    run = xw.background(train)
    with BackgroundView(run) as view:
        assert view.front.run["state"] == "running in the background"
        assert view.front.run["ticking"]
        proceed.set()
        while run.running:
            time.sleep(0.01)
        view.publisher.flush()
        assert view.front.run["status"] == "failed"
        assert view.front.strip["text"] == "ValueError: no <b>data</b>"
        assert "in train" in view.front.strip["details"]
        assert view.front.run["words"][0]["off"]


def test_the_stop_button_stops(no_leak: None) -> None:
    tracker = xw.Tracker()

    def train() -> str:
        while not tracker.stop_requested:
            tracker.record([0], [0], loss=[1.0])
            time.sleep(0.01)
        return "done"

    run = xw.background(train, tracker=tracker)
    with BackgroundView(run) as view:
        tell(view, {"type": "action", "name": "stop"})
        assert run.result(20) == "done"
        view.publisher.flush()
        assert view.front.run["state"] == "returned"
