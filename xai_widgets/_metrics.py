"""The one table of metrics (which end is bad, unit, range), and the one way numbers become text.

A metric is known by the words of its name: ``val_accuracy``, ``top5_acc`` and ``BinaryAccuracy`` are accuracies, and
``top5_error`` is an error. ``tracker.metric("iou", better="high", unit="")`` says it for a metric of one's own.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

INF: Final = math.inf
ENDS: Final = ("low", "high")
Values = TypeVar("Values", float, npt.NDArray[Any])


@dataclass(frozen=True)
class Metric:
    """What is known of a metric.

    Attributes
    ----------
    name
        Name it is recorded under.
    better
        Which end is good: "low" for a loss, "high" for an accuracy. The hardest instances are at the other end.
    unit
        Unit, "" where it has none or none is known.
    low, high
        The least and the largest value possible.
    """

    name: str
    better: Literal["low", "high"] = "low"
    unit: str = ""
    low: float = -INF
    high: float = INF

    def __post_init__(self) -> None:
        if self.better not in ENDS:
            raise ValueError(f'better is {self.better!r}; "low" (as of a loss) or "high" (as of an accuracy)')
        if not isinstance(self.unit, str):
            raise TypeError(f'unit is {self.unit!r}; a string is expected, "" where there is none')
        if not self.low < self.high:
            raise ValueError(f"low is {self.low!r} and high is {self.high!r}; low is to be the smaller one")

    def hardness(self, values: Values) -> Values:
        """Turn values so that the largest is the hardest."""
        return values if self.better == "low" else -values

    def within(self, low: float, high: float, values: npt.NDArray[Any]) -> tuple[float, float]:
        """Cut the ends of an axis to what the metric can be, unless values say otherwise (an accuracy in percent)."""
        finite = values[np.isfinite(values)]
        if finite.size and self.low <= float(finite.min()) and float(finite.max()) <= self.high:
            return max(low, self.low), min(high, self.high)
        return low, high

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values fit for JSON; an end that is open is None."""
        return {key: None if value in (-INF, INF) else value for key, value in asdict(self).items()}

    @classmethod
    def of_dict(cls, fields: Mapping[str, Any]) -> Metric:
        """Make a metric of what `as_dict` returned."""
        return cls(**{key: value for key, value in fields.items() if value is not None})


# the first row with a word of the name applies; rows of which less is better come first: a "top5_error" is an error
_TABLE: Final[tuple[tuple[Literal["low", "high"], str, float, float, str], ...]] = (
    ("low", "nats", 0, INF, "ce bce nll surprisal entropy cross_entropy crossentropy log_loss logloss"),
    ("low", "", -INF, INF, "loss objective"),
    ("low", "", 0, 1, "false miss missed fpr fnr ece brier hamming"),
    ("low", "", 0, INF, "error err mse mae rmse mape wer cer ter fid kid lpips distance divergence kl perplexity ppl hausdorff"),
    ("low", "", 0, INF, "cost regret deviance latency bpc bpb"),
    ("high", "nats", -INF, 0, "log_prob logprob log_probability log_likelihood loglikelihood"),
    ("high", "dB", -INF, INF, "psnr snr sdr"),
    ("high", "", -1, 1, "kappa mcc ssim correlation corr pearson spearman cosine similarity"),
    ("high", "", -INF, 1, "r2 nse"),
    ("high", "", 0, 1, "accuracy acc precision recall sensitivity specificity f f1 fbeta dice iou giou jaccard auc auroc auprc"),
    ("high", "", 0, 1, "ap map ndcg mrr top hit hits exact em tpr tnr pck oks pq hota mota"),
    ("high", "", 0, 1, "confidence probability prob likelihood correct correctness agreement overlap bleu rouge meteor chrf"),
    ("high", "", -INF, INF, "margin aum score quality reward return returns elbo"),
)  # fmt: skip
_ENDINGS: Final = ("accuracy", "iou", "dice", "recall", "precision", "loss", "error")
"""Words that others are written together with: meanIoU, miou."""
_STAGES: Final = frozenset({"train", "training", "val", "valid", "validation", "eval", "test", "infer"})
_PLAIN_LOSS: Final = ("loss",)
_NEGATED: Final = frozenset({"neg", "negative", "minus"})
_KNOWN: Final = frozenset(word for *_, known in _TABLE for word in known.split())


