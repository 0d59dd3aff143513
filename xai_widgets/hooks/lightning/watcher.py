"""What `xai_widgets.hooks.lightning.TrackerCallback` does at each call of Lightning."""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks.torch.loader_tap import Tap
from xai_widgets.hooks.torch.observer import Observer

ATTEMPT = "XAI_WIDGETS_ATTEMPT"  # the run log takes the name of a start from here
MODES = {"train": "train", "validate": "eval", "sanity_check": "eval", "test": "test"}


class LightningWatch:
    """Listens to the loaders and the loss of one `Trainer` run.

    Loaders are fetched ahead of the steps that use them, so what a `Tap` tells waits in a queue for its step.
    """

    def __init__(self, tracker: Any, loss: Any, *, index: Any, options: dict[str, Any]) -> None:
        self._tracker = tracker
        self._loss = loss
        self._index = index
        self._options = options
        self._feed = Feed(tracker)
        self._observer: Observer | None = None
        self._undo: list[Callable[[], None]] = []
        self._taps: dict[str, list[Tap]] = {}
        self._ahead: dict[int, deque[tuple[Any, Any]]] = {}
        self._offset = 0
        # offset of a checkpoint, and whether it was made in an epoch
        self._resumed: tuple[int, bool] | None = None
        self._skip = False  # during the sanity check
        self._trained = False

    # coming and going

    def attach(self, trainer: Any, module: Any) -> None:
        """Listen to the loss of `module`, and to every loader when the trainer has made it its own."""
        self.detach()
        self._feed = Feed(self._tracker)
        self._observer = Observer(self._feed, self._find_loss(module), module, **self._options)
        self._undo.append(self._observer.detach)
        strategy = trainer.strategy
        if trainer.world_size > 1:
            self._name_start(strategy)
        process = strategy.process_dataloader

        def process_dataloader(loader: Any) -> Any:
            loader = process(loader)
            self._tap(MODES.get(str(getattr(trainer.state.stage, "value", ""))), loader)
            return loader

        strategy.process_dataloader = process_dataloader
        self._undo.append(lambda: strategy.__dict__.pop("process_dataloader", None))

    def _name_start(self, strategy: Any) -> None:
        """Tell all processes one name for this start: Lightning's have no parent in common, and their logs one run."""
        if getattr(self._tracker, "log_dir", None) is None:
            self._feed.notice(
                f"rank {strategy.global_rank} sees only its part of the data; give the trackers of all processes one "
                "folder, Tracker(log_dir=...), and read the union with Tracker.follow(log_dir)"
            )
        elif ATTEMPT not in os.environ:
            os.environ[ATTEMPT] = strategy.broadcast(uuid.uuid4().hex)
            self._undo.append(_forget_attempt)

    def _find_loss(self, module: Any) -> Any:
        if isinstance(self._loss, str):
            return module.get_submodule(self._loss)
        if self._loss is not None:
            return self._loss
        from torch.nn.modules.loss import _Loss

        found = [part for part in module.modules() if isinstance(part, _Loss)]
        if len(found) == 1:
            return found[0]
        if not found:
            return None  # then training_step must return "sample_loss"; noticed where it does not
        names = [name for name, part in module.named_modules() if isinstance(part, _Loss)]
        raise ValueError(
            f"{type(module).__name__} has {len(found)} loss modules ({', '.join(names)}); say which one tells the "
            f'per-sample loss: TrackerCallback(tracker, loss="{names[0]}")'
        )

    def _tap(self, mode: str | None, loader: Any) -> None:
        if mode is None:
            return
        if mode == "train" and self._taps.get("train"):
            for old in self._taps.pop("train"):  # Lightning may reload the loaders between epochs
                old.detach()
        tap = Tap(loader, self, self._index)
        taps = self._taps.setdefault(mode, [])
        tap.mode, tap.ds_id = mode, str(len(taps))
        taps.append(tap)
        self._undo.append(tap.detach)

    def detach(self, error: BaseException | None = None) -> None:
        """Leave trainer, module and loaders as they were."""
        if not self._undo:
            return
        if self._observer is not None:
            self._observer.flush()
        if error is None:
            self._feed.end_all()
        while self._undo:
            self._undo.pop()()
        self._observer = None
        self._taps, self._ahead = {}, {}
        if self._trained or error is not None:
            self._tracker.finish(error)
        self._trained = False

    def place(self) -> dict[str, Any]:
        """Return where the run is, for a checkpoint."""
        return {"offset": self._offset, "in_epoch": self._feed.is_open("train")}

    def resume(self, offset: int | None, in_epoch: bool) -> None:
        """Count on from a state that was just loaded."""
        self._feed.epoch, self._feed.step = self._tracker.epoch, self._tracker.step
        self._resumed = None if offset is None else (offset, in_epoch)

    # what loaders tell

    def began(self, tap: Tap) -> None:
        """Forget what was fetched ahead for a pass that was left early."""
        self._ahead[id(tap)] = deque()

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Keep what was fetched ahead."""
        self._ahead[id(tap)].append((index, batch))

    def ended(self, tap: Tap) -> None:
        """Do nothing: a pass is over for the fetcher, not yet for the steps."""

    def dropped(self, tap: Tap) -> None:
        """Do nothing: the trainer tells."""

    def stopping(self, tap: Tap) -> bool:
        """Go on fetching: stops are honoured by the trainer."""
        return False

    # what the trainer tells

    def train_starts(self, trainer: Any) -> None:
        """Start a run."""
        self._trained = True
        self._offset = max(self._tracker.epoch, trainer.current_epoch) - trainer.current_epoch
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            self._offset, in_epoch = resumed
            if in_epoch:  # Lightning tells nobody that an epoch which was cut goes on
                self.epoch_starts(trainer)
        if trainer.max_epochs and trainer.max_epochs > 0:
            self._tracker.epochs = trainer.max_epochs + self._offset
        self._feed.step = trainer.global_step
        self._tracker.start()

    def epoch_starts(self, trainer: Any) -> None:
        """Open a training epoch, numbered from 1."""
        self._feed.begin("train", None, trainer.current_epoch + 1 + self._offset)

    def epoch_ends(self, trainer: Any) -> None:
        """Close it."""
        if self._observer is not None:
            self._observer.leave()
            self._observer.flush()
        self._feed.end("train")
        if self._feed.steps_this_epoch:
            self._tracker.steps_per_epoch = self._feed.steps_this_epoch
        if self._tracker.stop_requested:
            trainer.should_stop = True

    def evaluation_starts(self, mode: str, trainer: Any) -> None:
        """Open an evaluation; the sanity check is none."""
        self._skip = bool(trainer.sanity_checking)
        if not self._skip:
            for tap in self._taps.get(mode, []):
                self._feed.begin(mode, self._ds_id(tap))

    def evaluation_ends(self, mode: str) -> None:
        """Close it."""
        if self._observer is not None:
            self._observer.leave()
            self._observer.flush()
        for tap in self._taps.get(mode, []):
            self._feed.end(mode, self._ds_id(tap))
        self._skip = False

    def batch_starts(self, mode: str, batch: Any, place: int = 0) -> None:
        """Tell the observer what the step works on."""
        taps = self._taps.get(mode, [])
        if self._observer is None or self._skip or place >= len(taps):
            return
        tap = taps[place]
        ahead = self._ahead.get(id(tap))
        if ahead:
            index, _ = ahead.popleft()
            self._observer.take(mode, self._ds_id(tap), index, batch)

    def batch_ends(self, outputs: Any) -> None:
        """Take the values that a step returned."""
        observer = self._observer
        if observer is None or observer.current is None:
            return
        if isinstance(outputs, dict) and "sample_loss" in outputs:
            metrics = {"loss": outputs["sample_loss"].detach()}
            if "logits" in outputs:
                metrics["logits"] = outputs["logits"].detach()
            stream = (observer.current.mode, observer.current.ds_id)
            index, label = observer.current.index, outputs.get("label")
            self._feed.guard(stream, lambda: observer.record(index, label, metrics))
        elif not observer.hears:
            self._feed.notice(
                "no loss module was found, so nothing tells per-sample losses. Give the loss, for instance "
                'TrackerCallback(tracker, loss=F.cross_entropy) or loss="name_of_a_module", or return '
                '{"loss": loss, "sample_loss": losses} from training_step.'
            )
        observer.leave()

    def stepped(self, trainer: Any) -> None:
        """Be between two optimizer steps."""
        self._feed.stepped(trainer.global_step)
        if self._tracker.stop_requested:
            trainer.should_stop = True

    def _ds_id(self, tap: Tap) -> str | None:
        return tap.ds_id if tap.mode != "train" and len(self._taps[tap.mode]) > 1 else None


def _forget_attempt() -> None:
    os.environ.pop(ATTEMPT, None)
