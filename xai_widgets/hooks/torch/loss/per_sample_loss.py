"""Per-sample losses, labels and logits out of one call of a torch loss.

The user's loss stays as it is: what it reduced away is computed again with ``reduction="none"``, without a graph, by a
shallow twin that shares its weights and buffers. Difficulty is unweighted: where the criterion has weights for classes or
samples, a second twin leaves them out, and what it says with them is kept beside, since that is what it returned.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from xai_widgets.hooks.torch.loss.batch_side import Side, Sides, is_one_hot
from xai_widgets.tracking import NO_LABEL

WIDEST_LOGITS = 1024  # classes; wider logits cost more to move than the scores they give are worth by default
_SETTINGS = ("reduction", "label_smoothing", "ignore_index", "beta", "delta")  # of torch's own losses
_INT_KINDS = ("torch.int64", "torch.int32", "torch.int16", "torch.uint8", "torch.int8")
_WEIGHTS = ("weight", "pos_weight")
_OTHER_WEIGHTS = (
    "alpha",
    "weights",
    "class_weight",
    "class_weights",
    "cls_weight",
    "cls_weights",
)  # in criteria of others
_OF_CLASSES = ("CrossEntropyLoss", "cross_entropy", "NLLLoss", "nll_loss")
_SIGNS = (
    "SoftMarginLoss",
    "HingeEmbeddingLoss",
    "CosineEmbeddingLoss",
    "MarginRankingLoss",
)  # labels are -1 and 1


class Observed(NamedTuple):
    """What one loss call tells.

    Attributes
    ----------
    loss
        (B,), unweighted; NaN where a row has no target.
    label
        (B,) or None; `NO_LABEL` where a row has none.
    logits
        (B, C) or None.
    weighted
        (B,), with the criterion's weights; None where it has none.
    raw, share
        The values before the criterion reduced them, and the share of each in its mean; None: one each.
    rows
        Which of the batch's instances they are of; None: all.
    proved
        Whether the targets were found in the batch, row by row.
    """

    loss: Any
    label: Any
    logits: Any
    weighted: Any = None
    raw: Any = None
    share: Any = None
    rows: Any = None
    proved: bool | None = None


class NotTold(ValueError):
    """The rows of a loss call cannot be told."""


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
        named = loss.func if isinstance(loss, functools.partial) else loss
        own = getattr(loss, "_orig_mod", loss)  # below torch.compile
        self._kind = type(own).__name__ if hasattr(loss, "forward") else getattr(named, "__name__", "")
        self._sides = Sides()
        self._source: Any = None
        self._originals: tuple[Any, ...] = ()
        self._twin: Any = None
        if function is None:
            self._find_reduction()

    @property
    def kind(self) -> str:
        """Name of the loss's class or function."""
        return self._kind

    @property
    def given(self) -> bool:
        """Whether the user gave the function."""
        return self._function is not None

    @property
    def torchs_own(self) -> str | None:
        """Name of the loss where it is one of torch's own; None for a user's, which may mix the rows of a batch."""
        if self._function is not None:
            return None
        loss = type(self._source) if self._source is not None else self._loss
        own = getattr(loss, "__module__", "") in ("torch.nn.modules.loss", "torch.nn.functional")
        return self._kind if own else None

    def settings(self, *, weighted: bool) -> tuple[Any, ...] | None:
        """Return what the values depend on besides outputs and targets; None where they have weights, unless `weighted`."""
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
        """Return one that goes on with the settings that the loss has now."""
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
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        size: int | None,
        batch: Any = None,
        start: int = 0,
    ) -> Observed:
        """Look at one call ``loss(*args, **kwargs) == value``.

        `size` is the number of instances (None: as many as there are losses), `batch` what the loader gave for them, and
        `start` how many of them have their loss already.

        Raises
        ------
        NotTold
            The values cannot be told apart by instance.
        """
        import torch

        args, value = tuple(plain(one) for one in args), plain(value)
        with torch.no_grad():
            outputs, targets = outputs_and_targets(args, kwargs, self._kind)
            raw, bare = self._values(args, kwargs, value, outputs, targets)
            if raw.ndim == 0 and size == 1 and getattr(outputs, "ndim", 1) == 0:  # a batch of one, squeezed
                raw, bare, targets = (None if one is None else one.reshape(1) for one in (raw, bare, targets))
            if raw.ndim == 0:
                raise NotTold(
                    f"per-sample loss is a single number ({self._kind}): it is reduced already. "
                    "Use reduction='none' in the function given as per_sample, so that it returns shape (B,)."
                )
            size = raw.shape[0] if size is None else size
            side = self._sides.find(raw, targets, size, batch, start)
            if side is None:
                raise NotTold(_no_side(self._kind, raw, size))
            ignored = self._ignored(targets, raw)
            total = self.reduction == "sum"
            loss = fold_side(raw if bare is None else bare, ignored, side, total=total)
            weighted = None if bare is None else fold_side(raw, ignored, side, total=total)
            count = loss.shape[0]
            label = self._label(targets, count, ignored)
            return Observed(
                loss, label, self._logits_of(outputs, count), weighted,
                raw.detach(), self._share(targets, raw, ignored), side.rows, side.proved,
            )  # fmt: skip

    @property
    def reduction(self) -> str:
        """How the criterion reduces now."""
        return str(getattr(self._source, "reduction", "mean"))

    def numbers(
        self, seen: Observed, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[float, ...], float, bool] | None:
        """Return the numbers that the values of a call may give, the one that the criterion returned, and whether it is rounded.

        None where the criterion returned no single number.
        """
        import torch

        value, raw, how = plain(value), seen.raw, self.reduction
        if not hasattr(value, "ndim") or value.ndim != 0:
            return None
        loose = torch.is_autocast_enabled(raw.device.type) or raw.dtype in (torch.float16, torch.bfloat16)
        raw = raw.float() if raw.dtype in (torch.float16, torch.bfloat16) else raw
        if self._kind == "CTCLoss" and how == "mean":
            lengths = args[3] if len(args) > 3 else kwargs.get("target_lengths")
            raw = raw / torch.as_tensor(lengths, device=raw.device).clamp(min=1)
        ways = [how]
        if self.torchs_own is None and how == "mean":
            ways += ["batchmean", "sum"] if self.given else ["batchmean"]
        wants = tuple(float(reduced(raw, seen.share, way)) for way in ways)
        return wants, float(value.detach()), bool(loose)

    def _values(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, outputs: Any, targets: Any
    ) -> tuple[Any, Any]:
        """Return the values before reducing, and the same without weights; None for these where there are no weights."""
        if self._function is not None:
            return self._function(outputs, targets), None
        whole = value if getattr(value, "ndim", 0) > 0 else None
        if self._twin is None:
            return self._of_function(args, kwargs, whole)
        # the user may have moved or changed his module since: look at it anew, it costs two microseconds
        twin, source = self._twin.__dict__, self._source.__dict__
        twin.update(source)
        self._twin.reduction = "none"
        if whole is None:
            whole = self._twin.forward(*args, **kwargs)
        bare = self._without_weights(source)
        if not bare:
            return whole, None
        buffers = source["_buffers"]
        twin["_buffers"] = {**buffers, **{name: value for name, value in bare.items() if name in buffers}}
        twin.update({name: value for name, value in bare.items() if name in source})
        try:
            return whole, self._twin.forward(*args, **kwargs)
        finally:
            twin["_buffers"] = buffers

    @staticmethod
    def _without_weights(source: dict[str, Any]) -> dict[str, Any]:
        """Return the weights of a criterion's state with what leaves them out: None for torch's own, ones for a user's."""
        import torch

        held = {**source, **source["_buffers"]}
        bare: dict[str, Any] = {name: None for name in _WEIGHTS if held.get(name) is not None}
        for name in _OTHER_WEIGHTS:
            weight = held.get(name)
            if (
                isinstance(weight, torch.Tensor)
                and weight.is_floating_point()
                and weight.ndim == 1
                and len(weight) > 1
            ):
                bare[name] = torch.ones_like(weight)
        return bare

    def _of_function(self, args: tuple[Any, ...], kwargs: dict[str, Any], whole: Any) -> tuple[Any, Any]:
        if whole is None:
            whole = self._loss(*args, **{**kwargs, "reduction": "none"})
        given = {**getattr(self._loss, "keywords", {}), **kwargs}
        weights = [name for name in _WEIGHTS if given.get(name) is not None]
        if not weights:
            return whole, None
        return whole, self._loss(*args, **{**kwargs, "reduction": "none", **dict.fromkeys(weights)})

    @property
    def _ignore_index(self) -> int | None:
        index = getattr(self._source, "ignore_index", None)
        if index is None and self._kind in ("cross_entropy", "nll_loss"):
            index = getattr(self._loss, "keywords", {}).get("ignore_index", -100)
        return None if index is None else int(index)

    def _ignored(self, targets: Any, per_sample: Any) -> Any:
        """Where targets say that there is nothing to learn; None where none can."""
        index = self._ignore_index
        if index is None or not hasattr(targets, "shape") or targets.shape != per_sample.shape:
            return None
        return None if targets.is_floating_point() else targets == index

    def _share(self, targets: Any, raw: Any, ignored: Any) -> Any:
        """Return the share of each value in the criterion's mean; None: one each."""
        if self._kind not in _OF_CLASSES or ignored is None:
            return None
        weight = getattr(self._source, "weight", None)
        if self._source is None:
            weight = getattr(self._loss, "keywords", {}).get("weight")
        if weight is None:
            return (~ignored).to(raw.dtype)
        return weight[targets.masked_fill(ignored, 0)].to(raw.dtype).masked_fill(ignored, 0)

    def _label(self, targets: Any, count: int, ignored: Any) -> Any:
        shape = getattr(targets, "shape", None)
        if shape is None or len(shape) == 0 or shape[0] != count or targets.numel() == 0:
            return None
        classes = targets.detach()
        if len(shape) == 2 and shape[1] > 1:
            # several labels are several, and shares of classes are none; whole numbers are the classes of tokens
            shares = self._kind in _OF_CLASSES and targets.is_floating_point()
            return classes.argmax(1) if shares and is_one_hot(classes) else None
        if targets.numel() != count:
            return None
        classes = classes.reshape(-1)
        if str(targets.dtype) in _INT_KINDS:
            return self._without_missing(classes.long(), ignored)
        if str(targets.dtype) == "torch.bool":
            return classes.long()
        if self._kind.lower().startswith(("bce", "binary_cross_entropy")):
            known = (classes >= 0) & (classes <= 1)  # NaN and -1 are no labels
            return (classes > 0.5).long().masked_fill(~known, NO_LABEL)
        if self._kind in _SIGNS:
            return (classes > 0).long() * 2 - 1
        return None

    def _without_missing(self, classes: Any, ignored: Any) -> Any:
        if ignored is not None and ignored.shape == classes.shape:
            return classes.masked_fill(ignored, NO_LABEL)
        if self._kind in _SIGNS or self._ignore_index is not None:
            return classes
        # -1 is a class where it stands beside 1 alone
        missing = classes == -1
        return classes.masked_fill(missing & ~(classes.abs() == 1).all(), NO_LABEL)

    def _logits_of(self, outputs: Any, count: int) -> Any:
        import torch

        if self._logits is False or not isinstance(outputs, torch.Tensor) or outputs.shape[:1] != (count,):
            return None
        if self._kind in (*_OF_CLASSES, "MultiMarginLoss"):
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
    """Return fastai's tensors as plain ones: theirs go through Python at every operation, with the same numbers."""
    if type(value).__module__.startswith("fastai"):
        import torch

        if isinstance(value, torch.Tensor):
            with torch._C.DisableTorchFunctionSubclass():
                return value.as_subclass(torch.Tensor)
    return value


