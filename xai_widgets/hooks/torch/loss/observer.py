"""`Observer`: which batch a torch loop works on, and what its loss says of every instance in it.

All torch hooks share it. They tell it of batches; it listens to the loss, weighs what every call of it is evidence of, and
hands to the tracker what is proved, or what nothing speaks against. A batch is settled when the loop leaves it: with its
next batch, with an optimizer step, or at the end of a pass. Only then it is known how often the loss was called in it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from xai_widgets.hooks._common.evidence import Evidence, agree
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.instance_ids import Key, key_reader
from xai_widgets.hooks.torch.listen import listen
from xai_widgets.hooks.torch.loss.batch_side import follow_labels, lies_in, own_input, own_rows, take_rows
from xai_widgets.hooks.torch.loss.calls import Call, Current, describe, mixed, owner_of, pick, site_of
from xai_widgets.hooks.torch.loss.function_loss import one_output, targets_of
from xai_widgets.hooks.torch.loss.graded_passes import GradedPasses
from xai_widgets.hooks.torch.loss.gradient import GradientProof
from xai_widgets.hooks.torch.loss.loss_batching import Held, known
from xai_widgets.hooks.torch.loss.output_place import OutputPlace
from xai_widgets.hooks.torch.loss.per_sample_loss import NotTold, PerSample, outputs_and_targets
from xai_widgets.hooks.torch.loss.prefetched import Prefetched
from xai_widgets.hooks.torch.loss.row_order import RowOrder, orders_of
from xai_widgets.hooks.torch.witness import leaves

SILENT_BATCHES = 4  # so many batches without a call of the loss make a notice
FIRST = 3  # batches in which a device is waited for, to compare numbers
RARELY = 64  # then one in so many
MOST_GUESSED = 4096  # batches that can be taken back where the order of rows is found out late
UNDECIDED = 4  # batches that wait for it to be known which of their calls counts
STRAYS = 4  # calls that train, in a row, for no batch of a watched loader, that make a notice


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
        self._hand_on = feed.record if sink is None else sink
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
        self._ahead = Prefetched(self.evidence, self._settle)
        self._orders: dict[tuple[str, str | None], RowOrder] = {}
        self._passes = GradedPasses(self.evidence)
        self._mixes = False  # whether it compares outputs with labels in two orders
        self._several = False  # whether the loss was called several times for a batch
        self._untold: tuple[Current, list[Call]] | None = None  # several calls of which nothing is said yet
        self._strays = 0
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
        self._passes.leave(before)
        if first:
            self._passes.begin(stream)
        self._settle(before)
        current = Current(mode, ds_id, index, batch, first)
        current.taken = self._feed.taken(stream)
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
            self._hand_on(self._feed.batch(current.mode, current.ds_id, index, label, metrics))

    def settle(self) -> None:
        """Settle what was heard of the current batches: the loop has made its step."""
        if self._ahead.waiting:
            self._ahead.settle_used()
        for current in tuple(self._currents.values()):
            calls = current.calls
            plain_step = len(calls) == 1 and calls[0].held is not None and calls[0].strong
            if plain_step and not current.settled and not current.repeated:
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
        for current in (*self._currents.values(), *self._ahead):
            if stream in (None, (current.mode, current.ds_id)):
                current.first = False

    def forget(self, stream: tuple[str, str | None]) -> None:
        """Drop what was learned of a batch that the loop only looked at, and batches of the last pass that it never used."""
        self._looks.pop(stream, None)
        self._ahead.release(stream)
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
        return self._passes.evaluated(stream, self._currents.get(stream))

    def heard(self, stream: tuple[str, str | None]) -> bool:
        """Whether the loss was called for the current batch of a stream, or such calls wait."""
        current = self._currents.get(stream)
        return bool(self._looks.get(stream)) or (
            current is not None and bool(current.calls or current.settled)
        )

    def _wait(self, stream: tuple[str, str | None], current: Current) -> None:
        """Keep a batch that the loop went past, and may work on yet; of a loss that is never called, none is kept."""
        if not self.hears or (self._silent >= SILENT_BATCHES and not self._seen):
            self._ahead.drop(stream)
        else:
            self._ahead.add(stream, current)

    def waits(self, stream: tuple[str, str | None]) -> bool:
        """Whether the loop has taken a batch of a stream that it has not worked on."""
        current = self._currents.get(stream)
        return self.hears and (stream in self._ahead.waiting or (current is not None and current.unused))

    def never_used(self, stream: tuple[str, str | None]) -> None:
        """Note that the next pass begins; the last batches of a loop that takes some ahead are lost then."""
        if self.waits(stream):
            self._ahead.warn_unused(stream)

    def set_aside(self, stream: tuple[str, str | None]) -> None:
        """Note that a pass is over of which the loop may still work on the last batches."""
        current = self._currents.pop(stream, None)
        if current is not None and current.unused:
            self._wait(stream, current)
        self._passes.leave(current)
        self._settle(current)
        if current is self._newest:
            self._newest = list(self._currents.values())[-1] if self._currents else None

    def leave(self, stream: tuple[str, str | None] | None = None) -> None:
        """Note that the loop works on no batch now, or on none of `stream`."""
        for one in [stream] if stream is not None else [*self._currents, *self._ahead.waiting]:
            self._ahead.release(one)
            current = self._currents.pop(one, None)
            self._passes.leave(current)
            self._settle(current)
            if current is self._newest:
                self._newest = None
        if self._newest is None and self._currents:
            self._newest = list(self._currents.values())[-1]

    def flush(self) -> None:
        """Hand over what waits for others."""
        self.settle()
        if self._untold is not None:
            self._tell_several(*self._untold, None)
        for stream, order in self._orders.items():
            for current, call in order.give_up():
                self.evidence.of(*stream).leave_open(
                    "order of rows", "the labels are too much alike to tell in which order a loss's rows are"
                )
                if len(order.guessed) < MOST_GUESSED:
                    order.guessed.append(self._feed.batch(*stream, current.index, None, {}))
                self._record(current, call)
        if self._held is not None:
            self._held.flush()

    def detach(self) -> None:
        """Listen no more."""
        self._currents.clear()
        self._ahead.waiting.clear()
        self._newest = None
        while self._undo:
            self._undo.pop()()

    # what is heard

    def _on_loss(self, module: Any, args: Any, kwargs: Any, value: Any) -> None:
        if self._currents or self._ahead.waiting:
            try:
                self._heard(args, kwargs, value)
            except Exception as error:  # whatever it is, the loop goes on
                self._feed.notice(f"a batch of {self._stream[0]} data was not recorded: {error}")
        else:
            self._stray(value)

    def _on_model(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        if self._currents or self._ahead.waiting:
            self._feed.guard(self._stream, lambda: self._heard_model(args, kwargs, outputs))
        else:
            self._stray(next((one for _, one in leaves(outputs)), None))

    def _stray(self, value: Any) -> None:
        """Count calls for no batch of a watched loader: some that train in a row are of a loader that nobody watches."""
        if getattr(value, "requires_grad", False) and self._strays < STRAYS:
            self._strays += 1
            if self._strays == STRAYS:
                self.evidence.of("train").warn(
                    "strays",
                    f"the loop trains on batches that no watched loader gave ({STRAYS} of them in a row), which are not "
                    "recorded: its loader was made anew, or its batches are kept or copied",
                    "Watch the loader that the loop goes through: watch(...) after it is made, once for each that is made",
                )

    @property
    def _stream(self) -> tuple[str, str | None]:
        return ("train", None) if self._newest is None else (self._newest.mode, self._newest.ds_id)

    def _heard_model(self, args: Any, kwargs: Any, outputs: Any) -> None:
        """Ask a function for what the model returned."""
        given = [one for one in (*args, *kwargs.values()) if hasattr(one, "detach")]
        evidence = given[0] if given else None
        current = self._choose(evidence) if self._currents else None
        if self._ahead.waiting:
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
        if self._ahead.waiting:
            current = self._late(current, targets, outputs)
        if current is not None and current.index is not None:
            self._look(current, args, kwargs, value, None, bool(getattr(outputs, "requires_grad", False)))

    def _choose(self, evidence: Any) -> Current | None:
        """Find the batch that a call is of, where the loop works on several: that which `evidence` is a part of."""
        newest = self._newest
        running = [one for one in self._currents.values() if one.alive or one is newest]
        if len(running) < 2:
            return newest
        owner = owner_of(evidence, running, newest)
        if owner is not None:
            return owner
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
        current = self._ahead.owner(newest, evidence, outputs)
        if current is None:
            self._hear_model()
        return current

    def _look(self, current: Current, args: Any, kwargs: Any, value: Any, inputs: Any, trains: bool) -> None:
        """Look at one call, and keep what it says until the batch is settled."""
        per_sample = self._per_sample
        assert per_sample is not None
        self._silent = 0
        self._strays = 0 if self._strays < STRAYS else STRAYS
        if current.mode == "train" and not self._passes.trains(current):
            return
        outputs, targets = outputs_and_targets(args, kwargs, per_sample.kind)
        # where a call stands is asked for only once there were several in a batch: most loops call their loss once
        site = site_of() if current.calls or self._several else ("", 0)
        call = Call(outputs, targets, value, site, trains)
        if current.calls and any(call.repeats(one) for one in current.calls):
            current.repeated = True
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
        call.input = None if inputs is None else own_input(inputs, current.batch)
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
            call.number = per_sample.numbers(call.seen, value, args, kwargs) if near else None
        current.calls.append(call)

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
        self._mixes = self._mixes or mixed(calls)
        if self._mixes and len(calls) == 1 and current.repeated:  # its labels are alike in both orders
            calls[0].drop()
            proof.refused += 1
            return
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
        hears, self._several = self._hear_model(), True
        chosen = pick(calls)
        if chosen is None and not hears and not mixed(calls):
            self._untold = (current, calls)  # what the model returns tells more from the next batch on
        else:
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
        self._untold = None
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
            order = self._order((current.mode, current.ds_id))
            order.refute()
            if order.guessed:
                guessed, order.guessed = order.guessed, []
                proof.withdraw_guessed(guessed)
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
            index = take_rows(index, rows)
            label = label if self._label is None else take_rows(label, rows)
        metrics = {self._metric: seen.loss}
        if seen.weighted is not None:
            metrics[f"{self._metric}_weighted"] = seen.weighted
            proof.weighted = True
        if seen.logits is not None and label is not None:
            metrics["logits"] = seen.logits
        if self._labels:
            kind = self._per_sample.kind if self._per_sample else ""
            self.evidence.learn_task(kind, call.shape, seen.label is not None)
        stamped = self._feed.batch(current.mode, current.ds_id, index, label, metrics)
        self._hand_on(stamped._replace(taken=current.taken))

    def _learn_place(self, call: Call) -> None:
        """Note which of the model's outputs a call that counts was given; nobody has to listen to the model for it then."""
        if call.place is not None:
            self._feed.tracker.output, call.place = call.place, None
            self._place.detach()

    def _agrees(self, proof: Any, call: Call) -> bool:
        wants, got, loose = call.number or ((), 0.0, False)
        per_sample = self._per_sample
        if per_sample is not None and per_sample.given and not any(agree(want, got) for want in wants):
            proof.warn(
                "per_sample",
                "the mean of per_sample is not the number that the criterion returns; recorded is what per_sample gives",
            )
            return True
        best = min(wants, key=lambda want: abs(want - got) if want == want else float("inf"))
        return bool(proof.number(best, got, loose=loose))

    def _hear_model(self) -> bool:
        """Listen to the model from now on, whose outputs tell which of several calls counts; whether there is no more to hear."""
        if self._model is None or self._functional or not hasattr(self._model, "register_forward_hook"):
            return True
        if len(self._undo) < 3:
            self._undo.append(listen(self._model, self._note_outputs))
            return False
        return True

    def _note_outputs(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        for current in (*self._currents.values(), *self._ahead):
            inputs = [one for one in (*args, *kwargs.values()) if hasattr(one, "detach")]
            current.note(outputs, own_input(inputs, current.batch))
