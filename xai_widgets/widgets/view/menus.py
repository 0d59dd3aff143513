"""The choices of the quiet line that every chart has: which metric, of which mode, of which data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xai_widgets.figures.drawing.edited import Edited, held_out_epochs, training_epochs
from xai_widgets.widgets.view.formatting import clean
from xai_widgets.widgets.view.front import choice, says


def mode_to_show(tracker: Any, metric: str, wanted: str) -> str | None:
    """Find the mode to show: the wanted one once it has the metric, until then any other that has it."""
    if metric in tracker.metrics(wanted):
        return wanted
    return next((mode for mode in tracker.modes if metric in tracker.metrics(mode)), None)


def data_words(tracker: Any, metric: str, mode: str, ds_id: str | None, wanted: str) -> list[dict[str, Any]]:
    """Make the words "loss on eval", each a choice among what was recorded."""
    words = [
        choice("metric", "Metric", metric, options([metric, *tracker.metrics(mode)])),
        says("on"),
        choice("mode", "Mode", mode, options([wanted, *tracker.modes])),
    ]
    sets = [each for each in tracker.ds_ids(mode) if each is not None]
    if sets:
        words.append(choice("ds_id", "Data set", ds_id or "", options(sets if ds_id else ["", *sets])))
    if mode != wanted:
        words.append(says(f"until the first {clean(wanted, 20)}"))
    return words


def edited_words(edited: Edited, mode: str, ds_id: str | None) -> list[dict[str, Any]]:
    """Say what the upright lines of a chart are: from which epochs edits are in force; and whether its own data is edited."""
    trained, itself = training_epochs(edited), edited_itself(edited, mode, ds_id)
    words = [f"edits in force from epoch {_last(trained)}" if trained else "", itself]
    return [says(f", {text}") for text in words if text]


def edited_itself(edited: Edited, mode: str, ds_id: str | None) -> str:
    """Say from which epochs on a data set other than the training's is edited itself, "" where it is not."""
    epochs = held_out_epochs(edited, mode, ds_id)
    return f"{clean(mode, 20)} edited itself from epoch {_last(epochs)}" if epochs else ""


def _last(epochs: Sequence[int]) -> str:
    shown = ", ".join(f"{epoch:,}" for epoch in epochs[-3:])
    return f"..., {shown}" if len(epochs) > 3 else shown


def options(values: Iterable[str], names: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Make (value, text) pairs, each value once; long lists are cut at 200."""
    kept = list(dict.fromkeys(values))[:200]
    return [(value, clean((names or {}).get(value, value) or "any", 40)) for value in kept]


def one_of(value: str, allowed: Iterable[Any]) -> str:
    """Check a choice of the browser against what there is.

    Raises
    ------
    ValueError
        If it is not among them.
    """
    known = [str(each) for each in allowed]
    if value not in known:
        raise ValueError(f"{clean(value, 60)!r} is not among {', '.join(known)[:200]}")
    return value
