"""The tracker: takes batches in, answers questions about them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from xai_widgets.tracking.clock import Clock, check_mode
from xai_widgets.tracking.columns import DUPLICATES
from xai_widgets.tracking.convert import Array, read_index, read_label, read_metric, to_array
from xai_widgets.tracking.labels import LabelTable, read_label_names
from xai_widgets.tracking.lifecycle import Lifecycle
from xai_widgets.tracking.pending import Chunk
from xai_widgets.tracking.queries import Queries
from xai_widgets.tracking.results import EpochSummary
from xai_widgets.tracking.stream import Stream

BACKLOG = 16


class Tracker(Queries, Lifecycle):
    """Keeps what every instance did in every epoch, and answers at once.

    Parameters
    ----------
    label_names
        {"airplane": 0, ...}: names, filters (other labels are not shown) and merges (a tuple of values). A list of
        names for 0, 1, 2... does as well.
    log_dir
        Folder of a run log; every batch is in it when `record` returns. None keeps the run in memory only.
    epoch_frequency
        Keep the columns of every so many epochs only; the first and the newest are always kept, and so are the label
        statistics of every epoch.
    epochs
        Planned number of epochs, for axes and progress.
    duplicates
        What becomes of an instance recorded several times in an epoch: "mean", "last" or "max".
    dtype
        "float32" or "float16": the type of the columns.

    Raises
    ------
    ValueError
        For an unknown policy, dtype or frequency.
    """

    def __init__(
        self,
        label_names: Any = None,
        log_dir: Any = None,
        epoch_frequency: int = 1,
        *,
        epochs: int | None = None,
        duplicates: str = "mean",
        dtype: str = "float32",
    ) -> None:
        if duplicates not in DUPLICATES:
            raise ValueError(f"unknown duplicates {duplicates!r}; one of {', '.join(DUPLICATES)}")
        if np.dtype(dtype) not in (np.dtype("float32"), np.dtype("float16")):
            raise ValueError(f"dtype {dtype!r} is not kept; float32 or float16")
        if int(epoch_frequency) != epoch_frequency or epoch_frequency < 1:
            raise ValueError(
                f"epoch_frequency is {epoch_frequency!r}; a whole number of at least 1 is expected"
            )
        Lifecycle.__init__(self, epochs)
        self.epoch_frequency = int(epoch_frequency)
        self.duplicates, self.dtype = duplicates, np.dtype(dtype).name
        self._given_names = read_label_names(label_names)
        self._table = LabelTable()
        self._streams: dict[tuple[str, str | None], Stream] = {}
        self._clock = Clock()
        self._lock = threading.RLock()  # held shortly: buffers, clock, the queue of jobs
        self._settling = threading.RLock()  # held while jobs run and answers are computed; taken before _lock
        self._jobs: deque[Callable[[], None]] = deque()

    def record(
        self,
        index: Any,
        label: Any = None,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        epoch: int | None = None,
        step: int | None = None,
        mask: Any = None,
        **metrics: Any,
    ) -> None:
        """Record a batch.

        Parameters
        ----------
        index
            (B,) integers or strings that name the instances.
        label
            (B,) integers or strings, or one-hot (B, C).
        mode
            "train", "eval", "test" or "infer".
        ds_id
            Which data set, where a mode has several.
        epoch
            The epoch; by default the open one. A later one than the open ends that.
        step
            The global training step; counted along by default.
        mask
            (B, T): which places of (B, T) metrics count.
        **metrics
            Arrays or tensors (B,), (B, 1) or (B, T), of any framework and device: `loss=...` first of all.

        Raises
        ------
        ValueError, TypeError
            For lengths that differ, an averaged loss, indices that are no integers or strings, an unknown mode.
            Nothing of the batch is kept then, and nothing else is lost.
        """
        names = read_index(index)
        size = len(names)
        labels = None if label is None else read_label(label, size)
        where = None if mask is None else to_array(mask)
        values = [read_metric(name, value, size, where) for name, value in metrics.items()]
        if not values and labels is None:
            raise ValueError(
                "record got neither a label nor a metric; give for instance loss=per_sample_loss"
            )
        if size:
            self._append(mode, ds_id, epoch, step, names, labels, tuple(metrics), values)
        if mode == "train":
            self.safe_point()

    def end_epoch(self, mode: str | None = None, *, epoch: int | None = None) -> None:
        """End the open epoch of a mode, or of all modes.

        Parameters
        ----------
        mode
            Which mode; all that have an open epoch by default.
        epoch
            The epoch meant; nothing happens when another one is open.
        """
        if mode is not None:
            check_mode(mode)
        with self._lock:
            modes = [m for m in self._clock.open if mode in (None, m)]
            ended = [s for m in modes if epoch in (None, self._clock.open[m]) for s in self._end(m)]
        self._settle(wait=False)
        for summary in ended:
            self._subscribers.call(summary)

    def _append(
        self,
        mode: str,
        ds_id: str | None,
        epoch: int | None,
        step: int | None,
        names: Array | list[Any],
        labels: Array | list[Any] | None,
        metrics: tuple[str, ...],
        values: list[Array],
    ) -> None:
        if self.status != "training":
            self.start()
        ended: list[EpochSummary] = []
        with self._lock:
            stream = self._streams.get((mode, ds_id))
            if stream is None:
                stream = self._new_stream(mode, ds_id)
            at = self._clock.open.get(mode)
            if at is None or (epoch is not None and epoch != at):
                at, ended = self._enter(mode, epoch)
            if step is not None:
                self._step = int(step)
            elif mode == "train":
                self._step += 1
            chunk = stream.chunks.get(metrics)
            if chunk is None or chunk.epoch != at or (labels is not None) != chunk.labelled:
                chunk = self._new_chunk(stream, chunk, at, metrics, labels is not None)
            chunk.append(names, labels, values, self._step)
            stream.rows_of_epoch += len(names)
            self.version += 1
            full = chunk.rows >= 65536
            if full:
                self._seal(stream)
        if full:
            self._settle(wait=len(self._jobs) > BACKLOG)
        for summary in ended:
            self._subscribers.call(summary)

    def _new_stream(self, mode: str, ds_id: str | None) -> Stream:
        check_mode(mode)
        if ds_id is not None and not isinstance(ds_id, str):
            raise TypeError(f"ds_id is {ds_id!r}; a string or None is expected")
        stream = Stream(mode, ds_id, self._table, self.duplicates, self.dtype, self.epoch_frequency)
        self._streams[(mode, ds_id)] = stream
        return stream

    def _new_chunk(
        self, stream: Stream, old: Chunk | None, epoch: int, metrics: tuple[str, ...], labelled: bool
    ) -> Chunk:
        if old is not None:
            self._jobs.append(partial(stream.take, old))
        stream.announce(metrics)
        chunk = stream.chunks[metrics] = Chunk(epoch, metrics, labelled)
        return chunk

    def _enter(self, mode: str, epoch: int | None) -> tuple[int, list[EpochSummary]]:
        """Epoch of a row, opening it (and ending an older one) where it is new."""
        wanted = self._clock.current(mode) if epoch is None else int(epoch)
        if wanted < 0:
            raise ValueError(f"epoch is {epoch!r}; a whole number from 1 on is expected")
        is_open = self._clock.open.get(mode)
        ended: list[EpochSummary] = []
        if is_open is not None and wanted > is_open:
            ended = self._end(mode)
        if mode not in self._clock.open and wanted > self._clock.ended.get(mode, -1):
            self._clock.open[mode] = wanted
            self._epoch = self._clock.latest()
        return wanted, ended

    def _end(self, mode: str) -> list[EpochSummary]:
        """End the open epoch of a mode; under the lock."""
        epoch = self._clock.open.pop(mode)
        self._clock.ended[mode] = epoch
        self.version += 1
        summaries = []
        for stream in self._streams.values():
            if stream.mode == mode:
                self._seal(stream)
                self._jobs.append(partial(stream.close, epoch))
                rows, stream.rows_of_epoch = stream.rows_of_epoch, 0
                metrics = stream.metrics
                summaries.append(
                    EpochSummary(mode, stream.ds_id, epoch, self._step, metrics, rows, status=self.status)
                )
        return summaries

    def _seal(self, stream: Stream) -> None:
        for chunk in stream.chunks.values():
            self._jobs.append(partial(stream.take, chunk))
        stream.chunks = {}

    def _settle(self, wait: bool = True) -> None:
        """Run the jobs in their order, unless another thread is at it and we need not wait."""
        if not self._settling.acquire(blocking=wait):
            return
        try:
            while self._jobs:
                self._jobs.popleft()()
        finally:
            self._settling.release()

    def _settled(self) -> None:
        """Take in everything recorded; the caller holds `_settling`."""
        with self._lock:
            for stream in self._streams.values():
                self._seal(stream)
        self._settle()
