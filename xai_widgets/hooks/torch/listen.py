"""Hear of every call of a module, and of every step of an optimizer.

What listens can be saved and copied with the module, as something that hears nothing: a teacher, an average of weights or
a file is not the model. It is taken off in any order.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any


def untraced(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hook that is never traced into a compiled graph, and neither is what it calls."""
    disabled: list[Callable[..., Any]] = []

    def called(*args: Any) -> Any:
        dynamo = sys.modules.get("torch._dynamo")
        if not disabled and dynamo is not None:
            disabled.append(dynamo.disable(hook))
        return (disabled[0] if disabled else hook)(*args)

    called._torchdynamo_disable = True  # type: ignore[attr-defined]
    return called


def deaf(*_: Any) -> None:
    """Hear nothing: what a copy of a watched module has in the place of our hook."""


class Hook:
    """A forward hook of one module, and of none of its copies."""

    def __init__(self, module: Any, hook: Callable[..., None]) -> None:
        self._module = weakref.ref(module)
        self._hook = untraced(hook)

    def __call__(self, module: Any, *heard: Any) -> None:
        """Hear of a call."""
        if module is self._module():
            self._hook(module, *heard)

    __call__._torchdynamo_disable = True  # type: ignore[attr-defined]
    _torchdynamo_disable = True

    def __reduce__(self) -> Any:
        return _deaf, ()

    def __deepcopy__(self, memo: Any) -> Any:
        return deaf

    def __copy__(self) -> Any:
        return deaf


def _deaf() -> Any:
    return deaf


class _Around:
    """Stands around the compiled call of a module, which ignores hooks that come after its first call."""

    def __init__(self, module: Any, compiled: Callable[..., Any]) -> None:
        self.module, self.compiled = weakref.ref(module), compiled
        self.hooks: list[Callable[..., Any]] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module."""
        output = self.compiled(*args, **kwargs)
        for hook in list(self.hooks):
            hook(self.module(), args, kwargs, output)
        return output


def listen(module: Any, hook: Callable[..., None]) -> Callable[[], None]:
    """Call ``hook(module, args, kwargs, output)`` after every call of `module`; returns what takes it off again."""
    around = module.__dict__.get("_compiled_call_impl")
    if around is None:
        handle = module.register_forward_hook(Hook(module, hook), with_kwargs=True)
        return lambda: handle.remove()
    if not isinstance(around, _Around):
        around = module.__dict__["_compiled_call_impl"] = _Around(module, around)
    heard = untraced(hook)
    around.hooks.append(heard)

    def undo() -> None:
        if heard in around.hooks:
            around.hooks.remove(heard)
        if not around.hooks and module.__dict__.get("_compiled_call_impl") is around:
            module.__dict__["_compiled_call_impl"] = around.compiled

    return undo


def after_step(optimizer: Any, hook: Callable[..., None]) -> Callable[[], None]:
    """Call `hook` after every step of an optimizer, or of the one that it wraps."""
    inner = getattr(optimizer, "optimizer", optimizer)
    if not hasattr(inner, "register_step_post_hook"):
        raise TypeError(f"expected a torch optimizer, got {type(optimizer).__name__}")
    handle = inner.register_step_post_hook(hook)
    return lambda: handle.remove()
