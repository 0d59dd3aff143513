"""Instances over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from views_common import NAMES, record, tell

import xai_widgets as xw
from xai_widgets.widgets.charts.history_rows import Ranker


def rows(view: Any, group: str | None = None) -> list[dict]:
    return [row for row in view.front.legend["rows"] if group in (None, row["group"])]


def test_hardest_easiest_and_pinned(tracker: Any, no_leak: None) -> None:
    with xw.InstanceHistory(tracker, indices=[10, 18], n_max=3, n_min=2) as view:
        hard, easy = tracker.extremes("loss", n_max=3, n_min=2)
        assert [row["text"] for row in rows(view, "hardest")] == [f"#{i}" for i in hard.index]
        assert rows(view, "hardest")[0]["value"] == f"{hard.scores[0]:.2f}"
        assert [row["text"] for row in rows(view, "easiest")] == [f"#{i}" for i in easy.index]
        assert [row["text"] for row in rows(view)][-1] == "#18"
        assert rows(view, "hardest")[0]["note"] == "truck"


def test_a_row_selects_for_everybody_and_again_lets_go(tracker: Any, no_leak: None) -> None:
    with xw.InstanceHistory(tracker) as view:
        row = rows(view)[1]
        tell(view, {"type": "row", "key": row["key"], "how": "pick"})
        index = int(row["text"][1:])
        assert view.selected == view.selection.indices == view.selection.explained == (index,)
        assert view.chart._top.y.size > 0, "the selected line is thick"
        tell(view, {"type": "row", "key": row["key"], "how": "pick"})
        assert view.selected == ()
        assert view.chart._top.y.size == 0


def test_pinning_by_message_and_by_trait(tracker: Any, no_leak: None) -> None:
    with xw.InstanceHistory(tracker, n_max=1, n_min=0) as view:
        key = rows(view)[0]["key"]
        tell(view, {"type": "row", "key": key, "how": "second"})
        assert len(view.indices) == 1
        view.indices = (*view.indices, 7)
        view.publisher.flush()
        assert [row["text"] for row in rows(view, "pinned")] == ["#7"]
        tell(view, {"type": "action", "name": "unpin_all"})
        assert view.indices == ()


def test_what_is_selected_elsewhere_is_drawn_too(tracker: Any, no_leak: None) -> None:
    with xw.InstanceHistory(tracker, n_max=1, n_min=1) as view:
        view.selection.change(indices=range(20, 50))
        view.publisher.flush()
        assert len(rows(view, "selected")) == 5, "a lasso of thirty does not flood the chart"


def test_thumbnails_come_with_samples_and_only_where_there_are_some(tracker: Any, no_leak: None) -> None:
    x = np.random.default_rng(0).random((30, 8, 8, 3), np.float32)
    with xw.InstanceHistory(tracker, samples=(x, np.arange(30) % 10), indices=[1, 50]) as view:
        thumbs = view.front.thumbs
        assert thumbs["i1"].startswith("data:image/png;base64,")
        assert "i50" not in thumbs
        assert max(map(len, thumbs.values())) < 4000


def test_string_indices_and_instances_never_seen(no_leak: None) -> None:
    tracker = xw.Tracker()
    names = ["<b>one</b>", "zwei\x00", "日本" * 5000]
    tracker.record(names, [0, 1, 2], loss=[3.0, 2.0, 1.0])
    with xw.InstanceHistory(tracker, indices=["nobody"], n_max=2, n_min=1) as view:
        assert rows(view)[0]["text"] == "<b>one</b>"
        assert len(rows(view)[2]["text"]) <= 40
        assert rows(view, "pinned")[0]["value"] == "none"
        tell(view, {"type": "row", "key": rows(view)[2]["key"], "how": "pick"})
        assert view.selected == (names[2],)


@pytest.mark.parametrize("wrong", [{"n_max": -1}, {"n_min": 21}])
def test_numbers_out_of_range(wrong: dict, tracker: Any) -> None:
    with pytest.raises(ValueError, match="go from 0 to 20"):
        xw.InstanceHistory(tracker, **wrong)


def test_choosing_how_many_and_by_what(tracker: Any, no_leak: None) -> None:
    with xw.InstanceHistory(tracker) as view:
        tell(view, {"type": "word", "name": "n_max", "value": "2"})
        tell(view, {"type": "word", "name": "by", "value": "last"})
        assert (view.n_max, view.by) == (2, "last")
        assert len(rows(view, "hardest")) == 2
        tell(view, {"type": "word", "name": "n_max", "value": "21"})
        assert view.n_max == 2
        assert view.front.strip["level"] == "error"


def test_ranking_is_asked_again_when_an_epoch_ends_and_seldom_in_between(tracker: Any) -> None:
    asked = []

    class Slow:
        epoch, status = 1, "training"

        def extremes(self, *_: object, **__: object) -> tuple:
            asked.append(1)
            import time

            time.sleep(0.02)
            return (), ()

    ranker, slow = Ranker(), Slow()
    for _ in range(5):
        ranker.rank(slow, ("loss", "train", None, 5, 5, "mean"))
    assert len(asked) == 1
    slow.epoch = 2
    ranker.rank(slow, ("loss", "train", None, 5, 5, "mean"))
    assert len(asked) == 2


def test_names_of_labels_reach_the_rows(no_leak: None) -> None:
    tracker = record(xw.Tracker(label_names=NAMES), 1)
    with xw.InstanceHistory(tracker) as view:
        assert {row["note"] for row in rows(view)} <= set(NAMES)
