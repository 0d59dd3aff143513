"""Per-sample losses, labels and logits out of one call of a torch loss.

The user's loss stays as it is: what it reduced away is computed again with ``reduction="none"``, without a graph, by a
shallow twin that shares its weights and buffers.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

WIDEST_LOGITS = 1024  # classes; wider logits cost more to move than the scores they give are worth by default
_SETTINGS = ("reduction", "label_smoothing", "ignore_index", "beta", "delta")  # of torch's own losses
_INT_KINDS = ("torch.int64", "torch.int32", "torch.int16", "torch.uint8", "torch.int8")


class Observed(NamedTuple):
    """What one loss call tells: `loss` (B,), `label` (B,) or None, `logits` (B, C) or None."""

    loss: Any
    label: Any
    logits: Any


class PerSample:
    """Turns the arguments of a loss call into per-sample values.

    Parameters
    ----------
    loss
        A loss module with a ``reduction``, or a function with a ``reduction`` argument such as
        ``torch.nn.functional.cross_entropy``.
    function
        ``function(outputs, targets) -> (B,)``, instead of asking `loss`.
    logits
        Whether to keep logits too; None keeps them up to 1,024 classes.
    """

    def __init__(
        self, loss: Any, function: Callable[[Any, Any], Any] | None = None, logits: bool | None = None
    ) -> None:
        self._loss = loss
        self._function = function
        self._logits = logits
        self._kind = type(loss).__name__ if hasattr(loss, "forward") else getattr(loss, "__name__", "")
        self._source: Any = None
        self._originals: tuple[Any, ...] = ()
        self._twin: Any = None
        if function is None:
            self._find_reduction()

    @property
    def torchs_own(self) -> str | None:
        """Name of the loss where it is one of torch's own; None for a user's, which may mix the rows of a batch."""
        if self._function is not None:
            return None
        loss = type(self._source) if self._source is not None else self._loss
        own = getattr(loss, "__module__", "") in ("torch.nn.modules.loss", "torch.nn.functional")
        return self._kind if own else None

    def settings(self, *, weighted: bool) -> tuple[Any, ...] | None:
        """Give what the values depend on besides outputs and targets; None where they have weights, unless `weighted`."""
        if self._source is None:
            return ()
        state = self._source.__dict__
        found = [state.get(name) for name in _SETTINGS]
        for weight in state["_buffers"].values():
            if weight is not None:
                if not weighted:
                    return None
                found += (id(weight), weight._version)
        return tuple(found)

    def as_now(self) -> PerSample:
        """Give one that goes on with the settings that the loss has now."""
        made = copy.copy(self)
        if self._source is not None:
            made._source, made._twin = copy.copy(self._source), copy.copy(self._source)
            buffers = vars(self._source)["_buffers"]
            # kept, so that no later weight gets the id of one of them
            made._originals = tuple(buffers.values())
            made._source.__dict__["_buffers"] = {
                name: None if kept is None else kept.clone() for name, kept in buffers.items()
            }
        return made

    def _find_reduction(self) -> None:
        loss = self._loss
        if hasattr(loss, "forward"):
            target = getattr(loss, "_orig_mod", loss)
            if isinstance(getattr(target, "reduction", None), str):
                self._twin = copy.copy(target)
                self._source = target
                return
        elif callable(loss) and "reduction" in inspect.signature(loss).parameters:
            return
        raise TypeError(
            f"{self._kind or loss!r} has no reduction='none' to ask for per-sample values: its loss is reduced already. "
            "Pass per_sample=function(outputs, targets) -> one value per sample, shape (B,), or hook the inner loss "
            "module that has a reduction, or call tracker.record(index, label, loss=...) yourself."
        )

    def __call__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, size: int | None, batch: Any = None
    ) -> Observed:
        """Look at one call ``loss(*args, **kwargs) == value``.

        `size` is the number of instances (None: as many as there are losses); `batch` is asked for the length of its
        token sequences where the loss was given flattened ones.
        """
        import torch

        args, value = tuple(plain(one) for one in args), plain(value)
        with torch.no_grad():
            outputs, targets = _outputs_and_targets(args, kwargs)
            per_sample = self._values(args, kwargs, value, outputs, targets)
            if per_sample.ndim == 0:
                raise ValueError(
                    f"per-sample loss is a single number ({self._kind}): it is reduced already. "
                    "Use reduction='none' in the function given as per_sample, so that it returns shape (B,)."
                )
            ignored = self._ignored(targets, per_sample)
            per_sample = fold(per_sample.detach(), ignored, size, batch, total=self._reduction() == "sum")
            count = per_sample.shape[0]
            return Observed(per_sample, self._label(targets, count), self._logits_of(outputs, count))

    def _reduction(self) -> str:
        return str(getattr(self._source, "reduction", "mean"))

    def _values(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, outputs: Any, targets: Any
    ) -> Any:
        if self._function is not None:
            return self._function(outputs, targets)
        if getattr(value, "ndim", 0) > 0:
            return value
        if self._twin is None:
            return self._loss(*args, **{**kwargs, "reduction": "none"})
        # the user may have moved or changed his module since: look at it anew, it costs two microseconds
        self._twin.__dict__.update(self._source.__dict__)
        self._twin.reduction = "none"
        return self._twin.forward(*args, **kwargs)

    def _ignored(self, targets: Any, per_sample: Any) -> Any:
        """Where targets say that there is nothing to learn; None where none can."""
        index = getattr(self._loss, "ignore_index", None)
        if index is None and self._kind in ("cross_entropy", "nll_loss"):
            index = -100
        if index is None or not hasattr(targets, "shape") or targets.shape != per_sample.shape:
            return None
        return None if targets.is_floating_point() else targets == index

    def _label(self, targets: Any, count: int) -> Any:
        shape = getattr(targets, "shape", None)
        if shape is None or len(shape) == 0 or shape[0] != count:
            return None
        if str(targets.dtype) in _INT_KINDS or str(targets.dtype) == "torch.bool":
            return targets.detach().reshape(-1) if targets.numel() == count else None
        if len(shape) == 2 and shape[1] > 1 and self._kind in ("CrossEntropyLoss", "cross_entropy"):
            return targets.detach().argmax(1)
        if targets.numel() == count and self._kind.lower().startswith(("bce", "binary_cross_entropy")):
            return (targets.detach().reshape(-1) > 0.5).long()
        return None

    def _logits_of(self, outputs: Any, count: int) -> Any:
        import torch

        if self._logits is False or not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != (count,):
            return None
        if self._kind in ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "cross_entropy", "nll_loss"):
            wide = outputs.ndim != 2 or (outputs.shape[1] > WIDEST_LOGITS and not self._logits)
            return None if wide else outputs.detach()
        if (
            self._kind in ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits")
            and outputs.numel() == count
        ):
            margin = outputs.detach().reshape(-1)
            return torch.stack([torch.zeros_like(margin), margin], 1)
        return None


def plain(value: Any) -> Any:
    """Give fastai's tensors as plain ones: theirs go through Python at every operation, with the same numbers."""
    if type(value).__module__.startswith("fastai"):
        import torch

        if isinstance(value, torch.Tensor):
            with torch._C.DisableTorchFunctionSubclass():
                return value.as_subclass(torch.Tensor)
    return value


