"""Every quirk of bqplot in one place: marks made once, small arrays, updated in place.

bqplot sends a whole array with every change, so arrays are float32 and bounded; it squeezes arrays, so a single
column is sent twice; a mark has one line style, so series are grouped by style; marks cannot have more than one
width, so the chosen series is drawn once more on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bqplot
import ipywidgets
import numpy as np
import numpy.typing as npt

from xai_widgets.figures import palette

Float32 = npt.NDArray[np.float32]
_NOTHING: Float32 = np.zeros(0, np.float32)
_MARGIN = {"top": 8, "bottom": 38, "left": 42, "right": 8}
_CLEAR = "#00000000"
_QUIET = "#808080"
_OUTSIDE = np.float32(-1e6)


@dataclass
class Series:
    """Lines of one style.

    Attributes
    ----------
    y
        (n, T) float32, NaN where there is nothing.
    colors
        One CSS colour per line.
    opacities
        One per line.
    """

    y: Float32
    colors: list[str]
    opacities: list[float]


@dataclass
class Drawing:
    """All that a chart shows.

    Attributes
    ----------
    x
        (T,) float32, ascending.
    groups
        One `Series` per line style of the chart.
    bands
        Pairs of edges with their colour: (lower (T,), upper (T,), colour).
    chosen
        The series drawn thick: (y (T,), colour, line style), or none.
    x_axis, y_axis
        Lower end, upper end, ticks.
    y_title
        The title of the value axis.
    provisional
        Whether the last column is of an open epoch; its points are drawn hollow.
    edited
        Epochs from which edits are in force; a thin upright line stands at each.
    """

    x: Float32
    groups: list[Series]
    x_axis: tuple[float, float, list[float]]
    y_axis: tuple[float, float, list[float]]
    y_title: str
    bands: list[tuple[Float32, Float32, str]] = field(default_factory=list)
    chosen: list[tuple[Float32, str, str]] = field(default_factory=list)
    provisional: bool = False
    edited: tuple[int, ...] = ()


class Chart:
    """A bqplot figure of lines over epochs, whose marks are made once and only ever updated.

    Parameters
    ----------
    styles
        The line style of each group of series, names of bqplot.
    height
        In CSS pixels.
    """

    def __init__(self, styles: Sequence[str], height: int = 340) -> None:
        self.styles = tuple(styles)
        self._x, self._y = bqplot.LinearScale(min=1.0, max=10.0), bqplot.LinearScale(min=0.0, max=1.0)
        scales = {"x": self._x, "y": self._y}
        self._band = bqplot.Lines(
            x=_NOTHING, y=_NOTHING, scales=scales, fill="inside", close_path=True, stroke_width=0.0
        )
        self._groups = [
            bqplot.Lines(
                x=_NOTHING, y=_NOTHING, scales=scales, line_style=style, stroke_width=palette.LINE_WIDTH
            )
            for style in self.styles
        ]
        self._top = bqplot.Lines(x=_NOTHING, y=_NOTHING, scales=scales, stroke_width=palette.SELECTED_WIDTH)
        self._dots = bqplot.Scatter(x=_NOTHING, y=_NOTHING, scales=scales, default_size=16)
        self._edits = bqplot.Lines(
            x=_NOTHING, y=_NOTHING, scales=scales, line_style="dotted", stroke_width=1.0, colors=[_QUIET]
        )
        self._x_axis = bqplot.Axis(
            scale=self._x, label="epoch", label_location="end", label_offset="2.8em", grid_lines="none"
        )
        self._y_axis = bqplot.Axis(
            scale=self._y, orientation="vertical", label_location="end", label_offset="32px", num_ticks=5
        )
        self.figure = bqplot.Figure(
            marks=[self._band, *self._groups, self._top, self._dots, self._edits],
            axes=[self._x_axis, self._y_axis],
            fig_margin=_MARGIN,
            padding_x=0.0,
            padding_y=0.0,
            display_toolbar=False,
            animation_duration=0,
            layout=ipywidgets.Layout(
                width="100%", height="100%", min_width="120px", min_height=f"{height}px"
            ),
        )
        self.figure.add_class("xaiw-plot")

    @property
    def parts(self) -> list[Any]:
        """All widgets whose state a drawing changes."""
        axes = [self._x, self._y, self._x_axis, self._y_axis]
        return [*self.figure.marks, *axes, self.figure]

    def curve_of(self, group: int, place: int) -> list[int]:
        """Say where the front-end finds a line: [mark, curve]."""
        return [1 + group, place]

    def dashes(self, chosen: str = "solid") -> list[list[float]]:
        """Return the dash pattern of every mark of lines, in pixels, for the front-end's styles."""
        thin = [_pixels(style, palette.LINE_WIDTH) for style in self.styles]
        return [[], *thin, _pixels(chosen, palette.SELECTED_WIDTH), [], _pixels("dotted", 1.0)]

    def draw(self, drawing: Drawing) -> int:
        """Show a drawing; gives the bytes sent. Nothing is sent for what did not change."""
        x = _doubled(drawing.x)
        sent = 0
        for mark, group in zip(self._groups, drawing.groups, strict=True):
            sent += _put_lines(mark, x, group)
        top = drawing.chosen
        chosen = Series(_rows([y for y, _, _ in top]), [color for _, color, _ in top], [1.0] * len(top))
        sent += _put_lines(self._top, x, chosen)
        sent += self._put_bands(drawing)
        sent += self._put_dots(drawing)
        sent += self._put_edits(drawing)
        self._put_axes(drawing)
        return sent

    def _put_bands(self, drawing: Drawing) -> int:
        polygons = [_polygon(drawing.x, low, high) for low, high, _ in drawing.bands]
        longest = max((len(p) for p in polygons), default=0)
        if not longest:
            return _put(self._band, x=_NOTHING, y=_NOTHING)
        # polygons of different length are padded with their last corner
        filled = [
            np.concatenate([p, np.repeat(p[-1:], longest - len(p), axis=0)]) for p in polygons if len(p)
        ]
        corners = np.stack(filled).astype(np.float32)
        colors = [color for (_, _, color), p in zip(drawing.bands, polygons, strict=True) if len(p)]
        return _put(
            self._band,
            x=corners[:, :, 0],
            y=corners[:, :, 1],
            fill_colors=colors,
            fill_opacities=[palette.BAND] * len(colors),
            colors=[_CLEAR] * len(colors),
        )

    def _put_dots(self, drawing: Drawing) -> int:
        rows = [y for group in drawing.groups for y in group.y] + [y for y, _, _ in drawing.chosen]
        colors = [color for group in drawing.groups for color in group.colors]
        colors += [color for _, color, _ in drawing.chosen]
        ends = [_last(drawing.x, row) for row in rows]
        known = [(end, color) for end, color in zip(ends, colors, strict=True) if end is not None]
        if not known:
            return _put(self._dots, x=_NOTHING, y=_NOTHING)
        return _put(
            self._dots,
            x=np.array([end[0] for end, _ in known], np.float32),
            y=np.array([end[1] for end, _ in known], np.float32),
            colors=[color for _, color in known],
            fill=not drawing.provisional,
        )

    def _put_edits(self, drawing: Drawing) -> int:
        first, last, _ = drawing.x_axis
        low, high, _ = drawing.y_axis
        at = np.array([epoch for epoch in drawing.edited if first <= epoch <= last], np.float32)
        if not len(at):
            return _put(self._edits, x=_NOTHING, y=_NOTHING)
        y = np.tile(np.array([low, high], np.float32), (len(at), 1))
        return _put(self._edits, x=np.stack([at, at], axis=1), y=y, colors=[_QUIET] * len(at))

    def _put_axes(self, drawing: Drawing) -> None:
        low, high, ticks = drawing.x_axis
        _put(self._x, min=low, max=high)
        _put(self._x_axis, tick_values=np.asarray(ticks), tick_format=",.0f")
        low, high, ticks = drawing.y_axis
        _put(self._y, min=low, max=high)
        form = _tick_format(ticks)
        longest = max((len(format(tick, form)) for tick in ticks), default=0)
        beside = min(max(32, 14 + 6 * longest), 52)  # the title stands beside the longest tick, not over it
        _put(
            self._y_axis,
            tick_values=np.asarray(ticks),
            tick_format=form,
            label=drawing.y_title,
            label_offset=f"{beside}px",
        )
        _put(self.figure, fig_margin={**_MARGIN, "left": beside + 10})


