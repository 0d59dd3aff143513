"""Moments in which an interrupt must wait."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Have a keyboard interrupt wait for the end of this block; for the main thread, and for a moment.

    Python raises it between any two instructions, also between taking a message out of a queue and noting where it is.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # ignored, left to the system, or not set from Python
        yield
        return
    came: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *what: came.append(what))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(*came[0])
