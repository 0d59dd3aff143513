"""From what a model wrote beside its graph to the tracker: names, evidence, then the record."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xai_widgets._task import Task
from xai_widgets.hooks._common.evidence import (
    ABSOLUTE,
    LOOSE,
    RELATIVE,
    Evidence,
    Proof,
    is_function,
    same_labels,
)
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.same_samples import SameSamples
from xai_widgets.hooks.keras.criterion import PER_SAMPLE
from xai_widgets.hooks.keras.model_tap import Layout
from xai_widgets.hooks.keras.order import UNKNOWN, BatchNames, Names
from xai_widgets.hooks.keras.ring_buffer import Taken
from xai_widgets.tracking import NO_LABEL

Array = npt.NDArray[Any]
EVERY_ROW = 2048  # so many rows of a data set have their labels compared, then some of each hand-over
SOME = 64


class Rows(NamedTuple):
    """Rows of one pass, (n,) each but `floats`; `Names` tells what their numbers mean."""

    number: Array
    label: Array
    batch: Array
    floats: Array

    def chosen(self, which: Array) -> Rows:
        """Return some of them."""
        return Rows(*(column[which] for column in self))


class Recorder:
    """Hands rows to the tracker once they are proved.

    Parameters
    ----------
    feed
        The way to the tracker.
    names
        Names of the instances by mode and position, where the user gave them.
    by_hand
        Whether the user's own function gives the losses.

    Attributes
    ----------
    loose
        Whether the model computes in 16 bits.
    """

    def __init__(self, feed: Feed, names: dict[str, Any], *, by_hand: bool) -> None:
        self._feed = feed
        self.evidence = Evidence(feed)
        self._names = names
        self._by_hand = by_hand
        self.loose = False
        self._held: list[tuple[Rows, Layout]] = []  # rows whose place is not known yet

    def learn_task(self, task: Task | None, place: tuple[int | str, ...] | None) -> None:
        """Say what the model's output is, unless the user said it."""
        known = self._feed.tracker.task
        if place is not None:
            self._feed.tracker.output = place
        if task is not None and task != known and not (known is not None and known.said):
            self._feed.tracker.task = task
            self.evidence.task = str(task)

    def take(self, taken: Taken, layout: Layout, names: Names, mode: str, ds_id: str | None) -> None:
        """Record rows that were read."""
        proof = self.evidence.of(mode, ds_id)
        proof.named_by = names.named_by
        if taken.lost:
            proof.warn(
                "lost",
                f"{taken.lost} rows were overwritten before they were read",
                "Make steps_per_execution smaller",
            )
        rows = Rows(taken.index, taken.label, taken.batch, taken.floats)
        if layout.weighted:
            proof.weighted = True
        rows = self._proved_losses(self._own_targets(self._with_names(rows, proof), layout, proof), proof)
        if isinstance(names, BatchNames):
            names.see(rows.number)
            if names.changed:
                proof.warn(
                    "batches",
                    "batches of this PyDataset have other lengths than before, so its rows cannot be told by position",
                    "Give indexed(dataset, key=function(i) -> the indices of batch i)",
                )
                return
        self._record(rows, layout, names, mode, ds_id)

    def _with_names(self, rows: Rows, proof: Proof) -> Rows:
        known = rows.number != UNKNOWN
        if known.all():
            return rows
        proof.refuse(
            "rows",
            "the index of some batches has another length than their losses, so they are not recorded",
            "The loss must return one value per sample, shape (B,), and key(i) as many indices as batch i has rows",
        )
        return rows.chosen(known)

    def _own_targets(self, rows: Rows, layout: Layout, proof: Proof) -> Rows:
        """Leave batches out whose loss was given other targets than the batch has."""
        if not layout.own or not len(rows.number):
            return rows
        same = rows.floats[:, 3 + layout.weighted] > 0
        if not same.all():
            proof.refuse(
                "labels",
                f"train_step or test_step changes the targets: the loss of {proof.mode} batches is given others than the data "
                "has for their rows, so such batches are not recorded",
                "Give the targets to compute_loss as the step gets them (one-hot is fine), or call tracker.record yourself",
            )
        return rows.chosen(~np.isin(rows.batch, rows.batch[~same]))

    def _proved_losses(self, rows: Rows, proof: Proof) -> Rows:
        if self._by_hand or not len(rows.number):
            if self._by_hand:
                proof.leave_open("loss", "per_sample was given")
            return rows
        want, got = rows.floats[:, 1].astype(float), rows.floats[:, 2].astype(float)
        with np.errstate(invalid="ignore"):
            limit = np.maximum(
                ABSOLUTE, (LOOSE if self.loose else RELATIVE) * np.maximum(abs(want), abs(got))
            )
            agree = (want == got) | (abs(want - got) <= limit) | ~np.isfinite(got)
        firsts = np.flatnonzero(np.diff(rows.batch, prepend=rows.batch[0] - 1))
        proof.batches_seen += len(firsts)
        proof.batches_agreed += int(agree[firsts].sum())
        if agree.all():
            return rows
        row = int(np.argmin(agree))
        proof.refuse(
            "loss",
            f"the recorded losses would give {want[row]:.6g} for a {proof.mode} batch, the criterion returned "
            f"{got[row]:.6g}, so such batches are not recorded",
            PER_SAMPLE,
        )
        return rows.chosen(agree)

    def _proved_labels(self, rows: Rows, names: Names, proof: Proof) -> Rows:
        """Compare labels with those that the data has for the rows; a batch with one that differs is left out."""
        size = len(rows.number)
        step = 1 if proof.rows_seen < EVERY_ROW else max(1, size // SOME)
        some = np.arange(0, size, step)
        some = some[rows.label[some] != NO_LABEL]
        given = names.labels(rows.number[some]) if len(some) else None
        if given is None:
            proof.proved(
                size
            )  # index and targets come from one element of the data, and the loss was given these targets
            return rows
        same = same_labels(given, rows.label[some])
        proof.open.pop("labels", None)
        proof.rows_seen += len(same)
        proof.rows_proved += int(same.sum())
        if same.all():
            return rows
        row = int(np.argmin(same))
        proof.refuse(
            "labels",
            f"the {proof.mode} rows are not those of their names: the data has label {np.asarray(given)[row]} where the loss "
            f"was given {rows.label[some][row]}, so such batches are not recorded",
            "Give the targets to compute_loss as the step gets them, or call tracker.record yourself",
        )
        return rows.chosen(~np.isin(rows.batch, rows.batch[some][~same]))

    def _record(self, rows: Rows, layout: Layout, names: Names, mode: str, ds_id: str | None) -> None:
        if not len(rows.number):
            return
        index = names.of(rows.number)
        if isinstance(names, BatchNames):
            later = index == UNKNOWN
            if later.any():
                self._held.append((rows.chosen(later), layout))
                rows, index = rows.chosen(~later), index[~later]
        proof = self.evidence.of(mode, ds_id)
        kept = self._proved_labels(rows, names, proof)
        if len(kept.number) != len(rows.number):
            index = names.of(kept.number)
        if layout.target and not self._own(names, index, kept, layout, proof):
            return
        if names.same is not None and not self._same(names.same, names, index, kept, layout, proof):
            return
        self._hand_over(kept, self._named(index, mode), layout, mode, ds_id)

    def _own(self, names: Names, index: Any, rows: Rows, layout: Layout, proof: Proof) -> bool:
        """Whether targets are a function of those that the data has in memory for the names of rows.

        A pipeline may code them anew; mixed with others, drawn anew or in another order than the names, they are no sample's own.
        """
        if names.targets is None:
            return True
        if names.refuted:
            proof.refused += 1
            return False
        some = np.arange(0, len(index), max(1, len(index) // SOME))
        some = some[(index[some] >= 0) & (index[some] < len(names.targets))]
        found = rows.floats[some, 3 + layout.weighted + layout.own].astype(np.float64)
        if is_function(names.targets[index[some]].round(4), found.round(4)) is not False:
            return True
        names.refuted = True
        proof.refuse(
            "labels",
            f"{proof.mode} rows of one label in the data have several targets in its batches: the pipeline mixes them, draws "
            'them anew, or puts them into another order than the names in their entry "index", so nothing of them is recorded',
            "Where it reorders rows, have it reorder the index, too; of mixed samples look at an evaluation of the same data",
        )
        return False

    def _same(
        self, same: SameSamples, names: Names, index: Any, rows: Rows, layout: Layout, proof: Proof
    ) -> bool:
        """Whether rows have the targets that their names had in earlier passes: generators may shuffle, as a PyDataset may."""
        if names.epoch != self._feed.epoch:
            names.epoch = self._feed.epoch
            same.begins()
        proof.next()
        targets = np.where(rows.label == NO_LABEL, np.nan, rows.label.astype(np.float64))
        if layout.target:
            targets = rows.floats[:, 3 + layout.weighted + layout.own].astype(np.float64)
        given = None if np.isnan(targets).all() else targets
        same.prove(proof, index, given, take_back=self._names.get(proof.mode) is None)
        return proof.may_record

    def release(self, names: Names, mode: str, ds_id: str | None, *, last: bool = False) -> None:
        """Record rows whose place has become known; at the `last` chance tell of those that stay unknown."""
        held, self._held = self._held, []
        for rows, layout in held:
            self._record(rows, layout, names, mode, ds_id)
        if last and self._held:
            count = sum(len(rows.number) for rows, _ in self._held)
            self._held = []
            self.evidence.of(mode, ds_id).warn(
                "places",
                f"{count} rows were not recorded: batches before theirs were never seen, so their position is not known",
                "Give indexed(dataset, key=function(i) -> the indices of batch i)",
            )

    def _named(self, index: Any, mode: str) -> Any:
        names = self._names.get(mode)
        return index if names is None else [names[place] for place in index.tolist()]

    def _hand_over(self, rows: Rows, index: Any, layout: Layout, mode: str, ds_id: str | None) -> None:
        """Record rows with a label, then those without: none takes another's away."""
        labelled = rows.label != NO_LABEL
        metrics: dict[str, Any] = {"loss": rows.floats[:, 0]}
        at = 3
        if layout.weighted:
            metrics["loss_weighted"] = rows.floats[:, at]
        at += layout.weighted + layout.own + layout.target
        if layout.logits:
            metrics["logits"] = rows.floats[:, at:]
        self._batch(index, rows.label, metrics, labelled, mode, ds_id)
        metrics.pop("logits", None)
        self._batch(index, None, metrics, ~labelled & np.isfinite(rows.floats[:, 0]), mode, ds_id)

    def _batch(
        self, index: Any, label: Any, metrics: dict[str, Any], which: Array, mode: str, ds_id: str | None
    ) -> None:
        if not which.any():
            return
        if not which.all():
            index = (
                index[which]
                if isinstance(index, np.ndarray)
                else [i for i, w in zip(index, which, strict=True) if w]
            )
            label = None if label is None else label[which]
            metrics = {name: values[which] for name, values in metrics.items()}
        batch = self._feed.batch(mode, ds_id, index, label, metrics)
        # steps are counted after they are done here
        self._feed.record(batch._replace(step=self._feed.step))
