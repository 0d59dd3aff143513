"""When training is between two steps, and who may do something there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.live.training.background import active_runs

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
        if tracker is not None and tracker.step > 0:  # a view may be made after the training
            self.where = (tracker.epoch, tracker.step)
        self._tracker = tracker
        self._lock = threading.Condition()
        self._work: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._cell = -1
        self._last = 0.0
        self._usual = 0.0  # seconds between two safe points, a running mean
        self._subscription = tracker.on_safe_point(self._reached) if tracker is not None else None
        cells.attach()
        tell_in_child(self)

    def in_child(self) -> None:
        """Forget in a forked child who waits in the parent."""
        self._lock, self._work = threading.Condition(), None

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
        return self._in_the_middle() and not self._stalled(self._last)

    def quiet(self) -> bool:
        """Whether it is sure that nothing trains, or that whoever could is the caller of this.

        A cell that runs may be a training that has not made its first step.
        """
        tracker, thread, here = self._tracker, self._thread, threading.current_thread()
        if self._in_the_middle() and thread is not here:
            return False
        if tracker is not None and tracker.status == "training" and thread is None:
            return False
        if any(run.thread is not here for run in active_runs()):
            return False
        if not cells.running or here is threading.main_thread():
            return True
        # a script is no cell that ends: there the tracker says when training is over
        return not cells.known and tracker is not None and tracker.status in ("ended", "failed")

    def here(self) -> bool:
        """Whether nobody can draw random numbers now but the caller: it is the thread that trains, or nothing trains."""
        return self._thread is threading.current_thread() or self.quiet()

    def do(self, work: Callable[[], None], wanted: Callable[[], bool], strict: bool = False) -> bool | None:
        """Have work done between two steps.

        Parameters
        ----------
        work : callable
            Must not raise.
        wanted : callable
            Asked while waiting; False gives up.
        strict : bool, default False
            Wait for as long as it takes, unless it is sure that nothing trains: for what would disturb a run.

        Returns
        -------
        bool or None
            Whether it was done at a safe point or while nothing trained; False when training gave none for so
            long that it was done here beside it; None when it is no longer wanted.
        """
        with self._lock:
            if self._must_wait(strict):
                self._work = work
                while self._work is work and wanted() and self._must_wait(strict):
                    self._lock.wait(0.2)
                if self._work is not work:
                    return True
                self._work = None
        if not wanted():
            return None
        safe = not self._in_the_middle()
        work()
        return safe

    def _must_wait(self, strict: bool) -> bool:
        return not self.quiet() if strict else self.training()

    def _in_the_middle(self) -> bool:
        """Whether the thread of the last safe point is still between two of them, as far as anybody can tell."""
        thread, tracker = self._thread, self._tracker
        if tracker is None or thread is None or tracker.status != "training" or not thread.is_alive():
            return False
        # a plain loop tells nobody that it is over, but its cell does
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
