"""Which labels are suspect: the evidence against a label, judged among instances of the same label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.scores.registry import Score, register
from xai_widgets.tracking.scores.scorer import Scorer

Array = npt.NDArray[Any]
HALF = 3.0
"""Distance from the median of the class, in spreads, at which suspicion is one half."""


def label_error(evidence: Array, codes: Array) -> Array:
    """Suspicion in [0, 1] that a label is wrong, (N,).

    Parameters
    ----------
    evidence
        (N,) what speaks against a label, larger is worse: its mean loss.
    codes
        (N,) label codes; those without a label (-1) are judged among themselves.

    Notes
    -----
    A hard class has large losses throughout; that makes its instances hard, not mislabelled. So the evidence is taken
    as a distance from the median of its class in units of that class's spread (its median absolute deviation, and a
    tenth of that of all instances, so that a class learnt by heart does not accuse on nothing).
    """
    found = np.full(evidence.shape, np.nan)
    finite = np.flatnonzero(np.isfinite(evidence))
    if not finite.size:
        return found
    order = finite[np.argsort(codes[finite], kind="stable")]
    overall = _spread(evidence[finite], float(np.median(evidence[finite])))
    starts = np.flatnonzero(np.diff(codes[order], prepend=codes[order[0]] - 1))
    for own in np.split(order, starts[1:]):
        x = evidence[own]
        centre = float(np.median(x))
        width = _spread(x, centre) + 0.1 * overall
        z = (x - centre) / width if width > 0 else np.where(x > centre, np.inf, 0.0)
        found[own] = 1 / (1 + np.exp(np.clip(HALF - z, -50, 50)))
    return found


def _spread(x: Array, centre: float) -> float:
    return 1.4826 * float(np.median(np.abs(x - centre)))


def _of_mean(scorer: Scorer) -> Array:
    return label_error(scorer.badness(), scorer.label_codes())


register(Score("label_error", _of_mean, ("mean",), range=(0.0, 1.0), text="suspicion of label error"))