def reduced(raw: Any, share: Any, how: str) -> Any:
    """Reduce values (a tensor, of any shape) as the criterion does."""
    if how == "sum":
        return raw.sum()
    if how == "batchmean":
        return raw.sum() / raw.shape[0]
    return raw.mean() if share is None else raw.sum() / share.sum()


def fold_side(values: Any, ignored: Any, side: Side, *, total: bool = False) -> Any:
    """Fold values into (B,) float32 along the batch's side: their mean (or `total`), `ignored` ones left out.

    An instance all of whose targets are ignored has no loss: NaN, which statistics leave out and count.
    """
    values = values.detach().float()
    if side.shape is not None:
        values = values.reshape(side.shape)
        ignored = None if ignored is None else ignored.reshape(side.shape)
    if side.axis:
        values = values.transpose(0, side.axis)
        ignored = None if ignored is None else ignored.transpose(0, side.axis)
    if values.ndim == 1:
        return values if ignored is None else values.masked_fill(ignored, float("nan"))
    flat = values.flatten(1)
    if ignored is None:
        return flat.sum(1) if total else flat.mean(1)
    ignored = ignored.flatten(1)
    summed = flat.masked_fill(ignored, 0.0).sum(1)
    count = flat.shape[1] - ignored.sum(1)
    return (summed if total else summed / count).masked_fill(count == 0, float("nan"))


