"""The instance map: the whole data set in one living picture."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import ipywidgets
import numpy as np
import numpy.typing as npt
import traitlets

from xai_widgets.figures.drawing.edited import Edited, data_name
from xai_widgets.live import Publisher, host, keep_route
from xai_widgets.samples import as_samples
from xai_widgets.widgets.instance_map import answers
from xai_widgets.widgets.instance_map.handlers import filters_for
from xai_widgets.widgets.instance_map.latest import Replaceable
from xai_widgets.widgets.instance_map.protocol import message
from xai_widgets.widgets.instance_map.score_source import Index
from xai_widgets.widgets.instance_map.sync import LiveMap
from xai_widgets.widgets.shortcuts.feed import Feed
from xai_widgets.widgets.view.brief import Brief
from xai_widgets.widgets.view.close_tree import close_tree
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import bundle
from xai_widgets.widgets.view.selection import Selection

_log = logging.getLogger("xai_widgets.widgets")
_CONTROLS: Final = (
    "x", "y", "color", "size", "mode", "view", "metric", "sort", "descending", "filters", "title", "height",
)  # fmt: skip
_DRAWN: Final = 20_000  # points of a still picture


class InstanceMap(LiveMap):
    """One point per instance, any two scores as axes; or the history of all instances as a heat map.

    Zoom, pan, hover and lasso work in the browser, also while a cell runs. After every epoch only quantised new values
    travel: two bytes per instance and axis at most, less where less changed.

    Parameters
    ----------
    tracker : Tracker
        What to show.
    x, y : str, default "variability", "confidence"
        Scores of ``tracker.dynamics()`` on the axes; the default is the map of dataset cartography.
    color : str, default "label"
        "label", or a score.
    size : str, optional
        A score that sets the points' size.
    mode : str, default "train"
        "train", "eval", "test" or "infer".
    samples : object, optional
        Anything `xai_widgets.samples.as_samples` takes; gives thumbnails.
    view : {"map", "history"}, default "map"
        Points, or instances as rows and epochs as columns.
    metric : str, optional
        Of the history; the loss by default.
    sort : str, default "mean"
        The score the rows of the history are sorted by.
    descending : bool, default True
        The highest first.
    ds_id : str, optional
        Which data set, where a mode has several.
    title : str, optional
        The head line; "All n instances" by default.
    height : int, default 380
        Of the plot, in CSS pixels.
    explained : Explained, str or path-like, optional
        What `xai_widgets.explain` returns, or its folder: its scores become axes, colours and a filter ("rule", "suspicion",
        "mask_in_rule", "explained_probability", "explanation_error", "explanation_gap").
    edited : sequence of int or mapping, optional
        As of `xai_widgets.figures.label_difficulty`: where the mode shown is edited itself, the map says so.

    Attributes
    ----------
    selected : tuple of int or str
        Index values of the selected instances; can be set to any iterable of them. On the wire it is int32 rows.
    filters : dict
        ``label`` (a value or None), ``suspected``, ``never``, ``movers``, ``wrong``, ``shortcut`` (bool: of a suspicious
        rule), ``forgotten`` (at least so often).
    paused : bool
        Whether it stands still while training goes on.

    Raises
    ------
    ValueError
        For a score that does not exist.

    References
    ----------
    Swayamdipta et al., Dataset Cartography: Mapping and Diagnosing Datasets with Training Dynamics, EMNLP 2020.
    """

    def __init__(
        self,
        tracker: Any,
        x: str = "variability",
        y: str = "confidence",
        color: str = "label",
        size: str | None = None,
        mode: str = "train",
        samples: Any = None,
        *,
        view: str = "map",
        metric: str | None = None,
        sort: str = "mean",
        descending: bool = True,
        ds_id: str | None = None,
        title: str | None = None,
        height: int = 380,
        explained: Any = None,
        edited: Edited = (),
        publisher: Publisher | None = None,
        selection: Selection | None = None,
    ) -> None:
        feed = explained if explained is None or isinstance(explained, Feed) else Feed(explained)
        self._feed = None if feed is explained else feed  # one of its own, to be closed with it
        held = None if samples is None else as_samples(samples)
        self._begin(tracker, mode, ds_id, held, publisher, selection, feed)
        self._callbacks: dict[str, list[Callable[..., object]]] = {
            "pin": [], "explain": [], "review": [], "selected": [],
        }  # fmt: skip
        self._shared = selection is not None
        self._label = self.selection.label
        self._following = False  # whether the selection is being taken over from other views
        super().__init__(
            _esm=bundle("instance_map"), x=x, y=y, color=color, size=size, mode=mode, view=view, metric=metric or "",
            sort=sort, descending=descending, title=title or "", height=height,
            edited=dict(edited) if isinstance(edited, Mapping) else tuple(edited),
            layout=ipywidgets.Layout(width="100%", min_width="0"),
        )  # fmt: skip
        for stop in (
            self.selection.listen(self._selection_changed),
            tracker.subscribe(self._told).cancel,
            self.hearing.close,
        ):
            self._life.until_end(stop)
        self.observe(self._control_changed, [*_CONTROLS, "paused", "edited"])
        self.observe(self._other_chosen, "selected")
        self.on_msg(self._hear)
        keep_route(self, self.publisher.post, Replaceable().key)
        self._complete = True
        if self._life.alone:
            self.beside_state = self._life.pane.closed()
            self.observe(self._beside_pressed, "beside_asked")
            self.add_class("xaiw-view")  # by which the page knows a live view of ours
        self._life.begin()
        if feed is not None:
            feed.listen(self._explained_changed)

    # ---- for programs

    def on_selected(self, callback: Callable[[tuple[Index, ...]], object]) -> Callable[[], None]:
        """Call ``callback(indices)`` whenever other instances are selected; returns what ends it."""
        return self._register("selected", callback)

    def on_pin(self, callback: Callable[[tuple[Index, ...]], object]) -> Callable[[], None]:
        """Call ``callback(indices)`` when instances are to be pinned to the history; returns what ends it."""
        return self._register("pin", callback)

    def on_explain(self, callback: Callable[[tuple[Index, ...]], object]) -> Callable[[], None]:
        """Call ``callback(indices)`` when instances are to be explained; returns what ends it."""
        return self._register("explain", callback)

    def on_review(self, callback: Callable[[tuple[Index, ...]], object]) -> Callable[[], None]:
        """Call ``callback(indices)`` when instances are to be reviewed; returns what ends it. Without one none are offered."""
        return self._register("review", callback)

    def _register(self, what: str, callback: Callable[..., object]) -> Callable[[], None]:
        if not callable(callback):
            raise TypeError(
                f"on_{what} expects a function of the index values; got {type(callback).__name__}"
            )
        self._callbacks[what].append(callback)
        self.redraw()  # the browser shows a button only where somebody listens

        def stop() -> None:
            if callback in self._callbacks[what]:
                self._callbacks[what].remove(callback)
                self.redraw()

        return stop

    def export(self, path: str | Path | None = None) -> npt.NDArray[Any]:
        """Return the selected instances, and write them with all their scores.

        Parameters
        ----------
        path : str or path-like, optional
            A CSV file to write: index, label and every score, one row per instance.

        Returns
        -------
        numpy.ndarray
            (K,) index values, int64 or object.
        """
        with self._lock:
            rows = np.sort(self.selected_rows)
            if path is not None:
                Path(path).write_bytes(answers.table_csv(self.source, rows))
            return np.asarray(self.source.index[rows])

    def shown(self) -> tuple[Index, ...]:
        """Return the index values of the instances that the filters leave and that have both scores."""
        with self._lock:
            if not self.model.stream:
                self._restart()
            return self.source.values_at(self.model.shown(self._filters()))

    def summary(self) -> str:
        """Say in one line what is shown; for text terminals and screen readers."""
        what = f"{self.y} by {self.x}" if self.view == "map" else f"history of {self.metric_shown()}"
        return f"{what} of {self.source.size_now():,} instances on {self._where}, {len(self.selected):,} selected"

    @property
    def _where(self) -> str:
        return data_name(self.edited, self.mode, self._ds_id)

    def brief(self) -> Brief:
        """Say in a few words how many instances there are and how many are selected."""
        n, chosen = self.source.size_now(), len(self.selected)
        said = f"{n:,} instances" if n else "nothing recorded yet"
        return Brief(
            f"{said}, {chosen:,} selected" if chosen else said, (n, int(self.tracker.epoch)) if n else ()
        )

    def figure(self, dark: bool = False) -> Any:
        """Make the map without a browser, as a figure of `xai_widgets.figures`; of many points a sample."""
        from xai_widgets import figures

        names = [*dict.fromkeys((self.x, self.y, "label_error"))]
        table = self.tracker.dynamics(self.mode, metric=self.source.metric, ds_id=self._ds_id, columns=names)
        n = len(table)
        kept = np.arange(n) if n <= _DRAWN else np.linspace(0, n - 1, _DRAWN).astype(np.int64)
        columns = {name: np.asarray(table[name])[kept] for name in table.columns}
        return figures.instance_map(
            columns, x=self.x, y=self.y, selected=self.selected[:_DRAWN], label_names=self.tracker.label_names,
            title=self.title or f"All {n:,} instances", where=self._where, dark=dark,
        )  # fmt: skip

    def beside(self) -> None:
        """Show the map in a pane of its own beside the notebook; see `Dashboard.beside`."""
        self._life.beside(self._beside_pressed)

    def _beside_pressed(self, _change: Any = None) -> None:
        self.beside_state = self._life.pane.open(self.title or "All instances")

    def save(self, path: Any) -> Any:
        """Write the map as a picture (".png", ".svg") or a page (".html"); no browser is needed."""
        return self.figure().save(path)

    # ---- from the browser, in the publisher's thread

    def _hear(self, _widget: Any, content: Any, buffers: Any) -> None:
        with self._lock:
            self._unheard = 0
            self.hearing.hear(content, buffers)

    def heard(self) -> None:
        """Note that somebody is there."""
        self._unheard = 0

    def welcome(self, client: str) -> None:
        """Give a window the whole picture."""
        if not self.model.stream:
            self._restart()
        else:
            self.say(self.model.snapshot(client, self._metadata()))
        notice = host().notice
        if notice:
            self.say(message("problem", to=client, text=notice))

    def choose(self, rows: Any, said_by: str) -> None:
        """Take over a selection of the browser."""
        self._selected_from = said_by
        self.selected = self.source.values_at(rows)

    def control(self, name: str, value: Any, client: str) -> None:
        """Set a control as the browser asks.

        Raises
        ------
        ValueError
            For a value that is not allowed.
        """
        if name == "metric" and value not in self.source.metrics:
            raise ValueError(f"no metric {clean(value, 60)!r} was recorded in mode {self.mode!r}")
        self._cause = client
        try:
            setattr(self, name, filters_for(self, value) if name == "filters" else value)
        except traitlets.TraitError as problem:
            raise ValueError(str(problem)) from problem
        self._dirty.add(name)  # also where nothing changed: the window waits for an answer
        self.publisher.touch(self)

    def act(self, action: str, indices: tuple[Index, ...]) -> None:
        """Pin, explain or review instances: tell the shared selection and whoever asked to be told."""
        if not indices:
            return
        if action == "pin":
            self.selection.change(pinned=(*self.selection.pinned, *indices), source=self)
        elif action == "explain":
            self.selection.change(explained=indices, source=self)
        self._call(action, indices)

    def _call(self, what: str, indices: tuple[Index, ...]) -> None:
        for callback in list(self._callbacks[what]):
            try:
                callback(indices)
            except Exception as problem:
                _log.warning("a callback of the instance map failed", exc_info=problem)
                self.show_problem(problem)

    # ---- changes

    def _told(self, summary: Any) -> None:
        if getattr(summary, "kind", "epoch") == "epoch" and summary.mode == self.mode:
            self._ended += 1

    def _explained_changed(self) -> None:
        self._dirty.add("explained")
        self.redraw()

    def _control_changed(self, change: Any) -> None:
        if change["name"] != "paused":
            self._dirty.add(change["name"])
        if change["name"] == "filters":
            self._label = change["new"]["label"]
            self.selection.change(label=self._label, clear_label=self._label is None, source=self)
        self.redraw()

    def _other_chosen(self, change: Any) -> None:
        if not self._following:
            self.selection.change(indices=change["new"], source=self)
        self._call("selected", change["new"])

    def _selection_changed(self, _selection: Selection, _changed: frozenset[str], source: object) -> None:
        if source is not self:
            self.redraw()

    def _follow_selection(self) -> None:
        selection = self.selection
        if selection.label != self._label:
            self._label = selection.label
            self.set_trait("filters", {**self.filters, "label": selection.label})
        wanted = selection.indices
        if wanted == self.selected or not self.model.n:
            return
        rows = self.source.find(wanted).tolist()
        known = tuple(value for value, row in zip(wanted, rows, strict=True) if row >= 0)
        if known != self.selected:
            self._following = True
            try:
                self.selected = known
            finally:
                self._following = False

    def redraw(self, *_: Any) -> None:
        """Ask for a redraw that somebody waits for; may be called from any thread."""
        if self._complete:
            self._life.redraw()

    def show_problem(self, problem: BaseException) -> None:
        """Show an exception where the user looks."""
        _log.debug("%s", "".join(traceback.format_exception(problem)))
        self.say(message("problem", to="", text=clean(f"{type(problem).__name__}: {problem}", 300)))

    # ---- the end

    def close(self) -> None:
        """Close the map; safe to call twice. Its last picture stays in the notebook."""
        if not self._closed and self._life.end():
            if self._feed is not None:
                self._feed.close()
            close_tree(self)

    def __enter__(self) -> InstanceMap:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<InstanceMap: {self.summary()}>"

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return self._life.still.bundle()

    def _ipython_display_(self, **_: Any) -> None:
        self._life.still.display()
