"""What a run says about its labels, kept up online.

Sums over the epochs in which the network knew something and had not yet learnt the labels by heart. An epoch counts
by ``a**3 * (1 - r)**6``: `a` is the share of instances predicted as labelled, `r` the share of those predicted
wrongly in their epoch before that are now right. Early epochs know little (`a` is small); once a network memorises,
the wrong labels are learnt one by one (`r` goes to 1) and its word is no evidence any more. So what is said at epoch
40 is what was known before the labels were learnt by heart (the early stopping that label-noise methods share: Arpit
et al., 2017; Liu et al., 2020), without a second training and without choosing the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
KEPT: dict[str, type[np.generic]] = {
    "e_weight": np.float32,  # of the epochs an instance was judged in
    "e_loss": np.float32,  # weighted sum of the cross-entropy of the label
    "e_margin": np.float32,  # weighted sum of the log odds of the label against the best other class
    "e_first": np.int32,  # one more than the code of the class most often said instead, 0 before any
    "e_second": np.int32,  # of the next one
    "e_votes": np.float32,  # weight of the epochs that said the first
    "e_next": np.float32,  # and the second
}
"""What is kept per instance: 28 bytes."""
MOST = 15.0
"""Losses and margins are taken as at most this."""


@dataclass(frozen=True)
class Evidence:
    """What a run says about each label, averaged over its epochs.

    Attributes
    ----------
    loss, margin
        (N,) means, NaN where an instance was never judged.
    first, second
        (N,) codes of predictions: the class said most often instead of the label, and the next; -1 for none.
    votes, next_votes
        (N,) in [0, 1]: the share of the weight of the epochs that said so.
    accuracy, recovered
        Means of `a` and `r` over the run.
    epochs
        How many epochs have ended.
    """

    loss: Array
    margin: Array
    first: Array
    second: Array
    votes: Array
    next_votes: Array
    accuracy: float
    recovered: float
    epochs: int


class RunTotals:
    """Sums over the epochs of a run: of weights, of weighted `a`, of weighted `r`, and how many epochs."""

    def __init__(self, sums: Array | None = None) -> None:
        self.sums: Array = np.zeros(4) if sums is None else np.asarray(sums, np.float64)

    def check(self) -> None:
        """Raise ValueError where the sums cannot be those of a run: shares are at most 1."""
        weights, accuracy, recovered, epochs = self.sums.tolist()
        most = weights * (1 + 1e-6)
        if not (0 <= accuracy <= most < np.inf and 0 <= recovered <= most and 0 <= epochs < 2**31):
            raise ValueError("evidence on labels is of no run")

    def weigh(self, before: Array, known: Array, right: Array, judged: Array) -> float:
        """Take an epoch in and give its weight.

        Parameters
        ----------
        before
            (N,) whether the prediction was right when an instance was last judged.
        known
            (N,) whether an instance had been judged before.
        right, judged
            (N,) the same of this epoch.
        """
        count = np.count_nonzero(judged)
        if not count:
            return 0.0
        accuracy = float(np.count_nonzero(right & judged) / count)
        missed = judged & known & ~before
        few = 1 + 0.003 * count  # a handful of misses tells nothing: as if as many more had been learnt
        recovered = float((np.count_nonzero(missed & right) + few) / (np.count_nonzero(missed) + few))
        if not known.any():
            recovered = 0.0  # the first epoch: nobody could
        weight = float(accuracy**3 * (1 - recovered) ** 6 + 1e-9)
        self.sums += (weight, weight * accuracy, weight * recovered, 1.0)
        return weight


def enter(s: dict[str, Array], totals: RunTotals, columns: dict[str, Array]) -> None:
    """Let an epoch enter the evidence; `s` still holds what was known before it.

    Parameters
    ----------
    s
        The running state: `KEPT`, and `judged` and `was_correct`.
    columns
        Of the epoch: "@correct", and of "@confidence", "@margin" and "@prediction" those there are.
    """
    correct = columns.get("@correct")
    if correct is None:
        return
    judged = np.isfinite(correct)
    right = judged & (correct > 0.5)
    weight = totals.weigh(s["was_correct"], s["judged"] > 0, right, judged)
    if weight == 0.0:
        return
    with np.errstate(invalid="ignore"):
        s["e_weight"][judged] += weight
        if "@confidence" in columns and "@margin" in columns:
            loss = -np.log(np.maximum(columns["@confidence"], np.exp(-MOST)))
            s["e_loss"] += np.where(judged, weight * np.nan_to_num(loss, nan=0.0), 0)
            margin = np.clip(np.nan_to_num(columns["@margin"], nan=0.0), -MOST, MOST)
            s["e_margin"] += np.where(judged, weight * margin, 0)
    if "@prediction" in columns:
        at = np.flatnonzero(judged & ~right & np.isfinite(columns["@prediction"]))
        _vote(s, at, columns["@prediction"][at].astype(np.int32) + 1, weight)


def _vote(s: dict[str, Array], at: Array, said: Array, weight: float) -> None:
    """Count what was said instead: two candidates each, the second by Boyer and Moore's majority vote."""
    first, second = s["e_first"][at], s["e_second"][at]
    votes, others = s["e_votes"][at], s["e_next"][at]
    empty = first == 0
    first[empty] = said[empty]
    is_first = first == said
    votes[is_first] += weight
    is_second = ~is_first & (second == said)
    others[is_second] += weight
    third = ~is_first & ~is_second
    others[third] -= weight
    taken = third & (others <= 0)
    second[taken], others[taken] = said[taken], -others[taken]
    swap = others > votes
    first[swap], second[swap] = second[swap], first[swap]
    votes[swap], others[swap] = others[swap], votes[swap]
    s["e_first"][at], s["e_second"][at], s["e_votes"][at], s["e_next"][at] = first, second, votes, others


def of_run(s: dict[str, Array], totals: RunTotals, size: int) -> Evidence | None:
    """Average what has entered; None where no epoch had a prediction that could be judged."""
    weights, accuracy, recovered, epochs = totals.sums.tolist()
    if weights == 0.0:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1 / s["e_weight"][:size]
        share[~np.isfinite(share)] = np.nan
        return Evidence(
            loss=s["e_loss"][:size] * share,
            margin=s["e_margin"][:size] * share,
            first=s["e_first"][:size].astype(np.int64) - 1,
            second=s["e_second"][:size].astype(np.int64) - 1,
            votes=s["e_votes"][:size] * share,
            next_votes=s["e_next"][:size] * share,
            accuracy=accuracy / weights,
            recovered=recovered / weights,
            epochs=int(epochs),
        )
