"""Scores of training dynamics: from logits or predictions kept up online, or from a cross-entropy where there are none.

Dataset cartography (Swayamdipta et al., 2020), forgetting events (Toneva et al., 2019), area under the margin (Pleiss et
al., 2020), EL2N (Paul et al., 2021).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.scores.of_columns import by_badness
from xai_widgets.tracking.scores.registry import Score, register
from xai_widgets.tracking.scores.scorer import Scorer

Array = npt.NDArray[Any]
_UNIT = (0.0, 1.0)


def _kept(name: str, rule: str = "", part: int = 0) -> Any:
    """Read a score that is kept up online, or make it of the cross-entropy by a rule."""

    def compute(scorer: Scorer) -> Array:
        online = scorer.online(name)
        if online is not None:
            return online
        return scorer.running(rule)[part] if rule else np.full(scorer.size, np.nan)

    return compute


def _first_learnt(scorer: Scorer) -> Array:
    online = scorer.online("first_learnt")
    if online is not None:
        return online
    if scorer.online("correctness") is not None:  # judged, and none was right yet
        return np.full(scorer.size, np.nan)
    return scorer.running("learning")[2]


def _never_learnt(scorer: Scorer) -> Array:
    judged = scorer.get("correctness")
    return np.where(np.isnan(judged), np.nan, np.isnan(scorer.get("first_learnt")))


def _least_sure(scorer: Scorer, values: Array) -> tuple[Array, Array | None]:
    return values, -scorer.badness()


def _never_learnt_last(scorer: Scorer, values: Array) -> tuple[Array, Array | None]:
    """Those never learnt are beyond those learnt late or forgotten often."""
    return np.where(scorer.get("never_learnt") == 1, np.inf, values), scorer.badness()


def _those_only(scorer: Scorer, values: Array) -> tuple[Array, Array | None]:
    return np.where(values == 1, scorer.get("mean"), np.nan), None


register(Score("confidence", _kept("confidence", "cartography"), ("probability",), "low", range=_UNIT))
register(Score("variability", _kept("variability", "cartography", 1), ("probability",), range=(0.0, 0.5)))
register(
    Score("correctness", _kept("correctness", "learning"), ("judgement",), "low", _least_sure, range=_UNIT)
)
register(
    Score(
        "forgetting",
        _kept("forgetting", "learning", 1),
        ("judgement",),
        ties=_never_learnt_last,
        text="times forgotten",
    )
)
register(
    Score("first_learnt", _first_learnt, ("judgement",), ties=_never_learnt_last, text="epoch first learnt")
)
register(
    Score(
        "never_learnt",
        _never_learnt,
        ("judgement",),
        "metric",
        _those_only,
        range=_UNIT,
        text="never learnt",
    )
)
register(
    Score("wrong", _kept("wrong"), ("predictions",), ties=by_badness, range=_UNIT, text="predicted wrongly")
)
register(Score("aum", _kept("aum"), ("logits",), "low", text="area under the margin", aliases=("margin",)))
register(Score("el2n", _kept("el2n"), ("logits",), text="EL2N"))
register(Score("entropy", _kept("entropy"), ("logits",), unit="nats"))
