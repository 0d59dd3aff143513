"""Pictures along a run: at the end of epochs that are due, views are drawn and handed to writers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from xai_widgets.figures.schedules import Schedule, every
from xai_widgets.figures.views import View, heat_view, instance_view, label_view, map_view
from xai_widgets.figures.writers import Writer

_NAMED: dict[str, Callable[[str], View]] = {
    "labels": lambda metric: label_view(metric),
    "instances": lambda metric: instance_view(metric),
    "map": lambda metric: map_view(),
    "heat": lambda metric: heat_view(metric),
}
_FAILURES_ALLOWED = 3


class Recorder:
    """Draw views at the end of epochs and hand them to writers.

    It works in the thread that ends the epoch, which waits for it. A view or a writer that fails is named in
    ``tracker.problems`` and, after three failures in a row, left out; training goes on.

    Parameters
    ----------
    tracker : Tracker
        What is watched.
    writers : writer or sequence of writers
        FolderWriter, TensorBoardWriter, CallbackWriter, or anything with their methods.
    views : sequence of str, or dict of name to view
        Of "labels", "instances", "map" and "heat"; a dict also takes views of your own: functions of the tracker and
        the epoch's summary that give a figure or None, such as ``saliency_view(model, samples)``, or a pair of a view
        and its own schedule.
    schedule : schedule, optional
        Of ``figures.schedules``; every epoch by default. A run's last epoch is always written.
    modes : sequence of str, optional
        Whose epochs count; all by default.
    metric : str, default "loss"
        The metric of the named views and of the writers' numbers.

    Raises
    ------
    ValueError
        If a view has an unknown name.
    TypeError
        If a writer or a view cannot be used.

    Examples
    --------
    >>> recorder = Recorder(tracker, FolderWriter("pictures"), schedule=schedules.every(5))  # doctest: +SKIP
    """

    def __init__(
        self,
        tracker: Any,
        writers: Writer | Sequence[Writer],
        views: Sequence[str] | Mapping[str, Any] = ("labels", "instances"),
        *,
        schedule: Schedule | None = None,
        modes: Sequence[str] | None = None,
        metric: str = "loss",
    ) -> None:
        self._tracker, self._metric = tracker, metric
        self._writers: list[Writer] = list(writers) if isinstance(writers, Sequence) else [writers]
        for writer in self._writers:
            if not callable(getattr(writer, "figure", None)):
                raise TypeError(f"a writer needs figure(name, figure, summary), got {type(writer).__name__}")
        default = schedule or every(1)
        self._views = {name: (*_view(name, view, metric), default) for name, view in _named(views).items()}
        self._modes = None if modes is None else {modes} if isinstance(modes, str) else set(modes)
        self._titles = [f"writer {type(w).__name__}" for w in self._writers]
        if len(set(self._titles)) < len(self._titles):
            self._titles = [f"{title} {number}" for number, title in enumerate(self._titles, 1)]
        self._failures: dict[str, int] = {}
        self._written: dict[str, tuple[int, Any]] = {}
        self._last: dict[tuple[Any, Any], Any] = {}
        self._subscription = tracker.subscribe(self._on_summary)

    def close(self) -> None:
        """Stop watching and close the writers; calling this twice does nothing."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
            for title, writer in zip(self._titles, self._writers, strict=True):
                self._guarded(title, writer.close)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _on_summary(self, summary: Any) -> None:
        if summary.kind == "status":
            if summary.status in ("ended", "failed"):
                self._write_last()
            return
        if self._modes is not None and summary.mode not in self._modes:
            return
        self._last[summary.mode, summary.ds_id] = summary
        self._numbers(summary)
        for name, (view, own, default) in list(self._views.items()):
            if (own or default)(summary, self._tracker):
                self._draw(name, view, summary)

    def _write_last(self) -> None:
        for summary in self._last.values():
            for name, (view, _, _) in list(self._views.items()):
                if self._written.get(f"{name} {summary.mode} {summary.ds_id}") != summary.epoch:
                    self._draw(name, view, summary)

    def _draw(self, name: str, view: View, summary: Any) -> None:
        self._written[f"{name} {summary.mode} {summary.ds_id}"] = summary.epoch
        figure = self._guarded(f"view {name}", partial(view, self._tracker, summary))
        if figure is None:
            return
        for title, writer in zip(self._titles, self._writers, strict=True):
            self._guarded(title, partial(writer.figure, name, figure, summary))

    def _numbers(self, summary: Any) -> None:
        if self._metric not in summary.metrics:
            return
        series = self._tracker.label_series(self._metric, mode=summary.mode, ds_id=summary.ds_id)
        for title, writer in zip(self._titles, self._writers, strict=True):
            if hasattr(writer, "series"):
                self._guarded(f"{title} (numbers)", partial(writer.series, series, summary))

    def _guarded(self, what: str, call: Callable[[], Any]) -> Any:
        """Call; a failure is reported, and three in a row end that view or writer."""
        if self._failures.get(what, 0) >= _FAILURES_ALLOWED:
            return None
        try:
            result = call()
        except Exception as error:
            count = self._failures[what] = self._failures.get(what, 0) + 1
            end = (
                f"; it failed {count} times in a row and is left out from now on"
                if count >= _FAILURES_ALLOWED
                else ""
            )
            self._tracker.report(f"{what} failed with {type(error).__name__}: {error}{end}")
            return None
        self._failures[what] = 0
        return result


def _named(views: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(views, Mapping):
        return dict(views)
    return {name: name for name in ([views] if isinstance(views, str) else views)}


def _view(name: str, view: Any, metric: str) -> tuple[View, Schedule | None]:
    own: Schedule | None = None
    if isinstance(view, tuple) and len(view) == 2:
        view, own = view
    if isinstance(view, str):
        if view not in _NAMED:
            raise ValueError(
                f"no view {view!r}; there are {', '.join(_NAMED)}, and functions of your own in a dict"
            )
        view = _NAMED[view](metric)
    if not callable(view):
        raise TypeError(
            f"view {name!r} should be a function of tracker and summary, got {type(view).__name__}"
        )
    return view, own
