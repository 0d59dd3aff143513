"""From a tracker's rankings and histories to what the history chart shows; numpy only, no widget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from xai_widgets._metrics import number
from xai_widgets.figures import palette
from xai_widgets.widgets.charts.bqplot_chart import Drawing, Series
from xai_widgets.widgets.charts.label_rows import extent
from xai_widgets.widgets.view.formatting import (
    axis_title,
    clean,
    epoch_axis,
    index_text,
    key_of,
    thin_out,
    value_axis,
)

Index = int | str
GROUPS: Final = ("hardest", "easiest", "pinned", "selected")
#: the second code beside the colour: one line style per group
STYLES: Final = ("solid", "dotted", "dashed", "dash_dotted")
COLORS: Final = (
    (palette.HARDEST, palette.HARDEST_DARK),
    (palette.EASIEST, palette.EASIEST_DARK),
    (palette.PINNED, palette.PINNED_DARK),
    (palette.ACCENT, palette.ACCENT_DARK),
)
MOST_EXTRA: Final = 5
MOST_PINNED: Final = 24
_SHARE: Final = 0.05


class Ranker:
    """Ranks instances, but never spends more than a twentieth of the time on it: a ranking of a million takes a while."""

    def __init__(self) -> None:
        self._asked: Any = None
        self._found: tuple[Any, Any] | None = None
        self._not_before = 0.0

    def rank(self, tracker: Any, asked: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the hardest and the easiest for (metric, mode, ds_id, n_max, n_min, by), a moment old at most."""
        now = time.monotonic()
        ended = (tracker.epoch, tracker.status)
        if self._found is None or self._asked != (asked, ended) or now >= self._not_before:
            metric, mode, ds_id, n_max, n_min, by = asked
            self._found = tracker.extremes(metric, mode=mode, ds_id=ds_id, n_max=n_max, n_min=n_min, by=by)
            self._asked = (asked, ended)
            spent = time.monotonic() - now
            self._not_before = now + spent / _SHARE
        return self._found


@dataclass(frozen=True)
class Member:
    """One drawn instance: its index, the number of its group, and the score it was ranked by (None elsewhere)."""

    index: Index
    group: int
    score: float | None


def members(hard: Any, easy: Any, pinned: Iterable[Index], selected: Iterable[Index]) -> list[Member]:
    """Put every instance into one group: the ranking first, then the pinned, then what is selected besides."""
    found: dict[Index, Member] = {}
    scores = [float(s) for s in hard.scores], [float(s) for s in easy.scores]
    for group, (end, values) in enumerate(zip((hard, easy), scores, strict=True)):
        for index, score in zip(end.index, values, strict=True):
            found.setdefault(index, Member(index, group, score))
    for group, (wanted, most) in enumerate(((pinned, MOST_PINNED), (selected, MOST_EXTRA)), start=2):
        for index in list(wanted)[:most]:
            found.setdefault(index, Member(index, group, None))
    return sorted(found.values(), key=lambda member: member.group)


def color_of(group: int) -> str:
    """Return the CSS colour of a group: the theme's where our front-end runs, the light one elsewhere."""
    return f"var(--xw-s{group}, {COLORS[group][0]})"


def draw_histories(
    series: Any,
    shown: list[Member],
    *,
    selected: Iterable[Index],
    unit: str,
    planned: int | None,
) -> tuple[Drawing, dict[Index, tuple[int, int]]]:
    """Make the drawing of an instance series whose rows are the members, in their order.

    Returns
    -------
    tuple
        The drawing, and per index where its line is: (group, place).
    """
    columns = thin_out(series.epochs)
    x = series.epochs[columns].astype(np.float32)
    values = series.values[:, columns].astype(np.float32).reshape(len(shown), len(columns))
    wanted = list(selected)
    places: dict[Index, tuple[int, int]] = {}
    groups = []
    for group in range(len(GROUPS)):
        rows = [row for row, member in enumerate(shown) if member.group == group]
        places |= {shown[row].index: (group, place) for place, row in enumerate(rows)}
        groups.append(Series(values[rows], [color_of(group)] * len(rows), [palette.PALE] * len(rows)))
    top = [
        (values[row], color_of(member.group), STYLES[member.group])
        for row, member in enumerate(shown)
        if member.index in wanted
    ]
    last = int(series.epochs[-1]) if len(series.epochs) else 0
    drawing = Drawing(
        x,
        groups,
        epoch_axis(planned, last),
        value_axis(*extent([values])),
        axis_title(series.metric, unit),
        chosen=top,
        provisional=bool(series.provisional),
    )
    return drawing, places


def history_rows(
    series: Any,
    shown: list[Member],
    places: dict[Index, tuple[int, int]],
    *,
    selected: Iterable[Index],
    pinned: Iterable[Index],
    name_of: Callable[[Any], str],
    curve_of: Callable[[int, int], list[int]],
) -> list[dict[str, Any]]:
    """Make the rows of the legend: hardest, easiest, pinned, selected besides."""
    chosen, kept = set(selected), set(pinned)
    rows = []
    for row, member in enumerate(shown):
        label = series.labels[row]
        seen = series.values[row][np.isfinite(series.values[row])]
        newest = float(seen[-1]) if len(seen) else None
        score = member.score if member.score is not None else newest
        name = "" if label is None else clean(name_of(label), 40)
        title = (
            "no value recorded"
            if newest is None
            else f"newest {number(newest)}, mean {number(float(seen.mean()))}"
        )
        rows.append(
            {
                "key": key_of(member.index),
                "text": index_text(member.index),
                "note": name,
                "title": f"{clean(member.index, 300)} {name}, {title}",
                "value": number(score, "none"),
                "color": color_of(member.group),
                "dash": [round(2.2 * length, 1) for length in palette.DASH_PATTERNS[STYLES[member.group]]],
                "group": GROUPS[member.group],
                "selected": member.index in chosen,
                "pinned": member.index in kept,
                "curve": curve_of(*places[member.index]),
            }
        )
    return rows
