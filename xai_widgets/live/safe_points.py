"""When training is between two steps, and who may do something there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xai_widgets.live.cells import cells

if TYPE_CHECKING:
    from xai_widgets.tracking import Tracker

STALLED = 5.0  # seconds without a safe point, and thirty steps at least, until nobody waits for one any more


class SafePoints:
    """Has work done by the training thread between two steps, or at once while nothing trains.

    Attributes
    ----------
    seen : int
        Safe points so far; a count of training steps.
    where : tuple of (int or None)
        Epoch and step of the last one.
    """

    def __init__(self, tracker: Tracker | None) -> None:
        self.seen = 0
        self.where: tuple[int | None, int | None] = (None, None)
        self._tracker = tracker
        self._lock = threading.Condition()
        self._work: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._cell = -1
        self._last = 0.0
        self._usual = 0.0  # seconds between two safe points, a running mean
        self._subscription = tracker.on_safe_point(self._reached) if tracker is not None else None
        cells.attach()

    def close(self) -> None:
        """Listen no more, and let go of whoever waits."""
        if self._subscription is not None:
            self._subscription.cancel()
        self.interrupt()

    def interrupt(self) -> None:
        """Have `do` look again whether its caller still wants it."""
        with self._lock:
            self._lock.notify_all()

    def training(self) -> bool:
        """Whether a training is going on, so that another safe point will come."""
        thread, tracker = self._thread, self._tracker
        if tracker is None or thread is None or tracker.status != "training" or not thread.is_alive():
            return False
        if thread is threading.main_thread() and not (cells.running and self._cell == cells.serial):
            return False  # a plain loop tells nobody that it is over, but its cell does
        return not self._stalled(self._last)

    def do(self, work: Callable[[], None], wanted: Callable[[], bool]) -> bool | None:
        """Have work done between two steps.

        Parameters
        ----------
        work : callable
            Must not raise.
        wanted : callable
            Asked while waiting; False gives up.

        Returns
        -------
        bool or None
            Whether it was done at a safe point or while nothing trained; False when training gave none for so
            long that it was done here beside it; None when it is no longer wanted.
        """
        with self._lock:
            if self.training():
                self._work = work
                while self._work is work and wanted() and self.training():
                    self._lock.wait(0.2)
                if self._work is not work:
                    return True
                self._work = None
        if not wanted():
            return None
        quiet = self._thread is None or not self._between(self._thread)
        work()
        return quiet

    def _between(self, thread: threading.Thread) -> bool:
        """Whether the training thread is in the middle of something, as far as anybody can tell."""
        if self._tracker is None or self._tracker.status != "training" or not thread.is_alive():
            return False
        return thread is not threading.main_thread() or (cells.running and self._cell == cells.serial)

    def _stalled(self, since: float) -> bool:
        return time.monotonic() - since > max(STALLED, 30 * self._usual)

    def _reached(self, epoch: int | None, step: int | None) -> None:
        """Run in the training thread at every safe point: about a microsecond while nobody waits."""
        now = time.monotonic()
        if self._thread is not None and now - self._last < STALLED:
            self._usual += 0.1 * (now - self._last - self._usual)
        self._thread, self._cell, self._last = threading.current_thread(), cells.serial, now
        self.where = (epoch, step)
        self.seen += 1
        if self._work is not None:
            with self._lock:
                work, self._work = self._work, None
                if work is not None:
                    work()
                self._lock.notify_all()
