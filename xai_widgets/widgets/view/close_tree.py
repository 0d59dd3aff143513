"""Closing a widget with everything it is made of: ipywidgets keeps each of them alive until it is closed itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ipywidgets import Widget


def close_tree(root: Any) -> int:
    """Close a widget and all widgets reachable from it (children, layouts, styles, scales, marks).

    Returns
    -------
    int
        How many were closed.
    """
    found: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        if id(widget) in found:
            continue
        found[id(widget)] = widget
        waiting.extend(_parts(widget))
    for widget in found.values():
        Widget.close(widget)
        widget.unobserve_all()
    return len(found)


def _parts(widget: Any) -> Iterator[Any]:
    for name in widget.keys:
        if name == "_canvas_manager":
            continue  # ipycanvas shares it between canvases
        yield from _widgets_in(widget._trait_values.get(name))


def _widgets_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Widget):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _widgets_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _widgets_in(each)
