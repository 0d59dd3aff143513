"""The still picture of a view: what a saved notebook, a text terminal and nbconvert show."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from typing import Any

from xai_widgets.live import host
from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.training.background import active_runs
from xai_widgets.widgets.view.frozen import frozen_html

_log = logging.getLogger("xai_widgets.widgets")
_EVERY = 60.0  # seconds between two pictures of a run that goes on
_REST = 300.0  # and three hundred times as long as one takes to draw
_VIEW = "application/vnd.jupyter.widget-view+json"


class Still:
    """Shows a view in a notebook together with its picture, and keeps the picture when the view is closed.

    Parameters
    ----------
    view : View
        Its ``figure()``, ``summary()`` and ``model_id`` are used.
    """

    def __init__(self, view: Any) -> None:
        self._view = view
        self._handle: str | None = None
        self._cell: str | None = None
        self._stands_in = False
        self._picture: bytes | None = None
        self._seen: tuple[object, ...] | None = None
        self._due = 0.0

    def bundle(self, *, live: bool = True) -> dict[str, Any]:
        """Return what is put into the notebook: text, PNG and, while it lives, the widget itself."""
        view = self._view
        found: dict[str, Any] = {"text/plain": repr(view)}
        picture = self.picture()
        if picture is not None:
            found["image/png"] = picture
        if live and view.comm is not None:
            found[_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": view.model_id}
        return found

    def picture(self) -> bytes | None:
        """Draw the PNG; None where that fails, because a picture on the side must not stop anything."""
        try:
            made = self._view.figure().png()
        except Exception:
            _log.debug("no still picture of %s", type(self._view).__name__, exc_info=True)
            return None
        return made if isinstance(made, bytes) else None

    def display(self) -> None:
        """Show the view, so that the picture can be replaced later."""
        from IPython.display import display

        self._handle, self._cell = uuid.uuid4().hex, cells.key
        bundle = self.bundle()
        display(bundle, raw=True, display_id=self._handle)
        if host().frontend in ("jupyter", "vscode"):
            self._stands_in, self._seen, self._due = True, self._newest(), time.monotonic() + _EVERY
            display(self._frozen(bundle.get("image/png")), raw=True, display_id=self._handle + "-frozen")

    def freeze(self) -> None:
        """Leave the last picture in the place of the live view."""
        handle, self._handle = self._handle, None
        rerun = self._cell is not None and self._cell == cells.key and cells.running
        if handle is None or rerun or "IPython" not in sys.modules:
            return  # never shown, or the cell that showed it runs again and its output is gone
        from IPython.display import update_display

        update_display(self.bundle(live=False), raw=True, display_id=handle)
        if self._stands_in:
            nothing = {"text/plain": "", "text/html": ""}
            update_display(nothing, raw=True, display_id=handle + "-frozen")

    def refresh(self) -> int:
        """Draw the picture again that stands in for the view once its kernel is gone; gives the bytes sent."""
        if self._handle is None or not self._stands_in or "IPython" not in sys.modules:
            return 0
        from IPython.display import update_display

        started = time.monotonic()
        seen = self._newest()
        picture = self.picture()
        if picture is None or picture == self._picture:
            self._seen = seen
            return 0
        update_display(self._frozen(picture), raw=True, display_id=self._handle + "-frozen")
        ended = time.monotonic()
        self._seen, self._due = seen, ended + max(_EVERY, _REST * (ended - started))
        return 4 * len(picture) // 3

    def refresh_sometimes(self) -> int:
        """Do so once a minute at most, and when the run has ended: for a kernel that dies in the middle of it."""
        if self._handle is None or not self._stands_in or self._seen == self._newest():
            return 0
        status = getattr(self._view.tracker, "status", "")
        return self.refresh() if status in ("ended", "failed") or time.monotonic() >= self._due else 0

    def refresh_after_cell(self) -> None:
        """Do so at the end of a cell that has changed something: now the notebook may be saved."""
        if active_runs():
            self.refresh_sometimes()  # a training in the background changes something under every cell
        elif self._handle is not None and self._seen != self._newest():
            self.refresh()

    def _newest(self) -> tuple[object, ...]:
        tracker = self._view.tracker
        return getattr(tracker, "version", None), getattr(tracker, "status", None), self._view.summary()

    def _frozen(self, picture: bytes | None) -> dict[str, Any]:
        self._picture = picture
        return {"text/plain": "", "text/html": frozen_html(self._view.summary(), picture)}
