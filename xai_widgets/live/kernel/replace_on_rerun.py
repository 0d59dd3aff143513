"""Running a cell again closes what it made before."""

from __future__ import annotations

import logging
import threading
import weakref
from dataclasses import dataclass
from typing import Any

from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.ipython import forget_output

_log = logging.getLogger("xai_widgets.live")


@dataclass
class _Made:
    what: weakref.ref[Any]
    serial: int


_made: dict[tuple[str, str], list[_Made]] = {}


def replace_earlier(made: Any, kind: str | None = None) -> int:
    """Note that the running cell made this object, and close what an earlier run of the same cell made.

    Several objects of one kind made by one run of a cell live side by side. A cell is known by the
    notebook's id for it, else by its source. Without a cell (a script), or from another thread, nothing is
    ever closed. The object is held weakly.

    Parameters
    ----------
    made : object
        Has ``close()``, which may be called twice.
    kind : str, optional
        What replaces what; the class's name when None.

    Returns
    -------
    int
        How many earlier objects were closed.
    """
    cells.attach()
    cell = cells.key
    if cell is None or threading.current_thread() is not threading.main_thread():
        return 0
    place = (cell, kind or type(made).__qualname__)
    earlier = [entry for entry in _made.get(place, []) if entry.serial != cells.serial]
    now = [
        entry for entry in _made.get(place, []) if entry.serial == cells.serial and entry.what() is not None
    ]
    _made[place] = [*now, _Made(weakref.ref(made), cells.serial)]
    return sum(_close(entry.what()) for entry in earlier)


def _close(earlier: Any | None) -> bool:
    if earlier is None:
        return False
    try:
        earlier.close()
    except Exception:
        _log.exception("%s of an earlier run could not be closed", type(earlier).__qualname__)
        return False
    forget_output(earlier)  # it would stay in memory with its tracker
    return True
