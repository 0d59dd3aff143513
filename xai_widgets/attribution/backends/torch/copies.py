"""Copies of torch modules: a mirror that shares the parameters' memory, and a copy that shares none.

A mirror is a tree of modules of one's own over detached aliases of the parameters: it can be put into evaluation mode and
hooked while another thread trains the original, and what a pass writes (buffers, counters, lists) it writes there.
"""

from __future__ import annotations

import copy
import functools
import types
from collections import OrderedDict
from typing import Any

_TABLES = (
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
_MODULES_OWN = frozenset(
    ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", *_TABLES, *_FLAGS)
)
_OWNERS = ("_trainer", "_fabric")  # a Lightning module knows its trainer, which knows everything
_PLAIN = frozenset((type(None), bool, int, float, str, bytes))
_LONG = 10_000  # entries of a list that is more likely data than a part of the model


def plain_module(model: Any) -> Any:
    """Unwrap torch.compile, DataParallel and DistributedDataParallel."""
    while True:
        if "_orig_mod" in getattr(model, "_modules", {}):
            model = model._orig_mod
        elif type(model).__name__ in ("DataParallel", "DistributedDataParallel") and hasattr(model, "module"):
            model = model.module
        else:
            return model


def mirrored(model: Any) -> Any:
    """Return a mirror of a module in evaluation mode, whose parameters are aliases that ask for no gradient.

    Tied weights stay tied, parametrizations and weight norms follow the original's weights, and hooks run as on the original,
    but for this package's own. Scripted modules, which cannot be taken apart, are copied.
    """
    made = _Mirror().module(model)
    for module in made.modules():
        vars(module)["training"] = False
    return made


class _Mirror:
    """What was made so far, by the identity of what it stands for."""

    def __init__(self) -> None:
        import torch

        self._torch = torch
        self._made: dict[int, Any] = {}
        self._originals: list[Any] = []  # kept alive, so that no identity is given twice

    def module(self, source: Any) -> Any:
        """Return the mirror of a module."""
        if id(source) in self._made:
            return self._made[id(source)]
        if isinstance(source, self._torch.jit.ScriptModule):
            with self._torch.no_grad():
                made = self._note(source, copy.deepcopy(source).eval())
                for parameter in made.parameters():
                    parameter.requires_grad_(False)
                return made
        made = self._note(source, object.__new__(type(source)))
        state = dict(vars(source))
        if state.get("_compiled_call_impl") is not None:
            state["_compiled_call_impl"] = None  # of the original
        for name in _OWNERS:
            if name in state:
                state[name] = None
        for table in _TABLES:
            if state.get(table):
                hooks = state[table].items()
                state[table] = type(state[table])((k, h) for k, h in hooks if _home(h) != "xai_widgets")
        # parameters and modules first: what else refers to them gets the same
        first = ("_parameters", "_buffers", "_modules")
        for name in (*first, *(name for name in state if name not in first)):
            value: Any = state.get(name)
            if type(value) in _PLAIN:
                continue
            if name in _MODULES_OWN and not value:  # nearly all that a module has
                state[name] = value.__class__()
            else:
                state[name] = self._function(value) if name == "forward" else self.own(value)
        vars(made).update(state)
        return made

    def own(self, value: Any) -> Any:
        """Return what stands for a value in the mirror: itself, where it is no part of a model."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if id(value) in self._made:
            return self._made[id(value)]
        if isinstance(value, self._torch.nn.Module):
            return self.module(value)
        if isinstance(value, self._torch.Tensor):
            return self._tensor(value)
        if isinstance(value, types.MethodType):
            owner = self.own(value.__self__) if isinstance(value.__self__, self._torch.nn.Module) else None
            return value if owner is None else types.MethodType(value.__func__, owner)
        if kind is functools.partial:
            options = {name: self.own(one) for name, one in value.keywords.items()}
            return functools.partial(self.own(value.func), *map(self.own, value.args), **options)
        if kind.__module__ not in ("builtins", "collections") or not hasattr(value, "__len__"):
            return value
        if isinstance(value, (str, bytes)) or len(value) > _LONG:
            return value
        if isinstance(value, dict):
            made = self._note(value, kind() if kind in (dict, OrderedDict) else copy.copy(value))
            for key, one in value.items():
                made[key] = self.own(one)
            return made
        if kind is tuple and all(type(one) in _PLAIN for one in value):
            return value
        if kind in (list, tuple, set):
            return self._note(value, kind(self.own(one) for one in value))
        return copy.copy(value)

    def _tensor(self, value: Any) -> Any:
        torch = self._torch
        if type(value) is torch.nn.Parameter:
            return self._note(value, torch.nn.Parameter(value.detach(), requires_grad=False))
        if isinstance(value, torch.nn.Parameter):
            return value  # of a kind of its own, such as a quantised one
        return self._note(value, value.detach().clone())

    def _function(self, value: Any) -> Any:
        """Return a module's own ``forward`` with the mirror's parts in place of the original's."""
        value = getattr(value, "_torchdynamo_orig_callable", value)
        if isinstance(value, types.FunctionType) and value.__closure__:
            cells = tuple(types.CellType(self.own(cell.cell_contents)) for cell in value.__closure__)
            made = types.FunctionType(
                value.__code__, value.__globals__, value.__name__, value.__defaults__, cells
            )
            made.__kwdefaults__ = value.__kwdefaults__
            return made
        return self.own(value)

    def _note(self, source: Any, made: Any) -> Any:
        self._made[id(source)] = made
        self._originals.append(source)
        return made


def copied(source: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a copy that shares no memory with a module, and what it leaves out that the user should know of.

    Hooks may close over the tracker, or over a list of the user's; an instance attribute ``forward`` may close
    over the live model; a cached activation drags a whole graph along: none of them comes along.

    Raises
    ------
    TypeError
        If the module is spread over several processes.
    Exception
        What a part that cannot be copied raises.
    """
    if any(hasattr(tensor, "device_mesh") for tensor in [*source.parameters(), *source.buffers()]):
        raise TypeError(
            f"{type(source).__qualname__} is spread over several processes, so that none holds all weights to copy; "
            "ask for saliency on an unsharded model"
        )
    memo: dict[int, Any] = {}
    notes = _spare(source, memo)
    made = copy.deepcopy(source, memo)
    _strip(made)
    return made, notes


def _spare(source: Any, memo: dict[int, Any]) -> tuple[str, ...]:
    """Fill deepcopy's memo with stand-ins, so that the original is not touched and the copy feeds nobody."""
    import torch

    notes: dict[str, None] = {}
    for name, module in source.named_modules():
        for hook in (hook for table in _TABLES for hook in (getattr(module, table, None) or {}).values()):
            if _home(hook) not in ("torch", "torchvision"):  # theirs compute weights, as weight_norm does
                memo[id(hook)] = _no_hook
                if _home(hook) != "xai_widgets":
                    notes[
                        f"a hook of {name or type(module).__name__} is not run on the copy of the model"
                    ] = None
        for key, value in vars(module).items():
            if isinstance(value, torch.Tensor) and value.grad_fn is not None:
                memo[id(value)] = value.detach().clone()
            elif key in _OWNERS and value is not None:
                memo[id(value)] = None
            elif key == "forward" and getattr(value, "__self__", None) is not module:
                memo[id(value)] = _no_hook
    return tuple(notes)


def _strip(made: Any) -> None:
    """Take the stand-ins out of the copy."""
    for module in made.modules():
        for table in _TABLES:
            hooks = getattr(module, table, None) or {}
            for key in [key for key, hook in hooks.items() if hook is _no_hook]:
                del hooks[key]
                for flags in _FLAGS:
                    (getattr(module, flags, None) or {}).pop(key, None)
        if vars(module).get("forward") is _no_hook:
            del module.__dict__["forward"]


def _no_hook(*_arguments: Any, **_options: Any) -> None:
    """Stand in for a hook that the copy does not run."""


def _home(hook: Any) -> str:
    """Return the top-level package that a hook's code is from."""
    hook = getattr(hook, "hook", hook)  # torch's wrapper of some hooks
    while hasattr(hook, "func"):  # functools.partial
        hook = hook.func
    owner = hook if hasattr(hook, "__qualname__") else type(hook)
    return str(getattr(owner, "__module__", None) or "").split(".")[0]
