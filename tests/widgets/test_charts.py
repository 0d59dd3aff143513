"""The bqplot side: marks made once, arrays small and sent only where they changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views_common import NAMES, record, tell

import xai_widgets as xw
from xai_widgets.widgets.charts import bqplot_chart
from xai_widgets.widgets.charts.bqplot_chart import Chart, Drawing, Series


def sent_bytes(wire: list) -> int:
    return sum(len(bytes(b)) for _, _, buffers in wire for b in buffers) + sum(
        len(str(data)) for _, data, _ in wire
    )


def drawing(y: np.ndarray, x: np.ndarray | None = None) -> Drawing:
    x = np.arange(1, y.shape[1] + 1, dtype=np.float32) if x is None else x
    series = Series(y.astype(np.float32), ["#112233"] * len(y), [1.0] * len(y))
    return Drawing(x, [series], (1.0, 10.0, [1.0, 10.0]), (0.0, 1.0, [0.0, 1.0]), "loss")


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 9), st.data())
def test_every_line_joins_its_known_points_and_ends_in_one(rows: int, columns: int, data: Any) -> None:
    """bqplot puts a name at the last point of a line and fails where that is unknown."""
    known = np.array(
        data.draw(
            st.lists(
                st.lists(st.booleans(), min_size=columns, max_size=columns), min_size=rows, max_size=rows
            )
        )
    )
    y = np.where(known, 0.5, np.nan).astype(np.float32)
    x = np.arange(1, columns + 1, dtype=np.float32)
    ends_x, ends_y = bqplot_chart._joined(x, y)
    assert np.isfinite(ends_y).all()
    shown = ends_y > -1e5
    assert (np.diff(np.broadcast_to(ends_x, ends_y.shape), axis=1)[shown[:, 1:]] >= 0).all()
    points = [set(np.broadcast_to(ends_x, ends_y.shape)[row][shown[row]].tolist()) for row in range(rows)]
    assert points == [set(x[known[row]].tolist()) for row in range(rows)]


@pytest.mark.parametrize(
    ("ticks", "beside"), [([0.0, 1.0], 32), ([0.0, 0.002, 0.004], 44), ([0.0, 0.0001], 50)]
)
def test_the_title_of_the_values_stands_beside_the_longest_tick(ticks: list[float], beside: int) -> None:
    chart = Chart(("solid",))
    chart.draw(replace(drawing(np.ones((1, 3))), y_axis=(ticks[0], ticks[-1], ticks)))
    assert chart._y_axis.label_offset == f"{beside}px"
    assert chart.figure.fig_margin == {"top": 8, "bottom": 38, "left": beside + 10, "right": 8}


def test_a_single_epoch_is_sent_twice_because_bqplot_squeezes_it_away() -> None:
    chart = Chart(("solid",))
    chart.draw(drawing(np.ones((4, 1))))
    assert chart._groups[0].y.shape == (4, 2)
    assert chart._groups[0].x.shape == (2,)


def test_marks_are_made_once_and_what_is_unchanged_is_not_sent(
    tracker: Any, wire: list, no_leak: None
) -> None:
    with xw.LabelDifficulty(tracker) as view:
        marks = list(view.chart.figure.marks)
        view.publisher.flush()
        wire.clear()
        assert view.draw() == 0
        assert wire == []
        record(tracker, 1)
        view.publisher.flush()
        assert list(view.chart.figure.marks) == marks
        groups = [comm for comm, data, _ in wire if comm in {m.model_id for m in marks}]
        # one message per mark and redraw: x and y always travel together
        assert 0 < len(groups) <= len(marks) * view.publisher.traffic.draws
        assert all(m.y.dtype == np.float32 for m in marks)


@pytest.mark.parametrize("epochs", [3, 700])
def test_an_update_is_bounded_however_long_and_wide_the_run_is(
    epochs: int, wire: list, no_leak: None
) -> None:
    labels = 300
    tracker = xw.Tracker(epochs=epochs)
    y = np.arange(labels)
    for epoch in range(1, epochs + 1):
        tracker.record(y, y, mode="eval", epoch=epoch, loss=1 + np.sin(y + epoch))
    tracker.end_epoch()
    with xw.LabelDifficulty(tracker) as view:
        lines = view.chart._groups
        assert sum(np.atleast_2d(m.y).shape[0] for m in lines) == 64
        assert max(np.atleast_2d(m.y).shape[1] for m in lines) <= 200
        view.publisher.flush()
        wire.clear()
        tracker.record(y, y, mode="eval", epoch=epochs + 1, loss=2 + np.sin(y))
        view.publisher.flush()
        arrays = sum(len(bytes(b)) for _, _, buffers in wire for b in buffers)
        # 64 lines of 200 points in float32, their ends, the highlighted line and its band
        assert 0 < arrays <= 64 * 200 * 4 + 5 * 200 * 4 + 200 * 8 + 2000


def test_bytes_of_an_epoch_do_not_grow_with_the_data_set(wire: list, no_leak: None) -> None:
    taken = []
    for n in (200, 20_000):
        tracker = record(xw.Tracker(label_names={name: i for i, name in enumerate(NAMES)}, epochs=12), 3, n=n)
        with xw.InstanceHistory(tracker) as view:
            view.publisher.flush()
            wire.clear()
            record(tracker, 1, n=n)
            view.publisher.flush()
            taken.append(sent_bytes(wire))
    assert taken[1] < 1.5 * taken[0] + 2000


def test_the_dashes_of_the_front_follow_the_marks(tracker: Any, no_leak: None) -> None:
    with xw.LabelDifficulty(tracker) as view:
        assert len(view.front.dashes) == len(view.chart.figure.marks)
        for row in view.front.legend["rows"]:
            mark, curve = row["curve"]
            drawn = np.atleast_2d(view.chart.figure.marks[mark].y)
            newest = drawn[curve][np.isfinite(drawn[curve])][-1]
            assert f"{newest:.2f}" == row["value"]
        tell(view, {"type": "row", "key": view.front.legend["rows"][3]["key"], "how": "pick"})
        assert [row["selected"] for row in view.front.legend["rows"]].index(True) == 3
