"""What a loss function is asked with: the one output of the model, and the targets in the batch."""

from __future__ import annotations

from typing import Any

from xai_widgets.hooks.torch.witness import leaves

LABEL_NAMES = ("label", "labels", "target", "targets", "y")


def one_output(outputs: Any) -> Any:
    """Return the one tensor that a model's output is, or is said to be.

    Raises
    ------
    TypeError
        There are several.
    """
    outputs = getattr(outputs, "logits", outputs)
    found = [one for _, one in leaves(outputs) if hasattr(one, "detach")]
    if hasattr(outputs, "keys") and "logits" in outputs:
        found = [outputs["logits"]]
    if len(found) == 1:
        return found[0]
    raise TypeError(
        f"the model returned {len(found)} tensors, and a function does not say which of them it is given; watch a loss module "
        "instead, such as torch.nn.CrossEntropyLoss(), which is told them"
    )


def targets_of(batch: Any) -> Any:
    """Return the targets of a usual batch: ``(x, y)``, ``(x, y, index)`` or a dict with a label."""
    if hasattr(batch, "keys"):
        for name in LABEL_NAMES:
            if name in batch:
                return batch[name]
    elif isinstance(batch, (list, tuple)) and len(batch) > 1:
        return batch[1]
    raise TypeError(
        f"cannot tell the targets in a batch of type {type(batch).__name__}; give label= (an entry's name, a place, or "
        "function(batch)), or a loss module, which is told them"
    )
