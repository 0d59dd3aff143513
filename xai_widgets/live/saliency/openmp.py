"""How many processor threads a job may use."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

_found: tuple[int, Any] | None = None  # how many modules were loaded then, and the libraries of that moment


def one_openmp_thread() -> AbstractContextManager[object]:
    """Have this thread compute without helpers while the context lasts; other threads, training's too, keep theirs.

    OpenMP gives every thread that computes a team of its own. As soon as the teams are larger than the machine, all of them
    sleep between two operations instead of waiting awake, and steps of 28 ms took 11 % longer for as long as a second team
    was there, computing or not (two cores, GNU OpenMP).
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.get_num_threads()  # has torch set up this thread, which would otherwise undo the limit later
    limit: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="openmp")
    return limit


def _libraries() -> Any:
    """Find the libraries that have threads; looked for anew only where more has been imported: a look takes milliseconds."""
    global _found
    loaded = len(sys.modules)
    if _found is None or _found[0] != loaded:
        from threadpoolctl import ThreadpoolController

        loaded = len(sys.modules)
        _found = loaded, ThreadpoolController()
    return _found[1]
