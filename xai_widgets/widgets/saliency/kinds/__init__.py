"""How masks of each kind of input are shown."""

from __future__ import annotations

from xai_widgets.widgets.saliency.kinds.picture import PICTURE
from xai_widgets.widgets.saliency.kinds.registry import Look, look_of, register, unregister
from xai_widgets.widgets.saliency.kinds.strip import STRIPS

for _look in (PICTURE, *STRIPS):
    register(_look)

__all__ = ["Look", "look_of", "register", "unregister"]
