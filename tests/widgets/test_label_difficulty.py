"""How hard is each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from views_common import NAMES, record, tell

import xai_widgets as xw

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "x" * 10_000,
    "\u202egnp.exe",
    "nul\x00l",
    "🙂" * 50,
    "</script>",
    "a\nb",
    "$x^2$",
]


def rows(view: Any) -> list[dict]:
    return view.front.legend["rows"]


def test_the_legend_is_ordered_by_difficulty_and_carries_the_value(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        assert [row["text"] for row in rows(view)] == NAMES[::-1]
        series = tracker.label_series("loss", mode="eval")
        assert rows(view)[0]["value"] == f"{series.mean[9, -1]:.2f}"
        assert rows(view)[0]["bar"] == 1.0
        assert rows(view)[0]["selected"], "the hardest stands out until something is chosen"
        assert view.chart._y_axis.label == "loss, nats"
        assert view.chart._x.max == 12


def test_of_a_metric_where_low_is_hard_the_lowest_come_first(no_leak: None) -> None:
    tracker = xw.Tracker()
    tracker.record(range(3), [0, 1, 2], mode="eval", confidence=[0.9, 0.1, 0.5])
    with xw.LabelDifficulty(tracker, metric="confidence") as view:
        assert [row["text"] for row in rows(view)] == ["1", "2", "0"]
        assert view.chart._y_axis.label == "confidence"


def test_before_the_first_evaluation_training_is_shown_and_said_so(no_leak: None) -> None:
    tracker = xw.Tracker()
    with xw.LabelDifficulty(tracker) as view:
        assert view.front.empty["text"] == "No eval loss recorded yet"
        record(tracker, 1, modes=("train",))
        view.publisher.flush()
        assert view.front.empty is None
        assert "until the first eval" in str(view.front.head["words"])
        record(tracker, 1)
        view.publisher.flush()
        assert "until" not in str(view.front.head["words"])


def test_it_grows_before_the_epoch_ends(no_leak: None) -> None:
    tracker = record(xw.Tracker(), 2)
    with xw.LabelDifficulty(tracker) as view:
        tracker.record([0, 1], [0, 1], mode="eval", loss=[1.0, 2.0])
        view.publisher.flush()
        assert view.chart._groups[0].x[..., -1].max() == 3
        assert view.chart._dots.fill is False


def test_hiding_highlighting_and_choosing_by_message_and_by_trait(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        key = rows(view)[4]["key"]
        tell(view, {"type": "row", "key": key, "how": "pick"})
        assert view.highlighted == view.selection.label == 5
        tell(view, {"type": "row", "key": key, "how": "second"})
        assert view.hidden == (5,)
        assert [row["text"] for row in rows(view) if row["hidden"]] == ["dog"]
        assert not [row for row in rows(view) if row["text"] == "dog" and "curve" in row]
        tell(view, {"type": "action", "name": "show_all"})
        assert view.hidden == ()
        tell(view, {"type": "word", "name": "bounds", "value": "range"})
        assert view.bounds == "range"
        view.selection.change(label=2)
        view.publisher.flush()
        assert view.highlighted == 2
        view.mode = "train"
        view.publisher.flush()
        assert view.front.head["words"][2]["value"] == "train"


def test_chosen_labels_only(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker, labels=["cat", 0]) as view:
        assert [row["text"] for row in rows(view)] == ["cat", "airplane"]
        assert len(view.chart._band.y) == 2, "a band for each where there are few"


@pytest.mark.parametrize("bounds", ["std", "range", "sem", "ci95", "none"])
def test_bands(bounds: str, tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker, bounds=bounds) as view:
        assert (view.chart._band.y.size > 0) == (bounds != "none")


def test_hostile_names_stay_short_plain_text(no_leak: None) -> None:
    tracker = xw.Tracker(label_names={name: i for i, name in enumerate(HOSTILE)})
    record(tracker, 2, labels=len(HOSTILE))
    with xw.LabelDifficulty(tracker) as view:
        for row in rows(view):
            assert len(row["text"]) <= 60
            assert row["text"].isprintable()
        assert rows(view)[-1]["text"] == HOSTILE[0]
        assert len(view.summary()) < 400


def test_an_unknown_metric_is_said_and_a_wrong_band_refused(tracker: Any, no_leak: None) -> None:
    with pytest.raises(ValueError, match="unknown bounds 'sdt'; one of"):
        xw.LabelDifficulty(tracker, bounds="sdt")
    with xw.LabelDifficulty(tracker, metric="lsos") as view:
        assert view.front.empty["text"] == "No eval lsos recorded yet"


def test_nan_losses_are_left_out_and_said(no_leak: None) -> None:
    tracker = xw.Tracker()
    tracker.record(range(4), [0, 0, 1, 1], mode="eval", loss=[1.0, np.nan, 2.0, np.inf])
    tracker.end_epoch()
    with xw.LabelDifficulty(tracker) as view:
        assert [row["value"] for row in rows(view)] == ["2.00", "1.00"]
        assert "2 values NaN or infinite, left out" in str(view.front.head["words"])


def test_merged_groups_and_string_labels(no_leak: None) -> None:
    tracker = xw.Tracker(label_names={"animal": ("cat", "dog"), "car": "car"})
    tracker.record(range(3), ["cat", "dog", "car"], mode="eval", loss=[1.0, 2.0, 3.0])
    with xw.LabelDifficulty(tracker) as view:
        assert [row["text"] for row in rows(view)] == ["car", "animal"]
        tell(view, {"type": "row", "key": rows(view)[1]["key"], "how": "pick"})
        assert view.selection.label == ("cat", "dog")
