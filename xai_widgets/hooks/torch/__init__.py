"""Plain PyTorch: `Indexed` data sets, and `watch` for a training loop that stays as it is.

Three lines, nothing else changed::

    with xw.hooks.torch.watch(model, loss_fn, optimizer, train_loader, tracker, eval_loader=val_loader):
        for epoch in range(20):
            for x, y in train_loader:
                ...

By hand, with everything under control::

    for x, y, index in DataLoader(xw.hooks.torch.Indexed(data), batch_size=128, shuffle=True):
        losses = F.cross_entropy(model(x), y, reduction="none")
        losses.mean().backward()
        optimizer.step()
        tracker.record(index, y, loss=losses)
    tracker.end_epoch()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.instance_ids import Key
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.torch.data import Indexed
from xai_widgets.hooks.torch.watcher import Watch
from xai_widgets.tracking import TrainingStopped

__all__ = ["HookWarning", "Indexed", "TrainingStopped", "Watch", "watch"]


def watch(
    model: Any,
    loss: Any,
    optimizer: Any,
    loader: Any,
    tracker: Any,
    *,
    eval_loader: Any = None,
    index: Key | None = None,
    label: Key | None = None,
    per_sample: Callable[[Any, Any], Any] | None = None,
    logits: bool | None = None,
    epochs: int | None = None,
    task: str | None = None,
    edits: Edits | None = None,
) -> Watch:
    """Record every batch of a plain PyTorch loop: which instances, their labels, losses and logits.

    Nothing in the loop changes. The loss is recomputed without reduction from the same logits (no second forward
    pass, no graph); batches are told by listening to the loader's sampler; an epoch ends with the pass over its
    loader; every optimizer step is a safe point. No random number is drawn and no device is waited for.

    Parameters
    ----------
    model
        The ``torch.nn.Module`` in training.
    loss
        The loss module that the loop calls (``nn.CrossEntropyLoss()``, any weights, smoothing, ignore_index), compiled
        or not; or a function such as ``F.cross_entropy``, which is then asked for per-sample values of what `model`
        returned; or ``{one: 1.0, another: 0.3}``, whose weighted sum is recorded row by row; or ``{"main": one, "auxiliary":
        another}``, each a metric of its own, of which the first of classes gives labels and logits; or None to learn only
        the indices and record yourself.
    optimizer
        The optimizer, several of them, or None where there is none.
    loader
        The training ``DataLoader``, or a mapping of ds_id to loader. Its data set may be `Indexed`.
    tracker
        The `xai_widgets.Tracker`.
    eval_loader
        A loader whose batches count as mode "eval", or a mapping of ds_id to loader.
    index
        Where batches carry their index, for data sets that are not `Indexed` and loaders whose sampler does not
        tell: an entry's name, a place, or a function of the batch.
    label
        Where batches carry their label; by default it is the target of a classification loss.
    per_sample
        ``per_sample(outputs, targets) -> (B,)`` for a loss that has no reduction to switch off.
    logits
        Whether to record logits, which give prediction, margin and all scores made of them. None: for
        classification up to 1,024 classes.
    epochs
        Planned number of epochs, for the length of axes.
    task
        What the model's output is ("classes", "one_logit", "labels", "value", ...), where the criterion does not tell.
    edits
        The `xai_widgets.Edits` to train by: from the next pass on, excluded samples are not drawn and relabelled ones come with
        their new label. Weights are the loop's to apply (``edits.weights(watch.index)``); it is told where there are any.

    Returns
    -------
    Watch
        A context manager. Leaving it, or ``.detach()``, takes everything off again. As a context manager it also
        makes a stop that was asked for in a widget end the loop at the next batch. Its ``index`` is (B,) the names of the
        batch that is trained on, for a metric of one's own beside what is recorded: ``tracker.record(w.index, iou=iou)``.

    Raises
    ------
    TypeError, ValueError
        A loss without per-sample values, or a loader whose order does not name the instances (an iterable data set,
        out-of-order workers).
    """
    require("torch")
    modes = {"train": loader, "eval": eval_loader}
    loaders: dict[tuple[str, str | None], Any] = {}
    for mode, given in modes.items():
        if isinstance(given, Mapping):
            loaders.update({(mode, str(ds_id)): one for ds_id, one in given.items()})
        elif given is not None:
            loaders[mode, None] = given
    return Watch(
        model, loss, optimizer, loaders, tracker,
        index=index, label=label, per_sample=per_sample, logits=logits, epochs=epochs, task=task,
        edits=edits,
    )  # fmt: skip
