"""What a tracker answers: frozen results, numpy arrays and plain values only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import Metric

Index: TypeAlias = int | str
"""The name of an instance."""
Label: TypeAlias = int | str
"""The value of a label."""
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]

BOUNDS = ("std", "range", "sem", "ci95", "quantiles")


@dataclass(frozen=True)
class LabelSeries:
    """Statistics of a metric per label and epoch.

    Every statistic is taken over the instances of a label seen in an epoch (each once), NaN and infinity left out.

    Attributes
    ----------
    metric, mode, ds_id
        What was asked for.
    labels
        (L,) label values; a merged group is the tuple of its values.
    names
        (L,) display names.
    epochs, steps
        (T,) int64: the epoch, and the training step at its end.
    mean, std, min, max
        (L, T) float64, NaN where a label was not seen. `std` is the sample standard deviation (n - 1), 0 for one.
    count
        (L, T) int64: how many instances each statistic stands on.
    quantiles
        (Q, L, T) float64, and `probabilities` (Q,) where they were asked for; else None.
    provisional
        True when the last column is of an epoch that is still open.
    definition
        Which end of the metric is good, its unit and its range, as its tracker knows them.
    """

    metric: str
    mode: str
    ds_id: str | None
    labels: tuple[Any, ...]
    names: tuple[str, ...]
    epochs: IntArray
    steps: IntArray
    mean: FloatArray
    std: FloatArray
    min: FloatArray
    max: FloatArray
    count: IntArray
    provisional: bool = False
    probabilities: tuple[float, ...] | None = None
    quantiles: FloatArray | None = None
    definition: Metric | None = None

    @property
    def sem(self) -> FloatArray:
        """(L, T) standard error of the mean."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.std / np.sqrt(self.count))

    def bounds(self, kind: str = "std") -> tuple[FloatArray, FloatArray]:
        """Lower and upper edge of a band around the mean.

        Parameters
        ----------
        kind
            "std" (mean -/+ standard deviation), "range" (min, max), "sem", "ci95" (1.96 standard errors) or
            "quantiles" (the lowest and the highest that were asked for).

        Returns
        -------
        tuple of arrays
            Two (L, T) arrays.
        """
        if kind == "range":
            return self.min, self.max
        if kind == "quantiles":
            if self.quantiles is None:
                raise ValueError(
                    "this series has no quantiles; ask for label_series(..., quantiles=(0.05, 0.95))"
                )
            return self.quantiles[0], self.quantiles[-1]
        widths = {"std": self.std, "sem": self.sem, "ci95": 1.96 * self.sem}
        if kind not in widths:
            raise ValueError(f"unknown bounds {kind!r}; one of {', '.join(BOUNDS)}")
        return self.mean - widths[kind], self.mean + widths[kind]


@dataclass(frozen=True)
class InstanceSeries:
    """The history of chosen instances.

    Attributes
    ----------
    index
        (I,) the instances, in the order asked for.
    labels
        (I,) their labels; None where unknown.
    epochs, steps
        (T,) int64.
    values
        (I, T) float32, NaN where an instance was not seen.
    missing
        Those asked for of which nothing was ever recorded (their rows are NaN).
    provisional
        True when the last column is of an epoch that is still open.
    definition
        Which end of the metric is good, its unit and its range, as its tracker knows them.
    """

    metric: str
    mode: str
    ds_id: str | None
    index: tuple[Index, ...]
    labels: tuple[Label | None, ...]
    epochs: IntArray
    steps: IntArray
    values: FloatArray
    missing: tuple[Index, ...] = ()
    provisional: bool = False
    definition: Metric | None = None


@dataclass(frozen=True)
class Extremes:
    """One end of a ranking, the most extreme first.

    Attributes
    ----------
    index
        (K,) the instances.
    scores
        (K,) float64: the score they were ranked by.
    labels
        (K,) their labels; None where unknown.
    by
        The name of the score.
    """

    index: tuple[Index, ...]
    scores: FloatArray
    labels: tuple[Label | None, ...]
    by: str = "mean"

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Index]:
        """Go through the instances, the most extreme first."""
        return iter(self.index)


@dataclass(frozen=True)
class EpochSummary:
    """What subscribers are told when an epoch ends or the status changes.

    Attributes
    ----------
    kind
        "epoch" or "status".
    mode, ds_id
        Which data ended an epoch (None for a change of status).
    epoch, step
        Where the run is.
    metrics
        Names of the metrics recorded in this mode.
    rows
        Rows recorded in this epoch of this mode.
    status
        The tracker's status at that moment.
    """

    mode: str | None
    ds_id: str | None
    epoch: int
    step: int
    metrics: tuple[str, ...] = ()
    rows: int = 0
    kind: str = "epoch"
    status: str = "training"


@dataclass(frozen=True)
class Counts:
    """What policies did to the rows of a mode, summed over its epochs.

    Attributes
    ----------
    rows
        Rows recorded.
    nan, inf
        Values that were not a number or infinite: kept, left out of every statistic.
    duplicates
        Rows whose instance had been recorded before in the same epoch.
    late
        Rows that arrived for an epoch that had ended.
    relabelled
        Rows whose label differs from the instance's earlier one.
    unlabelled
        Instances without a label.
    instances
        Instances known.
    """

    rows: int = 0
    nan: int = 0
    inf: int = 0
    duplicates: int = 0
    late: int = 0
    relabelled: int = 0
    unlabelled: int = 0
    instances: int = 0
    by_metric: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Confusion:
    """How often each label was predicted as which in one epoch.

    Attributes
    ----------
    labels, names
        (L,) label values, and predicted values that are no labels, sorted; their display names.
    counts
        (L, L) int64: rows are labels, columns predictions.
    """

    epoch: int
    labels: tuple[Label, ...]
    names: tuple[str, ...]
    counts: IntArray

    @property
    def recall(self) -> FloatArray:
        """(L,) share of each label predicted right; NaN for a label not seen."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.diagonal(self.counts) / self.counts.sum(axis=1))