def words_of(name: str) -> tuple[str, ...]:
    """Split a name into its words in lower case, without the stage it was measured in.

    Examples
    --------
    >>> words_of("val_top5-acc"), words_of("BinaryAccuracy"), words_of("meanIoU@0.5")
    (('top', 'acc'), ('binary', 'accuracy'), ('mean', 'iou'))
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z]{2})", "_", name.replace("IoU", "_iou"))
    found = [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word and not word.isdigit()]
    found = [word if word in _KNOWN else word.rstrip("0123456789") or word for word in found]
    return tuple(word for word in found if word not in _STAGES)


@lru_cache(maxsize=4096)
def metric_of(name: str) -> Metric:
    """Return what the table knows of a metric; of one it does not know, less is taken to be better, as of a loss."""
    words = words_of(name)
    if words == _PLAIN_LOSS:
        return Metric(name, "low", "nats")
    parts = {*words, *("_".join(pair) for pair in itertools.pairwise(words))}
    parts |= {ending for word in words for ending in _ENDINGS if word.endswith(ending)}
    negated = bool(words) and words[0] in _NEGATED
    for better, unit, low, high, known in _TABLE:
        if parts.isdisjoint(known.split()):
            continue
        if negated:
            return Metric(name, "high" if better == "low" else "low", unit, -high, -low)
        return Metric(name, better, unit, low, high)
    return Metric(name)


def metric_in(series: Any, hard_is: str | None = None) -> Metric:
    """Return the metric of a series: as its tracker knows it, or as the table does; `hard_is` overrides the bad end."""
    given = getattr(series, "definition", None)
    known = given if isinstance(given, Metric) else metric_of(str(series.metric))
    return known if hard_is is None else replace(known, better="low" if hard_is == "high" else "high")


def number(value: float | None, missing: str = "–") -> str:
    """Write a number with two decimals, fewer where it is large, two significant digits where it is tiny.

    Examples
    --------
    >>> [number(v) for v in (1.234, 0.0042, 45.678, 1234.5, float("nan"))]
    ['1.23', '0.0042', '45.7', '1,234', '–']
    """
    if value is None or math.isnan(value):
        return missing
    value = float(value) + 0.0  # the cross-entropy of a sure prediction is -0.0
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 1e6:
        text = f"{value:.2e}"
    elif size >= 1000:
        text = f"{value:,.0f}"
    elif size >= 100:
        text = f"{value:.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size == 0 or size >= 0.01:
        text = f"{value:.2f}"
    else:
        text = f"{value:.2g}" if size >= 1e-4 else f"{value:.0e}"
    return text.replace("-", "−")


def percent(fraction: float, missing: str = "–") -> str:
    """Write a fraction in percent: "1.8 %", from ten on without decimals, "under 0.1 %" where it is less."""
    if math.isnan(fraction):
        return missing
    value = 100 * fraction
    if 0 < abs(value) < 0.05:
        return "under 0.1 %"
    text = f"{value:.1f} %" if abs(value) < 9.95 else f"{value:,.0f} %"
    return text.replace("-", "−")


def probability(value: float, missing: str = "") -> str:
    """Write a probability in whole percent, never 100 % for less nor 0 % for more."""
    if not math.isfinite(value):
        return missing
    whole = round(100 * value)
    if whole == 100 and value < 0.9995:
        return "over 99 %"
    return "under 1 %" if whole == 0 and value > 0 else f"{whole} %"
