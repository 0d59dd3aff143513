"""The calls of a loss within one batch, and which of them is the loss."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from xai_widgets.hooks.torch.loss.batch_side import own_rows
from xai_widgets.hooks.torch.witness import leaves

_OURS = str(Path(os.path.abspath(__file__)).parents[3])


class Current:
    """A batch that a loop works on.

    Attributes
    ----------
    mode, ds_id, index, batch
        What is known of it; an index of None says that its samples cannot be told.
    first
        Whether it is the first of its pass, and the loop may only look at it.
    alive
        Whether its pass goes on.
    """

    def __init__(self, mode: str, ds_id: str | None, index: Any, batch: Any, first: bool = False) -> None:
        self.mode, self.ds_id, self.index, self.batch = mode, ds_id, index, batch
        self.size = 0 if index is None else len(index)
        self.first, self.alive = first, True
        self.used = 0
        self.calls: list[Call] = []
        self.counted: list[Call] = []  # what was decided of
        self.settled = False
        self.refused = False
        self.repeated = False  # whether a call was made again
        self.taken = 0  # how many batches of its data set had been taken by then
        self.graded = self.ungraded = (
            False  # whether the loss was called for it with gradients, or first without
        )
        # held, so that no later tensor gets the address of one
        self._outputs: list[tuple[int, Any, bool | None]] = []

    @property
    def unused(self) -> bool:
        """Whether no call of the loss was heard for it."""
        return not (
            self.calls or self.settled or self.refused or self.used or self.ungraded or self.index is None
        )

    def note(self, outputs: Any, own: bool | None) -> None:
        """Note what the model returned, and whether it was given a part of the batch."""
        found = [
            one
            for _, one in leaves(getattr(outputs, "to_tuple", lambda: outputs)())
            if hasattr(one, "data_ptr")
        ]
        self._outputs += [(place, one.detach(), own) for place, one in enumerate(found[:16])]

    def rank(self, outputs: Any) -> tuple[int, int]:
        """Tell whether a loss was given the model's first output (2), something unknown (1) or another output (0).

        The second number tells the same of the model's input: the batch's own, unknown, or another one.
        """
        if not hasattr(outputs, "data_ptr"):
            return 1, 1
        address, size = outputs.data_ptr(), outputs.numel()
        for place, known, own in self._outputs:
            if (known.data_ptr(), known.numel()) == (address, size):
                return (2 if place == 0 else 0), 1 if own is None else 2 * own
        return 1, 1


class Call:
    """One call of a loss."""

    def __init__(self, outputs: Any, targets: Any, value: Any, site: tuple[str, int], trains: bool) -> None:
        self._key = (_address(outputs), _address(targets)) if value is None else None
        self._value = value.detach() if hasattr(value, "detach") else None
        self.shape = tuple(getattr(outputs, "shape", ()))
        self._outputs = _address(outputs)
        self.site = site
        self.trains = trains
        self.own: bool | None = None  # whether its targets are the batch's
        self.odd = False  # whether its targets are no function of the batch's labels
        self.looked = False  # whether its targets were compared at all
        self.strong = False  # whether they are that by lying in its memory, and not by being equal
        self.orders = 0.0  # log of the number of orders in which its targets would look otherwise
        self.main: tuple[int, int] = (1, 1)
        self.place: tuple[int | str, ...] | None = None  # of its outputs, in what the model returned
        self.input: bool | None = None
        self.held: Any = None
        self.seen: Any = None
        self.number: Any = None

    @property
    def piece(self) -> bool:
        """Whether it is of a piece of the batch."""
        return self.seen is not None and isinstance(self.seen.rows, slice)

    @property
    def length(self) -> int:
        """Instances that it is of."""
        return 0 if self.seen is None else int(self.seen.loss.shape[0])

    def repeats(self, other: Call) -> bool:
        """Whether it says the same as another call, as a metric of the step does."""
        if self.shape != other.shape or (self._value is None) != (other._value is None):
            return False
        if self._value is None or other._value is None:
            return self._key == other._key
        if self._value.shape != other._value.shape:
            return False
        one, two = self._value, other._value
        return bool(((one == two) | ((one != one) & (two != two))).all())  # NaN, where no row has a label

    def mixes_with(self, other: Call) -> bool:
        """Whether another call compares the same outputs with the batch's labels in another order: inputs were mixed."""
        same = self._outputs == other._outputs and self.shape == other.shape
        return same and other.own is False

    def drop(self) -> None:
        """Do not count it."""
        if self.held is not None:
            self.held.void = True

    @property
    def counts(self) -> bool:
        """Whether it may be the loss: of the batch's own labels and not of a side output."""
        main, given = self.main
        if self.own is False or main == 0:
            return False
        return self.own is True or self.input is True or (main == 2 and given == 2)

    @property
    def rank(self) -> tuple[int, ...]:
        """How much speaks for it."""
        main, given = self.main
        if self.input is not None:
            given = 2 * self.input
        return (1 if self.own is None else 2 * self.own, main, given, int(self.trains))


