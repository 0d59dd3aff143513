"""`Watch`: what listens to a plain PyTorch loop, and takes itself off again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks.torch.loader_tap import Tap
from xai_widgets.hooks.torch.observer import Observer, after_step
from xai_widgets.tracking import TrainingStopped


class Watch:
    """A loop under watch; made by `xai_widgets.hooks.torch.watch`.

    Attributes
    ----------
    index
        The index of the batch that the loop works on, (B,); None between passes.
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
    ) -> None:
        self._feed = Feed(tracker, streams=loaders, epochs=epochs, steps_per_epoch=_steps(loaders))
        self._undo: list[Callable[[], None]] = []
        self._entered = False
        self._observer = Observer(self._feed, loss, model, per_sample=per_sample, logits=logits, label=label)
        self._undo.append(self._observer.detach)
        try:
            self._attach(optimizer, loaders, index)
        except BaseException:
            self._remove()
            raise
        tracker.start()

    def _attach(
        self, optimizer: Any, loaders: Mapping[tuple[str, str | None], Any], index: Key | None
    ) -> None:
        for (mode, ds_id), loader in loaders.items():
            tap = Tap(loader, self, index)
            tap.mode, tap.ds_id = mode, ds_id
            self._undo.append(tap.detach)
        optimizers = optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]
        for place, one in enumerate(optimizers):
            if one is not None:
                self._undo.append(after_step(one, self._on_step if place == 0 else self._on_other_step))

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
        """Open an epoch: a pass over a loader begins."""
        self._observer.flush()
        cut = self._feed.epoch if tap.mode == "train" and tap.resumes else 0
        self._feed.begin(tap.mode, tap.ds_id, cut or None)

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Note the batch that the loop works on now."""
        self._observer.take(tap.mode, tap.ds_id, index, batch)

    def ended(self, tap: Tap) -> None:
        """Close the epoch: its loader is exhausted."""
        self._observer.leave()
        self._observer.flush()
        self._feed.end(tap.mode, tap.ds_id)
        if tap.mode == "train" and self._feed.steps_this_epoch:
            self._feed.tracker.steps_per_epoch = self._feed.steps_this_epoch

    def dropped(self, tap: Tap) -> None:
        """Hand over what waits: the pass is over, or was left."""
        self._observer.flush()

    def stopping(self, tap: Tap) -> bool:
        """Whether the pass shall end because the user asked for a stop."""
        if not self._feed.stop_requested:
            return False
        if self._entered:
            raise TrainingStopped("a stop was asked for")
        return True

    # what the optimizer tells

    def _on_step(self, *_: Any) -> None:
        self._feed.stepped()

    def _on_other_step(self, *_: Any) -> None:
        self._feed.stepped(self._feed.step)

    # taking itself off

    def end_epoch(self) -> None:
        """End all open epochs now: for loops that never exhaust their loader."""
        self._observer.flush()
        self._feed.end_all()

    def detach(self, error: BaseException | None = None) -> None:
        """Take every hook off and end the open epochs; with an `error`, what came before it stays, provisional."""
        if not self._undo:
            return
        self._observer.flush()
        if error is None:
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


def _steps(loaders: Mapping[tuple[str, str | None], Any]) -> int | None:
    try:
        return sum(len(loader) for (mode, _), loader in loaders.items() if mode == "train") or None
    except TypeError:  # an iterable data set has no length
        return None
