"""What is proved of a run: which sample a row is, that its label is its own, that the recorded loss is the criterion's.

A hook claims; this is where claims are checked before they count. An adapter makes one `Evidence` for its run and asks it
before it records a batch::

    evidence = Evidence(feed)                                     # once; tracker.check() asks it from then on
    proof = evidence.of("train", None)                            # one for each (mode, ds_id)
    proof.named_by = "the data set's order"                       # how samples got their names
    proof.labels(given, found)                                    # what the data says of the named rows, what is in them
    proof.loss(values, returned, how="mean")                      # per-sample values, the number the criterion returned
    if proof.may_record: feed.record(batch)

`labels` and `loss` return whether the claim holds. What is refuted is told once, in the warnings and in
``tracker.problems``, with the line that mends it, and the batch must not be recorded. What nothing proves or refutes is
recorded and said to be open. ``proof.refuse(what, text, remedy)`` is for what an adapter finds out by itself.

Everything here is numpy: an adapter hands in arrays that have left their device.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets._task import of_criterion
from xai_widgets.hooks._common.feed import MOST_UNSURE, Feed
from xai_widgets.tracking import CheckItem

Array = npt.NDArray[Any]

RELATIVE, ABSOLUTE = 1e-4, 1e-6
ENOUGH = math.log(10_000)  # of so many orders, one would look the same by chance
LOOSE = 1e-2  # under autocast the criterion's number has three digits


class Proof:
    """What is proved of one data set in one mode.

    Attributes
    ----------
    named_by
        How samples got their names, such as "the data set's order".
    rows_proved, rows_seen
        Rows whose label is the one that the data gives for their name, of those looked at.
    batches_agreed, batches_seen
        Batches whose recorded losses give the criterion's number, of those looked at.
    refused
        Batches that were not recorded.
    open
        Claims that nothing proves: {what: why}.
    """

    def __init__(self, feed: Feed, mode: str, ds_id: str | None) -> None:
        self._feed = feed
        self.mode, self.ds_id = mode, ds_id
        self.named_by = "the data set's order"
        self.orders = 0.0  # log of how many orders of the rows that were looked at would have shown
        self.rows_proved = self.rows_seen = 0
        self.batches_agreed = self.batches_seen = 0
        self.refused = 0
        self.weighted = False
        self.open: dict[str, str] = {}
        self.told: dict[str, CheckItem] = {}
        self.may_record = True  # of the batch that was looked at last
        self.distrusted = (
            False  # whether rows were found to be others than claimed: then equal values prove nothing
        )

    def next(self) -> None:
        """Begin with another batch."""
        self.may_record = True

    def took(self) -> None:
        """Begin with a batch that was taken from the data set."""
        self.may_record = True
        self._feed.took((self.mode, self.ds_id))

    def labels(self, given: Any, found: Any, remedy: str = "") -> bool:
        """Compare the labels that the data gives for named rows with those that are in the rows, (B,) each."""
        self.open.pop("labels", None)
        same = same_labels(given, found)
        self.rows_seen += len(same)
        self.rows_proved += int(same.sum())
        if same.all():
            self.orders += orders_of_rows(given)
            self._feed.believe((self.mode, self.ds_id))
            return True
        row = int(np.argmin(same))
        self.refuse(
            "labels",
            f"the {self.mode} batches are not in the order of their names: the data gives label {_short(given, row)} where "
            f"the batch has {_short(found, row)}, so nothing of such batches is recorded",
            remedy or BY_NAME,
        )
        return False

    def proved(self, rows: int, orders: float = 0.0) -> None:
        """Count rows whose samples were seen to be those of their names; `orders` is the log of how many others would show."""
        self.open.pop("labels", None)
        self.orders += orders
        self.rows_seen += rows
        self.rows_proved += rows
        self._feed.believe((self.mode, self.ds_id))

    def begin_pass(self) -> None:
        """Believe the passes before this one, if a look agreed in any; rows that are not believed can be taken back."""
        stream = (self.mode, self.ds_id)
        unsure = self._feed.unsure(stream)
        if unsure is None or self.orders >= ENOUGH or unsure >= MOST_UNSURE:
            self._feed.remember(stream)

    def withdraw(self) -> None:
        """Take back the rows of this pass that came since a look agreed last, and tell."""
        self._tell_withdrawn(self._feed.withdraw((self.mode, self.ds_id)))

    def withdraw_guessed(self, guessed: list[Any]) -> None:
        """Take back batches that were recorded on no evidence, as stamped by the feed, and tell."""
        self._tell_withdrawn(self._feed.take_back((self.mode, self.ds_id), guessed))

    def withdraw_names(self, names: Array) -> None:
        """Take back all that came of instances in this pass, and record nothing more of this data set; and tell."""
        self._tell_withdrawn(self._feed.withdraw_names((self.mode, self.ds_id), names))

    def _tell_withdrawn(self, rows: int) -> None:
        if rows:
            self.warn(
                "withdrawn",
                f"{rows:,} {self.mode} rows that were recorded before that was found out, and not proved, are taken back",
            )

    def number(self, want: Any, returned: Any, *, loose: bool = False, remedy: str = "") -> bool:
        """Compare what the recorded losses give, reduced as the criterion reduces, with the number that it returned."""
        want, got = float(want), float(returned)
        self.batches_seen += 1
        if agree(want, got, loose=loose):
            self.batches_agreed += 1
            return True
        self.refuse(
            "loss",
            f"the recorded losses would give {want:.6g} for a {self.mode} batch, the criterion returned {got:.6g}, so such "
            "batches are not recorded",
            remedy or PER_SAMPLE,
        )
        return False

    def loss(
        self,
        values: Any,
        returned: Any,
        *,
        how: str = "mean",
        count: float | None = None,
        loose: bool = False,
        remedy: str = "",
    ) -> bool:
        """Reduce per-sample `values` as the criterion does, and compare with the number that it returned.

        Parameters
        ----------
        values
            Any shape; NaN where a row has none.
        returned
            The criterion's number.
        how
            "mean" or "sum".
        count
            What the sum is divided by, where that is not the number of values (weights, tokens that count).
        loose
            Whether the step ran under autocast.
        """
        each = np.asarray(values, np.float64)
        each = each[~np.isnan(each)]
        if how == "sum":
            want = float(each.sum())
        else:
            number = len(each) if count is None else count
            want = float(each.sum() / number) if number else float("nan")
        return self.number(want, returned, loose=loose, remedy=remedy)

    def refuse(self, what: str, text: str, remedy: str = "") -> None:
        """Have the present batch not recorded, and tell the user once for each `what`."""
        self.may_record = False
        self.distrusted = self.distrusted or what != "loss"
        self.refused += 1
        self.warn(what, text, remedy)

    def warn(self, what: str, text: str, remedy: str = "") -> None:
        """Tell the user once for each `what`; the batch is recorded all the same."""
        if what not in self.told:
            self.told[what] = CheckItem("warn", text, remedy)
            self._feed.notice(f"{text}. {remedy}" if remedy else text)

    def leave_open(self, what: str, why: str) -> None:
        """Note that nothing proves `what`; "labels" is forgotten again when rows are proved later."""
        self.open.setdefault(what, why)

    def items(self) -> Iterable[CheckItem]:
        """Say it."""
        where = self.mode if self.ds_id is None else f"{self.mode} ({self.ds_id})"
        yield from self.told.values()
        if self.refused:
            yield CheckItem("warn", f"{_many(self.refused, f'{where} batch')} not recorded")
        if self.rows_seen:
            level = "ok" if self.rows_proved == self.rows_seen else "warn"
            yield CheckItem(
                level, f"{where} labels proved on {self.rows_proved:,} of {self.rows_seen:,} rows"
            )
        if self.batches_seen:
            level = "ok" if self.batches_agreed == self.batches_seen else "warn"
            weights = "unweighted, checked with its weights" if self.weighted else "unweighted"
            yield CheckItem(
                level,
                f"{where} loss: the criterion's, {weights}, agrees in {self.batches_agreed:,} of {self.batches_seen:,} batches",
            )
        for what, why in self.open.items():
            yield CheckItem("open", f"{where} {what} not proved: {why}")


BY_NAME = (
    "Let batches carry their names: DataLoader(xai_widgets.hooks.torch.Indexed(dataset), ...), with "
    "collate_fn=indexed.collate(collate_fn), or give index=function(batch)"
)
PER_SAMPLE = "Give per_sample=function(outputs, targets) -> one value per sample, shape (B,)"


class Evidence:
    """What is proved of one run; see the head of this file."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._proofs: dict[tuple[str, str | None], Proof] = {}
        self.task = ""  # "5 classes, softmax"
        self._told_of: tuple[str, int] | None = None
        self.names = ""  # "bird, car, ... from the data set"
        if hasattr(feed.tracker, "add_claims"):
            feed.tracker.add_claims("hooks", self.items)

    def of(self, mode: str, ds_id: str | None = None) -> Proof:
        """Return what is proved of a data set in a mode."""
        proof = self._proofs.get((mode, ds_id))
        if proof is None:
            proof = self._proofs[mode, ds_id] = Proof(self._feed, mode, ds_id)
        return proof

    def learn_names(self, dataset: Any) -> None:
        """Take the names of labels that a data set has in memory, here or in what it wraps."""
        for _ in range(16):
            if dataset is None or self.names:
                return
            names = getattr(dataset, "classes", None)
            if isinstance(names, (list, tuple)) and names and all(isinstance(one, str) for one in names):
                shown = ", ".join(names[:3])
                self.names = f"{shown}{', ...' if len(names) > 3 else ''} from the data set"
            dataset = getattr(dataset, "dataset", None)

    def learn_task(self, criterion: str, shape: tuple[int, ...], labelled: bool = True) -> None:
        """Tell from the criterion's name and its outputs' shape what the model's output is; what the user said stays."""
        if self._told_of == (criterion, len(shape)):
            return
        self._told_of = (criterion, len(shape))
        task = of_criterion(criterion, shape, labelled=labelled)
        known = getattr(self._feed.tracker, "task", None)
        if task is not None and not (known is not None and known.said):
            self.task = str(task)
            self._feed.tracker.task = task

    def items(self) -> list[CheckItem]:
        """Say what was seen and what is proved of it, for ``tracker.check()``."""
        items = list(self._samples())
        for proof in self._proofs.values():
            items += proof.items()
        if self.names:
            items.append(CheckItem("ok", f"names: {self.names}"))
        if self.task:
            items.append(CheckItem("ok", self.task))
        return items

    def _samples(self) -> Iterable[CheckItem]:
        tracker: Any = self._feed.tracker
        by: dict[str, list[str]] = {}
        for (mode, ds_id), proof in self._proofs.items():
            counts = tracker.counts(mode, ds_id) if (mode, ds_id) in _streams(tracker) else None
            if counts is not None and counts.instances:
                name = mode if ds_id is None else f"{mode} ({ds_id})"
                by.setdefault(proof.named_by, []).append(f"{counts.instances:,} {name}")
        for how, found in by.items():
            yield CheckItem("ok", f"{_listed(found)} samples, named by {how}")


