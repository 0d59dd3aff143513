"""The writing half of a tracker: buffers, epochs, the jobs that take rows into the columns, and the course of the run."""

from __future__ import annotations

import os
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from xai_widgets._metrics import Metric
from xai_widgets.tracking.events import Callbacks, Subscription
from xai_widgets.tracking.ingest.convert import read_index
from xai_widgets.tracking.ingest.epoch_clock import Clock, check_mode
from xai_widgets.tracking.ingest.limits import check_ds_id, check_epoch, check_metrics, check_step
from xai_widgets.tracking.ingest.sink import Sink
from xai_widgets.tracking.ingest.worker import Worker
from xai_widgets.tracking.results import EpochSummary
from xai_widgets.tracking.store.batch_buffer import WITHDRAWN, Array, Batch, Chunk
from xai_widgets.tracking.store.device_buffer import Transfer, to_batches
from xai_widgets.tracking.store.labels import LabelTable
from xai_widgets.tracking.store.replay import recorded
from xai_widgets.tracking.store.stream import Policy, Stream

PROBLEMS_KEPT = 100
BACKLOG = 16
"""Chunks that may wait for the worker before `record` helps it."""
CHUNKS = 64
"""Chunks of one stream (an epoch and its metrics have one each) that may fill at the same time."""
FIELDS = ("index", "label", "logits")
LIGHT_ROWS = 1 << 17
"""An epoch of more rows than this is closed by the worker, not by the thread that ends it."""


