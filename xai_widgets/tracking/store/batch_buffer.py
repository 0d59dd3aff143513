"""Rows on their way into the columns: copied once into a buffer, scattered later in one go.

A call into numpy costs about a microsecond however few rows it moves. Recording a batch therefore only copies it into
a buffer; places, policies and statistics come when some ten thousand rows are together, or a reader asks.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store.logits import derive

Array = npt.NDArray[Any]
NO_LABEL = -(2**63)
"""Among integer labels: this row has none. To leave rows out of a tensor, one would have to wait for its device."""
ROWS = 1 << 16
WITHDRAWN = ("@withdrawn",)
"""The metrics of a batch that takes back what its instances have in an epoch; a log holds it like any other."""
_FIRST_ROWS = 1 << 12
_LOGIT_BYTES = 1 << 22
_METRIC_BYTES = 1 << 26


@dataclass(slots=True)
class Batch:
    """A batch that passed every check: `index` and `label` (B,), one (B,) array per metric, `logits` (B, C).

    Of predictions that are no small numbers the metric "@named" has the codes in the tracker's table, and `predicted` (B,)
    themselves, for the run log.
    """

    index: Array | list[Any]
    label: Array | list[Any] | None
    metrics: tuple[str, ...]
    values: list[Array]
    logits: Array | None = None
    predicted: Array | list[Any] | None = None

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[Any, ...]:
        """What rows must share to lie in one chunk."""
        return (self.metrics, self.label is None, 0 if self.logits is None else self.logits.shape[1])

    def with_derived(self) -> Batch:
        """Put what follows from the logits in the place of the logits."""
        if self.logits is None:
            return self
        derived = derive(self.logits, np.asarray(self.label))
        return Batch(self.index, self.label, (*self.metrics, *derived), [*self.values, *derived.values()])


def plain_batch(index: Any, label: Any, metrics: dict[str, Any]) -> Batch | None:
    """Make a batch of what nearly every batch is: (B,) arrays or host tensors of integers and floats.

    One function with no calls of ours in it, since after a training step none of our code is in the processor's cache.

    Returns
    -------
    Batch or None
        None for anything else, wrong or right: it is for the careful functions of `convert`.
    """
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)
    arrays: list[Array] = []
    for value in (index, label, *metrics.values()):
        if type(value) is not np.ndarray:
            if type(value) is not tensor or not value.is_cpu:
                return None
            try:
                value = (value.detach() if value.requires_grad else value).numpy()
            except (TypeError, RuntimeError):
                return None
        if value.ndim != 1 or (arrays and value.shape != arrays[0].shape):
            return None
        arrays.append(value)
    names, labels, *values = arrays
    if names.dtype.kind != "i" or labels.dtype.kind != "i":
        return None
    for value in values:
        if value.dtype.kind != "f":
            return None
    return Batch(names, labels, tuple(metrics), values)


def labelled_apart(batch: Batch) -> list[Batch]:
    """Part a batch into the rows that have a label and those whose label is `NO_LABEL`, which then have no logits."""
    labels = batch.label
    if labels is None or isinstance(labels, list) or not labels.size or labels.min() != NO_LABEL:
        return [batch]
    has = labels != NO_LABEL
    names = np.asarray(batch.index, object) if isinstance(batch.index, list) else batch.index
    parts = []
    for rows in (has, ~has):
        index = names[rows].tolist() if isinstance(batch.index, list) else names[rows]
        values = [value[rows] for value in batch.values]
        logits = batch.logits[rows] if rows is has and batch.logits is not None else None
        parts.append(Batch(index, labels[rows] if rows is has else None, batch.metrics, values, logits))
    return [part for part in parts if len(part)]


class Chunk:
    """Rows of one epoch that carry the same metrics.

    Parameters
    ----------
    epoch
        The epoch they belong to.
    first
        A batch like those that will be appended.
    """

    def __init__(self, epoch: int, first: Batch) -> None:
        self.epoch = epoch
        self.step = 0
        self._shape = first.shape
        self.metrics = first.metrics
        self.rows = 0
        classes = 0 if first.logits is None else first.logits.shape[1]
        self.limit = min(ROWS, max(256, _LOGIT_BYTES // (4 * classes))) if classes else ROWS
        self.limit = min(self.limit, max(1, _METRIC_BYTES // (4 * max(1, len(first.metrics)))))
        self._room = 0
        self._index: Array = np.empty(0, np.int64)
        self._label: Array | None = None if first.label is None else np.empty(0, np.int64)
        self._values: Array = np.empty((len(first.metrics), 0), np.float32)
        self._logits: Array | None = np.empty((0, classes), np.float32) if classes else None
        self._index_names: list[Any] | None = None  # strings: a list takes the place of the array
        self._label_names: list[Any] | None = None

    def append(self, batch: Batch, step: int) -> None:
        """Copy a batch in."""
        index, label = batch.index, batch.label
        first, last = self.rows, self.rows + len(index)
        if last > self._room:
            self._grow(last)
        if isinstance(index, list) or self._index_names is not None:
            self._index_names = _extended(self._index_names, self._index, first, index)
        else:
            self._index[first:last] = index
        if label is not None and self._label is not None:
            if isinstance(label, list) or self._label_names is not None:
                self._label_names = _extended(self._label_names, self._label, first, label)
            else:
                self._label[first:last] = label
        for row, value in enumerate(batch.values):
            self._values[row, first:last] = value
        if self._logits is not None:
            self._logits[first:last] = batch.logits
        self.rows = last
        self.step = step

    def begin(self, epoch: int, first: Batch) -> bool:
        """Begin anew, where batches like `first` fit: memory that was used costs nothing to use again."""
        if first.shape != self._shape or self._index_names is not None or self._label_names is not None:
            return False
        self.epoch, self.step, self.rows = epoch, 0, 0
        return True

    @property
    def full(self) -> bool:
        """Whether it is time to scatter."""
        return self.rows >= self.limit

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        arrays = (self._index, self._label, self._values, self._logits)
        return sum(a.nbytes for a in arrays if a is not None)

    @property
    def index(self) -> Array | list[Any]:
        """Names of the instances: integers (B,), or a list."""
        return self._index[: self.rows] if self._index_names is None else self._index_names

    @property
    def label(self) -> Array | list[Any] | None:
        """Labels: integers (B,), a list, or None."""
        if self._label_names is not None:
            return self._label_names
        return None if self._label is None else self._label[: self.rows]

    @property
    def logits(self) -> Array | None:
        """Logits (B, C) float32, or None."""
        return None if self._logits is None else self._logits[: self.rows]

    def values(self, metric: int) -> Array:
        """Values (B,) of the metric with that number."""
        return self._values[metric, : self.rows]

    def _grow(self, rows: int) -> None:
        room = max(rows, min(4 * self._room, self.limit + self.limit // 4), min(_FIRST_ROWS, self.limit))
        used = self.rows
        for name in ("_index", "_label", "_logits"):
            old = getattr(self, name)
            if old is not None:
                new = np.empty((room, *old.shape[1:]), old.dtype)
                new[:used] = old[:used]
                setattr(self, name, new)
        values = np.empty((len(self.metrics), room), np.float32)
        values[:, :used] = self._values[:, :used]
        self._values, self._room = values, room


def _extended(names: list[Any] | None, array: Array, rows: int, more: Array | list[Any]) -> list[Any]:
    if names is None:
        names = array[:rows].tolist()
    names.extend(more if isinstance(more, list) else more.tolist())
    return names
