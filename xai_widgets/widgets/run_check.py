"""What the header says of the run check: one line that opens."""

from __future__ import annotations

import time
from typing import Any, Final

from xai_widgets.tracking import Check
from xai_widgets.widgets.view.formatting import clean

_MOST: Final = 40
_EVERY: Final = 2.0  # seconds


class RunCheck:
    """Looks at the check of a run now and then: its counters grow with every batch, and nobody reads them so fast."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] | None = None
        self._state: dict[str, Any] | None = None
        self._due = 0.0

    def state(self, tracker: Any) -> dict[str, Any] | None:
        """Return what the header shows; a moment old at most within an epoch."""
        key, now = (tracker.epoch, tracker.status), time.monotonic()
        if key != self._key or now >= self._due:
            self._key, self._due = key, now + _EVERY
            self._state = check_state(tracker.check())
        return self._state


def check_state(check: Check) -> dict[str, Any] | None:
    """Make what the header shows of a check, None where there is nothing to say yet.

    Returns
    -------
    dict or None
        ``level`` ("ok", "open" or "warn"), ``text`` (one line), and ``items``, each with ``level``, ``text`` and
        ``remedy``.
    """
    if not check.items:
        return None
    items = [
        {"level": item.level, "text": clean(item.text, 400), "remedy": clean(item.remedy, 400)}
        for item in check.items[:_MOST]
    ]
    warned = sum(item.level == "warn" for item in check.items)
    if warned:
        text = f"{warned} to look at: {items[0]['text']}"
    else:
        text = "data checked" if check.level == "ok" else "data checked in part"
    return {"level": check.level, "text": clean(text, 160), "items": items}
