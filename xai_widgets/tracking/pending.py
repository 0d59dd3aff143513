"""Rows on their way into the columns: copied once into a buffer, scattered later in one go.

A call into numpy costs about a microsecond however few rows it moves. Recording a batch therefore only copies it into
a buffer; places, policies and statistics come when some ten thousand rows are together, or a reader asks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
ROWS = 1 << 16
_FIRST_ROWS = 1 << 12


class Chunk:
    """Rows of one epoch that carry the same metrics.

    Parameters
    ----------
    epoch
        The epoch they belong to.
    metrics
        Names of the metrics.
    labelled
        Whether the rows have labels.
    """

    def __init__(self, epoch: int, metrics: tuple[str, ...], labelled: bool) -> None:
        self.epoch = epoch
        self.step = 0
        self.metrics = metrics
        self.labelled = labelled
        self.rows = 0
        self._room = 0
        self._index: Array = np.empty(0, np.int64)
        self._label: Array = np.empty(0, np.int64)
        self._values: Array = np.empty((len(metrics), 0), np.float32)
        self._index_names: list[Any] | None = None  # strings: a list takes the place of the array
        self._label_names: list[Any] | None = None

    def append(
        self, index: Array | list[Any], label: Array | list[Any] | None, values: list[Array], step: int
    ) -> None:
        """Copy a batch in."""
        first, last = self.rows, self.rows + len(index)
        if last > self._room:
            self._grow(last)
        if isinstance(index, list) or self._index_names is not None:
            self._index_names = _extended(self._index_names, self._index, first, index)
        else:
            self._index[first:last] = index
        if label is not None:
            if isinstance(label, list) or self._label_names is not None:
                self._label_names = _extended(self._label_names, self._label, first, label)
            else:
                self._label[first:last] = label
        for row, value in enumerate(values):
            self._values[row, first:last] = value
        self.rows = last
        self.step = step

    @property
    def full(self) -> bool:
        """Whether it is time to scatter."""
        return self.rows >= ROWS

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._index.nbytes + self._label.nbytes + self._values.nbytes

    @property
    def index(self) -> Array | list[Any]:
        """Names of the instances: integers (B,), or a list."""
        return self._index[: self.rows] if self._index_names is None else self._index_names

    @property
    def label(self) -> Array | list[Any] | None:
        """Labels: integers (B,), a list, or None."""
        if not self.labelled:
            return None
        return self._label[: self.rows] if self._label_names is None else self._label_names

    def values(self, metric: int) -> Array:
        """Values (B,) of the metric with that number."""
        return self._values[metric, : self.rows]

    def _grow(self, rows: int) -> None:
        room = max(rows, min(2 * self._room, ROWS + ROWS // 4), _FIRST_ROWS)
        index, values = np.empty(room, np.int64), np.empty((len(self.metrics), room), np.float32)
        index[: self.rows], values[:, : self.rows] = self._index[: self.rows], self._values[:, : self.rows]
        self._index, self._values = index, values
        if self.labelled:
            label = np.empty(room, np.int64)
            label[: self.rows] = self._label[: self.rows]
            self._label = label
        self._room = room


def _extended(names: list[Any] | None, array: Array, rows: int, more: Array | list[Any]) -> list[Any]:
    if names is None:
        names = array[:rows].tolist()
    names.extend(more if isinstance(more, list) else more.tolist())
    return names
