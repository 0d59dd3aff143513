"""What a chart of labels shows: which labels, in which order and style, with which values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xai_widgets._metrics import metric_in
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.inputs import key_of
from xai_widgets.figures.drawing.legend import Row
from xai_widgets.figures.drawing.plot import Curve, Floats
from xai_widgets.figures.scale import hardest_first, last_finite, smoothed
from xai_widgets.figures.text import shown_text

BOUNDS = {
    "std": "standard deviation",
    "range": "smallest to largest",
    "sem": "standard error",
    "ci95": "95 % confidence of the mean",
    "quantiles": "quantiles",
}
MANY = 40
"""Beyond so many labels only the hardest eight and the easiest three are drawn in colour, the others pale."""


class LabelChart:
    """The labels of one or several series, ranked by the first series' last values."""

    def __init__(
        self,
        given: Sequence[Any],
        *,
        labels: Any,
        highlight: Any,
        bands: str,
        order: Any,
        hard_is: str | None,
        dark: bool,
    ) -> None:
        self.given, self.main = given, given[0]
        self._dark = dark
        self._order = {key_of(v): i for i, v in enumerate(self.main.labels if order is None else order)}
        self._modes_differ = len({s.mode for s in given}) > 1
        self._ds_ids = sorted({str(s.ds_id or "") for s in given})
        places = self._places(labels)
        self.values = last_finite(self.main.mean)
        definition = metric_in(self.main, hard_is)
        self.ranking = [places[i] for i in hardest_first(self.values[places], definition)]
        self.strong = self.ranking[0] if highlight is None else self.place_of(highlight)
        self.shown = self.ranking
        if len(self.ranking) > MANY:
            ends = [*self.ranking[:8], *self.ranking[-3:]]
            self.shown = ends if self.strong in ends else [*ends, self.strong]
        self._banded = {self.strong}
        self._band_each = bands == "all"
        if bands == "all" or (bands == "auto" and len(places) <= 3):
            self._banded = set(self.shown)

    def place_of(self, label: Any) -> int:
        """Find a label, given by value or by name, in the first series."""
        for place, (value, name) in enumerate(zip(self.main.labels, self.main.names, strict=True)):
            if key_of(value) == key_of(label) or (isinstance(label, str) and name == label):
                return place
        known = ", ".join(shown_text(n, 20) for n in self.main.names[:8])
        raise ValueError(f"no label {shown_text(repr(label))} in this series; there are {known}")

    def _places(self, labels: Any) -> list[int]:
        if labels is None:
            return list(range(len(self.main.labels)))
        chosen = [self.place_of(v) for v in ([labels] if isinstance(labels, str | int) else labels)]
        if not chosen:
            raise ValueError("labels is empty: name at least one label, or leave it out for all of them")
        return chosen

    def curves(self, kind: str | None, x: str, smoothing: float) -> tuple[list[Curve], list[Curve]]:
        """Return the coloured curves and the pale ones, with the band ``kind``."""
        front: list[Curve] = []
        pale: list[Curve] = []
        for series in self.given:
            at = np.asarray(series.epochs if x == "epoch" else series.steps)
            mean = smoothed(series.mean, smoothing)
            has_band = kind is not None and (series is self.main or self._band_each)
            lower, upper = possible_band(series, kind) if has_band else (None, None)
            rows = {key_of(v): i for i, v in enumerate(series.labels)}
            for place in self.ranking:
                row = rows.get(key_of(self.main.labels[place]))
                if row is None:
                    continue
                color, dash, marker = self.style(place, series)
                curve = Curve(
                    f"label {self.main.labels[place]} {series.mode}",
                    at,
                    mean[row],
                    color,
                    dash,
                    marker,
                    strong=place == self.strong,
                    provisional=bool(series.provisional),
                )
                if place in self._banded and lower is not None and upper is not None:
                    edges = smoothed(lower[row], smoothing), smoothed(upper[row], smoothing)
                    curve = replace(curve, lower=edges[0], upper=edges[1])
                (front if place in self.shown else pale).append(curve)
        return front, pale

    def style(self, place: int, series: Any) -> tuple[str, str, str]:
        """Return colour, dash and marker of a label in one of the series."""
        style = palette.label_style(self._order.get(key_of(self.main.labels[place]), place), self._dark)
        dash = palette.MODE_DASHES.get(series.mode, "solid") if self._modes_differ else style.dash
        if len(self._ds_ids) > 1:
            marker = palette.MARKERS[self._ds_ids.index(str(series.ds_id or "")) % len(palette.MARKERS)]
        else:
            marker = palette.MARKERS[place % len(palette.MARKERS)] if self._modes_differ else style.marker
        return style.color, dash, marker

    def rows(self) -> list[Row]:
        """Return the legend, hardest first, with the current value in every series."""
        last: list[dict[Any, float]] = []
        for series in self.given:
            values = last_finite(series.mean)
            last.append({key_of(v): float(values[i]) for i, v in enumerate(series.labels)})
        sizes = self.values[self.ranking]
        finite = np.abs(sizes[np.isfinite(sizes)])
        largest = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
        rows = []
        for place in self.ranking:
            label = key_of(self.main.labels[place])
            color, dash, marker = self.style(place, self.main)
            value = float(self.values[place])
            rows.append(
                Row(
                    shown_text(self.main.names[place]),
                    tuple(values.get(label, float("nan")) for values in last),
                    color if place in self.shown else palette.theme(self._dark).muted,
                    dash,
                    marker if len(self.given) > 1 and len(self._ds_ids) == 1 else None,
                    strong=place == self.strong,
                    share=0.0 if np.isnan(value) else abs(value) / largest,
                )
            )
        return rows

    def heads(self) -> list[tuple[str, str, str]]:
        """Return name, dash and marker of each series, for the line above the values."""
        heads = []
        for series in self.given:
            _, dash, marker = self.style(self.strong, series)
            name = series.mode if self._modes_differ or not series.ds_id else str(series.ds_id)
            if self._modes_differ and len(self._ds_ids) > 1 and series.ds_id:
                name = f"{series.mode} {series.ds_id}"
            heads.append((shown_text(name, 14), dash, marker))
        return heads


