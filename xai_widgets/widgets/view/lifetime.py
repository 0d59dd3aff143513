"""What every view shares from its first picture to its last: a publisher, still pictures, a pane beside, and one end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.live import Publisher, replace_earlier
from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.widgets.view import fallback
from xai_widgets.widgets.view.beside import Pane, show_inline
from xai_widgets.widgets.view.selection import Selection


class Lifetime:
    """The life of one view.

    Parameters
    ----------
    view : ipywidgets.DOMWidget
        What is shown. Its ``tracker`` is followed; ``figure()`` and ``summary()`` make its still picture.
    publisher, selection : optional
        Those of the dashboard that it is part of; a view that stands alone has its own.

    Attributes
    ----------
    closed : bool
        Whether nothing is drawn any more, or not yet.
    alone : bool
        Whether it is part of no dashboard.
    still, pane
        Its still picture, and its pane beside the notebook.
    """

    def __init__(self, view: Any, publisher: Publisher | None, selection: Selection | None) -> None:
        self._view = view
        self.publisher = publisher if publisher is not None else Publisher()
        self.selection = selection if selection is not None else Selection()
        self.alone = publisher is None
        self.closed = False
        self.still, self.pane = fallback.Still(view), Pane(view)
        self._ends: list[Callable[[], object]] = []
        tell_in_child(self)

    def in_child(self) -> None:
        """Be closed in a forked child: the page is the parent's."""
        self.closed = True

    def until_end(self, stop: Callable[[], object]) -> None:
        """Call this function when the view is closed."""
        self._ends.append(stop)

    def begin(self) -> None:
        """Follow the tracker from now on, in the place of a view that an earlier run of the same cell has made."""
        if self.alone:
            replace_earlier(self._view, "view")
            self.until_end(cells.on_end(self.still.refresh_after_cell))
        self.publisher.add(self._view)
        if self._view.tracker is not None:
            self.publisher.watch(self._view.tracker)

    def beside(self, open_pane: Callable[[], object], *, allowed: bool = True) -> None:
        """Open the pane of a view that stands alone, and show the view where the page has none.

        Raises
        ------
        RuntimeError
            If the view is closed, or part of a dashboard, which is opened beside as a whole.
        """
        if self.closed:
            raise RuntimeError("this view is closed; make a new one to open it beside")
        if not (self.alone and allowed):
            raise RuntimeError("this view is part of a dashboard: call beside() of the dashboard")
        open_pane()
        show_inline(self._view)

    def redraw(self) -> None:
        """Ask for a redraw that somebody waits for; may be called from any thread."""
        if not self.closed:
            self.publisher.touch(self._view)

    def end(self) -> bool:
        """Leave the last picture in the notebook and follow nothing any more; False where that was done before."""
        if self.closed:
            return False
        self.closed = True
        self.still.freeze()
        for stop in self._ends:
            stop()
        self.pane.close()
        self.publisher.remove(self._view)
        if self.alone:
            self.publisher.close()
        return True
