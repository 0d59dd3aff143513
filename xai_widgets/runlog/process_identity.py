"""Which process this is among those that train together, found without talking to the others."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """A process of a run.

    Attributes
    ----------
    rank, world
        Its number among how many.
    key
        The same for all processes that were started together, another for every start; None when the process is
        alone, and so is its own start.
    """

    rank: int
    world: int
    key: str | None


def this_launch() -> Launch:
    """Find out rank, number of processes and start from torch.distributed or the environment.

    torchrun, Lightning, accelerate and SLURM are understood. `XAI_WIDGETS_ATTEMPT` names a start where none of them
    tells starts apart: give all processes the same value, and every start another.
    """
    rank, world = _rank_and_world()
    named = os.environ.get("XAI_WIDGETS_ATTEMPT")
    if named is not None:
        return Launch(rank, world, _short(f"named {named}"))
    if world <= 1:
        return Launch(0, 1, None)
    names = (
        "TORCHELASTIC_RUN_ID",
        "TORCHELASTIC_RESTART_COUNT",
        "MASTER_ADDR",
        "MASTER_PORT",
        "SLURM_JOB_ID",
    )
    parts = [os.environ.get(n, "") for n in (*names, "SLURM_STEP_ID", "SLURM_RESTART_COUNT")]
    if os.environ.get("LOCAL_WORLD_SIZE", str(world)) == str(world):
        parts += [
            socket.gethostname(),
            str(os.getppid()),
            _started(os.getppid()),
        ]  # all on one machine: one parent
    return Launch(rank, world, _short(" ".join(parts)))


def _rank_and_world() -> tuple[int, int]:
    torch = sys.modules.get("torch")
    distributed = getattr(torch, "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank()), int(distributed.get_world_size())
    for rank, world in (
        ("RANK", "WORLD_SIZE"),
        ("SLURM_PROCID", "SLURM_NTASKS"),
        ("LOCAL_RANK", "WORLD_SIZE"),
    ):
        if rank in os.environ and world in os.environ:
            return int(os.environ[rank]), int(os.environ[world])
    return 0, 1


def _started(pid: int) -> str:
    """When a process started, where the system says so: process numbers are used again."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_gone(host: str, pid: int) -> bool:
    """Whether a process of this machine is no more; False for one of another machine."""
    if host != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
