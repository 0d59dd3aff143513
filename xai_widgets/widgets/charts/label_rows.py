"""From a tracker's label statistics to what the difficulty chart shows; numpy only, no widget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures import palette
from xai_widgets.widgets.charts.bqplot_chart import Drawing, Series
from xai_widgets.widgets.view.formatting import (
    axis_title,
    clean,
    epoch_axis,
    key_of,
    thin_out,
    value_axis,
)

MOST_SERIES: Final = 64
FEW: Final = 3


@dataclass(frozen=True)
class Ranked:
    """Labels by difficulty.

    Attributes
    ----------
    order
        Row numbers of the series, hardest first; labels without a value last.
    current
        (L,) the newest value of each row, NaN where there is none.
    left_out
        How many labels are not drawn because there are too many.
    """

    order: tuple[int, ...]
    current: npt.NDArray[np.float64]
    left_out: int


def rank(series: Any) -> Ranked:
    """Order the labels of a series, hardest first, and keep those that can be drawn.

    Of more than 64 labels the hardest 48 and the easiest 16 are kept.
    """
    current = np.array([_newest(row) for row in series.mean], np.float64).reshape(-1)
    hardness = metric_in(series).hardness(current)
    order = sorted(range(len(current)), key=lambda i: (np.isnan(hardness[i]), -np.nan_to_num(hardness[i]), i))
    if len(order) <= MOST_SERIES:
        return Ranked(tuple(order), current, 0)
    kept = order[:48] + order[-16:]
    return Ranked(tuple(kept), current, len(order) - len(kept))


def _newest(row: npt.NDArray[Any]) -> float:
    seen = np.flatnonzero(np.isfinite(row))
    return float(row[seen[-1]]) if len(seen) else float("nan")


def color_of(position: int) -> str:
    """Return the CSS colour of a label: the theme's where our front-end runs, the light one elsewhere."""
    return f"var(--xw-s{position % 10}, {palette.label_style(position).color})"


def series_palette() -> list[list[str]]:
    """Return the colours of labels 0 to 9 for the light and the dark theme."""
    return [list(pair) for pair in zip(palette.label_colors(10), palette.label_colors(10, True), strict=True)]


def draw_labels(
    series: Any,
    ranked: Ranked,
    *,
    bounds: str,
    hidden: Collection[Any],
    chosen: int | None,
    unit: str,
    planned: int | None,
) -> tuple[Drawing, dict[int, tuple[int, int]]]:
    """Make the drawing of a label series.

    Parameters
    ----------
    series
        `LabelSeries`.
    ranked
        From `rank`.
    bounds
        A band of `LabelSeries.bounds`, or "none".
    hidden
        Label values that are not drawn.
    chosen
        Row number drawn thick and with its band.
    unit, planned
        Unit of the metric; planned number of epochs.

    Returns
    -------
    tuple
        The drawing, and per row number where its line is: (group, place).
    """
    columns = thin_out(series.epochs)
    x = series.epochs[columns].astype(np.float32)
    mean = series.mean[:, columns].astype(np.float32)
    shown = [row for row in ranked.order if series.labels[row] not in hidden]
    places: dict[int, tuple[int, int]] = {}
    groups = []
    for group, style in enumerate(palette.DASHES):
        rows = [row for row in shown if palette.label_style(row).dash == style]
        places |= {row: (group, place) for place, row in enumerate(rows)}
        opacities = [palette.PALE if row != chosen else 1.0 for row in rows]
        groups.append(Series(mean[rows], [color_of(row) for row in rows], opacities))
    banded = [row for row in shown if row == chosen or len(shown) <= FEW] if bounds != "none" else []
    bands, reach = [], [mean[shown]]
    if banded:
        low, high = (edge[:, columns].astype(np.float32) for edge in series.bounds(bounds))
        bands = [(low[row], high[row], color_of(row)) for row in banded]
        reach += [low[banded], high[banded]]
    lowest, highest = extent(reach)
    # a band of mean minus std may reach below what a loss can be
    lowest, highest = metric_in(series).within(lowest, highest, mean[shown])
    if np.nanmin(mean[shown], initial=np.inf) >= 0:
        lowest = max(lowest, 0.0)
    top = [(mean[chosen], color_of(chosen), palette.label_style(chosen).dash)] if chosen in places else []
    last = int(series.epochs[-1]) if len(series.epochs) else 0
    drawing = Drawing(
        x,
        groups,
        epoch_axis(planned, last),
        value_axis(lowest, highest),
        axis_title(series.metric, unit),
        bands,
        top,
        bool(series.provisional),
    )
    return drawing, places


def extent(parts: list[npt.NDArray[Any]]) -> tuple[float, float]:
    """Return the smallest and the largest finite value; NaN, NaN where there is none."""
    values = (
        np.concatenate([np.asarray(part, np.float64).ravel() for part in parts]) if parts else np.zeros(0)
    )
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else (float("nan"), float("nan"))


def label_rows(
    series: Any,
    ranked: Ranked,
    places: dict[int, tuple[int, int]],
    *,
    hidden: Collection[Any],
    chosen: int | None,
    curve_of: Any,
) -> list[dict[str, Any]]:
    """Make the rows of the legend, hardest first."""
    known = ranked.current[np.isfinite(ranked.current)]
    largest = float(np.max(np.abs(known), initial=0.0)) or 1.0
    rows = []
    for row in ranked.order:
        value, style = float(ranked.current[row]), palette.label_style(row)
        made = {
            "key": key_of(series.labels[row]) if isinstance(series.labels[row], int | str) else f"g{row}",
            "text": clean(series.names[row], 60),
            "title": f"{clean(series.names[row], 300)}, {int(series.count[row, -1]) if series.count.size else 0:,} instances",
            "value": number(value, "none yet"),
            "color": color_of(row),
            "dash": [round(2.2 * length, 1) for length in palette.DASH_PATTERNS[style.dash]],
            "bar": abs(value) / largest if np.isfinite(value) else 0.0,
            "selected": row == chosen,
            "hidden": series.labels[row] in hidden,
        }
        if row in places:
            made["curve"] = curve_of(*places[row])
        rows.append(made)
    return rows
