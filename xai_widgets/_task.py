"""What a model's output is: classes, one logit, several labels, a value; and with that, what was predicted and in which unit.

It is told from the criterion where there is one (a hook heard it), else from the output alone, or it is said: ``task=``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

KINDS = ("classes", "one_logit", "labels", "value", "ranking", "tokens", "boxes", "mask")
CLASSES = frozenset(
    {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "cross_entropy", "nll_loss",
     "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy"}
)  # fmt: skip
BINARY = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
     "BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge", "MultiLabelSoftMarginLoss"}
)  # fmt: skip
VALUES = frozenset(
    {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "PoissonNLLLoss", "GaussianNLLLoss", "mse_loss", "l1_loss",
     "smooth_l1_loss", "huber_loss", "MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh",
     "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson"}
)  # fmt: skip
RANKING = frozenset(
    {
        "MarginRankingLoss",
        "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
        "CosineEmbeddingLoss",
        "HingeEmbeddingLoss",
    }
)
NATS = frozenset(
    {"CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss", "cross_entropy", "nll_loss", "binary_cross_entropy",
     "binary_cross_entropy_with_logits", "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy",
     "CTCLoss", "MultiLabelSoftMarginLoss", "KLDivLoss", "KLDivergence"}
)  # fmt: skip
PROBABILITIES = frozenset({"BCELoss", "binary_cross_entropy"})

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What a model's output is.

    Attributes
    ----------
    kind
        One of `KINDS`.
    outputs
        Classes, labels or values per instance; 0 where unknown.
    probabilities
        Whether the output is probabilities already.
    unit
        Unit of the loss: "nats" for cross-entropies, else "".
    said
        Whether the user said it.
    """

    kind: str
    outputs: int = 0
    probabilities: bool = False
    unit: str = ""
    said: bool = False

    @property
    def targets(self) -> int:
        """How many outputs can be explained: two for one logit, one for a value."""
        return {"one_logit": 2, "value": max(1, self.outputs)}.get(self.kind, self.outputs)

    @property
    def has_classes(self) -> bool:
        """Whether instances have one right class: what confidence, margin and forgetting are made of."""
        return self.kind in ("classes", "one_logit")

    def __str__(self) -> str:
        if self.kind == "classes":
            return f"{self.outputs} classes, softmax" if self.outputs else "classes, softmax"
        if self.kind == "one_logit":
            return "two classes, one " + ("probability" if self.probabilities else "logit")
        if self.kind == "labels":
            return f"{self.outputs} labels, each on its own" if self.outputs else "several labels"
        if self.kind == "value":
            return "a value" if self.outputs <= 1 else f"{self.outputs} values"
        return {"ranking": "a ranking", "tokens": "tokens", "boxes": "boxes", "mask": "a mask"}[self.kind]

    def predicted(self, output: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the predicted class (B,) of outputs (B, C), and its probability; -1 and NaN where there is none."""
        rows = np.asarray(output, np.float64)
        rows = rows.reshape(len(rows), -1)
        none = np.full(len(rows), -1, np.int64), np.full(len(rows), np.nan)
        if not self.has_classes or not rows.shape[1]:
            return none
        if self.kind == "one_logit":
            yes = rows[:, 0] if self.probabilities else _sigmoid(rows[:, 0])
            known = np.asarray(~np.isnan(yes))
            best = np.where(known, yes > 0.5, -1).astype(np.int64)
            return best, np.where(best == 1, yes, np.where(known, 1 - yes, np.nan))
        known = np.asarray(~np.isnan(rows).any(axis=1))
        best = np.where(known, np.argmax(np.where(np.isnan(rows), -np.inf, rows), axis=1), -1).astype(
            np.int64
        )
        shares = rows
        if not self.probabilities:
            powers = np.exp(
                rows - np.nanmax(np.where(np.isfinite(rows), rows, -np.inf), axis=1, keepdims=True)
            )
            shares = powers / powers.sum(axis=1, keepdims=True)
        return best, np.where(known, shares[np.arange(len(rows)), best], np.nan)

    def words(self, prediction: Any, names: Any = None) -> str:
        """Write a prediction: the name of a class, or a value as it is."""
        if not self.has_classes:
            return f"{float(np.asarray(prediction).reshape(-1)[0]):.4g}"
        value = int(prediction)
        return str(names(value)) if callable(names) else str(value)


def said(kind: str, outputs: int = 0) -> Task:
    """Return the task that a user says.

    Raises
    ------
    ValueError
        There is no such task.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown task {kind!r}; one of {', '.join(KINDS)}")
    return Task(kind, outputs, said=True)


def of_criterion(criterion: str, shape: tuple[int, ...], *, labelled: bool = True) -> Task | None:
    """Tell the task from the name of a criterion and the shape of what it was given, (B, ...); None if it does not tell."""
    wide = int(shape[1]) if len(shape) > 1 else 1
    unit = "nats" if criterion in NATS else ""
    shares = criterion in PROBABILITIES
    if criterion == "CTCLoss":
        return Task("tokens", int(shape[-1]) if shape else 0, unit=unit)
    if criterion in CLASSES:
        if len(shape) > 2:
            return Task("mask" if len(shape) == 4 else "tokens", wide, unit=unit)
        return Task("classes", wide, unit=unit)
    if criterion in BINARY:
        if len(shape) > 2:
            return Task("mask", wide, shares, unit)
        return Task("one_logit" if wide == 1 else "labels", wide, shares, unit)
    if criterion in RANKING:
        return Task("ranking", 0)
    if criterion in VALUES:
        return Task("value", int(np.prod(shape[1:])) if len(shape) > 1 else 1)
    return None


def of_output(output: Any) -> Task | None:
    """Tell the task from outputs (B, C) alone: one number is a logit, several are classes. None for other shapes."""
    rows = np.asarray(output)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or not rows.shape[1]:
        return None
    told = rows[~np.isnan(rows).any(axis=1)]
    if rows.shape[1] == 1:
        shares = bool(len(told) and ((told > 0) & (told < 1)).all())
        return Task("one_logit", 1, shares)
    summed = bool(len(told) and np.all(told >= 0) and np.allclose(told.sum(axis=1), 1, atol=1e-3))
    return Task("classes", rows.shape[1], summed)


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
