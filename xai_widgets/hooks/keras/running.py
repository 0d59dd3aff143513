"""What Keras is doing: the fit or evaluation that is calling, and its data.

Keras tells callbacks and data sets of neither. They are local variables of the innermost ``fit``, ``evaluate`` or ``predict``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, NamedTuple


class Running(NamedTuple):
    """A call of Keras that goes over data.

    Attributes
    ----------
    call
        "fit", "evaluate" or "predict".
    iterator
        Its iterator over the data.
    variables
        Its local variables; ``epoch`` is among them within the epochs of a fit.
    """

    call: str
    iterator: Any
    variables: Mapping[str, Any]


def running() -> Running | None:
    """Return the innermost call of Keras that goes over data; None where it cannot be found."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if "epoch_iterator" in frame.f_code.co_varnames:
            variables = frame.f_locals
            if hasattr(found := variables.get("epoch_iterator"), "data_adapter"):
                return Running(frame.f_code.co_name, found, variables)
        frame = frame.f_back
    return None


def check_whole_passes(now: Running) -> None:
    """Refuse a fit that cuts passes over its data, where edits take effect.

    Raises
    ------
    ValueError
        It was given ``steps_per_epoch``.
    """
    if now.iterator.steps_per_epoch:
        raise ValueError(
            f"fit(steps_per_epoch={now.iterator.steps_per_epoch}) cuts passes over the data into parts, and edits take effect "
            "where a pass begins. Leave steps_per_epoch away"
        )


def tell_steps(now: Running, count: int) -> None:
    """Tell the callbacks of a fit, the progress bar among them, how many steps the epoch has that begins."""
    callbacks: Any = now.variables.get("callbacks")
    if now.call != "fit" or not hasattr(callbacks, "set_params"):
        return
    callbacks.set_params({**(callbacks.params or {}), "steps": count})
    for each in callbacks.callbacks:
        if getattr(each, "progbar", None) is not None:
            each.progbar.target = count
