"""What the instance map does with the browser's messages. Each is checked first; those that ask are answered."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from xai_widgets.live.kernel.cells import cells
from xai_widgets.widgets.instance_map import answers
from xai_widgets.widgets.instance_map.latest import THUMBS, AtSafePoints, InThread
from xai_widgets.widgets.instance_map.protocol import Filters, ProtocolError, Request, message, parse_request
from xai_widgets.widgets.view.thumbnails import must_wait

_log = logging.getLogger("xai_widgets.widgets")
_ABOUT_ROWS: Final = frozenset({"select", "details", "thumbs", "select_sorted", "act"})
_CLIENTS: Final = 100


class Hearing:
    """Handles the messages of every window that shows a map.

    Parameters
    ----------
    view
        The map.
    samples
        Where pictures come from, or None.

    Attributes
    ----------
    refused
        Messages that were not what the protocol says; each is logged.
    clients
        The windows that showed this map last, newest last.
    """

    def __init__(self, view: Any, samples: Any) -> None:
        self.view, self.samples = view, samples
        self.refused = 0
        self.clients: dict[str, None] = {}
        self.history = answers.History()
        self._in_thread = InThread("xai_widgets map")
        self._at_safe_points = AtSafePoints(view.tracker)
        self._forget_cells = cells.on_end(self.catch_up)

    def hear(self, content: object, buffers: object) -> None:
        """Check a message and act on it."""
        try:
            request = parse_request(content, buffers, self.view.model.n)
        except ProtocolError as problem:
            self.refuse(problem)
            return
        self.clients.pop(request.client, None)
        self.clients[request.client] = None
        if len(self.clients) > _CLIENTS:
            del self.clients[next(iter(self.clients))]
        if request.kind in _ABOUT_ROWS and request.stream != self.view.model.stream:
            return  # about rows that have changed places since; the window has a new snapshot on its way
        getattr(self, f"_{request.kind}")(request)

    def refuse(self, problem: object) -> None:
        """Count and log what cannot be used."""
        self.refused += 1
        _log.warning("the instance map refused a message of the browser: %s", problem)

    # ---- without an answer

    def _ready(self, request: Request) -> None:
        self.view.welcome(request.client)

    def _ack(self, _request: Request) -> None:
        self.view.heard()

    def _select(self, request: Request) -> None:
        self.view.choose(request.rows, f"{request.client} {request.id}")

    def _select_sorted(self, request: Request) -> None:
        order = self.history.order(self.view.stamp, *self._sorting())
        self.view.choose(np.sort(order[slice(*request.span)]), "")

    def _set(self, request: Request) -> None:
        try:
            self.view.control(request.name, request.value, request.client)
        except ValueError as problem:
            self.refuse(problem)
            self.view.say(message("problem", to=request.client, text=str(problem)[:300]))

    def _act(self, request: Request) -> None:
        indices = self.view.source.values_at(request.rows) if len(request.rows) else self.view.selected
        self.view.act(request.name, indices)

    # ---- with one

    def _answer(self, request: Request, kind: str, said: dict[str, Any], buffers: list[bytes]) -> None:
        content, _ = message(kind, to=request.client, id=request.id, **said)
        self.view.say((content, buffers))

    def _details(self, request: Request) -> None:
        row = int(request.rows[0])
        shown = self.view.model.values_at(row)
        self._answer(request, "details", answers.details(self.view.source, row, shown), [])

    def _search(self, request: Request) -> None:
        total, rows = answers.search(self.view.source, request.name)
        self._answer(request, "found", {"total": total}, [rows.astype("<i4").tobytes()])

    def _tile(self, request: Request) -> None:
        view = self.view
        if view.model.n == 0 or not view.source.metrics:
            return
        order = self.history.order(view.stamp, *self._sorting())
        said, buffers = answers.tile(
            view.source, order, request.span, request.bins, view.metric_shown(), view.selected_rows
        )
        self._answer(request, "tile", said, buffers)

    def _sorting(self) -> tuple[Any, bool]:
        return self.view.sorting(), bool(self.view.descending)

    def _csv(self, request: Request) -> None:
        view = self.view
        rows, source = np.sort(view.selected_rows), view.source
        name = f"instances-{view.mode}-epoch-{view.tracker.epoch}.csv"

        def work() -> None:
            data = answers.table_csv(source, rows)
            view.publisher.post(lambda: self._answer(request, "csv", {"name": name}, [data]))

        self._in_background(request, work)

    def _thumbs(self, request: Request) -> None:
        source, rows = self.view.source, request.rows
        wanted = self.samples if request.value else None

        def work() -> None:
            indices = source.values_at(rows)
            pictures: list[Any] = [None] * len(rows)
            if wanted is not None:
                pictures = answers.read_pictures(wanted, indices, lambda: self._in_thread.closed)
            said, buffers = answers.thumbs(source, rows, pictures)
            self.view.publisher.post(lambda: self._answer(request, "thumbs", said, buffers))

        if wanted is not None and self._must_wait():
            self._at_safe_points.submit((request.client, request.id % THUMBS), work)
        else:
            self._in_background(request, work)

    def _must_wait(self) -> bool:
        """Tell whether reading a sample now could take random numbers that training would have got."""
        return must_wait(self.samples, self.view.tracker)

    def catch_up(self) -> None:
        """Do what waits for a safe point once none will come any more: the run has ended, or its cell has."""
        if self._must_wait():
            return
        for key, work in self._at_safe_points.leave():
            self._in_thread.submit(key, partial(self._guarded, work))

    def _in_background(self, request: Request, work: Any) -> None:
        key = (request.kind, request.client, request.id % THUMBS if request.kind == "thumbs" else 0)
        self._in_thread.submit(key, lambda: self._guarded(work))

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception as problem:
            _log.warning("an answer of the instance map failed", exc_info=problem)
            found = problem
            self.view.publisher.post(lambda: self.view.show_problem(found))

    def close(self) -> None:
        """Answer no more."""
        self._forget_cells()
        self._at_safe_points.close()
        self._in_thread.close()


def filters_for(view: Any, filters: Filters) -> dict[str, Any]:
    """Turn filters as they travel into those of Python: a label's value for its code.

    Raises
    ------
    ValueError
        For a label that is not there.
    """
    values = view.source.labels.values
    if filters.label >= len(values):
        raise ValueError(f"there is no label number {filters.label}; there are {len(values)}")
    return {**filters.as_dict(), "label": values[filters.label] if filters.label >= 0 else None}


def filters_from(view: Any, given: dict[str, Any]) -> Filters:
    """Turn Python's filters into those that travel; a label that is not there yet filters nothing."""
    values = view.source.labels.values
    label = given["label"]
    found = [
        i for i, value in enumerate(values) if label == value or (isinstance(value, tuple) and label in value)
    ]
    code = found[0] if label is not None and found else -1
    return replace(Filters(**{**given, "label": -1}), label=code)
