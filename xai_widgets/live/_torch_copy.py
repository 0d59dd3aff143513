"""Copies of torch modules."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
_FLAGS = ("_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs")


class TorchReplica:
    """A copy of a torch module; see `Replica`."""

    def __init__(self, model: Any, model_fn: Callable[[], Any] | None = None) -> None:
        import torch

        self._torch = torch
        self._source = plain_module(model)
        self.model, self.notes = _copied(self._source, model_fn)
        self.model.eval()
        self.model.requires_grad_(False)
        self._copied: Any = None  # on a GPU: the event after the copy
        self._stream: Any = None
        self._pairs = _pairs(self._source, self.model)
        if model_fn is not None and not self.refresh():
            raise TypeError(
                f"model_fn made a {type(self.model).__qualname__} whose parameters and buffers have other names, "
                f"shapes or types than those of the model being trained ({type(self._source).__qualname__})"
            )

    def refresh(self) -> bool:
        """Copy all parameters and buffers; reads the original and writes only the copy."""
        torch = self._torch
        source = [*_named_tensors(self._source)]
        if [name for name, _ in source] != [name for name, _ in self._pairs]:
            return False
        with torch.no_grad():
            for (_, live), (_, kept) in zip(source, self._pairs, strict=True):
                if live.shape != kept.shape or live.dtype != kept.dtype or live.device != kept.device:
                    return False
                kept.copy_(live, non_blocking=True)
        self._mark(torch)
        return True

    def _mark(self, torch: Any) -> None:
        """On a GPU, remember where in the training's stream the copy is complete; no synchronisation."""
        device = next((kept.device for _, kept in self._pairs if kept.is_cuda), None)
        if device is not None:
            self._stream = self._stream or torch.cuda.Stream(device=device, priority=0)
            self._copied = torch.cuda.current_stream(device).record_event()

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Compute in the copy's own CUDA stream, after the weights have arrived; nothing to do on a CPU."""
        if self._stream is None:
            yield
            return
        self._stream.wait_event(self._copied)
        try:
            with self._torch.cuda.stream(self._stream):
                yield
        finally:
            self._stream.synchronize()  # the next copy must not overtake the computation


def plain_module(model: Any) -> Any:
    """Unwrap torch.compile, DataParallel and DistributedDataParallel."""
    while True:
        if "_orig_mod" in getattr(model, "_modules", {}):
            model = model._orig_mod
        elif type(model).__name__ in ("DataParallel", "DistributedDataParallel") and hasattr(model, "module"):
            model = model.module
        else:
            return model


def _named_tensors(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


def _pairs(source: Any, made: Any) -> list[tuple[str, Any]]:
    del source
    return list(_named_tensors(made))


def _copied(source: Any, model_fn: Callable[[], Any] | None) -> tuple[Any, tuple[str, ...]]:
    if model_fn is not None:
        made = plain_module(model_fn())
        if made is source:
            raise TypeError("model_fn returned the model being trained itself; it must build a new one")
        return made.to(next((tensor.device for _, tensor in _named_tensors(source)), "cpu")), ()
    memo: dict[int, Any] = {}
    notes = _spare(source, memo)
    try:
        made = copy.deepcopy(source, memo)
    except Exception as reason:
        raise TypeError(
            f"{type(source).__qualname__} cannot be copied ({type(reason).__name__}: {reason}), and saliency never "
            "computes on the model being trained. Give a function that builds the same architecture: "
            "model_fn=lambda: MyModel(...)"
        ) from reason
    _strip(made)
    return made, tuple(dict.fromkeys(notes))


def _spare(source: Any, memo: dict[int, Any]) -> list[str]:
    """Fill deepcopy's memo so that hooks, and tensors that carry a graph, are not copied but replaced.

    A hook may close over the tracker, or over a list of the user's; the copy must not feed those.
    """
    import torch

    notes = []
    for name, module in source.named_modules():
        for table in _HOOKS:
            for hook in getattr(module, table, {}).values():
                if not _part_of_torch(hook):
                    memo[id(hook)] = _no_hook
                    if not _ours(hook):
                        notes.append(
                            f"a hook of {name or type(module).__name__} is not run on the copy of the model"
                        )
        for value in vars(module).values():
            if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                memo[id(value)] = value.detach().clone()
        wrapped = vars(module).get("forward")
        if wrapped is not None and getattr(wrapped, "__self__", None) is not module:
            memo[id(wrapped)] = _no_hook  # a closure would call the live module
    return notes


def _strip(made: Any) -> None:
    """Take the placeholders out of the copy."""
    for module in made.modules():
        for table in _HOOKS:
            hooks = getattr(module, table, {})
            for key in [key for key, hook in hooks.items() if hook is _no_hook]:
                del hooks[key]
                for flags in _FLAGS:
                    getattr(module, flags, {}).pop(key, None)
        if vars(module).get("forward") is _no_hook:
            del module.__dict__["forward"]


def _no_hook(*_arguments: Any, **_options: Any) -> None:
    """Stand in for a hook that the copy does not run."""


def _home(hook: Any) -> str:
    """Return the module a hook's code is from."""
    while hasattr(hook, "func"):  # functools.partial
        hook = hook.func
    hook = getattr(hook, "hook", hook)  # torch's own wrapper objects
    owner = hook if hasattr(hook, "__qualname__") else type(hook)
    return str(getattr(owner, "__module__", "") or "")


def _part_of_torch(hook: Any) -> bool:
    return _home(hook).split(".")[0] in ("torch", "torchvision")


def _ours(hook: Any) -> bool:
    return _home(hook).split(".")[0] == "xai_widgets"
