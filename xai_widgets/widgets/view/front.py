"""The browser side of a panel: one small anywidget that draws head line, legend and notices.

Its state mirrors ``js/src/panel/state.ts``. What the browser sends is input: `parse` lets through what is well formed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal

import anywidget
import traitlets

NO_STRIP: Final[dict[str, Any]] = {
    "level": "",
    "text": "",
    "right": "",
    "hint": "",
    "progress": None,
    "details": "",
    "action": None,
}
_LONGEST: Final = 400


@functools.cache
def bundle(name: str) -> str:
    """Read a built front-end module, once; as text, because a path would never be collected."""
    return (files("xai_widgets") / "static" / f"{name}.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Message:
    """One checked message of the browser.

    Attributes
    ----------
    kind
        "view": a new picture of this widget appeared in a browser; "word": a choice; "action": a button;
        "row": a row or its line was picked, or its second button; "tab": a tab was chosen;
        "place": how a page lays a dashboard out; "beat": the number of a redraw it has seen.
    name, value
        What was chosen or pressed, and the choice; of a place the page's own name and the layout.
    width, height
        Of a place: the visible room in CSS pixels.
    dark, ratio, fresh
        Of a view: its theme, device pixels per CSS pixel, and whether it has just appeared (or changed its theme).
    """

    kind: Literal["view", "word", "action", "row", "beat", "tab", "place"]
    name: str = ""
    value: str = ""
    dark: bool = False
    ratio: float = 1.0
    fresh: bool = False
    width: int = 0
    height: int = 0


def parse(content: object) -> Message | None:
    """Check a message of the browser; None where it is not one of ours."""
    if not isinstance(content, Mapping):
        return None
    kind, name, value = content.get("type"), content.get("name"), content.get("value")
    if kind == "view":
        return _view(content.get("dark"), content.get("ratio"), content.get("fresh"))
    if kind == "word" and _short(name) and _short(value):
        return Message("word", str(name), str(value))
    if kind in ("action", "tab") and _short(name):
        return Message(kind, str(name))
    if kind == "place" and _short(name):
        return _place(str(name), value, content.get("width"), content.get("height"))
    if kind == "beat" and isinstance(name, str) and name.isdecimal() and len(name) <= 15:
        return Message("beat", name)
    key, how = content.get("key"), content.get("how")
    if kind == "row" and _short(key) and how in ("pick", "second"):
        return Message("row", str(key), str(how))
    return None


def _view(dark: object, ratio: object, fresh: object) -> Message | None:
    if not (isinstance(dark, bool) and isinstance(fresh, bool)):
        return None
    if isinstance(ratio, bool) or not isinstance(ratio, int | float):
        return None
    if not (math.isfinite(ratio) and 0.1 <= ratio <= 20):
        return None
    return Message("view", dark=dark, ratio=float(ratio), fresh=fresh)


def _place(page: str, layout: object, width: object, height: object) -> Message | None:
    if layout not in ("grid", "screen", "gone"):
        return None
    sizes = [side for side in (width, height) if type(side) is int and 0 <= side <= 100_000]
    return Message("place", page, str(layout), width=sizes[0], height=sizes[1]) if len(sizes) == 2 else None


def _short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


class Front(anywidget.AnyWidget):
    """Head line, legend, notices and theme of one panel, or the header or the tabs of a dashboard."""

    kind = traitlets.Unicode("panel").tag(sync=True)
    head = traitlets.Dict({"title": "", "words": []}).tag(sync=True)
    tools = traitlets.List([]).tag(sync=True)
    legend = traitlets.Any(None, allow_none=True).tag(sync=True)
    thumbs = traitlets.Dict({}).tag(sync=True)
    strip = traitlets.Dict(NO_STRIP).tag(sync=True)
    empty = traitlets.Any(None, allow_none=True).tag(sync=True)
    run = traitlets.Any(None, allow_none=True).tag(sync=True)
    palette = traitlets.List([]).tag(sync=True)
    dashes = traitlets.List([]).tag(sync=True)
    summary = traitlets.Unicode("").tag(sync=True)
    beat = traitlets.Int(0).tag(sync=True)
    arrangement = traitlets.Unicode("auto").tag(sync=True)
    check = traitlets.Any(None, allow_none=True).tag(sync=True)
    beside = traitlets.Any(None, allow_none=True).tag(sync=True)
    tabs = traitlets.List([]).tag(sync=True)
    tab = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._esm = bundle("panel")
        super().__init__(**state)
        self.add_class("xaiw-front")

    def put(self, **state: Any) -> int:
        """Set what differs, in one message; gives the bytes it takes, roughly."""
        return put(self, state)


def put(widget: anywidget.AnyWidget, state: Mapping[str, Any]) -> int:
    """Set what differs of a widget's state, in one message; gives the bytes it takes, roughly."""
    changed = {name: value for name, value in state.items() if getattr(widget, name) != value}
    if not changed:
        return 0
    with widget.hold_sync():
        for name, value in changed.items():
            setattr(widget, name, value)
    return sum(len(str(value)) for value in changed.values())


class Caption(anywidget.AnyWidget):
    """The line of text above a sample's pictures, the pictures' titles, and their names for screen readers."""

    parts = traitlets.List([]).tag(sync=True)
    names = traitlets.List([]).tag(sync=True)
    titles = traitlets.List([]).tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._esm = bundle("caption")
        super().__init__(**state)
        self.add_class("xaiw-caption")


def says(text: str) -> dict[str, Any]:
    """Make a word of the quiet line that is only read."""
    return {"text": text}


def choice(
    name: str, label: str, value: str, options: list[tuple[str, str]], before: str = ""
) -> dict[str, Any]:
    """Make a word of the quiet line that can be changed; ``options`` are (value, text), ``before`` stands before it."""
    listed = [list(option) for option in options]
    return {"name": name, "label": label, "value": value, "options": listed, "before": before}


def several(
    name: str,
    label: str,
    text: str,
    chosen: Sequence[str],
    options: Sequence[tuple[str, str]],
    before: str = "",
) -> dict[str, Any]:
    """Make a word of which several values are chosen at once; the browser tells which of them was switched."""
    listed = [list(option) for option in options]
    return {
        "name": name,
        "label": label,
        "text": text,
        "chosen": list(chosen),
        "options": listed,
        "before": before,
    }


def press(action: str, text: str, label: str = "", *, off: bool = False) -> dict[str, Any]:
    """Make a word of the quiet line that can be pressed."""
    return {"action": action, "text": text, "label": label, "off": off}
