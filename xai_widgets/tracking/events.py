"""Callbacks that can never stop training."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

FAILURES_ALLOWED = 3


class Subscription:
    """What `subscribe` and `on_safe_point` return; `cancel()` ends it."""

    def __init__(self, owner: Callbacks, callback: Callable[..., Any]) -> None:
        self._owner = owner
        self.callback = callback
        self.failures = 0

    def cancel(self) -> None:
        """Call the callback no more; calling this twice does nothing."""
        self._owner.remove(self)

    @property
    def active(self) -> bool:
        """Whether the callback is still called."""
        return self in self._owner.subscriptions


class Callbacks:
    """A list of callbacks, each isolated from the others and from the caller.

    Parameters
    ----------
    report
        Told, as text, what went wrong.
    """

    def __init__(self, what: str, report: Callable[[str], None]) -> None:
        self.subscriptions: tuple[Subscription, ...] = ()
        self._what = what
        self._report = report
        self._lock = threading.Lock()

    def add(self, callback: Callable[..., Any]) -> Subscription:
        """Register a callback."""
        if not callable(callback):
            raise TypeError(f"{self._what} expects a callable; got {type(callback).__name__}")
        subscription = Subscription(self, callback)
        with self._lock:
            self.subscriptions = (*self.subscriptions, subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Drop a subscription."""
        with self._lock:
            self.subscriptions = tuple(s for s in self.subscriptions if s is not subscription)

    def after_fork(self) -> None:
        """In a forked child: whoever held the lock is not there."""
        self._lock = threading.Lock()

    def call(self, *args: Any) -> None:
        """Call all; one that fails three times in a row is dropped, and reported."""
        for subscription in self.subscriptions:
            try:
                subscription.callback(*args)
                subscription.failures = 0
            except Exception as error:
                self._failed(subscription, error)

    def _failed(self, subscription: Subscription, error: Exception) -> None:
        subscription.failures += 1
        name = getattr(subscription.callback, "__qualname__", repr(subscription.callback))
        dropped = subscription.failures >= FAILURES_ALLOWED
        if dropped:
            self.remove(subscription)
        end = f"; it failed {FAILURES_ALLOWED} times in a row and is called no more" if dropped else ""
        self._report(f"{self._what} {name} failed with {type(error).__name__}: {error}{end}")
