"""Rows that lie on an accelerator: gathered there, copied over asynchronously, never waited for in the training step.

A batch is copied into a buffer on its device: a few kernel launches, no synchronisation. When the buffer is full, or a
fifth of a second old, a side stream copies it into pinned host memory; whoever takes the rows in waits for that copy,
and that is never the training thread in a step.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.ingest.convert import read_index, read_label
from xai_widgets.tracking.store.batch_buffer import Batch, labelled_apart

Array = npt.NDArray[Any]
ROWS = 1 << 14
BYTES = 1 << 23
PATIENCE = 0.2
"""Seconds after which rows come over though the buffer is not full."""


def off_host(*values: Any) -> bool:
    """Whether any of the values is a torch tensor on another device than the host."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    tensor = torch.Tensor
    return any(isinstance(v, tensor) and not v.is_cpu for v in values)


def device_of(values: list[Any]) -> Any:
    """Device of the first tensor that is not on the host."""
    tensor = sys.modules["torch"].Tensor
    return next(v.device for v in values if isinstance(v, tensor) and v.device.type != "cpu")


class Transfer:
    """Rows of one epoch in one device buffer, with their host copy.

    Parameters
    ----------
    first
        {field: tensor or numpy array (B,) or (B, C)}: the first batch, which says what lies where.
    device
        Where the tensors of the batch are.
    """

    def __init__(self, first: dict[str, Any], device: Any) -> None:
        import torch

        self._torch, self._device = torch, device
        width = sum(8 * (v.shape[1] if v.ndim == 2 else 1) for v in first.values())
        self.room = max(first["index"].shape[0], min(ROWS, BYTES // width))
        self.rows = self.epoch = self.step = 0
        self.born = time.monotonic()
        self._host: dict[str, Any] = {}
        self._there: dict[str, Any] = {}
        for name, value in first.items():
            kind = torch.int64 if name in ("index", "label") else torch.float32
            shape = (self.room, *value.shape[1:])
            if isinstance(value, torch.Tensor):
                self._there[name] = torch.empty(shape, dtype=kind, device=device)
                self._host[name] = torch.empty(shape, dtype=kind, pin_memory=device.type == "cuda")
            elif value.dtype == object:
                self._host[name] = np.empty(shape, object)
            else:
                self._host[name] = torch.empty(shape, dtype=kind).numpy()
        self._module = _streams_of(device)
        self._side = None if self._module is None else self._module.Stream(device)
        self._ready = None if self._module is None else self._module.Event()
        self._done: Any = None

    def fits(self, batch: dict[str, Any]) -> bool:
        """Whether a batch finds room, with the same fields in the same places."""
        if self.rows + batch["index"].shape[0] > self.room or batch.keys() != self._host.keys():
            return False
        return all(
            isinstance(v, self._torch.Tensor)
            if name in self._there
            else isinstance(v, np.ndarray) and (v.dtype == object) == (self._host[name].dtype == object)
            for name, v in batch.items()
        )

    @property
    def due(self) -> bool:
        """Whether it is time to copy the rows over."""
        return self.rows >= self.room or time.monotonic() - self.born > PATIENCE

    def append(self, batch: dict[str, Any]) -> None:
        """Copy a batch in, on the device's current stream."""
        if not self.rows:
            self.born = time.monotonic()
        first, last = self.rows, self.rows + batch["index"].shape[0]
        for name, value in batch.items():
            if name in self._there:
                self._there[name][first:last].copy_(value, non_blocking=True)
            else:
                self._host[name][first:last] = value
        self.rows = last
        if (
            self._ready is not None
        ):  # recorded here: launch may be called by another thread, on another stream
            self._ready.record(self._module.current_stream(self._device))

    def launch(self) -> None:
        """Start the copy to the host; returns at once."""
        if self._side is None:
            return
        self._side.wait_event(self._ready)
        with self._module.stream(self._side):
            for name, tensor in self._there.items():
                self._host[name][: self.rows].copy_(tensor[: self.rows], non_blocking=True)
            self._done = self._module.Event()
            self._done.record(self._side)

    def finish(self) -> dict[str, Array]:
        """Wait for the copy, and give the rows; the buffers are free for others then."""
        if self._done is not None:
            self._done.synchronize()
        rows = {}
        for name, value in self._host.items():
            if self._side is None and name in self._there:
                value = self._there[name].cpu()
            array = value if isinstance(value, np.ndarray) else value.numpy()
            rows[name] = array[: self.rows].copy()
        self.rows = 0
        self._done = None
        return rows


def gathered(
    index: Any, label: Any, metrics: dict[str, Any], mask: Any, logits: Any, prediction: Any
) -> tuple[dict[str, Any], Any]:
    """Check a batch by its shapes and types alone, which no device need be asked for.

    Returns
    -------
    tuple
        {field: (B,) or (B, C) tensor or numpy array}, and the device.

    Raises
    ------
    ValueError, TypeError
        As `Tracker.record`.
    """
    import torch

    device = device_of([index, label, mask, logits, prediction, *metrics.values()])
    batch: dict[str, Any] = {"index": _integers(torch, "index", index, 0)}
    size = batch["index"].shape[0]
    if label is not None:
        batch["label"] = _integers(torch, "label", label, size)
    if prediction is not None and logits is None:
        batch["@prediction"] = _integers(torch, "prediction", prediction, size)
    for name, value in metrics.items():
        batch[name] = _metric(torch, name, value, mask, size)
    if logits is not None:
        batch["logits"] = _logits(torch, logits, size)
        if label is None:
            raise TypeError("logits need integer labels (class numbers) beside them; got none")
    for name, value in batch.items():
        if value.shape[0] != size:
            raise ValueError(
                f"{name} has {value.shape[0]} values for {size} indices; every array of a batch has the same length"
            )
    return batch, device


def to_batches(rows: dict[str, Array]) -> list[Batch]:
    """Make batches of gathered rows: of those with a label, and of those without."""
    metrics = tuple(name for name in rows if name not in ("index", "label", "logits"))
    label = None if "label" not in rows else _names_in(rows["label"])
    values = [rows[metric] for metric in metrics]
    return labelled_apart(Batch(_names_in(rows["index"]), label, metrics, values, rows.get("logits")))


def _names_in(column: Array) -> Array | list[Any]:
    return column.tolist() if column.dtype == object else column


def _streams_of(device: Any) -> Any:
    """Return torch's module of a device that copies beside its work; None where there are no streams."""
    import torch

    try:
        module = torch.get_device_module(device)
    except RuntimeError:
        return None
    return module if device.type != "mps" and hasattr(module, "Stream") else None


def _integers(torch: Any, name: str, value: Any, size: int) -> Any:
    if not isinstance(value, torch.Tensor):
        return _on_host(name, value, size)
    if value.is_floating_point() and not (name == "label" and value.ndim == 2 and value.shape[1] > 1):
        raise TypeError(
            f"{name} has dtype {value.dtype}; expected integers that name the instances or classes"
        )
    if name != "index" and value.ndim == 2 and value.shape[1] > 1:
        value = value.argmax(1)
    if value.ndim > 1 and all(n == 1 for n in value.shape[1:]):
        value = value.reshape(-1)
    if value.ndim != 1:
        raise ValueError(f"{name} has shape {tuple(value.shape)}; expected one per instance, (B,)")
    return value.detach()


def _on_host(name: str, value: Any, size: int) -> Array:
    """Read names or labels that lie on the host: integers, or objects where there are strings."""
    read = read_index(value) if name == "index" else read_label(value, size)
    if not isinstance(read, list):
        return read
    if name == "prediction":
        raise TypeError(
            "prediction has strings; beside metrics on an accelerator integers are expected. Move the metrics to the host "
            "first: loss.cpu()"
        )
    objects = np.empty(len(read), object)
    objects[:] = read
    return objects


def _metric(torch: Any, name: str, value: Any, mask: Any, size: int) -> Any:
    tensor = value.detach() if isinstance(value, torch.Tensor) else np.asarray(value)
    if tensor.ndim == 0:
        raise ValueError(
            f"{name} is a single number for {size} instances: it was averaged already. Compute it per sample, for "
            "instance torch.nn.functional.cross_entropy(logits, labels, reduction='none')"
        )
    if tensor.ndim == 1:
        return tensor
    tensor = torch.as_tensor(tensor).float().flatten(1)
    if mask is None or tensor.shape[1] == 1:
        return tensor.mean(1)
    weight = torch.as_tensor(mask, device=tensor.device).float().flatten(1)
    if weight.shape != tensor.shape:
        raise ValueError(
            f"mask has shape {tuple(weight.shape)}; expected that of {name}, {tuple(tensor.shape)}"
        )
    return torch.where(weight != 0, tensor * weight, 0.0).sum(1) / weight.sum(1)


def _logits(torch: Any, logits: Any, size: int) -> Any:
    tensor = torch.as_tensor(logits).detach()
    if tensor.ndim == 1 or (tensor.ndim == 2 and tensor.shape[1] == 1):
        tensor = tensor.reshape(-1, 1)
        tensor = torch.cat([torch.zeros_like(tensor), tensor], 1)
    if tensor.ndim != 2:
        raise ValueError(
            f"logits have shape {tuple(tensor.shape)}; expected one row of class scores per instance, ({size}, C)"
        )
    return tensor
