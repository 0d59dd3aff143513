"""A pane of JupyterLab beside the notebook, through the kept library for it (sidecar).

Python cannot see whether the page opens one: `js/src/shared/beside.ts` can, shows the view in its cell where none has
appeared within two seconds, and says `how` to have one.
"""

from __future__ import annotations

import time
from typing import Any, Final

from xai_widgets.live import host
from xai_widgets.widgets.view.close_tree import close_tree

_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_INSTALL: Final = 'To see it beside the notebook: pip install "xai-widgets[lab]", then load this page again. It is shown here.'
_OTHER_HOST: Final = (
    "No pane has opened beside the notebook: only JupyterLab with its sidecar extension has them. "
    "It is shown here."
)


def show_inline(view: Any) -> None:
    """Display a view below the running cell, where there is one: the page folds it while it is open beside."""
    if host().frontend not in ("script", "terminal"):
        view._ipython_display_()


class Pane:
    """Opens a view in a pane of its own.

    Parameters
    ----------
    view : ipywidgets.DOMWidget
        What is shown in it.
    """

    def __init__(self, view: Any) -> None:
        self._view = view
        self._sidecar: Any = None

    def closed(self) -> dict[str, Any]:
        """Return the state of a view that nobody wants beside."""
        return {"id": self._view.model_id or "", "asked": 0.0, "how": ""}

    def open(self, title: str) -> dict[str, Any]:
        """Open a pane, in the place of an earlier one; gives the state that tells the page of it."""
        self.close()
        how = _INSTALL
        try:
            from sidecar import Sidecar
        except ImportError:
            pass
        else:
            how = _OTHER_HOST
            data = {_VIEW: {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}}
            shown = {"output_type": "display_data", "data": data, "metadata": {}}
            # its front-end opens the pane as soon as it hears of it, also from a thread and in a busy cell
            self._sidecar = Sidecar(title=title, anchor="split-right", outputs=(shown,))
        return {**self.closed(), "asked": time.time(), "how": how}

    def close(self) -> None:
        """Close the pane, if there is one."""
        sidecar, self._sidecar = self._sidecar, None
        if sidecar is not None:
            close_tree(sidecar)
