"""The whole data set at a glance: a map of all instances, and histories as heat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import BODY, PX, SMALL, TITLE, Sheet, quiet
from xai_widgets.figures.drawing.edited import Edited
from xai_widgets.figures.drawing.inputs import key_of, names_by_value
from xai_widgets.figures.drawing.legend import Row, draw_legend, fitting
from xai_widgets.figures.drawing.shapes import SHAPES, outline, reach, shape_of
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.scale import round_ticks, tick_text, value_range
from xai_widgets.figures.text import shown_index, shown_text
from xai_widgets.tracking.scores.label_errors import decided

_SIDE = 140.0
_MOST_MARKS, _MOST_VECTORS = 20_000, 1000
"""More points than the first are painted as one image; more than the second are drawn as marks, but into an image."""

_SHAPED = 6.8
"""From this size in CSS pixels on each label has a shape of its own, as in the widget; smaller ones could not be told apart."""

_HARD = "hard to learn"

# where dataset cartography (Swayamdipta et al., 2020) finds which instances; fractions of the plot
_REGIONS = (
    (0.16, 0.05, "easy to learn", "left"),
    (0.97, 0.42, "ambiguous", "right"),
    (0.16, 0.94, _HARD, "left"),
)


def instance_map(
    table: Any,
    *,
    x: str = "variability",
    y: str = "confidence",
    selected: Sequence[Any] = (),
    labels: Sequence[Any] | None = None,
    label_names: Any = None,
    title: str | None = None,
    where: str = "",
    dark: bool = False,
    width: float = 640,
    height: float = 470,
) -> StaticFigure:
    """Draw every instance as a point, by two of its scores and coloured by label.

    Parameters
    ----------
    table : mapping of columns
        From ``tracker.dynamics``: "index", "label" and one column per score, each (N,); with "label_error" the map says
        how many labels are wrong.
    x, y : str
        The scores on the axes.
    selected : sequence of int or str, optional
        Index values that are ringed.
    labels : sequence, optional
        Draw only instances of these label values; colours and axes stay those of all.
    label_names : {value: name}, {name: value} or list, optional
        Names of the labels.
    title : str, optional
        What stands at the top; "All n instances" by default.
    where : str, optional
        Which data these are, as "eval (edited)", for the line under the title.
    dark : bool, default False
        Dark theme.
    width, height : float
        Size in CSS pixels.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If a column is missing or no instance has both scores yet.
    """
    xs, ys = _column(table, x), _column(table, y)
    ok = np.isfinite(xs) & np.isfinite(ys)
    if not ok.any():
        raise ValueError(f"no instance has both {x} and {y} yet; they need two epochs or more")
    codes, values = _codes(table, len(xs))
    chosen = (
        ok if labels is None else ok & np.isin(codes, [i for i, v in enumerate(values) if v in set(labels)])
    )
    sheet = Sheet(width, height, dark=dark)
    theme = sheet.theme
    count = int(chosen.sum())
    head = title or f"All {count:,} instances"
    subtitle = f"{shown_text(y)} against {shown_text(x)}{f' on {shown_text(where)}' if where else ''}" + (
        f", {len(selected):,} selected" if len(selected) else ""
    )
    sheet.text(15, 21, head, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=theme.muted, max_width=width - 30)
    box = (54.0, 68.0, width - 54 - 22 - _SIDE - 19, height - 68 - 44)
    limits = _limits(x, xs[ok]), _limits(y, ys[ok])
    axes = _frame(sheet, box, limits, x, y)
    colors = palette.label_colors(max(len(values), 1), dark)
    shades = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors], np.float32)
    at = np.flatnonzero(chosen)
    _points(axes, box, xs[at], ys[at], shades[codes[at]], codes[at])
    _rings(axes, table, selected, xs, ys, theme)
    if (x, y) == ("variability", "confidence"):
        for fx, fy, region, ha in _REGIONS:
            words = _hard(table) if region == _HARD else region
            sheet.text(
                box[0] + fx * box[2],
                box[1] + fy * box[3],
                words,
                size=SMALL,
                color=theme.muted,
                style="italic",
                ha=ha,
            )
    _legend(sheet, codes[at], values, names_by_value(label_names), colors, width, height)
    return sheet.finished(f"{head}, {subtitle}")


def history_heatmap(
    series: Any,
    *,
    colormap: str = "inferno",
    label_names: Any = None,
    sort: bool = True,
    hard_is: str | None = None,
    title: str | None = None,
    edited: Edited = (),
    dark: bool = False,
    width: float = 640,
    height: float | None = None,
) -> StaticFigure:
    """Draw histories as heat: a row for each label or instance, a column for each epoch.

    Parameters
    ----------
    series : LabelSeries or InstanceSeries
        From ``tracker.label_series`` or ``tracker.instance_series``.
    colormap : str, default "inferno"
        A name of ``palette.colormap``.
    label_names : {value: name}, {name: value} or list, optional
        Names of the labels of instances.
    sort : bool, default True
        Put the hardest rows on top.
    hard_is : {"high", "low"}, optional
        As in ``label_difficulty``.
    title : str, optional
        What stands at the top.
    edited : sequence of int or mapping, optional
        As of ``label_difficulty``: data that is edited itself is said to be.
    dark : bool, default False
        Dark theme.
    width, height : float
        Size in CSS pixels; the height follows the rows by default.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    from xai_widgets.figures.drawing.heat import draw_heat

    return draw_heat(
        series,
        colormap=colormap,
        names=names_by_value(label_names),
        sort=sort,
        hard_is=hard_is,
        title=title,
        edited=edited,
        dark=dark,
        width=width,
        height=height,
    )


