"""A thread that does a tracker's heavier work, so that the training thread need not."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any


class Worker:
    """Calls a bound method of its owner whenever it is woken.

    The thread is a daemon, starts with the first `wake`, and ends when its owner is collected: it holds no reference to
    it while it waits. After a fork the child starts its own.

    Parameters
    ----------
    work
        Bound method to call.
    every
        Call it this often (seconds) without being woken, too; None to wait.
    name
        Name of the thread.
    """

    def __init__(
        self, work: Callable[[], Any], *, every: float | None = None, name: str = "xai-widgets-worker"
    ) -> None:
        self._wake = threading.Event()
        self._work = weakref.WeakMethod(work, lambda _: self._wake.set())
        self._every = every
        self._name = name
        self._thread: threading.Thread | None = None
        self._stopped = False

    def wake(self) -> None:
        """Have the work done soon."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            self._stopped = False
            self._thread = threading.Thread(
                target=_run,
                args=(self._wake, self._work, self._every, self._is_stopped),
                name=self._name,
                daemon=True,
            )
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """End the thread; a later `wake` starts another."""
        self._stopped = True
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait for the thread to end."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _is_stopped(self) -> bool:
        return self._stopped


def _run(
    wake: threading.Event, method: weakref.WeakMethod[Any], every: float | None, stopped: Callable[[], bool]
) -> None:
    while True:
        wake.wait(every)
        wake.clear()
        work = method()
        if work is None or stopped():
            return
        work()
        del work
