"""What a network looks at as a rule, the most suspicious rules first: mean masks and typical pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.figures import palette
from xai_widgets.figures.drawing.canvas import BODY, SMALL, TITLE, Sheet
from xai_widgets.figures.drawing.inputs import names_by_value, picture_of
from xai_widgets.figures.picture import StaticFigure
from xai_widgets.figures.text import shown_text

FRAME = (86, 180, 233)
_CELL = 6  # pixels of a drawn mask for each cell of its grid
_SIDE, _GAP, _TOP, _BETWEEN = 84.0, 7.0, 80.0, 20.0
_WORDS, _LINE, _MOST_LINES = 350.0, 15.0, 6


def shortcuts(
    rules: Sequence[Any],
    pictures: Any = None,
    *,
    label_names: Any = None,
    most: int = 12,
    typical: int = 6,
    title: str = "Is it cheating?",
    dark: bool = False,
) -> StaticFigure:
    """Draw rules row by row: class, suspicion and reason, the mean mask with its region framed, and typical pictures.

    Parameters
    ----------
    rules : sequence of Cluster
        From ``store.clusters()`` of `xai_widgets.Explained`, the most suspicious first.
    pictures : Samples, dict or function, optional
        Where the pictures come from, as in ``instance_history``.
    label_names : {value: name}, {name: value} or list, optional
        From Samples by default.
    most : int, default 12
        Rules drawn.
    typical : int, default 6
        Pictures of each, 0 to 9.
    title : str
        What stands at the top.
    dark : bool, default False
        Dark theme.

    Returns
    -------
    StaticFigure

    Raises
    ------
    ValueError
        If there are no rules.
    """
    if not rules:
        raise ValueError(
            "there are no rules to draw; store.clusters() finds them in at least 20 instances of a class"
        )
    names = names_by_value(label_names) or names_by_value(getattr(pictures, "label_names", None))
    shown = list(rules)[:most]
    count = 0 if pictures is None else min(9, max(0, typical))
    width = 15 + _SIDE + 14 + _WORDS + 14 + count * (_SIDE + _GAP) + 8
    width = max(width, 560)
    room = _WORDS if count else width - 15 - _SIDE - 28
    ruler = Sheet(width, 10)
    reasons = [_wrapped(ruler, rule.why, room) for rule in shown]
    heights = [max(_SIDE, 28 + _LINE * len(lines)) + _BETWEEN for lines in reasons]
    sheet = Sheet(width, _TOP + sum(heights) - 6, dark=dark)
    muted = sheet.theme.muted
    more = f", {len(rules) - len(shown)} less suspicious ones left out" if len(rules) > len(shown) else ""
    subtitle = (
        f"{len(shown)} of {len(rules)} rules{more}"
        if more
        else f"{len(shown)} rules, the most suspicious first"
    )
    sheet.text(15, 21, title, size=TITLE, weight="bold", max_width=width - 30)
    sheet.text(15, 41, subtitle, size=BODY, color=muted, max_width=width - 30)
    left = 15 + _SIDE + 14
    sheet.text(15, 67, "mean mask", size=SMALL, color=muted)
    sheet.text(left + room, 67, "suspicion", size=SMALL, color=muted, ha="right")
    if count:
        sheet.text(left + room + 14, 67, "typical pictures", size=SMALL, color=muted)
    for row, rule in enumerate(shown):
        _draw(sheet, rule, _TOP + sum(heights[:row]), reasons[row], room, names, pictures, count)
    first = shown[0]
    return sheet.finished(
        f"{title} {subtitle}: {names.get(first.label, first.label)}, suspicion {first.suspicion:.2f}: {first.why}"
    )


def _draw(
    sheet: Sheet,
    rule: Any,
    y: float,
    reason: list[str],
    room: float,
    names: dict[Any, str],
    pictures: Any,
    count: int,
) -> None:
    theme = sheet.theme
    _placed(sheet, 15, y, framed_mask(rule.mask, rule.region))
    x = 15 + _SIDE + 14
    name = names.get(rule.label, shown_text(rule.label, 24))
    number = sheet.text(x + room, y + 8, f"{rule.suspicion:.2f}", size=BODY, weight="bold", ha="right")
    sheet.text(x, y + 8, name, size=BODY, weight="bold", max_width=room - number - 10)
    sheet.box(x, y + 19, room, 3, theme.grid)
    sheet.box(x, y + 19, room * rule.suspicion, 3, theme.hardest)
    for place, line in enumerate(reason):
        sheet.text(x, y + 34 + _LINE * place, line, size=SMALL, color=theme.muted, max_width=room)
    left = x + room + 14
    for place, index in enumerate(rule.typical[:count].tolist()):
        shot = picture_of(pictures, index)
        if shot is not None:
            _placed(sheet, left + place * (_SIDE + _GAP), y, shot)


def _wrapped(sheet: Sheet, text: str, room: float) -> list[str]:
    """Break a sentence into lines; what does not fit into the last one is cut there when it is written."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(lines) < _MOST_LINES and lines[-1] and sheet.measure(longer, SMALL) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _placed(sheet: Sheet, x: float, y: float, pixels: NDArray[np.uint8]) -> None:
    rows, columns = pixels.shape[:2]
    scale = _SIDE / max(rows, columns)
    sheet.image(x, y, columns * scale, rows * scale, pixels)


def framed_mask(values: NDArray[np.float64], region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Draw a mean mask, (h, w), as (6 h, 6 w, 3) uint8 with a frame around its region."""
    top = float(np.quantile(values, 0.995)) or 1.0
    large = palette.paint(np.clip(values / top, 0, 1)).repeat(_CELL, 0).repeat(_CELL, 1)
    inside = region.repeat(_CELL, 0).repeat(_CELL, 1)
    around = np.pad(inside, 1)
    kept = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    large[inside & ~kept] = FRAME
    return np.asarray(large)
