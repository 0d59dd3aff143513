"""`Observer`: which batch a torch loop works on, and what its loss says of every instance in it.

All torch hooks share it. They tell it of batches; it listens to the loss and hands what it learns to the tracker.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key, key_reader
from xai_widgets.hooks.torch.device_copy import Drain
from xai_widgets.hooks.torch.loss_batching import Held, known
from xai_widgets.hooks.torch.per_sample_loss import PerSample

LABEL_NAMES = ("label", "labels", "target", "targets", "y")
SILENT_BATCHES = 4  # so many batches without a call of the loss make a notice


class Current(NamedTuple):
    """The batch a loop works on."""

    mode: str
    ds_id: str | None
    index: Any
    batch: Any


class Observer:
    """Listens to a loss and records what it says of the current batch.

    Parameters
    ----------
    feed
        Where recorded batches go.
    loss
        A loss module; a function, then asked for what `model` returned; or None.
    model
        Needed for a function.
    per_sample, logits
        As `PerSample` takes them.
    label
        Where batches carry their label, instead of the targets of the loss.
    """

    def __init__(
        self,
        feed: Feed,
        loss: Any,
        model: Any = None,
        *,
        per_sample: Callable[[Any, Any], Any] | None = None,
        logits: bool | None = None,
        label: Key | None = None,
    ) -> None:
        self._feed = feed
        self._drain = Drain(feed.record)
        self._per_sample = None if loss is None else PerSample(loss, per_sample, logits)
        self._label = None if label is None else key_reader(label)
        by_row = self._per_sample is not None and label is None and known(self._per_sample.torchs_own or "")
        self._held = Held(feed, self._per_sample) if self._per_sample is not None and by_row else None
        feed.held_by(self.flush)
        self.current: Current | None = None
        self._used = 0  # instances of the current batch that have their loss
        self._silent = 0  # batches since the loss was last seen
        self._undo: Callable[[], None] | None = None
        if hasattr(loss, "register_forward_hook"):
            self._undo = listen(loss, self._on_loss)
        elif loss is not None:
            self._undo = listen(model, self._on_model)

    @property
    def hears(self) -> bool:
        """Whether there is a loss to listen to."""
        return self._per_sample is not None

    def take(self, mode: str, ds_id: str | None, index: Any, batch: Any) -> None:
        """Note the batch that the loop works on now."""
        self._drain.flush(wait=False)
        self.current = Current(mode, ds_id, index, batch)
        self._used = 0
        self._silent += 1
        if self._silent == SILENT_BATCHES and self._per_sample is not None:
            self._feed.notice(
                f"{SILENT_BATCHES - 1} batches went by and the watched loss was not called. Pass the loss that the loop "
                "calls; if it is called inside a function compiled before, call torch._dynamo.reset() first or watch "
                "before the first step."
            )

    def record(self, index: Any, label: Any, metrics: dict[str, Any]) -> None:
        """Record values of the current batch that the loop computed by itself."""
        if self.current is not None:
            self._silent = 0
            self._used = len(index)
            self._drain.put(self._feed.batch(self.current.mode, self.current.ds_id, index, label, metrics))

    def leave(self) -> None:
        """Note that the loop works on no batch now."""
        self.current = None

    def flush(self) -> None:
        """Hand over what waits for others, or is still under way from a device."""
        if self._held is not None:
            self._held.flush()
        self._drain.flush()

    def detach(self) -> None:
        """Listen no more."""
        self.current = None
        if self._undo is not None:
            self._undo()
            self._undo = None

    def _on_loss(self, module: Any, args: Any, kwargs: Any, value: Any) -> None:
        self._observe(args, kwargs, value)

    def _on_model(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        if self.current is not None:
            outputs = getattr(outputs, "logits", outputs)
            targets = (self._label or targets_of)(self.current.batch)
            if hasattr(targets, "to") and hasattr(outputs, "device"):
                targets = targets.to(outputs.device, non_blocking=True)
            self._observe((outputs.detach(), targets), {}, None)

    def _observe(self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> None:
        current, per_sample = self.current, self._per_sample
        if current is None or per_sample is None:
            return
        self._silent = 0
        if self._used < len(current.index):
            stream = (current.mode, current.ds_id)
            self._feed.guard(stream, lambda: self._record(current, per_sample, args, kwargs, value))

    def _record(self, current: Current, per_sample: PerSample, args: Any, kwargs: Any, value: Any) -> None:
        """Record one call of the loss. A loop may cut a batch into parts: they take the batch's instances in order."""
        index, whole = current.index, len(current.index)
        outputs = args[0] if args else next(iter(kwargs.values()))
        part = getattr(outputs, "shape", (whole,))[0]
        size = part if part < whole and self._used + part <= whole else whole
        if self._held is not None and size == whole:
            stamped = self._feed.batch(current.mode, current.ds_id, index, None, {})
            if self._held.take(stamped, args, kwargs, value):
                self._used += whole
                return
        observed = per_sample(args, kwargs, value, size, current.batch)
        start, self._used = self._used, self._used + size
        label = observed.label if self._label is None else self._label(current.batch)
        if size != whole:
            index = index[start : start + size]
            label = label if self._label is None else label[start : start + size]
        metrics = {"loss": observed.loss}
        if observed.logits is not None:
            metrics["logits"] = observed.logits
        self._drain.put(self._feed.batch(current.mode, current.ds_id, index, label, metrics))


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


def untraced(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Give a hook that is never traced into a compiled graph, and neither is what it calls."""
    disabled: list[Callable[..., Any]] = []

    def called(*args: Any) -> Any:
        dynamo = sys.modules.get("torch._dynamo")
        if not disabled and dynamo is not None:
            disabled.append(dynamo.disable(hook))
        return (disabled[0] if disabled else hook)(*args)

    called._torchdynamo_disable = True  # type: ignore[attr-defined]
    return called


def listen(module: Any, hook: Callable[..., None]) -> Callable[[], None]:
    """Call ``hook(module, args, kwargs, output)`` after every call of `module`; returns what takes it off again."""
    heard = untraced(hook)
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
