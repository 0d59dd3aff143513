"""What the edits did: the evaluation's metrics before the first of them was in force, and now."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import number
from xai_widgets.edits import Edit
from xai_widgets.widgets.view.formatting import clean

_MOST = 3


def effect(tracker: Any, first: Edit | None, mode: str = "eval") -> dict[str, Any]:
    """Say how the evaluation went before the first edit was in force, and how it goes now.

    Parameters
    ----------
    tracker
        Where the evaluation was recorded.
    first
        The first edit in effect; None where there is none.
    mode
        The mode of the evaluation.

    Returns
    -------
    dict
        ``text``: a sentence, "" where nothing was decided. ``rows``: a metric each with what it was, what it is, and whether it
        is better, worse or the same.
    """
    if first is None:
        return {"text": "", "rows": []}
    metrics = tracker.metrics(mode)[:_MOST]
    if not metrics:
        return {
            "text": f"What it did is not known: nothing was recorded in mode {clean(mode, 20)}.",
            "rows": [],
        }
    rows = [row for row in (_compared(tracker, metric, mode, first.epoch) for metric in metrics) if row]
    if not rows:
        return {"text": _not_yet(tracker, metrics[0], mode, first.epoch), "rows": []}
    before, now = rows[0]["epochs"]
    said = f"On {clean(mode, 20)}, epoch {before} (before the first edit) and epoch {now}; the training went on meanwhile, too."
    return {"text": said, "rows": rows}


def _not_yet(tracker: Any, metric: str, mode: str, decided: int) -> str:
    epochs = tracker.label_series(metric, mode=mode).epochs
    if not np.any(epochs <= decided):
        return "What it did is not known: nothing was evaluated before the first edit."
    return f"In force from epoch {decided + 1}; what it does shows at the evaluation after that."


def _compared(tracker: Any, metric: str, mode: str, decided: int) -> dict[str, Any] | None:
    """Compare the last evaluation without any edit with the newest; None until there are both."""
    series = tracker.label_series(metric, mode=mode)
    ended = len(series.epochs) - (1 if series.provisional else 0)
    epochs, values = series.epochs[:ended], _overall(series)[:ended]
    seen = np.isfinite(values)
    old, new = np.flatnonzero(seen & (epochs <= decided)), np.flatnonzero(seen & (epochs > decided))
    if not (old.size and new.size):
        return None
    before, now = float(values[old[-1]]), float(values[new[-1]])
    meaning = tracker.metric(metric)
    better = (now > before) == (meaning.better == "high")
    return {
        "name": clean(metric, 40),
        "unit": meaning.unit,
        "before": number(before),
        "now": number(now),
        "change": "same" if number(before) == number(now) else "better" if better else "worse",
        "epochs": [int(epochs[old[-1]]), int(epochs[new[-1]])],
    }


def _overall(series: Any) -> npt.NDArray[np.float64]:
    """Return the mean over all instances of each epoch, (T,), from the means of the labels; NaN where there was none."""
    counts = np.where(np.isfinite(series.mean), series.count, 0)
    total = np.where(counts > 0, series.mean, 0.0) * counts
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total.sum(0) / counts.sum(0), np.float64)
