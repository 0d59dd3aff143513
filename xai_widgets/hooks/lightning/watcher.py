"""What `xai_widgets.hooks.lightning.TrackerCallback` does at each call of Lightning."""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.quiet import told
from xai_widgets.hooks.torch.edited import INDEX_RIDES, EditedLoader, check_editable
from xai_widgets.hooks.torch.edited_epochs import begin_epoch
from xai_widgets.hooks.torch.loader_tap import Tap
from xai_widgets.hooks.torch.loss.observer import Observer
from xai_widgets.hooks.torch.witness import leaves

ATTEMPT = "XAI_WIDGETS_ATTEMPT"  # the run log takes the name of a start from here
MODES = {"train": "train", "validate": "eval", "sanity_check": "eval", "test": "test"}


class LightningWatch:
    """Listens to the loaders and the loss of one `Trainer` run.

    Loaders are fetched ahead of the steps that use them, so what a `Tap` tells waits in a queue for its step.
    """

    def __init__(
        self,
        tracker: Any,
        loss: Any,
        *,
        index: Any,
        options: dict[str, Any],
        edits: Edits | None = None,
    ) -> None:
        self._tracker = tracker
        self._edits = edits
        self._loss = loss
        self._index = index
        self._options = options
        self.feed = Feed(tracker)
        self._observer: Observer | None = None
        self._undo: list[Callable[[], None]] = []
        self._trainer: Any = None
        self._taps: dict[str, list[Tap | None]] = {}  # None for a loader that cannot be heard
        self._iterated: set[str] = set()  # modes whose present loaders have begun
        self._ahead: dict[int, deque[tuple[Any, Any]]] = {}
        self._over: set[int] = set()  # taps whose newest pass came to its end
        self._offset = 0
        # offset of a checkpoint, and whether it was made in an epoch
        self._resumed: tuple[int, bool] | None = None
        self._skip = False  # during the sanity check
        self._trained = False
        self._edited = 0  # the epoch whose edits were fixed last

    # coming and going

    @told
    def attach(self, trainer: Any, module: Any) -> None:
        """Listen to the loss of `module`, and to every loader when the trainer has made it its own."""
        self.detach()
        self._trainer = trainer
        self.feed = Feed(self._tracker)
        self._observer = Observer(self.feed, self._find_loss(module), module, **self._options)
        self._undo.append(self._observer.detach)
        strategy = trainer.strategy
        if trainer.world_size > 1:
            self._name_start(strategy)
        process = strategy.process_dataloader

        def process_dataloader(loader: Any) -> Any:
            loader = process(loader)
            mode = MODES.get(str(getattr(trainer.state.stage, "value", "")))
            if mode is not None:
                self._taps_of(mode).append(None)
                self.feed.guard((mode, None), lambda: self._tap(mode, loader))
            return loader

        strategy.process_dataloader = process_dataloader
        self._undo.append(lambda: strategy.__dict__.pop("process_dataloader", None))

    def _name_start(self, strategy: Any) -> None:
        """Tell all processes one name for this start: Lightning's have no parent in common, and their logs one run."""
        if getattr(self._tracker, "log_dir", None) is None:
            self.feed.notice(
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
        self.feed.notice(
            f"{type(module).__name__} has {len(found)} loss modules ({', '.join(names)}), and nothing tells which one is of "
            f'the samples, so nothing is recorded. Say it: TrackerCallback(tracker, loss="{names[0]}")'
        )
        return None

    def _taps_of(self, mode: str) -> list[Tap | None]:
        """Return the taps of the loaders of a mode; Lightning may make new ones between epochs, all before any is iterated."""
        if mode in self._iterated:
            self._iterated.discard(mode)
            for old in self._taps.pop(mode, []):
                if old is not None:
                    old.detach()
        return self._taps.setdefault(mode, [])

    def _tap(self, mode: str, loader: Any) -> None:
        """Listen to the newest loader of a mode."""
        taps = self._taps[mode]
        tap = Tap(loader, self, self._index, None if self._observer is None else self._observer.evidence)
        tap.mode, taps[-1] = mode, tap
        self._undo.append(tap.detach)
        if self._edits is not None:
            check_editable(self._edits, by_place=self._index is None and tap.rows.by_place)
            tap.edited = EditedLoader(
                self._edits,
                mode,
                None,
                self._options["label"],
                self._tracker.report,
                same_length=True,
                index=INDEX_RIDES,
            )

    def _name_loaders(self, mode: str) -> None:
        """Say which data set each loader of a mode is of, where it has several: their keys in training, else their places."""
        taps = self._taps.get(mode, [])
        names = [str(place) for place in range(len(taps))]
        if mode == "train":
            loaders = getattr(self._combined, "iterables", None)
            names = _names(loaders) if loaders is not None else names
        for tap, name in zip(taps, names, strict=False):
            if tap is not None:
                tap.ds_id = name if len(taps) > 1 else None
                if tap.edited is not None:
                    tap.edited.ds_id = tap.ds_id

    @property
    def _combined(self) -> Any:
        """Lightning's loader of all training loaders."""
        return getattr(self._trainer.fit_loop, "_combined_loader", None)

    def detach(self, error: BaseException | None = None) -> None:
        """Leave trainer, module and loaders as they were."""
        if not self._undo:
            return
        if self._observer is not None:
            self._observer.flush()
        if error is None:
            self.feed.end_all()
        while self._undo:
            self._undo.pop()()
        self._observer = None
        self._taps, self._ahead, self._trainer = {}, {}, None
        self._iterated, self._over, self._edited = set(), set(), 0
        if self._trained or error is not None:
            self._tracker.finish(error)
        self._trained = False

    def place(self) -> dict[str, Any]:
        """Return where the run is, for a checkpoint."""
        return {"offset": self._offset, "in_epoch": self.feed.is_open("train")}

    def resume(self, offset: int | None, in_epoch: bool) -> None:
        """Count on from a state that was just loaded."""
        self.feed.epoch, self.feed.step = self._tracker.epoch, self._tracker.step
        self._resumed = None if offset is None else (offset, in_epoch)

    # what loaders tell

    def began(self, tap: Tap) -> None:
        """Forget what was fetched ahead for a pass that was left early."""
        if tap.mode not in self._iterated:
            self._iterated.add(tap.mode)
            self._name_loaders(tap.mode)
        if self._edits is not None and tap.mode == "train":
            self._begin_edits(self._edits)
        if id(tap) not in self._over:  # what a pass that came to its end has left is still to be worked on
            self._ahead[id(tap)] = deque()
        self._over.discard(id(tap))

    @told
    def _begin_edits(self, edits: Edits) -> None:
        """Fix the edits of the epoch whose pass begins; with several loaders their passes begin together."""
        offset, cut = self._resumed if self._resumed is not None else (self._offset_of(self._trainer), False)
        epoch = self._trainer.current_epoch + 1 + (self._offset if self._trained else offset)
        if epoch != self._edited:
            self._edited = epoch
            begin_epoch(edits, epoch, self._tracker.report, replay=cut)

    def _offset_of(self, trainer: Any) -> int:
        return int(max(self._tracker.epoch, trainer.current_epoch) - trainer.current_epoch)

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Keep what was fetched ahead."""
        self._ahead.setdefault(id(tap), deque()).append((index, batch))

    def ended(self, tap: Tap) -> None:
        """Note it: a pass is over for the fetcher, not yet for the steps."""
        self._over.add(id(tap))

    def dropped(self, tap: Tap) -> None:
        """Do nothing: the trainer tells."""

    def stopping(self, tap: Tap) -> bool:
        """Go on fetching: stops are honoured by the trainer."""
        return False

    # what the trainer tells

    @told
    def train_starts(self, trainer: Any) -> None:
        """Start a run."""
        self._trained = True
        self._offset = self._offset_of(trainer)
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            self._offset, in_epoch = resumed
            if in_epoch:  # Lightning tells nobody that an epoch which was cut goes on
                self.epoch_starts(trainer)
        if trainer.max_epochs and trainer.max_epochs > 0:
            self._tracker.epochs = trainer.max_epochs + self._offset
        self.feed.step = trainer.global_step
        self._tracker.start()

    @told
    def epoch_starts(self, trainer: Any) -> None:
        """Open a training epoch, numbered from 1."""
        for ds_id in self._ds_ids("train"):
            self.feed.begin("train", ds_id, trainer.current_epoch + 1 + self._offset)

    def _ds_ids(self, mode: str) -> list[str | None]:
        taps = self._taps.get(mode, [])
        if mode == "train" and len(taps) < 2:
            return [None]
        self._name_loaders(mode)
        return [tap.ds_id for tap in taps if tap is not None]

    @told
    def epoch_ends(self, trainer: Any) -> None:
        """Close it."""
        if self._observer is not None:
            self._observer.leave()
            self._observer.flush()
        for ds_id in self._ds_ids("train"):
            self.feed.end("train", ds_id)
        if self.feed.steps_this_epoch:
            self._tracker.steps_per_epoch = self.feed.steps_this_epoch
        if self._tracker.stop_requested:
            trainer.should_stop = True

    @told
    def evaluation_starts(self, mode: str, trainer: Any) -> None:
        """Open an evaluation; the sanity check is none."""
        self._skip = bool(trainer.sanity_checking)
        if not self._skip:
            for ds_id in self._ds_ids(mode):
                self.feed.begin(mode, ds_id)

    @told
    def evaluation_ends(self, mode: str) -> None:
        """Close it."""
        if self._observer is not None:
            self._observer.leave()
            self._observer.flush()
        for ds_id in self._ds_ids(mode):
            self.feed.end(mode, ds_id)
        self._skip = False

    @told
    def batch_starts(self, mode: str, batch: Any, place: int = 0) -> None:
        """Tell the observer what the step works on."""
        if self._observer is None or self._skip:
            return
        taps = self._taps.get(mode, [])
        if mode == "train" and len(taps) > 1:
            parts = self._parts(taps, batch)
        else:
            taps, parts = taps[place : place + 1], [batch]
        for tap, part in zip(taps, parts, strict=False):
            if tap is not None and part is not None:
                self._take(tap, part)

    def _take(self, tap: Tap, part: Any) -> None:
        ahead = self._ahead.get(id(tap), deque())
        # what is at hand as it was fetched is told by itself, what went to a device by the order of batches
        same = next((place for place, (_, batch) in enumerate(ahead) if _is_of(part, batch)), 0)
        for _ in range(same):
            ahead.popleft()
        if ahead and self._observer is not None:
            index, _ = ahead.popleft()
            self._observer.take(tap.mode, tap.ds_id, index, part)

    def _parts(self, taps: list[Tap | None], batch: Any) -> list[Any]:
        """Return the part of a training batch that is of each loader; None for a loader that gave nothing."""
        if getattr(self._combined, "_mode", "") != "sequential":  # one loader after the other
            return _flat(self._combined.iterables, batch)
        running = next(
            (i for i, tap in enumerate(taps) if tap is not None and self._ahead.get(id(tap))), None
        )
        return [batch if i == running else None for i in range(len(taps))]

    @told
    def batch_ends(self, outputs: Any) -> None:
        """Take the values that a step returned."""
        observer = self._observer
        if observer is None or observer.current is None:
            return
        if isinstance(outputs, dict) and "sample_loss" in outputs:
            if not self._is_of_one(outputs):
                observer.leave()
                return
            metrics = {"loss": outputs["sample_loss"].detach()}
            if "logits" in outputs:
                metrics["logits"] = outputs["logits"].detach()
            stream = (observer.current.mode, observer.current.ds_id)
            index, label = observer.current.index, outputs.get("label")
            self.feed.guard(stream, lambda: observer.record(index, label, metrics))
        elif not observer.hears:
            self.feed.notice(
                "no loss module was found, so nothing tells per-sample losses. Give the loss, for instance "
                'TrackerCallback(tracker, loss=F.cross_entropy) or loss="name_of_a_module", or return '
                '{"loss": loss, "sample_loss": losses} from training_step.'
            )
        observer.leave()

    def _is_of_one(self, outputs: dict[str, Any]) -> bool:
        """Whether a step with several loaders leaves no doubt of whose samples it returns the losses."""
        observer = self._observer
        current = None if observer is None else observer.current
        if current is None or current.mode != "train" or len(self._taps.get("train", [])) < 2:
            return current is not None
        self.feed.notice(
            'training_step returns "sample_loss" for a batch of several loaders, and nothing tells of which, so it is not '
            "recorded. Watch the loss instead: TrackerCallback(tracker, loss=...)"
        )
        return False

    @told
    def stepped(self, trainer: Any) -> None:
        """Be between two optimizer steps."""
        self.feed.stepped(trainer.global_step)
        if self._tracker.stop_requested:
            trainer.should_stop = True


def _is_of(part: Any, batch: Any) -> bool:
    """Whether a step's batch is one that was fetched: the same object, or one that shares its first tensor."""
    if part is batch:
        return True
    one, other = (
        next((leaf for _, leaf in leaves(value) if hasattr(leaf, "detach")), None) for value in (part, batch)
    )
    return one is not None and one is other


def _flat(loaders: Any, batch: Any) -> list[Any]:
    """Return the parts of a batch in the order of the loaders in a structure."""
    if isinstance(loaders, dict):
        return [part for key, inner in loaders.items() for part in _flat(inner, batch[key])]
    if isinstance(loaders, (list, tuple)):
        return [part for inner, one in zip(loaders, batch, strict=True) for part in _flat(inner, one)]
    return [batch]


def _names(loaders: Any, name: str = "") -> list[str]:
    """Name the loaders of a structure: by their key, else by their place."""
    if isinstance(loaders, dict):
        items = [(str(key), inner) for key, inner in loaders.items()]
    elif isinstance(loaders, (list, tuple)):
        items = [(str(place), inner) for place, inner in enumerate(loaders)]
    else:
        return [name]
    return [one for key, inner in items for one in _names(inner, f"{name}/{key}" if name else key)]


def _forget_attempt() -> None:
    os.environ.pop(ATTEMPT, None)
