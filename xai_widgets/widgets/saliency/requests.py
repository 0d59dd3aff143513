"""The asking half of the saliency panel: which samples, which settings, which job; nothing of how it looks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

import ipywidgets
import numpy as np
import traitlets

from xai_widgets.attribution import methods
from xai_widgets.live import AttributionService, ColumnsRequest, Publisher
from xai_widgets.live.saliency.job import OnProblem
from xai_widgets.widgets.saliency.rows import SampleRows
from xai_widgets.widgets.saliency.texts import SIZES
from xai_widgets.widgets.view.formatting import index_text
from xai_widgets.widgets.view.selection import Index, Selection
from xai_widgets.widgets.view.view import View

ASKING: Final = ("smoothing", "integrating", "noise", "baseline", "target", "columns")


def checked_columns(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of columns, each once.

    Raises
    ------
    ValueError
        If there is none, or one is unknown; the text lists those there are.
    """
    keys = tuple(dict.fromkeys(methods.column_key(key) for key in columns))
    if not keys:
        raise ValueError(f"columns should name at least one of {', '.join(methods.columns())}, got none")
    return keys


class Asking(View):
    """Asks the attribution service for the pictures of the selected samples; the newest question wins.

    Attributes
    ----------
    smoothing, integrating, noise, baseline, target, colormap, following
        The settings, as the arguments of `SaliencyPanel`.
    columns : tuple of str
        The columns of masks, from left to right: keys of `xai_widgets.attribution.methods.columns()`. Default the seed's four,
        ("raw", "smoothed", "integrated", "smint").
    comparing : bool
        Whether pictures of the weights that `compare` set aside stand above those of the newest ones. Default False.
    selected : tuple of int or str
        The instances explained.
    size : {"fit", "small", "large"}
        How large the pictures are; "fit" is as large as there is room for. Default "fit".
    """

    smoothing = traitlets.Int(25, min=0, max=1000)
    integrating = traitlets.Int(100, min=0, max=1000)
    noise = traitlets.Float(0.15, min=0.0, max=1.0)
    baseline = traitlets.Unicode("uniform")
    target = traitlets.Any(None, allow_none=True)
    colormap = traitlets.Unicode("inferno")
    following = traitlets.Bool(True)
    columns = traitlets.Tuple()
    comparing = traitlets.Bool(False)
    selected = traitlets.Tuple()
    size = traitlets.Enum(tuple(SIZES), "fit")

    samples: Any
    service: AttributionService
    _sliders: dict[str, Any]
    _rows: SampleRows

    def __init__(self, tracker: Any, publisher: Publisher | None, selection: Selection | None) -> None:
        super().__init__(tracker, publisher, selection)
        self._first = 0
        self._serial = 0
        self._asked: tuple[Index, ...] = ()
        self._missing: tuple[Index, ...] = ()
        self._job: Any = None
        self._follower: Any = None
        self._result: Any = None
        self._reference: Any = None
        self._reference_job: Any = None
        self._failed: BaseException | None = None
        self._cancelled = False
        self._previewed = False  # whether the samples stand there before there is a result

    @traitlets.default("columns")
    def _default_columns(self) -> tuple[str, ...]:
        return methods.default_columns()

    @traitlets.validate("columns")
    def _check_columns(self, proposal: Any) -> tuple[str, ...]:
        return checked_columns(proposal["value"])

    def _switch_column(self, key: str) -> None:
        """Show a column of masks, at its place in the registry's order, or no longer; the last one stays."""
        order = list(methods.columns())
        if key not in self.columns:
            later = (at for at, one in enumerate(self.columns) if one in order[order.index(key) :])
            place = next(later, len(self.columns))
            self.columns = (*self.columns[:place], key, *self.columns[place:])
        elif len(self.columns) > 1:
            self.columns = tuple(one for one in self.columns if one != key)

    def _show_known(self) -> bool:
        """Show at once what is known of the samples without the network, if they may be read now."""
        return False

    def _show_state(self) -> None:
        """Show what is asked and how far it is."""

    def _arrived(self, serial: int, result: Any) -> int:
        """Show a result; gives the bytes sent."""
        return 0

    def _reference_arrived(self, serial: int, result: Any) -> int:
        """Show a result of the weights set aside; gives the bytes sent."""
        return 0

    def _went_wrong(self, serial: int, problem: BaseException) -> None:
        """Show what went wrong."""

    def get_ready(self) -> None:
        """Have a Keras model's functions traced, so that the first picture does not wait for that."""
        if not self._closed:
            self.service.trace(self._request(()))

    def _ask_soon(self, _change: Any = None) -> None:
        """Ask for the pictures of the newest settings, in the publisher's thread; the latest call wins."""
        if self.children and not self._closed:
            # in a cell that goes on, the publisher's thread could not know that nothing trains
            asked, _ = self._page()
            if asked:
                self.service.prepare(ColumnsRequest(asked))
            self.publisher.submit(("ask", id(self)), functools.partial(self._safely, self._ask))

    def _safely(self, task: Callable[..., Any], *arguments: Any) -> Any:
        """Run a task of the publisher; what it raises is shown in this view and no other."""
        try:
            return None if self._closed else task(*arguments)
        except Exception as problem:
            self.show_problem(problem)
            return None

    def _ask(self) -> None:
        for name, slider in self._sliders.items():
            slider.max = max(slider.max, getattr(self, name))
            slider.value = getattr(self, name)
        if self._first >= max(len(self.selection.explained), 1):
            self._first = 0
        asked, self._missing = self._page()
        if asked != self._asked:
            self._result, self._reference, self._asked = None, None, asked
            self._previewed = bool(asked) and self._show_known()
        self._cancel_job()
        self._serial += 1
        self._failed, self._cancelled = None, False
        if asked:
            self._start(self._request(asked))
        self._rows.stale(self._result is not None)
        self._show_state()

    def _page(self) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
        """Return the instances to show now: those that the samples have, and the others."""
        page = self.selection.explained[self._first : self._first + self._rows.most]
        missing = tuple(index for index in page if not self.samples.has(index))
        return tuple(index for index in page if index not in missing), missing

    def _request(self, asked: tuple[Index, ...]) -> ColumnsRequest:
        target = self._true_labels(asked) if self.target == "true" else self.target
        return ColumnsRequest(
            asked,
            smoothing=self.smoothing,
            integrating=self.integrating,
            noise=self.noise,
            baseline=self.baseline,
            target=None if target == "predicted" else target,
            columns=self.columns,
            weights="newest" if self.following or self._result is None else "same",
        )

    def _true_labels(self, asked: tuple[Index, ...]) -> Any:
        labels = [self._label_of(index) for index in asked]
        unknown = [index for index, label in zip(asked, labels, strict=True) if label is None]
        if unknown:
            raise ValueError(
                f"the true label of {index_text(unknown[0])} is not known; explain another class"
            )
        return np.asarray(labels, np.int64)

    def _label_of(self, index: Index) -> int | None:
        found = self.tracker.label_of(index) if self.tracker is not None else None
        if isinstance(found, int):
            return found
        if getattr(self.samples, "draws_random", False):
            return None
        label = int(self.samples.labels([index])[0])
        return None if label == -1 else label

    def _start(self, request: ColumnsRequest) -> None:
        serial = self._serial

        def arrived(result: Any) -> None:
            task = functools.partial(self._safely, self._arrived, serial, result)
            self.publisher.draw_soon(("result", id(self)), task)

        def failed(problem: BaseException) -> None:
            self.publisher.post(functools.partial(self._safely, self._went_wrong, serial, problem))

        if self.following and not self.paused and self.tracker is not None:
            self._follower = self.service.follow(request, arrived, failed)
        else:
            self._job = self.service.request(request, arrived, failed)
        if self.comparing and self.service.weights is not None:
            self._start_reference(serial, request, failed)

    def _start_reference(self, serial: int, request: ColumnsRequest, failed: OnProblem) -> None:
        """Ask for the same pictures of the weights set aside; the first time those of this moment are."""
        if self.service.pinned is None:
            self.service.pin()

        def arrived(result: Any) -> None:
            task = functools.partial(self._safely, self._reference_arrived, serial, result)
            self.publisher.draw_soon(("reference", id(self)), task)

        asked = replace(request, weights="pinned", key="reference")
        self._reference_job = self.service.request(asked, arrived, failed)

    def compare(self) -> None:
        """Set the newest weights aside, and show their pictures above those of the weights to come."""
        self.comparing = self.following = True
        self.publisher.submit(("compare", id(self)), functools.partial(self._safely, self._set_aside))

    def _set_aside(self) -> None:
        self.service.unpin()
        self._reference = None
        self._ask()

    def _compare_switched(self, change: Any) -> None:
        if change["new"]:
            self._ask_soon()
        else:
            self.publisher.submit(("compare", id(self)), functools.partial(self._safely, self._set_aside))

    def _cancel_job(self) -> None:
        for running in (self._follower, self._job, self._reference_job):
            if running is not None:
                running.cancel()
        self._follower = self._job = self._reference_job = None

    def _running(self) -> bool:
        job = self._follower.job if self._follower is not None else self._job
        return any(each is not None and not each.done for each in (job, self._reference_job))


def sliders_of(panel: Asking) -> dict[str, Any]:
    """Make the sliders; their values live in the panel's traits."""
    most = {"smoothing": 100, "integrating": 200}
    made: dict[str, Any] = {
        name: ipywidgets.IntSlider(
            value=getattr(panel, name), min=0, max=max(most[name], getattr(panel, name)), description=text
        )
        for name, text in (("smoothing", "Smoothing"), ("integrating", "Integration steps"))
    }
    made["noise"] = ipywidgets.FloatSlider(
        value=panel.noise, min=0.0, max=max(0.5, panel.noise), step=0.01, description="Noise"
    )
    return made
