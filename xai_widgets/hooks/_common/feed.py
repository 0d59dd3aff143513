"""The one way from every hook to the tracker: it counts epochs and steps, and keeps a hook from stopping a run.

Whatever fails is a notice, in the warnings and in ``tracker.problems``, and the run goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np

Stream = tuple[str, "str | None"]  # (mode, ds_id)
MOST_UNSURE = 4096  # batches of a data set that can be taken back


class TrackerLike(Protocol):
    """What a hook asks of a tracker."""

    epochs: int | None
    steps_per_epoch: int | None
    task: Any
    output: tuple[int | str, ...] | None

    @property
    def epoch(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def stop_requested(self) -> bool: ...
    def record(self, index: Any, label: Any = None, **metrics: Any) -> None: ...
    def end_epoch(self, mode: str | None = None, *, epoch: int | None = None) -> None: ...
    def indices(self, mode: str, ds_id: str | None = None) -> Any: ...
    def withdraw(self, index: Any, *, mode: str, ds_id: str | None, epoch: int | None) -> None: ...
    def safe_point(self, *, step: int | None = None, epoch: int | None = None) -> None: ...
    def start(self) -> None: ...
    def finish(self, error: BaseException | None = None) -> None: ...
    def report(self, problem: str) -> None: ...


class Batch(NamedTuple):
    """What a hook learned of one batch. Arrays or tensors, (B,) each; `metrics` may hold ``logits``, (B, C)."""

    mode: str
    ds_id: str | None
    epoch: int
    step: int
    index: Any
    label: Any
    metrics: dict[str, Any]
    taken: int = 0  # how many batches of its data set had been taken when it was stamped


class Feed:
    """Counts epochs and steps of one run and hands batches to its tracker.

    Parameters
    ----------
    tracker
        An `xai_widgets.Tracker`.
    streams
        The (mode, ds_id) pairs that the run has, where known.
    epochs
        Planned number of epochs, where known.
    steps_per_epoch
        Optimizer steps in an epoch, where known.
    """

    def __init__(
        self,
        tracker: Any,
        *,
        streams: Iterable[Stream] = (),
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
    ) -> None:
        if not (hasattr(tracker, "record") and hasattr(tracker, "end_epoch")):
            raise TypeError(f"expected an xai_widgets.Tracker, got {type(tracker).__name__}")
        self.tracker: TrackerLike = tracker
        if epochs is not None:
            self.tracker.epochs = epochs
        if steps_per_epoch is not None:
            self.tracker.steps_per_epoch = steps_per_epoch
        self.epoch: int = tracker.epoch
        self.step: int = tracker.step
        self.steps_this_epoch = 0
        self._streams = tuple(streams)
        self._next: dict[Stream, int] = {}
        self._open: dict[Stream, int] = {}
        self._done: dict[str, set[Stream]] = {}
        self._works: set[Stream] = set()
        self._noticed: set[str] = set()
        self._resumed_at = self._epoch_before = self.epoch
        self._thread = threading.get_ident()  # that which trains
        self._holder: Callable[[], object] | None = None
        self._unsure: dict[Stream, list[Batch]] = {}  # since what was proved last
        # of which rows were taken back: those of batches taken meanwhile must not follow
        self._lost: set[Stream] = set()
        self._taken: dict[Stream, int] = {}
        self._proved: dict[Stream, int] = {}  # of these, which one a look agreed with last

    def held_by(self, flush: Callable[[], object]) -> None:
        """Have checkpoints of the tracker wait for what this method hands over, where the thread that trains makes them."""
        self._holder = flush
        if hasattr(self.tracker, "add_source"):
            self.tracker.add_source(self._hand_over_held)

    def _hand_over_held(self) -> None:
        if self._holder is not None and threading.get_ident() == self._thread:
            self._holder()

    def remember(self, stream: Stream) -> None:
        """Keep from now on which rows of a data set come, so that they can be taken back; what came before is believed."""
        self._unsure[stream] = []
        self._taken[stream] = self._proved[stream] = self._taken.get(stream, 0)

    def unsure(self, stream: Stream) -> int | None:
        """Return how many batches of a data set are not believed yet; None where nobody asked to remember them."""
        return len(self._unsure[stream]) if stream in self._unsure else None

    def took(self, stream: Stream) -> None:
        """Count a batch of a data set whose rows may be taken back."""
        self._taken[stream] = self._taken.get(stream, 0) + 1

    def taken(self, stream: Stream) -> int:
        """Return how many batches of a data set were taken."""
        return self._taken.get(stream, 0)

    def believe(self, stream: Stream) -> None:
        """Believe what came of a data set up to the batch that was taken last, since a look at it agreed."""
        if stream in self._unsure:
            self._unsure[stream] = []
            self._proved[stream] = self._taken[stream]

    def withdraw(self, stream: Stream) -> int:
        """Take back what came of a data set and is not believed yet; returns how many rows."""
        if stream not in self._unsure:
            return 0
        self._hand_over_held()
        self._lost.add(stream)
        came, self._unsure[stream] = self._unsure[stream], []
        return self.take_back(stream, came)

    def withdraw_names(self, stream: Stream, names: Any) -> int:
        """Take back what came of instances in the open epoch of a data set, and let nothing follow; returns how many."""
        self._hand_over_held()
        self._lost.add(stream)
        self._proved[stream] = -1
        if stream not in self._works:
            return 0
        mode, ds_id = stream
        epoch = self._open.get(stream)
        known = np.asarray(names)[np.isin(names, self.tracker.indices(mode, ds_id))]
        self.guard(stream, lambda: self.tracker.withdraw(known, mode=mode, ds_id=ds_id, epoch=epoch))
        return len(known)

    def take_back(self, stream: Stream, came: list[Batch]) -> int:
        """Take back batches of a data set; returns how many rows."""
        mode, ds_id = stream
        for epoch in {batch.epoch for batch in came}:
            index = [
                one for batch in came if batch.epoch == epoch for one in np.asarray(batch.index).tolist()
            ]
            self.guard(stream, lambda: self.tracker.withdraw(index, mode=mode, ds_id=ds_id, epoch=epoch))  # noqa: B023
        return sum(len(batch.index) for batch in came)

    def is_open(self, mode: str, ds_id: str | None = None) -> bool:
        """Whether an epoch of this data set has begun and not ended."""
        return (mode, ds_id) in self._open

    @property
    def stop_requested(self) -> bool:
        """Whether the user asked for a polite stop."""
        return self.tracker.stop_requested

    def begin(self, mode: str, ds_id: str | None = None, epoch: int | None = None) -> int:
        """Open an epoch of a mode, ending one that was left open, and return its number.

        Training epochs count up from 1, for each data set. An evaluation belongs to the training epoch it follows, 0
        before any; where nothing trains, evaluations count up too.
        """
        stream = (mode, ds_id)
        if stream in self._open:
            self.end(mode, ds_id)
        counts = mode == "train" or not (self.epoch or any(known[0] == "train" for known in self._streams))
        if epoch is None:
            epoch = self._next.get(stream, self._resumed_at + 1) if counts else self.epoch
        self._next[stream] = epoch + 1
        if mode == "train" and epoch != self.epoch:
            self._epoch_before, self.epoch = self.epoch, epoch
            self.steps_this_epoch = 0
        self._open[stream] = epoch
        return epoch

    def cancel(self, mode: str, ds_id: str | None = None) -> None:
        """Take back an epoch that began and of which nothing was recorded."""
        stream = (mode, ds_id)
        epoch = self._open.pop(stream, None)
        if epoch is None:
            return
        self._next[stream] = epoch
        if mode == "train" and self.epoch == epoch:
            self.epoch = self._epoch_before

    def end(self, mode: str, ds_id: str | None = None) -> None:
        """Close the open epoch of a data set; the mode's epoch ends with the last of its data sets."""
        stream = (mode, ds_id)
        epoch = self._open.pop(stream, None)
        if epoch is None:
            return
        done = self._done.setdefault(mode, set())
        done.add(stream)
        if done >= {known for known in self._streams if known[0] == mode}:
            done.clear()
            self.guard(stream, lambda: self.tracker.end_epoch(mode, epoch=epoch))

    def end_all(self) -> None:
        """Close whatever is open."""
        for mode in ("train", "eval", "test", "infer"):
            if self._done.get(mode) or any(open_mode == mode for open_mode, _ in self._open):
                self.tracker.end_epoch(mode)
        self._open.clear()
        self._done.clear()

    def batch(self, mode: str, ds_id: str | None, index: Any, label: Any, metrics: dict[str, Any]) -> Batch:
        """Stamp what was learned of a batch with where the run is.

        A training batch belongs to the optimizer step it leads to, an evaluation batch to the last one done.
        """
        epoch = self._open.get((mode, ds_id))
        if epoch is None:
            epoch = self.begin(mode, ds_id)
        self._thread = threading.get_ident()
        step = self.step + 1 if mode == "train" else self.step
        return Batch(mode, ds_id, epoch, step, index, label, metrics, self._taken.get((mode, ds_id), 0))

    def record(self, batch: Batch) -> None:
        """Hand a batch to the tracker."""
        stream = (batch.mode, batch.ds_id)
        self.guard(stream, lambda: self.hand_over(batch))

    def hand_over(self, batch: Batch, parts: Iterable[Batch] = ()) -> None:
        """Hand a batch, or the `parts` that were put together, to the tracker; raises what it raises."""
        stream = (batch.mode, batch.ds_id)
        if stream in self._lost and batch.taken > self._proved[stream]:
            return
        self.tracker.record(
            batch.index,
            batch.label,
            mode=batch.mode,
            ds_id=batch.ds_id,
            epoch=batch.epoch,
            step=batch.step,
            **batch.metrics,
        )
        self._works.add(stream)
        if stream in self._unsure:
            of_those = [one for one in parts or (batch,) if one.taken > self._proved[stream]]
            self._unsure[stream] += [one._replace(label=None, metrics={}) for one in of_those]
            del self._unsure[stream][:-MOST_UNSURE]

    def stepped(self, step: int | None = None) -> None:
        """Note an optimizer step: the training thread is between two steps now."""
        step = self.step + 1 if step is None else step
        self.steps_this_epoch += step - self.step
        self.step = step
        self.tracker.safe_point(step=self.step, epoch=self.epoch)

    def guard(self, stream: Stream, action: Callable[[], None]) -> None:
        """Run `action`; a failure becomes a notice."""
        try:
            action()
        except Exception as error:
            self.notice(f"a batch of {stream[0]} data was not recorded: {error}")

    def works(self, stream: Stream) -> bool:
        """Whether a batch of `stream` went through."""
        return stream in self._works

    def trusts(self, stream: Stream) -> None:
        """Note that a batch of `stream` went through: what fails later is a notice."""
        self._works.add(stream)

    def notice(self, text: str) -> None:
        """Tell the user once, in the warnings and in ``tracker.problems``."""
        if text not in self._noticed:
            self._noticed.add(text)
            self.tracker.report(text)
