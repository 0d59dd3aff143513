"""What a forked child must not go on with: threads are not there in it, and locks that they held stay locked for ever."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forked(Protocol):
    """What has threads, locks or a line to a browser."""

    def in_child(self) -> None:
        """Make locks anew, and do nothing more: the page belongs to the parent."""


_known: weakref.WeakSet[Forked] = weakref.WeakSet()


def tell_in_child(owner: Forked) -> None:
    """Have `in_child` of this object called in every forked child; it is held weakly."""
    _known.add(owner)


def _after_fork() -> None:
    for owner in list(_known):
        owner.in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