def fold(per_sample: Any, ignored: Any, size: int | None, batch: Any = None, *, total: bool = False) -> Any:
    """Fold (B, ...) or flattened (B * T,) values into (B,) float32: their mean (or `total`), `ignored` ones left out.

    An instance all of whose targets are ignored has no loss: NaN, which statistics leave out and count.

    Raises
    ------
    ValueError
        The values cannot be divided among `size` instances.
    """
    values = per_sample.float()
    if size is not None and values.shape[0] != size:
        length = values.shape[0] // size
        if values.ndim != 1 or values.shape[0] != length * size or length not in _token_lengths(batch, size):
            raise ValueError(
                f"{values.shape[0]} per-sample losses for a batch of {size} instances; expected one for each. Give "
                "per_sample=function(outputs, targets) -> (B,) if the loss pairs, repeats or leaves out instances."
            )
        values = values.reshape(size, -1)
        ignored = None if ignored is None else ignored.reshape(size, -1)
    if values.ndim == 1:
        return values if ignored is None else values.masked_fill(ignored, float("nan"))
    flat = values.flatten(1)
    if ignored is None:
        return flat.sum(1) if total else flat.mean(1)
    ignored = ignored.flatten(1)
    summed = flat.masked_fill(ignored, 0.0).sum(1)
    count = flat.shape[1] - ignored.sum(1)
    return (summed if total else summed / count).masked_fill(count == 0, float("nan"))


def _token_lengths(batch: Any, size: int) -> set[int]:
    """Lengths of the integer sequences (B, T) of a batch, and one less for losses on shifted ones."""
    values = batch.values() if hasattr(batch, "values") else batch if isinstance(batch, (list, tuple)) else ()
    lengths: set[int] = set()
    for value in values:
        shape = tuple(getattr(value, "shape", ()))
        if len(shape) == 2 and shape[0] == size and not value.is_floating_point():
            lengths |= {shape[1], shape[1] - 1}
    return lengths


def _outputs_and_targets(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    outputs = args[0] if args else kwargs.get("input", kwargs.get("log_probs"))
    targets = args[1] if len(args) > 1 else kwargs.get("target", kwargs.get("targets"))
    return outputs, targets
