"""A training in the background, as the notebook shows it: how long, a stop button, and what went wrong."""

from __future__ import annotations

from typing import Any

from xai_widgets.live import BackgroundRun
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import NO_STRIP, press
from xai_widgets.widgets.view.view import View

_STATUS = {"running": "training", "stopping": "training", "returned": "ended", "stopped": "ended"}


class BackgroundView(View):
    """Shows a `BackgroundRun`: its state and time, a stop button, and its exception with the traceback folded.

    Parameters
    ----------
    run : BackgroundRun
        From `xai_widgets.background`.
    """

    _opens_beside = False  # one line belongs to its cell

    def __init__(self, run: BackgroundRun[Any]) -> None:
        super().__init__(None, None, None)
        self.run = run
        self.front.put(kind="header")
        self._present([self.front])
        run.on_end(self._ended)

    def _ended(self, _run: Any) -> None:
        self.redraw()

    def _draw(self) -> int:
        run, tracker = self.run, self.run.tracker
        epochs = tracker.epochs if tracker is not None else None
        epoch = f"epoch {tracker.epoch:,}" if tracker is not None and tracker.epoch else ""
        state = {
            "title": clean(run.name, 80),
            "status": _STATUS.get(run.state, "failed"),
            "state": f"{run.state} in the background" if run.running else run.state,
            "epoch": f"{epoch} of {epochs:,}" if epoch and epochs else epoch,
            "step": "",
            "elapsed": round(run.seconds, 1),
            "left": None,
            "ticking": run.running,
            "progress": None,
            "words": [press("stop", "Stop", "Ends the training between two steps", off=not run.running)],
        }
        if run.exception is not None and self._problem is None and run.state == "failed":
            self.show_problem(run.exception)
        return self.front.put(run=state) + self._show_strip()

    def _strip(self) -> dict[str, Any]:
        return NO_STRIP

    def _pressed(self, action: str) -> None:
        if action == "stop":
            self.run.stop()
            self.redraw()
        else:
            super()._pressed(action)

    def draw(self) -> int:
        """Draw the line again."""
        return 0 if self._closed else self._draw()

    def summary(self) -> str:
        """Say in one line what became of it."""
        return repr(self.run)
