"""`Watch`: what listens to a plain PyTorch loop, and takes itself off again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from xai_widgets import _task
from xai_widgets.edits import Edits
from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks.torch.edited import EditedLoader, check_editable
from xai_widgets.hooks.torch.edited_epochs import begin_epoch
from xai_widgets.hooks.torch.listen import after_step
from xai_widgets.hooks.torch.loader_tap import Passing, Tap
from xai_widgets.hooks.torch.loss.observer import Observer
from xai_widgets.hooks.torch.weighted_sum import WeightedSum
from xai_widgets.tracking import TrainingStopped


class Watch:
    """A loop under watch; made by `xai_widgets.hooks.torch.watch`.

    Attributes
    ----------
    index
        The index of the batch that the loop works on, (B,); None between passes, and where it could not be told.
    epoch, step
        Where training is.
    """

    def __init__(
        self,
        model: Any,
        loss: Any,
        optimizer: Any,
        loaders: Mapping[tuple[str, str | None], Any],
        tracker: Any,
        *,
        index: Key | None = None,
        label: Key | None = None,
        per_sample: Callable[[Any, Any], Any] | None = None,
        logits: bool | None = None,
        epochs: int | None = None,
        task: str | None = None,
        edits: Edits | None = None,
    ) -> None:
        self._feed = Feed(tracker, streams=loaders, epochs=epochs, steps_per_epoch=_steps(loaders))
        self._evidence = Evidence(self._feed)
        if task is not None:
            tracker.task = _task.said(task)
            self._evidence.task = str(tracker.task)
        self._undo: list[Callable[[], None]] = []
        self._entered = False
        self._unsure = False  # whether a pass began that may be a look at one batch
        self._passes: dict[tuple[str, str | None], Passing] = {}  # which an epoch is of
        self._ending: set[tuple[str, str | None]] = (
            set()
        )  # passes over, whose last batches are not worked on yet
        losses = loss if isinstance(loss, Mapping) else {"loss": loss}
        self._sum = _sum_of(losses, self._feed, self._evidence)
        labelling = _labelling(losses)
        self._observers = [
            Observer(
                self._feed, losses[key] if self._sum is None else key, model, per_sample=per_sample, logits=logits, label=label,
                metric=str(key) if self._sum is None else "loss", evidence=self._evidence, main=place == labelling,
                labels=place == labelling,
                sink=None if self._sum is None else self._sum.sink(place),
            )
            for place, key in enumerate(losses)
        ]  # fmt: skip
        if len(self._observers) > 1:
            self._feed.held_by(self._flush)
        self._undo += [one.detach for one in self._observers]
        try:
            self._edits = edits
            self._attach(optimizer, loaders, index, label)
        except BaseException:
            self._remove()
            raise
        tracker.start()

    def _attach(
        self,
        optimizer: Any,
        loaders: Mapping[tuple[str, str | None], Any],
        index: Key | None,
        label: Key | None,
    ) -> None:
        for (mode, ds_id), loader in loaders.items():
            tap = Tap(loader, self, index, self._evidence)
            tap.mode, tap.ds_id = mode, ds_id
            self._evidence.learn_names(getattr(loader, "dataset", None))
            self._undo.append(tap.detach)
            if self._edits is not None:
                check_editable(
                    self._edits,
                    by_place=index is None and tap.rows.by_place,
                )
                tap.edited = EditedLoader(self._edits, mode, ds_id, label, self._feed.tracker.report)
        optimizers = optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]
        for place, one in enumerate(optimizers):
            if one is not None:
                self._undo.append(after_step(one, self._on_step if place == 0 else self._on_other_step))

    @property
    def _observer(self) -> Observer:
        return self._observers[0]

    @property
    def index(self) -> Any:
        """The index of the current batch."""
        return None if self._observer.current is None else self._observer.current.index

    @property
    def epoch(self) -> int:
        """The training epoch, counted from 1."""
        return self._feed.epoch

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self._feed.step

    # what the loaders tell

    def began(self, tap: Tap) -> None:
        """Hear that a pass begins; its epoch does with its first batch."""
        stream = (tap.mode, tap.ds_id)
        self._end_passes()
        for one in self._observers:
            one.forget(stream)
        before = self._passes.get(stream)
        if before is not None and before.taken < 2 and not before.counts:
            self._take_back(stream)  # a look at one batch is no epoch
        self._flush()
        if self._edits is not None and tap.mode == "train":
            begin_epoch(
                self._edits,
                self._feed.epoch + (not tap.resumes),
                self._feed.tracker.report,
                replay=tap.resumes,
            )

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Note the batch that the loop works on now."""
        stream, passing = (tap.mode, tap.ds_id), tap.passing
        epochs = self._passes.get(stream)
        # an epoch of passes that took a single batch each goes on until a pass takes more
        new = not self._feed.is_open(*stream) if epochs is None else epochs.over
        if passing is not epochs and (new or passing.taken == 2):
            cut = self._feed.epoch if tap.mode == "train" and passing.resumes else 0
            for one in self._observers:
                one.leave(stream)
                one.flush()
            self._feed.begin(tap.mode, tap.ds_id, cut or None)
            self._passes[stream] = passing
        if passing.taken == 2:
            self._confirm(stream)
        self._unsure = self._unsure or passing.taken == 1
        for one in self._observers:
            one.take(tap.mode, tap.ds_id, index, batch, first=passing.taken == 1 and one.hears)

    def ended(self, tap: Tap) -> None:
        """Close the epoch: its loader is exhausted."""
        self._over(tap, late=True)

    def _over(self, tap: Tap, *, late: bool) -> None:
        """Close the epoch of a pass, at once or when the last of its batches, taken ahead, are worked on."""
        stream, passing = (tap.mode, tap.ds_id), tap.passing
        waits = (
            late and self._passes.get(stream) is passing and all(one.waits(stream) for one in self._observers)
        )
        for one in self._observers:
            if waits:
                one.set_aside(stream)
            else:
                one.leave(stream)
        self._confirm(stream)
        self._flush()
        if waits:
            self._ending.add(stream)
        elif self._only_evaluates(stream):
            self._take_back(stream)
        elif self._passes.get(stream) is passing:
            del self._passes[stream]
            self._close(stream)

    def _only_evaluates(self, stream: tuple[str, str | None]) -> bool:
        """Whether the loss was called without gradients alone in a pass over a training loader."""
        hearing = [one for one in self._observers if one.hears]
        return stream[0] == "train" and bool(hearing) and all(one.evaluated(stream) for one in hearing)

    def _end_passes(self, *, all_of_them: bool = True) -> None:
        """Close the epochs whose loaders are exhausted and whose last batches came late, or do not come."""
        for stream in list(self._ending):
            if all_of_them or not any(one.waits(stream) for one in self._observers):
                self._ending.discard(stream)
                for one in self._observers:
                    one.never_used(stream)
                self._flush()
                if self._passes.pop(stream, None) is not None:
                    self._close(stream)

    def dropped(self, tap: Tap) -> None:
        """Hear that a pass was left: an evaluation is over then, a training epoch when the next begins."""
        stream, passing = (tap.mode, tap.ds_id), tap.passing
        for one in self._observers:
            one.left(stream)
        if self._passes.get(stream) is not passing:
            return
        if self._only_evaluates(stream):
            self._take_back(stream)
            return
        heard = any(one.heard(stream) for one in self._observers)
        if tap.mode != "train" and (heard or passing.taken > 1):
            self._over(tap, late=False)
        elif passing.taken < 2 and not passing.counts and not heard:
            self._take_back(stream)
        else:
            self._flush()

    def stopping(self, tap: Tap) -> bool:
        """Whether the pass shall end because the user asked for a stop."""
        if not self._feed.stop_requested:
            return False
        if self._entered:
            raise TrainingStopped("a stop was asked for")
        return True

    def _close(self, stream: tuple[str, str | None]) -> None:
        if self._sum is not None:
            self._sum.give_up()
        self._feed.end(*stream)
        if stream[0] == "train" and self._feed.steps_this_epoch:
            self._feed.tracker.steps_per_epoch = self._feed.steps_this_epoch

    def _take_back(self, stream: tuple[str, str | None]) -> None:
        self._passes.pop(stream, None)
        self._feed.cancel(*stream)

    def _confirm(self, stream: tuple[str, str | None] | None = None) -> None:
        for one in self._observers:
            one.confirm(stream)
        for known, passing in self._passes.items():
            if stream in (None, known):
                passing.counts = True
        self._unsure = self._unsure and stream is not None

    # what the optimizer tells

    def _on_step(self, *_: Any) -> None:
        self._settle()
        self._feed.stepped()

    def _on_other_step(self, *_: Any) -> None:
        self._settle()
        self._feed.stepped(self._feed.step)

    def _settle(self) -> None:
        for one in self._observers:
            one.settle()
        if self._unsure:
            self._confirm()
        if self._ending:
            self._end_passes(all_of_them=False)

    # taking itself off

    def _flush(self) -> None:
        for one in self._observers:
            one.flush()

    def end_epoch(self) -> None:
        """End all open epochs now: for loops that never exhaust their loader."""
        self._flush()
        if self._sum is not None:
            self._sum.give_up()
        self._passes.clear()
        self._ending.clear()
        self._feed.end_all()

    def detach(self, error: BaseException | None = None) -> None:
        """Take every hook off and end the open epochs; with an `error`, what came before it stays, provisional."""
        if not self._undo:
            return
        self._flush()
        if error is None:
            for stream, passing in list(self._passes.items()):
                if passing.taken < 2 and not passing.counts:
                    self._take_back(stream)
            self.end_epoch()
        self._remove()
        self._feed.tracker.finish(error)

    def _remove(self) -> None:
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> Watch:
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        stopped = isinstance(error, TrainingStopped)
        self.detach(None if stopped else error)
        return stopped


