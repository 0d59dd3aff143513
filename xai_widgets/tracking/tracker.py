"""The tracker: takes batches in, answers questions about them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from xai_widgets.tracking.check import Check, CheckItem, Claims
from xai_widgets.tracking.ingest.convert import read_index, read_label, read_metric, to_array
from xai_widgets.tracking.ingest.epoch_clock import check_mode
from xai_widgets.tracking.ingest.sink import run_logs
from xai_widgets.tracking.queries.checkpoint import Saving
from xai_widgets.tracking.queries.rankings import Rankings
from xai_widgets.tracking.queries.to_frame import Frames
from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.batch_buffer import Batch, plain_batch
from xai_widgets.tracking.store.device_buffer import gathered, off_host
from xai_widgets.tracking.store.labels import read_label_names
from xai_widgets.tracking.store.logits import check_logits
from xai_widgets.tracking.store.stream import Policy


class Tracker(Frames, Rankings, Saving):
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
        self._given_names = read_label_names(label_names)
        self._claims = Claims()
        self.task: Any = None  # an `xai_widgets._task.Task` once a hook has told it
        super().__init__(Policy.of(duplicates, dtype, epoch_frequency), epochs)
        self.log_dir = None if log_dir is None else Path(log_dir)
        if self.log_dir is not None:
            self._sink = run_logs().write(self, self.log_dir)

    @classmethod
    def follow(cls, log_dir: str | os.PathLike[str], *, every: float = 0.1) -> Tracker:
        """Read a run live that another process records with `Tracker(log_dir=...)`.

        Parameters
        ----------
        log_dir
            The run's folder, here or on a network file system; it may not be there yet.
        every
            Seconds between two looks at it.

        Returns
        -------
        Tracker
            It answers as every tracker, survives the writer's death and restart, and merges all processes of the run.
            `record` is refused; `close()` ends it.
        """
        tracker: Tracker = run_logs().follow(log_dir, every)
        return tracker

    def check(self) -> Check:
        """Say what was seen of the run, and what is proved of it.

        Returns
        -------
        Check
            ``.ok``, ``.items`` (each with ``level``, ``text`` and ``remedy``), and a text to print. It is made of
            counters, so it costs some ten microseconds.
        """
        return self._claims.check()

    def add_claims(self, name: str, source: Callable[[], Iterable[CheckItem]]) -> None:
        """Have `check` ask `source` for items, too; a later one of the same name takes its place."""
        self._claims.add(name, source)

    def close(self) -> None:
        """Close the run log; without one this does nothing."""
        with self._settling:
            self._settled()
            with self._lock:
                if self._sink is not None:
                    self._sink.close()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tracker:
        """Read what `save` wrote.

        Raises
        ------
        ValueError
            When the file is something else, or not whole; its name is in the text.
        """
        if os.path.exists(path) and not os.path.isfile(path):
            raise ValueError(f"{os.fspath(path)} is no file that a tracker was saved to")
        tracker = cls()
        with open(path, "rb") as file:
            try:
                tracker._restore(npz.read(file))
            except ValueError as error:
                raise ValueError(f"{os.fspath(path)}: {error}") from error
        return tracker

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
        logits: Any = None,
        prediction: Any = None,
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
        logits
            (B, C) class scores before the softmax; not kept, but confidence, margin, EL2N, entropy, correctness and
            forgetting are made of them. They need integer labels.
        prediction
            (B,) predicted labels, where there are no logits.
        **metrics
            Arrays or tensors (B,), (B, 1) or (B, T), of any framework and device: `loss=...` first of all.

        Raises
        ------
        ValueError, TypeError
            For lengths that differ, an averaged loss, indices that are no integers or strings, an unknown mode.
            Nothing of the batch is kept then, and nothing else is lost.
        """
        batch = plain_batch(index, label, metrics) if mask is logits is prediction is None else None
        if batch is None and off_host(index, label, logits, *metrics.values()):
            rows, device = gathered(index, label, metrics, mask, logits, prediction)
            self._take_off_device(rows, device, mode, ds_id, epoch, step)
        else:
            if batch is None:
                batch = self._read(index, label, mask, logits, prediction, metrics)
            if len(batch.index):
                self._take_batch(batch, mode, ds_id, epoch, step)
        if mode == "train" and self._safe.subscriptions:
            self.safe_point()

    def _read(
        self, index: Any, label: Any, mask: Any, logits: Any, prediction: Any, metrics: dict[str, Any]
    ) -> Batch:
        """Check a batch and convert it to numpy."""
        names = read_index(index)
        size = len(names)
        labels = None if label is None else read_label(label, size)
        where = None if mask is None else to_array(mask)
        values = [read_metric(name, value, size, where) for name, value in metrics.items()]
        batch = Batch(names, labels, tuple(metrics), values)
        if logits is not None or prediction is not None:
            return self._with_predictions(batch, logits, prediction)
        if not values and labels is None:
            raise ValueError(
                "record got neither a label nor a metric; give for instance loss=per_sample_loss"
            )
        return batch

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

    def _with_predictions(self, batch: Batch, logits: Any, prediction: Any) -> Batch:
        """Add what follows from logits or predictions to a batch."""
        metrics, values, size = batch.metrics, batch.values, len(batch)
        if logits is None:
            predicted = read_label(prediction, size)
            if isinstance(predicted, list):
                with self._lock:
                    codes = self._predicted.encode(predicted)
                return Batch(batch.index, batch.label, (*metrics, "@named"), [*values, codes])
            return Batch(batch.index, batch.label, (*metrics, "@prediction"), [*values, predicted])
        if batch.label is None or isinstance(batch.label, list):
            got = "none" if batch.label is None else "strings"
            raise TypeError(f"logits need integer labels (class numbers) beside them; got {got}")
        full = Batch(batch.index, batch.label, metrics, values, check_logits(to_array(logits), size))
        # the log takes what follows from the logits, not the logits
        return full if self._sink is None else full.with_derived()