def fold(per_sample: Any, ignored: Any, size: int | None, *, total: bool = False) -> Any:
    """Fold (B, ...) values into (B,); see `fold_side`.

    Raises
    ------
    NotTold
        There are not `size` rows.
    """
    if size is not None and per_sample.shape[0] != size:
        raise NotTold(_no_side("the loss", per_sample, size))
    return fold_side(per_sample, ignored, Side(None, 0), total=total)


def _no_side(kind: str, values: Any, size: int) -> str:
    return (
        f"{kind} has per-sample losses of shape {tuple(values.shape)} for a batch of {size} instances, and which of them "
        "belong to which instance could not be told. Give per_sample=function(outputs, targets) -> (B,) if the loss pairs, "
        "repeats, packs or leaves out instances."
    )


def outputs_and_targets(args: tuple[Any, ...], kwargs: dict[str, Any], kind: str = "") -> tuple[Any, Any]:
    """Return what a loss was given as outputs and as targets."""
    if kind in ("CosineEmbeddingLoss", "MarginRankingLoss"):  # two outputs before their target
        outputs = args[0] if args else kwargs.get("input1")
        return outputs, args[2] if len(args) > 2 else kwargs.get("target")
    outputs = args[0] if args else kwargs.get("input", kwargs.get("log_probs", kwargs.get("anchor")))
    targets = args[1] if len(args) > 1 else kwargs.get("target", kwargs.get("targets"))
    return outputs, None if kind.startswith("Triplet") else targets