class Intake:
    """A run as it is recorded: its batches, its epochs, its status, and who wants to know.

    Two locks, always taken in this order: `_settling` while jobs run and answers are computed (up to some ten
    milliseconds), `_lock` while a batch is copied or the clock moves (microseconds). Recording needs the second only.
    Nothing that a subscriber, a callback or the log does can stop training.

    Attributes
    ----------
    version
        Grows with every record and every end of an epoch: whoever polls sees at a glance whether there is news.
    status
        "idle", "training", "ended" or "failed".
    error
        Text of the error a failed run ended with.
    epochs, steps_per_epoch
        Planned number of epochs, and of training steps in each; None where unknown.
    problems
        What went wrong on the side (a failing subscriber, a full disk), as text, newest last.
    stop_requested
        Whether somebody asked for a polite stop.
    """

    _given_names: dict[str, Any] | None = None
    _definitions: Mapping[str, Metric] = MappingProxyType({})
    _rows_kept: tuple[tuple[Any, ...], list[Any]] | None = None  # labels found for the last question

    def __init__(self, policy: Policy, epochs: int | None) -> None:
        self.version = 0
        self.status = "idle"
        self.error: str | None = None
        self.epochs = epochs
        self.steps_per_epoch: int | None = None
        self.problems: list[str] = []
        self.stop_requested = False
        self._step = 0
        self._epoch = 0
        self._started: float | None = None
        self._elapsed = 0.0
        self._subscribers = Callbacks("subscriber", self.report)
        self._safe = Callbacks("safe-point callback", self.report)
        self._sources: list[weakref.WeakMethod[Any]] = []  # what holds rows back for a moment
        self._policy = policy
        self._reset()
        self._jobs: deque[Callable[[], None]] = deque()
        self._heavy = False  # whether a job in the queue is for the worker
        self._free: dict[Any, list[Transfer]] = {}  # device buffers that wait to be used again
        self._sink: Sink | None = None
        self._new_threads()
        _alive.add(self)

    @property
    def epoch(self) -> int:
        """The open epoch, or the last one; 0 before any."""
        return self._epoch

    @property
    def step(self) -> int:
        """The last training step known; 0 before any."""
        return self._step

    @property
    def elapsed(self) -> float:
        """Seconds the run has been training."""
        return self._elapsed + (time.monotonic() - self._started if self._started is not None else 0.0)

    def start(self) -> None:
        """Say that training begins; the first `record` does so too."""
        self.error = None
        self.stop_requested = False
        if self._started is None:
            self._started = time.monotonic()
        self._set_status("training")

    def finish(self, error: BaseException | None = None) -> None:
        """Say that training ended, or failed with `error`."""
        self._elapsed, self._started = self.elapsed, None
        if error is not None:
            self.error = f"{type(error).__name__}: {error}"
        self._set_status("ended" if error is None else "failed")

    def request_stop(self) -> None:
        """Ask the training loop to stop at its next batch or epoch end; hooks honour it, plain loops may."""
        self.stop_requested = True
        self.version += 1

    def withdraw(
        self, index: Any, *, mode: str = "train", ds_id: str | None = None, epoch: int | None = None
    ) -> None:
        """Take back what was recorded of instances in an epoch: it was found to be wrong.

        Their values of that epoch are missing then, in views, scores, exports and whoever reads the run log; what scores of an
        epoch that has ended made of predictions stays.

        Parameters
        ----------
        index
            (B,) integers or strings that name the instances.
        mode, ds_id
            Which data.
        epoch
            The epoch; by default the open one.
        """
        names = read_index(index)
        if len(names) and (mode, ds_id) in self._streams:
            batch = Batch(names, None, WITHDRAWN, [np.ones(len(names), np.float32)])
            self._take_all_in()  # rows that are still on a device came before
            self._take_batch(batch, mode, ds_id, epoch, self._step)
            self._take_all_in()

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
        self._advance()
        for summary in ended:
            self._subscribers.call(summary)

    def close(self) -> None:
        """Close the run log; without one this does nothing."""
        with self._settling:
            self._settled()
            with self._lock:
                if self._sink is not None:
                    self._sink.close()

    def subscribe(self, callback: Callable[[EpochSummary], Any]) -> Subscription:
        """Have `callback(summary)` called at every end of an epoch and change of status.

        It is called in the thread that ends the epoch. What it raises is kept in `problems`; after three failures in
        a row it is called no more.
        """
        return self._subscribers.add(callback)

    def on_safe_point(self, callback: Callable[[int, int], Any]) -> Subscription:
        """Have `callback(epoch, step)` called in the training thread, between optimizer steps."""
        return self._safe.add(callback)

    def safe_point(self, *, step: int | None = None, epoch: int | None = None) -> None:
        """Say, in the training thread, that it is between optimizer steps."""
        if self._safe.subscriptions:
            self._safe.call(self._epoch if epoch is None else epoch, self._step if step is None else step)

    def report(self, problem: str) -> None:
        """Keep a problem for the user to see, and warn."""
        self.problems.append(problem)
        del self.problems[:-PROBLEMS_KEPT]
        self.version += 1
        try:
            warnings.warn(problem, RuntimeWarning, stacklevel=3)
        except RuntimeWarning:  # warnings may be errors; a problem on the side still stops nothing
            return

    def _set_status(self, status: str) -> None:
        if status == self.status:
            return
        self.status = status
        self.version += 1
        self._log_status(status)
        self._subscribers.call(EpochSummary(None, None, self.epoch, self.step, kind="status", status=status))

    def _reset(self) -> None:
        """Forget all that was recorded."""
        self._table = LabelTable()
        self._predicted = LabelTable()
        self._streams: dict[tuple[str, str | None], Stream] = {}
        self._clock = Clock()
        self._epoch = self._step = 0

    def _new_threads(self) -> None:
        self._lock = threading.RLock()
        self._settling = threading.RLock()
        self._worker = Worker(self._settle)

    def _predicted_codes(self, predicted: Array | list[Any]) -> Array:
        """Return the codes of predicted labels that are no small numbers."""
        with self._lock:
            return self._predicted.encode(predicted)

    def _take_batch(
        self, batch: Batch, mode: str, ds_id: str | None, epoch: int | None, step: int | None
    ) -> None:
        """Log a batch, then buffer it."""
        check_metrics(batch.metrics)
        if self.status != "training" and (mode == "train" or self.status == "idle"):
            self.start()
        with self._lock:
            stream, at, ended = self._place(mode, ds_id, epoch, step)
            if self._sink is not None:
                self._write(self._sink, batch, stream, at, self._step)
            full = self._buffer(stream, batch, at, self._step)
            self.version += 1
        if full:
            self._advance()
        for summary in ended:
            self._subscribers.call(summary)

    def _take_off_device(
        self,
        rows: dict[str, Any],
        device: Any,
        mode: str,
        ds_id: str | None,
        epoch: int | None,
        step: int | None,
    ) -> None:
        """Gather a batch on its device; it is logged and taken in when it has come over."""
        check_metrics(tuple(rows))
        if self.status != "training" and (mode == "train" or self.status == "idle"):
            self.start()
        with self._lock:
            stream, at, ended = self._place(mode, ds_id, epoch, step)
            key = (device, tuple(rows))
            transfer = stream.transfers.get(key)
            if transfer is not None and (transfer.epoch != at or not transfer.fits(rows)):
                self._launch(stream, key)
                transfer = None
            if transfer is None:
                transfer = self._free_transfer(key, rows, device)
                stream.transfers[key] = transfer
                stream.announce(tuple(n for n in rows if n not in FIELDS), "logits" in rows)
            transfer.epoch, transfer.step = at, self._step
            transfer.append(rows)
            stream.rows_of_epoch += rows["index"].shape[0]
            self.version += 1
            due = transfer.due
            if due:
                self._launch(stream, key)
        if due:
            self._advance()
        for summary in ended:
            self._subscribers.call(summary)

    def _free_transfer(self, key: Any, rows: dict[str, Any], device: Any) -> Transfer:
        free = self._free.setdefault(key, [])
        for number, transfer in enumerate(free):
            if transfer.fits(rows):
                return free.pop(number)
        return Transfer(rows, device)

    def _launch(self, stream: Stream, key: Any) -> None:
        transfer = stream.transfers.pop(key)
        transfer.launch()
        self._jobs.append(partial(self._arrive, stream, key, transfer))
        self._heavy = True

    def _arrive(self, stream: Stream, key: Any, transfer: Transfer) -> None:
        """Take in rows that have come over; a job."""
        epoch, step = transfer.epoch, transfer.step
        batches = to_batches(transfer.finish())
        with self._lock:
            self._free[key].append(transfer)
            if self._sink is not None:
                batches = [batch.with_derived() for batch in batches]
                for batch in batches:
                    self._write(self._sink, batch, stream, epoch, step)
        for batch in batches:
            chunk = Chunk(epoch, batch)
            chunk.append(batch, step)
            stream.take(chunk)

    def _buffer(self, stream: Stream, batch: Batch, epoch: int, step: int) -> bool:
        withdraws = batch.metrics == WITHDRAWN
        if withdraws:  # what came before it is taken in before it
            self._seal(stream)
        shape = (epoch, *batch.shape)
        chunk = stream.chunks.get(shape)
        if chunk is None:
            stream.announce(batch.metrics, batch.logits is not None)
            chunk = stream.chunks[shape] = stream.chunk(epoch, batch)
        chunk.append(batch, step)
        stream.rows_of_epoch += -len(batch) if withdraws else len(batch)
        full = withdraws or chunk.full or len(stream.chunks) > CHUNKS
        if full:
            self._heavy = self._heavy or chunk.logits is not None
            self._seal(stream)
        return full

    def _place(
        self, mode: str, ds_id: str | None, epoch: int | None, step: int | None
    ) -> tuple[Stream, int, list[EpochSummary]]:
        """Find the stream and the epoch of a batch, and move the clock; under the lock."""
        number = None if step is None else check_step(step)
        stream = self._streams.get((mode, ds_id)) or self._new_stream(mode, ds_id)
        ended: list[EpochSummary] = []
        at = self._clock.open.get(mode)
        if at is None or (epoch != at and (epoch is not None or mode != "train")):
            at, ended = self._enter(mode, epoch)
        if number is not None:
            self._step = number
        elif mode == "train":
            self._step += 1
        return stream, at, ended

    def _new_stream(self, mode: str, ds_id: str | None) -> Stream:
        check_mode(mode)
        check_ds_id(ds_id)
        stream = self._streams[(mode, ds_id)] = Stream(
            mode, ds_id, self._table, self._predicted, self._policy
        )
        return stream

    def _enter(self, mode: str, epoch: int | None) -> tuple[int, list[EpochSummary]]:
        """Find the epoch of a row, opening it (and ending an older one) where it is new."""
        wanted = check_epoch(self._clock.current(mode) if epoch is None else epoch)
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
            if stream.mode != mode:
                continue
            self._seal(stream)
            self._jobs.append(partial(stream.close, epoch))
            rows, stream.rows_of_epoch = stream.rows_of_epoch, 0
            self._heavy = self._heavy or rows > LIGHT_ROWS
            self._log_end(mode, stream.ds_id, epoch)
            summaries.append(
                EpochSummary(mode, stream.ds_id, epoch, self._step, stream.metrics, rows, status=self.status)
            )
        return summaries

    def _seal(self, stream: Stream) -> None:
        for key in list(stream.transfers):
            self._launch(stream, key)
        for chunk in stream.chunks.values():
            self._jobs.append(partial(stream.take, chunk))
        stream.chunks = {}

    def _advance(self) -> None:
        """Have the jobs done: light ones here unless a reader is at it, heavy ones by the worker."""
        if len(self._jobs) > BACKLOG:
            self._settle()
        elif self._heavy:
            self._worker.wake()
        elif self._settling.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._settling.release()

    def take_rows(self, mode: str, ds_id: str | None, epoch: int, step: int, batch: Batch) -> None:
        """Take in rows read from a run log: of any epoch, in any order, ending none."""
        with self._lock:
            if batch.predicted is not None:  # codes in the log are not those here
                at = batch.metrics.index("@named")
                batch.values[at] = self._predicted.encode(batch.predicted)
            stream = self._streams.get((mode, ds_id)) or self._new_stream(mode, ds_id)
            if epoch > self._clock.ended.get(mode, -1):
                self._clock.open[mode] = max(epoch, self._clock.open.get(mode, epoch))
            self._step = max(self._step, step)
            self._epoch = self._clock.latest()
            full = self._buffer(stream, batch, epoch, step)
        if full:
            self._settle()

    def close_epoch(self, mode: str, ds_id: str | None, epoch: int) -> EpochSummary:
        """End an epoch that was read from a run log; subscribers are left to the reader."""
        with self._lock:
            stream = self._streams[(mode, ds_id)]
            self._clock.ended[mode] = max(epoch, self._clock.ended.get(mode, epoch))
            if self._clock.open.get(mode, -1) <= epoch:
                self._clock.open.pop(mode, None)
            self._seal(stream)
            self._jobs.append(partial(stream.close, epoch))
            summary = EpochSummary(mode, ds_id, epoch, self._step, stream.metrics, 0, status=self.status)
        self._settle()
        return summary

    def forget(self) -> None:
        """Drop all that was recorded; `problems`, subscriptions and settings stay."""
        with self._settling, self._lock:
            self._jobs.clear()
            self._reset()
            self.version += 1

    def _settle(self) -> None:
        """Run the jobs in their order."""
        with self._settling:
            self._heavy = False
            while self._jobs:
                job = self._jobs.popleft()
                try:
                    job()
                except (MemoryError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                    self.report(f"rows could not be taken in: {type(error).__name__}: {error}")

    def _take_all_in(self) -> None:
        with self._settling:
            self._settled()

    def _settled(self) -> None:
        """Take in everything recorded; the caller holds `_settling`."""
        with self._lock:
            for stream in self._streams.values():
                self._seal(stream)
        self._settle()

    def _write(self, sink: Sink, batch: Batch, stream: Stream, epoch: int, step: int) -> None:
        try:
            if sink.write_rows(stream.mode, stream.ds_id, epoch, step, batch):
                self._write_again(sink)
        except Exception as error:
            self._log_failed(error)

    def _log_end(self, mode: str, ds_id: str | None, epoch: int) -> None:
        if self._sink is not None:
            try:
                if self._sink.end_epoch(mode, ds_id, epoch, self._step):
                    self._write_again(self._sink)
            except Exception as error:
                self._log_failed(error)

    def _log_status(self, status: str) -> None:
        with self._lock:
            if self._sink is not None:
                try:
                    self._sink.write_status(status, self.error)
                except Exception as error:
                    self._log_failed(error)

    def _write_again(self, sink: Sink) -> None:
        """Have everything recorded so far written into a log that was begun anew; under the lock."""
        for stream in self._streams.values():
            self._seal(stream)
            self._jobs.append(partial(self._replay, sink, sink.path, stream))
        self._heavy = True

    def _replay(self, sink: Sink, path: str, stream: Stream) -> None:
        """Write what a stream holds into the log, while that is still the same file; a job."""
        for epoch, step, closed, batches in recorded(stream):
            for batch in batches:
                with self._lock:
                    if self._sink is not sink or sink.path != path:
                        return
                    self._write(sink, batch, stream, epoch, step)
            if closed:
                with self._lock:
                    self._log_end(stream.mode, stream.ds_id, epoch)

    def _log_failed(self, error: Exception) -> None:
        """Give the log up, visibly; training goes on."""
        sink, self._sink = self._sink, None
        where = f" {sink.path}" if sink is not None else ""
        self.report(
            f"the run log{where} stopped: {getattr(error, 'strerror', None) or error}. Training and the views go on from "
            "memory; what was recorded before is in the log. Free some space where the disk is full, and start a new run "
            "in another log_dir to log again."
        )
        if sink is not None:
            sink.close()

    def _after_fork(self) -> None:
        """In a forked child: locks another thread may have held, and its worker, are not ours."""
        self._new_threads()
        for callbacks in (self._subscribers, self._safe):
            callbacks.after_fork()
        if self._sink is not None:
            self._sink.after_fork()


_alive: weakref.WeakSet[Intake] = weakref.WeakSet()


def _after_fork() -> None:
    for intake in list(_alive):
        intake._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
