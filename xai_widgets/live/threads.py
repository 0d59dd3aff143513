"""How many processor threads a job may use."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager


def one_openmp_thread() -> AbstractContextManager[object]:
    """Have this thread compute without helpers while the context lasts; other threads, training's too, keep theirs.

    OpenMP gives every thread that computes a team of its own. As soon as the teams are larger than the machine, all of them
    sleep between two operations instead of waiting awake, and steps of 28 ms took 11 % longer for as long as a second team
    was there, computing or not (two cores, GNU OpenMP).
    """
    from threadpoolctl import ThreadpoolController

    torch = sys.modules.get("torch")
    if torch is not None:
        torch.get_num_threads()  # has torch set up this thread, which would otherwise undo the limit later
    limit: AbstractContextManager[object] = ThreadpoolController().limit(limits=1, user_api="openmp")
    return limit
