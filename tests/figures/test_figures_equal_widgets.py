"""The pictures without a browser are those of the widgets: the same points, the same colours, the same order."""

from __future__ import annotations

import re

import numpy as np
from figure_data import run
from matplotlib.colors import to_hex

import xai_widgets as xw
from xai_widgets import figures
from xai_widgets.figures import palette


def drawn_by(chart):
    """Every curve of a widget's chart: (dash, colour, its finite values)."""
    found = []
    marks = [(mark.line_style, mark) for mark in chart._groups] + [(None, chart._top)]
    for dash, mark in marks:
        values = np.atleast_2d(np.asarray(mark.y, np.float64))
        for row, color in zip(values, mark.colors, strict=False):
            finite = row[np.isfinite(row)]
            if finite.size:
                hexes = re.findall(r"#[0-9a-f]{6}", color)
                found.append((dash, hexes[0] if hexes else color, finite))
    return found


def lines_of(figure):
    lines = [line for axes in figure.figure.axes for line in axes.lines if line.get_gid()]
    return [(to_hex(line.get_color()), np.asarray(line.get_ydata(), np.float64)) for line in lines]


def test_label_difficulty():
    tracker = run()
    with xw.LabelDifficulty(tracker) as view:
        view.publisher.flush()
        curves = drawn_by(view.chart)
        names = [row["text"] for row in view.front.legend["rows"]]
        values = [row["value"] for row in view.front.legend["rows"]]
        lines = lines_of(view.figure())
        shown = [t.get_text() for t in view.figure().figure.texts]
    assert len(lines) == 10
    for color, y in lines:
        same = [c for _, c, v in curves if c == color and len(v) == len(y) and np.allclose(v, y, rtol=1e-6)]
        assert same, f"the widget draws no curve of {color} with the values {y}"
    assert [t for t in shown if t in names] == names, "the same order of difficulty"
    assert all(value in shown for value in values), "the same numbers"


def test_instance_history():
    tracker = run()
    with xw.InstanceHistory(tracker, n_max=4, n_min=3, indices=[10, 18]) as view:
        view.publisher.flush()
        curves = drawn_by(view.chart)
        lines = lines_of(view.figure())
    theme = palette.theme()
    assert sorted({c for c, _ in lines}) == sorted([theme.hardest, theme.easiest, theme.pinned])
    assert len(lines) == 9
    for _, y in lines:
        assert any(len(v) == len(y) and np.allclose(v, y, rtol=1e-6) for _, _, v in curves)


def test_the_map():
    tracker = run()
    view = xw.InstanceMap(tracker)
    try:
        figure = view.figure() if hasattr(view, "figure") else figures.instance_map(tracker.dynamics())
        marks = figure.figure.axes[0].collections[0]
        table = tracker.dynamics()
        assert np.allclose(
            marks.get_offsets(), np.column_stack([table["variability"], table["confidence"]]), atol=1e-6
        )
    finally:
        view.close()
