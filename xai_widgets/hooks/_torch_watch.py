"""`Watch`: what listens to a plain PyTorch loop, and takes itself off again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from xai_widgets.hooks._feed import Feed
from xai_widgets.hooks._identity import Key, key_reader
from xai_widgets.hooks._torch_device import Drain
from xai_widgets.hooks._torch_loader import Tap
from xai_widgets.hooks._torch_losses import PerSample

LABEL_NAMES = ("label", "labels", "target", "targets", "y")
SILENT_BATCHES = 4  # so many batches without a call of the loss make a notice


class TrainingStopped(Exception):
    """Raised at the next batch after a stop was asked for; `Watch`, as a context manager, catches it."""


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
        self._drain = Drain(self._feed.record)
        self._undo: list[Callable[[], None]] = []
        self._current: tuple[Tap, Any, Any] | None = None
        self._used = 0  # instances of the current batch that have their loss
        self._silent = 0  # batches since the loss was last seen
        self._entered = False
        self._label = None if label is None else key_reader(label)
        try:
            self._attach(model, loss, optimizer, loaders, index, per_sample, logits)
        except BaseException:
            self._remove()
            raise
        tracker.start()

    def _attach(
        self, model: Any, loss: Any, optimizer: Any, loaders: Any, index: Any, per_sample: Any, logits: Any
    ) -> None:
        self._per_sample = None if loss is None else PerSample(loss, per_sample, logits)
        for (mode, ds_id), loader in loaders.items():
            tap = Tap(loader, self, index)
            tap.mode, tap.ds_id = mode, ds_id
            self._undo.append(tap.detach)
        if hasattr(loss, "register_forward_hook"):
            self._undo.append(listen(loss, self._on_loss))
        elif loss is not None:
            self._undo.append(listen(model, self._on_model))
        optimizers = optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]
        for place, one in enumerate(optimizers):
            if one is not None:
                self._undo.append(after_step(one, self._on_step if place == 0 else self._on_other_step))

    # what the loop shows

    @property
    def index(self) -> Any:
        """The index of the current batch."""
        return None if self._current is None else self._current[1]

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
        self._drain.flush()
        self._feed.begin(tap.mode, tap.ds_id)

    def took(self, tap: Tap, index: Any, batch: Any) -> None:
        """Note the batch that the loop works on now."""
        self._drain.flush(wait=False)
        self._current = (tap, index, batch)
        self._used = 0
        self._silent += 1
        if self._silent == SILENT_BATCHES and self._per_sample is not None:
            self._feed.notice(
                f"{SILENT_BATCHES - 1} batches went by and the watched loss was not called. Pass the loss that the loop "
                "calls; if it is called inside a function compiled before watch(), call torch._dynamo.reset() first "
                "or watch before the first step."
            )

    def ended(self, tap: Tap) -> None:
        """Close the epoch: its loader is exhausted."""
        self._current = None
        self._drain.flush()
        self._feed.end(tap.mode, tap.ds_id)
        if tap.mode == "train" and self._feed.steps_this_epoch:
            self._feed.tracker.steps_per_epoch = self._feed.steps_this_epoch

    def stopping(self, tap: Tap) -> bool:
        """Whether the pass shall end because the user asked for a stop."""
        if not self._feed.stop_requested:
            return False
        if self._entered:
            raise TrainingStopped("a stop was asked for")
        return True

    # what the model tells

    def _on_loss(self, module: Any, args: Any, kwargs: Any, value: Any) -> None:
        self._observe(args, kwargs, value)

    def _on_model(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        if self._current is not None:
            outputs = getattr(outputs, "logits", outputs)
            targets = (
                self._label(self._current[2]) if self._label is not None else targets_of(self._current[2])
            )
            if hasattr(targets, "to") and hasattr(outputs, "device"):
                targets = targets.to(outputs.device, non_blocking=True)
            self._observe((outputs.detach(), targets), {}, None)

    def _observe(self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        if self._current is None:
            return
        tap, index, batch = self._current
        stream = (tap.mode, tap.ds_id)
        self._silent = 0
        if self._used < len(index):
            self._feed.guard(stream, lambda: self._record(tap, index, batch, args, kwargs, value))

    def _record(self, tap: Tap, index: Any, batch: Any, args: Any, kwargs: Any, value: Any) -> None:
        """Record one call of the loss. A loop may cut a batch into parts: they take the batch's instances in order."""
        whole = len(index)
        outputs = args[0] if args else next(iter(kwargs.values()))
        part = getattr(outputs, "shape", (whole,))[0]
        size = part if part < whole and self._used + part <= whole else whole
        if self._per_sample is None:
            return
        observed = self._per_sample(args, kwargs, value, size, batch)
        start, self._used = self._used, self._used + size
        if size != whole:
            index = index[start : start + size]
        label = observed.label
        if self._label is not None:
            label = self._label(batch)[start : start + size]
        metrics = {"loss": observed.loss}
        if observed.logits is not None:
            metrics["logits"] = observed.logits
        self._drain.put(self._feed.batch(tap.mode, tap.ds_id, index, label, metrics))

    # what the optimizer tells

    def _on_step(self, *_: Any) -> None:
        self._feed.stepped()

    def _on_other_step(self, *_: Any) -> None:
        self._feed.stepped(self._feed.step)

    # taking itself off

    def end_epoch(self) -> None:
        """End all open epochs now: for loops that never exhaust their loader."""
        self._drain.flush()
        self._feed.end_all()

    def detach(self, error: BaseException | None = None) -> None:
        """Take every hook off and end the open epochs; with an `error`, what came before it stays, provisional."""
        if not self._undo:
            return
        self._drain.flush()
        if error is None:
            self.end_epoch()
        self._remove()
        self._feed.tracker.finish(error)

    def _remove(self) -> None:
        self._current = None
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