def _streams(tracker: Any) -> set[tuple[str, str | None]]:
    return {(mode, ds_id) for mode in tracker.modes for ds_id in tracker.ds_ids(mode)}


def same_labels(given: Any, found: Any) -> npt.NDArray[np.bool_]:
    """Tell row by row whether two sets of labels say the same, (B,): numbers, booleans, strings, one-hot or several."""
    one, other = label_rows(given), label_rows(found)
    if len(one) != len(other):
        return np.zeros(max(len(one), len(other)), bool)
    if one.ndim != other.ndim:
        one, other = _one_hot_as_class(one, other), _one_hot_as_class(other, one)
    if one.shape != other.shape:
        return np.zeros(len(one), bool)
    if one.dtype.kind in "US" or other.dtype.kind in "US":
        same = one.astype(str) == other.astype(str)
    else:
        left, right = one.astype(np.float64), other.astype(np.float64)
        same = np.isclose(left, right, rtol=1e-3, atol=1e-6, equal_nan=True)
    return np.asarray(same.reshape(len(same), -1).all(1) if same.ndim > 1 else same)


def is_function(given: Array, found: Array) -> bool | None:
    """Whether rows with one label always have one label in the batch: a transform of labels, and no other order.

    None where hardly any label comes twice, so that nothing follows from it.
    """
    known: dict[str, str] = {}
    for one, other in zip(map(str, given.tolist()), map(str, found.tolist()), strict=True):
        if known.setdefault(one, other) != other:
            return False
    return True if len(known) <= len(given) / 2 else None


