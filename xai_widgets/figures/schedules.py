"""When pictures are made: every n epochs, at given ones, when a metric improves, or by a pattern.

A schedule is anything that can be called with a summary of an epoch and the tracker, and says yes or no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xai_widgets._metrics import Metric, metric_of

Schedule = Callable[[Any, Any], bool]


def every(n: int = 1, *, start: int | None = None, stop: int | None = None) -> Schedule:
    """Say yes every ``n`` epochs: n, 2 n, 3 n, ... or from ``start`` on.

    Parameters
    ----------
    n : int, default 1
        Number of epochs from one to the next.
    start : int, optional
        The first epoch (epochs count from 1); ``n`` by default.
    stop : int, optional
        No epoch after this one.

    Raises
    ------
    ValueError
        If ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"every n epochs needs n of 1 or more, got {n}")
    first = n if start is None else start

    def due(summary: Any, tracker: Any) -> bool:
        epoch = int(summary.epoch)
        return epoch >= first and (epoch - first) % n == 0 and (stop is None or epoch <= stop)

    return due


def at(*epochs: int | Iterable[int]) -> Schedule:
    """Say yes at the given epochs: ``at(1, 5, 10)`` or ``at(range(1, 20, 3))``."""
    wanted = {int(e) for given in epochs for e in ([given] if isinstance(given, int) else given)}

    def due(summary: Any, tracker: Any) -> bool:
        return int(summary.epoch) in wanted

    return due


def repeating(pattern: Sequence[Any]) -> Schedule:
    """Say yes by a pattern that is repeated: ``[True, None]`` is every other epoch, beginning with the first.

    Raises
    ------
    ValueError
        If the pattern is empty.
    """
    if not len(pattern):
        raise ValueError("the pattern is empty; give for instance [True, False] for every other epoch")

    def due(summary: Any, tracker: Any) -> bool:
        return bool(pattern[(int(summary.epoch) - 1) % len(pattern)])

    return due


def changing(schedules: Mapping[int, Schedule | bool | None]) -> Schedule:
    """Change the schedule from given epochs on: ``{1: every(1), 10: every(5), 50: None}``.

    Raises
    ------
    ValueError
        If there is no schedule.
    """
    if not schedules:
        raise ValueError("changing needs at least one epoch, such as {1: every(1), 10: every(5)}")
    begins = sorted(schedules)

    def due(summary: Any, tracker: Any) -> bool:
        now = [b for b in begins if b <= int(summary.epoch)]
        chosen = schedules[now[-1]] if now else None
        return chosen(summary, tracker) if callable(chosen) else bool(chosen)

    return due


def improves(
    metric: str = "loss",
    mode: str = "eval",
    *,
    better: str | None = None,
    by: float = 0.0,
    value: Callable[[], float] | None = None,
) -> Schedule:
    """Say yes when the mean of a metric is better than ever before.

    Parameters
    ----------
    metric : str, default "loss"
        A metric of the tracker.
    mode : str, default "eval"
        The mode it is taken from; only ends of its epochs count.
    better : {"low", "high"}, optional
        Which values are better; by default as ``tracker.metric`` has it: high for accuracies and the like.
    by : float, default 0
        How much better it has to be.
    value : function, optional
        Gives the number to watch instead.
    """
    if better not in (None, "low", "high"):
        raise ValueError(f'better should be "low" or "high", got {better!r}')
    best = np.inf

    def due(summary: Any, tracker: Any) -> bool:
        nonlocal best
        if summary.mode != mode:
            return False
        sign = 1.0 if (better or _better(tracker, metric)) == "low" else -1.0
        now = sign * (_mean(tracker, metric, mode, summary.ds_id) if value is None else float(value()))
        if not now < best - by:
            return False
        best = now
        return True

    return due


def any_of(*schedules: Schedule) -> Schedule:
    """Say yes when one of them does; each is asked."""

    def due(summary: Any, tracker: Any) -> bool:
        answers = [
            schedule(summary, tracker) for schedule in schedules
        ]  # those that remember see every epoch
        return any(answers)

    return due


def _better(tracker: Any, metric: str) -> str:
    """Which values of a metric are good: as the tracker was told, or as the table of metrics has it."""
    told = getattr(tracker, "metric", None)
    known: Metric = metric_of(metric) if told is None else told(metric)
    return known.better


def _mean(tracker: Any, metric: str, mode: str, ds_id: str | None) -> float:
    """Mean over all instances of the last epoch, from the means of the labels."""
    series = tracker.label_series(metric, mode=mode, ds_id=ds_id)
    if not series.mean.size:
        raise ValueError(f"improves({metric!r}) needs labels to be recorded in mode {mode!r}, or value=...")
    mean, count = series.mean[:, -1], series.count[:, -1]
    seen = (count > 0) & np.isfinite(mean)
    return float((mean[seen] * count[seen]).sum() / count[seen].sum()) if seen.any() else np.inf