def _put_lines(mark: Any, x: Float32, series: Series) -> int:
    if not len(series.y) or not len(x):
        return _put(mark, x=_NOTHING, y=_NOTHING)
    y = np.concatenate([series.y, series.y], axis=1) if series.y.shape[1] == 1 else series.y
    x, y = _joined(x, y.astype(np.float32))
    return _put(mark, x=x, y=y, colors=series.colors, opacities=series.opacities)


def _joined(x: Float32, y: Float32) -> tuple[Float32, Float32]:
    """Join the known points of every line, whatever was not seen between them.

    An instance that is sampled now and then would be drawn as specks otherwise. A line ends in its last known point:
    bqplot puts an (invisible) name there, and an unknown one is an error. One without any is put where nobody sees it.
    """
    known = np.isfinite(y)
    if known.all():
        return x, y
    count = y.shape[1]
    # the known points first, in their order, then the last of them until the end
    order = np.argsort(~known, axis=1, kind="stable")
    many = known.sum(axis=1)
    places = np.take_along_axis(order, np.minimum(np.arange(count), np.maximum(many - 1, 0)[:, None]), axis=1)
    ends = np.take_along_axis(y, places, axis=1)
    ends[many == 0] = _OUTSIDE
    return x[places], ends


def _put(widget: Any, **values: Any) -> int:
    """Set what differs, in one message; gives the bytes of the arrays sent."""
    changed = {name: value for name, value in values.items() if not _same(getattr(widget, name), value)}
    if not changed:
        return 0
    with widget.hold_sync():
        for name, value in changed.items():
            setattr(widget, name, value)
    return sum(value.nbytes if isinstance(value, np.ndarray) else 16 for value in changed.values())


