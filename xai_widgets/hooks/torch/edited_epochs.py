"""Which edits an epoch has, the same in every process: the first one fixes them, the others take as many of each editor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from xai_widgets.edits import Edits

PATIENCE = 20.0  # seconds until a file system shows every process what the first one read


def processes() -> int:
    """Return how many processes train together, by torch.distributed."""
    import torch

    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    return int(torch.distributed.get_world_size()) if together else 1


def begin_epoch(
    edits: Edits,
    epoch: int,
    report: Callable[[str], None],
    *,
    replay: bool = False,
    patience: float = PATIENCE,
) -> None:
    """Fix the edits of an epoch, in all processes alike; each calls it before its pass.

    The first process says how many edits of each editor the epoch has, and the others wait until they can read them. Where
    one of them cannot, all keep the edits of the epoch before, and `report` is told.

    Parameters
    ----------
    epoch
        The epoch that begins, counted from 1.
    replay
        Take what the epoch began with when it ran before.
    patience
        Seconds to wait for the edits to appear.
    """
    if processes() == 1:
        edits.begin_epoch(epoch, replay=replay)
        return
    import torch

    first = torch.distributed.get_rank() == 0
    edits.leave_epochs_to_hook()
    before = edits.taken
    if first:
        edits.begin_epoch(epoch, replay=replay)
    taken = _broadcast(edits.taken if first else {})
    if _all_agree(first or _appeared(edits, taken, patience)):
        if not first:
            edits.begin_epoch(epoch, taken=taken)
        return
    edits.begin_epoch(epoch, taken=before)
    report(
        f"not every process can read the edits that epoch {epoch} was to have, so it goes on with those of the epoch before: "
        "the processes need one folder, on a file system that all of them see"
    )


def _appeared(edits: Edits, taken: dict[str, int], patience: float) -> bool:
    until = time.monotonic() + patience
    while not edits.knows(taken):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _device() -> Any:
    import torch

    on_gpu = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")


def _broadcast(value: dict[str, int]) -> dict[str, int]:
    """Send a value of the first process to all, as JSON in a tensor."""
    import torch

    data = json.dumps(value).encode()
    size = torch.tensor([len(data)], device=_device())
    torch.distributed.broadcast(size, 0)
    sent = torch.zeros(int(size), dtype=torch.uint8, device=size.device)
    if torch.distributed.get_rank() == 0:
        sent.copy_(torch.from_numpy(np.frombuffer(data, np.uint8).copy()))
    torch.distributed.broadcast(sent, 0)
    read: dict[str, int] = json.loads(bytes(sent.cpu().numpy()))
    return read


def _all_agree(mine: bool) -> bool:
    import torch

    vote = torch.tensor([int(mine)], device=_device())
    torch.distributed.all_reduce(vote, op=torch.distributed.ReduceOp.MIN)
    return bool(vote.item())
