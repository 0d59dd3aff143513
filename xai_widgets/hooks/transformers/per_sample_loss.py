"""Per-sample losses of what a Hugging Face model returned, as its own loss computes them."""

from __future__ import annotations

from typing import Any

from xai_widgets.hooks.torch.per_sample_loss import Observed, PerSample, fold


def observe_outputs(
    model: Any, outputs: Any, labels: Any, *, smoothing: float = 0.0, logits: bool | None = None
) -> Observed:
    """Return per-sample loss, label and logits of classification, regression and language models.

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
    if whole and scores.ndim == 2 and labels.numel() == len(scores):
        per_sample = PerSample(torch.nn.CrossEntropyLoss(label_smoothing=smoothing), logits=logits)
        return per_sample((scores, labels.reshape(-1)), {}, None, len(scores))
    if whole and scores.ndim == 3 and labels.shape == scores.shape[:2]:
        if _shifts(model):
            scores, labels = scores[:, :-1], labels[:, 1:]
        values = functional.cross_entropy(
            scores.transpose(1, 2), labels, reduction="none", label_smoothing=smoothing
        )
        return Observed(fold(values, labels == -100, len(scores)), None, None)
    if not whole and labels.numel() == scores.numel():
        labels = labels.reshape(scores.shape).float()
        several = scores.ndim == 2 and scores.shape[1] > 1
        if several and getattr(model.config, "problem_type", None) != "regression":
            values = functional.binary_cross_entropy_with_logits(scores, labels, reduction="none")
        else:
            values = functional.mse_loss(scores, labels, reduction="none")
        return Observed(fold(values, None, len(scores)), None, None)
    raise TypeError(_unknown(model, scores, labels))


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
