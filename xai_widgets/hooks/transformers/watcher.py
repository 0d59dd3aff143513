"""What `xai_widgets.hooks.transformers.TrackerCallback` does: an index column that passes the model, and its losses."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.evidence import LOOSE, Evidence, Proof
from xai_widgets.hooks._common.feed import Batch, Feed
from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks._common.quiet import told
from xai_widgets.hooks.torch.edited import EditedLoader
from xai_widgets.hooks.torch.edited_epochs import begin_epoch
from xai_widgets.hooks.torch.listen import untraced
from xai_widgets.hooks.torch.loss.loss_batching import Held
from xai_widgets.hooks.torch.loss.per_sample_loss import PerSample
from xai_widgets.hooks.transformers.batch_indices import (
    CARRIED,
    FIRST,
    GIVEN,
    NAMES,
    OFTEN,
    carry_labels,
    carry_samples,
    name_batches,
)
from xai_widgets.hooks.transformers.criterion import OwnLoss
from xai_widgets.hooks.transformers.edited import edit_loader, edited_by_trainer
from xai_widgets.hooks.transformers.labels import Lookup, given_labels, labels_of
from xai_widgets.hooks.transformers.names import decode
from xai_widgets.hooks.transformers.own_labels import KEPT, OwnLabels, prove_evaluated
from xai_widgets.hooks.transformers.per_sample_loss import Seen, class_scores, observe_outputs, returned_loss

STATE_FILE = "xai_widgets_tracker.npz"
REPORTED = 1e-3  # to which an evaluation's loss is the mean of what is recorded
OWN = (
    "Give TrackerCallback(tracker, per_sample=function(outputs, labels) -> one value per sample, shape (B,)), such as "
    'lambda outputs, labels: F.cross_entropy(outputs.logits, labels, reduction="none")'
)


class Step(NamedTuple):
    """One call of the model: the names of its rows, its labels, what it returned, how many items it divided by.

    `carried` are the batch's labels where they may not reach the model, `given` the names and labels of its samples.
    """

    model: Any
    outputs: Any
    targets: Any
    index: Any
    items: Any
    carried: Any = None
    given: tuple[Any, Any] | None = None


class Evaluated(NamedTuple):
    """A batch of an evaluation: what is to be recorded, and the numbers that its losses give and that the model returned.

    `reported` is what its losses give where the Trainer divides by a number of items of its own; `targets` are the labels of
    the first batches.
    """

    batch: Batch
    want: Any
    got: Any
    reported: Any
    loose: bool
    targets: Any


class TransformersWatch:
    """Listens to one model in a `Trainer`. Parameters are those of `TrackerCallback`."""

    def __init__(
        self,
        tracker: Any,
        *,
        per_sample: Callable[[Any, Any], Any] | None,
        labels: Any,
        logits: bool | None,
        edits: Edits | None = None,
    ) -> None:
        self._tracker = tracker
        self._edited = None if edits is None else edited_by_trainer(edits, tracker)
        self.feed = Feed(tracker, streams=[("train", None)])
        self._evidence = Evidence(self.feed)
        self._per_sample = per_sample
        self._labels = labels
        self._logits = logits
        self._smoothing = 0.0
        self._held: Held | None = None
        self._own_labels = OwnLabels(self._edited)
        self._called: Step | None = None  # what the call that runs was given
        self.feed.held_by(self._flush)
        self._undo: list[Callable[[], None]] = []
        self._undo_loader: list[Callable[[], None]] = []
        self._evaluated: list[Evaluated] = []
        self._waiting: list[Step] = []  # of an evaluation, whose labels are not known yet
        self._unnamed = {"train": 0, "eval": 0}
        self._lookups: dict[str, Lookup | None] = {}
        self._eval_data: Any = None
        self._own: OwnLoss | None = None
        self._seen = 0  # training batches of this pass
        self._offset = 0
        self._continued: int | None = None  # the epoch that a run begins with

    # the model

    @told
    def attach(self, model: Any, args: Any) -> None:
        """Have the model take an index, and listen to what it returns."""
        self.detach()
        self._own_labels = OwnLabels(self._edited)
        self._smoothing = float(getattr(args, "label_smoothing_factor", 0.0) or 0.0)
        if self._per_sample is None:
            import torch

            loss = torch.nn.CrossEntropyLoss(label_smoothing=self._smoothing)
            self._held = Held(self.feed, PerSample(loss, logits=self._logits), self._evidence)
        if hasattr(model, "get_base_model"):  # adapters: the model below takes the arguments
            model = model.get_base_model()
        self._undo.append(accept_index(model))
        for handle in (
            model.register_forward_pre_hook(untraced(self._before), with_kwargs=True),
            model.register_forward_hook(untraced(self._after), with_kwargs=True),
        ):
            self._undo.append(handle.remove)

    def _before(self, model: Any, args: Any, kwargs: Any) -> Any:
        index, carried = kwargs.pop(INDEX, None), kwargs.pop(CARRIED, None)
        seen = kwargs.pop(NAMES, None), kwargs.pop(GIVEN, None)
        given = None if seen[1] is None else seen
        items = kwargs.get("num_items_in_batch")
        self._called = Step(model, None, kwargs.get("labels"), index, items, carried, given)
        return args, kwargs

    def _after(self, model: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        called, self._called = self._called, None
        mode = "train" if model.training else "eval"
        if called is None or called.index is None:
            if self.feed.epoch:
                self._unnamed[mode] += 1
                if mode == "train" and self._unnamed[mode] == 2:
                    self._no_index(mode)
            return
        step = called._replace(outputs=outputs, index=decode(called.index))
        self.feed.guard((mode, None), lambda: self._take(step, mode))

    def _no_index(self, mode: str) -> None:
        which = "train_dataset" if mode == "train" else "eval_dataset"
        self._evidence.of(mode).warn(
            "index",
            f"{mode} batches reach the model without an index, so nothing of them is recorded",
            f"Name the samples: {which}=xai_widgets.hooks.transformers.indexed(dataset)",
        )

    # a batch

    def _take(self, step: Step, mode: str) -> None:
        if mode == "eval":
            if step.targets is None and not self._refused(mode):
                self._waiting.append(step)  # the data set is told after the batch
            elif step.targets is not None:
                self._evaluate(step)
            return
        own = self._own
        before = 0 if own is None else own.batches
        try:
            self._train(step, mode)
        finally:
            if own is not None and own.batches == before:
                own.add(None, False, False)  # not recorded, so what will be logged is not known

    def _train(self, step: Step, mode: str) -> None:
        proof = self._evidence.of("train")
        proof.took()
        if step.targets is None and self._refused(mode):
            return
        apart = step.targets is None
        step = self._with_targets(step, mode)
        seen, self._seen = self._seen, self._seen + 1
        if "labels" in proof.told:  # one batch in another order than its names: no other is better
            proof.refused += 1
            return
        if not self._proved_labels(proof, step, apart or seen < FIRST or seen % OFTEN == 0):
            return
        if self._own is not None and self._own.refuted:
            return
        if not self._wait(step):
            self._observe(step, proof)

    def _refused(self, mode: str) -> bool:
        """Whether a batch whose labels do not reach the model has a loss that nothing tells."""
        if self._per_sample is not None or self._smoothing:
            return False
        self._evidence.of(mode).warn(
            "criterion",
            f"the labels of {mode} batches do not reach the model, so their loss is computed elsewhere (a compute_loss or "
            "compute_loss_func of your own), and nothing tells it for single samples: they are not recorded",
            OWN,
        )
        return True

    def _with_targets(self, step: Step, mode: str) -> Step:
        """Look labels up that do not reach the model.

        Raises
        ------
        TypeError
            Nothing tells them.
        """
        if step.targets is not None:
            return step
        if step.carried is not None:
            return step._replace(targets=step.carried)
        import torch

        look_up = given_labels(self._labels, mode) or self._lookup(mode)
        if look_up is None:
            raise TypeError(
                f"the labels do not reach the model (label smoothing takes them before) and do not lie in the {mode} data "
                'set\'s memory. Give TrackerCallback(tracker, labels={"train": labels, "eval": labels}), by index'
            )
        targets = np.asarray(look_up(step.index))
        if mode == "train" and self._edited is not None:
            targets = self._edited.edits.apply(step.index, targets).label
        return step._replace(targets=torch.as_tensor(targets))

    def _lookup(self, mode: str) -> Lookup | None:
        if mode not in self._lookups:
            data = self._eval_data if mode == "eval" else None
            self._lookups[mode] = labels_of(data)
        return self._lookups[mode]

    def _proved_labels(self, proof: Proof, step: Step, look: bool) -> bool:
        """Tell whether the labels of a training batch are not seen to be others than those of its names."""
        look = look or step.given is not None
        if look:
            known = self._lookup("train")
            if not self._own_labels.prove(proof, step.index, step.targets, step.given, known):
                proof.withdraw()
                return False
        return self._own_labels.as_before(proof, step.index, step.targets, look)

    def _wait(self, step: Step) -> bool:
        """Keep a short training step of a classifier until others have come."""
        if self._held is None:
            return False
        scores = class_scores(step.outputs, step.targets)
        if (
            scores is None
            or getattr(getattr(step.model, "config", None), "problem_type", None) == "regression"
        ):
            self._held.flush()
            return False
        value = returned_loss(step.outputs)
        index = step.index if hasattr(step.index, "dtype") else np.asarray(step.index)
        if value is not None and step.items is not None:
            known = (step.targets != -100).sum()
            value = value * step.items / known  # as if this batch were all that the step is divided by
        stamped = self.feed.batch("train", None, index, None, {})
        if self._held.take(stamped, (scores, step.targets), {}, value) is None:
            return False
        self._evidence.learn_task("CrossEntropyLoss", tuple(scores.shape))
        self._follow(step, None)
        return True

    def _observe(self, step: Step, proof: Proof) -> None:
        seen = self._look(step)
        got = self._returned(step, seen)
        if got is not None and not proof.number(seen.total / seen.count, got, loose=self._loose(step)):
            return
        self._follow(step, seen)
        self.feed.record(self.feed.batch("train", None, step.index, seen.label, _metrics(seen)))

    def _look(self, step: Step) -> Seen:
        import torch

        with torch.no_grad():
            if self._per_sample is None:
                seen = observe_outputs(
                    step.model, step.outputs, step.targets, smoothing=self._smoothing, logits=self._logits
                )
                self._evidence.learn_task(seen.criterion, seen.shape, seen.label is not None)
                return seen
            targets = step.targets
            if targets is not None and hasattr(step.outputs, "logits"):
                targets = targets.to(step.outputs.logits.device)
            values = self._per_sample(step.outputs, targets)
            if getattr(values, "ndim", 0) == 0:
                raise ValueError(
                    "per_sample returned a single number: it is reduced already; expected shape (B,)"
                )
            whole = (
                targets is not None and not targets.is_floating_point() and targets.numel() == len(step.index)
            )
            values = values.detach()
            return Seen(values, targets if whole else None, None, values.sum(), values.numel(), "", ())

    def _returned(self, step: Step, seen: Seen) -> Any:
        """Return the loss that the model returned for a batch, as a mean; None where it is not what is recorded."""
        value = returned_loss(step.outputs)
        if value is None or self._per_sample is not None or self._smoothing:
            return None
        return value if step.items is None else value * step.items / seen.count

    def _loose(self, step: Step) -> bool:
        import torch

        return bool(torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled("cuda")) or "16" in str(
            getattr(step.model, "dtype", "")
        )

    def _follow(self, step: Step, seen: Seen | None) -> None:
        """Add up what training would log if the recorded losses are those that it trains with."""
        if self._own is None or self._per_sample is not None:
            return
        value = returned_loss(step.outputs)
        if self._smoothing:
            value = None
            if seen is None:
                seen = self._look(step)
            value = seen.total / (seen.count if step.items is None else step.items)
        self._own.add(value, step.items is not None, self._loose(step))

    # evaluations wait for their name, which Trainer tells at the end

    @told
    def batch_evaluated(self, dataset: Any) -> None:
        """Look at the evaluation batches whose labels did not reach the model, now that their data set is known."""
        if dataset is not self._eval_data:
            self._eval_data = dataset
            self._lookups.pop("eval", None)
        waiting, self._waiting = self._waiting, []
        for step in waiting:
            self.feed.guard(("eval", None), partial(self._evaluate_with_labels, step))

    def _evaluate_with_labels(self, step: Step) -> None:
        if self._trusted(self._evidence.of("eval")):
            self._evaluate(self._with_targets(step, "eval"))

    def _trusted(self, proof: Proof) -> bool:
        """Refuse an evaluation of which nothing tells whether its rows are those of their names, where training's were not."""
        if "labels" not in self._evidence.of("train").told:
            return True
        proof.refuse(
            "labels",
            "the training batches are not in the order of their names, and nothing tells whether those of an evaluation are: "
            "they are not recorded",
            KEPT,
        )
        return False

    def _evaluate(self, step: Step) -> None:
        seen = self._look(step)
        batch = self.feed.batch("eval", None, step.index, seen.label, _metrics(seen))
        reported = seen.total / (seen.count if step.items is None else step.items)
        self._evaluated.append(
            Evaluated(
                batch,
                seen.total / seen.count,
                self._returned(step, seen),
                reported,
                self._loose(step),
                step.targets if len(self._evaluated) < FIRST else None,
            )
        )

    @told
    def evaluated(self, metrics: dict[str, float] | None, processes: int = 1) -> None:
        """Record an evaluation that is over, under the name it was given."""
        self._flush()
        held, self._evaluated, self._waiting = self._evaluated, [], []
        if not held:
            if self._unnamed["eval"]:
                self._no_index("eval")
            self._unnamed["eval"] = 0
            return
        ds_id = _data_set_of(metrics)
        proof = self._evidence.of("eval", ds_id)
        logged = (metrics or {}).get("eval_loss" if ds_id is None else f"eval_{ds_id}_loss")
        if logged is not None and processes == 1 and not self._agrees(proof, held, logged):
            return
        epoch = self.feed.begin("eval", ds_id)
        for one in held:
            proof.next()
            if one.got is not None:
                proof.number(one.want, one.got, loose=one.loose)
            self._prove_labels(proof, one.batch, one.targets)
            if proof.may_record:
                self.feed.record(one.batch._replace(ds_id=ds_id, epoch=epoch))
        self.feed.end("eval", ds_id)

    def _agrees(self, proof: Proof, held: list[Evaluated], logged: float) -> bool:
        """Whether the recorded losses of an evaluation give the number that the Trainer reports for it."""
        if self._per_sample is not None:
            proof.leave_open("loss", "per_sample was given")
            return True
        sizes = np.asarray([len(one.batch.index) for one in held], float)
        wants = np.asarray([float(one.reported) for one in held])
        known = ~np.isnan(wants)
        want = float((wants * sizes)[known].sum() / sizes[known].sum()) if known.any() else float("nan")
        limit = LOOSE if any(one.loose for one in held) else REPORTED
        if not np.isfinite(logged) or abs(want - logged) <= limit * max(abs(want), abs(logged)) + 1e-6:
            return True
        proof.refuse(
            "criterion",
            f"the recorded losses would give {want:.5g} for an evaluation whose loss the Trainer reports as {logged:.5g}, so it "
            "has a loss of its own, and such evaluations are not recorded",
            OWN,
        )
        return False

    def _prove_labels(self, proof: Proof, batch: Batch, targets: Any) -> None:
        labels = batch.label if batch.label is not None else targets
        look_up = None if given_labels(self._labels, "eval") else self._lookup("eval")
        if batch.label is None and targets is None and look_up is not None and proof.rows_seen:
            return  # several labels: those of the first batches are compared
        if look_up is None or labels is None:
            if self._trusted(proof):
                proof.leave_open("labels", "the data set does not tell them by name")
            return
        prove_evaluated(proof, batch.index, labels.cpu(), look_up)

    @told
    def predicted(self) -> None:
        """Drop what a prediction left."""
        self._evaluated, self._waiting = [], []

    def _flush(self) -> None:
        if self._held is not None:
            self._held.flush()

    @told
    def detach(self) -> None:
        """Leave the model, and the loader of a run that was cut short, as they were."""
        self._flush()
        self._release_loader()
        while self._undo:
            self._undo.pop()()

    def _release_loader(self) -> None:
        while self._undo_loader:
            self._undo_loader.pop()()

    # the trainer

    @told
    def train_begins(self, args: Any, state: Any, loader: Any = None) -> None:
        """Start a run, or continue that of a checkpoint."""
        self._release_loader()
        self._lookups["train"] = labels_of(getattr(loader, "dataset", None))
        named = name_batches(loader)
        self._undo_loader += [] if named is None else [named]
        self._own_labels.by_place = named is not None or _by_place(getattr(loader, "dataset", None))
        if self._per_sample is not None or self._smoothing:
            self._undo_loader.append(carry_labels(loader))
        if self._edited is not None:
            self._edit(loader, self._edited)
        alone = int(getattr(args, "world_size", 1)) == 1
        if alone:  # batches that go to several processes must be alike
            self._undo_loader.append(carry_samples(loader))
        self._own = OwnLoss(int(args.gradient_accumulation_steps), state.global_step) if alone else None
        saved = self.state_path(args, state)
        if state.global_step and saved.is_file():
            self._tracker.load_state_dict(type(self._tracker).load(saved).state_dict())
        feed = self.feed
        feed.epoch, feed.step = self._tracker.epoch, state.global_step
        # an epoch that the checkpoint lies in goes on under its number
        self._offset = max(feed.epoch - math.ceil((state.epoch or 0) - 1e-6), 0)
        self._continued = int((state.epoch or 0) + 1e-6) + 1 + self._offset
        self._tracker.epochs = int(state.num_train_epochs) + self._offset
        if state.max_steps and state.num_train_epochs:
            self._tracker.steps_per_epoch = -(-state.max_steps // state.num_train_epochs)
        self._tracker.start()

    @told
    def _edit(self, loader: Any, edited: EditedLoader) -> None:
        try:
            self._undo_loader.append(edit_loader(loader, edited))
        except ValueError as error:
            edited.edits.refuse("train", str(error))
            raise

    @told
    def epoch_begins(self, state: Any) -> None:
        """Open a training epoch: a pass over the loader, whatever fraction the Trainer makes of a stream's."""
        number, self._continued = self._continued, None
        cut = number is not None and (state.epoch or 0) % 1 > 1e-6
        self._seen = 0
        self._evidence.of("train").begin_pass()
        self._own_labels.begins()
        self.feed.begin("train", None, self.feed.epoch + 1 if number is None else number)
        if self._edited is not None:
            begin_epoch(self._edited.edits, self.feed.epoch, self._tracker.report, replay=cut)

    @told
    def stepped(self, state: Any) -> bool:
        """Be between two optimizer steps; whether training shall stop."""
        self.feed.stepped(state.global_step)
        if self._own is not None:
            self._own.stepped()
        return self.feed.stop_requested

    @told
    def epoch_ends(self) -> None:
        """Close a training epoch."""
        self._flush()
        self._own_labels.ends(self._evidence.of("train"))
        self.feed.end("train")

    @told
    def logged(self, state: Any, logs: dict[str, Any] | None) -> None:
        """Compare the loss that the Trainer logs with what the recorded ones would give."""
        own, value = self._own, (logs or {}).get("loss")
        if own is None or value is None or self._per_sample is not None:
            return
        wants = own.wants(state.global_step)
        if wants and not any(own.agrees(want, float(value)) for want in wants):
            own.refuted = True
            self._evidence.of("train").refuse(
                "criterion",
                f"the Trainer logs a training loss of {float(value):.5g} where the model's own is {wants[-1]:.5g}: it trains "
                "with another one (a compute_loss of your own), and from now on training batches are not recorded",
                OWN,
            )

    @told
    def train_ends(self) -> None:
        """End the run."""
        self._release_loader()
        self.epoch_ends()
        self._tracker.finish()

    @told
    def save(self, args: Any, state: Any) -> None:
        """Keep the tracker's state in the checkpoint that was just written."""
        path = self.state_path(args, state)
        if state.is_world_process_zero and path.parent.is_dir():
            self._tracker.save(path)

    @staticmethod
    def state_path(args: Any, state: Any) -> Path:
        """Return where the tracker's state of a checkpoint lies."""
        return Path(args.output_dir) / f"checkpoint-{state.global_step}" / STATE_FILE


def _metrics(seen: Seen) -> dict[str, Any]:
    return {"loss": seen.loss} if seen.logits is None else {"loss": seen.loss, "logits": seen.logits}


def _by_place(dataset: Any) -> bool:
    return type(dataset).__name__ == "Indexed" and bool(dataset.by_place)


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
