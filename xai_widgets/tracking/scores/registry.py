"""The registry of scores: one entry says all there is to say about one, and everything that shows scores reads it.

A score is one `Score` handed to `register`. It is then a column of ``tracker.dynamics()`` and of exports, a `by` of
``tracker.extremes()`` and ``tracker.scores()``, and an axis, colour, size and sorting of the instance map:

    import numpy as np
    import xai_widgets as xw

    def swing(scorer):
        return scorer.get("max") - scorer.get("min")

    xw.tracking.register(xw.tracking.Score("swing", swing, text="swing of {}", unit=None))

What the computation is handed is a `scorer.Scorer`: its docstring lists what can be read from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy.typing as npt

if TYPE_CHECKING:
    from xai_widgets.tracking.scores.scorer import Scorer

Array: TypeAlias = npt.NDArray[Any]
EVIDENCE: Final = {
    "logits": "needs logits: record(index, label, loss=..., logits=...)",
    "predictions": "needs logits or predictions: record(index, label, loss=..., prediction=...)",
    "probability": "needs logits, or a cross-entropy",
    "judgement": "needs logits, predictions, or a cross-entropy",
}
"""What a score may need beside the columns of a metric, and what is said where it is missing."""


@dataclass(frozen=True)
class Score:
    """One score of an instance.

    Attributes
    ----------
    name
        Name, as a column of ``dynamics()`` and in ``by=``.
    compute
        Called with a `Scorer`; returns (N,) float64 by place, NaN where an instance has none. It may call
        ``scorer.get(name)`` for other scores, each of which is computed once.
    needs
        Keys of `EVIDENCE` and names of other scores, all of which have to be there; () needs a metric only.
    hardest
        Which end the hardest instances are at: "high", "low", or "metric": the bad end of the metric.
    ties
        Called with (scorer, values); returns the values to rank by and what decides between equal ones (the larger is
        the harder one where `hardest` is "high"), or None for that. By default equal ones stay in their order.
    unit
        Unit, "" for none, None for that of the metric.
    range
        The ends of its axis, where they are known.
    text
        How it is written; "{}" stands for the metric: "mean {}". The name by default.
    aliases
        Other names it answers to.
    """

    name: str
    compute: Callable[[Scorer], Array]
    needs: tuple[str, ...] = ()
    hardest: Literal["high", "low", "metric"] = "high"
    ties: Callable[[Scorer, Array], tuple[Array, Array | None]] | None = None
    unit: str | None = ""
    range: tuple[float, float] | None = None
    text: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise ValueError(
                f"a score is named {self.name!r}; a name that Python would take for a variable's is expected"
            )
        if not callable(self.compute):
            raise TypeError(f"compute of {self.name} is {self.compute!r}; a function of a Scorer is expected")
        if self.hardest not in ("high", "low", "metric"):
            raise ValueError(f'hardest of {self.name} is {self.hardest!r}; "high", "low" or "metric"')

    def said(self, metric: str) -> str:
        """Return how it is written: "mean loss"."""
        return (self.text or self.name).replace("{}", metric)


_SCORES: dict[str, Score] = {}
_NAMES: dict[str, str] = {}  # every name and alias: the name


def register(score: Score) -> Score:
    """Make a score known to rankings, tables, exports and the instance map; one of the same name is replaced.

    Raises
    ------
    ValueError
        When it needs what is neither a kind of evidence nor a score, or takes a name that another score has.
    """
    unknown = [need for need in score.needs if need not in EVIDENCE and need not in _SCORES]
    if unknown:
        raise ValueError(
            f"{score.name} needs {unknown[0]!r}, which is neither of {', '.join(EVIDENCE)} nor a score: {', '.join(_SCORES)}"
        )
    for name in (score.name, *score.aliases):
        if _NAMES.get(name, score.name) != score.name or name in ("index", "label", "prediction"):
            raise ValueError(f"the name {name!r} is taken by {_NAMES.get(name, 'a column of every table')!r}")
    _SCORES[score.name] = score
    _NAMES.update(dict.fromkeys((score.name, *score.aliases), score.name))
    return score


def unregister(name: str) -> None:
    """Forget a score again."""
    if _SCORES.pop(name, None) is not None:
        for known in [known for known, of in _NAMES.items() if of == name]:
            del _NAMES[known]


def score_named(by: str) -> Score:
    """Return a score by its name or an alias.

    Raises
    ------
    ValueError
        For an unknown name; it lists the known ones.
    """
    if not isinstance(by, str) or by not in _NAMES:
        raise ValueError(f"unknown score {by!r}; one of {', '.join(_NAMES)}")
    return _SCORES[_NAMES[by]]


def all_scores() -> tuple[Score, ...]:
    """Return all scores in the order they were registered in."""
    return tuple(_SCORES.values())
