"""What the header says of the run check: one line that opens."""

from __future__ import annotations

from typing import Any, Final

from xai_widgets.tracking import Check
from xai_widgets.widgets.view.formatting import clean

_MOST: Final = 40


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
