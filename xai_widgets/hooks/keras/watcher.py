"""What `xai_widgets.hooks.keras.TrackerCallback` does at each call of Keras."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.feed import Feed, Stream
from xai_widgets.hooks._common.quiet import told
from xai_widgets.hooks.keras.model_tap import KerasTap
from xai_widgets.hooks.keras.order import Names, edited_of, name_batches
from xai_widgets.hooks.keras.rows import Recorder
from xai_widgets.hooks.keras.running import check_whole_passes, running

FORGOTTEN = {
    "train": "Write model.fit(*xai_widgets.hooks.keras.indexed(x, y), ...), or indexed(dataset) before its shuffle",
    "test": "Write validation_data=xai_widgets.hooks.keras.indexed(x_val, y_val), or evaluate(*indexed(x, y), ...)",
}


class KerasWatch:
    """Drains a model's rings into a tracker, epoch by epoch.

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
        edits: Edits | None = None,
    ) -> None:
        if edits is not None and not isinstance(edits, Edits):
            raise TypeError(f"edits= expects an xai_widgets.Edits; got {type(edits).__name__}")
        self._edits = edits
        self._refused = False  # whether edits of the evaluation's mode were
        self.feed = Feed(tracker, streams=[("train", None)])
        self._options = (per_sample, logits)
        names = names if isinstance(names, dict) else {"train": names}
        self._recorder = Recorder(self.feed, names, by_hand=per_sample is not None)
        self.feed.held_by(self._bring_in)
        self._streams: dict[str, Stream] = {"train": ("train", None), "test": (mode, ds_id)}
        self._names: dict[str, Names | None] = {}
        self._now: str | None = None  # the step that writes rows: "train" or "test"
        self._came = False  # whether rows of the present pass came
        self._every = every
        self._tap: KerasTap | None = None
        self._training = False  # inside fit
        self._offset: int | None = None  # from Keras' epoch to ours
        self._step_before = 0  # steps done before this epoch
        self._drained = 0.0
        self._batches = 0
        self._steps: int | None = None  # in Keras' epoch
        self._pass: int | None = None  # batches of a pass, where Keras' epoch is less than one
        self._in_pass = 0
        self._planned: int | None = None
        self._most = 0  # rows that one execution wrote at most

    @property
    def stop_requested(self) -> bool:
        """Whether the user asked for a polite stop."""
        return self.feed.stop_requested

    def attach(self, model: Any) -> None:
        """Listen to `model`, unless that is being done."""
        if self._tap is not None and self._tap.attached and self._tap.model is model:
            return
        self.detach()
        self._tap = KerasTap(model, *self._options)
        self._recorder.loose = "float16" in str(getattr(model, "compute_dtype", ""))

    @told
    def attach_late(self, model: Any) -> None:
        """Listen to the model of a fit that has begun."""
        self.attach(model)

    @told
    def detach(self) -> None:
        """Hand over what waits, and leave the model as it was."""
        if self._tap is None:
            return
        if self._training:
            self._drain("train")
        self._release()
        self._training = False

    @told
    def train_begins(self, params: dict[str, Any]) -> None:
        """Start a run."""
        if self._training:  # the fit before this one was broken off: what it left belongs to its epoch
            self._drain("train")
        self._training, self._offset = True, None
        tracker = self.feed.tracker
        tracker.start()
        iterator = self._begin_data("train")
        self._steps = params.get("steps") or None
        self._planned = params.get("epochs")
        self._pass, self._in_pass = self._whole_pass(iterator), 0
        tracker.steps_per_epoch = self._pass or self._steps or tracker.steps_per_epoch

    def _begin_data(self, kind: str) -> Any:
        """Have the batches of the fit or evaluation that begins carry their index."""
        now = running()
        iterator = None if now is None else now.iterator
        self._names[kind], self._came = None, False
        if self._tap is not None and _replicas(self._tap.model) > 1:
            self._proof(kind).warn(
                "replicas",
                "this model trains on several replicas at once, of which the hook hears none, so nothing is recorded",
                "Call tracker.record(index, label, loss=...) in a loop of your own",
            )
        elif iterator is None:
            self._proof(kind).warn("data", "the data of this fit was not found, so nothing of it is recorded")
        else:
            self._names[kind] = name_batches(iterator)
        return iterator

    @staticmethod
    def _whole_pass(iterator: Any) -> int | None:
        """Return how many batches a pass has, where Keras was told to count a part of it as an epoch."""
        asked, batches = getattr(iterator, "steps_per_epoch", None), None
        if asked:
            batches = iterator.data_adapter.num_batches
        return batches if batches and asked < batches else None

    @told
    def epoch_begins(self, epoch: int) -> None:
        """Open our epoch: Keras' own number, counted from 1, or the next one where that has been."""
        self._now, self._came = "train", False
        self._step_before = self.feed.step
        if self._pass is not None:
            if not self._in_pass:
                self.feed.begin("train")
                done = self._planned and self._steps and self._planned * self._steps
                self.feed.tracker.epochs = self.feed.epoch - 1 + -(-done // self._pass) if done else None
                self._planned = None if done is None else self._planned
            return
        if self._offset is None:
            self._offset = max(self.feed.epoch, epoch) - epoch
            if self._planned is not None:
                self.feed.tracker.epochs = self._planned + self._offset
        self.feed.begin("train", None, epoch + 1 + self._offset)

    def check_edits(self) -> None:
        """Refuse a fit whose data is not under the edits that were given.

        Raises
        ------
        ValueError
            It is not, so that no edit would do anything.
        """
        now = running()
        edited = None if now is None else edited_of(now.iterator)
        if self._edits is not None and (edited is None or edited.edits is not self._edits):
            raise ValueError(
                "TrackerCallback was given edits= that the data of this fit does not have, so no edit would do anything. Write "
                "model.fit(xai_widgets.hooks.keras.indexed(x, y, edits=edits), ...)"
            )
        if now is not None and edited is not None:
            check_whole_passes(now)

    def begin_edits(self, kind: str) -> None:
        """Fix the edits of the epoch that begins, and have the data follow them."""
        now = running()
        edited = None if now is None else edited_of(now.iterator)
        if now is not None and edited is not None:
            if kind == "train":
                edited.edits.leave_epochs_to_hook()
                edited.edits.begin_epoch(self.feed.epoch)
            edited.announce(now)
        elif kind == "test" and self._edits is not None and not self._refused:
            self._refused = True
            self._edits.refuse(
                self._streams["test"][0],
                "the data of this evaluation is not under edits. Write validation_data=xai_widgets.hooks.keras.indexed("
                "x_val, y_val, edits=edits, mode='eval')",
            )

    @told
    def learn_steps(self, steps: int | None) -> None:
        """Hear how many steps the epoch has: under edits not each has as many."""
        self._steps = steps or None
        if self._training and self._steps is not None and self._pass is None:
            self.feed.tracker.steps_per_epoch = self._steps

    @told
    def batch_ended(self, batch: int) -> bool:
        """Hand over now and then; whether training shall stop."""
        # with several steps per execution the last one may be short; Keras counts it as full
        done = batch + 1 if self._steps is None else min(batch + 1, self._steps)
        self.feed.stepped(self._step_before + done)
        self._sometimes("train")
        return self.feed.stop_requested

    @told
    def test_begins(self) -> None:
        """Keep apart what came before."""
        if self._training:
            self._drain("train")
            self._close_training()
        self._begin_data("test")
        self.feed.begin(*self._streams["test"])
        self._now = "test"

    @told
    def test_batch_ended(self, batch: int) -> None:
        """Hand over now and then."""
        self._sometimes("test")

    @told
    def test_ends(self) -> None:
        """Close the evaluation."""
        self._drain("test")
        self._last_chance("test")
        self.feed.end(*self._streams["test"])
        self._now = None
        if not self._training:
            self._release()

    @told
    def epoch_ends(self) -> None:
        """Close the training epoch, unless its validation did."""
        if self._now is not None:
            self._drain(self._now)
        self._now = None
        self._close_training()

    def _close_training(self) -> None:
        """End our epoch, unless Keras' is a part of a pass that goes on."""
        if not self.feed.is_open("train"):
            return
        if self._pass is not None and self._step_before >= 0:
            self._in_pass += self.feed.step - self._step_before
            self._step_before = self.feed.step
            if self._in_pass < self._pass:
                return
            self._in_pass = 0
        self._last_chance("train")
        self.feed.end("train")

    @told
    def train_ends(self) -> None:
        """End the run and leave the model as it was."""
        self._training = False
        self._last_chance("train")
        self.feed.end("train")
        self._release()
        self.feed.tracker.finish()

    def _last_chance(self, kind: str) -> None:
        names = self._names.get(kind)
        if names is not None:
            self._recorder.release(names, *self._streams[kind], last=True)

    def _release(self) -> None:
        tap, self._tap = self._tap, None
        if tap is not None:
            tap.detach()

    def _bring_in(self) -> None:
        if self._now is not None:
            self._drain(self._now)

    def _proof(self, kind: str) -> Any:
        return self._recorder.evidence.of(*self._streams[kind])

    def _sometimes(self, kind: str) -> None:
        self._batches += 1
        rows = 0 if self._tap is None else min((r.ring.rows for r in self._tap.readers.values()), default=0)
        full = bool(rows) and (self._batches + 1) * self._most > rows
        if not self._most or full or time.monotonic() - self._drained >= self._every:
            self._drain(kind)

    def _drain(self, kind: str) -> None:
        batches, self._batches = self._batches, 0
        self._drained = time.monotonic()
        tap, names = self._tap, self._names.get(kind)
        if tap is None:
            return
        came = 0
        for (step, layout), reader in tap.readers.items():
            taken = reader.take() if step == kind else None
            if taken is not None and names is not None:
                came += len(taken.index)
                self._recorder.take(taken, layout, names, *self._streams[kind])
        if came:
            self._came = True
            self._recorder.learn_task(tap.task, tap.place)
            if tap.labelled > 1:
                self._proof(kind).warn(
                    "outputs",
                    f"{tap.labelled} outputs of the model have classes, and nothing tells which a sample's label is, so losses "
                    "are recorded without labels",
                    "Give labels by hand: tracker.record(index, label, mode=...), or watch a model with that output alone",
                )
            self._most = max(self._most, -(-came // max(batches, 1)))
            self._recorder.release(names, *self._streams[kind])  # type: ignore[arg-type]
        elif batches and not self._came:
            self._tell(kind, tap)

    def _tell(self, kind: str, tap: KerasTap) -> None:
        """Say why no row of a pass came."""
        text, remedy = tap.faults.get(kind, ("", ""))
        mode = self._streams[kind][0]
        if self._names.get(kind) is None or text == "no index":
            self._proof(kind).warn(
                "index", f"the {mode} batches carry no index, so nothing of them is recorded", FORGOTTEN[kind]
            )
        elif text:
            self._proof(kind).warn("loss", f"nothing of the {mode} batches is recorded: {text}", remedy)


def _replicas(model: Any) -> int:
    return int(getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1))
