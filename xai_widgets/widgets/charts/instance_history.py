"""Instances over time: the hardest, the easiest and the pinned ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import traitlets

from xai_widgets._metrics import metric_in, number
from xai_widgets.figures.drawing.edited import Edited, training_epochs
from xai_widgets.live import Publisher
from xai_widgets.samples import as_samples
from xai_widgets.tracking.scores import all_scores
from xai_widgets.widgets.charts.bqplot_chart import Chart, Drawing, Series
from xai_widgets.widgets.charts.history_rows import (
    COLORS,
    STYLES,
    Member,
    Ranker,
    draw_histories,
    history_rows,
    members,
)
from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.formatting import (
    clean,
    epoch_axis,
    index_text,
    key_of,
    value_axis,
)
from xai_widgets.widgets.view.front import choice, press, says
from xai_widgets.widgets.view.menus import data_words, edited_words, mode_to_show, one_of, options
from xai_widgets.widgets.view.selection import Selection
from xai_widgets.widgets.view.thumbnails import Thumbs
from xai_widgets.widgets.view.view import View

_MOST: Final = 20
_FIRST: Final = "Run the training: the hardest and the easiest are drawn here from the first batches on."


class InstanceHistory(View):
    """Instances over time: the hardest warm, the easiest green, the pinned in the text colour.

    A click on a line or a legend row selects the instance, for every view of the dashboard.

    Parameters
    ----------
    tracker : Tracker
        What to show.
    metric : str, default "loss"
        A recorded metric.
    mode : str, default "train"
        "train", "eval", "test" or "infer".
    n_max, n_min : int, default 5
        How many of the hardest and of the easiest, 0 to 20 each.
    indices : iterable of int or str, default ()
        Instances pinned from the start, at most 24.
    by : str, default "mean"
        The score they are ranked by.
    samples : object, optional
        Anything `xai_widgets.samples.as_samples` takes; gives the legend small pictures.
    unit : str, optional
        Unit of the metric; by default nats for a loss.
    ds_id : str, optional
        Which data set, where a mode has several.
    title : str, default "Instances over time"
        The head line.
    edited : iterable of int or mapping, optional
        Epochs from which edits are in force (`Edits.epochs`), marked in the chart; a trait, too. A mapping from modes or
        (mode, ds_id) to epochs also says of data to evaluate on that it is edited itself.

    Raises
    ------
    ValueError
        For numbers out of range or a score that does not exist.
    """

    metric = traitlets.Unicode("loss")
    mode = traitlets.Unicode("train")
    ds_id = traitlets.Unicode(None, allow_none=True)
    by = traitlets.Unicode("mean")
    n_max = traitlets.Int(5, min=0, max=_MOST)
    n_min = traitlets.Int(5, min=0, max=_MOST)
    indices = traitlets.Tuple()
    selected = traitlets.Tuple()
    edited = traitlets.Union([traitlets.Tuple(), traitlets.Dict()])

    def __init__(
        self,
        tracker: Any,
        metric: str = "loss",
        mode: str = "train",
        n_max: int = 5,
        n_min: int = 5,
        indices: Iterable[int | str] = (),
        *,
        by: str = "mean",
        samples: Any = None,
        unit: str | None = None,
        ds_id: str | None = None,
        title: str = "Instances over time",
        edited: Edited = (),
        publisher: Publisher | None = None,
        selection: Selection | None = None,
    ) -> None:
        if not (0 <= n_max <= _MOST and 0 <= n_min <= _MOST):
            raise ValueError(f"n_max and n_min go from 0 to {_MOST} each, got {n_max} and {n_min}")
        held = None if samples is None else as_samples(samples)
        super().__init__(tracker, publisher, selection)
        self._unit, self._title = unit, title
        self._keys: dict[str, int | str] = {}
        self._summary = ""
        self._ranker = Ranker()
        self._thumbs = Thumbs(held, tracker, self.redraw)
        self.metric, self.mode, self.ds_id, self.by = metric, mode, ds_id, by
        self.n_max, self.n_min = n_max, n_min
        self.edited = dict(edited) if isinstance(edited, Mapping) else tuple(edited)
        self.selection.change(pinned=(*self.selection.pinned, *indices), source=self)
        self.indices, self.selected = self.selection.pinned, self.selection.indices
        self.chart = Chart(STYLES)
        self.front.put(palette=[list(pair) for pair in COLORS], head={"title": title, "words": []})
        self._open(
            [self.chart.figure], "xaiw-wide-legend", *(["xaiw-thumbed"] if samples is not None else [])
        )
        self.observe(self.redraw, ["metric", "mode", "ds_id", "by", "n_max", "n_min", "edited"])
        self.observe(lambda change: self._share(pinned=change["new"]), "indices")
        self.observe(lambda change: self._share(indices=change["new"]), "selected")

    def _asked(self, mode: str) -> tuple[Any, ...]:
        return self.metric, mode, self.ds_id, self.n_max, self.n_min, self.by

    def _drawn_on(self) -> list[Any]:
        return self.chart.parts

    def _draw(self) -> int:
        mode = mode_to_show(self.tracker, self.metric, self.mode)
        if mode is None:
            return self._draw_nothing()
        selection = self.selection
        hard, easy = self._ranker.rank(self.tracker, self._asked(mode))
        shown = members(hard, easy, selection.pinned, selection.indices)
        series = self.tracker.instance_series(
            [member.index for member in shown], self.metric, mode=mode, ds_id=self.ds_id
        )
        unit = metric_in(series).unit if self._unit is None else self._unit
        drawing, places = draw_histories(
            series, shown, selected=selection.indices, unit=unit, planned=self.tracker.epochs
        )
        drawing.edited = training_epochs(self.edited)
        rows = history_rows(
            series,
            shown,
            places,
            selected=selection.indices,
            pinned=selection.pinned,
            name_of=self.tracker.name_of,
            curve_of=self.chart.curve_of,
        )
        keys = {row["key"]: member.index for row, member in zip(rows, shown, strict=True)}
        # a row that has just left the ranking may still be under somebody's pointer
        self._keys = dict([*self._keys.items(), *keys.items()][-200:])
        self._summary = self._say(shown, series)
        sent = self.chart.draw(drawing)
        thumbs = self._thumbs.get(member.index for member in shown)
        return sent + self.front.put(
            head={"title": self._title, "words": self._words(mode, shown)},
            legend={"label": "Instances", "second": "pin", "unit": unit, "rows": rows},
            thumbs={key_of(index): address for index, address in thumbs.items() if address},
            dashes=self.chart.dashes(drawing.chosen[0][2] if drawing.chosen else "solid"),
            summary=self._summary,
            empty=None,
        )

    def _draw_nothing(self) -> int:
        self._summary = f"no {clean(self.mode)} {clean(self.metric)} of any instance recorded yet"
        waits = self.tracker.status in ("idle", "training")
        none = Series(np.zeros((0, 0), np.float32), [], [])
        axis = epoch_axis(self.tracker.epochs, 0)
        self.chart.draw(Drawing(np.zeros(0, np.float32), [none] * len(STYLES), axis, value_axis(0, 1), ""))
        return self.front.put(
            head={"title": self._title, "words": self._words(self.mode, [])},
            empty={
                "text": f"{self._summary[0].upper()}{self._summary[1:]}",
                "hint": _FIRST if waits else "The run ended without any.",
            },
            legend=None,
            summary=self._summary,
        )

    def _words(self, mode: str, shown: list[Member]) -> list[dict[str, Any]]:
        pinned = sum(member.group == 2 for member in shown)
        counts = [str(n) for n in (*range(11), 15, _MOST)]
        words = [
            choice("n_max", "How many of the hardest", str(self.n_max), options([*counts, str(self.n_max)])),
            says("hardest,"),
            choice("n_min", "How many of the easiest", str(self.n_min), options([*counts, str(self.n_min)])),
            says(f"easiest,{f' {pinned} pinned,' if pinned else ''} by"),
            choice("by", "Ranked by", self.by, options([*_scores(), self.by], self._score_names())),
        ]
        metric, _, *rest = data_words(self.tracker, self.metric, mode, self.ds_id, self.mode)
        words += [says("of"), metric, says("on"), *rest, *edited_words(self.edited, mode, self.ds_id)]
        if self.selection.pinned:
            words += [says(","), press("unpin_all", "unpin all")]
        return words

    def _score_names(self) -> dict[str, str]:
        return {score.name: score.said("").strip().removesuffix(" of") for score in all_scores()}

    def _say(self, shown: list[Member], series: Any) -> str:
        if not shown or not len(series.epochs):
            return f"no {clean(self.metric)} of any instance yet"
        hardest = ", ".join(
            f"{index_text(member.index)} {number(member.score)}" for member in shown if member.group == 0
        )
        return f"{clean(self.metric)} of {len(shown)} instances after epoch {int(series.epochs[-1])}; hardest {hardest}"

    def summary(self) -> str:
        """Say in one line what is shown."""
        return self._summary

    def brief(self) -> Brief:
        """Say in a few words which instance is the hardest now, also while the chart is not drawn."""
        mode = mode_to_show(self.tracker, self.metric, self.mode)
        if mode is None:
            return Brief("nothing recorded yet")
        hard, _ = self._ranker.rank(self.tracker, self._asked(mode))
        if not len(hard.index):
            return Brief("nothing ranked yet")
        first = f"hardest {index_text(hard.index[0])} {number(float(hard.scores[0]))}"
        return Brief(first, tuple(key_of(index) for index in hard.index))

    def figure(self, dark: bool = False) -> Any:
        """Make the same chart without a browser."""
        from xai_widgets import figures

        mode = mode_to_show(self.tracker, self.metric, self.mode) or self.mode
        hard, easy = self._ranker.rank(self.tracker, self._asked(mode))
        shown = members(hard, easy, self.selection.pinned, self.selection.indices)
        series = self.tracker.instance_series(
            [member.index for member in shown], self.metric, mode=mode, ds_id=self.ds_id
        )
        return figures.instance_history(
            series,
            hard=hard,
            easy=easy,
            pictures=self._thumbs.samples,
            label_names=self.tracker.label_names,
            highlight=next(iter(self.selection.indices), None),
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
        elif name == "by":
            self.by = one_of(value, [*_scores(), self.by])
        elif name in ("n_max", "n_min"):
            setattr(self, name, int(one_of(value, range(_MOST + 1))))
        else:
            super()._chose(name, value)

    def _row(self, key: str, *, second: bool) -> None:
        if key not in self._keys:
            self._refuse({"row": key})
            return
        index = self._keys[key]
        if second:
            pinned = self.selection.pinned
            self.indices = tuple(i for i in pinned if i != index) if index in pinned else (*pinned, index)
        else:
            self.selected = () if self.selection.indices == (index,) else (index,)

    def _pressed(self, action: str) -> None:
        if action == "unpin_all":
            self.indices = ()
        else:
            super()._pressed(action)

    def _share(self, **fields: Any) -> None:
        self.selection.change(**fields, source=self)

    def _selection_changed(self, selection: Selection, changed: frozenset[str], source: object) -> None:
        if changed & {"indices", "pinned"}:
            self.selected, self.indices = selection.indices, selection.pinned
            self.redraw()

    def _close_parts(self) -> None:
        self._thumbs.close()


def _scores() -> list[str]:
    return [score.name for score in all_scores() if not score.needs]
