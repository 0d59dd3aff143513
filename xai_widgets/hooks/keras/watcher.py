"""What `xai_widgets.hooks.keras.TrackerCallback` does at each call of Keras."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xai_widgets.hooks._common.feed import Feed, Stream
from xai_widgets.hooks.keras.model_tap import KerasTap


class KerasWatch:
    """Drains a model's ring into a tracker, epoch by epoch.

    Parameters are those of `xai_widgets.hooks.keras.TrackerCallback`.
    """

    def __init__(
        self,
        tracker: Any,
        *,
        per_sample: Callable[[Any, Any], Any] | None,
        logits: bool | None,
        names: Any,
        mode: str,
        ds_id: str | None,
        every: float,
    ) -> None:
        self._feed = Feed(tracker, streams=[("train", None)])
        self._options = (per_sample, logits)
        self._names = names if isinstance(names, dict) else {"train": names}
        self._feed.held_by(self._bring_in)
        self._test = (mode, ds_id)
        self._now: Stream | None = None  # whose rows the ring holds
        self._every = every
        self._tap: KerasTap | None = None
        self._training = False  # inside fit
        self._offset: int | None = None  # from Keras' epoch to ours
        self._step_before = 0  # steps done before this epoch
        self._drained = 0.0
        self._batches = 0
        self._steps: int | None = None  # in an epoch
        self._planned: int | None = None
        self._most = 0  # rows that one execution wrote at most

    @property
    def stop_requested(self) -> bool:
        """Whether the user asked for a polite stop."""
        return self._feed.stop_requested

    def attach(self, model: Any) -> None:
        """Listen to `model`, unless that is being done."""
        if self._tap is not None and self._tap.attached and self._tap.model is model:
            return
        self.detach()
        self._tap = KerasTap(model, *self._options)

    def detach(self) -> None:
        """Hand over what waits, and leave the model as it was."""
        if self._tap is None:
            return
        if self._training:
            self._drain("train", None)
        self._tap.detach()
        self._tap = None
        self._training = False

    def train_begins(self, params: dict[str, Any]) -> None:
        """Start a run."""
        if self._training:  # the fit before this one was broken off: what it left belongs to its epoch
            self._drain("train", None)
        else:
            self._skip()
        self._training = True
        self._offset = None
        tracker = self._feed.tracker
        tracker.start()
        self._steps = params.get("steps") or None
        tracker.steps_per_epoch = self._steps or tracker.steps_per_epoch
        self._planned = params.get("epochs")

    def epoch_begins(self, epoch: int) -> None:
        """Open our epoch: Keras' own number, counted from 1, or the next one where that has been."""
        if self._offset is None:
            self._offset = max(self._feed.epoch, epoch) - epoch
            if self._planned is not None:
                self._feed.tracker.epochs = self._planned + self._offset
        self._feed.begin("train", None, epoch + 1 + self._offset)
        self._now = ("train", None)
        self._step_before = self._feed.step

    def batch_ended(self, batch: int) -> bool:
        """Hand over now and then; whether training shall stop."""
        # with several steps per execution the last one may be short; Keras counts it as full
        done = batch + 1 if self._steps is None else min(batch + 1, self._steps)
        self._feed.stepped(self._step_before + done)
        self._sometimes("train", None)
        return self._feed.stop_requested

    def test_begins(self) -> None:
        """Keep apart what came before."""
        if self._training:
            self._drain("train", None)
            self._feed.end("train")
        else:
            self._skip()
        self._feed.begin(*self._test)
        self._now = self._test

    def test_batch_ended(self, batch: int) -> None:
        """Hand over now and then."""
        self._sometimes(*self._test)

    def test_ends(self) -> None:
        """Close the evaluation."""
        self._drain(*self._test)
        self._feed.end(*self._test)
        self._now = None
        if not self._training:
            self._release()

    def epoch_ends(self) -> None:
        """Close the training epoch, unless its validation did."""
        if self._now is not None:
            self._drain(*self._now)
        self._now = None
        self._feed.end("train")

    def train_ends(self) -> None:
        """End the run and leave the model as it was."""
        self._training = False
        self._release()
        self._feed.tracker.finish()

    def _release(self) -> None:
        if self._tap is not None:
            self._tap.detach()
            self._tap = None

    def _bring_in(self) -> None:
        if self._now is not None:
            self._drain(*self._now)

    def _skip(self) -> None:
        """Forget what was written while Keras worked out shapes."""
        if self._tap is not None and self._tap.reader is not None:
            self._tap.reader.skip()

    def _sometimes(self, mode: str, ds_id: str | None) -> None:
        self._batches += 1
        reader = None if self._tap is None else self._tap.reader
        full = reader is not None and (self._batches + 1) * self._most > reader.ring.rows
        if not self._most or full or time.monotonic() - self._drained >= self._every:
            self._drain(mode, ds_id)

    def _drain(self, mode: str, ds_id: str | None) -> None:
        batches, self._batches = self._batches, 0
        self._drained = time.monotonic()
        tap = self._tap
        if tap is None or tap.reader is None:
            return
        integers, floats, lost = tap.reader.take()
        if lost:
            self._feed.notice(
                f"{lost} rows were overwritten before they were read; make steps_per_execution smaller"
            )
        if not len(integers):
            return
        self._most = max(self._most, -(-len(integers) // max(batches, 1)))
        metrics: dict[str, Any] = {"loss": floats[:, 0]}
        if tap.has_logits:
            metrics["logits"] = floats[:, 1:]
        label = integers[:, 1]
        batch = self._feed.batch(
            mode, ds_id, self._name(integers[:, 0], mode), None if np.any(label < 0) else label, metrics
        )
        # steps are counted after they are done here
        self._feed.record(batch._replace(step=self._feed.step))

    def _name(self, index: Any, mode: str) -> Any:
        names = self._names.get(mode)
        return index if names is None else [names[place] for place in index.tolist()]
