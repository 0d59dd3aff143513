"""Lightning: one callback, nothing else changes.

::

    trainer = L.Trainer(max_epochs=20, callbacks=[xw.hooks.lightning.TrackerCallback(tracker)])
    trainer.fit(module, train_loader, val_loader)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.lightning.watcher import LightningWatch
from xai_widgets.hooks.torch.edited import check_editable

__all__ = ["HookWarning", "TrackerCallback"]

TrackerCallback: Any  # a class, made when first asked for: its base is Lightning's Callback


def __getattr__(name: str) -> Any:
    if name == "TrackerCallback":
        return _callback_class()
    raise AttributeError(
        f"module 'xai_widgets.hooks.lightning' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


@functools.cache
def _callback_class() -> Any:
    base: Any = require("lightning", "pytorch").Callback

    class TrackerCallback(base):
        """Records every batch of ``fit``, ``validate`` and ``test``: indices, labels, per-sample losses and logits.

        Indices are heard at the samplers of the loaders that Lightning finally uses, after it put its distributed
        sampler in: a loader's or datamodule's own data sets stay as they are.

        Parameters
        ----------
        tracker
            The `xai_widgets.Tracker`; under DDP one in each process, all with the same ``log_dir``.
        loss
            The loss: a loss module, the name of one in the LightningModule, or a function such as ``F.cross_entropy``
            (then asked for what ``self(x)`` returned). None finds the only loss module there is. Not needed if
            ``training_step`` returns ``{"loss": ..., "sample_loss": (B,)}``, with "label" and "logits" if wanted.
        per_sample
            ``per_sample(outputs, targets) -> (B,)`` for a loss that has no reduction to switch off.
        label, index
            Where batches carry their label and index, where the loss and the sampler do not tell.
        logits
            Whether to record logits; None: for classification up to 1,024 classes.
        checkpoint
            Whether to keep the tracker's state in Lightning's checkpoints, so that a resumed run goes on with it.
        edits
            The `xai_widgets.Edits` to train by: excluded samples are not drawn from the next epoch on, relabelled ones come
            with their new label. Lightning counts an epoch's batches beforehand, so there remain as many: the samples that are
            left begin again. Weights are the module's to apply, and that is told where there are any.

        Notes
        -----
        The sanity check before training is not recorded. Several validation loaders are kept apart as ds_id "0", "1"...
        """

        def __init__(
            self,
            tracker: Any,
            loss: Any = None,
            *,
            per_sample: Callable[[Any, Any], Any] | None = None,
            label: Any = None,
            index: Any = None,
            logits: bool | None = None,
            checkpoint: bool = True,
            edits: Edits | None = None,
        ) -> None:
            super().__init__()
            if edits is not None:
                check_editable(edits, by_place=index is None)
            self._checkpoint = checkpoint
            self._tracker = tracker
            self._watch = LightningWatch(
                tracker,
                loss,
                index=index,
                options={"per_sample": per_sample, "label": label, "logits": logits},
                edits=edits,
            )

        def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
            """Listen to the loss and to the loaders to come."""
            self._watch.attach(trainer, pl_module)

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            """Start a run."""
            self._watch.train_starts(trainer)

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            """Open a training epoch."""
            self._watch.epoch_starts(trainer)

        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            """Tell which instances are in the batch."""
            self._watch.batch_starts("train", batch)

        def on_train_batch_end(
            self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            """Be between two steps."""
            self._watch.batch_ends(outputs)
            self._watch.stepped(trainer)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            """Close a training epoch."""
            self._watch.epoch_ends(trainer)

        def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            """Open an evaluation."""
            self._watch.evaluation_starts("eval", trainer)

        def on_validation_batch_start(
            self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
        ) -> None:
            """Tell which instances are in the batch."""
            self._watch.batch_starts("eval", batch, dataloader_idx)

        def on_validation_batch_end(
            self,
            trainer: Any,
            pl_module: Any,
            outputs: Any,
            batch: Any,
            batch_idx: int,
            dataloader_idx: int = 0,
        ) -> None:
            """Take what the step returned."""
            self._watch.batch_ends(outputs)

        def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            """Close an evaluation."""
            self._watch.evaluation_ends("eval")

        def on_test_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            """Open a test."""
            self._watch.evaluation_starts("test", trainer)

        def on_test_batch_start(
            self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
        ) -> None:
            """Tell which instances are in the batch."""
            self._watch.batch_starts("test", batch, dataloader_idx)

        def on_test_batch_end(
            self,
            trainer: Any,
            pl_module: Any,
            outputs: Any,
            batch: Any,
            batch_idx: int,
            dataloader_idx: int = 0,
        ) -> None:
            """Take what the step returned."""
            self._watch.batch_ends(outputs)

        def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            """Close a test."""
            self._watch.evaluation_ends("test")

        def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
            """Keep what came before the exception."""
            self._watch.detach(exception)

        def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
            """Take everything off."""
            self._watch.detach()

        def state_dict(self) -> dict[str, Any]:
            """Return the tracker's state for a checkpoint."""
            return {"tracker": self._tracker.state_dict(), **self._watch.place()} if self._checkpoint else {}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            """Continue the history of a checkpoint."""
            if "tracker" in state_dict:
                self._tracker.load_state_dict(state_dict["tracker"])
                self._watch.resume(state_dict.get("offset"), state_dict.get("in_epoch", False))

    return TrackerCallback
