"""How hard is each class: a metric per label over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures.drawing.canvas import BODY, SMALL, TITLE, Sheet
from xai_widgets.figures.drawing.edited import Edited, data_name, training_epochs
from xai_widgets.figures.drawing.label_chart import BOUNDS, LabelChart, as_list, checked_bounds
from xai_widgets.figures.drawing.legend import ROW, draw_legend, fitting
from xai_widgets.figures.drawing.plot import Area, mark_edits, plot
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.text import shown_text, with_unit

_TOP, _LEFT, _VALUE = 62.0, 54.0, 48.0


def label_difficulty(
    series: Any,
    *,
    bounds: str | Sequence[str | None] | None = "std",
    labels: Sequence[Any] | None = None,
    highlight: Any = None,
    bands: str = "auto",
    order: Sequence[Any] | None = None,
    x: str = "epoch",
    epochs: int | None = None,
    smoothing: float = 0.0,
    hard_is: str | None = None,
    log: bool = False,
    title: str = "How hard is each class?",
    edited: Edited = (),
    dark: bool = False,
    width: float = 640,
    height: float | None = None,
) -> StaticFigure:
    """Draw the mean of a metric per label over epochs, with a band around it.

    Parameters
    ----------
    series : LabelSeries or sequence of LabelSeries
        From ``tracker.label_series``. Several are drawn into one chart: train solid, eval dashed, test dotted, and a
        point shape for each ds_id; the labels are ranked by the first.
    bounds : {"std", "range", "sem", "ci95", "quantiles", None} or several, default "std"
        The band around the mean; several give one chart each, below each other.
    labels : sequence, optional
        Label values or names to draw; the colours stay those of all labels.
    highlight : label value or name, optional
        The label drawn thick; by default the hardest.
    bands : {"auto", "highlight", "all"}, default "auto"
        Whose band is drawn; "auto" is all of up to three labels, otherwise the highlighted one's. Of several series only
        "all" gives a band to each, else it is the first's.
    order : sequence, optional
        All label values, where the series holds only some of them: a label's colour is its place in it.
    x : {"epoch", "step"}, default "epoch"
        What runs along the axis.
    epochs : int, optional
        Length of the axis: the planned number of epochs (or steps).
    smoothing : float, default 0
        Width of a Gaussian along the axis, in epochs; lines and bands are smoothed, the values of the legend are not.
    hard_is : {"high", "low"}, optional
        Which values are hard; by default low ones for accuracies and the like, high ones for everything else.
    log : bool, default False
        Logarithmic values.
    title : str
        The question at the top.
    edited : sequence of int or mapping, optional
        Epochs from which edits are in force (`Edits.epochs`): an upright line at each. Only where epochs run along the axis.
        Of other data than the training's, in a mapping from modes or (mode, ds_id), as in ``{"train": edits.epochs(),
        "eval": edits.epochs(mode="eval")}``: such data is then said to be edited.
    dark : bool, default False
        Dark theme.
    width, height : float
        Size in CSS pixels; the height follows the legend by default.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If there is nothing to draw, a label is not in the series, or an option has no such value.
    TypeError
        If ``series`` is not the result of ``tracker.label_series``.
    """
    given, kinds = as_list(series), checked_bounds(bounds)
    for name, value, known in (("x", x, ("epoch", "step")), ("bands", bands, ("auto", "highlight", "all"))):
        check(name, value, known)
    if hard_is is not None:
        check("hard_is", hard_is, ("high", "low"))
    chart = LabelChart(
        given, labels=labels, highlight=highlight, bands=bands, order=order, hard_is=hard_is, dark=dark
    )
    rows, several = chart.rows(), len(given) > 1
    total = height or max(340.0, 80 + ROW * min(len(rows), 16) + 18 * several, 90 + 190.0 * len(kinds))
    sheet = Sheet(width, total, dark=dark)
    rows = fitting(rows, total - _TOP - 18 * several - 6)
    names = max(sheet.measure(row.name) for row in rows)
    side = float(np.clip(46 + names, 100, 0.24 * width + 36)) + _VALUE * len(given)
    subtitle = _subtitle(given, kinds, smoothing, edited)
    sheet.text(15, 21, title, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=sheet.theme.muted, max_width=width - 30)
    each = (total - _TOP - 6) / len(kinds)
    for at, kind in enumerate(kinds):
        caption = 18.0 if len(kinds) > 1 else 6.0
        area = _area(
            given, x, epochs, log, _TOP + at * each + caption, width - side - 95, each - caption - 36
        )
        if len(kinds) > 1:
            text = BOUNDS[kind] if kind else "mean alone"
            sheet.text(_LEFT, area.y - 12, text, size=SMALL, color=sheet.theme.muted)
        axes = plot(sheet, area, *chart.curves(kind, x, smoothing))
        if x == "epoch":
            mark_edits(sheet, area, axes, training_epochs(edited))
    left, legend_top = width - side - 15, _TOP - 2 + 18 * several
    if several:
        for place, (name, dash, _) in enumerate(reversed(chart.heads())):
            right = left + side - _VALUE * place
            sheet.line([right - 36, right], [_TOP - 2, _TOP - 2], sheet.theme.muted, width=1.5, dash=dash)
            sheet.text(
                right, _TOP + 8, name, size=SMALL, color=sheet.theme.muted, ha="right", max_width=_VALUE - 4
            )
    draw_legend(sheet, left, legend_top, side, rows)
    return sheet.finished(_description(chart, subtitle))


def check(name: str, value: Any, known: Sequence[str]) -> None:
    """Refuse an option that is not one of the known ones."""
    if value not in known:
        raise ValueError(f"{name} should be one of {', '.join(known)}, got {value!r}")


def _area(
    given: list[Any], x: str, epochs: int | None, log: bool, y: float, width: float, height: float
) -> Area:
    ends = [s.epochs if x == "epoch" else s.steps for s in given]
    ends = [e for e in ends if len(e)]
    return Area(
        x=_LEFT,
        y=y,
        width=width,
        height=height,
        x_end=max([float(epochs or 1), *(float(e[-1]) for e in ends)]),
        x_first=1.0 if x == "epoch" or not ends else min(float(e[0]) for e in ends),
        x_name=x,
        y_name=with_unit(metric_in(given[0])),
        log=log,
    )


def _subtitle(given: list[Any], kinds: list[str | None], smoothing: float, edited: Edited) -> str:
    where = ", ".join(shown_text(data_name(edited, s.mode, s.ds_id), 33) for s in given)
    words = [f"mean {shown_text(given[0].metric)} on {where}"]
    if len(kinds) == 1 and kinds[0] is not None:
        words.append(f"band {BOUNDS[kinds[0]]}")
    if smoothing:
        words.append(f"smoothed over {smoothing:g} epoch{'' if smoothing == 1 else 's'}")
    if len(given[0].epochs):
        is_open = ", still open" if given[0].provisional else ""
        words.append(f"epoch {int(given[0].epochs[-1]):,}{is_open}")
    return ", ".join(words)


def _description(chart: LabelChart, subtitle: str) -> str:
    ends = [(word, chart.ranking[place]) for word, place in (("hardest", 0), ("easiest", -1))]
    words = [f"{word} {shown_text(chart.main.names[p])} {number(chart.values[p])}" for word, p in ends]
    return f"{len(chart.ranking):,} labels, {subtitle}: {', '.join(words)}"
