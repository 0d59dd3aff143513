"""The picture that stands in for a view whose kernel is gone."""

from __future__ import annotations

import base64
import html.parser
from typing import Any

import IPython.display
import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live import Host
from xai_widgets.widgets.view import fallback
from xai_widgets.widgets.view.frozen import frozen_html


class Parsed(html.parser.HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_are_text_and_it_is_hidden_where_no_style_sheet_shows_it() -> None:
    parsed = Parsed(frozen_html('<script>alert("1")</script> "epoch" 3', b"\x89PNG..."))
    assert [tag for tag, _ in parsed.tags] == ["style", "div", "p", "br", "img"]
    assert "hidden" in dict(parsed.tags)["div"]
    assert dict(parsed.tags)["img"]["alt"] == '<script>alert("1")</script> "epoch" 3'
    assert "No kernel is connected" in parsed.text
    assert [tag for tag, _ in Parsed(frozen_html("nothing yet", None)).tags] == ["style", "div", "p", "br"]


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a notebook's outputs hold, by display id."""
    held: dict[str, Any] = {}

    def show(data: dict[str, Any], *, raw: bool, display_id: str) -> None:
        held[display_id] = data

    monkeypatch.setattr(IPython.display, "display", show)
    monkeypatch.setattr(IPython.display, "update_display", show)
    monkeypatch.setattr(fallback, "host", lambda: Host("jupyter", (7,), "subshell", ""))
    return held


def picture_in(output: dict[str, Any]) -> bytes:
    tags = dict(Parsed(output["text/html"]).tags)
    return base64.b64decode((tags["img"]["src"] or "").split(",")[1])


def test_the_newest_picture_stands_in_at_the_end_of_a_cell_and_of_a_run(
    outputs: dict[str, Any], no_leak: None
) -> None:
    tracker = xw.Tracker(epochs=3)

    def epoch() -> None:
        tracker.record(np.arange(9), np.arange(9) % 3, mode="eval", loss=np.random.rand(9))
        tracker.end_epoch()

    epoch()
    with xw.LabelDifficulty(tracker) as view:
        view._ipython_display_()
        (shown, frozen) = outputs
        assert frozen == f"{shown}-frozen"
        first = picture_in(outputs[frozen])
        assert first == outputs[shown]["image/png"]
        view._life.still.refresh_after_cell()
        assert picture_in(outputs[frozen]) == first, "nothing has happened"
        epoch()
        view.publisher.flush()
        assert picture_in(outputs[frozen]) == first, "not at every redraw"
        view._life.still.refresh_after_cell()
        second = picture_in(outputs[frozen])
        assert second != first
        epoch()
        tracker.finish()
        view.publisher.flush()
        assert picture_in(outputs[frozen]) != second, "the run has ended"
    assert "application/vnd.jupyter.widget-view+json" not in outputs[shown]
    assert outputs[frozen]["text/html"] == "", "closed: the picture is where the view was"
