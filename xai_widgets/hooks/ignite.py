"""Ignite: one call beside the engines.

::

    xw.hooks.ignite.watch(trainer, model, loss_fn, optimizer, tracker, evaluator=evaluator)
    trainer.run(train_loader, max_epochs=20)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.torch.edited import INDEX_RIDES, EditedLoader, check_editable
from xai_widgets.hooks.torch.edited_epochs import begin_epoch
from xai_widgets.hooks.torch.listen import after_step
from xai_widgets.hooks.torch.loader_tap import Tap
from xai_widgets.hooks.torch.loss.observer import Observer

__all__ = ["EngineWatch", "HookWarning", "watch"]


class EngineWatch:
    """Engines under watch; made by `watch`. ``detach()`` takes everything off; the end of a run does so too."""

    def __init__(
        self,
        trainer: Any,
        model: Any,
        loss: Any,
        optimizer: Any,
        tracker: Any,
        evaluators: dict[str | None, Any],
        index: Key | None,
        options: dict[str, Any],
        edits: Edits | None = None,
    ) -> None:
        self._edits = edits
        self._label = options.get("label")
        self._tracker = tracker
        self._index = index
        self._trainer = trainer
        streams = [("train", None), *(("eval", name) for name in evaluators)]
        self.feed = Feed(tracker, streams=streams)
        self._observer = Observer(self.feed, loss, model, **options)
        self._undo = [self._observer.detach]
        self._taps: dict[tuple[str, str | None], Tap] = {}
        self._offset = 0
        self._first: int | None = None
        self._by_pass = True
        self._taken = False  # whether the open training epoch has a batch
        try:
            if optimizer is not None:
                self._undo.append(after_step(optimizer, self._stepped))
            self._listen(trainer, "train", None)
            for name, evaluator in evaluators.items():
                self._listen(evaluator, "eval", name)
        except BaseException:
            self.detach()
            raise

    def _listen(self, engine: Any, mode: str, ds_id: str | None) -> None:
        events = require("ignite", "engine").Events
        stream = (mode, ds_id)

        def started(engine: Any) -> None:
            self.feed.guard(stream, lambda: self._tap(engine, stream))
            if mode == "train":
                # a run resumed within an epoch goes on with it, and its engine counts that as not begun
                length = engine.state.epoch_length
                begun = engine.state.epoch + (length is not None and engine.state.iteration % length > 0)
                self._offset = max(self._tracker.epoch, begun) - begun
                self._tracker.epochs = (
                    None if engine.state.max_epochs is None else engine.state.max_epochs + self._offset
                )
                self._first = engine.state.epoch + self._offset
                # one that was cut ends where the engine says, wherever its loader begins
                self._by_pass = begun == engine.state.epoch
                self._tracker.start()

        def epoch_started(engine: Any) -> None:
            if mode == "train" and self.feed.is_open("train"):
                return  # a pass that goes on: the engine's epoch is a part of one
            self.feed.begin(*stream, self._number(engine) if mode == "train" else None)
            self._taken = self._taken and mode != "train"

        def iteration_completed(engine: Any) -> None:
            self._observer.leave()
            if mode == "train" and self.feed.stop_requested:
                engine.terminate()

        def epoch_completed(engine: Any) -> None:
            self._observer.leave()
            self._observer.flush()
            if mode != "train" or not self._goes_on():
                self.feed.end(*stream)

        def completed(engine: Any) -> None:
            if mode == "train":
                self.detach()
            else:
                self._untap(stream)

        handlers: dict[Any, Any] = {
            events.STARTED: started,
            events.EPOCH_STARTED: epoch_started,
            events.ITERATION_COMPLETED: iteration_completed,
            events.EPOCH_COMPLETED: epoch_completed,
            events.COMPLETED: completed,
        }
        if mode == "train":
            handlers[events.EXCEPTION_RAISED] = self._raised
        for event, handler in handlers.items():
            self._undo.append(_remover(engine, event, engine.add_event_handler(event, handler)))

    def _number(self, engine: Any) -> int | None:
        """Return the number of the first epoch of a run, which may have been cut before; the others are counted."""
        first, self._first = self._first, None
        return None if first is None and self._by_pass else engine.state.epoch + self._offset

    def _goes_on(self) -> bool:
        """Whether the training loader has batches left, so that the engine's epoch was a part of a pass."""
        tap = self._taps.get(("train", None))
        passing = None if tap is None or not self._by_pass else tap.passing
        try:
            return tap is not None and passing is not None and passing.taken < len(tap.loader)
        except TypeError:  # a stream has no length: it tells its end
            return passing is not None and not passing.over

    def _raised(self, engine: Any, error: BaseException) -> None:
        """Keep what came before; an engine nobody else handles errors for raises them as it does without us."""
        events = require("ignite", "engine").Events
        others = len(engine._event_handlers[events.EXCEPTION_RAISED]) - 1
        self.detach(error)
        if not others:
            raise error

    def _stepped(self, *_: Any) -> None:
        self._observer.settle()
        self.feed.stepped()

    def _tap(self, engine: Any, stream: tuple[str, str | None]) -> None:
        self._untap(stream)
        tap = Tap(engine.state.dataloader, self, self._index, self._observer.evidence)
        tap.mode, tap.ds_id = stream
        self._taps[stream] = tap
        if self._edits is not None:
            check_editable(self._edits, by_place=self._index is None and tap.rows.by_place)
            tap.edited = EditedLoader(
                self._edits, *stream, self._label, self._tracker.report, same_length=True, index=INDEX_RIDES
            )

    def _untap(self, stream: tuple[str, str | None]) -> None:
        tap = self._taps.pop(stream, None)
        if tap is not None:
            tap.detach()

    # what loaders tell: a training epoch is a pass, of which the engine's epochs may be parts, or which may be parts of one

    def began(self, tap: Tap) -> None:
        """End the epoch of the pass before, where the engine goes on with another one."""
        if tap.mode == "train" and self._by_pass and self._taken and self.feed.is_open("train"):
            self._observer.leave((tap.mode, tap.ds_id))
            self._observer.flush()
            self.feed.end("train")
        if self._edits is not None and tap.mode == "train":
            cut = not self._by_pass and not tap.passed  # a run that goes on within an epoch
            begin_epoch(
                self._edits,
                self.feed.epoch + (not self.feed.is_open("train")),
                self._tracker.report,
                replay=cut,
            )

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Note the batch that the engine works on."""
        if tap.mode == "train":
            self._taken = True
            if not self.feed.is_open("train"):
                self.feed.begin("train")
        self._observer.take(tap.mode, tap.ds_id, index, batch)

    def ended(self, tap: Tap) -> None:
        """Do nothing: the engine tells, or the next pass."""

    def dropped(self, tap: Tap) -> None:
        """Do nothing: the engine tells."""

    def stopping(self, tap: Tap) -> bool:
        """Go on: stops are honoured by the engine."""
        return False

    def detach(self, error: BaseException | None = None) -> None:
        """Take every handler and hook off; with an `error`, what came before it stays, provisional."""
        if not self._undo:
            return
        self._observer.flush()
        if error is None:
            self.feed.end_all()
        while self._undo:
            self._undo.pop()()
        for stream in list(self._taps):
            self._untap(stream)
        self._tracker.finish(error)


def _remover(engine: Any, event: Any, handle: Any) -> Callable[[], None]:
    def remove() -> None:
        handle.remove()
        if not engine._event_handlers[event]:
            # an event that nobody handles must not be listed: Ignite swallows exceptions where it is
            del engine._event_handlers[event]

    return remove


def watch(
    trainer: Any,
    model: Any,
    loss: Any,
    optimizer: Any,
    tracker: Any,
    *,
    evaluator: Any = None,
    index: Key | None = None,
    edits: Edits | None = None,
    **options: Any,
) -> EngineWatch:
    """Record every batch of Ignite engines: indices, labels, per-sample losses and logits.

    Parameters
    ----------
    trainer
        The training ``ignite.engine.Engine``.
    model, loss, optimizer
        As `xai_widgets.hooks.torch.watch` takes them.
    tracker
        The `xai_widgets.Tracker`.
    evaluator
        The evaluating engine, or a mapping of ds_id to engine. It must call `loss`, as a ``Loss`` metric does, with
        one batch at a time.
    index
        Where batches carry their index, where the sampler does not tell it.
    edits
        The `xai_widgets.Edits` to train by: excluded samples are not drawn from the next epoch on, relabelled ones come with
        their new label. An engine fixes its epochs' length beforehand, so there remain as many batches: the samples that are
        left begin again. Weights are the engine's function's to apply, and that is told where there are any.
    **options
        ``label``, ``per_sample`` and ``logits`` of `xai_widgets.hooks.torch.watch`.
    """
    require("ignite")
    if edits is not None:
        check_editable(edits, by_place=index is None)
    evaluators = evaluator if isinstance(evaluator, dict) else {} if evaluator is None else {None: evaluator}
    return EngineWatch(trainer, model, loss, optimizer, tracker, evaluators, index, options, edits)
