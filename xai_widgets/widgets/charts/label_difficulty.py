"""How hard is each class: the mean of a metric per label over the epochs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import traitlets

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures import palette
from xai_widgets.figures.drawing.edited import Edited, training_epochs
from xai_widgets.live import Publisher
from xai_widgets.widgets.charts.bqplot_chart import Chart, Drawing, Series
from xai_widgets.widgets.charts.label_rows import Ranked, draw_labels, label_rows, rank, series_palette
from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.formatting import clean, epoch_axis, value_axis
from xai_widgets.widgets.view.front import choice, press, says
from xai_widgets.widgets.view.menus import data_words, edited_words, mode_to_show, one_of
from xai_widgets.widgets.view.selection import Selection
from xai_widgets.widgets.view.view import View

_BANDS: Final = {
    "std": "std",
    "range": "range",
    "sem": "standard error",
    "ci95": "95 % interval",
    "none": "none",
}


class LabelDifficulty(View):
    """How hard is each class? The mean of a metric per label over the epochs, hardest first.

    The chart is updated in place while the run goes on. A click on a line or a legend row highlights a label and
    its band; the dash sample beside a row hides and shows its line.

    Parameters
    ----------
    tracker : Tracker
        What to show.
    metric : str, default "loss"
        A recorded metric.
    mode : str, default "eval"
        "train", "eval", "test" or "infer". Until the first evaluation, training is shown in its place and said so.
    bounds : str, default "std"
        The band: "std", "range", "sem", "ci95" or "none".
    labels : iterable of int, str, optional
        Show these labels only; by default all (of more than 64, the hardest 48 and the easiest 16).
    unit : str, optional
        Unit of the metric; by default nats for a loss.
    ds_id : str, optional
        Which data set, where a mode has several.
    title : str, default "How hard is each class?"
        The head line.
    edited : iterable of int or mapping, optional
        Epochs from which edits are in force (`Edits.epochs`), marked in the chart; a trait, too. A mapping from modes or
        (mode, ds_id) to epochs also says of data to evaluate on that it is edited itself.

    Raises
    ------
    ValueError
        For bounds that do not exist.

    Examples
    --------
    >>> from xai_widgets import LabelDifficulty, Tracker
    >>> with LabelDifficulty(Tracker(label_names=["cat", "dog"])) as view:
    ...     print(view.summary())
    no eval loss recorded yet
    """

    metric = traitlets.Unicode("loss")
    mode = traitlets.Unicode("eval")
    ds_id = traitlets.Unicode(None, allow_none=True)
    bounds = traitlets.Enum(tuple(_BANDS), "std")
    labels = traitlets.Tuple(None, allow_none=True)
    hidden = traitlets.Tuple()
    highlighted = traitlets.Any(None, allow_none=True)
    edited = traitlets.Union([traitlets.Tuple(), traitlets.Dict()])

    def __init__(
        self,
        tracker: Any,
        metric: str = "loss",
        mode: str = "eval",
        bounds: str = "std",
        labels: Iterable[Any] | None = None,
        *,
        unit: str | None = None,
        ds_id: str | None = None,
        title: str = "How hard is each class?",
        edited: Edited = (),
        publisher: Publisher | None = None,
        selection: Selection | None = None,
    ) -> None:
        if bounds not in _BANDS:
            raise ValueError(f"unknown bounds {bounds!r}; one of {', '.join(_BANDS)}")
        super().__init__(tracker, publisher, selection)
        self._unit, self._title = unit, title
        self._keys: dict[str, Any] = {}
        self._summary = ""
        self.metric, self.mode, self.ds_id, self.bounds = metric, mode, ds_id, bounds
        self.labels = None if labels is None else tuple(labels)
        self.edited = dict(edited) if isinstance(edited, Mapping) else tuple(edited)
        self.chart = Chart(palette.DASHES)
        self.front.put(palette=series_palette(), head={"title": title, "words": []})
        self._open([self.chart.figure])
        self.observe(self.redraw, ["metric", "mode", "ds_id", "bounds", "labels", "hidden", "edited"])
        self.observe(self._highlight, "highlighted")

    def _drawn_on(self) -> list[Any]:
        return self.chart.parts

    def _draw(self) -> int:
        mode = mode_to_show(self.tracker, self.metric, self.mode)
        if mode is None:
            return self._draw_nothing()
        series = self._series(mode)
        ranked = rank(series)
        chosen = self._chosen_row(series, ranked)
        unit = metric_in(series).unit if self._unit is None else self._unit
        drawing, places = draw_labels(
            series,
            ranked,
            bounds=self.bounds,
            hidden=self.hidden,
            chosen=chosen,
            unit=unit,
            planned=self.tracker.epochs,
        )
        rows = label_rows(
            series, ranked, places, hidden=self.hidden, chosen=chosen, curve_of=self.chart.curve_of
        )
        drawing.edited = training_epochs(self.edited)
        self._keys = {row["key"]: series.labels[i] for row, i in zip(rows, ranked.order, strict=True)}
        self._summary = self._say(series, ranked)
        sent = self.chart.draw(drawing)
        style = palette.label_style(chosen).dash if chosen is not None else "solid"
        return sent + self.front.put(
            head={"title": self._title, "words": self._words(mode, ranked.left_out)},
            legend={"label": "Labels, hardest first", "second": "show", "unit": unit, "rows": rows},
            dashes=self.chart.dashes(style),
            summary=self._summary,
            empty=None,
        )

    def _draw_nothing(self) -> int:
        self._summary = f"no {clean(self.mode)} {clean(self.metric)} recorded yet"
        waits = self.tracker.status in ("idle", "training")
        hint = (
            "Run the training: every class is drawn here from its first batches on."
            if waits
            else "The run ended without recording any."
        )
        self.chart.draw(self._blank())
        return self.front.put(
            head={"title": self._title, "words": self._words(self.mode, 0)},
            empty={"text": f"{self._summary[0].upper()}{self._summary[1:]}", "hint": hint},
            legend=None,
            summary=self._summary,
        )

    def _series(self, mode: str) -> Any:
        return self.tracker.label_series(self.metric, mode=mode, ds_id=self.ds_id, labels=self.labels)

    def _blank(self) -> Drawing:
        none = Series(np.zeros((0, 0), np.float32), [], [])
        axis = epoch_axis(self.tracker.epochs, 0)
        return Drawing(np.zeros(0, np.float32), [none] * len(palette.DASHES), axis, value_axis(0, 1), "")

    def _chosen_row(self, series: Any, ranked: Ranked) -> int | None:
        """Find the row drawn thick: the highlighted label, else the hardest that is drawn."""
        drawn = [row for row in ranked.order if series.labels[row] not in self.hidden]
        wanted = [row for row in drawn if series.labels[row] == self.selection.label]
        return next(iter(wanted or drawn), None)

    def _words(self, mode: str, left_out: int) -> list[dict[str, Any]]:
        words = data_words(self.tracker, self.metric, mode, self.ds_id, self.mode)
        words += [says(", band"), choice("bounds", "Band", self.bounds, list(_BANDS.items()))]
        words += edited_words(self.edited, mode, self.ds_id)
        if left_out:
            words.append(says(f", {left_out:,} labels between the ends not drawn"))
        lost = self._left_out(mode)
        if lost:
            words.append(says(f", {lost:,} value{'' if lost == 1 else 's'} NaN or infinite, left out"))
        if self.hidden:
            words.append(press("show_all", f"show all {len(self.hidden)} hidden"))
        return words

    def _left_out(self, mode: str) -> int:
        counted = self.tracker.counts(mode, self.ds_id).by_metric.get(self.metric, {})
        return int(counted.get("nan", 0) + counted.get("inf", 0))

    def _say(self, series: Any, ranked: Ranked) -> str:
        if not ranked.order or not len(series.epochs):
            return f"no {clean(self.metric)} of any label yet"
        hard, easy = ranked.order[0], ranked.order[-1]
        return (
            f"mean {clean(self.metric)} of {len(series.labels)} labels after epoch {int(series.epochs[-1])}; "
            f"hardest {clean(series.names[hard])} {number(float(ranked.current[hard]))}, "
            f"easiest {clean(series.names[easy])} {number(float(ranked.current[easy]))}"
        )

    def summary(self) -> str:
        """Say in one line what is shown."""
        return self._summary

    def brief(self) -> Brief:
        """Say in a few words which class is the hardest now, also while the chart is not drawn."""
        mode = mode_to_show(self.tracker, self.metric, self.mode)
        if mode is None:
            return Brief("nothing recorded yet")
        series = self._series(mode)
        ranked = rank(series)
        if not ranked.order or not len(series.epochs):
            return Brief("no value yet")
        name = clean(series.names[ranked.order[0]], 24)
        return Brief(f"hardest {name} {number(float(ranked.current[ranked.order[0]]))}", (name,))

    def figure(self, dark: bool = False) -> Any:
        """Make the same chart without a browser."""
        from xai_widgets import figures

        mode = mode_to_show(self.tracker, self.metric, self.mode) or self.mode
        return figures.label_difficulty(
            self._series(mode),
            bounds=None if self.bounds == "none" else self.bounds,
            highlight=self.selection.label,
            epochs=self.tracker.epochs,
            title=self._title,
            edited=self.edited,
            dark=dark,
        )

    # what the browser says

    def _chose(self, name: str, value: str) -> None:
        if name == "metric":
            self.metric = one_of(value, self.tracker.metrics())
        elif name == "mode":
            self.mode = one_of(value, [self.mode, *self.tracker.modes])
        elif name == "ds_id":
            self.ds_id = one_of(value, ["", *self.tracker.ds_ids()]) or None
        elif name == "bounds":
            self.bounds = one_of(value, _BANDS)
        else:
            super()._chose(name, value)

    def _row(self, key: str, *, second: bool) -> None:
        if key not in self._keys:
            self._refuse({"row": key})
            return
        label = self._keys[key]
        if not second:
            self.highlighted = None if self.selection.label == label else label
        elif label in self.hidden:
            self.hidden = tuple(each for each in self.hidden if each != label)
        else:
            self.hidden = (*self.hidden, label)

    def _pressed(self, action: str) -> None:
        if action == "show_all":
            self.hidden = ()
        else:
            super()._pressed(action)

    def _highlight(self, change: Any) -> None:
        self.selection.change(label=change["new"], clear_label=change["new"] is None, source=self)

    def _selection_changed(self, selection: Selection, changed: frozenset[str], source: object) -> None:
        if "label" in changed:
            self.highlighted = selection.label
            self.redraw()
