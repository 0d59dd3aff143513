"""From an accelerator to the tracker without a synchronisation per batch.

A copy to pinned memory is queued behind the step that made the values, together with an event. A later batch looks
whether the event has passed (that does not wait) and only then hands the values on. One wait is left, at the end of
an epoch. CPU tensors go straight through.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from xai_widgets.hooks._common.feed import Batch

HELD_BATCHES = 64  # where a device has no events: hand over in bundles of this many


class Drain:
    """Batches under way from a device.

    Parameters
    ----------
    sink
        Called with every batch, in order, its tensors on the host.
    """

    def __init__(self, sink: Callable[[Batch], None]) -> None:
        self._sink = sink
        self._pending: deque[tuple[Any, Batch]] = deque()

    def put(self, batch: Batch) -> None:
        """Take a batch of CPU or device tensors (or arrays); returns without waiting for the device."""
        device = _device_of(batch)
        if device is None:
            self.flush(wait=bool(self._pending))
            self._sink(batch)
        elif device.type == "cuda":
            self._pending.append(_copy_behind(batch))
            self.flush(wait=False)
        else:
            self._pending.append((None, batch))
            if len(self._pending) >= HELD_BATCHES:
                self.flush(wait=True)

    def flush(self, *, wait: bool = True) -> None:
        """Hand on what has arrived; with `wait`, everything."""
        while self._pending:
            event, batch = self._pending[0]
            if not wait and (event is None or not event.query()):
                return
            if event is not None:
                event.synchronize()
            self._pending.popleft()
            self._sink(batch)


def _tensors(batch: Batch) -> list[Any]:
    return [batch.index, batch.label, *batch.metrics.values()]


def _device_of(batch: Batch) -> Any:
    for value in _tensors(batch):
        device = getattr(value, "device", None)
        if device is not None and getattr(device, "type", "cpu") != "cpu":
            return device
    return None


def _copy_behind(batch: Batch) -> tuple[Any, Batch]:
    import torch

    device: Any = None

    def host(value: Any) -> Any:
        nonlocal device
        if not isinstance(value, torch.Tensor) or value.device.type != "cuda":
            return value
        device = value.device
        pinned = torch.empty(value.shape, dtype=value.dtype, pin_memory=True)
        pinned.copy_(value.detach(), non_blocking=True)
        return pinned

    moved = batch._replace(
        index=host(batch.index),
        label=host(batch.label),
        metrics={name: host(value) for name, value in batch.metrics.items()},
    )
    event = torch.cuda.Event()
    event.record(torch.cuda.current_stream(device))
    return event, moved
