"""Single instances over time: the hardest, the easiest and those somebody wants to follow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import BODY, TITLE, Sheet
from xai_widgets.figures.drawing.edited import Edited, data_name, training_epochs
from xai_widgets.figures.drawing.inputs import key_of, names_by_value, picture_of
from xai_widgets.figures.drawing.legend import Row, draw_legend
from xai_widgets.figures.drawing.plot import Area, Curve, mark_edits, plot
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.scale import last_finite
from xai_widgets.figures.text import shown_index, shown_text, with_unit

_SIDE, _ROW = 210.0, 24.0
_MOST_ROWS = 44


def instance_history(
    series: Any,
    *,
    hard: Any = (),
    easy: Any = (),
    pictures: Any = None,
    label_names: Any = None,
    highlight: Any = None,
    x: str = "epoch",
    epochs: int | None = None,
    log: bool = False,
    title: str = "Instances over time",
    edited: Edited = (),
    dark: bool = False,
    width: float = 700,
    height: float | None = None,
) -> StaticFigure:
    """Draw the history of chosen instances.

    Parameters
    ----------
    series : InstanceSeries
        From ``tracker.instance_series``.
    hard, easy : Extremes or sequence of int or str
        Which of them are the hardest and the easiest, as from ``tracker.extremes``; the others are pinned ones. The
        list shows the scores of Extremes, otherwise the last values.
    pictures : Samples, dict or function, optional
        Where a small picture of each comes from: something with ``pictures(indices)``, ``{index: picture}`` or
        ``index -> picture``, uint8 (H, W, 3). Instances without one show none.
    label_names : {value: name} or {name: value}, optional
        Names of the labels.
    highlight : int or str, optional
        The instance drawn thick; by default the hardest.
    x : {"epoch", "step"}, default "epoch"
        What runs along the axis.
    epochs : int, optional
        Length of the axis: the planned number of epochs (or steps).
    log : bool, default False
        Logarithmic values.
    title : str
        What stands at the top.
    edited : sequence of int or mapping, optional
        Epochs from which edits are in force (`Edits.epochs`): an upright line at each. Only where epochs run along the axis.
        Of other data than the training's, in a mapping from modes or (mode, ds_id), as in ``{"train": edits.epochs(),
        "eval": edits.epochs(mode="eval")}``: such data is then said to be edited.
    dark : bool, default False
        Dark theme.
    width, height : float
        Size in CSS pixels; the height follows the list by default.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If the series is empty or ``x`` is neither "epoch" nor "step".
    """
    if not hasattr(series, "values") or not hasattr(series, "index"):
        raise TypeError(f"expected the result of tracker.instance_series(...), got {type(series).__name__}")
    if not len(series.index):
        raise ValueError(
            "no instances to draw; pass tracker.instance_series([...], metric), for example those of extremes()"
        )
    if x not in ("epoch", "step"):
        raise ValueError(f'x should be "epoch" or "step", got {x!r}')
    groups = _grouped(series, hard, easy)
    names = names_by_value(label_names)
    strong = (
        highlight if highlight is not None else next(place for _, places, _ in groups for place in places)
    )
    if highlight is not None:
        strong = _place(series, highlight)
    rows = _rows(series, groups, names, pictures, strong, dark)
    total = height or max(340.0, 58 + _ROW * min(len(rows), _MOST_ROWS) + 14)
    sheet = Sheet(width, total, dark=dark)
    subtitle = _subtitle(series, groups, hard, edited)
    sheet.text(15, 21, title, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=sheet.theme.muted, max_width=width - 30)
    at = np.asarray(series.epochs if x == "epoch" else series.steps)
    area = Area(
        x=54,
        y=70,
        width=width - _SIDE - 95,
        height=min(total - 112, 460),
        x_end=max(float(epochs or 1), float(at[-1]) if len(at) else 1.0),
        x_first=1.0 if x == "epoch" or not len(at) else float(at[0]),
        x_name=x,
        y_name=with_unit(metric_in(series)),
        log=log,
    )
    axes = plot(sheet, area, _curves(series, groups, at, strong, dark))
    if x == "epoch":
        mark_edits(sheet, area, axes, training_epochs(edited))
    room = int((total - 58) // _ROW)
    draw_legend(sheet, width - _SIDE - 15, 58, _SIDE, _cut(rows, room), row_height=_ROW, samples=False)
    return sheet.finished(_description(series, groups, subtitle))


Group = tuple[str, list[int], dict[int, float]]


def _grouped(series: Any, hard: Any, easy: Any) -> list[Group]:
    """Sort the rows of a series into hardest, easiest and pinned, each with its scores."""
    where = {key_of(i): place for place, i in enumerate(series.index)}
    last = last_finite(series.values)
    groups: list[Group] = []
    taken: set[int] = set()
    for name, extremes in (("hardest", hard), ("easiest", easy)):
        scores = getattr(extremes, "scores", None)
        wanted = extremes if scores is None else extremes.index
        places, shown = [], {}
        for rank, index in enumerate(wanted):
            place = where.get(key_of(index))
            if place is not None and place not in taken:
                places.append(place)
                taken.add(place)
                shown[place] = float(last[place] if scores is None else scores[rank])
        groups.append((name, places, shown))
    rest = [place for place in range(len(series.index)) if place not in taken]
    # pinned ones show the same score as the ranked ones where it can be had from their history alone
    own = _means(series.values) if getattr(hard, "by", getattr(easy, "by", "")) == "mean" else last
    groups.append(("pinned", rest, {place: float(own[place]) for place in rest}))
    return [group for group in groups if group[1]]


def _means(values: Any) -> NDArray[np.float64]:
    finite = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(finite, values, 0).sum(axis=1, dtype=np.float64) / finite.sum(axis=1))


def _curves(series: Any, groups: list[Group], at: NDArray[Any], strong: int, dark: bool) -> list[Curve]:
    theme = palette.theme(dark)
    look = {
        "hardest": (theme.hardest, "solid", "triangle-up"),
        "easiest": (theme.easiest, "solid", "triangle-down"),
        "pinned": (theme.pinned, "dashed", "circle"),
    }
    curves = []
    for name, places, _ in groups:
        color, dash, marker = look[name]
        for place in places:
            curves.append(
                Curve(
                    f"instance {shown_text(series.index[place])}",
                    at,
                    np.asarray(series.values[place], np.float64),
                    color,
                    dash,
                    marker,
                    strong=place == strong,
                    provisional=bool(series.provisional),
                )
            )
    return curves


def _rows(
    series: Any, groups: list[Group], names: dict[Any, str], pictures: Any, strong: int, dark: bool
) -> list[Row]:
    theme = palette.theme(dark)
    colors = {"hardest": theme.hardest, "easiest": theme.easiest, "pinned": theme.pinned}
    rows: list[Row] = []
    for name, places, scores in groups:
        rows.append(Row(name, (), colors[name], heading=True))
        for place in places:
            index, label = series.index[place], series.labels[place]
            rows.append(
                Row(
                    shown_index(index),
                    (scores[place],),
                    colors[name],
                    detail="" if label is None else names.get(key_of(label), shown_text(label, 24)),
                    strong=place == strong,
                    picture=picture_of(pictures, index),
                )
            )
    return rows


def _cut(rows: list[Row], room: int) -> list[Row]:
    if len(rows) <= room:
        return rows
    hidden = sum(not row.heading for row in rows[room - 1 :])
    return [*rows[: room - 1], Row(f"{hidden:,} more", (), heading=True)]


def _place(series: Any, index: Any) -> int:
    for place, known in enumerate(series.index):
        if key_of(known) == key_of(index):
            return place
    raise ValueError(
        f"instance {shown_index(index)} is not in this series; ask for it in tracker.instance_series"
    )


def _subtitle(series: Any, groups: list[Group], hard: Any, edited: Edited) -> str:
    counts = ", ".join(f"{len(places):,} {name}" for name, places, _ in groups)
    by = getattr(hard, "by", "")
    ranked = f", by {shown_text(by)} {shown_text(series.metric)}" if by else f", {shown_text(series.metric)}"
    where = data_name(edited, series.mode, series.ds_id)
    is_open = ", epoch still open" if series.provisional else ""
    return f"{counts}{ranked} on {shown_text(where)}{is_open}"


def _description(series: Any, groups: list[Group], subtitle: str) -> str:
    name, places, scores = groups[0]
    first = shown_index(series.index[places[0]])
    return f"{subtitle}: first of the {name} is {first} with {number(scores[places[0]])}"
