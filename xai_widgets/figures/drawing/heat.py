"""The drawing of a heat map of histories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import BODY, SMALL, TITLE, Sheet
from xai_widgets.figures.drawing.edited import Edited, data_name
from xai_widgets.figures.drawing.inputs import key_of
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.scale import count_ticks, hardest_first, last_finite
from xai_widgets.figures.text import shown_index, shown_text, with_unit

_NAMES = 150.0
_ROW = 17.0
_TALLEST = 720.0


def draw_heat(
    series: Any,
    *,
    colormap: str,
    names: dict[Any, str],
    sort: bool,
    hard_is: str | None,
    title: str | None,
    edited: Edited,
    dark: bool,
    width: float,
    height: float | None,
) -> StaticFigure:
    """Draw it; see ``history_heatmap``."""
    values, words, kind = _rows_of(series, names)
    if not values.size or not np.isfinite(values).any():
        raise ValueError(f"no values of {series.metric!r} in mode {series.mode!r} to draw yet")
    definition = metric_in(series, hard_is)
    if sort:
        order = hardest_first(last_finite(values), definition)
        values, words = values[order], [words[i] for i in order]
    rows = len(values)
    tall = min(_ROW * rows, _TALLEST) if height is None else height - 128
    sheet = Sheet(width, tall + 128, dark=dark)
    theme = sheet.theme
    head = title or ("Which classes are hard, and when?" if kind == "labels" else "Instances over time")
    where = data_name(edited, series.mode, series.ds_id)
    subtitle = f"{'mean ' if kind == 'labels' else ''}{with_unit(definition)}, {rows:,} {kind} on {shown_text(where)}"
    if sort:
        subtitle += ", hardest on top"
    sheet.text(15, 21, head, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=theme.muted, max_width=width - 30)
    left, top = 15 + _NAMES, 64.0
    plot = width - left - 15 - 46
    low, high = _shown_range(values)
    sheet.image(left, top, plot, tall, _painted(values, low, high, colormap, theme, round(2 * tall)))
    _names_of_rows(sheet, words, last_finite(values), left, top, plot, tall)
    _epochs(sheet, np.asarray(series.epochs), left, top + tall, plot)
    _key(sheet, low, high, colormap)
    return sheet.finished(f"{head} {subtitle}")


def _rows_of(series: Any, names: dict[Any, str]) -> tuple[NDArray[np.float64], list[str], str]:
    if hasattr(series, "mean") and hasattr(series, "names"):
        return np.asarray(series.mean, np.float64), [shown_text(n) for n in series.names], "labels"
    if hasattr(series, "values") and hasattr(series, "index"):
        words = []
        for index, label in zip(series.index, series.labels, strict=True):
            name = "" if label is None else names.get(key_of(label), shown_text(label, 20))
            words.append(f"{shown_index(index)} {name}".rstrip())
        return np.asarray(series.values, np.float64), words, "instances"
    raise TypeError(
        f"expected the result of tracker.label_series or instance_series, got {type(series).__name__}"
    )


def _shown_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Leave single outliers out of the range: they are shown full."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(np.percentile(finite, 99.5))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _painted(
    values: NDArray[np.float64], low: float, high: float, colormap: str, theme: palette.Theme, most_rows: int
) -> NDArray[np.uint8]:
    pixels = palette.paint((values - low) / (high - low), colormap).copy()
    empty = tuple(int(theme.grid[i : i + 2], 16) for i in (1, 3, 5))
    pixels[~np.isfinite(values)] = empty
    # more rows than pixels are averaged by the sheet, which needs whole pixels to do it with
    columns = max(1, 64 // pixels.shape[1]) if len(pixels) > most_rows else 1
    return np.repeat(pixels, columns, axis=1)


def _names_of_rows(
    sheet: Sheet,
    words: list[str],
    last: NDArray[np.float64],
    left: float,
    top: float,
    plot: float,
    tall: float,
) -> None:
    each = tall / len(words)
    stride = max(1, int(np.ceil(13 / each)))
    for row in range(0, len(words), stride):
        y = top + each * (row + 0.5)
        sheet.text(left - 8, y, words[row], size=SMALL, ha="right", max_width=_NAMES - 10)
        sheet.text(left + plot + 46, y, number(last[row]), size=SMALL, ha="right")


def _epochs(sheet: Sheet, epochs: NDArray[Any], left: float, bottom: float, plot: float) -> None:
    each = plot / len(epochs)
    for mark in count_ticks(float(epochs[-1]), most=max(2, int(plot // 60)), first=float(epochs[0])):
        at = np.flatnonzero(epochs == mark)
        if at.size:
            x = left + each * (at[0] + 0.5)
            sheet.text(x, bottom + 13, f"{mark:,.0f}", size=SMALL, color=sheet.theme.muted, ha="center")
    sheet.text(left + plot, bottom + 29, "epoch", size=SMALL, color=sheet.theme.muted, ha="right")


def _key(sheet: Sheet, low: float, high: float, colormap: str) -> None:
    y, muted = sheet.height - 20, sheet.theme.muted
    left = 15 + sheet.text(15, y + 4, number(low), size=SMALL, color=muted) + 7
    sheet.image(left, y, 72, 8, palette.colormap(colormap)[None, :, :].repeat(2, axis=0))
    sheet.text(left + 79, y + 4, f"{number(high)} or more", size=SMALL, color=muted)
