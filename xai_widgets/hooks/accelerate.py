"""Accelerate: the same loop, the same `watch` as in plain PyTorch, on what ``prepare`` returned.

::

    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    with xw.hooks.accelerate.watch(accelerator, model, loss_fn, optimizer, loader, tracker):
        ...

With several processes each has its own tracker, all with one ``log_dir``; ``Tracker.follow(log_dir)`` shows the union.
What ``even_batches`` repeats to fill the last batches counts once.
"""

from __future__ import annotations

from typing import Any

from xai_widgets.hooks import torch as _plain
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.torch.data import Indexed
from xai_widgets.hooks.torch.watcher import Watch
from xai_widgets.tracking import TrainingStopped

__all__ = ["HookWarning", "Indexed", "TrainingStopped", "Watch", "watch"]


def watch(
    accelerator: Any, model: Any, loss: Any, optimizer: Any, loader: Any, tracker: Any, **options: Any
) -> Watch:
    """Record every batch of a loop that Accelerate runs.

    Parameters
    ----------
    accelerator
        The ``accelerate.Accelerator``.
    model, loss, optimizer, loader, tracker
        As `xai_widgets.hooks.torch.watch` takes them, after ``accelerator.prepare``. Steps are counted where the
        optimizer really steps, so gradient accumulation needs nothing.
    **options
        Those of `xai_widgets.hooks.torch.watch`.

    Raises
    ------
    ValueError
        A loader with ``dispatch_batches=True`` whose data set is not `Indexed`; several processes and a tracker
        without ``log_dir``.
    """
    require("accelerate")
    if accelerator.num_processes > 1 and getattr(tracker, "log_dir", None) is None:
        raise ValueError(
            f"{accelerator.num_processes} processes see a part of the data each, and this tracker only its own. Give all "
            "of them the same folder, Tracker(log_dir=...), and read the union with Tracker.follow(log_dir)."
        )
    return _plain.watch(model, loss, optimizer, loader, tracker, **options)
