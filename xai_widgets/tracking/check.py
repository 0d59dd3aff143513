"""The run check: what was seen of a run, and what is proved of it.

Whoever knows something (a hook of its indices and losses, a panel of its pictures) is asked for it when somebody looks,
so that knowing costs nothing in a step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

LEVELS = ("ok", "open", "warn")


class CheckItem(NamedTuple):
    """One claim of a run check.

    Attributes
    ----------
    level
        "ok" for what is proved or was only counted, "open" for what nothing proves or refutes, "warn" for what is wrong
        or was not recorded.
    text
        What was seen.
    remedy
        The line to write instead, or "".
    """

    level: str
    text: str
    remedy: str = ""


class Check(NamedTuple):
    """What `Tracker.check` found.

    Attributes
    ----------
    items
        One `CheckItem` for each claim, what needs attention first.
    """

    items: tuple[CheckItem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing needs attention."""
        return all(item.level != "warn" for item in self.items)

    @property
    def level(self) -> str:
        """The worst level of all items, "ok" where there are none."""
        return max((item.level for item in self.items), key=LEVELS.index, default="ok")

    def __str__(self) -> str:
        calm = "; ".join(item.text for item in self.items if item.level != "warn")
        lines = [
            f"! {item.text}" + (f"\n  {item.remedy}" if item.remedy else "")
            for item in self.items
            if item.level == "warn"
        ]
        return "\n".join([*lines, calm] if calm else lines) or "nothing was recorded yet"


class Claims:
    """Those who know something of a run, in the order in which they came."""

    def __init__(self) -> None:
        self._sources: dict[str, Callable[[], Iterable[CheckItem]]] = {}
        self._lock = threading.Lock()

    def add(self, name: str, source: Callable[[], Iterable[CheckItem]]) -> None:
        """Ask `source` for its items from now on, instead of an older one of this name."""
        with self._lock:
            self._sources.pop(name, None)
            self._sources[name] = source

    def check(self, first: Iterable[CheckItem] = ()) -> Check:
        """Ask everybody; one that fails is itself an item."""
        with self._lock:
            sources = list(self._sources.items())
        items = list(first)
        for name, source in sources:
            try:
                items += source()
            except Exception as error:  # the check is only looked at: it stops nothing
                items.append(
                    CheckItem("warn", f"the check of {name} failed: {type(error).__name__}: {error}")
                )
        items.sort(key=lambda item: -LEVELS.index(item.level) if item.level == "warn" else 0)
        return Check(tuple(items))
