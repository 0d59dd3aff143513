"""What a copy of a torch module must not take along."""

from __future__ import annotations

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
_OWNERS = ("_trainer", "_fabric")  # a Lightning module knows its trainer, which knows everything


def spare(source: Any, memo: dict[int, Any]) -> tuple[str, ...]:
    """Fill deepcopy's memo with stand-ins, so that the original is not touched and the copy feeds nobody.

    Hooks may close over the tracker, or over a list of the user's; an instance attribute ``forward`` may close
    over the live model; a cached activation drags a whole graph along.

    Parameters
    ----------
    source : torch.nn.Module
        The model; only read.
    memo : dict
        The memo for ``copy.deepcopy``, filled here.

    Returns
    -------
    tuple of str
        What the copy leaves out that the user should know of.
    """
    import torch

    notes: dict[str, None] = {}
    for name, module in source.named_modules():
        for hook in (hook for table in _TABLES for hook in (getattr(module, table, None) or {}).values()):
            if _home(hook) not in ("torch", "torchvision"):  # theirs compute weights, as weight_norm does
                memo[id(hook)] = no_hook
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
                memo[id(value)] = no_hook
    return tuple(notes)


def strip(made: Any) -> None:
    """Take the stand-ins out of the copy."""
    for module in made.modules():
        for table in _TABLES:
            hooks = getattr(module, table, None) or {}
            for key in [key for key, hook in hooks.items() if hook is no_hook]:
                del hooks[key]
                for flags in _FLAGS:
                    (getattr(module, flags, None) or {}).pop(key, None)
        if vars(module).get("forward") is no_hook:
            del module.__dict__["forward"]


def no_hook(*_arguments: Any, **_options: Any) -> None:
    """Stand in for a hook that the copy does not run."""


def _home(hook: Any) -> str:
    """Return the top-level package that a hook's code is from."""
    hook = getattr(hook, "hook", hook)  # torch's wrapper of some hooks
    while hasattr(hook, "func"):  # functools.partial
        hook = hook.func
    owner = hook if hasattr(hook, "__qualname__") else type(hook)
    return str(getattr(owner, "__module__", None) or "").split(".")[0]
