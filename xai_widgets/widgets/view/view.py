"""What every view has: a front, one thread that writes it, notices, an end, and a picture without a browser."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from typing import Any

import ipywidgets
import traitlets

from xai_widgets.live import Publisher, host, keep_route
from xai_widgets.widgets.view.close_tree import close_tree
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import NO_STRIP, Front, Message, parse
from xai_widgets.widgets.view.lifetime import Lifetime
from xai_widgets.widgets.view.selection import Selection

_log = logging.getLogger("xai_widgets.widgets")


class View(ipywidgets.VBox):
    """A panel that follows a tracker.

    Only the publisher's thread writes the widgets: the views of a dashboard share one publisher, a view that stands
    alone has its own. A subclass makes its parts, then calls `_open`, and draws in `_draw`.

    Attributes
    ----------
    paused : bool
        Whether it stands still while training goes on. Default False.
    behind : bool
        Whether no page shows it now, because another tab lies over it: then it is not drawn. Default False.
    refused : int
        Messages of the browser that were not well formed or named something that is not there.
    """

    paused = traitlets.Bool(False)
    _opens_beside = True  # whether it can be shown in a pane of its own
    _life: Lifetime  # missing until there is something to close

    def __init__(self, tracker: Any, publisher: Publisher | None, selection: Selection | None) -> None:
        super().__init__()
        self.tracker = tracker
        life = self._life = Lifetime(self, publisher, selection)
        self.publisher, self.selection = life.publisher, life.selection
        self.refused = 0
        self.behind = False
        self._drawn = self._drawing = False
        self._problem: dict[str, Any] | None = None
        self.front = Front()
        self.front.on_msg(self._hear)
        self.observe(self._pause_switched, "paused")
        life.until_end(self.selection.listen(self._selection_changed))

    @property
    def _closed(self) -> bool:
        return not hasattr(self, "_life") or self._life.closed

    def _open(self, panel: list[Any], *classes: str) -> None:
        """Show the parts, draw for the first time, and follow the tracker from now on."""
        body = ipywidgets.Box([self.front, *panel])
        for name in ("xaiw-panel", *classes):
            body.add_class(name)
        self._present([body])

    def _present(self, children: list[Any]) -> None:
        self.children = children
        self.publisher.together.add(self.front, *self._drawn_on())
        for name in ("xaiw", "xaiw-view"):
            self.add_class(name)
        self.draw()
        self._hold(self.front)
        if self._life.alone:
            if self._opens_beside:
                self.front.put(beside=self._life.pane.closed())
            self.publisher.carry(lambda number: setattr(self.front, "beat", number))
            notice = host().notice
            if notice and self._problem is None:
                self._note(notice)
        self._life.begin()

    def _drawn_on(self) -> Iterable[Any]:
        """Return the widgets beside the front whose state one redraw changes."""
        return ()

    def _hold(self, *controls: Any) -> None:
        """Have the browser's messages to these widgets handled in the publisher's thread, also in a busy cell."""
        for control in controls:
            keep_route(control, self.publisher.post)

    # drawing

    def draw(self) -> int:
        """Draw the newest state; gives the bytes sent. Called by the publisher, or before it is there."""
        if self._closed or (self._rests() and self._drawn):
            return 0
        self._drawing = True  # and stays so when it fails
        sent = self._draw()
        self._drawing, self._drawn = False, True
        if self._problem is not None and self._problem.get("of") == "draw":
            self._problem = None
            self._show_strip()
        return sent + self._life.still.refresh_sometimes()

    def _rests(self) -> bool:
        """Tell whether the picture stays as it is for now."""
        return self.paused or self.behind

    def _draw(self) -> int:
        raise TypeError(f"{type(self).__name__} has nothing to draw")

    def show_problem(self, problem: BaseException) -> None:
        """Show an exception where the user looks, its traceback folded."""
        text = "".join(traceback.format_exception(problem))
        self._problem = {
            **NO_STRIP,
            "level": "error",
            "text": clean(f"{type(problem).__name__}: {problem}", 300),
            "details": "\n".join(clean(line, 300) for line in text.splitlines()[-60:]),
            "action": {"name": "dismiss", "text": "Dismiss"},
            "of": "draw" if self._drawing else "answer",
        }
        self._show_strip()

    def _note(self, text: str) -> None:
        """Show one quiet line until it is dismissed."""
        self._problem = {
            **NO_STRIP,
            "level": "note",
            "text": clean(text, 400),
            "action": {"name": "dismiss", "text": "Dismiss"},
        }
        self._show_strip()

    def _strip(self) -> dict[str, Any]:
        """Say what the last line shows when there is no problem."""
        return NO_STRIP

    def _show_strip(self) -> int:
        if self._problem is not None:
            return self.front.put(strip={k: v for k, v in self._problem.items() if k != "of"})
        return self.front.put(strip=self._strip())

    # what the browser says

    def _hear(self, _widget: Any, content: Any, _buffers: Any) -> None:
        message = parse(content)
        if message is None:
            self._refuse(content)
            return
        try:
            self._answer(message)
        except Exception as problem:
            _log.debug("an answer to the browser failed", exc_info=True)
            self.show_problem(problem)

    def _answer(self, message: Message) -> None:
        if message.kind == "beat":
            self.publisher.echo.answered(int(message.name))
        elif message.kind == "view":
            if message.fresh:
                self.publisher.echo.page_loaded()
            self._appeared(message)
        elif message.kind == "word":
            self._chose(message.name, message.value)
        elif message.kind == "row":
            self._row(message.name, second=message.value == "second")
        elif message.kind in ("tab", "place"):
            self._arrange(message)
        elif message.name == "beside" and self._life.alone and self._opens_beside:
            self._open_pane()
        elif message.name == "dismiss":
            self._problem = None
            self._show_strip()
        else:
            self._pressed(message.name)

    def _open_pane(self) -> None:
        self.front.put(beside=self._life.pane.open(self.pane_title))

    @property
    def pane_title(self) -> str:
        """What stands on the tab of its pane."""
        return str(self.front.head["title"]) or type(self).__name__

    def beside(self) -> None:
        """Show the view in a pane of its own beside the notebook, so that it and the running cell are seen at once.

        This takes JupyterLab and the package ``sidecar`` (``pip install "xai-widgets[lab]"``). Elsewhere the view is shown
        below the cell, with one line that says what is missing.

        Raises
        ------
        RuntimeError
            If the view is closed, or part of a dashboard, which is opened beside as a whole.
        """
        self._life.beside(self._open_pane, allowed=self._opens_beside)

    def _appeared(self, message: Message) -> None:
        """Take note of a new picture of this view in a browser."""

    def _chose(self, name: str, value: str) -> None:
        self._refuse({"word": name, "value": value})

    def _row(self, key: str, *, second: bool) -> None:
        self._refuse({"row": key, "second": second})

    def _pressed(self, action: str) -> None:
        self._refuse({"action": action})

    def _arrange(self, message: Message) -> None:
        self._refuse({message.kind: message.name})

    def _refuse(self, content: object) -> None:
        self.refused += 1
        _log.info("%s refused %.200r from the browser", type(self).__name__, content)

    # following

    def _selection_changed(self, _selection: Selection, _changed: frozenset[str], _source: object) -> None:
        self.redraw()

    def _pause_switched(self, _change: Any) -> None:
        self.redraw()

    def redraw(self, *_: Any) -> None:
        """Ask for a redraw that somebody waits for; may be called from any thread."""
        if self.children:
            self._life.redraw()

    # the end

    def close(self) -> None:
        """Close the view and everything it is made of; safe to call twice. Its last picture stays in the notebook."""
        if self._closed or not self._life.end():
            return
        self._close_parts()
        close_tree(self)
        if self.front.comm is not None:
            close_tree(self.front)  # closed before it was shown

    def _close_parts(self) -> None:
        """Close what is no widget."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # pictures without a browser

    def figure(self, dark: bool = False) -> Any:
        """Make the same picture without a browser, as a figure of `xai_widgets.figures`."""
        raise TypeError(f"{type(self).__name__} has no still picture")

    def save(self, path: Any) -> Any:
        """Write the view as a picture or as a page of its own; no browser is needed.

        Parameters
        ----------
        path : str or path-like
            Ends in ".png", ".svg" or ".html".

        Returns
        -------
        pathlib.Path
            Where it was written.
        """
        if str(path).lower().endswith(".html"):
            return self._report(path)
        return self.figure().save(path)

    def _report(self, path: Any) -> Any:
        from xai_widgets import figures

        pictures = {self.summary() or type(self).__name__: self.figure()}
        return figures.report(path, self.tracker, title=type(self).__name__, figures=pictures)

    def summary(self) -> str:
        """Say in one line what is shown; for text terminals and screen readers."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        return self._life.still.bundle()

    def _ipython_display_(self, **_: Any) -> None:
        self.get_ready()
        self._life.still.display()

    def get_ready(self) -> None:
        """Begin what would keep the first answer waiting; called when the view is about to be shown."""