def _column(table: Any, name: str) -> NDArray[np.float64]:
    if name not in table:
        scores = ", ".join(str(n) for n in table if n not in ("index", "label"))
        raise ValueError(f"no score {name!r} in this table; there are {scores or 'none'}")
    return np.asarray(table[name], np.float64)


def _codes(table: Any, count: int) -> tuple[NDArray[np.int64], list[Any]]:
    """Give each row the place of its label among the sorted values."""
    if "label" not in table:
        return np.zeros(count, np.int64), []
    given = np.asarray(table["label"])
    if given.dtype == object:  # None stands for unknown
        values = sorted({v for v in given.tolist() if v is not None}, key=lambda v: (isinstance(v, str), v))
        place = {v: i for i, v in enumerate(values)}
        return np.array([place.get(v, 0) for v in given.tolist()], np.int64), values
    found, codes = np.unique(given, return_inverse=True)
    return np.asarray(codes, np.int64), found.tolist()


def _limits(name: str, values: NDArray[np.float64]) -> tuple[float, float]:
    """Fix the axes of scores that have a range of their own, so that epochs can be compared."""
    fixed = {"confidence": (0.0, 1.0), "correctness": (0.0, 1.0), "variability": (0.0, 0.5)}
    if name in fixed and values.max() <= fixed[name][1] and values.min() >= 0:
        return fixed[name]
    return value_range([values])


def _frame(
    sheet: Sheet,
    box: tuple[float, float, float, float],
    limits: tuple[tuple[float, float], ...],
    x: str,
    y: str,
) -> Any:
    left, top, width, height = box
    muted = sheet.theme.muted
    axes = sheet.axes(left, top, width, height)
    xticks, yticks = round_ticks(*limits[0], most=6), round_ticks(*limits[1], most=6)
    axes.set_xlim(min(xticks[0], limits[0][0]), max(xticks[-1], limits[0][1]))
    axes.set_ylim(min(yticks[0], limits[1][0]), max(yticks[-1], limits[1][1]))
    axes.set_xticks([])
    axes.set_yticks([])
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    for tick in yticks:
        at = top + height * (1 - (tick - y0) / (y1 - y0))
        sheet.line([left, left + width], [at, at], sheet.theme.grid, behind=True)
        sheet.text(left - 7, at, tick_text(tick, yticks), size=SMALL, color=muted, ha="right")
    for tick in xticks:
        at = left + width * (tick - x0) / (x1 - x0)
        sheet.text(at, top + height + 14, tick_text(tick, xticks), size=SMALL, color=muted, ha="center")
    sheet.text(left + width, top + height + 30, shown_text(x), size=SMALL, color=muted, ha="right")
    sheet.text(left - 38, top - 2, shown_text(y), size=SMALL, color=muted, rotation=90, ha="center", va="top")
    return axes