def _same(old: Any, new: Any) -> bool:
    if isinstance(new, np.ndarray):
        if not isinstance(old, np.ndarray):
            return False
        # bqplot keeps arrays squeezed
        now = np.squeeze(new)
        return old.shape == now.shape and bool(np.array_equal(old, now, equal_nan=True))
    return bool(old == new)


def _doubled(x: Float32) -> Float32:
    """Send a single column twice, because bqplot squeezes it away."""
    return np.repeat(x, 2) if len(x) == 1 else x


def _rows(rows: list[Float32]) -> Float32:
    return np.stack(rows) if rows else np.zeros((0, 0), np.float32)


def _pixels(style: str, width: float) -> list[float]:
    return [round(length * width, 2) for length in palette.DASH_PATTERNS[style]]


def _last(x: Float32, y: Float32) -> tuple[float, float] | None:
    seen = np.flatnonzero(np.isfinite(y))
    return (float(x[seen[-1]]), float(y[seen[-1]])) if len(seen) else None


def _polygon(x: Float32, low: Float32, high: Float32) -> npt.NDArray[np.float64]:
    """(K, 2) corners of a band; columns where an edge is unknown are left out."""
    seen = np.isfinite(low) & np.isfinite(high)
    if not seen.any():
        return np.zeros((0, 2))
    there, back = np.stack([x[seen], high[seen]], 1), np.stack([x[seen], low[seen]], 1)[::-1]
    return np.concatenate([there, back])


def _tick_format(ticks: Sequence[float]) -> str:
    """Return as many decimals as the ticks need, and no more."""
    for decimals in range(5):
        if all(abs(round(tick, decimals) - tick) < 1e-9 for tick in ticks):
            return f",.{decimals}f"
    return ".1e"
