"""All views of a run in one place, linked by one selection."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import ipywidgets
import traitlets

from xai_widgets.edits import Edits
from xai_widgets.explain import Explained
from xai_widgets.figures import palette
from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.training.safe_points import SafePoints
from xai_widgets.samples import as_samples
from xai_widgets.samples.pictures import LAYOUTS as AXES
from xai_widgets.widgets.arrangement import LAYOUTS, TABS, Arrangement
from xai_widgets.widgets.charts.instance_history import InstanceHistory
from xai_widgets.widgets.charts.label_difficulty import LabelDifficulty
from xai_widgets.widgets.instance_map.widget import InstanceMap
from xai_widgets.widgets.review.widget import Review
from xai_widgets.widgets.run_check import RunCheck
from xai_widgets.widgets.run_progress import Course, run_state
from xai_widgets.widgets.saliency.panel import SaliencyPanel
from xai_widgets.widgets.shortcuts.feed import Feed
from xai_widgets.widgets.shortcuts.view import Shortcuts
from xai_widgets.widgets.view.close_tree import close_tree
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import NO_STRIP, Front, Message
from xai_widgets.widgets.view.menus import one_of
from xai_widgets.widgets.view.mosaic import Mosaic
from xai_widgets.widgets.view.selection import Index, Selection
from xai_widgets.widgets.view.view import View

_log = logging.getLogger("xai_widgets.widgets")
T = TypeVar("T")


class Dashboard(View):
    """All views of a run: how hard is each class, instances over time, all instances, what does it look at.

    Show it first, then train: it fills up by itself. What is selected in one view is selected in all.

    Parameters
    ----------
    tracker : Tracker
        What to show.
    model : torch.nn.Module or keras.Model, optional
        For the saliency panel.
    samples : object, optional
        Anything `xai_widgets.samples.as_samples` takes; gives pictures to legends, map and saliency panel.
    edits : Edits, optional
        Where decisions on instances are written; with it the dashboard has a review, and the map's selection offers one.
    title : str, optional
        Name of the run; by default the model's class.
    metric : str, default "loss"
        The metric of the charts.
    mode : str, default "eval"
        The mode of the label chart.
    bounds : str, default "std"
        The band of the label chart.
    n_max, n_min : int, default 5
        How many of the hardest and of the easiest instances.
    indices : iterable of int or str, default ()
        Instances pinned from the start.
    smoothing, integrating : int, default 25 and 100
        Noise draws and path steps of the saliency.
    saliency : dict, optional
        Further arguments of `SaliencyPanel`: ``noise``, ``baseline``, ``colormap``, ``rows``, ``following``...
    model_fn : callable, optional
        Builds a fresh model of the same architecture, for models that cannot be copied.
    share : float, default 0.06
        Bound for the part by which training's steps may take longer while saliency is computed.
    layout : {"auto", "grid", "screen"}, default "auto"
        "grid" shows all views below and beside each other. "screen" fits them into the height there is: the selected
        sample and its saliency stay in sight, the other views lie behind tabs. "auto" takes the grid where there is room
        for it. A name of an order of axes ("NCHW") is taken for that of the samples.
    sample_layout : str, optional
        The order of axes of the samples, as ``layout`` of `as_samples`.
    explained : Explained, str or path-like, optional
        What `xai_widgets.explain` returns, or its folder, which may be empty still: adds the view "Is it cheating?", and its
        scores to the map.
    **options
        For `as_samples`: ``mean``, ``std``, ``labels``, ``label_names``, ...

    Attributes
    ----------
    selected : tuple of int or str
        The selected instances, in every view; can be set.
    layout : {"auto", "grid", "screen"}
        How the views are laid out; can be set. (The `ipywidgets.Layout` of the outer box is ``box_layout``.)
    tab : {"classes", "instances", "map", "rules", "review"}
        Which of the views is shown where they lie behind tabs; can be set.
    difficulty, history, map, saliency, shortcuts, review
        The views; ``saliency`` is None without model or samples, ``shortcuts`` without ``explained``, ``review`` without
        ``edits``.
    views : list
        All of them, in reading order.
    samples : Samples or None
        Where the pictures come from.

    Examples
    --------
    >>> import xai_widgets as xw
    >>> tracker = xw.Tracker(epochs=20)
    >>> with xw.Dashboard(tracker) as dashboard:
    ...     dashboard.selected = (3, 5)
    """

    selected = traitlets.Tuple()
    tab = traitlets.Enum(tuple(TABS), "instances")
    # what every widget of ipywidgets sends under this name is its box's layout
    layout = traitlets.Enum(LAYOUTS, "auto").tag(
        sync=True,
        to_json=lambda _value, view: f"IPY_MODEL_{view.box_layout.model_id}",
        from_json=lambda _value, view: view.layout,
    )

    def __init__(
        self,
        tracker: Any,
        model: Any = None,
        samples: Any = None,
        *,
        edits: Edits | None = None,
        title: str | None = None,
        metric: str = "loss",
        mode: str = "eval",
        bounds: str = "std",
        n_max: int = 5,
        n_min: int = 5,
        indices: Iterable[Index] = (),
        smoothing: int = 25,
        integrating: int = 100,
        saliency: dict[str, Any] | None = None,
        model_fn: Callable[[], Any] | None = None,
        share: float = 0.06,
        layout: str = "auto",
        sample_layout: str | None = None,
        explained: Any = None,
        **options: Any,
    ) -> None:
        axes = sample_layout if layout in LAYOUTS else layout
        if axes is not None:
            options["layout"] = _checked(axes)
        if options and samples is None:
            raise TypeError(f"{', '.join(sorted(options))} describe samples, but no samples are given")
        held = None if samples is None else as_samples(samples, **options)
        self.box_layout = ipywidgets.Layout()
        super().__init__(tracker, None, None)
        self.title = clean(title or (type(model).__name__ if model is not None else "Training"), 120)
        self._course, self.samples = Course(), held
        self._run_check = RunCheck()
        self._feed = None if explained is None else Feed(explained)
        self._edited: Any = None
        self._edits, self._marked = edits, (-1, -1)
        self._heard = 0  # edits heard of
        self._lacking = _lacking(model, samples)
        self._safe_points = SafePoints(tracker)
        self._subscription = tracker.subscribe(self._course.told)
        self.layout = layout if layout in LAYOUTS else "auto"
        self.front.put(kind="header", arrangement=self.layout)
        self.views: list[Any] = []
        linked: dict[str, Any] = {"publisher": self.publisher, "selection": self.selection}
        wanted = {"smoothing": smoothing, "integrating": integrating, "model_fn": model_fn, "share": share}
        try:
            self.difficulty = self._add(LabelDifficulty(tracker, metric, mode, bounds, **linked), "classes")
            self.history = self._add(
                InstanceHistory(
                    tracker, metric, n_max=n_max, n_min=n_min, indices=indices, samples=held, **linked
                ),
                "instances",
            )
            self.map = self._add(InstanceMap(tracker, samples=held, explained=self._feed, **linked), "map")
            self.saliency: SaliencyPanel | None = None
            if model is not None and held is not None:
                panel = SaliencyPanel(model, held, tracker, **{**wanted, **(saliency or {}), **linked})
                self.saliency = self._add(panel, "answer")
            self.shortcuts: Shortcuts | None = None
            if explained is not None:
                rules = Shortcuts(explained, model, held, tracker, feed=self._feed, **linked)
                self.shortcuts = self._add(rules, "rules")
            self.review: Review | None = None
            if edits is not None:
                self.review = self._add(Review(tracker, edits, held, panel=self.saliency, **linked), "review")
                self.map.on_review(self._review)
                self._edited = edits.subscribe(self._heard_edit)
        except BaseException:
            self.close()  # half a dashboard would stay alive for ever
            raise
        tabs = Front(kind="tabs")
        tabs.on_msg(self._hear)
        behind = {
            "classes": self.difficulty,
            "instances": self.history,
            "map": self.map,
            "rules": self.shortcuts,
            "review": self.review,
        }
        self._arrangement = Arrangement({name: view for name, view in behind.items() if view}, tabs)
        grid = ipywidgets.Box([tabs, *self.views])
        grid.add_class("xaiw-grid")
        self.add_class("xaiw-dashboard")
        if self.saliency is not None:
            self.add_class("xaiw-answers")
        self._present([self.front, grid])
        self._hold(tabs)
        self.observe(self._chosen, "selected")
        self.observe(self._arranged, ["layout", "tab"])
        self._forget_cells = cells.on_end(self.redraw)

    def _add(self, view: T, name: str) -> T:
        self.views.append(view)
        view.add_class(f"xaiw-tab-{name}")  # type: ignore[attr-defined]
        return view

    def _heard_edit(self, _edit: Any) -> None:
        self._heard += 1
        self.redraw()  # the tab says how many are left

    def _mark_edits(self) -> None:
        """Have the charts mark the epochs from which edits are in force, whenever these may be others."""
        now = (self.tracker.epoch, self._heard)
        if self._edits is not None and now != self._marked:
            self._marked = now
            places = {(edit.mode, edit.ds_id) for edit in self._edits.history()}
            marked = {place: self._edits.epochs(mode=place[0], ds_id=place[1]) for place in places}
            self.difficulty.edited = self.history.edited = self.map.edited = marked

    def _drawn_on(self) -> list[Any]:
        return [self._arrangement.front]

    def _draw(self) -> int:
        self._mark_edits()
        run = run_state(
            self.tracker,
            self._course,
            title=self.title,
            training=self._safe_points.training(),
            paused=self.paused,
        )
        checked = self._run_check.state(self.tracker)
        tracker, views = self.tracker, (self.difficulty, self.history)
        key = (
            tracker.epoch, tracker.status, len(tracker.modes), len(self.selection.indices),
            *((view.metric, view.mode, view.ds_id) for view in views),
            None if self.review is None else self.review.progress,
        )  # fmt: skip
        return (
            self.front.put(run=run, check=checked)
            + self._show_strip()
            + self._arrangement.draw(self.tab, key)
        )

    def get_ready(self) -> None:
        """Have the saliency panel begin what would keep its first picture waiting."""
        if self.saliency is not None:
            self.saliency.get_ready()

    def draw(self) -> int:
        """Draw the header; the views draw themselves."""
        return 0 if self._closed else self._draw() + self._life.still.refresh_sometimes()

    def _strip(self) -> dict[str, Any]:
        problems = self.tracker.problems
        if not problems:
            return {**NO_STRIP, "level": "note", "text": self._lacking} if self._lacking else NO_STRIP
        return {
            **NO_STRIP,
            "level": "error",
            "text": clean(problems[-1], 300),
            "details": "\n".join(clean(problem, 300) for problem in problems[-20:]),
        }

    def _pressed(self, action: str) -> None:
        if action == "pause":
            self.paused = not self.paused
        elif action == "stop":
            self.tracker.request_stop()
        else:
            super()._pressed(action)

    def _arrange(self, message: Message) -> None:
        if message.kind == "place":
            self._arrangement.placed(message, self.tab)
            self.redraw()
        else:
            self.tab = one_of(message.name, self._arrangement.names)

    def _review(self, indices: tuple[Index, ...]) -> None:
        if self.review is not None:
            self.tab = "review"
            self.review.take(indices)

    def _arranged(self, _change: Any) -> None:
        self.front.put(arrangement=self.layout)
        self._arrangement.hide_behind(self.tab)
        self.redraw()

    def _pause_switched(self, change: Any) -> None:
        for view in self.views:
            view.paused = change["new"]
        self.redraw()

    def _chosen(self, change: Any) -> None:
        self.selection.change(indices=change["new"], source=self)

    def _selection_changed(self, selection: Selection, changed: frozenset[str], source: object) -> None:
        if "indices" in changed:
            self.selected = selection.indices

    @traitlets.validate("tab")
    def _check_tab(self, proposal: Any) -> Any:
        if proposal["value"] == "rules" and self.shortcuts is None:
            raise traitlets.TraitError("there is no tab 'rules': Dashboard(..., explained=store) has it")
        if proposal["value"] == "review" and self.review is None:
            raise traitlets.TraitError("there is no tab 'review': Dashboard(..., edits=edits) has it")
        return proposal["value"]

    @property
    def pane_title(self) -> str:
        """What stands on the tab of its pane."""
        return self.title

    def summary(self) -> str:
        """Say in one line where the run is."""
        run = self.front.run or {}
        said = [self.title, *(run.get(name) for name in ("state", "epoch", "step"))]
        return ", ".join(str(part) for part in said if part)

    def figure(self, dark: bool = False) -> Mosaic:
        """Make a still picture of all views that have something to show; no browser is needed."""
        parts = []
        for view in self.views:
            try:
                parts.append(view.figure(dark=dark))
            except ValueError as nothing_yet:
                _log.debug("%r is left out of the picture: %s", view, nothing_yet)
        return Mosaic(parts, palette.theme(dark).background)

    def _report(self, path: Any) -> Any:
        from xai_widgets import figures

        self._mark_edits()
        pictures = {}
        if self.saliency is not None and self.saliency.selected:
            pictures["What does it look at?"] = self.saliency.figure()
        return figures.report(
            path,
            self.tracker,
            title=self.title,
            metric=self.history.metric,
            samples=self.samples,
            indices=self.selection.pinned,
            explained=None if self.shortcuts is None else Explained(self.shortcuts.feed.folder),
            edited=self.difficulty.edited,
            figures=pictures,
        )

    def close(self) -> None:
        """Close all views; safe to call twice. The last picture stays in the notebook."""
        if self._closed:
            return
        super().close()
        for view in self.views:
            view.close()

    def _close_parts(self) -> None:
        if self.children:
            self._forget_cells()
        self._subscription.cancel()
        self._safe_points.close()
        if self._edited is not None:
            self._edited.cancel()
        if self._feed is not None:
            self._feed.close()
        close_tree(self.box_layout)


def _checked(axes: str) -> str:
    """Return the name of an order of axes, or say what ``layout`` may be."""
    if axes not in (*AXES, "none"):
        raise ValueError(
            f"layout is {axes!r}; {', '.join(LAYOUTS)} lay out the views, and "
            f"{', '.join(AXES)} or none say in which order the samples' axes are"
        )
    return axes


def _lacking(model: Any, samples: Any) -> str:
    """Say in one line what a dashboard cannot show with what it was given, "" where it shows everything."""
    if model is not None and samples is not None:
        return ""
    if model is None and samples is None:
        missing, lost = "model and samples", "no pictures, and not what the network looks at"
    elif model is None:
        missing, lost = "model", "not what the network looks at"
    else:
        missing, lost = "samples", "no pictures, and not what the network looks at"
    return f"Shows {lost}: pass {missing}, as in Dashboard(tracker, model, samples)."
