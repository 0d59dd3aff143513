"""When a notebook cell runs, and what is to be done when it has ended."""

from __future__ import annotations

import itertools
import logging
import weakref
from collections.abc import Callable
from typing import Any

from xai_widgets.live.kernel import ipython
from xai_widgets.live.kernel.message_queues import send_through_stream

_log = logging.getLogger("xai_widgets.live")


class Cells:
    """Follows IPython's cells: which one runs, and whom to call when it ends, however it ends.

    Outside IPython a script counts as one cell that runs until the interpreter exits.

    Attributes
    ----------
    serial : int
        Grows with every cell that starts.
    running : bool
        Whether a cell runs now (its asynchronous pauses count as running).
    key : str or None
        What tells the cell that runs (or ran last) from others: the notebook's id for it, else its source;
        None outside IPython.
    """

    def __init__(self) -> None:
        self.serial = 0
        self.running = True
        self.key: str | None = None
        self._after: dict[int, Callable[[], Callable[[], object] | None]] = {}
        self._tickets = itertools.count()
        self._shell: Any = None

    @property
    def known(self) -> bool:
        """Whether there are cells at all: False in a script, which nobody can say has ended."""
        return self._shell is not None

    def attach(self) -> None:
        """Register with the running IPython, once; harmless anywhere else."""
        shell = ipython.ipython()
        if shell is None or shell is self._shell or not hasattr(shell, "events"):
            return
        # not post_execute: IPython also triggers that one for every widget message
        shell.events.register("pre_run_cell", self._started)
        shell.events.register("post_run_cell", self._ended)
        self._shell = shell
        self.key = _cell_id() or _key_of(_request().get("content", {}).get("code"))
        send_through_stream(ipython.kernel())  # before the first of our messages

    def on_end(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call a bound method (held weakly) or a function (held strongly) after every cell; returns the undo."""
        self.attach()
        ticket = next(self._tickets)
        bound = getattr(callback, "__self__", None) is not None
        self._after[ticket] = weakref.WeakMethod(callback) if bound else lambda: callback
        return lambda: (self._after.pop(ticket, None), None)[1]

    def _started(self, info: Any = None) -> None:
        self.serial += 1
        self.running = True
        source = getattr(info, "raw_cell", None)
        self.key = getattr(info, "cell_id", None) or _cell_id() or _key_of(source)

    def _ended(self, _result: Any = None) -> None:
        self.running = False
        for ticket, reference in list(self._after.items()):
            callback = reference()
            if callback is None:
                self._after.pop(ticket, None)
                continue
            try:
                callback()
            except Exception:
                _log.exception("a callback after the cell failed")


def _request() -> dict[str, Any]:
    """Return the message that the kernel handles now; empty where there is none."""
    kernel = ipython.kernel()
    parent = kernel.get_parent("shell") if kernel is not None else None
    return parent if isinstance(parent, dict) else {}


def _cell_id() -> str | None:
    """Return the notebook's id of the cell whose execution the kernel handles now."""
    metadata = _request().get("metadata")
    found = metadata.get("cellId") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def _key_of(source: object) -> str | None:
    return f"source:{source}" if source else None


cells = Cells()
