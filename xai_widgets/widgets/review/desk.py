"""The browser side of a review: one anywidget that draws the card, the list and the decisions.

Its state mirrors ``js/src/review/state.ts``. What the browser sends is input: `parse` lets through what is well formed; whether
what it names is there is checked by the review.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import anywidget
import traitlets

from xai_widgets.widgets.view.front import bundle, put

DECIDING: Final = ("accept", "keep", "relabel", "exclude")
_ABOUT_ONE: Final = ("go", "skip", "explain", "mark", "through")
_BARE: Final = ("ready", "look", "mark_left", "unmark")
_KEY: Final = 64


@dataclass(frozen=True)
class Told:
    """One checked message of the browser.

    Attributes
    ----------
    kind
        "ready": a page wants the pictures; "look": it was looked at again; "decide"; "go", "skip", "explain", "mark" or
        "through" (mark up to here): about one instance; "step": on or back; "mark_left", "unmark"; "undo" or "redo".
    key
        Of the instance, or of the edit to undo or redo.
    what, label
        The decision, and the key of a label.
    marked
        On how many marked instances it is; 0 for the one on the card.
    by
        1 or -1, of a step.
    """

    kind: str
    key: str = ""
    what: str = ""
    label: str = ""
    marked: int = 0
    by: int = 0


def parse(content: object) -> Told | None:
    """Check a message of the browser; None where it is not one of ours."""
    if not isinstance(content, Mapping):
        return None
    kind, key = content.get("type"), content.get("key")
    if kind in _BARE:
        return Told(str(kind))
    if kind == "step" and type(content.get("by")) is int and content["by"] in (-1, 1):
        return Told("step", by=content["by"])
    if not _short(key):
        return None
    if kind in (*_ABOUT_ONE, "undo", "redo"):
        return Told(str(kind), str(key))
    if kind == "decide":
        return _decide(str(key), content)
    return None


def _decide(key: str, content: Mapping[str, Any]) -> Told | None:
    what, label, marked = content.get("what"), content.get("label", ""), content.get("marked")
    if what not in DECIDING or type(marked) is not int or not 0 <= marked <= 10**9:
        return None
    if (what == "relabel") != bool(label) or not (label == "" or _short(label)):
        return None
    return Told("decide", key, str(what), str(label), marked)


def _short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _KEY


class Desk(anywidget.AnyWidget):
    """Card, list and decisions of a review."""

    card = traitlets.Any(None, allow_none=True).tag(sync=True)
    strip = traitlets.List([]).tag(sync=True)
    labels = traitlets.List([]).tag(sync=True)
    progress = traitlets.Dict({}).tag(sync=True)
    can = traitlets.Dict({}).tag(sync=True)
    log = traitlets.List([]).tag(sync=True)
    effect = traitlets.Dict({}).tag(sync=True)
    said = traitlets.Dict({"text": "", "count": 0}).tag(sync=True)
    empty = traitlets.Any(None, allow_none=True).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    heard = traitlets.Int(0).tag(sync=True)
    call = traitlets.Int(0).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._esm = bundle("review")
        super().__init__(**state)
        self.add_class("xaiw-desk-place")

    def put(self, **state: Any) -> int:
        """Set what differs, in one message; gives the bytes it takes, roughly."""
        return put(self, state)
