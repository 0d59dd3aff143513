"""Which labels are wrong, how sure that is, and what they should be: out of the run's own history.

The history of an instance (`store.label_evidence`) is what the network said of it while it generalised and had not yet
learnt the labels by heart: loss, margin, and the classes said instead. A model that was fitted once, on simulated trainings
and planted errors, makes a probability of it (`label_error_model`); `benchmarks/tracking/suspects.py` measures it on runs
that it was not fitted on.

Notes
-----
Evidence before memorisation: Arpit et al. (2017), "A closer look at memorization". Margins over a run: Pleiss et al.
(2020), "Identifying mislabeled data using the area under the margin". Shares that differ from group to group: Saerens et
al. (2002), "Adjusting the outputs of a classifier to new a priori probabilities". What was said most often instead is the likely
label: Song et al. (2019), "SELFIE". Threshold that makes the expected F1 largest: Lipton et al. (2014). Outliers of a
value: Efron (2004), local false discovery rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.scores.label_error_model import LOSSES, PREDICTIONS, SUGGESTION
from xai_widgets.tracking.scores.registry import Score, register
from xai_widgets.tracking.scores.scorer import Scorer
from xai_widgets.tracking.store.label_evidence import Evidence

Array = npt.NDArray[Any]
CERTAIN = 0.9
"""An instance is named with this certainty."""
EPOCHS = 3
"""Before so many epochs have ended nothing is told."""
LEAST_THRESHOLD = 0.2
"""The default decision never names an instance that is less likely to be wrong."""
MANY = (0.05, 0.25)
"""Where the share of wrong labels is at least the first plus the second by the number of epochs, the default decision trades
certainty for finding more of them. Of fewer, and in a young run, hard instances would be named."""
ALIKE, TRUST, ROUNDS = 20.0, 0.6, 5
"""With how many average ones those are mixed that have one label and for which one class was said instead; how much of the
share of wrong ones among them counts (all of it takes two classes that are hard to tell apart for a wrong habit); and how
often it is estimated anew."""
RAREST = 1e-6
"""Least share of wrong or right labels among all for which another class was said, so that its log odds are finite."""
SURE, DOUBTFUL = 0.15, 0.5
"""Standard errors of the estimated number, as shares of it and of the part of it that is made of labels less likely wrong than
right. Of the latter the number is little more than a guess: there hard and wrong look alike."""


@dataclass(frozen=True)
class Judgement:
    """What is thought of the labels of a stream.

    Attributes
    ----------
    probability
        (N,) probability that the label is wrong, NaN where nothing is known.
    threshold
        From which probability on a label is suspected: 0.5; where many labels are thought to be wrong (`MANY`), where the
        expected F1 is largest, between 0.2 and 0.5.
    number, error
        How many labels are wrong by this estimate, and its standard error.
    suggested
        (N,) codes of predicted values, -1 for none.
    suggested_probability
        (N,) probability that the suggested class is the right one, NaN for none.
    waits
        What it waits for, where it is too early to tell; "" otherwise.
    outliers
        Whether there are no classes, and what is told are outliers of a value.
    """

    probability: Array
    threshold: float
    number: float
    error: float
    suggested: Array
    suggested_probability: Array
    waits: str = ""
    outliers: bool = False

    @property
    def suspected(self) -> Array:
        """(N,) bool: the default decision."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.probability >= self.threshold)

    @property
    def certain(self) -> int:
        """How many are named with 9 in 10 certainty."""
        with np.errstate(invalid="ignore"):
            return int(np.count_nonzero(self.probability >= CERTAIN))

    def text(self) -> str:
        """Say it in one sentence: the only words for it, in notebooks, on the map and in reports."""
        what = "values are outliers" if self.outliers else "labels are wrong"
        if self.waits:
            return f"too early to tell which {what}: this waits for {self.waits}"
        if self.number < 0.5 and not self.certain:
            return "no values seem to be outliers" if self.outliers else "no labels seem wrong"
        number, error = _rounded(self.number, self.error)
        named = (
            f"{self.certain:,} of them {'is' if self.certain == 1 else 'are'} named with 9 in 10 certainty"
        )
        return f"about {number:,} ± {error:,} {what}; {named if self.certain else 'none is named with 9 in 10 certainty'}"

    def brief(self) -> str:
        """Say it in a few words, for a place on a map; "" where it is too early to tell."""
        if self.waits:
            return ""
        number, error = _rounded(self.number, self.error)
        what = "outliers" if self.outliers else "labels wrong"
        return f"about {number:,} ± {error:,} {what}" if self.number >= 0.5 else f"no {what}"


def _rounded(number: float, error: float) -> tuple[int, int]:
    """Round a number to the first digit of its error."""
    step = 10 ** max(int(np.floor(np.log10(max(error, 1)))), 0)
    return int(round(number / step) * step), max(int(round(error / step) * step), 1)


