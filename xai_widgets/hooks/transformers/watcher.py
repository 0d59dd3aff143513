"""What `xai_widgets.hooks.transformers.TrackerCallback` does: an index column that passes the model, and its losses."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xai_widgets.hooks._common.feed import Batch, Feed
from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks.torch.device_copy import Drain
from xai_widgets.hooks.torch.loss_batching import Held
from xai_widgets.hooks.torch.observer import untraced
from xai_widgets.hooks.torch.per_sample_loss import Observed, PerSample
from xai_widgets.hooks.transformers.batch_indices import name_batches
from xai_widgets.hooks.transformers.per_sample_loss import class_scores, observe_outputs

STATE_FILE = "xai_widgets_tracker.npz"


class TransformersWatch:
    """Listens to one model in a `Trainer`. Parameters are those of `TrackerCallback`."""

    def __init__(
        self, tracker: Any, *, per_sample: Callable[[Any, Any], Any] | None, labels: Any, logits: bool | None
    ) -> None:
        self._tracker = tracker
        self._feed = Feed(tracker, streams=[("train", None)])
        self._drain = Drain(self._arrived)
        self._per_sample = per_sample
        self._labels = labels
        self._logits = logits
        self._smoothing = 0.0
        self._held: Held | None = None
        self._index: Any = None
        self._targets: Any = None
        self._feed.held_by(self._flush)
        self._undo: list[Callable[[], None]] = []
        self._undo_loader: Callable[[], None] | None = None
        self._evaluated: list[Batch] = []
        self._unnamed = 0

    # the model

    def attach(self, model: Any, args: Any) -> None:
        """Have the model take an index, and listen to what it returns."""
        self.detach()
        self._smoothing = float(getattr(args, "label_smoothing_factor", 0.0) or 0.0)
        if self._per_sample is None:
            import torch

            loss = torch.nn.CrossEntropyLoss(label_smoothing=self._smoothing)
            self._held = Held(self._feed, PerSample(loss, logits=self._logits))
        if hasattr(model, "get_base_model"):  # adapters: the model below takes the arguments
            model = model.get_base_model()
        self._undo.append(accept_index(model))
        for handle in (
            model.register_forward_pre_hook(untraced(self._before), with_kwargs=True),
            model.register_forward_hook(untraced(self._after), with_kwargs=True),
        ):
            self._undo.append(handle.remove)

    def _before(self, model: Any, args: Any, kwargs: Any) -> Any:
        self._index = kwargs.pop(INDEX, None)
        self._targets = kwargs.get("labels")
        return args, kwargs

    def _after(self, model: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        index, self._index = self._index, None
        targets, self._targets = self._targets, None
        if index is None:
            if model.training and self._feed.epoch:
                self._no_index()
            return
        mode = "train" if model.training else "eval"
        if targets is None and self._labels is None and not model.training:
            return  # a prediction without labels
        self._feed.guard((mode, None), lambda: self._take(model, outputs, targets, index, mode))

    def _take(self, model: Any, outputs: Any, targets: Any, index: Any, mode: str) -> None:
        # short training steps of a classifier wait for others; evaluations wait for their name
        if self._held is not None and mode == "train":
            scores = class_scores(outputs, targets)
            if scores is not None:
                stamped = self._feed.batch(mode, None, index, None, {})
                if self._held.take(stamped, (scores, targets), {}, None):
                    return
            else:
                self._held.flush()
        self._observe(model, outputs, targets, index, mode)

    def _no_index(self) -> None:
        self._unnamed += 1
        if self._unnamed == 2:
            self._feed.notice(
                "batches reach the model without an index; name the samples: "
                "train_dataset=xai_widgets.hooks.transformers.indexed(dataset)"
            )

    def _observe(self, model: Any, outputs: Any, targets: Any, index: Any, mode: str) -> None:
        import torch

        with torch.no_grad():
            if targets is None:
                targets = self._look_up(index)
            if self._per_sample is not None:
                values = self._per_sample(outputs, targets)
                if getattr(values, "ndim", 0) == 0:
                    raise ValueError(
                        "per_sample returned a single number: it is reduced already; expected shape (B,)"
                    )
                label = targets if not targets.is_floating_point() and targets.numel() == len(index) else None
                seen = Observed(values.detach(), label, None)
            else:
                seen = observe_outputs(
                    model, outputs, targets, smoothing=self._smoothing, logits=self._logits
                )
        metrics = {"loss": seen.loss} if seen.logits is None else {"loss": seen.loss, "logits": seen.logits}
        self._drain.put(self._feed.batch(mode, None, index, seen.label, metrics))

    def _look_up(self, index: Any) -> Any:
        import torch

        if self._labels is None:
            raise TypeError(
                "the labels do not reach the model (label smoothing and compute_loss_func take them before), so nothing "
                'tells the per-sample loss. Give TrackerCallback(tracker, labels=dataset["label"])'
            )
        return torch.as_tensor([int(self._labels[i]) for i in index.tolist()])

    def _arrived(self, batch: Batch) -> None:
        # evaluations wait for their name, which Trainer tells at the end
        if batch.mode == "eval":
            self._evaluated.append(batch)
        else:
            self._feed.record(batch)

    def _flush(self) -> None:
        if self._held is not None:
            self._held.flush()
        self._drain.flush()

    def detach(self) -> None:
        """Leave the model, and the loader of a run that was cut short, as they were."""
        self._flush()
        self._release_loader()
        while self._undo:
            self._undo.pop()()

    def _release_loader(self) -> None:
        undo, self._undo_loader = self._undo_loader, None
        if undo is not None:
            undo()

    # the trainer

    def train_begins(self, args: Any, state: Any, loader: Any = None) -> None:
        """Start a run, or continue that of a checkpoint."""
        self._release_loader()
        self._undo_loader = name_batches(loader)
        saved = self.state_path(args, state)
        if state.global_step and saved.is_file():
            self._tracker.load_state_dict(type(self._tracker).load(saved).state_dict())
        feed = self._feed
        feed.epoch, feed.step = self._tracker.epoch, state.global_step
        # an epoch that the checkpoint lies in goes on under its number
        self._offset = max(feed.epoch - math.ceil((state.epoch or 0) - 1e-6), 0)
        self._tracker.epochs = int(state.num_train_epochs) + self._offset
        if state.max_steps and state.num_train_epochs:
            self._tracker.steps_per_epoch = -(-state.max_steps // state.num_train_epochs)
        self._tracker.start()

    def epoch_begins(self, state: Any) -> None:
        """Open a training epoch, numbered from 1."""
        self._feed.begin("train", None, _epoch(state) + 1 + self._offset)

    def stepped(self, state: Any) -> bool:
        """Be between two optimizer steps; whether training shall stop."""
        self._feed.stepped(state.global_step)
        return self._feed.stop_requested

    def epoch_ends(self) -> None:
        """Close a training epoch."""
        self._flush()
        self._feed.end("train")

    def evaluated(self, metrics: dict[str, float] | None) -> None:
        """Record an evaluation that is over, under the name it was given."""
        self._flush()
        held, self._evaluated = self._evaluated, []
        ds_id = _data_set_of(metrics)
        if not held:
            return
        epoch = self._feed.begin("eval", ds_id)
        for batch in held:
            self._feed.record(batch._replace(ds_id=ds_id, epoch=epoch))
        self._feed.end("eval", ds_id)

    def predicted(self) -> None:
        """Drop what a prediction left."""
        self._evaluated = []

    def train_ends(self) -> None:
        """End the run."""
        self._release_loader()
        self.epoch_ends()
        self._tracker.finish()

    def save(self, args: Any, state: Any) -> None:
        """Keep the tracker's state in the checkpoint that was just written."""
        path = self.state_path(args, state)
        if state.is_world_process_zero and path.parent.is_dir():
            self._tracker.save(path)

    @staticmethod
    def state_path(args: Any, state: Any) -> Path:
        """Return where the tracker's state of a checkpoint lies."""
        return Path(args.output_dir) / f"checkpoint-{state.global_step}" / STATE_FILE


