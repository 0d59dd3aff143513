"""Train in a thread, so that the notebook stays free."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.tracking import TrainingStopped

if TYPE_CHECKING:
    from xai_widgets.tracking import Tracker

T = TypeVar("T")
_GRACE = 2  # safe points a loop has to end politely after a request to stop
_log = logging.getLogger("xai_widgets.live")
_active: dict[int, BackgroundRun[Any]] = {}


def active_runs() -> list[BackgroundRun[Any]]:
    """Return the background runs that have not ended."""
    return list(_active.values())


class BackgroundRun(Generic[T]):
    """A training function that runs in a thread; made by `background`.

    Attributes
    ----------
    name : str
        The function's name.
    tracker : Tracker or None
        The tracker whose safe points and stop request it follows.
    thread : threading.Thread
        Where it runs.
    started, ended : float or None
        ``time.time()`` of start and end.
    exception : BaseException or None
        What ended it, None while it runs and when it returned.
    """

    def __init__(
        self, fn: Callable[..., T], args: tuple[Any, ...], kw: dict[str, Any], tracker: Tracker | None
    ) -> None:
        self.name = getattr(fn, "__name__", type(fn).__name__)
        self.tracker = tracker
        self.started = time.time()
        self.ended: float | None = None
        self.exception: BaseException | None = None
        self._fn: Callable[[], T] | None = lambda: fn(*args, **kw)
        self._value: list[T] = []
        self._callbacks: list[Callable[[BackgroundRun[T]], object]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stopping = False
        self._safe_points_left = _GRACE
        self._subscription = tracker.on_safe_point(self._safe_point) if tracker is not None else None
        self.thread = threading.Thread(
            target=self._run, name=f"xai_widgets training {self.name}", daemon=True
        )
        _active[id(self)] = self
        self.thread.start()
        tell_in_child(self)

    def __repr__(self) -> str:
        return f"<BackgroundRun {self.name}: {self.state}, {self.seconds:.0f} s>"

    def in_child(self) -> None:
        """Be over in a forked child, which has no such thread, unless it is this one that forked."""
        if self.running and self.thread is not threading.current_thread():
            self._lock, self._over, self._callbacks = threading.Lock(), threading.Event(), []
            self.exception, self.ended = (
                RuntimeError(f"{self.name} runs in the parent of this process"),
                time.time(),
            )
            _active.pop(id(self), None)
            self._over.set()

    @property
    def running(self) -> bool:
        """Whether the function still runs."""
        return not self._over.is_set()

    @property
    def state(self) -> str:
        """What became of it: "running", "stopping", "returned", "stopped" or "failed"."""
        if self.running:
            return "stopping" if self._stopping else "running"
        if self.exception is None:
            return "returned"
        return "stopped" if isinstance(self.exception, TrainingStopped) else "failed"

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return (self.ended or time.time()) - self.started

    def result(self, timeout: float | None = None) -> T:
        """Wait for the end and return what the function returned.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; None waits for ever.

        Raises
        ------
        TimeoutError
            When it still runs after that time.
        BaseException
            Whatever the function raised; `TrainingStopped` when it was stopped.
        """
        if not self._over.wait(timeout):
            raise TimeoutError(
                f"{self.name} still runs after {self.seconds:.0f} s; stop() ends it between two steps"
            )
        if self.exception is not None:
            raise self.exception
        return self._value[0]

    def stop(self, force: bool = False) -> None:
        """End the training between two steps.

        A loop that honours ``tracker.stop_requested`` (all hooks do) ends by itself and returns its result;
        any other gets `TrainingStopped` raised at its third safe point from now.

        Parameters
        ----------
        force : bool, default False
            Raise `TrainingStopped` wherever the function is, as soon as it runs Python code again: for one
            that reaches no safe point. Without a tracker it is always so.
        """
        if not self.running:
            return
        self._stopping = True
        if self.tracker is not None:
            self.tracker.request_stop()
        if (force or self.tracker is None) and self.thread.ident is not None:
            ident = ctypes.c_ulong(self.thread.ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(TrainingStopped))

    def on_end(self, callback: Callable[[BackgroundRun[T]], object]) -> None:
        """Call this with the run when it has ended (at once if it has); in the training's thread."""
        with self._lock:
            if self.running:
                self._callbacks.append(callback)
                return
        callback(self)

    def _safe_point(self, _epoch: int | None, _step: int | None) -> None:
        if self._stopping and threading.current_thread() is self.thread:
            if self._safe_points_left <= 0:
                raise TrainingStopped(f"{self.name} was stopped")
            self._safe_points_left -= 1

    def _run(self) -> None:
        try:
            if self._fn is not None:
                self._value.append(self._fn())
        except BaseException as problem:
            self.exception = problem
            if not isinstance(problem, TrainingStopped):
                _log.debug("%s failed", self.name, exc_info=True)
        finally:
            self._fn = None  # do not keep the user's model and data for as long as the result
            self._finish()

    def _finish(self) -> None:
        if self._subscription is not None:
            self._subscription.cancel()
        self.ended = time.time()
        _active.pop(id(self), None)
        with self._lock:
            self._over.set()
            callbacks, self._callbacks = self._callbacks, []
        if self.tracker is not None and self.tracker.status == "training":
            self.tracker.finish(self.exception)
        for callback in callbacks:
            try:
                callback(self)
            except Exception:
                _log.exception("a callback after %s failed", self.name)


def background(
    fn: Callable[..., T], *args: Any, tracker: Tracker | None = None, **kw: Any
) -> BackgroundRun[T]:
    """Run a training function in a thread and return at once.

    Parameters
    ----------
    fn : callable
        The training, as you would call it in a cell.
    *args, **kw
        Its arguments.
    tracker : Tracker, optional
        The tracker it records into, for a stop between two steps.

    Returns
    -------
    BackgroundRun
        ``.result()`` waits and returns or raises, ``.stop()`` ends it, ``.running`` tells.

    Raises
    ------
    TypeError
        When ``fn`` is not callable, as in ``background(train())``.
    """
    if not callable(fn):
        raise TypeError(
            f"background() takes the function itself and its arguments, as in background(train, model); "
            f"got {type(fn).__name__} {fn!r:.60}"
        )
    return BackgroundRun(fn, args, kw, tracker)