def orders_of_rows(values: Any) -> float:
    """Return the log of the number of orders of rows (B, ...) that differ."""
    rows = label_rows(values)
    _, counts = np.unique(rows.reshape(len(rows), -1), axis=0, return_counts=True)
    return math.lgamma(len(rows) + 1) - sum(math.lgamma(count + 1) for count in counts.tolist())


def label_rows(labels: Any) -> Array:
    """Return labels as an array with a row for each instance: floats with NaN for None, whole numbers, or strings."""
    if isinstance(labels, (list, tuple)) and any(one is None for one in labels):
        labels = [np.nan if one is None else one for one in labels]
    array = np.asarray(labels)
    if array.dtype == object:
        array = np.asarray([str(one) for one in array.tolist()])
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.ndim > 1 and array.size == array.shape[0]:
        array = array.reshape(-1)
    return array


def _one_hot_as_class(labels: Array, other: Array) -> Array:
    """Turn one-hot rows (B, C) into classes (B,) where the other side has classes."""
    if labels.ndim == 2 and other.ndim == 1 and labels.dtype.kind not in "US":
        hot = (labels == labels.max(1, keepdims=True)).sum(1) == 1
        shares = (labels >= 0).all() and np.allclose(labels.sum(1), 1.0, atol=1e-3)  # smoothed ones, too
        if hot.all() and shares:
            return np.asarray(labels.argmax(1))
    return labels


def agree(want: float, got: float, *, loose: bool = False) -> bool:
    """Whether two numbers are the same, to 1e-4 relative or 1e-6; to 1e-2 under autocast."""
    if want == got or (np.isnan(want) and np.isnan(got)):
        return True
    return abs(want - got) <= max(ABSOLUTE, (LOOSE if loose else RELATIVE) * max(abs(want), abs(got)))


def _short(values: Any, row: int) -> str:
    try:
        text = str(np.asarray(values)[row])
    except (IndexError, ValueError):
        text = f"{len(values)} rows"
    return text if len(text) <= 40 else text[:37] + "..."


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}es"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
