"""What a notebook shows in the place of a view whose kernel is gone: its last picture, and a line that says so.

JupyterLab prefers a live widget to the PNG beside it and says "model not found" where it has none. So the picture is an
output of its own, after the view's, that a style sheet shows when no connected view stands before it, and hides otherwise.
"""

from __future__ import annotations

import base64
import html
from typing import Final

_LIVE: Final = ".xaiw-view:not(.jupyter-widgets-disconnected)"
_GONE: Final = f".jp-OutputArea-child:not(:has({_LIVE}))"
STYLE: Final = (
    ".xaiw-frozen{font:13px/1.45 system-ui,sans-serif}.xaiw-frozen img{display:block;max-width:100%}"
    f"{_GONE}+.jp-OutputArea-child .xaiw-frozen{{display:block}}"
    f"{_GONE}:has(+.jp-OutputArea-child .xaiw-frozen){{display:none}}"
)
GONE: Final = "No kernel is connected to this view: its last picture. Run the cell again for a live one."


def frozen_html(summary: str, picture: bytes | None) -> str:
    """Make the output that stands in for a view.

    Parameters
    ----------
    summary : str
        What the view shows, in one line; plain text.
    picture : bytes or None
        A PNG; None where there is none yet.
    """
    said = html.escape(summary)
    source = "" if picture is None else base64.b64encode(picture).decode("ascii")
    image = f'<img alt="{said}" src="data:image/png;base64,{source}">' if source else ""
    return f'<style>{STYLE}</style><div class="xaiw-frozen" hidden><p>{GONE}<br>{said}</p>{image}</div>'
