"""Work for which only the newest of its kind counts: while more is asked for than can be done, the old is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from xai_widgets.live.kernel.forks import tell_in_child

Work = Callable[[], object]
THUMBS: Final = 16  # questions for thumbnails of one window that wait side by side


class InThread:
    """Does work in a thread of its own, which is there while there is any.

    Parameters
    ----------
    name
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self.closed = False
        self._name = name
        self._waiting: dict[Hashable, Work] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        tell_in_child(self)

    def in_child(self) -> None:
        """Do nothing in a forked child."""
        self._lock, self._thread, self.closed = threading.Lock(), None, True

    def submit(self, key: Hashable, work: Work) -> None:
        """Do this soon, instead of what waits under the same key; it must not raise."""
        with self._lock:
            if self.closed:
                return
            self._waiting.pop(key, None)
            self._waiting[key] = work
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                work = self._waiting.pop(next(iter(self._waiting)))
            work()

    def close(self) -> None:
        """Drop what waits, and wait a moment for the thread to end."""
        with self._lock:
            self.closed = True
            self._waiting.clear()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(2.0)


class AtSafePoints:
    """Does work in the training thread, one piece between any two steps.

    Parameters
    ----------
    tracker : Tracker
        Says when it is between two steps.
    """

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker
        self._waiting: dict[Hashable, Work] = {}
        self._lock = threading.Lock()
        self._subscription: Any = None
        tell_in_child(self)

    def in_child(self) -> None:
        """Leave to the parent, in a forked child, what waits there."""
        self._lock = threading.Lock()
        self._waiting.clear()

    def submit(self, key: Hashable, work: Work) -> None:
        """Do this at a safe point, instead of what waits under the same key."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = work
            if self._subscription is None:
                self._subscription = self._tracker.on_safe_point(self._reached)

    def _reached(self, _epoch: int, _step: int) -> None:
        with self._lock:
            work = self._waiting.pop(next(iter(self._waiting))) if self._waiting else None
            done = None if self._waiting else self._subscription
            if done is not None:
                self._subscription = None
        if done is not None:
            done.cancel()
        if work is not None:
            work()

    def leave(self) -> list[tuple[Hashable, Work]]:
        """Hand over what waits, and wait for nothing more."""
        with self._lock:
            waiting, self._waiting = list(self._waiting.items()), {}
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.cancel()
        return waiting

    def close(self) -> None:
        """Drop what waits."""
        with self._lock:
            self._waiting.clear()
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.cancel()


class Replaceable:
    """Tells which messages of the browser, while they wait, a newer one replaces."""

    def __init__(self) -> None:
        self._acts = 0  # on what is selected; a selection before one of them is not replaced by a later one

    def key(self, data: object) -> Hashable | None:
        """Name what a message is about; of those with one name only the newest counts. None where each one counts."""
        content = data.get("content") if isinstance(data, Mapping) else None
        if not isinstance(content, Mapping):
            return None
        client, kind, about = content.get("client"), content.get("kind"), content.get("field")
        if not (isinstance(client, str) and isinstance(kind, str)):
            return None
        if kind == "act":
            self._acts += 1
            return None
        if kind in ("select", "select_sorted"):
            return "select", self._acts
        if kind == "set":
            return (client, kind, about) if isinstance(about, str) else None
        if kind == "thumbs":
            number = content.get("id")
            return (client, kind, number % THUMBS) if isinstance(number, int) else None
        return client, kind
