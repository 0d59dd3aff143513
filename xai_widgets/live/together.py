"""What changes in one redraw goes to the browser at once."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol


class Held(Protocol):
    """A widget that can wait with sending its state, as all of ipywidgets can."""

    def hold_sync(self) -> AbstractContextManager[None]:
        """Send what changes inside the context at its end, in one message."""


class Together:
    """Has widgets send their state at the end of a redraw, one right after the other.

    A browser lays out and paints the whole page after every message that comes by itself; what comes within a few
    milliseconds is painted once. A widget that changes twice in a redraw sends one message. Messages that are no
    state, such as pixels, are not held back, and so the sizes of canvases must not be either.
    """

    def __init__(self) -> None:
        self._widgets: weakref.WeakSet[Held] = weakref.WeakSet()
        self._lock = threading.Lock()  # views are made while the first of them is drawn

    def add(self, *widgets: Held) -> None:
        """Hold these widgets too, from the next redraw on; only one thread may write them."""
        with self._lock:
            self._widgets.update(widgets)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Send what the widgets' state becomes inside this context at its end; may be nested."""
        with self._lock:
            widgets = list(self._widgets)
        with contextlib.ExitStack() as stack:
            for widget in widgets:
                stack.enter_context(widget.hold_sync())
            yield
