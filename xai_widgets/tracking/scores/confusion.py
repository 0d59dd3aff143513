"""Confusion tables of the counted pairs that the dynamics keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.results import Confusion, Label
from xai_widgets.tracking.store.labels import sorted_labels

Array = npt.NDArray[Any]


def confusion_of(
    epoch: int,
    pairs: tuple[Array, Array],
    labels: Sequence[Label],
    predicted: Sequence[Label],
    name_of: Callable[[Any], str],
) -> Confusion:
    """Make a table of counted pairs.

    Parameters
    ----------
    pairs
        Label code times 2**32 plus predicted code, and how often.
    labels, predicted
        Values of the label codes and of the predicted codes.
    """
    values = sorted_labels({*labels, *predicted})
    row = {value: r for r, value in enumerate(values)}
    of_label = np.array([row[v] for v in labels], np.int64)
    of_prediction = np.array([row[v] for v in predicted], np.int64)
    counts = np.zeros((len(values), len(values)), np.int64)
    codes, often = pairs
    np.add.at(counts, (of_label[codes >> 32], of_prediction[codes & 0xFFFFFFFF]), often)
    return Confusion(epoch, tuple(values), tuple(name_of(v) for v in values), counts)


def drift(tables: Sequence[Confusion]) -> Array:
    """(L, T) total variation distance of each label's predictions from those of the table before."""
    if not tables:
        return np.zeros((0, 0))
    found = np.full((len(tables[0].labels), len(tables)), np.nan)
    with np.errstate(invalid="ignore"):
        shares = [t.counts / t.counts.sum(axis=1, keepdims=True) for t in tables]
    for column in range(1, len(tables)):
        found[:, column] = np.abs(shares[column] - shares[column - 1]).sum(axis=1) / 2
    return found