def too_early(size: int, waits: str) -> Judgement:
    """Judge nothing, and say what is waited for."""
    nothing = np.full(size, np.nan)
    return Judgement(nothing, 1.0, np.nan, np.nan, np.full(size, -1), nothing, waits)


def judged(scorer: Scorer) -> Judgement:
    """Judge the labels of a stream: by predictions, by losses where there are none, by outliers without labels."""
    found = scorer.shared.get("judgement")
    if not isinstance(found, Judgement):
        found = scorer.shared["judgement"] = _judged(scorer)
    return found


def _judged(scorer: Scorer) -> Judgement:
    stream, classes = scorer.stream, len(scorer.stream.table)
    evidence = None if stream.dynamics is None else stream.dynamics.evidence(scorer.size)
    if stream.labelled and evidence is not None and scorer.online("aum") is not None:
        given = stream.given_codes(np.arange(scorer.size))
        return judge_predictions(evidence, given, classes)
    if not stream.labelled or not scorer.is_cross_entropy():
        return judge_outliers(scorer.badness())
    ended = sum(column.closed for column in stream.columns[scorer.metric.name].values())
    return judge_losses(scorer.get("mean"), scorer.get("correctness"), ended, classes)


def judge_predictions(evidence: Evidence, given: Array, classes: int) -> Judgement:
    """Judge the labels by what was predicted over the run.

    Parameters
    ----------
    given
        (N,) codes of the labels as they were recorded first, -1 where there is none.
    classes
        How many classes there are.
    """
    waits = _waits(evidence.epochs, evidence.accuracy, classes)
    if waits:
        return too_early(evidence.loss.shape[0], waits)
    run = _run(evidence, classes)
    probability = _sigmoid(_beside_alike(PREDICTIONS.logit(_instance(evidence), run), given, evidence))
    suggested = np.where(evidence.votes > 0, evidence.first, -1)
    right = SUGGESTION.logit(_instance(evidence), run)
    right = np.where(suggested >= 0, _sigmoid(right) * probability, np.nan)
    return decided(probability, suggested, right, evidence.epochs)


def _beside_alike(logit: Array, given: Array, evidence: Evidence) -> Array:
    """Judge each instance among those with its label for which the network said the same class instead.

    Where many of them are likely to be wrong, as when one class was often taken for another, each is likelier to be. The
    share of wrong ones in such a group is estimated together with their probabilities (Saerens et al., 2002), as if `ALIKE`
    more were in it that are as all, and moves their log odds by `TRUST` of what it says.
    """
    at = np.flatnonzero((evidence.votes > 0) & (given >= 0) & np.isfinite(logit))
    if not at.size:
        return logit
    group = given[at] * (int(evidence.first[at].max()) + 1) + evidence.first[at]
    if int(group.max()) > 4 * group.size:
        group = np.unique(group, return_inverse=True)[1]
    before, count = logit[at], np.bincount(group)
    overall = float(np.clip(_sigmoid(before).mean(), RAREST, 1 - RAREST))
    moved, base = np.zeros(count.size), np.log(overall / (1 - overall))
    for _ in range(ROUNDS):
        wrong = np.bincount(group, _sigmoid(before + moved[group]))
        share = (wrong + ALIKE * overall) / (count + ALIKE)
        moved = TRUST * (np.log(share / (1 - share)) - base)
    found = logit.copy()
    found[at] += moved[group]
    return found


def judge_losses(loss: Array, correctness: Array, epochs: int, classes: int) -> Judgement:
    """Judge the labels by their mean cross-entropy alone, where no predictions were recorded; suggests nothing.

    Parameters
    ----------
    loss
        (N,) mean over the epochs.
    correctness
        (N,) share of the epochs with more than half of the probability on the label.
    """
    known = np.isfinite(loss)
    accuracy = float(correctness[known].mean()) if known.any() else 0.0
    waits = _waits(epochs, accuracy, classes)
    if waits:
        return too_early(loss.shape[0], waits)
    evidence = of_losses(loss, correctness, accuracy, epochs)
    probability = _sigmoid(LOSSES.logit(_instance(evidence), _run(evidence, classes)))
    return decided(probability, epochs=epochs)


def of_losses(loss: Array, correctness: Array, accuracy: float, epochs: int) -> Evidence:
    """Make evidence of losses: the log odds of the label against all others stand for the margin."""
    loss = np.clip(loss, 1e-6, 15)
    margin = -loss - np.log(-np.expm1(-loss))
    missed, none = 1 - correctness, np.full(loss.shape, -1)
    return Evidence(loss, margin, none, none, missed, np.zeros(loss.shape), accuracy, 0.0, epochs)


