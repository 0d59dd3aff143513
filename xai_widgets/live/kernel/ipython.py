"""The one place that reaches into IPython and ipykernel, and every reach is guarded."""

from __future__ import annotations

import os
import sys
from typing import Any


def ipython() -> Any | None:
    """Return the running IPython shell, or None; never imports IPython."""
    module = sys.modules.get("IPython")
    get = getattr(module, "get_ipython", None)
    return get() if get is not None else None


def kernel() -> Any | None:
    """Return the ipykernel this process is, or None in a script, a terminal or another kind of kernel.

    None in a child forked from one, too: the sockets are the parent's, which would miss what is read here.
    """
    found = getattr(ipython(), "kernel", None)
    wanted = ("session", "iopub_socket", "set_parent", "get_parent")
    if found is None or not all(hasattr(found, name) for name in wanted):
        return None
    return found if getattr(found.session, "pid", None) in (None, os.getpid()) else None


def ipykernel_version() -> tuple[int, ...]:
    """Return ipykernel's version as numbers, () where it is not loaded."""
    module = sys.modules.get("ipykernel")
    info = getattr(module, "version_info", ())
    return tuple(part for part in info if isinstance(part, int))


def comm_manager() -> Any | None:
    """Return the manager of all comms of this kernel, or None."""
    return getattr(kernel(), "comm_manager", None)


def forget_output(made: Any) -> None:
    """Take an object out of IPython's history of outputs, which holds whatever a cell's last line showed."""
    shell = ipython()
    hook = getattr(getattr(shell, "displayhook", None), "__dict__", {})
    spaces = [getattr(shell, name, None) or {} for name in ("user_ns", "user_ns_hidden")]
    history: dict[Any, Any] = spaces[0].get("_oh") or {}
    numbers = [number for number, value in history.items() if value is made]
    for number in numbers:
        del history[number]
    for space in (*spaces, hook):
        for number in numbers:
            space.pop(f"_{number}", None)
        for name in ("_", "__", "___"):
            if space.get(name) is made:
                space[name] = ""