def as_list(series: Any) -> list[Any]:
    """Return one series or several as a list.

    Raises
    ------
    ValueError
        If there are none, or they are of different metrics.
    """
    given = [series] if hasattr(series, "mean") else list(series)
    if not given:
        raise ValueError("no series to draw; pass tracker.label_series(metric, mode=...), or several of them")
    for one in given:
        if not hasattr(one, "mean") or not hasattr(one, "labels"):
            raise TypeError(f"expected the result of tracker.label_series(...), got {type(one).__name__}")
        if one.metric != given[0].metric:
            raise ValueError(f"one chart is of one metric, got {given[0].metric!r} and {one.metric!r}")
    if not len(given[0].labels):
        raise ValueError(f"no label was seen in mode {given[0].mode!r} yet: record a batch with labels first")
    return given


def possible_band(series: Any, kind: str | None) -> tuple[Floats, Floats]:
    """Return the edges of a band, cut to what the metric can be: mean minus deviation of a loss may lie below 0."""
    lower, upper = series.bounds(kind)
    low, high = metric_in(series).within(-np.inf, np.inf, np.stack([series.min, series.max]))
    if np.nanmin(series.min, initial=np.inf) >= 0:
        low = max(low, 0.0)
    return np.maximum(lower, low), np.minimum(upper, high)


def checked_bounds(bounds: Any) -> list[str | None]:
    """Return the kinds of band to draw, one chart each.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    kinds = [bounds] if bounds is None or isinstance(bounds, str) else list(bounds)
    for kind in kinds:
        if kind is not None and kind not in BOUNDS:
            raise ValueError(f"bounds should be of {', '.join(BOUNDS)} or None, got {kind!r}")
    return kinds or [None]