def judge_outliers(value: Array) -> Judgement:
    """Judge by how far a residual (N,) is out: one minus the local false discovery rate, upwards only."""
    found = np.full(value.shape, np.nan)
    known = np.flatnonzero(np.isfinite(value))
    x = value[known]
    if x.size < 50:
        return too_early(value.shape[0], f"50 instances; there are {x.size}")
    if float(x.min()) >= 0:  # losses and residuals: their logarithm is nearer to a normal distribution
        x = np.log(x + 1e-6 * float(x.max()) + 1e-30)
    centre = float(np.median(x))
    upper = float(np.quantile(x, 0.84)) - centre
    z = (x - centre) / max(upper, 1e-12)
    edges = np.linspace(-6, 12, 73)
    count, _ = np.histogram(np.clip(z, -6, 12), edges)
    seen = np.convolve(np.pad(count, 2, mode="edge"), np.full(5, 0.2), "valid") / (x.size * 0.25)
    middle = (edges[:-1] + edges[1:]) / 2
    null = np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi)
    rate = np.minimum(null / np.maximum(seen, 1e-12), 1)
    rate[middle < 1] = 1
    found[known] = 1 - np.minimum.accumulate(rate)[np.clip(np.digitize(z, edges) - 1, 0, 71)]
    return decided(found, outliers=True)


def _waits(epochs: int, accuracy: float, classes: int) -> str:
    if classes < 2:
        return "labels of at least two classes"
    if epochs < EPOCHS:
        return f"{EPOCHS} epochs that have ended; there {'is' if epochs == 1 else 'are'} {epochs}"
    if accuracy < 1.5 / classes:
        return "a network that predicts more of the labels than by chance"
    return ""


def _instance(evidence: Evidence) -> tuple[Array, ...]:
    other = -evidence.loss - evidence.margin  # the mean log probability of the best other class
    return evidence.loss, other, evidence.votes, evidence.next_votes


def _run(evidence: Evidence, classes: int) -> Array:
    """Describe the whole run in eight numbers; see `label_error_model`."""
    known = np.isfinite(evidence.loss)
    everyone = bool(known.all())
    loss = evidence.loss if everyone else evidence.loss[known]
    margin = evidence.margin if everyone else evidence.margin[known]
    size, level = loss.size, float(np.log(classes))
    below = margin < 0
    missed = np.count_nonzero(below) + 1
    loss_below = (float(loss @ below) + level) / missed
    depth = (1 - float(margin @ below)) / missed
    height = (float(margin @ ~below) + 1) / (size - missed + 2)
    share = missed / (size + 2)
    tail = (np.count_nonzero(loss > level + 0.5) + 1) / (size + 2)
    return np.array(
        [
            evidence.accuracy,
            np.log(share / (1 - share)),
            np.log(tail / (1 - tail)),
            np.log(loss_below / depth),
            np.log(depth),
            evidence.recovered,
            np.log(height),
            level,
        ]
    )


def decided(
    probability: Array,
    suggested: Array | None = None,
    suggested_probability: Array | None = None,
    epochs: int = 0,
    outliers: bool = False,
) -> Judgement:
    """Count, decide and say what follows from probabilities (N,) that labels are wrong, NaN where nothing is known."""
    known = probability[np.isfinite(probability)]
    if not known.size:
        return too_early(probability.shape[0], "probabilities")
    number = float(known.sum(dtype=np.float64))
    doubtful = float(known[known < 0.5].sum(dtype=np.float64))
    by_chance = float((known * (1 - known)).sum(dtype=np.float64))
    error = float(np.sqrt(by_chance + (SURE * number) ** 2 + (DOUBTFUL * doubtful) ** 2))
    return Judgement(
        probability,
        _threshold(known, epochs),
        number,
        error,
        np.full(probability.shape, -1) if suggested is None else suggested,
        np.full(probability.shape, np.nan) if suggested_probability is None else suggested_probability,
        outliers=outliers,
    )


def _threshold(probability: Array, epochs: int) -> float:
    """One half, or half of the largest expected F1 (Lipton et al., 2014) where many labels are wrong."""
    if not epochs or float(probability.mean()) < MANY[0] + MANY[1] / epochs:
        return 0.5
    count, edges = np.histogram(probability, 1000, (0.0, 1.0))
    hits = np.cumsum((count * (edges[:-1] + edges[1:]) / 2)[::-1])
    named = np.cumsum(count[::-1])
    return float(np.clip((2 * hits / (named + hits[-1])).max() / 2, LEAST_THRESHOLD, 0.5))


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _decision(scorer: Scorer) -> Array:
    judgement = judged(scorer)
    return np.where(np.isfinite(judgement.probability), judgement.suspected, np.nan)


register(
    Score(
        "label_error",
        lambda s: judged(s).probability,
        ("mean",),
        range=(0.0, 1.0),
        text="probability of a wrong label",
    )
)
register(Score("suspected", _decision, ("mean",), range=(0.0, 1.0), text="suspected label error"))
register(
    Score(
        "suggested_probability",
        lambda s: judged(s).suggested_probability,
        ("mean",),
        range=(0.0, 1.0),
        text="probability of the suggested label",
    )
)
