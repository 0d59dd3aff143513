"""Per-sample losses of what a Hugging Face model returned, as its own loss computes them."""

from __future__ import annotations

from typing import Any, NamedTuple

from xai_widgets.hooks.torch.loss.per_sample_loss import PerSample, fold


class Seen(NamedTuple):
    """What a model's output says of a batch.

    Attributes
    ----------
    loss, label, logits
        (B,), (B,) or None, (B, C) or None.
    total, count
        The sum of all values that the model reduces, and how many there are.
    criterion, shape
        The loss by its name in torch, and the shape of what it was given.
    """

    loss: Any
    label: Any
    logits: Any
    total: Any
    count: Any
    criterion: str
    shape: tuple[int, ...]


def observe_outputs(
    model: Any, outputs: Any, labels: Any, *, smoothing: float = 0.0, logits: bool | None = None
) -> Seen:
    """Return what classification, regression and language models say of every row.

    Raises
    ------
    TypeError
        The shapes of logits and labels fit none of them.
    """
    import torch
    from torch.nn import functional

    scores = logits_of(outputs)
    if scores is None or not isinstance(labels, torch.Tensor):
        raise TypeError(_unknown(model, scores, labels))
    scores, labels = scores.detach().float(), labels.to(scores.device)
    whole = not labels.is_floating_point()
    config = getattr(model, "config", None)
    value = getattr(config, "problem_type", None) == "regression"
    if whole and not value and scores.ndim == 2 and labels.numel() == len(scores) and scores.shape[1] > 1:
        per_sample = PerSample(torch.nn.CrossEntropyLoss(label_smoothing=smoothing), logits=logits)
        seen = per_sample((scores, labels.reshape(-1)), {}, None, len(scores))
        known = ~torch.isnan(seen.loss)
        return Seen(
            seen.loss, seen.label, seen.logits, torch.nansum(seen.loss), known.sum(), "CrossEntropyLoss", tuple(scores.shape)
        )  # fmt: skip
    if whole and not value and scores.ndim == 3 and labels.shape == scores.shape[:2]:
        if _shifts(model):
            scores, labels = scores[:, :-1], labels[:, 1:]
        shape = (len(scores), scores.shape[2], scores.shape[1])
        values = functional.cross_entropy(
            scores.transpose(1, 2), labels, reduction="none", label_smoothing=smoothing
        )
        ignored = labels == -100
        total, count = values.masked_fill(ignored, 0.0).sum(), (~ignored).sum()
        return Seen(fold(values, ignored, len(scores)), None, None, total, count, "CrossEntropyLoss", shape)
    if labels.numel() == scores.numel() and (value or not whole):
        labels = labels.reshape(scores.shape).float()
        several = scores.ndim == 2 and scores.shape[1] > 1 and not value
        if several:
            values = functional.binary_cross_entropy_with_logits(scores, labels, reduction="none")
        else:
            values = functional.mse_loss(scores, labels, reduction="none")
        criterion = "BCEWithLogitsLoss" if several else "MSELoss"
        return Seen(
            fold(values, None, len(scores)), None, None, values.sum(), values.numel(), criterion, tuple(scores.shape)
        )  # fmt: skip
    raise TypeError(_unknown(model, scores, labels))


def returned_loss(outputs: Any) -> Any:
    """Return the loss that a model returned, a single number; None where it returned none."""
    found = outputs.get("loss") if hasattr(outputs, "get") else None
    if (
        found is None
        and isinstance(outputs, (tuple, list))
        and outputs
        and getattr(outputs[0], "ndim", 1) == 0
    ):
        found = outputs[0]
    return found.detach() if found is not None and getattr(found, "ndim", None) == 0 else None


def class_scores(outputs: Any, labels: Any) -> Any:
    """Return the logits (B, C) of a classifier with labels (B,), whose loss is the cross entropy; None for others."""
    import torch

    scores = logits_of(outputs)
    if (
        not isinstance(scores, torch.Tensor)
        or not isinstance(labels, torch.Tensor)
        or labels.is_floating_point()
    ):
        return None
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        return None
    return scores if scores.dtype == torch.float32 else scores.detach().float()


def logits_of(outputs: Any) -> Any:
    """Return the logits of a model's output: a ModelOutput, a dict, or a tuple that begins with the loss."""
    if hasattr(outputs, "get"):
        return outputs.get("logits")
    if isinstance(outputs, (tuple, list)):
        return next((part for part in outputs if getattr(part, "ndim", 0) >= 2), None)
    return outputs if getattr(outputs, "ndim", 0) >= 2 else None


def _shifts(model: Any) -> bool:
    """Whether the model's loss compares each token with the next one's label, as Hugging Face's does by default."""
    if not hasattr(model, "loss_function") or getattr(model.config, "is_encoder_decoder", False):
        return False
    return getattr(model, "loss_type", None) in (None, "ForCausalLM", "ForConditionalGeneration")


def _unknown(model: Any, scores: Any, labels: Any) -> str:
    return (
        f"cannot tell the per-sample loss of {type(model).__name__} from logits of shape "
        f"{tuple(getattr(scores, 'shape', ()))} and labels of shape {tuple(getattr(labels, 'shape', ()))}; give "
        "TrackerCallback(tracker, per_sample=function(outputs, labels) -> (B,))"
    )
