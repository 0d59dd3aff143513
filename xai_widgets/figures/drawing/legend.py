"""The legend: a list by difficulty with the current values, in itself a small bar chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._metrics import number
from xai_widgets.figures.drawing.canvas import BODY, MARKER_SHAPES, PX, SMALL, Sheet, quiet
from xai_widgets.figures.drawing.shapes import outline, reach

ROW = 25.0


@dataclass(frozen=True)
class Row:
    """One line of a legend."""

    name: str
    values: tuple[float, ...]
    color: str = ""
    dash: str = "solid"
    marker: str | None = None
    shape: str | None = None
    """One of the shapes of a map's points, shown instead of a line."""
    detail: str = ""
    strong: bool = False
    picture: NDArray[np.uint8] | None = None
    heading: bool = False
    share: float = 0.0
    """Length of the bar under the name, in [0, 1]."""


def fitting(rows: Sequence[Row], height: float, row_height: float = ROW) -> list[Row]:
    """Shorten a legend to a height: the hardest and the last few stay, a line between says how many are left out."""
    room = max(4, int(height // row_height))
    if len(rows) <= room:
        return list(rows)
    tail = max(1, (room - 1) // 4)
    head = room - 1 - tail
    between = Row(f"{len(rows) - head - tail:,} more between", (), heading=True)
    return [*rows[:head], between, *rows[len(rows) - tail :]]


def draw_legend(
    sheet: Sheet,
    x: float,
    y: float,
    width: float,
    rows: Sequence[Row],
    *,
    row_height: float = ROW,
    samples: bool = True,
) -> None:
    """Draw the rows from a top left corner; ``samples`` shows each one's line."""
    theme = sheet.theme
    columns = max((len(row.values) for row in rows), default=0)
    for position, row in enumerate(rows):
        top = y + position * row_height
        middle = top + row_height / 2 - 1
        if row.heading:
            sheet.text(x, middle, row.name, size=SMALL, color=row.color or theme.muted, max_width=width)
            continue
        if row.strong:
            sheet.box(x - 4, top, width + 8, row_height - 3, theme.panel)
        left = x
        if row.picture is not None:
            side = row_height - 5
            sheet.box(x, top + 1, 2, side, row.color)
            _thumbnail(sheet, x + 7, top + 1, side, row.picture)
            left = x + 7 + side + 8
        elif samples:
            sheet.line([x, x + 22], [middle, middle], row.color, width=2.0, dash=row.dash)
            if row.marker is not None:
                _marker(sheet, x + 22, middle, MARKER_SHAPES[row.marker], row.color)
            left = x + 30
        elif row.shape is not None:
            _marker(sheet, x + 6, middle, outline(row.shape), row.color, 9 * reach(row.shape))
            left = x + 18
        else:
            sheet.box(x, top + 2, 2, row_height - 6, row.color)
            left = x + 9
        right = x + width
        for place, value in enumerate(reversed(row.values)):
            sheet.text(right - 48 * place, middle, number(value), size=BODY, ha="right")
        room = right - 48 * columns - left - 2 + (6 if columns else 0)
        written = sheet.text(left, middle, row.name, size=BODY, max_width=room)
        if row.detail and room - written > 24:
            sheet.text(
                left + written + 6,
                middle,
                row.detail,
                size=BODY,
                color=theme.muted,
                max_width=room - written - 6,
            )
        if row.share > 0:
            sheet.line(
                [x, x + width * row.share], [top + row_height - 3] * 2, row.color, width=1.5, alpha=0.55
            )


def _thumbnail(sheet: Sheet, x: float, y: float, side: float, picture: NDArray[np.uint8]) -> None:
    rows, columns = picture.shape[:2]
    scale = side / max(rows, columns)
    sheet.image(
        x + (side - columns * scale) / 2,
        y + (side - rows * scale) / 2,
        columns * scale,
        rows * scale,
        picture,
    )


def _marker(sheet: Sheet, x: float, y: float, marker: Any, color: str, size: float = 5.5) -> None:
    from matplotlib.lines import Line2D

    point = Line2D(
        [x / sheet.width],
        [1 - y / sheet.height],
        transform=sheet.figure.transFigure,
        linestyle="none",
        marker=marker,
        markersize=size * PX,
        markerfacecolor=color,
        markeredgecolor=color,
        markeredgewidth=0,
    )
    sheet.figure.add_artist(quiet(point))