def owner_of(evidence: Any, running: list[Current], newest: Current | None) -> Current | None:
    """Find the batch that a call is of, among those under way: that which `evidence` is a part of.

    None where that is none of them, or several.
    """
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
    if owners and hasattr(evidence, "__len__"):
        fitting = [one for one in owners if one.size == len(evidence)]
        return fitting[0] if len(fitting) == 1 else None
    return None


def pick(calls: list[Call]) -> Call | None:
    """Choose the call that is the loss: of the model's main output and the batch's own labels. None where that is not clear."""
    able = [call for call in calls if call.counts]
    if not able or mixed(calls):
        return None
    best = max(call.rank for call in able)
    top = [call for call in able if call.rank == best]
    # the same input through the model twice: the first counts
    return top[0] if len(top) == 1 or best[1] == 2 or best[2] == 2 else None


def mixed(calls: list[Call]) -> bool:
    """Whether a batch's inputs were mixed: one output is compared with its labels, and with these in another order."""
    return any(one.mixes_with(other) for one in calls if one.own is True for other in calls)


def describe(calls: list[Call], chosen: Call | None, *, settled: bool = False) -> tuple[str, str]:
    """Say what was seen of several calls in one step, and what to write."""
    sites = dict.fromkeys(
        f"{os.path.basename(call.site[0])}:{call.site[1]}" for call in calls if call.site[1]
    )
    what = f"the watched loss was called {len(calls)} times for one batch" + (
        f" ({', '.join(sites)})" if sites else ""
    )
    if settled:
        return f"{what}, some of them after the optimizer's step; recorded is what came before it", _NAME
    if chosen is None and mixed(calls):
        return (
            f"{what}, with the batch's labels and with these in another order: its inputs are mixed, so the losses are of no "
            "sample alone, and such batches are not recorded",
            "Record by hand: tracker.record(index, label, loss=...), or look at an evaluation of the same data",
        )
    if chosen is None:
        return (
            f"{what}, and nothing tells which is the loss of its instances, so such batches are not recorded",
            _NAME,
        )
    return (
        f"{what}; recorded is call {1 + next(i for i, one in enumerate(calls) if one is chosen)}, whose inputs are the model's "
        "output and the batch's own labels",
        "If it is another, give that loss a module of its own and watch it, or record the sum by hand: "
        "tracker.record(index, label, loss=...)",
    )


_NAME = (
    "Give the loss that counts a module of its own and watch(..., loss=that_module), name several with "
    'loss={"main": one, "aux": another}, or record by hand: tracker.record(watch.index, label, loss=...)'
)


def site_of() -> tuple[str, int]:
    """Return the file and line of the user's code that is running."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_OURS) and f"{os.sep}torch{os.sep}" not in name and "functools" not in name:
            return name, frame.f_lineno
        if frame.f_back is None:
            break
        frame = frame.f_back
    return "", 0


def _address(value: Any) -> int:
    return int(value.data_ptr()) if hasattr(value, "data_ptr") else id(value)