def _epoch(state: Any) -> int:
    return int((state.epoch or 0) + 1e-6)


def _data_set_of(metrics: dict[str, float] | None) -> str | None:
    """``eval_clean_loss`` is of the evaluation set "clean", ``eval_loss`` of the only one."""
    for name in metrics or {}:
        if name.endswith("_loss") and name.startswith("eval_"):
            return name[len("eval_") : -len("_loss")] or None
    return None


def accept_index(model: Any) -> Callable[[], None]:
    """Make ``model.forward`` name an argument "index", so that Trainer keeps that column; returns what undoes it."""
    forward = model.forward
    before = model.__dict__.get("forward")

    @functools.wraps(forward)
    def with_index(*args: Any, **kwargs: Any) -> Any:
        return forward(*args, **kwargs)

    signature = inspect.signature(forward)
    parameters = list(signature.parameters.values())
    if INDEX not in signature.parameters:
        place = next((i for i, p in enumerate(parameters) if p.kind is p.VAR_KEYWORD), len(parameters))
        parameters.insert(place, inspect.Parameter(INDEX, inspect.Parameter.KEYWORD_ONLY, default=None))
    with_index.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    model.__dict__["forward"] = with_index

    def undo() -> None:
        if model.__dict__.get("forward") is with_index:
            if before is None:
                del model.__dict__["forward"]
            else:
                model.__dict__["forward"] = before

    return undo
