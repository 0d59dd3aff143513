"""All views together: one selection, one thread, one end."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ipywidgets.widgets import widget as widget_module
from views_common import NAMES, record, tell

import xai_widgets as xw
from xai_widgets.tracking.check import CheckItem
from xai_widgets.widgets.view.selection import Selection


def make(tracker: Any, **options: Any) -> Any:
    x = np.random.default_rng(0).random((60, 8, 8, 3), np.float32)
    return xw.Dashboard(tracker, samples=(x, np.arange(60) % 10), **options)


def test_one_selection_for_all_views(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        row = dashboard.history.front.legend["rows"][0]
        tell(dashboard.history, {"type": "row", "key": row["key"], "how": "pick"})
        index = int(row["text"][1:])
        assert dashboard.selected == dashboard.history.selected == dashboard.selection.indices == (index,)
        dashboard.selected = (4, 5)
        dashboard.publisher.flush()
        assert dashboard.history.selected == (4, 5)
        label = dashboard.difficulty.front.legend["rows"][0]["key"]
        tell(dashboard.difficulty, {"type": "row", "key": label, "how": "pick"})
        assert dashboard.selection.label == 9


def test_the_header_says_where_the_run_is(no_leak: None) -> None:
    tracker = xw.Tracker(label_names=NAMES, epochs=4)
    with make(tracker, title="a <run>") as dashboard:
        assert dashboard.front.run["state"] == "not started"
        assert dashboard.front.run["progress"] == 0
        record(tracker, 1)
        dashboard.publisher.flush()
        run = dashboard.front.run
        assert (run["title"], run["epoch"], run["step"], run["state"]) == (
            "a <run>",
            "epoch 1 of 4",
            "step 1",
            "training",
        )
        assert run["progress"] == pytest.approx(0.25)
        assert run["left"] == pytest.approx(3 * run["elapsed"], rel=0.5, abs=0.5)
        tracker.finish(ValueError("the <b>disk</b> is full"))
        dashboard.publisher.flush()
        assert dashboard.front.run["status"] == "failed"
        assert "ValueError: the <b>disk</b> is full" in dashboard.front.run["state"]
        assert not dashboard.front.run["ticking"]


def test_beyond_the_plan_no_time_is_left_to_tell(no_leak: None) -> None:
    tracker = xw.Tracker(label_names=NAMES, epochs=1)
    with make(tracker) as dashboard:
        record(tracker, 1)
        record(tracker, 2)
        dashboard.publisher.flush()
        assert dashboard.front.run["epoch"].endswith(", 1 planned")
        assert dashboard.front.run["left"] is None


def test_pausing_stops_the_views_and_not_the_run(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        dashboard.publisher.flush()
        tell(dashboard, {"type": "action", "name": "pause"})
        assert dashboard.paused
        before = dashboard.difficulty.front.get_state()
        record(tracker, 1)
        dashboard.publisher.flush()
        assert dashboard.difficulty.front.get_state() == before
        assert dashboard.front.run["epoch"] == "epoch 6 of 12"
        assert dashboard.front.run["status"] == "paused"
        tell(dashboard, {"type": "action", "name": "pause"})
        assert dashboard.difficulty.chart._groups[0].x.max() == 6


def test_stopping_is_a_polite_request(tracker: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        record(tracker, 1)
        tell(dashboard, {"type": "action", "name": "stop"})
        assert tracker.stop_requested
        assert dashboard.front.run["words"][1]["text"] == "Stopping"
        assert dashboard.front.run["words"][1]["off"]


def test_object_count_is_flat_however_often_it_is_made(no_leak: None) -> None:
    tracker = record(xw.Tracker(epochs=3), 1)
    counts, objects = [], []
    for _ in range(6):
        make(tracker).close()
        gc.collect()
        counts.append(len(widget_module._instances))
        objects.append(len(gc.get_objects()))
    assert len(set(counts)) == 1
    assert objects[-1] - objects[2] < 400, objects
    assert not tracker._subscribers.subscriptions


def test_half_a_dashboard_is_closed(tracker: Any, no_leak: None) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="rows should be 1 to 12"):
        make(tracker, model=torch.nn.Linear(2, 2), saliency={"rows": 99})
    with pytest.raises(TypeError, match="layout describe samples"):
        xw.Dashboard(tracker, layout="NCHW")


def test_close_is_safe_to_call_twice_and_ends_the_thread(tracker: Any, no_leak: None) -> None:
    import threading

    dashboard = make(tracker)
    dashboard.close()
    dashboard.close()
    record(tracker, 1)
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("xai_widgets")]


def test_a_failing_view_is_shown_and_the_others_go_on(tracker: Any, no_leak: None, monkeypatch: Any) -> None:
    with make(tracker) as dashboard:

        def fail() -> int:
            raise RuntimeError("planted <i>failure</i>")

        monkeypatch.setattr(dashboard.difficulty, "_draw", fail)
        record(tracker, 1)
        dashboard.publisher.flush()
        assert "planted <i>failure</i>" in dashboard.difficulty.front.strip["text"]
        assert dashboard.history.front.strip["level"] == ""
        assert dashboard.history.chart._groups[0].x.max() == 6
        monkeypatch.undo()
        record(tracker, 1)
        dashboard.publisher.flush()
        assert dashboard.difficulty.front.strip["level"] == ""
        assert tracker.problems == []


def test_saved_without_a_browser(tracker: Any, tmp_path: Any, no_leak: None) -> None:
    with make(tracker) as dashboard:
        png = dashboard.save(tmp_path / "run.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert dashboard.save(tmp_path / "run.svg").read_text().count("<image") == 3
        page = dashboard.save(tmp_path / "run.html").read_text()
        assert "<html" in page
        assert "://" not in page.replace("http://www.w3.org", "")
        with pytest.raises(ValueError, match=r"\.png or \.svg"):
            dashboard.save(tmp_path / "run.gif")


def test_the_notebook_keeps_a_picture_beside_the_live_view(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        bundle = view._repr_mimebundle_()
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert bundle["text/plain"].startswith(
            "<LabelDifficulty: mean loss of 10 labels after epoch 5; hardest truck"
        )
        assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
        assert set(view._life.still.bundle(live=False)) == {"text/plain", "image/png"}


def test_bytes_to_the_browser_stay_under_the_limit(wire: list, no_leak: None) -> None:
    """Two seconds of an eager run: the redraws are at most four a second, the bytes under 100 kB a second."""
    tracker = xw.Tracker(label_names=NAMES, epochs=400)
    with make(tracker) as dashboard:
        dashboard.publisher.flush()
        wire.clear()
        passes = dashboard.publisher.traffic.passes
        started = time.monotonic()
        while time.monotonic() - started < 2.0:
            record(tracker, 1)
            time.sleep(0.005)
        spent = time.monotonic() - started
        counted = list(wire)
        assert dashboard.publisher.traffic.passes - passes <= 4 * spent + 2
    sent = sum(len(bytes(b)) for _, _, buffers in counted for b in buffers)
    sent += sum(len(str(data)) for _, data, _ in counted)
    assert sent / spent < 100_000 * 1.5
    assert len(counted) / spent < 200


def test_selection_tells_only_what_changed() -> None:
    heard = []
    selection = Selection(pinned=[1, 1, 2])
    stop = selection.listen(lambda s, changed, source: heard.append((changed, source)))
    assert selection.change(indices=[5, 5, 6], source="a") == {"indices", "explained"}
    assert selection.change(indices=[5, 6]) == frozenset()
    selection.change(indices=range(100))
    assert selection.explained == (5, 6), "a lasso is not explained until it is asked for"
    assert selection.change(label=3) == {"label"}
    assert selection.change(clear_label=True) == {"label"}
    stop()
    selection.change(pinned=())
    assert heard == [
        (frozenset({"indices", "explained"}), "a"),
        (frozenset({"indices"}), None),
        (frozenset({"label"}), None),
        (frozenset({"label"}), None),
    ]


def test_the_header_says_in_one_line_what_is_proved_of_the_run(tracker: Any, no_leak: None) -> None:
    items: list[CheckItem] = []
    tracker.add_claims("test", lambda: items)
    with make(tracker) as dashboard:
        assert dashboard.front.check is None
        for level, text, said in (
            ("ok", "labels proved on 60 of 60 rows", "data checked"),
            ("open", "losses: nothing proves them", "data checked in part"),
            ("warn", "<b>0</b> samples", "1 to look at: <b>0</b> samples"),
        ):
            items.insert(0, CheckItem(level, text, "pass index="))
            dashboard._run_check._due = 0.0
            dashboard.redraw()
            dashboard.publisher.flush()
            check = dashboard.front.check
            assert (check["level"], check["text"]) == (level, said)
            assert check["items"][0] == {"level": level, "text": text, "remedy": "pass index="}


def test_charts_mark_the_epochs_from_which_edits_are_in_force(no_leak: None) -> None:
    tracker = xw.Tracker(epochs=6)
    edits = xw.Edits(tracker)
    with xw.Dashboard(tracker, edits=edits) as dashboard:
        for epoch in (1, 2, 3):
            edits.begin_epoch(epoch)
            for mode in ("train", "eval"):
                tracker.record([0, 1, 2], [0, 1, 1], mode=mode, epoch=epoch, loss=[1.0, 2.0, 3.0])
                tracker.end_epoch(mode)
            if epoch == 1:
                edits.exclude(1)
        for _ in range(2):  # what the header finds out is drawn by the views
            dashboard.publisher.flush()
        for view in (dashboard.difficulty, dashboard.history):
            assert view.edited == {("train", None): (2,)}
            assert view.chart.figure.marks[-1].x.tolist() == [2.0, 2.0]
            assert "edits in force from epoch 2" in str(view.front.head)
            assert "edited" in [text.get_text() for text in view.figure().figure.texts]


def test_charts_say_that_the_data_to_evaluate_on_is_edited_itself(tmp_path: Path, no_leak: None) -> None:
    tracker = xw.Tracker(epochs=6)
    edits = xw.Edits(tracker)
    with xw.Dashboard(tracker, edits=edits) as dashboard:
        for epoch in (1, 2, 3):
            edits.begin_epoch(epoch)
            for mode, ds_id in (("train", None), ("eval", "clean"), ("eval", "noisy")):
                tracker.record(
                    [0, 1, 2], [0, 1, 1], mode=mode, ds_id=ds_id, epoch=epoch, loss=[1.0, 2.0, 3.0]
                )
            if epoch == 2:
                edits.exclude(2, mode="eval", ds_id="noisy")
        assert dashboard.map.edited == dashboard.difficulty.edited
        for view in (dashboard.difficulty, dashboard.history):
            for mode, ds_id, said in (
                ("train", None, False),
                ("eval", "clean", False),
                ("eval", "noisy", True),
            ):
                view.mode, view.ds_id = mode, ds_id
                for _ in range(2):
                    dashboard.publisher.flush()
                assert view.chart.figure.marks[-1].x.tolist() == [], "no edit of the training"
                assert ("eval edited itself from epoch 3" in str(view.front.head)) == said
                texts = " ".join(text.get_text() for text in view.figure().figure.texts)
                assert ("eval noisy (edited)" in texts) == said, texts
        written = dashboard.save(tmp_path / "run.html").read_text()
        assert "eval noisy (edited)" in written
        assert "eval clean (edited)" not in written
