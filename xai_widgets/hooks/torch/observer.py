"""`Observer`: which batch a torch loop works on, and what its loss says of every instance in it.

All torch hooks share it. They tell it of batches; it listens to the loss, weighs what every call of it is evidence of, and
hands to the tracker what is proved, or what nothing speaks against. A batch is settled when the loop leaves it: with its
next batch, with an optimizer step, or at the end of a pass. Only then it is known how often the loss was called in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key, key_reader
from xai_widgets.hooks.torch.batch_side import follow_labels, lies_in, own_rows
from xai_widgets.hooks.torch.calls import Call, Current, describe, pick, site_of
from xai_widgets.hooks.torch.device_copy import Drain
from xai_widgets.hooks.torch.gradient import GradientProof
from xai_widgets.hooks.torch.listen import listen, untraced
from xai_widgets.hooks.torch.loss_batching import Held, known
from xai_widgets.hooks.torch.output_place import OutputPlace
from xai_widgets.hooks.torch.per_sample_loss import (
    NotTold,
    PerSample,
    outputs_and_targets,
    plain,
    reduced,
)
from xai_widgets.hooks.torch.row_order import RowOrder, orders_of
from xai_widgets.hooks.torch.witness import leaves

__all__ = ["Current", "Observer", "listen", "targets_of", "untraced"]

LABEL_NAMES = ("label", "labels", "target", "targets", "y")
SILENT_BATCHES = 4  # so many batches without a call of the loss make a notice
FIRST = 3  # batches in which a device is waited for, to compare numbers
RARELY = 64  # then one in so many
UNDECIDED = 4  # batches that wait for it to be known which of their calls counts
BEHIND = 8  # batches that a loop may take before it works on the first of them


class Observer:
    """Listens to a loss and records what it says of the current batch.

    Parameters
    ----------
    feed
        Where recorded batches go.
    loss
        A loss module; a function, then asked for what `model` returned; or None.
    model
        Needed for a function; of a loss module that is called several times in a step, the model's outputs tell which.
    per_sample, logits
        As `PerSample` takes them.
    label
        Where batches carry their label, instead of the targets of the loss.
    main
        Whether this loss says which of the model's outputs is explained.
    metric, labels
        What values are recorded as, and whether its targets give labels: of several losses, one does.
    sink
        Where batches go instead.
    """

    def __init__(
        self,
        feed: Feed,
        loss: Any,
        model: Any = None,
        *,
        per_sample: Callable[[Any, Any], Any] | None = None,
        logits: bool | None = None,
        label: Key | None = None,
        metric: str = "loss",
        evidence: Evidence | None = None,
        main: bool = True,
        labels: bool = True,
        sink: Callable[[Any], None] | None = None,
    ) -> None:
        self._feed = feed
        self.evidence = Evidence(feed) if evidence is None else evidence
        self._drain = Drain(feed.record if sink is None else sink)
        self._metric, self._labels = metric, labels
        self._per_sample = None if loss is None else PerSample(loss, per_sample, logits)
        self._label = None if label is None else key_reader(label)
        by_row = (
            self._per_sample is not None
            and label is None
            and known(self._per_sample.torchs_own or "")
            and sink is None
        )
        self._held = (
            Held(feed, self._per_sample, self.evidence, metric, labels=labels)
            if self._per_sample is not None and by_row
            else None
        )
        feed.held_by(self.flush)
        self._currents: dict[tuple[str, str | None], Current] = {}
        self._newest: Current | None = None
        self._looks: dict[tuple[str, str | None], list[Callable[[], None]]] = {}
        self._undecided: list[tuple[Current, tuple[Any, ...]]] = []
        self._behind: dict[tuple[str, str | None], list[Current]] = {}  # taken, and not worked on yet
        self._lags = False  # whether the loop takes batches before it works on those that it has
        self._orders: dict[tuple[str, str | None], RowOrder] = {}
        self._graded = False  # whether the loss was called with gradients
        self._trained: dict[tuple[str, str | None], bool] = {}  # whether the present pass has gradients
        self._ungraded = 0  # training batches before that, for which it was called without
        self._several = False  # whether the loss was called several times for a batch
        self._silent = 0  # batches since the loss was last seen
        self._seen = 0  # calls looked at
        self._model = model
        self._place = OutputPlace(model if main and loss is not None else None)
        self._undo: list[Callable[[], None]] = [self._place.detach]
        self._gradients: GradientProof | None = None
        self._functional = loss is not None and not hasattr(loss, "register_forward_hook")
        if self._functional:
            self._gradients = GradientProof(loss) if per_sample is None else None
            self._undo.append(listen(model, self._on_model))
        elif loss is not None:
            self._undo.append(listen(loss, self._on_loss))

    @property
    def hears(self) -> bool:
        """Whether there is a loss to listen to."""
        return self._per_sample is not None

    @property
    def current(self) -> Current | None:
        """The batch that the loop works on; the newest one where it works on several."""
        return self._newest

    # what the loop works on

    def take(self, mode: str, ds_id: str | None, index: Any, batch: Any, *, first: bool = False) -> Current:
        """Note the batch that the loop works on now; an index of None says that its samples cannot be told.

        What is learned of a batch that is the `first` of a pass waits until `confirm`, since the loop may only look at it.
        """
        stream = (mode, ds_id)
        before = self._currents.pop(stream, None)
        if before is not None and before.unused:
            self._wait(stream, before)
        self._went(before)
        if first:
            self._trained.pop(stream, None)
        self._settle(before)
        self._drain.flush(wait=False)
        current = Current(mode, ds_id, index, batch, first)
        self._newest = self._currents[stream] = current
        self._silent += index is not None
        if self._silent == SILENT_BATCHES and self._per_sample is not None:
            self._feed.notice(
                f"{SILENT_BATCHES - 1} batches went by and the watched loss was not called. Pass the loss that the loop "
                "calls; if it is called inside a function compiled before, call torch._dynamo.reset() first or watch "
                "before the first step."
            )
        return current

    def record(self, index: Any, label: Any, metrics: dict[str, Any]) -> None:
        """Record values of the current batch that the loop computed by itself."""
        current = self._newest
        if current is not None and index is not None:
            self._silent = 0
            current.used = len(index)
            self._drain.put(self._feed.batch(current.mode, current.ds_id, index, label, metrics))

    def settle(self) -> None:
        """Settle what was heard of the current batches: the loop has made its step."""
        if self._behind:
            for waiting in self._behind.values():
                for current in waiting:
                    self._settle(current)
                waiting[:] = [current for current in waiting if current.unused]
            self._behind = {stream: waiting for stream, waiting in self._behind.items() if waiting}
        for current in tuple(self._currents.values()):
            calls = current.calls
            if len(calls) == 1 and calls[0].held is not None and calls[0].strong and not current.settled:
                # what nearly every batch is
                current.calls, current.counted, current.settled = [], calls, True
                self._learn_place(calls[0])
            elif calls:
                self._settle(current)

    def confirm(self, stream: tuple[str, str | None] | None = None) -> None:
        """Hand over what was learned of the first batch of a pass: the loop works on it, and does not only look."""
        for one in [stream] if stream is not None else list(self._looks):
            for commit in self._looks.pop(one, ()):
                commit()
        for current in (*self._currents.values(), *(one for part in self._behind.values() for one in part)):
            if stream in (None, (current.mode, current.ds_id)):
                current.first = False

    def forget(self, stream: tuple[str, str | None]) -> None:
        """Drop what was learned of a batch that the loop only looked at, and batches of the last pass that it never used."""
        self._looks.pop(stream, None)
        for waiting in self._behind.pop(stream, ()):
            self._settle(waiting)
        current = self._currents.get(stream)
        if current is not None and current.first:
            self._currents.pop(stream)
            self._newest = None if self._newest is current else self._newest

    def left(self, stream: tuple[str, str | None]) -> None:
        """Note that the pass of a stream is over; its last batch may still be worked on."""
        current = self._currents.get(stream)
        if current is not None:
            current.alive = False

    def evaluated(self, stream: tuple[str, str | None]) -> bool:
        """Whether the present pass over a training loader came without gradients alone."""
        current = self._currents.get(stream)
        if current is not None and (current.graded or current.ungraded):
            return not current.graded and not self._trained.get(stream, False)
        return self._trained.get(stream) is False

    def heard(self, stream: tuple[str, str | None]) -> bool:
        """Whether the loss was called for the current batch of a stream, or such calls wait."""
        current = self._currents.get(stream)
        return bool(self._looks.get(stream)) or (
            current is not None and bool(current.calls or current.settled)
        )

    def _wait(self, stream: tuple[str, str | None], current: Current) -> None:
        """Keep a batch that the loop went past, and may work on yet; of a loss that is never called, none is kept."""
        if not self.hears or (self._silent >= SILENT_BATCHES and not self._seen):
            self._behind.pop(stream, None)
            return
        waiting = self._behind.setdefault(stream, [])
        waiting.append(current)
        for old in waiting[:-BEHIND]:
            self._settle(old)
        del waiting[:-BEHIND]

    def waits(self, stream: tuple[str, str | None]) -> bool:
        """Whether the loop has taken a batch of a stream that it has not worked on."""
        current = self._currents.get(stream)
        return self.hears and (bool(self._behind.get(stream)) or (current is not None and current.unused))

    def never_used(self, stream: tuple[str, str | None]) -> None:
        """Note that the next pass begins; the last batches of a loop that takes some ahead are lost then."""
        if self._lags and self.waits(stream):
            self.evidence.of(*stream).warn(
                "ahead",
                "the next pass began before the loop had worked on the last batches of the one before, which are not recorded",
                "Let a pass end with its last batch, or record by hand: tracker.record(index, label, loss=...)",
            )

    def set_aside(self, stream: tuple[str, str | None]) -> None:
        """Note that a pass is over of which the loop may still work on the last batches."""
        current = self._currents.pop(stream, None)
        if current is not None and current.unused:
            self._wait(stream, current)
        self._went(current)
        self._settle(current)
        if current is self._newest:
            self._newest = list(self._currents.values())[-1] if self._currents else None

    def leave(self, stream: tuple[str, str | None] | None = None) -> None:
        """Note that the loop works on no batch now, or on none of `stream`."""
        for one in [stream] if stream is not None else [*self._currents, *self._behind]:
            for waiting in self._behind.pop(one, ()):
                self._settle(waiting)
            current = self._currents.pop(one, None)
            self._went(current)
            self._settle(current)
            if current is self._newest:
                self._newest = None
        if self._newest is None and self._currents:
            self._newest = list(self._currents.values())[-1]

    def flush(self) -> None:
        """Hand over what waits for others, or is still under way from a device."""
        self.settle()
        for stream, order in self._orders.items():
            for current, call in order.give_up():
                self.evidence.of(*stream).leave_open(
                    "order of rows", "the labels are too much alike to tell in which order a loss's rows are"
                )
                self._record(current, call)
        if self._held is not None:
            self._held.flush()
        self._drain.flush()

    def detach(self) -> None:
        """Listen no more."""
        self._currents.clear()
        self._behind.clear()
        self._newest = None
        while self._undo:
            self._undo.pop()()

    # what is heard

    def _on_loss(self, module: Any, args: Any, kwargs: Any, value: Any) -> None:
        if self._currents or self._behind:
            try:
                self._heard(args, kwargs, value)
            except Exception as error:  # whatever it is, the loop goes on
                self._feed.notice(f"a batch of {self._stream[0]} data was not recorded: {error}")

    def _on_model(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        if self._currents or self._behind:
            self._feed.guard(self._stream, lambda: self._heard_model(args, kwargs, outputs))

    @property
    def _stream(self) -> tuple[str, str | None]:
        return ("train", None) if self._newest is None else (self._newest.mode, self._newest.ds_id)

    def _heard_model(self, args: Any, kwargs: Any, outputs: Any) -> None:
        """Ask a function for what the model returned."""
        given = [one for one in (*args, *kwargs.values()) if hasattr(one, "detach")]
        evidence = given[0] if given else None
        current = self._choose(evidence) if self._currents else None
        if self._behind:
            current = self._late(current, evidence, None)
        if current is None or current.index is None:
            return
        outputs = one_output(outputs)
        targets = (self._label or targets_of)(current.batch)
        if hasattr(targets, "to") and hasattr(outputs, "device"):
            targets = targets.to(outputs.device, non_blocking=True)
        before = len(current.calls)
        self._look(current, (outputs.detach(), targets), {}, None, given, outputs.requires_grad)
        if self._gradients is not None and len(current.calls) > before:
            proof = self.evidence.of(current.mode, current.ds_id)
            self._gradients.ask(proof, outputs, targets)

    def _heard(self, args: Any, kwargs: Any, value: Any) -> None:
        per_sample = self._per_sample
        if per_sample is None:
            return
        outputs, targets = outputs_and_targets(args, kwargs, per_sample.kind)
        current = self._newest if len(self._currents) < 2 else self._choose(targets)
        if self._behind:
            current = self._late(current, targets, outputs)
        if current is not None and current.index is not None:
            self._look(current, args, kwargs, value, None, bool(getattr(outputs, "requires_grad", False)))

    def _choose(self, evidence: Any) -> Current | None:
        """Find the batch that a call is of, where the loop works on several: that which `evidence` is a part of."""
        newest = self._newest
        running = [one for one in self._currents.values() if one.alive or one is newest]
        if len(running) < 2:
            return newest
        owners = [one for one in running if any(leaf is evidence for _, leaf in leaves(one.batch))]
        if not owners and hasattr(evidence, "detach"):
            owners = [one for one in running if own_rows(evidence, one.batch, one.size)]
        if len(owners) == 1:
            return owners[0]
        if (
            not owners
            and newest is not None
            and all(one.mode != newest.mode for one in running if one is not newest)
        ):
            return newest  # an evaluation within an epoch
        fitting = (
            [one for one in owners or running if one.size == len(evidence)]
            if hasattr(evidence, "__len__")
            else []
        )
        if owners and len(fitting) == 1:
            return fitting[0]
        proof = self.evidence.of(*self._stream)
        proof.warn(
            "loaders",
            f"{len(running)} loaders are under way in one step, and a call of the loss is of none of their batches alone, so "
            "such calls are not recorded",
            "Watch the loader whose samples the loss is of alone",
        )
        return None

    def _late(self, newest: Current | None, evidence: Any, outputs: Any) -> Current | None:
        """Find the batch that a call is of, where the loop took batches that it has not worked on."""
        streams = list(self._behind) if newest is None else [(newest.mode, newest.ds_id)]
        waiting = [one for stream in streams for one in self._behind.get(stream, ())]
        if not waiting:
            return newest
        able = waiting if newest is None else [*waiting, newest]
        found = [one for one in able if lies_in(evidence, one.batch)]
        if len(found) != 1:
            found = [one for one in able if has_rows(evidence, one)]
        if len(found) != 1 and outputs is not None:
            given = [one for one in found or able if one.rank(outputs)[1] == 2]
            found = given if len(given) == 1 else found
        if len(found) != 1:
            self._hear_model()
            if newest is None:
                return None  # nobody's batch, as far as can be told
            proof = self.evidence.of(newest.mode, newest.ds_id)
            proof.next()
            proof.refuse(
                "ahead",
                f"the loop took {len(able)} {newest.mode} batches before it worked on the first, or left some out, and nothing "
                "tells of which a call of the loss is, so such batches are not recorded",
                "Call the watched loss with the batch's own labels, or record by hand: tracker.record(index, label, loss=...)",
            )
            return None
        current = found[0]
        stream = (current.mode, current.ds_id)
        self._lags = self._lags or current is not newest
        # what came before it was left out
        of_stream = self._behind.get(stream, [])
        place = of_stream.index(current) if current is not newest else len(of_stream)
        for old in of_stream[:place]:
            self._settle(old)
        del of_stream[:place]
        if not of_stream:
            self._behind.pop(stream, None)
        return current

    def _look(self, current: Current, args: Any, kwargs: Any, value: Any, inputs: Any, trains: bool) -> None:
        """Look at one call, and keep what it says until the batch is settled."""
        per_sample = self._per_sample
        assert per_sample is not None
        self._silent = 0
        if current.mode == "train" and not self._trains(current):
            return
        outputs, targets = outputs_and_targets(args, kwargs, per_sample.kind)
        # where a call stands is asked for only once there were several in a batch: most loops call their loss once
        site = site_of() if current.calls or self._several else ("", 0)
        call = Call(outputs, targets, value, site, trains)
        if current.calls and any(call.repeats(one) for one in current.calls):
            return
        seen, self._seen = self._seen, self._seen + 1
        near = getattr(outputs, "is_cpu", True) or seen < FIRST or seen % RARELY == 0 or current.calls
        whole = not current.calls and getattr(outputs, "shape", (0,))[:1] == (current.size,)
        if type(current.batch) in (list, tuple) and any(one is targets for one in current.batch):
            call.own = call.strong = call.looked = True
        elif near and hasattr(targets, "detach"):
            call.looked = True
            call.own = own_rows(targets, current.batch, current.size)
            call.odd = call.own is None and follow_labels(targets, current.batch, current.size) is False
            call.strong = call.own is True and lies_in(targets, current.batch)
            if call.own and not call.strong and not self._order((current.mode, current.ds_id)).proved:
                call.orders = orders_of(targets)
        call.main = current.rank(outputs)
        call.place = self._place.of(outputs)
        call.input = None if inputs is None else own_input(inputs, current)
        known_order = call.own is None or call.strong or self._order((current.mode, current.ds_id)).proved
        may_wait = whole and not current.first and not current.settled and known_order
        if self._held is not None and may_wait and call.own is not False and not call.odd:
            stamped = self._feed.batch(current.mode, current.ds_id, current.index, None, {})
            call.held = self._held.take(stamped, args, kwargs, value)
        if call.held is None:
            try:
                start = sum(one.length for one in current.calls if one.piece)
                call.seen = per_sample(args, kwargs, value, current.size, current.batch, start)
            except NotTold as error:
                proof = self.evidence.of(current.mode, current.ds_id)
                proof.next()
                proof.refuse("side", f"{error}"[:-1] if f"{error}".endswith(".") else f"{error}")
                current.refused = True
                return
            call.own = True if call.seen.proved else call.own
            call.number = _numbers(per_sample, call, value, args, kwargs) if near else None
        current.calls.append(call)

    def _trains(self, current: Current) -> bool:
        """Whether a call for a training batch is of training: those without gradients are of an evaluation, or a metric."""
        import torch

        if torch.is_grad_enabled():
            if not self._graded and self._ungraded:
                self._tell_ungraded(current)
            self._graded = current.graded = True
        elif self._graded and not (current.graded or current.calls or current.settled):
            current.ungraded = True
            return False
        elif not self._graded:
            self._ungraded += 1
        return True

    def _went(self, current: Current | None) -> None:
        """Note whether a batch that the loop leaves was trained on, or only evaluated."""
        if current is None or not (current.graded or current.ungraded):
            return
        stream = (current.mode, current.ds_id)
        self._trained[stream] = current.graded or self._trained.get(stream, False)
        if not current.graded:
            self._tell_ungraded(current)

    def _tell_ungraded(self, current: Current) -> None:
        if self._ungraded:
            text = "the first losses of the training loader came without gradients, as evaluations have them, and were recorded"
        else:
            text = (
                "losses of training batches came without gradients alone: that is an evaluation, so it is not recorded, and its "
                "pass counts as no epoch"
            )
        self.evidence.of(current.mode, current.ds_id).warn(
            "ungraded",
            text,
            'Evaluate training data with a loader of its own: watch(..., eval_loader={"train": that_loader})',
        )

    # settling a batch

    def _settle(self, current: Current | None) -> None:
        """Decide which calls of a batch count, and record them."""
        if current is None or not current.calls:
            return
        calls, current.calls = current.calls, []
        stream = (current.mode, current.ds_id)
        if current.settled:
            self._tell_several(current, [*current.counted, *calls], None, late=True)
            for call in calls:
                call.drop()
            return
        self._feed.guard(stream, lambda: self._decide(current, calls))

    def _decide(self, current: Current, calls: list[Call]) -> None:
        current.settled, current.counted = True, calls
        pieces = [call for call in calls if call.piece]
        proof = self.evidence.of(current.mode, current.ds_id)
        proof.next()
        whole = [call for call in calls if not call.piece]
        if pieces and calls[0].piece:
            if whole:
                self._tell_several(current, calls, pieces[-1])
                for call in whole:
                    call.drop()
            if sum(call.length for call in pieces) != current.size:
                proof.refuse(
                    "pieces",
                    f"the loss was called for {sum(c.length for c in pieces)} of the {current.size} instances of a batch, and "
                    "which they are could not be told, so such batches are not recorded",
                    "Give per_sample=function(outputs, targets) -> (B,), or index=function(batch)",
                )
                return
            self._commit_all(current, pieces)
            return
        if len(calls) == 1:
            self._commit_all(current, calls)
            return
        self._hear_model()
        chosen = pick(calls)
        self._tell_several(current, calls, chosen)
        if chosen is None:
            for call in calls:
                call.drop()
            self._undecided = [*self._undecided[1 - UNDECIDED :], (current, tuple(calls))]
            return
        for call in calls:
            if call is not chosen:
                call.drop()
        self._commit_all(current, [chosen])
        waiting, self._undecided = self._undecided, []
        place = calls.index(chosen)
        for earlier, those in waiting:
            same = [one.site for one in those[1:]] == [one.site for one in calls[1:]]
            if same and len(those) == len(calls) and those[place].seen is not None:
                self._commit_all(earlier, [those[place]])

    def _tell_several(
        self, current: Current, calls: list[Call], chosen: Call | None, *, late: bool = False
    ) -> None:
        self._several = True
        proof = self.evidence.of(current.mode, current.ds_id)
        text, remedy = describe(calls, chosen, settled=late)
        proof.warn("several", text, remedy)

    def _commit_all(self, current: Current, calls: list[Call]) -> None:
        stream = (current.mode, current.ds_id)
        commit = [partial(self._commit, current, call) for call in calls]
        if current.first:
            self._looks.setdefault(stream, []).extend(commit)
            return
        for one in commit:
            one()

    def _commit(self, current: Current, call: Call) -> None:
        """Record one call, unless something speaks against it, or wait for labels that tell in which order its rows are."""
        proof = self.evidence.of(current.mode, current.ds_id)
        proof.next()
        if call.own is True and not call.strong and call.looked and not proof.distrusted:
            order = self._order((current.mode, current.ds_id))
            for one in order.tell(call.orders, (current, call)):
                self._record(*one)
            return
        self._record(current, call)

    def _order(self, stream: tuple[str, str | None]) -> RowOrder:
        return self._orders.setdefault(stream, RowOrder())

    def _record(self, current: Current, call: Call) -> None:
        proof = self.evidence.of(current.mode, current.ds_id)
        proof.next()
        if call.own is False:
            self._order((current.mode, current.ds_id)).refute()
            call.drop()
            proof.refuse(
                "targets",
                "the loss's targets are the batch's labels in another order, so which sample a row is of could not be told",
                "Call the watched loss with the batch's own labels, or record by hand: tracker.record(index, label, loss=...)",
            )
            return
        if proof.distrusted and not call.strong:
            call.drop()
            proof.refused += 1
            return
        if call.odd:
            own = call.input is True or call.main[1] == 2 or self._label is not None
            what = "its rows are recorded without a label" if own else "such batches are not recorded"
            text = (
                "the loss's targets are not the batch's labels and no function of them (mixed, or drawn anew?), so "
                + what
            )
            remedy = "Give label= (where batches carry the label), or record by hand: tracker.record(index, label, loss=...)"
            if not own:
                self._hear_model()  # whether it is given the batch's own rows tells, from the next batch on
                call.drop()
                proof.refuse("odd", text, remedy)
                return
            proof.warn("targets", text, remedy)
        elif call.own is None and call.held is None and call.looked:
            proof.leave_open("targets", "the loss's targets were not found in the batch")
        self._learn_place(call)
        if call.held is not None or call.seen is None:
            return
        if call.number is not None and not self._agrees(proof, call):
            return
        seen = call.seen
        index, rows = current.index, seen.rows
        label = seen.label if self._label is None else self._label(current.batch)
        label = None if (call.odd and self._label is None) or not self._labels else label
        if rows is not None:
            index = _rows_of(index, rows)
            label = label if self._label is None else _rows_of(label, rows)
        metrics = {self._metric: seen.loss}
        if seen.weighted is not None:
            metrics[f"{self._metric}_weighted"] = seen.weighted
            proof.weighted = True
        if seen.logits is not None and label is not None:
            metrics["logits"] = seen.logits
        if self._labels:
            kind = self._per_sample.kind if self._per_sample else ""
            self.evidence.learn_task(kind, call.shape, seen.label is not None)
        self._drain.put(self._feed.batch(current.mode, current.ds_id, index, label, metrics))

    def _learn_place(self, call: Call) -> None:
        """Note which of the model's outputs a call that counts was given; nobody has to listen to the model for it then."""
        if call.place is not None:
            self._feed.tracker.output, call.place = call.place, None
            self._place.detach()

    def _agrees(self, proof: Any, call: Call) -> bool:
        wants, got, loose = call.number or ((), 0.0, False)
        per_sample = self._per_sample
        if per_sample is not None and per_sample.given and not any(_near(want, got) for want in wants):
            proof.warn(
                "per_sample",
                "the mean of per_sample is not the number that the criterion returns; recorded is what per_sample gives",
            )
            return True
        best = min(wants, key=lambda want: abs(want - got) if want == want else float("inf"))
        return bool(proof.number(best, got, loose=loose))

    def _hear_model(self) -> None:
        """Listen to the model from now on, whose outputs tell which of several calls counts."""
        if self._model is None or self._functional or not hasattr(self._model, "register_forward_hook"):
            return
        if len(self._undo) < 3:
            self._undo.append(listen(self._model, self._note_outputs))

    def _note_outputs(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        for current in (*self._currents.values(), *(one for part in self._behind.values() for one in part)):
            inputs = [one for one in (*args, *kwargs.values()) if hasattr(one, "detach")]
            current.note(outputs, own_input(inputs, current))


def _numbers(
    per_sample: PerSample, call: Call, value: Any, args: Any, kwargs: Any
) -> tuple[tuple[float, ...], float, bool] | None:
    """Return the numbers that the recorded values may give, and the one that the criterion returned."""
    import torch

    value, seen = plain(value), call.seen
    if seen is None or not hasattr(value, "ndim") or value.ndim != 0:
        return None
    raw, how = seen.raw, per_sample.reduction
    loose = torch.is_autocast_enabled(raw.device.type) or raw.dtype in (torch.float16, torch.bfloat16)
    raw = raw.float() if raw.dtype in (torch.float16, torch.bfloat16) else raw
    if per_sample.kind == "CTCLoss" and how == "mean":
        lengths = args[3] if len(args) > 3 else kwargs.get("target_lengths")
        raw = raw / torch.as_tensor(lengths, device=raw.device).clamp(min=1)
    ways = [how]
    if per_sample.torchs_own is None and how == "mean":
        ways += ["batchmean", "sum"] if per_sample.given else ["batchmean"]
    wants = tuple(float(reduced(raw, seen.share, way)) for way in ways)
    return wants, float(value.detach()), bool(loose)


def has_rows(evidence: Any, current: Current) -> bool:
    """Whether what a call was given is a part of a batch, row by row."""
    return hasattr(evidence, "detach") and own_rows(evidence, current.batch, current.size) is True


def _near(want: float, got: float) -> bool:
    from xai_widgets.hooks._common.evidence import agree

    return agree(want, got)


def _rows_of(values: Any, rows: Any) -> Any:
    """Take a slice or mask out of an array, tensor or list."""
    if isinstance(rows, slice):
        return values[rows]
    mask = rows.cpu().numpy()
    if hasattr(values, "dtype"):
        return (
            values[rows.to(values.device)]
            if hasattr(values, "device") and hasattr(values, "detach")
            else values[mask]
        )
    return [one for one, kept in zip(values, mask.tolist(), strict=True) if kept]


def own_input(inputs: Any, current: Current) -> bool | None:
    """Whether a model was given a part of the batch."""
    parts = [part for _, part in leaves(current.batch) if hasattr(part, "detach")]
    if any(one is part for one in inputs for part in parts):
        return True
    known: bool | None = None
    for one in inputs:
        for part in parts:
            if one.shape == part.shape and one.dtype == part.dtype:
                if bool((one.detach() == part.to(one.device)).all()):
                    return True
                known = False
    return known


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