def _points(
    axes: Any,
    box: tuple[float, float, float, float],
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    shades: NDArray[np.float32],
    codes: NDArray[np.int64],
) -> None:
    alpha = float(np.clip(1500 / max(len(xs), 1), 0.4, 0.8))
    if len(xs) <= _MOST_MARKS:
        size = _size(len(xs))
        kinds = codes % len(SHAPES) if size >= _SHAPED else np.zeros_like(codes)
        for kind in np.unique(kinds):
            among = np.flatnonzero(kinds == kind)
            marks = axes.scatter(
                xs[among],
                ys[among],
                s=(size * reach(SHAPES[kind]) * PX) ** 2,
                c=shades[among] / 255,
                alpha=alpha,
                marker=outline(SHAPES[kind]),
                linewidths=0,
                edgecolors="none",
                zorder=3,
            )
            quiet(marks).set_clip_on(False)
            marks.set_gid(f"instances-{SHAPES[kind]}")
            marks.set_rasterized(len(xs) > _MOST_VECTORS)
        return
    width, height = box[2:]
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    columns, rows = round(2 * width), round(2 * height)
    u = np.clip((xs - x0) / (x1 - x0) * (columns - 1), 0, columns - 1).astype(np.int64)
    v = np.clip((1 - (ys - y0) / (y1 - y0)) * (rows - 1), 0, rows - 1).astype(np.int64)
    pixels = painted(u, v, shades, rows, columns, float(np.clip(30000 / len(xs), 0.08, 0.7)))
    image = axes.imshow(
        pixels, interpolation="nearest", aspect="auto", extent=(x0, x1, y0, y1), zorder=3, resample=False
    )
    quiet(image)
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)


def painted(
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    shades: NDArray[np.float32],
    rows: int,
    columns: int,
    alpha: float,
) -> NDArray[np.uint8]:
    """Paint points of three by three pixels; where several lie the last one's colour shows, denser the more there are."""
    count = np.zeros(rows * columns)
    rgba = np.zeros((rows * columns, 4), np.uint8)
    colors = np.rint(shades).astype(np.uint8)
    for du, dv in ((-1, -1), (1, -1), (-1, 1), (1, 1), (0, -1), (0, 1), (-1, 0), (1, 0), (0, 0)):
        weight = (1.0, 0.6, 0.25)[abs(du) + abs(dv)]
        at = np.clip(v + dv, 0, rows - 1) * columns + np.clip(u + du, 0, columns - 1)
        count += weight * np.bincount(at, minlength=rows * columns)
        rgba[at, :3] = colors
    rgba[:, 3] = np.rint(255 * (1 - (1 - alpha) ** count)).astype(np.uint8)
    return rgba.reshape(rows, columns, 4)


def _rings(axes: Any, table: Any, selected: Sequence[Any], xs: Any, ys: Any, theme: palette.Theme) -> None:
    if not len(selected):
        return
    where = {key_of(i): row for row, i in enumerate(np.asarray(table["index"]).tolist())}
    rows = [where.get(key_of(i)) for i in selected]
    missing = [i for i, row in zip(selected, rows, strict=True) if row is None]
    if missing:
        raise ValueError(f"selected instance {shown_index(missing[0])} is not in this table")
    places = np.array([row for row in rows if row is not None])
    many = len(places) > 30
    rings = axes.scatter(
        xs[places],
        ys[places],
        s=((6.5 if many else 9) * PX) ** 2,
        facecolors="none",
        edgecolors=theme.text,
        linewidths=(0.9 if many else 1.3) * PX,
        marker="o",
        zorder=6,
    )
    quiet(rings).set_clip_on(False)


def _hard(table: Any) -> str:
    """Say how many labels are wrong, where the table knows."""
    said = decided(np.asarray(table["label_error"])).brief() if "label_error" in table else ""
    return f"hard; {said}" if said else _HARD


def _legend(
    sheet: Sheet,
    codes: NDArray[np.int64],
    values: list[Any],
    names: dict[Any, str],
    colors: list[str],
    width: float,
    height: float,
) -> None:
    if not values:
        return
    counts = np.bincount(codes, minlength=len(values))
    shaped = _size(int(counts.sum())) >= _SHAPED
    rows = [
        Row(
            names.get(value, shown_text(value, 24)),
            (),
            colors[i],
            detail=f"{counts[i]:,}",
            shape=shape_of(i) if shaped else "disc",
        )
        for i, value in enumerate(values)
        if counts[i]
    ]
    draw_legend(
        sheet, width - _SIDE - 15, 62, _SIDE, fitting(rows, height - 80, 22), row_height=22, samples=False
    )


def _size(count: int) -> float:
    """Return the size of a point in CSS pixels; beyond four thousand all together cover about the same area."""
    return float(np.clip(9 - count / 900, 4.5, 9) * min(1.0, np.sqrt(4050 / max(count, 1))))
