"""The drawing of curves on a sheet: thin grid, quiet axes, lines with dashes, bands, end points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import MARKER_SHAPES, PX, SMALL, Sheet, dash_style, quiet
from xai_widgets.figures.scale import count_ticks, fitted, log_ticks, round_ticks, tick_text, value_range
from xai_widgets.figures.text import shown_text

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Curve:
    """One line of a chart and how it looks."""

    name: str
    x: NDArray[Any]
    y: Floats
    color: str
    dash: str = "solid"
    marker: str = "circle"
    lower: Floats | None = None
    upper: Floats | None = None
    strong: bool = False
    provisional: bool = False


@dataclass(frozen=True)
class Area:
    """The rectangle of a plot on the sheet, in pixels, and what it shows."""

    x: float
    y: float
    width: float
    height: float
    x_end: float
    """Last value of the counting axis, which starts at 1 (or at ``x_first``)."""
    x_first: float = 1
    x_name: str = "epoch"
    y_name: str = ""
    log: bool = False


def plot(sheet: Sheet, area: Area, curves: list[Curve], background: list[Curve] | None = None) -> Any:
    """Draw curves, the strong ones on top, over thin pale ones; returns matplotlib's axes."""
    background = background or []
    shown = [c for c in curves if c.lower is not None and c.upper is not None]
    values = [c.y for c in curves + background]
    values += [edge for c in shown for edge in (c.lower, c.upper) if edge is not None]
    axes = _axes(sheet, area, value_range(values, log=area.log))
    if background:
        _pale(axes, background, sheet.theme.muted)
    for curve in shown:
        _band(axes, curve)
    for curve in sorted(curves, key=lambda c: c.strong):
        _line(sheet, axes, curve)
    return axes


def mark_edits(sheet: Sheet, area: Area, axes: Any, epochs: Sequence[int]) -> None:
    """Draw an upright dotted line at each epoch from which edits are in force, and name the first."""
    low, high = axes.get_xlim()
    places = [area.x + area.width * (e - low) / (high - low) for e in epochs if low <= e <= high]
    for at in places:
        sheet.line([at, at], [area.y, area.y + area.height], sheet.theme.muted, dash="dotted", behind=True)
    if places:
        sheet.text(places[0] + 4, area.y + 6, "edited", size=SMALL, color=sheet.theme.muted)


def _axes(sheet: Sheet, area: Area, limits: tuple[float, float]) -> Any:
    axes, theme = sheet.axes(area.x, area.y, area.width, area.height), sheet.theme
    ticks = (
        log_ticks(*limits)
        if area.log
        else round_ticks(*limits, most=max(3, min(6, int(area.height // 45) + 1)))
    )
    low, high = min(ticks[0], limits[0]), max(ticks[-1], limits[1])
    if not area.log:
        ticks, low, high = fitted(ticks, *limits)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    end = max(area.x_end, area.x_first)
    pad = (end - area.x_first) * 0.012 or 0.5
    axes.set_xlim(area.x_first - (pad if end == area.x_first else 0), end + pad)
    if area.log:
        axes.set_yscale("log")
        axes.set_yticks([], minor=True)
        axes.minorticks_off()
    axes.set_ylim(low, high)
    axes.set_xticks([])
    axes.set_yticks([])
    for tick in ticks:
        at = _up(axes, area, tick)
        sheet.line([area.x, area.x + area.width], [at, at], theme.grid, behind=True)
        text = f"{tick:g}" if area.log else tick_text(tick, ticks)
        sheet.text(area.x - 7, at, text, size=SMALL, color=theme.muted, ha="right")
    marks = count_ticks(end, most=max(2, int(area.width // 70)), first=area.x_first)
    for mark in marks:
        at = area.x + area.width * (mark - axes.get_xlim()[0]) / (axes.get_xlim()[1] - axes.get_xlim()[0])
        sheet.text(at, area.y + area.height + 14, f"{mark:,.0f}", size=SMALL, color=theme.muted, ha="center")
    sheet.text(
        area.x + area.width, area.y + area.height + 29, area.x_name, size=SMALL, color=theme.muted, ha="right"
    )
    sheet.text(
        area.x - 36,
        area.y - 2,
        area.y_name,
        size=SMALL,
        color=theme.muted,
        rotation=90,
        ha="center",
        va="top",
    )
    return axes


def _up(axes: Any, area: Area, value: float) -> float:
    low, high = axes.get_ylim()
    if area.log:
        low, high, value = np.log10(low), np.log10(high), np.log10(value)
    return float(area.y + area.height * (1 - (value - low) / (high - low)))


def _pale(axes: Any, curves: list[Curve], color: str) -> None:
    from matplotlib.collections import LineCollection

    lines = [np.column_stack([c.x, c.y]) for c in curves]
    alpha = float(np.clip(12 / len(lines), 0.12, 0.5))
    collection = LineCollection(lines, colors=color, linewidths=0.8 * PX, alpha=alpha, linestyles="solid")
    # hundreds of lines are one picture, not hundreds of elements
    collection.set_rasterized(len(lines) > 200)
    axes.add_collection(quiet(collection), autolim=False)


def _band(axes: Any, curve: Curve) -> None:
    lower, upper = np.asarray(curve.lower), np.asarray(curve.upper)
    ok = np.isfinite(lower) & np.isfinite(upper)
    if ok.sum() == 1:  # one epoch alone has no area: a bar says the same
        at = int(np.flatnonzero(ok)[0])
        bar = axes.vlines(curve.x[at], lower[at], upper[at], colors=curve.color, alpha=0.5, linewidth=3 * PX)
        quiet(bar)
        return
    area = axes.fill_between(
        curve.x,
        lower,
        upper,
        where=ok,
        facecolor=curve.color,
        edgecolor="none",
        linewidth=0,
        alpha=palette.BAND,
    )
    quiet(area)


def _line(sheet: Sheet, axes: Any, curve: Curve) -> None:
    width = palette.SELECTED_WIDTH if curve.strong else palette.LINE_WIDTH
    alpha = 1.0 if curve.strong else palette.PALE
    (line,) = axes.plot(
        curve.x,
        curve.y,
        color=curve.color,
        linewidth=width * PX,
        linestyle=dash_style(curve.dash),
        alpha=alpha,
        marker="none",
        solid_capstyle="round",
        solid_joinstyle="round",
        dash_capstyle="butt",
        dash_joinstyle="round",
        zorder=4 if curve.strong else 3,
        antialiased=True,
    )
    quiet(line).set_gid(shown_text(curve.name, 200))
    finite = np.flatnonzero(np.isfinite(curve.y))
    if not finite.size:
        return
    # an epoch between two gaps would be invisible as a line
    alone = [
        i for i in finite[:-1] if not (np.isfinite(curve.y[i - 1 : i]).any() or np.isfinite(curve.y[i + 1]))
    ]
    for places, size in ((alone, 3.0), ([finite[-1]], 6.5 if curve.strong else 4.5)):
        is_open = curve.provisional and places == [finite[-1]] and finite[-1] == len(curve.y) - 1
        (points,) = axes.plot(
            np.asarray(curve.x)[places],
            np.asarray(curve.y)[places],
            linestyle="none",
            marker=MARKER_SHAPES[curve.marker],
            markersize=size * PX,
            markerfacecolor=sheet.theme.background if is_open else curve.color,
            markeredgecolor=curve.color,
            markeredgewidth=1.2 * PX if is_open else 0,
            alpha=alpha,
            zorder=5,
            clip_on=False,
        )
        quiet(points)
