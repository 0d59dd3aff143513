"""Masks of pictures: as they are, and laid over the picture."""

from __future__ import annotations

from xai_widgets.widgets.saliency.kinds.registry import Look

PICTURE = Look("picture", lambda mask: mask, laid_over=True)
