"""Everything recorded of one data set in one mode: instances, labels, columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.columns import Column
from xai_widgets.tracking.indexing import IndexMap
from xai_widgets.tracking.labels import LabelTable
from xai_widgets.tracking.pending import Chunk
from xai_widgets.tracking.statistics import GroupStatistics, group_statistics

Array = npt.NDArray[Any]


class Stream:
    """The columns of one (mode, ds_id).

    Parameters
    ----------
    table
        Label values and their codes, shared by all streams of a tracker.
    duplicates, dtype, epoch_frequency
        As in `Tracker`.
    """

    def __init__(
        self,
        mode: str,
        ds_id: str | None,
        table: LabelTable,
        duplicates: str,
        dtype: Any,
        epoch_frequency: int,
    ) -> None:
        self.mode, self.ds_id = mode, ds_id
        self.table = table
        self.instances = IndexMap()
        self.codes: Array = np.empty(
            0, np.int8
        )  # label code by place, -1 unknown; widened when codes need it
        self.columns: dict[str, dict[int, Column]] = {}
        self.chunks: dict[tuple[str, ...], Chunk] = {}
        self.metrics: tuple[str, ...] = ()  # known at once, before any chunk is taken in
        self.labelled = False
        self.rows = self.relabelled = 0
        self.rows_of_epoch = 0
        self._duplicates, self._dtype, self._frequency = duplicates, np.dtype(dtype), epoch_frequency
        self._statistics: dict[tuple[str, int], tuple[int, GroupStatistics]] = {}
        self.steps: dict[int, int] = {}  # epoch: the last training step known in it

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        columns = sum(c.nbytes for epochs in self.columns.values() for c in epochs.values())
        return (
            columns + self.codes.nbytes + self.instances.nbytes + sum(c.nbytes for c in self.chunks.values())
        )

    def announce(self, metrics: tuple[str, ...]) -> None:
        """Make metric names known."""
        fresh = tuple(m for m in metrics if m not in self.metrics)
        if fresh:
            self.metrics += fresh

    def take(self, chunk: Chunk) -> None:
        """Scatter a chunk into the columns."""
        places = self.instances.place(chunk.index)
        if chunk.label is not None:
            self._label(places, self.table.encode(chunk.label))
        for number, metric in enumerate(chunk.metrics):
            epochs = self.columns.setdefault(metric, {})
            column = epochs.get(chunk.epoch)
            if column is None:
                column = epochs[chunk.epoch] = Column(chunk.epoch, self._dtype)
                self._in_order(metric)
            column.fold(places, chunk.values(number), self.instances.size, self._duplicates, chunk.step)
        self.rows += chunk.rows
        self.steps[chunk.epoch] = max(self.steps.get(chunk.epoch, 0), chunk.step)

    def close(self, epoch: int) -> None:
        """End an epoch: trim its columns, take the label statistics, thin older epochs out by `epoch_frequency`."""
        for metric, epochs in self.columns.items():
            column = epochs.get(epoch)
            if column is not None and not column.closed:
                column.close(self.instances.size)
                if self.labelled:
                    self.statistics(metric, epoch)
        if self._frequency > 1:
            self._thin(epoch)

    def statistics(self, metric: str, epoch: int) -> GroupStatistics:
        """Statistics per label code of one epoch, kept until the column changes."""
        column = self.columns[metric].get(epoch)
        cached = self._statistics.get((metric, epoch))
        if column is None:
            if cached is None:
                raise KeyError(epoch)
            return cached[1]
        if cached is not None and cached[0] == column.changes:
            return cached[1]
        size = min(column.values.shape[0], self.codes.shape[0])
        found = group_statistics(column.values[:size], self.codes[:size], len(self.table))
        self._statistics[(metric, epoch)] = (column.changes, found)
        return found

    def epochs_of(self, metric: str, columns_only: bool = True) -> list[int]:
        """Epochs of a metric in their order: those whose columns are kept, or those with label statistics too."""
        kept = set(self.columns.get(metric, ()))
        if not columns_only:
            kept |= {epoch for name, epoch in self._statistics if name == metric}
        return sorted(kept)

    def is_open(self, metric: str, epoch: int) -> bool:
        """Whether an epoch of a metric may still get rows as a matter of course."""
        column = self.columns[metric].get(epoch)
        return column is not None and not column.closed

    def label_codes(self, places: Array) -> Array:
        """Label codes at `places`, -1 where unknown."""
        found = np.full(places.shape, -1, np.int64)
        inside = (places >= 0) & (places < self.codes.shape[0])
        found[inside] = self.codes[places[inside]]
        return found

    def label_values(self, places: Array) -> tuple[Any, ...]:
        """Labels at `places`, None where unknown."""
        values = self.table.values
        return tuple(values[c] if c >= 0 else None for c in self.label_codes(places).tolist())

    def _label(self, places: Array, codes: Array) -> None:
        self.labelled = True
        size = self.instances.size
        kind = _code_dtype(len(self.table))
        if self.codes.shape[0] < size or self.codes.dtype != kind:
            grown = np.full(max(size, self.codes.shape[0]), -1, kind)
            grown[: self.codes.shape[0]] = self.codes
            self.codes = grown
        old = self.codes[places]
        changed = old != codes
        if changed.any():
            self.relabelled += int(np.count_nonzero(changed & (old >= 0)))
            self.codes[places] = codes

    def _in_order(self, metric: str) -> None:
        epochs = list(self.columns[metric])
        if len(epochs) > 1 and epochs[-1] < epochs[-2]:  # a late epoch came after a newer one
            self.columns[metric] = dict(sorted(self.columns[metric].items()))

    def _thin(self, newest: int) -> None:
        """Keep the first, the newest and every `epoch_frequency`-th epoch; label statistics stay of all."""
        for epochs in self.columns.values():
            known = sorted(epochs)
            for epoch in known[1:]:
                if epoch < newest and epoch % self._frequency and epochs[epoch].closed:
                    del epochs[epoch]


def _code_dtype(labels: int) -> np.dtype[Any]:
    return np.dtype(np.int8 if labels <= 127 else np.int16 if labels <= 32767 else np.int32)
