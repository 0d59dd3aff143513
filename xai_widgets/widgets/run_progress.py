"""Where a run is and how long it will take; plain numbers and words, no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xai_widgets.widgets.view.front import press

_STATES = {
    "idle": "not started",
    "training": "training",
    "ended": "ended",
    "failed": "failed",
}


@dataclass
class Course:
    """Learns from ended epochs how many steps one has.

    Attributes
    ----------
    ended : int
        The last training epoch that ended.
    step : int
        The step at its end.
    elapsed : float
        Seconds of training, frozen while nothing trains.
    """

    ended: int = 0
    step: int = 0
    elapsed: float = 0.0

    def told(self, summary: Any) -> None:
        """Take note of an `EpochSummary`."""
        if summary.kind == "epoch" and summary.mode == "train":
            self.ended, self.step = int(summary.epoch), int(summary.step)

    def fraction(self, tracker: Any) -> float | None:
        """Return the part of the run that is done, 0 to 1; None where its length is not planned."""
        if not tracker.epochs:
            return None
        per_epoch = tracker.steps_per_epoch or (self.step / self.ended if self.ended and self.step else None)
        done = float(self.ended)
        if per_epoch and tracker.step > self.step:
            done += min((tracker.step - self.step) / per_epoch, 1.0)
        elif tracker.epoch > self.ended + 1:
            done = tracker.epoch - 1.0
        return min(done / float(tracker.epochs), 1.0)


def run_state(tracker: Any, course: Course, *, title: str, training: bool, paused: bool) -> dict[str, Any]:
    """Make what the header shows.

    Parameters
    ----------
    tracker, course
        Where the run is.
    title
        Its name.
    training
        Whether somebody is training now: a loop whose cell has ended is not, whatever the tracker says.
    paused
        Whether the views stand still.
    """
    ticking = training and tracker.status == "training"
    if ticking or tracker.status in ("ended", "failed") or not course.elapsed:
        course.elapsed = tracker.elapsed
    fraction = course.fraction(tracker)
    status, state = tracker.status, _STATES.get(tracker.status, tracker.status)
    if status == "training" and not training:
        complete = fraction is not None and fraction >= 1.0
        status, state = ("ended", "ended") if complete else ("idle", "standing still")
    if ticking and tracker.stop_requested:
        state = "stopping"
    if status == "failed" and tracker.error:
        state = f"failed: {tracker.error}"[:160]
    if paused:
        status, state = "paused", f"views paused, {state}"
    left = None
    if ticking and fraction is not None and 0.02 < fraction < 1.0:  # beyond the plan nobody knows
        left = course.elapsed * (1.0 - fraction) / fraction
    epoch = f"epoch {tracker.epoch:,}" if tracker.epoch else ""
    if epoch and tracker.epochs:
        beyond = tracker.epoch > tracker.epochs
        epoch += f", {tracker.epochs:,} planned" if beyond else f" of {tracker.epochs:,}"
    return {
        "title": title,
        "status": status,
        "state": state,
        "epoch": epoch,
        "step": f"step {tracker.step:,}" if tracker.step else "",
        "elapsed": round(course.elapsed, 1) if tracker.epoch else None,
        "left": None if left is None else round(left, 1),
        "ticking": ticking and not paused,
        "progress": fraction,
        "words": [
            press("pause", "Go on" if paused else "Pause views", "Training is never paused by this"),
            press(
                "stop",
                "Stopping" if ticking and tracker.stop_requested else "Stop training",
                "Ends the training at its next batch; a loop without a hook has to look at tracker.stop_requested",
                off=not ticking or tracker.stop_requested,
            ),
        ],
    }
