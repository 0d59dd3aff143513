"""`Edits`: decide, undo, read what is in force."""

from __future__ import annotations

import getpass
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xai_widgets.edits.checks import Catalogue, check_weights, read_ids, read_values
from xai_widgets.edits.epochs import EpochEdits
from xai_widgets.edits.export import (
    FORMATS,
    export_edits,
    export_fiftyone,
    export_issues,
    key_reader,
    with_columns,
)
from xai_widgets.edits.log import EditLog
from xai_widgets.edits.records import Edit, Index
from xai_widgets.edits.report import Report, Run, compare
from xai_widgets.edits.state import Applied, EditState, Folded, Ledger, fold, undone_names
from xai_widgets.runlog import FollowingTracker
from xai_widgets.tracking import EpochSummary, Subscription, Tracker
from xai_widgets.tracking.events import Callbacks


class Edits:
    """Decisions about instances of a data set: excluded, relabelled, reweighted.

    An edit is in force from the next epoch of the training on: `begin_epoch` fixes which edits an epoch has, and writes it
    down, so that the run can be repeated. A hook does that when the loop asks for an epoch's batches. Without one
    ``tracker.end_epoch`` begins the epoch after it at once, so that an edit made right after ``end_epoch(epoch=4)`` is in force
    from epoch 6, unless `begin_epoch` begins epoch 5 anew. Any number of editors, processes and machines may edit one run at
    once: each appends to a file of its own, later edits win, and all are in the history.

    Parameters
    ----------
    where
        A `Tracker`, or the folder of a run (``log_dir`` of its tracker); the folder is made with the first edit. A tracker
        without a folder keeps its edits in memory.
    who
        Who decides, for the history; the name of the user by default.
    replay
        Repeat a run: every epoch has the edits that it began with when it ran before, and no new one is taken.

    Attributes
    ----------
    problems
        What went wrong on the side, as text, newest last: a damaged file, a failing subscriber.

    Notes
    -----
    Where a file is damaged, the epochs that follow keep the edits of the last one that was sound, new edits are refused, and
    `problems` (and those of the tracker) say which file it is.
    """

    def __init__(
        self, where: Tracker | str | os.PathLike[str], *, who: str = "", replay: bool = False
    ) -> None:
        if isinstance(where, Tracker):
            self._tracker, folder = where, where.log_dir
        elif isinstance(where, (str, os.PathLike)):
            self._tracker, folder = FollowingTracker(where, live=False), Path(where)
        else:
            raise TypeError(f"Edits expects a Tracker or the folder of a run; got {type(where).__name__}")
        self.who = who or _user()
        self.replay = replay
        self.problems: list[str] = []
        self._log = EditLog(None if folder is None else Path(folder))
        self._lock = threading.RLock()
        self._callbacks = Callbacks("subscriber", self._report)
        self._ledger = Ledger()
        self._epochs = EpochEdits(self._log, self._ledger, self._report)
        self._refused: dict[tuple[str, str], str] = {}
        self._catalogues: dict[tuple[str, str | None], tuple[int, Catalogue]] = {}
        self._said: str | None = None
        self._subscription: Subscription | None = None
        if not isinstance(
            self._tracker, FollowingTracker
        ):  # whoever only reads a run does not begin its epochs
            self._subscription = self._tracker.subscribe(self._epoch_ended)
        self.poll()

    def exclude(
        self,
        ids: Any,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        why: str = "",
        who: str = "",
        force: bool = False,
    ) -> Edit:
        """Leave instances out from the next epoch on.

        Parameters
        ----------
        ids
            An index as it was recorded, or several.
        mode, ds_id
            The data set meant.
        why, who
            For the history.
        force
            Also where an id was never recorded or comes twice, or a class would be left without instances.

        Returns
        -------
        Edit
            What was written.

        Raises
        ------
        ValueError, TypeError
            For ids and values that cannot be meant; nothing is written then.
        OSError
            When it cannot be written; it is not in force then.
        """
        with self._lock:
            names, catalogue = self._read(ids, mode, ds_id, force)
            out = {*self._ledger.folded.excluded(mode, ds_id), *names}
            catalogue.check_some_left(out, force=force)
            return self._append("exclude", names, [], mode, ds_id, why, who)

    def relabel(
        self,
        ids: Any,
        label: Any,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        why: str = "",
        who: str = "",
        force: bool = False,
    ) -> Edit:
        """Give instances another label from the next epoch on.

        Parameters
        ----------
        ids
            An index as it was recorded, or several.
        label
            The label for all, or a list with one for each: a label value, or its display name.
        mode, ds_id, why, who, force
            As for `exclude`; `force` also takes a label that no class has.

        Returns
        -------
        Edit
            What was written.
        """
        with self._lock:
            names, catalogue = self._read(ids, mode, ds_id, force)
            values = [catalogue.label_for(v, force=force) for v in read_values(label, ids, names, "labels")]
            return self._append("relabel", names, values, mode, ds_id, why, who)

    def reweight(
        self,
        ids: Any,
        weight: Any,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        why: str = "",
        who: str = "",
        force: bool = False,
    ) -> Edit:
        """Give instances another weight in the loss from the next epoch on.

        Parameters
        ----------
        ids
            An index as it was recorded, or several.
        weight
            The weight for all, or a list with one for each: finite, at least 0; 1 is that of every instance that is not edited.
        mode, ds_id, why, who, force
            As for `exclude`.

        Returns
        -------
        Edit
            What was written.
        """
        with self._lock:
            names, _ = self._read(ids, mode, ds_id, force)
            values = check_weights(read_values(weight, ids, names, "weights"))
            return self._append("reweight", names, values, mode, ds_id, why, who)

    def restore(
        self,
        ids: Any,
        *,
        mode: str = "train",
        ds_id: str | None = None,
        why: str = "",
        who: str = "",
        force: bool = False,
    ) -> Edit:
        """Take back all edits of instances from the next epoch on; parameters as for `exclude`."""
        with self._lock:
            names, _ = self._read(ids, mode, ds_id, force)
            return self._append("restore", names, [], mode, ds_id, why, who)

    def undo(self, *, who: str = "") -> Edit:
        """Undo the last edit that is not undone, whoever made it.

        Raises
        ------
        ValueError
            When there is nothing to undo.
        """
        with self._lock:
            edits = self._checked()
            undone = undone_names(edits)
            done = [e for e in edits if e.operation not in ("undo", "redo") and e.name not in undone]
            if not done:
                raise ValueError("there is nothing to undo: no edit is in effect")
            last = done[-1]
            return self._append("undo", [], [], last.mode, last.ds_id, "", who, target=last.name)

    def redo(self, *, who: str = "") -> Edit:
        """Let the edit that was undone last take effect again, where nothing was edited since.

        Raises
        ------
        ValueError
            When there is nothing to redo.
        """
        with self._lock:
            edits = self._checked()
            undone = undone_names(edits)
            newest = max((e.order for e in edits if e.operation not in ("undo", "redo")), default=(0, "", 0))
            if not undone or (undo := max(undone.values(), key=lambda e: e.order)).order < newest:
                raise ValueError("there is nothing to redo: nothing was undone since the last edit")
            return self._append("redo", [], [], undo.mode, undo.ds_id, "", who, target=undo.target)

    def history(self) -> tuple[Edit, ...]:
        """Return all edits of all editors in their order, undone ones, undos and redos included."""
        with self._lock:
            self.poll()
            return tuple(self._ledger.edits)

    def state(self, epoch: int | None = None, *, mode: str = "train", ds_id: str | None = None) -> EditState:
        """Return the edited instances of a data set as arrays.

        Parameters
        ----------
        epoch
            As this epoch has them; by default as the next epoch will have them.
        mode, ds_id
            The data set meant.
        """
        with self._lock:
            self.poll()
            if epoch is None:
                return self._ledger.folded.state(mode, ds_id)
            return fold(self._epochs.edits_of(epoch)).state(mode, ds_id)

    def epochs(self, *, mode: str = "train", ds_id: str | None = None) -> tuple[int, ...]:
        """Return the epochs that began with edits of a data set that the epoch before did not have, ascending.

        Before any epoch was begun under these edits, the epochs from which they will be in force.
        """
        with self._lock:
            self.poll()
            return self._epochs.changed(mode, ds_id)

    def in_force(self, *, mode: str = "train", ds_id: str | None = None) -> EditState:
        """Return the edited instances as the epoch that was begun last has them."""
        with self._lock:
            return self._current().state(mode, ds_id)

    @property
    def taken(self) -> dict[str, int]:
        """Of each editor, how many edits the epoch that was begun last has: what other processes of the run must be told."""
        with self._lock:
            return dict(self._epochs.taken)

    def knows(self, taken: Mapping[str, int]) -> bool:
        """Whether so many edits of each editor can be read here."""
        with self._lock:
            self.poll()
            known = {file.path.stem: len(file.edits) for file in self._log.files}
            return all(known.get(editor, 0) >= count for editor, count in taken.items())

    def refuse(self, mode: str, why: str, *operations: str) -> None:
        """Refuse edits of a mode from now on, as they would do nothing in the training that runs.

        Parameters
        ----------
        mode
            The mode meant.
        why
            What ``ValueError`` will say: what is the matter, and the way out.
        operations
            "exclude", "relabel", "reweight"; all by default.
        """
        with self._lock:
            for operation in operations or ("exclude", "relabel", "reweight"):
                self._refused[mode, operation] = why
        done = [e for e in self.history() if e.mode == mode and (e.mode, e.operation) in self._refused]
        if done:
            self._report(f"{len(done)} edits of mode {mode!r} do nothing here: {why}")

    def leave_epochs_to_hook(self) -> None:
        """Begin no epoch where the tracker's end: a hook does, in all processes of the run alike."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None

    def begin_epoch(
        self, epoch: int, *, replay: bool = False, taken: Mapping[str, int] | None = None
    ) -> None:
        """Fix the edits of an epoch: those known now, or with `replay` those that it began with when it ran before.

        The choice is written to the run's folder. Without any edit nothing is written.

        Parameters
        ----------
        epoch
            The epoch that begins, counted from 1.
        replay
            Take what an earlier run (or the part of this epoch before an interruption) began it with.
        taken
            Take so many edits of each editor, as another process of the run does, which writes it down.
        """
        with self._lock:
            self.poll()
            if taken is not None:
                self._epochs.begin_with(taken)
            elif replay or self.replay:
                self._epochs.repeat(epoch)
            else:
                self._epochs.begin(epoch)

    def apply(
        self,
        index: Any,
        label: Any = None,
        weight: Any = None,
        *,
        mode: str = "train",
        ds_id: str | None = None,
    ) -> Applied:
        """Return what the edits in force make of a batch: ``label, weight, keep = edits.apply(index, label, weight)``.

        Parameters
        ----------
        index
            (B,) indices of the batch.
        label
            (B,) or one-hot (B, C) labels of numpy, PyTorch or TensorFlow, or a list.
        weight
            (B,) weights; all 1 by default.

        Returns
        -------
        Applied
            Labels in the type they came in, weights (0 for excluded instances), and which rows are not excluded.
        """
        with self._lock:
            return self._current().apply(index, label, weight, mode, ds_id)

    def weights(self, index: Any, *, mode: str = "train", ds_id: str | None = None) -> Any:
        """Return (B,) float64 weights of instances under the edits in force: 1 where not edited, 0 where excluded."""
        return self.apply(index, mode=mode, ds_id=ds_id).weight

    def subscribe(self, callback: Callable[[Edit], Any]) -> Subscription:
        """Have `callback(edit)` called for every edit from now on, of any editor, when it becomes known here."""
        return self._callbacks.add(callback)

    def tell(self, problem: str) -> None:
        """Say what an edit could not do, in `problems` and in those of the tracker."""
        self._report(problem)

    def poll(self) -> None:
        """Read what other editors have written since; every question does that by itself."""
        with self._lock:
            new = self._log.poll()
            problem = self._log.problem
            if problem is not None and problem != self._said:
                self._said = problem
                self._report(
                    f"{problem}; the training keeps the edits it had, and new ones are refused until the file is mended"
                )
            # with a damaged file only what was known before counts, or in a new process all that can still be read
            new = new if problem is None or not self._ledger.edits else []
            self._ledger.add(new)
            self._epochs.write_start()
        for edit in new:
            self._callbacks.call(edit)

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        mode: str = "train",
        ds_id: str | None = None,
        format: str = "table",
        keys: Any = None,
    ) -> Path:
        """Write what was decided for other programs.

        Parameters
        ----------
        path
            Ends in ``.csv``, ``.jsonl`` or ``.parquet`` (needs pyarrow); in ``.json`` for FiftyOne.
        mode, ds_id
            The data set meant.
        format
            "table": a row for each edited instance: index, key, given label, label now, excluded, weight, why, who.
            "cleanlab": a row for each instance, as ``Datalab.get_issues("label")`` has them. "fiftyone": ``labels.json`` of
            a ``FiftyOneImageClassificationDataset`` with the labels in force, without the excluded ones.
        keys
            Gives the path or key of an index: a mapping, a sequence, a function, or a data set with ``samples`` or ``imgs``.

        Raises
        ------
        ValueError
            For another ending or format, and for two files of one name in FiftyOne's.
        """
        if format not in FORMATS:
            raise ValueError(f"unknown format {format!r}; one of {', '.join(FORMATS)}")
        key_of = key_reader(keys)
        with self._lock:
            state = self.state(mode=mode, ds_id=ds_id)
            if format == "table":
                return export_edits(Path(path), state, self._ledger.edits, self._tracker, mode, ds_id, key_of)
            export_all = export_issues if format == "cleanlab" else export_fiftyone
            return export_all(Path(path), state, self._tracker, mode, ds_id, key_of)

    def to_datasets(
        self, dataset: Any, *, label: str = "label", index: str = "index", mode: str = "train"
    ) -> Any:
        """Return a `datasets.Dataset` with the columns ``edited_<label>`` (of the label's own type), "excluded" and "weight".

        Parameters
        ----------
        dataset
            The ``datasets.Dataset``, which stays as it is.
        label
            The column of labels.
        index
            The column of names, as `xai_widgets.hooks.transformers.indexed` makes it; without it rows are named by position.
        mode
            The data set meant.

        Raises
        ------
        ValueError
            Where edited instances are not among the rows.
        """
        return with_columns(dataset, self.state(mode=mode), label, index)

    def report(
        self,
        before: Run | Sequence[Run],
        after: Run | Sequence[Run] | None = None,
        *,
        metric: str = "accuracy",
        mode: str = "eval",
        ds_id: str | None = None,
        epoch: int | None = None,
    ) -> Report:
        """Say what the edits did: runs without them against runs with them, on the same evaluation set.

        Parameters
        ----------
        before
            The run without the edits, a `Tracker` or the folder of one; or several, of as many seeds.
        after
            The run with them; or several, in the order of the seeds of `before`. This run by default.
        metric
            "accuracy" (of the recorded predictions), or a recorded metric such as "loss".
        mode, ds_id
            The evaluation set: both runs must have its same instances, with the same labels.
        epoch
            The epoch to compare; the last one of each run by default.

        Returns
        -------
        Report
            Means per class before and after, their difference with its standard error over the pairs, and the training loss
            of each edited instance; ``print(report)`` says it. One pair of runs has no standard error, and nothing tells then
            whether another seed would show the same.

        Raises
        ------
        ValueError
            For runs of different evaluation sets, of different numbers, and where the metric was not recorded.
        """
        with self._lock:
            self.poll()
            edited = len(self.state(mode=mode, ds_id=ds_id)) if mode != "train" else 0
            return compare(
                before, self._tracker if after is None else after, self.state(), edited,
                metric=metric, mode=mode, ds_id=ds_id, epoch=epoch,
            )  # fmt: skip

    def close(self) -> None:
        """Close this editor's file and stop listening to the tracker."""
        if self._subscription is not None:
            self._subscription.cancel()
        self._log.close()

    def _current(self) -> Folded:
        """Return what is in force; the first batch of a run that never said `begin_epoch` fixes its first epoch."""
        if self._epochs.in_force is None:
            self.begin_epoch(max(1, self._tracker.epoch))
        return self._epochs.in_force or Folded()

    def _read(self, ids: Any, mode: str, ds_id: str | None, force: bool) -> tuple[list[Index], Catalogue]:
        self._checked()
        if isinstance(self._tracker, FollowingTracker):
            self._tracker.refresh()
        names = read_ids(ids, force=force)
        version, catalogue = self._catalogues.get((mode, ds_id), (-1, None))
        if catalogue is None or version != self._tracker.version:
            catalogue = Catalogue(self._tracker, mode, ds_id)
            self._catalogues[mode, ds_id] = (self._tracker.version, catalogue)
        catalogue.check_known(names, force=force)
        return names, catalogue

    def _checked(self) -> list[Edit]:
        """Return all edits, or refuse to add one where they are not all known."""
        self.poll()
        if self.replay:
            raise ValueError(
                "no edit is taken: this Edits repeats a run (replay=True), so a new one would do nothing. Make another Edits"
            )
        if self._log.problem is not None:
            raise ValueError(
                f"no edit is taken: {self._log.problem}. Mend or remove that file, then make a new Edits"
            )
        return self._ledger.edits

    def _append(
        self,
        operation: str,
        ids: list[Index],
        values: list[Any],
        mode: str,
        ds_id: str | None,
        why: str,
        who: str,
        target: tuple[str, int] | None = None,
    ) -> Edit:
        why_not = self._refused.get((mode, operation))
        if why_not is not None:
            raise ValueError(f"{operation} of mode {mode!r} would do nothing: {why_not}")
        edit = Edit(
            operation=operation,
            ids=tuple(ids),
            values=tuple(values),
            mode=mode,
            ds_id=ds_id,
            why=str(why),
            who=str(who) or self.who,
            time=time.time(),
            epoch=self._tracker.epoch,
            step=self._tracker.step,
            editor=self._log.editor,
            number=self._log.next_number,
            clock=self._log.clock + 1,
            target=target,
        )
        self._log.append(edit)
        self._ledger.add([edit])
        self._epochs.write_start()
        self._callbacks.call(edit)
        return edit

    def _epoch_ended(self, summary: EpochSummary) -> None:
        if summary.kind == "epoch" and summary.mode == "train":
            self.begin_epoch(summary.epoch + 1)

    def _report(self, problem: str) -> None:
        self.problems.append(problem)
        self._tracker.report(problem)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        return ""
