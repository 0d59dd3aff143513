"""One entry per kind of input."""

from __future__ import annotations

from xai_widgets.samples.kinds.other import OTHER
from xai_widgets.samples.kinds.picture import PICTURE, layout_of
from xai_widgets.samples.kinds.registry import (
    Kind,
    add,
    drawing_of,
    kind_from_outside,
    kind_of,
    named,
    names,
    register,
    unregister,
)
from xai_widgets.samples.kinds.signal import SIGNAL
from xai_widgets.samples.kinds.table import TABLE
from xai_widgets.samples.kinds.text import TEXT

add(PICTURE, TABLE, SIGNAL, TEXT, OTHER)  # in this order they are asked

__all__ = [
    "PICTURE", "Kind", "drawing_of", "kind_from_outside", "kind_of", "layout_of", "named", "names", "register", "unregister",
]  # fmt: skip
