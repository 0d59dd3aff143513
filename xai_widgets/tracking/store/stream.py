"""Everything recorded of one data set in one mode: instances, labels, columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store import npz
from xai_widgets.tracking.store.batch_buffer import WITHDRAWN, Batch, Chunk
from xai_widgets.tracking.store.device_buffer import Transfer
from xai_widgets.tracking.store.epoch_column import DUPLICATES, Column, has_repeats
from xai_widgets.tracking.store.incremental_scores import Running
from xai_widgets.tracking.store.index_map import IndexMap, as_column
from xai_widgets.tracking.store.label_statistics import Grouping, GroupStatistics, RunningStatistics
from xai_widgets.tracking.store.labels import LabelTable
from xai_widgets.tracking.store.logit_dynamics import Dynamics
from xai_widgets.tracking.store.logits import derive

Array = npt.NDArray[Any]
_SAVED = (
    *(
        "codes",
        "steps",
        "metrics",
        "has_logits",
        "labelled",
        "rows",
        "relabelled",
        "changes",
        "rows_of_epoch",
    ),
    "_some_unlabelled",
)


ALLOWANCE, PER_ROW = 1 << 30, 512
"""Bytes that columns may take at once, and for every row recorded. Epochs of a few rows each, of millions of instances,
could otherwise fill any memory: a column has a place for every instance."""


@dataclass(frozen=True)
class Policy:
    """How rows are kept; as in `Tracker`."""

    duplicates: str
    dtype: np.dtype[Any]
    epoch_frequency: int

    @classmethod
    def of(cls, duplicates: str, dtype: str, epoch_frequency: int) -> Policy:
        """Check what `Tracker` was given; ValueError for what is not among the choices."""
        if duplicates not in DUPLICATES:
            raise ValueError(f"unknown duplicates {duplicates!r}; one of {', '.join(DUPLICATES)}")
        if str(dtype) not in ("float32", "float16"):
            raise ValueError(f"dtype {dtype!r} is not kept; float32 or float16")
        if int(epoch_frequency) != epoch_frequency or epoch_frequency < 1:
            raise ValueError(
                f"epoch_frequency is {epoch_frequency!r}; a whole number of at least 1 is expected"
            )
        return cls(duplicates, np.dtype(dtype), int(epoch_frequency))


class Stream:
    """The columns of one (mode, ds_id).

    Parameters
    ----------
    table, predicted
        Label values and predicted ones with their codes, shared by all streams of a tracker.
    policy
        How rows are kept.
    """

    def __init__(
        self, mode: str, ds_id: str | None, table: LabelTable, predicted: LabelTable, policy: Policy
    ) -> None:
        self.mode, self.ds_id = mode, ds_id
        self.table, self.predicted = table, predicted
        self.policy = policy
        self.instances = IndexMap()
        self.codes: Array = np.empty(
            0, np.int8
        )  # label code by place, -1 unknown; widened when codes need it
        self.given: Array = np.empty(0, np.int32)  # by place, where it is another label now: the first one
        self.columns: dict[str, dict[int, Column]] = {}
        self.steps: dict[int, int] = {}  # epoch: the last training step known in it
        self.chunks: dict[tuple[Any, ...], Chunk] = {}
        self.transfers: dict[Any, Transfer] = {}
        self.metrics: tuple[str, ...] = ()  # known at once, before any chunk is taken in
        self.dynamics: Dynamics | None = None
        self.has_logits = False
        self.labelled = self._some_unlabelled = False
        self.rows = self.relabelled = self.changes = 0
        self.rows_of_epoch = 0
        self._statistics: dict[tuple[str, int, str | None], tuple[int, GroupStatistics]] = {}
        self._by_label: dict[
            tuple[str, int], RunningStatistics
        ] = {}  # of columns all of whose rows are in them
        self._held = 0  # bytes of all columns, with their label statistics
        self._spare: Chunk | None = None  # one that was taken in: its memory serves the next
        self._running: dict[str, Running] = {}
        self._labelling = 0  # grows with every label that is new or changed
        self._ordered: tuple[int, Grouping] | None = None
        self._quantiles: dict[tuple[Any, ...], tuple[int, Array]] = {}
        self._groups: dict[str, tuple[Array | list[Any], Array, LabelTable]] = {}

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        columns = sum(c.nbytes for epochs in self.columns.values() for c in epochs.values())
        spare = self._spare
        chunks = sum(c.nbytes for c in [*self.chunks.values(), *([] if spare is None else [spare])])
        dynamics = 0 if self.dynamics is None else self.dynamics.nbytes
        order = 0 if self._ordered is None else self._ordered[1].nbytes
        running = sum(each.nbytes for each in self._running.values())
        running += sum(each.nbytes for each in self._by_label.values())
        return (
            columns
            + self.codes.nbytes
            + self.given.nbytes
            + self.instances.nbytes
            + chunks
            + dynamics
            + order
            + running
        )

    def running_of(self, metric: str) -> Running:
        """Scores of a metric that are kept up from epoch to epoch."""
        return self._running.setdefault(metric, Running())

    def announce(self, metrics: tuple[str, ...], logits: bool) -> None:
        """Make metric names known."""
        self.has_logits = self.has_logits or logits
        fresh = tuple(m for m in metrics if m not in self.metrics and m[0] != "@")
        if fresh:
            self.metrics += fresh

    def take(self, chunk: Chunk) -> None:
        """Scatter a chunk into the columns."""
        if chunk.metrics == WITHDRAWN:
            self._withdraw(chunk.epoch, self.instances.place(chunk.index))
            return
        self.changes += 1
        self.rows += chunk.rows
        # before all else: what fails half-way leaves no column of an epoch that is not known
        self.steps[chunk.epoch] = max(self.steps.get(chunk.epoch, 0), chunk.step)
        places = self.instances.place(chunk.index)
        size = self.instances.room
        codes, new = self._codes_of(chunk, places)
        distinct = not has_repeats(places)
        derived: dict[str, Array] = {}
        for number, metric in enumerate(chunk.metrics):
            values = chunk.values(number)
            if metric[0] == "@":
                derived[metric] = values
                continue
            epochs = self.columns.setdefault(metric, {})
            column = epochs.get(chunk.epoch)
            if column is None:
                self._allow_column(self.instances.size)
                column = epochs[chunk.epoch] = Column(chunk.epoch, self.policy.dtype)
                self._in_order(metric)
                if codes is not None:
                    self._by_label[(metric, chunk.epoch)] = RunningStatistics()
            policy = self.policy.duplicates
            fresh = column.fold(places, values, size, policy, chunk.step, distinct=distinct, new=new)
            self._count_by_label(metric, chunk.epoch, values, codes, fresh and distinct)
        if chunk.logits is not None:
            derived.update(derive(chunk.logits, np.asarray(chunk.label)))
        if derived:
            self._take_derived(chunk.epoch, places, derived, size, distinct)
        self._repack(epoch_ended=False)
        if chunk.full:
            self._spare = chunk

    def _withdraw(self, epoch: int, places: Array) -> None:
        """Take back values of an epoch; labels that no other epoch bears out go too, a changed one is the first again."""
        self.changes += 1
        for epochs in self.columns.values():
            if epoch in epochs:
                epochs[epoch].withdraw(places)
        if self.dynamics is not None:
            self.dynamics.withdraw(epoch, places)
        labelled = places[places < self.codes.shape[0]]
        known = np.zeros(labelled.shape, bool)
        for epochs in self.columns.values():
            for column in epochs.values():
                known |= ~np.isnan(column.at(labelled))
        self.codes[labelled[~known]] = -1
        self._some_unlabelled = self._some_unlabelled or not known.all()
        changed = labelled[labelled < self.given.shape[0]]
        first = changed[(self.given[changed] >= 0) & (self.codes[changed] >= 0)]
        self.codes[first] = self.given[first]
        self.given[changed] = -1
        self._labelling += 1
        self._by_label.clear()
        for key in [k for k in self._statistics if k[1] == epoch and epoch in self.columns.get(k[0], ())]:
            del self._statistics[key]

    def chunk(self, epoch: int, batch: Batch) -> Chunk:
        """Make a chunk for batches like this one, of the memory of one that was taken in where it fits."""
        spare, self._spare = self._spare, None
        if spare is not None and spare.begin(epoch, batch):
            return spare
        return Chunk(epoch, batch)

    def _allow_column(self, size: int) -> None:
        """Count the bytes of one more column; MemoryError where they are out of all proportion to the rows."""
        cost = self.policy.dtype.itemsize * size + 40 * len(self.table)
        if self._held + cost > ALLOWANCE + PER_ROW * self.rows:
            raise MemoryError(
                f"one more column for {size} instances, after {self.rows} rows in {self._held} bytes of columns. Record more of "
                "the instances in each epoch, or set epoch_frequency to keep fewer epochs"
            )
        self._held += cost

    def _codes_of(self, chunk: Chunk, places: Array) -> tuple[Array | None, bool]:
        """Label codes of a chunk's rows, None while no label is known; and whether its instances are known to be new."""
        if chunk.label is not None:
            codes: Array = self.table.encode(chunk.label)
            return codes, self._label(places, codes) and not self._some_unlabelled
        if self._some_unlabelled and not self.labelled:
            return None, False
        found = self.label_codes(places)
        self._some_unlabelled = self._some_unlabelled or bool((found < 0).any())
        return found if self.labelled else None, False

    def _count_by_label(
        self, metric: str, epoch: int, values: Array, codes: Array | None, fresh: bool
    ) -> None:
        """Keep the label statistics of an open epoch up; repetitions and late labels make them be taken anew, when asked."""
        running = self._by_label.get((metric, epoch))
        if running is None:
            return
        if codes is None or not fresh:
            del self._by_label[(metric, epoch)]
            return
        if self.policy.dtype != np.float32:
            values = values.astype(self.policy.dtype).astype(np.float32)
        running.add(values, codes, len(self.table))

    def _repack(self, epoch_ended: bool) -> None:
        """Move everything that lies by place, where the map of instances was found to be better packed otherwise."""
        moves = self.instances.repack(epoch_ended)
        if moves is None:
            return
        old, new = moves
        size = self.instances.size
        if self.codes.shape[0]:
            codes = np.full(size, -1, self.codes.dtype)
            kept = old < self.codes.shape[0]
            codes[new[kept]] = self.codes[old[kept]]
            self.codes = codes
        if self.given.shape[0]:
            given = np.full(size, -1, np.int32)
            kept = old < self.given.shape[0]
            given[new[kept]] = self.given[old[kept]]
            self.given = given
        for epochs in self.columns.values():
            for column in epochs.values():
                column.move(old, new, size)
        if self.dynamics is not None:
            self.dynamics.move(old, new, size)
        self._running.clear()
        self._ordered = None

    def close(self, epoch: int) -> None:
        """End an epoch: trim its columns, take the label statistics, thin older epochs out by `epoch_frequency`."""
        for metric, epochs in self.columns.items():
            column = epochs.get(epoch)
            if column is not None and not column.closed:
                column.close(self.instances.size)
                if self.labelled:
                    self.statistics(metric, epoch)
                self._by_label.pop((metric, epoch), None)
        if self.codes.shape[0] > self.instances.size:
            self.codes = self.codes[: self.instances.size].copy()
        if self.dynamics is not None:
            edited = np.flatnonzero(self.given >= 0)
            self.dynamics.close(epoch, self.codes, self.instances.size, edited)
        self._spare = None
        self._repack(epoch_ended=True)
        if self.policy.epoch_frequency > 1:
            self._thin(epoch)
        self.changes += 1

    def statistics(self, metric: str, epoch: int, group: str | None = None) -> GroupStatistics:
        """Statistics of one epoch per label code, or per code of a grouping; kept until the column changes."""
        column = self.columns[metric].get(epoch)
        cached = self._statistics.get((metric, epoch, group))
        if cached is not None and (column is None or cached[0] == column.changes):
            return cached[1]
        running = self._by_label.get((metric, epoch)) if group is None else None
        if running is not None:
            found = running.statistics()
        else:
            values, codes = self.column_and_codes(metric, epoch, group)
            found = self._grouping(codes, group).statistics(values)
        self._statistics[(metric, epoch, group)] = (self.columns[metric][epoch].changes, found)
        return found

    def _grouping(self, codes: Array, group: str | None) -> Grouping:
        """Order of the places by code, kept until a label changes: every epoch needs it."""
        groups = len(self.table if group is None else self.group_table(group))
        if group is not None:
            return Grouping(codes, groups)
        kept = self._ordered
        if (
            kept is None
            or kept[0] != self._labelling
            or (kept[1].size, kept[1].groups) != (codes.shape[0], groups)
        ):
            kept = self._ordered = (self._labelling, Grouping(codes, groups))
        return kept[1]

    def column_and_codes(self, metric: str, epoch: int, group: str | None) -> tuple[Array, Array]:
        """Values (n,) of an epoch, and the label or group code of each."""
        values = self.columns[metric][epoch].values
        codes = self.codes if group is None else self._group_codes(group)
        size = min(values.shape[0], codes.shape[0])
        return values[:size], codes[:size]

    def set_group(self, name: str, index: Array | list[Any], codes: Array, table: LabelTable) -> None:
        """Keep a grouping: the group code of each of `index`, which may be instances yet to come."""
        self._groups[name] = (index, codes, table)
        for key in [key for key in self._statistics if key[2] == name]:
            del self._statistics[key]
        self._quantiles.clear()

    def group_table(self, group: str) -> LabelTable:
        """Values of a grouping and their codes."""
        if group not in self._groups:
            known = ", ".join(self._groups) or "none; make one with tracker.group(name, index, values)"
            raise ValueError(f"no grouping {group!r} in mode {self.mode!r}; there are: {known}")
        return self._groups[group][2]

    def groups(self) -> dict[str, tuple[Array | list[Any], list[Any]]]:
        """Instances and group values of every grouping."""
        return {
            name: (index, [table.values[c] for c in codes.tolist()])
            for name, (index, codes, table) in self._groups.items()
        }

    def cached_quantiles(self, key: tuple[Any, ...]) -> Array | None:
        """Quantiles computed before, unless the column has changed since."""
        changes, found = self._quantiles.get(key, (-1, None))
        return found if changes == self.columns[key[0]][key[1]].changes else None

    def cache_quantiles(self, key: tuple[Any, ...], found: Array) -> None:
        """Keep quantiles for the next time."""
        self._quantiles[key] = (self.columns[key[0]][key[1]].changes, found)

    def _group_codes(self, group: str) -> Array:
        index, codes, _ = self._groups[group]
        places = self.instances.find(index)
        found = np.full(self.instances.size, -1, np.int32)
        found[places[places >= 0]] = codes[places >= 0]
        return found

    def epochs_of(self, metric: str, columns_only: bool = True) -> list[int]:
        """Epochs of a metric in their order: those whose columns are kept, or those with label statistics too."""
        kept = set(self.columns.get(metric, ()))
        if not columns_only:
            kept |= {epoch for name, epoch, group in self._statistics if name == metric and group is None}
        return sorted(kept)

    def is_open(self, metric: str, epoch: int) -> bool:
        """Whether an epoch of a metric may still get rows as a matter of course."""
        column = self.columns[metric].get(epoch)
        return column is not None and not column.closed

    def label_codes(self, places: Array) -> Array:
        """Label codes (int64) at `places`, -1 where unknown."""
        found = np.full(places.shape, -1, np.int64)
        inside = (places >= 0) & (places < self.codes.shape[0])
        found[inside] = self.codes[places[inside]]
        return found

    def all_label_codes(self) -> Array:
        """Label codes of all places in the narrowest type, -1 where unknown."""
        missing = self.instances.size - self.codes.shape[0]
        if missing <= 0:
            return self.codes[: self.instances.size]
        return np.concatenate([self.codes, np.full(missing, -1, self.codes.dtype)])

    def label_values(self, places: Array) -> tuple[Any, ...]:
        """Labels at `places`, None where unknown."""
        values = self.table.values
        return tuple(values[c] if c >= 0 else None for c in self.label_codes(places).tolist())

    def label_column(self, places: Array) -> Array:
        """Labels at `places`: int64, or an object array where there are strings or none."""
        codes, values = self.label_codes(places), self.table.values
        if codes.size and codes.min() >= 0 and all(type(v) is int and abs(v) < 2**63 for v in values):
            return np.array(values, np.int64)[codes]
        return as_column([values[c] if c >= 0 else None for c in codes.tolist()])

    def unlabelled(self) -> int:
        """How many instances have no label."""
        if not self._some_unlabelled:
            return 0
        return int(np.count_nonzero(self.label_codes(self.instances.known()) < 0))

    def state(self) -> dict[str, Any]:
        """Everything, to be saved; all chunks have been taken in."""
        return {
            "mode": self.mode,
            "ds_id": self.ds_id,
            **{name: getattr(self, name) for name in _SAVED},
            "codes": self.codes[: self.instances.size],
            "given": self.given[: self.instances.size],
            "instances": self.instances.state(),
            "columns": {m: {e: c.state() for e, c in epochs.items()} for m, epochs in self.columns.items()},
            "dynamics": None if self.dynamics is None else self.dynamics.state(),
            "statistics": [
                [*key, changes, found.count, found.mean, found.std, found.min, found.max]
                for key, (changes, found) in self._statistics.items()
            ],
            "groups": [
                [name, index, codes, list(table.values)]
                for name, (index, codes, table) in self._groups.items()
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave; `soundness.check_stream` says whether its parts fit each other."""
        for name in _SAVED:
            setattr(self, name, state[name])
        self.metrics = tuple(self.metrics)
        self.given = npz.checked(state.get("given", self.given), "i").astype(np.int32, copy=False)
        self._running.clear()
        self.instances = IndexMap.restored(state["instances"])
        self.columns = {
            m: {e: Column.restored(c) for e, c in epochs.items()} for m, epochs in state["columns"].items()
        }
        self._held = sum(
            column.values.nbytes for epochs in self.columns.values() for column in epochs.values()
        )
        self.dynamics = None if state["dynamics"] is None else Dynamics.restored(state["dynamics"])
        for metric, epoch, group, changes, count, *found in state["statistics"]:
            count = npz.checked(count, "i")
            parts = [npz.checked(each, "f", count.shape[0]) for each in found]
            self._statistics[(metric, epoch, group)] = (changes, GroupStatistics(count, *parts))
        for name, index, codes, values in state["groups"]:
            table = LabelTable()
            table.encode(values)
            codes = npz.checked(codes, "i", len(index))
            if len(table) != len(values) or codes.max(initial=-1) >= len(values) or codes.min(initial=0) < 0:
                raise ValueError("codes of a grouping are none")
            self._groups[name] = (index, codes, table)

    def _take_derived(
        self, epoch: int, places: Array, derived: dict[str, Array], size: int, distinct: bool
    ) -> None:
        if self.dynamics is None:
            self.dynamics = Dynamics()
        prediction = derived.get("@prediction")
        if prediction is not None:
            known = np.isfinite(prediction)
            codes = self.predicted.encode(np.where(known, prediction, 0).astype(np.int64))
            derived["@prediction"] = np.where(known, codes, np.nan).astype(np.float32)
        named = derived.pop("@named", None)  # predictions that were strings come as codes
        if named is not None:
            prediction = derived["@prediction"] = named
        if prediction is not None and "@correct" not in derived:
            of_prediction = np.array([self.table.find(v) for v in self.predicted.values], np.int64)
            code = np.where(np.isfinite(derived["@prediction"]), derived["@prediction"], 0).astype(np.int64)
            label = self.label_codes(places)
            right = (of_prediction[code] == label).astype(np.float32)
            right[(label < 0) | ~np.isfinite(derived["@prediction"])] = np.nan
            derived["@correct"] = right
        self.dynamics.take(epoch, places, derived, size, distinct)

    def _label(self, places: Array, codes: Array) -> bool:
        """Keep the labels of a chunk; returns whether none of its instances had one before."""
        self.labelled = True
        have, size = self.codes.shape[0], self.instances.size
        kind = _code_dtype(len(self.table))
        if have < size or self.codes.dtype != kind:
            grown = np.full(have if have >= size else self.instances.room, -1, kind)
            grown[:have] = self.codes
            self.codes = grown
        codes = codes.astype(kind, copy=False)
        old = self.codes.take(places, mode="clip")
        new = int(old.max(initial=-1)) < 0
        changed = old != codes
        if new or changed.any():
            relabelled = 0 if new else int(np.count_nonzero(changed & (old >= 0)))
            self.relabelled += relabelled
            if relabelled:
                self._keep_given(places, old, codes)
            if relabelled or self._some_unlabelled:  # values of these rows may be counted under another label
                self._by_label.clear()
                for key in [key for key in self._statistics if key[2] is None and self.is_open(*key[:2])]:
                    del self._statistics[key]
            self.codes[places] = codes
            self._labelling += 1
            if self._some_unlabelled and bool((old < 0).any()):  # labels that come after the values
                kept = {metric: set(epochs) for metric, epochs in self.columns.items()}
                for key in [key for key in self._statistics if key[1] in kept.get(key[0], ())]:
                    del self._statistics[key]
        return new

    def _keep_given(self, places: Array, old: Array, codes: Array) -> None:
        """Keep the first label of instances that have another one now, and forget it where they have it again."""
        if self.given.shape[0] < self.instances.size:
            grown = np.full(self.instances.size, -1, np.int32)
            grown[: self.given.shape[0]] = self.given
            self.given = grown
        given = self.given[places]
        given = np.where((given < 0) & (old >= 0) & (old != codes), old, given)
        self.given[places] = np.where(given == codes, -1, given)

    def given_codes(self, places: Array) -> Array:
        """Label codes (int64) that instances at `places` were first recorded with, -1 where unknown."""
        found = self.label_codes(places)
        inside = np.flatnonzero((places >= 0) & (places < self.given.shape[0]))
        given = self.given[places[inside]]
        found[inside[given >= 0]] = given[given >= 0]
        return found

    def _in_order(self, metric: str) -> None:
        epochs = list(self.columns[metric])
        if len(epochs) > 1 and epochs[-1] < epochs[-2]:  # a late epoch came after a newer one
            self.columns[metric] = dict(sorted(self.columns[metric].items()))

    def _thin(self, newest: int) -> None:
        """Keep the first, the newest and every `epoch_frequency`-th epoch; label statistics stay of all."""
        for epochs in self.columns.values():
            known = sorted(epochs)
            for epoch in known[1:]:
                if epoch < newest and epoch % self.policy.epoch_frequency and epochs[epoch].closed:
                    self._held -= epochs.pop(epoch).values.nbytes


def _code_dtype(labels: int) -> np.dtype[Any]:
    return np.dtype(np.int8 if labels <= 127 else np.int16 if labels <= 32767 else np.int32)