def targets_of(batch: Any) -> Any:
    """Return the targets of a usual batch: ``(x, y)``, ``(x, y, index)`` or a dict with a label."""
    if hasattr(batch, "keys"):
        for name in LABEL_NAMES:
            if name in batch:
                return batch[name]
    elif isinstance(batch, (list, tuple)) and len(batch) > 1:
        return batch[1]
    raise TypeError(
        f"cannot tell the targets in a batch of type {type(batch).__name__}; give label= (an entry's name, a place, or "
        "function(batch)), or a loss module, which is told them"
    )


def listen(module: Any, hook: Callable[..., None]) -> Callable[[], None]:
    """Call ``hook(module, args, kwargs, output)`` after every call of `module`; returns what takes it off again."""

    def heard(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        hook(module, args, kwargs, output)

    heard._torchdynamo_disable = True  # type: ignore[attr-defined]  # never traced into a compiled graph
    compiled = module.__dict__.get("_compiled_call_impl")
    if compiled is None:
        handle = module.register_forward_hook(heard, with_kwargs=True)
        return lambda: handle.remove()

    # module.compile() ignores hooks that come after the first call: listen around the compiled call itself
    def call(*args: Any, **kwargs: Any) -> Any:
        output = compiled(*args, **kwargs)
        heard(module, args, kwargs, output)
        return output

    module.__dict__["_compiled_call_impl"] = call

    def undo() -> None:
        if module.__dict__.get("_compiled_call_impl") is call:
            module.__dict__["_compiled_call_impl"] = compiled

    return undo


def after_step(optimizer: Any, hook: Callable[..., None]) -> Callable[[], None]:
    """Call `hook` after every step of an optimizer, or of the one that it wraps."""
    inner = getattr(optimizer, "optimizer", optimizer)
    if not hasattr(inner, "register_step_post_hook"):
        raise TypeError(f"expected a torch optimizer, got {type(optimizer).__name__}")
    handle = inner.register_step_post_hook(hook)
    return lambda: handle.remove()
