"""What changes in one redraw goes to the browser at once."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Held(Protocol):
    """A widget that can wait with sending its state, as all of ipywidgets can."""

    def hold_sync(self) -> AbstractContextManager[None]:
        """Send what changes inside the context at its end, in one message."""


class Together:
    """Has widgets send their state at the end of a redraw, one right after the other.

    A browser lays out and paints the whole page after every message that comes by itself; what comes within a few
    milliseconds is painted once. A widget that changes twice in a redraw sends one message. Messages that are no
    state, such as pixels, are not held back, and so the sizes of canvases must not be either.

    Of the eighty widgets of a dashboard most do not change in a redraw. Their ``hold_sync`` took 2 ms all the same, a third
    of what the publisher did; so what it does is done here, for all of them in one loop.
    """

    def __init__(self) -> None:
        self._plain: weakref.WeakSet[Any] = weakref.WeakSet()
        self._others: weakref.WeakSet[Held] = weakref.WeakSet()
        self._lock = threading.Lock()  # views are made while the first of them is drawn
        self._inside = False

    def add(self, *widgets: Held) -> None:
        """Hold these widgets too, from the next redraw on; only one thread may write them."""
        with self._lock:
            for widget in widgets:
                (self._plain if _is_plain(widget) else self._others).add(widget)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Send what the widgets' state becomes inside this context at its end; may be nested."""
        if self._inside:
            yield
            return
        with self._lock:
            plain, others = list(self._plain), list(self._others)
        self._inside = True
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(_all_held(plain))
                for widget in others:
                    stack.enter_context(widget.hold_sync())
                yield
        finally:
            self._inside = False


def _is_plain(widget: Any) -> bool:
    """Whether a widget holds its state as every version of ipywidgets 8 does."""
    return hasattr(widget, "_holding_sync") and hasattr(widget, "_states_to_send")


@contextlib.contextmanager
def _all_held(widgets: list[Any]) -> Iterator[None]:
    """Do what ``hold_sync`` of ipywidgets does, for many widgets; one that cannot send keeps no other from it."""
    free = [widget for widget in widgets if not widget._holding_sync]
    for widget in free:
        widget._holding_sync = True
    try:
        yield
    finally:
        with contextlib.ExitStack() as sending:
            for widget in reversed(free):
                widget._holding_sync = False
                if widget._states_to_send:
                    sending.callback(_send, widget)


def _send(widget: Any) -> None:
    names = set(widget._states_to_send)
    widget._states_to_send.clear()
    widget.send_state(names)
