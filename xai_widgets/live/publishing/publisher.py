"""One thread per dashboard writes to the widgets, and nobody else does."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.live.kernel.message_pump import pump_at_safe_points
from xai_widgets.live.publishing.batched_sync import Together
from xai_widgets.live.publishing.flow_control import Echo
from xai_widgets.live.publishing.redraw_limiter import Pacing
from xai_widgets.live.publishing.stats import Traffic, View

if TYPE_CHECKING:
    from xai_widgets.tracking import Tracker
    from xai_widgets.tracking.events import Subscription

Task = Callable[[], object]
_MAX_FAILURES = 3
_log = logging.getLogger("xai_widgets.live")
_open: weakref.WeakSet[Publisher] = weakref.WeakSet()


class Publisher:
    """Writes to the widgets of one dashboard, from one thread, at a bounded rate.

    Training threads only append to trackers; this thread notices and lets the views draw. What comes from
    the browser is queued here and run between draws, the latest of each key only.

    Parameters
    ----------
    draws_per_second : float, default 4
        Upper bound for redraw passes.
    bytes_per_second : float, default 100,000
        Upper bound for what draws send on average. A draw that sends more delays the next ones (by three
        seconds at most).
    """

    def __init__(self, draws_per_second: float = 4.0, bytes_per_second: float = 100_000.0) -> None:
        self.pacing = Pacing(draws_per_second, bytes_per_second)
        self.traffic = Traffic()
        self.echo = Echo()
        self.together = Together()
        self._beat: Callable[[int], object] | None = None
        self._wake = threading.Condition()
        self._inputs: dict[object, Task] = {}
        self._posted: dict[object, Task] = {}
        self._paced: dict[object, Task] = {}
        self._views: list[View] = []
        self._dirty: set[int] = set()
        self._failures: dict[object, int] = {}
        self._trackers: dict[int, tuple[Tracker, int, Subscription]] = {}
        self._asked = 0  # flushes asked for, and the last one that is done
        self._done = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self._forget_cells = cells.on_end(self._cell_ended)
        _open.add(self)
        tell_in_child(self)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def watch(self, tracker: Tracker) -> None:
        """Redraw the views whenever this tracker has something new, and hear clicks while it trains."""
        if id(tracker) not in self._trackers:
            subscription = tracker.subscribe(lambda _event: self.touch())
            with self._wake:
                self._trackers[id(tracker)] = (tracker, -1, subscription)
            pump_at_safe_points(tracker)
        self.touch()

    def add(self, view: View) -> None:
        """Draw this view with the others from now on, and once at once."""
        with self._wake:
            if view not in self._views:
                self._views.append(view)
        self.touch(view)

    def remove(self, view: View) -> None:
        """Draw this view no more."""
        with self._wake:
            self._views = [kept for kept in self._views if kept is not view]
            self._dirty.discard(id(view))
            self._failures.pop(id(view), None)

    def touch(self, view: View | None = None) -> None:
        """Ask for a redraw of one view, or of all; may be called from any thread."""
        with self._wake:
            self._dirty.update(id(each) for each in ([view] if view is not None else self._views))
            self._start()

    def submit(self, key: object, task: Task) -> None:
        """Run a function on the publisher's thread as soon as possible; a newer one of the same key replaces it."""
        with self._wake:
            if self._closed:
                return
            self.traffic.replaced += self._inputs.pop(key, None) is not None
            self._inputs[key] = task
            self._start()

    def post(self, task: Task, key: object = None) -> None:
        """Run a function on the publisher's thread, in order, and never leave one out.

        Except where a key is given: an earlier one of that key, if it still waits, is dropped for this one.
        """
        with self._wake:
            if self._closed:
                return
            if key is None:
                key = object()
            self.traffic.replaced += self._posted.pop(key, None) is not None
            self._posted[key] = task
            self._start()

    def draw_soon(self, key: object, task: Task) -> None:
        """Run a function with the next redraw pass: for partial results; a newer one of the same key replaces it."""
        with self._wake:
            if self._closed:
                return
            self.traffic.replaced += self._paced.pop(key, None) is not None
            self._paced[key] = task
            self._start()

    def carry(self, beat: Callable[[int], object] | None) -> None:
        """Have passes carry a number to the browser through this function, which writes one widget.

        What the browser sends back goes to ``echo.answered``.
        """
        self._beat = beat

    def on_thread(self) -> bool:
        """Whether the caller is on the publisher's own thread."""
        return threading.current_thread() is self._thread

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was asked for is drawn.

        Parameters
        ----------
        timeout : float, default 5
            Seconds to wait at most.

        Returns
        -------
        bool
            Whether everything was drawn in time.
        """
        if self.on_thread():
            return False
        with self._wake:
            if self._closed or not (self._waiting() or self._thread or self._trackers):
                return True
            self._notice_trackers()
            self._asked += 1
            ticket = self._asked
            self._start()
            return self._wake.wait_for(lambda: self._closed or self._done >= ticket, timeout)

    def close(self) -> None:
        """Draw what is still waiting, then stop the thread; safe to call twice and from any thread.

        What is not done after two seconds is dropped.
        """
        if not self._closed:
            self.flush(2.0)
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            trackers = list(self._trackers.values())
            self._trackers.clear()
        for _, _, subscription in trackers:
            subscription.cancel()
        self._forget_cells()
        _open.discard(self)
        thread = self._thread
        if thread is not None and not self.on_thread():
            thread.join(2.0)
        self._views.clear()
        self._beat = None
        self._inputs.clear()
        self._paced.clear()
        self._posted.clear()

    def in_child(self) -> None:
        """Be closed in a forked child: the page is drawn by the parent."""
        self._closed, self._thread = True, None
        self._wake, self.together = threading.Condition(), Together()
        self._trackers.clear()
        self._views.clear()

    def _start(self) -> None:
        """Wake the thread, made at the first need; the lock is held."""
        if self._closed:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="xai_widgets publisher", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _waiting(self) -> bool:
        return bool(self._inputs or self._posted or self._paced or self._dirty)

    def _cell_ended(self) -> None:
        self.flush(2.0)

    def _notice_trackers(self) -> None:
        """Mark the views when a tracker has grown since the last look; the lock is held."""
        for key, (tracker, seen, subscription) in self._trackers.items():
            version = tracker.version
            if version != seen:
                self._trackers[key] = (tracker, version, subscription)
                self._dirty.update(map(id, self._views))

    def _run(self) -> None:
        while True:
            with self._wake:
                self._notice_trackers()
                asked = self._asked
                urgent = asked > self._done
                if self._closed:
                    self._wake.notify_all()
                    return
                if not (urgent or self._ready()):
                    self._wake.wait(self._pause())
                    continue
            self._answer_waiting()
            self._draw_pass(urgent)
            with self._wake:
                self._done = asked
                self._wake.notify_all()

    def _ready(self) -> bool:
        pause = self._pause()
        return bool(self._inputs or self._posted) or (pause is not None and pause <= 0.0)

    def _pause(self) -> float | None:
        """Seconds to sleep: until the next pass, or until a tracker should be looked at again."""
        pauses = [self.pacing.interval] if self._trackers else []
        now = time.monotonic()
        if self._paced:
            pauses.append(max(self.pacing.pictures(), self.echo.free) - now)
        if self._dirty:
            pauses.append(max(self.pacing.views(), self.echo.free) - now)
        return min(pauses) if pauses else None

    def _picture_due(self, now: float) -> bool:
        """Whether a picture waits and may be drawn; the lock is held."""
        return bool(self._paced) and now >= max(self.pacing.pictures(), self.echo.free)

    def _answer(self, task: Task) -> None:
        self.traffic.answers += 1
        try:
            sent = self._count(task())
        except Exception as problem:
            self._failed(task, problem, getattr(task, "__self__", None))
        else:
            if sent:
                self.pacing.picture_sent(time.monotonic(), sent)

    def _answer_waiting(self) -> None:
        """Run what came from the browser, and what was posted."""
        with self._wake:
            tasks = [*self._posted.values(), *self._inputs.values()]
            self._posted.clear()
            self._inputs.clear()
        if tasks:
            self._answer_all(tasks)

    def _answer_all(self, tasks: list[Task]) -> None:
        def answer() -> None:
            for task in tasks:
                if self._closed:
                    return
                self._answer(task)

        self._send_together(answer)

    def _send_together(self, work: Callable[[], object]) -> None:
        """Do something, and send what it changes at once; the work itself never raises, sending might."""
        try:
            with self.together.held():
                work()
        except Exception as problem:
            self._failed(self, problem, None)

    def _draw_pictures(self) -> None:
        with self._wake:
            paced = list(self._paced.values())
            self._paced.clear()
        self._answer_all(paced)

    def _draw_pass(self, urgent: bool) -> None:
        """Draw pictures and views, each when its time has come, or all of them at once."""
        now = time.monotonic()
        with self._wake:
            pictures = bool(self._paced) if urgent else self._picture_due(now)
            views = self._take_views(now, pictures, urgent)
        if not (pictures or views):
            return
        self.traffic.passes += 1
        self.pacing.pass_starts(now, views=bool(views))
        if pictures:
            self._draw_pictures()
        self._send_together(lambda: self._draw_views(views, now))

    def _take_views(self, now: float, pictures: bool, urgent: bool) -> list[View]:
        """Take the views whose time has come off the list; the lock is held."""
        alone = now >= self.echo.free and now >= self.pacing.views()
        if not (urgent or alone or (pictures and self.pacing.views_too(now))):
            return []
        taken, self._dirty = self._dirty, set()
        return [view for view in self._views if id(view) in taken]

    def _draw_views(self, views: list[View], now: float) -> None:
        started = time.monotonic()
        for view in views:
            if self._closed:
                return
            self._draw(view)
            # an answer does not wait for the views that are left: it joins this pass
            self._answer_waiting()
            if self._paced:
                self._draw_pictures()
        if views:
            self.pacing.views_drawn(time.monotonic(), time.monotonic() - started)
        beat = self._beat
        if beat is not None and (number := self.echo.pass_made(now)) is not None:
            self._answer(lambda: (beat(number), None)[1])

    def _draw(self, view: View) -> None:
        self.traffic.draws += 1
        try:
            sent = self._count(view.draw())
            self._failures.pop(id(view), None)
            self.pacing.views_sent(time.monotonic(), sent)
        except Exception as problem:
            self._failures[id(view)] = self._failures.get(id(view), 0) + 1
            if self._failures[id(view)] >= _MAX_FAILURES:
                self.remove(view)
            self._failed(view, problem, view)

    def _count(self, sent: object) -> int:
        """Count what a draw said it sent; most answers send nothing and say nothing."""
        size = sent if isinstance(sent, int) and not isinstance(sent, bool) else 0
        self.traffic.sent += size
        return size

    def _failed(self, where: object, problem: Exception, view: object) -> None:
        """Tell the view; one that cannot even be told is logged. Training never hears of it."""
        self.traffic.failures += 1
        _log.warning("%r failed", where, exc_info=problem)
        shows = [view] if hasattr(view, "show_problem") else self._views[:1]
        for shown in shows:
            try:
                shown.show_problem(problem)
            except Exception:
                _log.exception("%r could not show its problem", shown)


def _at_exit() -> None:
    for publisher in list(_open):
        publisher.flush(1.0)


atexit.register(_at_exit)
