"""Hugging Face ``Trainer``: one callback, and data sets with an index column.

::

    indexed = xw.hooks.transformers.indexed
    trainer = Trainer(model, args, train_dataset=indexed(train), eval_dataset=indexed(val),
                      callbacks=[xw.hooks.transformers.TrackerCallback(tracker)])
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.transformers.data import indexed
from xai_widgets.hooks.transformers.watcher import TransformersWatch

__all__ = ["HookWarning", "TrackerCallback", "indexed"]

TrackerCallback: Any  # a class, made when first asked for: its base is that of transformers


def __getattr__(name: str) -> Any:
    if name == "TrackerCallback":
        return _callback_class()
    raise AttributeError(
        f"module 'xai_widgets.hooks.transformers' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


@functools.cache
def _callback_class() -> Any:
    base: Any = require("transformers").TrainerCallback

    class TrackerCallback(base):
        """Records per-sample losses, labels and logits of a ``Trainer``, in training and evaluation.

        The model is made to take an argument "index", so that the column survives ``remove_unused_columns``, and is
        never shown it. Losses are computed from the logits that the model returned, and recorded where they give the loss
        that the model returned and the Trainer logs. Epochs are passes over the data, also of a stream.

        Parameters
        ----------
        tracker
            The `xai_widgets.Tracker`.
        per_sample
            ``per_sample(outputs, labels) -> (B,)`` for models that are neither classification (one or several labels),
            regression nor language models, and for your own ``compute_loss_func``.
        labels
            Labels by index, or ``{"train": labels, "eval": labels}``, where they neither reach the model (with label
            smoothing) nor lie in the data set's memory. Labels without a mode are those of training.
        logits
            Whether to record logits; None: for classification up to 1,024 classes.
        edits
            The `xai_widgets.Edits` to train by: excluded samples are not drawn from the next epoch on, relabelled ones come
            with their new label; weights are refused. A Trainer counts the steps of a run beforehand (``max_steps``, the
            learning rate's schedule, where to resume), so an epoch keeps its number of steps: the samples that are left
            begin again.

        Notes
        -----
        The state of the tracker lies in the trainer's checkpoints, and a run resumed from one goes on with it. The
        callback listens as long as it is the trainer's; ``detach()`` takes it off the model. A trainer tells nobody of an
        exception inside ``train``: ``detach()`` then hands over the last steps, of at most a third of a second, too.
        """

        def __init__(
            self,
            tracker: Any,
            *,
            per_sample: Callable[[Any, Any], Any] | None = None,
            labels: Any = None,
            logits: bool | None = None,
            edits: Edits | None = None,
        ) -> None:
            self._watch = TransformersWatch(
                tracker, per_sample=per_sample, labels=labels, logits=logits, edits=edits
            )

        def detach(self) -> None:
            """Leave the model as it was; the trainer's data must then have no index column."""
            self._watch.detach()

        def on_init_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            """Listen to the model of a trainer."""
            self._watch.attach(model, args)

        def on_train_begin(
            self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **_: Any
        ) -> None:
            """Start a run."""
            self._watch.train_begins(args, state, train_dataloader)

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Open a training epoch."""
            self._watch.epoch_begins(state)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Be between two optimizer steps."""
            if self._watch.stepped(state):
                control.should_training_stop = True

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Close a training epoch."""
            self._watch.epoch_ends()

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
            """Record an evaluation."""
            self._watch.evaluated(metrics, int(getattr(args, "world_size", 1)))

        def on_prediction_step(
            self, args: Any, state: Any, control: Any, eval_dataloader: Any = None, **_: Any
        ) -> None:
            """Learn which data set is evaluated."""
            self._watch.batch_evaluated(getattr(eval_dataloader, "dataset", None))

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            """Compare the loss that is logged with the recorded ones."""
            self._watch.logged(state, logs)

        def on_predict(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:
            """Leave a prediction out."""
            self._watch.predicted()

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Keep the tracker's state in a checkpoint."""
            self._watch.save(args, state)

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """End the run."""
            self._watch.train_ends()

    return TrackerCallback
