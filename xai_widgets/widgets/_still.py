"""The still picture of a view: what a saved notebook, a text terminal and nbconvert show."""

from __future__ import annotations

import logging
import sys
import uuid
from typing import Any

from xai_widgets.live import cells

_log = logging.getLogger("xai_widgets.widgets")
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

    def bundle(self, *, live: bool = True) -> dict[str, Any]:
        """Give what is put into the notebook: text, PNG and, while it lives, the widget itself."""
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
        display(self.bundle(), raw=True, display_id=self._handle)

    def freeze(self) -> None:
        """Leave the last picture in the place of the live view."""
        handle, self._handle = self._handle, None
        rerun = self._cell is not None and self._cell == cells.key and cells.running
        if handle is None or rerun or "IPython" not in sys.modules:
            return  # never shown, or the cell that showed it runs again and its output is gone
        from IPython.display import update_display

        update_display(self.bundle(live=False), raw=True, display_id=handle)