def _sum_of(losses: Mapping[Any, Any], feed: Feed, evidence: Evidence) -> WeightedSum | None:
    """Return what adds terms, where losses are ``{criterion: weight}``; None where they are ``{"name": criterion}``.

    Raises
    ------
    TypeError
        They are neither.
    """
    if losses and all(isinstance(key, str) for key in losses):
        return None
    numbers = [
        isinstance(weight, (int, float)) and not isinstance(weight, bool) for weight in losses.values()
    ]
    if losses and all(callable(key) for key in losses) and all(numbers):
        return WeightedSum(feed, evidence, [float(weight) for weight in losses.values()])
    shown = ", ".join(f"{type(key).__name__}: {type(value).__name__}" for key, value in losses.items())
    raise TypeError(
        f"loss is a mapping of {{{shown}}}; expected {{criterion: weight}} for a sum, such as {{main: 1.0, other: 0.3}}, "
        'or {"name": criterion} for metrics of their own'
    )


def _labelling(losses: Mapping[Any, Any]) -> int:
    """Return which of several losses gives the labels: the first of classes, else the first."""
    for place, (key, value) in enumerate(losses.items()):
        criterion = value if isinstance(key, str) else key
        kind = getattr(criterion, "__name__", type(criterion).__name__)
        task = _task.of_criterion(kind, (2, 1))
        if task is not None and task.kind in ("classes", "one_logit"):
            return place
    return 0


def _steps(loaders: Mapping[tuple[str, str | None], Any]) -> int | None:
    try:
        return sum(len(loader) for (mode, _), loader in loaders.items() if mode == "train") or None
    except TypeError:  # an iterable data set has no length
        return None
