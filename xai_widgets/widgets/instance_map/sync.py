"""The live part of the instance map: its traits, and when what is sent to the browsers that show it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import anywidget
import numpy as np
import traitlets

from xai_widgets.live import Publisher
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.widgets.instance_map.client_state import Controls, MapModel, Message
from xai_widgets.widgets.instance_map.handlers import Hearing, filters_from
from xai_widgets.widgets.instance_map.protocol import Filters, ProtocolError, rows_of
from xai_widgets.widgets.instance_map.score_source import Index, Source, known_scores, score_text
from xai_widgets.widgets.instance_map.traits import FilterSet, IndexValues
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.lifetime import Lifetime
from xai_widgets.widgets.view.menus import edited_itself
from xai_widgets.widgets.view.selection import Selection

_SMALL: Final = 50_000  # up to this many rows points move within an epoch, too
_BYTES_PER_SECOND: Final = 100_000.0
_UNHEARD: Final = 64_000_000  # so many bytes without a sign of life from a browser: nobody is there


def _rows_to_browser(_value: Any, view: Any) -> bytes:
    return bytes(view.selected_rows.astype("<i4").tobytes())


def _rows_from_browser(value: Any, view: Any) -> Any:
    try:
        return view.source.values_at(rows_of(value, view.source.n))
    except ProtocolError as problem:
        view.hearing.refuse(problem)
        return view.selected


class LiveMap(anywidget.AnyWidget):
    """Sends the picture of a tracker's instances, and then what changes.

    Attributes
    ----------
    model
        What the browsers have.
    source
        Where it comes from.
    stamp
        Grows whenever scores were read anew.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    selected = IndexValues().tag(sync=True, to_json=_rows_to_browser, from_json=_rows_from_browser)
    _selected_from = traitlets.Unicode("").tag(sync=True)
    x = traitlets.Unicode("variability")
    y = traitlets.Unicode("confidence")
    color = traitlets.Unicode("label")
    size = traitlets.Unicode(None, allow_none=True)
    mode = traitlets.Enum(("train", "eval", "test", "infer"), "train")
    view = traitlets.Enum(("map", "history"), "map")
    metric = traitlets.Unicode("")
    sort = traitlets.Unicode("mean")
    descending = traitlets.Bool(True)
    filters = FilterSet()
    title = traitlets.Unicode("")
    height = traitlets.Int(380, min=120, max=4000)
    paused = traitlets.Bool(False)
    edited = traitlets.Union([traitlets.Tuple(), traitlets.Dict()])
    beside_state = traitlets.Any(None, allow_none=True).tag(sync=True)
    beside_asked = traitlets.Int(0).tag(sync=True)
    behind = False  # whether another tab of the dashboard lies over it
    _life: Lifetime
    _complete = False  # a map that was refused its arguments has nothing to close

    def _begin(
        self,
        tracker: Any,
        mode: str,
        ds_id: str | None,
        samples: Any,
        publisher: Publisher | None,
        selection: Selection | None,
        explained: Any = None,
    ) -> None:
        """Set up what the traits need before they get their values."""
        self.tracker, self._ds_id = tracker, ds_id
        self.model, self.source = MapModel(), Source(tracker, mode, ds_id, explained)
        self.selected_rows: Any = np.zeros(0, np.int64)
        self.stamp = 0
        self.hearing = Hearing(self, samples)
        self._life = Lifetime(self, publisher, selection)
        self.publisher, self.selection = self._life.publisher, self._life.selection
        self._lock = threading.RLock()
        self._cause = ""  # the window that asked for what is sent next
        self._dirty: set[str] = set()
        self._ended = self._drawn_ended = 0
        self._next_look = 0.0
        self._unheard = 0
        self._meta: dict[str, Any] = {}
        tell_in_child(self)

    def in_child(self) -> None:
        """Be free of what other threads held in the parent of a forked child."""
        self._lock = threading.RLock()

    @property
    def _closed(self) -> bool:
        return not self._complete or self._life.closed

    # ---- checks

    @traitlets.validate("x", "y", "color", "size", "sort")
    def _check_score(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if (
            value in known_scores()
            or (name == "color" and value == "label")
            or (name == "size" and value is None)
        ):
            return value
        raise ValueError(f"{name} is {clean(value, 60)!r}; one of {', '.join(known_scores())} is expected")

    @traitlets.validate("selected")
    def _check_selected(self, proposal: Any) -> tuple[Index, ...]:
        value: tuple[Index, ...] = proposal["value"]
        if not hasattr(self, "source"):
            return value
        with self._lock:
            if value and self.source.n == 0:
                self.source.reload()
            rows = self.source.find(value)
            if (rows < 0).any():
                unknown = value[int(np.argmax(rows < 0))]
                raise ValueError(
                    f"there is no instance {clean(unknown, 60)!r} in mode {self.mode!r}, which has {self.source.n}"
                )
            self.selected_rows = rows
        return value

    # ---- drawing

    def draw(self) -> int:
        """Send what is new to the browsers that show this map; gives the bytes sent."""
        if self._closed:
            return 0
        with self._lock:
            self._follow_selection()
            self.hearing.catch_up()
            if self.paused or self.behind or not self.hearing.clients or self._unheard > _UNHEARD:
                return 0
            return self._refresh()

    def _refresh(self) -> int:
        now = time.monotonic()
        ended, due = self._ended > self._drawn_ended, now >= self._next_look
        if "mode" in self._dirty or not self.model.stream:
            return self._restart()
        if (ended or due) and self.source.size_now() != self.model.n:
            return self._restart()
        sent = 0
        if "explained" in self._dirty:
            self._dirty.discard("explained")
            self.source.probe()
            fresh = [*self.model.positions(self.source, self._controls), *self.model.flags(self.source)]
            sent += self._send_delta(fresh, self._metadata())
        if ended or self._dirty & {"x", "y", "color", "size"} or (due and self.model.n <= _SMALL):
            sent += self._send_positions(ended)
        meta = self._metadata()
        if self._dirty or meta != self._meta:
            sent += self._send_delta([], meta)
        self._dirty.clear()
        self._cause = ""
        if due or sent:
            self._rest(now, sent)
        return sent

    def _rest(self, since: float, sent: int) -> None:
        """Look again when this look has cost a twentieth of the time, and its bytes are paid."""
        spent = time.monotonic() - since
        self._next_look = since + max(1.0, 20 * spent, sent / _BYTES_PER_SECOND)

    def _send_positions(self, ended: bool) -> int:
        """Positions first, so that points glide when an epoch ends; then what the filters need, or of few rows both at once."""
        self._drawn_ended = self._ended
        self.stamp += 1
        if ended and self._ended <= 2:
            self.source.probe()
        columns = self.model.positions(self.source, self._controls)
        at_once = ended and self.model.n <= _SMALL
        if at_once:
            columns = [*columns, *self.model.flags(self.source, self._controls)]
        sent = self._send_delta(columns, self._metadata()) if columns or self._dirty else 0
        self._dirty.clear()
        if ended and not at_once:
            more = self.model.flags(self.source, self._controls)
            sent += self._send_delta(more, self._metadata()) if more else 0
        self.source.forget_scores()
        return sent

    def _restart(self) -> int:
        """Begin anew: other rows, or another mode."""
        now = time.monotonic()
        if self.source.mode != self.mode:
            self.source = Source(self.tracker, self.mode, self._ds_id, self.source.explained)
        self._drawn_ended = self._ended
        self.stamp += 1
        self.model.restart(self.source, self._controls)
        self._replace_selected()
        self._follow_selection()  # what was selected elsewhere before there were rows
        self._dirty.clear()
        self._cause = ""
        self._meta = self._metadata()
        sent = self.say(self.model.snapshot("", self._meta))
        if self.selected:
            self.send_state("selected")
        more = self.model.flags(self.source, self._controls)
        sent += self._send_delta(more, self._metadata())
        self.source.forget_scores()
        self._rest(now, sent)
        return sent

    def _replace_selected(self) -> None:
        """Find the selected in the new order of rows; those that are not there are selected no more."""
        rows = self.source.find(self.selected)
        if (rows < 0).any():
            self.selected = tuple(v for v, row in zip(self.selected, rows.tolist(), strict=True) if row >= 0)
        else:
            self.selected_rows = rows

    def _follow_selection(self) -> None:
        """Take over what other views selected."""

    def _send_delta(self, columns: list[Any], meta: dict[str, Any]) -> int:
        self._meta = meta
        return self.say(self.model.delta(columns, self._cause, meta))

    def say(self, said: Message) -> int:
        """Send a message to every window; gives its bytes."""
        content, buffers = said
        if self._closed:
            return 0
        self.send(content, buffers)
        sent = sum(map(len, buffers)) + 600
        self._unheard += sent
        return sent

    @property
    def _controls(self) -> Controls:
        return Controls(self.x, self.y, self.color, self.size)

    def metric_shown(self) -> str:
        """Name the metric of the history: the one asked for once it is recorded, else the loss."""
        return self.metric if self.metric in self.source.metrics else self.source.metric

    def sorting(self) -> tuple[str, Callable[[], Any]]:
        """Name the score rows are sorted by, and give what reads it."""

        def read() -> Any:
            if self.sort in self.model.values:
                return self.model.values[self.sort]
            values = self.source.score(self.sort)
            return np.full(self.model.n, np.nan) if values is None else values

        return self.sort, read

    def _metadata(self) -> dict[str, Any]:
        tracker, metric = self.tracker, self.source.metric
        notes = [note for note in self.model.notes.values() if note]
        return {
            **self.model.meta(self._controls, self.source.tracker.metric(metric)),
            "title": clean(self.title, 120),
            "mode": self.mode,
            "modes": list(tracker.modes),
            "status": tracker.status,
            "epoch": int(tracker.epoch),
            "epochs": tracker.epochs,
            "view": self.view,
            "scores": [{"name": name, "text": score_text(name, metric)} for name in self.source.scores()],
            "metrics": list(self.source.metrics)[:100],
            "metric": self.metric_shown(),
            "sort": self.sort,
            "descending": self.descending,
            "filters": self._filters().as_dict(),
            "samples": self.hearing.samples is not None,
            "pin": self._shared or bool(self._callbacks["pin"]),
            "explain": self._shared or bool(self._callbacks["explain"]),
            "review": bool(self._callbacks["review"]),
            "height": self.height,
            "note": clean(notes[0], 300) if notes else "",
            "suspects": self.model.suspects,
            "edited": edited_itself(self.edited, self.mode, self._ds_id),
        }

    def _filters(self) -> Filters:
        return filters_from(self, self.filters)
