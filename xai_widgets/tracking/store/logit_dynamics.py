"""Training dynamics kept up online: a few numbers per instance, however long the run.

Within an epoch the derived values of an instance are folded like any metric; when the epoch ends, the fold enters the
running state, once per instance and epoch. Repeated rows, their order and the split into batches make no difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.store import label_evidence, npz
from xai_widgets.tracking.store.epoch_column import Column
from xai_widgets.tracking.store.label_evidence import Evidence, RunTotals

Array = npt.NDArray[Any]
_RUNNING: dict[str, type[np.generic]] = {
    "seen": np.uint16,
    "confidence": np.float32,
    "spread": np.float32,  # sum of squared deviations of the confidence (Welford)
    "margin": np.float32,
    "margins": np.uint16,
    "el2n": np.float32,
    "entropy": np.float32,
    "judged": np.uint16,  # epochs of which it is known whether the prediction was right
    "correct": np.uint16,
    "forgotten": np.uint16,
    "first_learnt": np.uint16,
    "was_correct": np.bool_,
    "predicted": np.int32,  # one more than the code of the last prediction, 0 before any
    **label_evidence.KEPT,
}
_SCORES: dict[str, tuple[str, Callable[[dict[str, Array]], Array]]] = {
    "confidence": ("seen", lambda s: s["confidence"]),
    "variability": ("seen", lambda s: np.sqrt(s["spread"] / s["seen"])),
    "correctness": ("judged", lambda s: s["correct"] / s["judged"].astype(np.float32)),
    "forgetting": ("judged", lambda s: s["forgotten"]),
    "first_learnt": ("first_learnt", lambda s: s["first_learnt"]),
    "wrong": ("judged", lambda s: ~s["was_correct"]),
    "aum": ("margins", lambda s: s["margin"] / s["margins"]),
    "el2n": ("seen", lambda s: s["el2n"] / s["seen"]),
    "entropy": ("seen", lambda s: s["entropy"] / s["seen"]),
}
"""Per score: what is positive where an instance has it, and how it is computed."""


class Dynamics:
    """Running training dynamics of one stream.

    Attributes
    ----------
    confusion
        {epoch: (pairs, counts)}: label code times 2**32 plus predicted code, and how often.
    """

    def __init__(self) -> None:
        self.size = 0
        self.confusion: dict[int, tuple[Array, Array]] = {}
        self.late = 0
        self._state: dict[str, Array] = {name: np.zeros(0, kind) for name, kind in _RUNNING.items()}
        self._totals = RunTotals()
        self._open: dict[int, dict[str, Column]] = {}
        self._ended = -1

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        columns = sum(c.nbytes for epoch in self._open.values() for c in epoch.values())
        pairs = sum(p.nbytes + n.nbytes for p, n in self.confusion.values())
        return int(sum(a.nbytes for a in self._state.values()) + columns + pairs)

    def take(self, epoch: int, places: Array, derived: dict[str, Array], size: int, distinct: bool) -> None:
        """Fold derived values of a batch; rows of an epoch that has ended are counted, and left out."""
        if epoch <= self._ended:
            self.late += places.shape[0]
            return
        columns = self._open.setdefault(epoch, {})
        for name, values in derived.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = Column(epoch, np.dtype(np.float32))
            policy = "last" if name == "@prediction" else "mean"  # codes have no order of their own
            column.fold(places, values, size, policy, 0, distinct=distinct)

    def withdraw(self, epoch: int, places: Array) -> None:
        """Take back what instances have in an epoch that has not ended."""
        for column in self._open.get(epoch, {}).values():
            column.withdraw(places)

    def close(self, epoch: int, codes: Array, size: int, edited: Array) -> None:
        """Let an epoch enter the running state.

        Parameters
        ----------
        codes
            (N,) label codes.
        edited
            Places of instances that have another label than they were given: what is said of that one now is no evidence.
        """
        self._ended = max(self._ended, epoch)
        for each in sorted(e for e in self._open if e <= epoch):
            columns = {name: c.padded(size) for name, c in self._open.pop(each).items()}
            self._grow(size)
            self._enter(each, columns, edited)
            if "@prediction" in columns:
                self.confusion[each] = _pairs(codes, columns["@prediction"])

    def check(self, labels: int, predictions: int, ended: int) -> None:
        """Raise when what was restored cannot be.

        Parameters
        ----------
        labels, predictions
            How many labels, and how many predicted ones are known: their codes are below.
        ended
            The last epoch of the mode that has ended; -1 before any.
        """
        if not all(type(n) is int for n in (self.late, self._ended, *self._open, *self.confusion)):
            raise TypeError("an epoch of the dynamics is no integer")
        if not -1 <= self._ended <= ended or max(self.confusion, default=-1) > self._ended or self.late < 0:
            raise ValueError("dynamics are of epochs that have not ended")
        if self._open and min(self._open) <= self._ended:
            raise ValueError("dynamics wait for an epoch that has ended")
        for name in ("predicted", "e_first", "e_second"):
            _check_codes(self._state[name], predictions + 1)
        for name in label_evidence.KEPT:
            if not np.isfinite(self._state[name]).all():
                raise ValueError("evidence on labels is no number")
        for pairs, counts in self.confusion.values():
            _check_codes(pairs >> 32, labels)
            _check_codes(pairs & 0xFFFFFFFF, predictions)
            if counts.min(initial=0) < 0 or int(counts.sum()) > self.size:
                raise ValueError("confusion is of more instances than there are")
        self._totals.check()
        for epoch, columns in self._open.items():
            for name, column in columns.items():
                if name[:1] != "@" or column.values.dtype != np.float32 or column.epoch != epoch:
                    raise ValueError("what is open of the dynamics has another name, type or epoch")
            if "@confidence" in columns and not {"@el2n", "@entropy"} <= columns.keys():
                raise ValueError("of an open epoch of the dynamics a part is missing")
            if "@prediction" in columns:
                known = columns["@prediction"].values
                _check_codes(known[~np.isnan(known)], predictions)

    def move(self, old: Array, new: Array, size: int) -> None:
        """Put what is at `old` places at `new` ones."""
        kept = old < self.size
        for name, values in self._state.items():
            moved = np.zeros(size, values.dtype)
            moved[new[kept]] = values[old[kept]]
            self._state[name] = moved
        self.size = size
        for columns in self._open.values():
            for column in columns.values():
                column.move(old, new, size)

    def available(self) -> frozenset[str]:
        """Names of the scores that at least one instance has.

        Returns
        -------
        frozenset
            Of confidence, variability, correctness, forgetting, first_learnt, wrong, aum, el2n, entropy.
        """
        return frozenset(name for name, (known, _) in _SCORES.items() if self._state[known].any())

    def score(self, name: str, size: int) -> Array:
        """One of the available scores (N,) float64 as of the last epoch that ended; NaN where an instance has none."""
        self._grow(size)
        s = {key: values[:size] for key, values in self._state.items()}
        known, compute = _SCORES[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(s[known] > 0, compute(s), np.nan)

    def evidence(self, size: int) -> Evidence | None:
        """Return what the run says about the labels as of the last epoch that ended; None where nothing was predicted."""
        self._grow(size)
        return label_evidence.of_run(self._state, self._totals, size)

    def predicted(self, places: Array, size: int) -> Array:
        """Codes of the last predictions at `places` as of the last epoch that ended; -1 where there is none."""
        self._grow(size)
        found = np.full(places.shape, -1, np.int64)
        inside = places >= 0
        found[inside] = self._state["predicted"][places[inside]].astype(np.int64) - 1
        return found

    def state(self) -> dict[str, Any]:
        """Everything, to be saved."""
        return {
            "running": self._state,
            "totals": self._totals.sums,
            "confusion": self.confusion,
            "late": self.late,
            "ended": self._ended,
            "open": {
                e: {name: c.state() for name, c in columns.items()} for e, columns in self._open.items()
            },
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Dynamics:
        """Make the dynamics of what `state` gave."""
        dynamics = cls()
        dynamics.size = state["running"]["seen"].shape[0]
        # what a checkpoint of an earlier release does not have begins anew
        dynamics._state = {
            name: npz.checked(
                state["running"].get(name, np.zeros(dynamics.size, kind)), np.dtype(kind).kind, dynamics.size
            ).astype(kind, copy=False)
            for name, kind in _RUNNING.items()
        }
        for epoch, (pairs, counts) in state["confusion"].items():
            pairs = npz.checked(pairs, "i").astype(np.int64, copy=False)
            dynamics.confusion[epoch] = (pairs, npz.checked(counts, "i", pairs.shape[0]))
        totals = state.get("totals")
        dynamics._totals = RunTotals(None if totals is None else npz.checked(totals, "f", 4))
        dynamics.late, dynamics._ended = state["late"], state["ended"]
        dynamics._open = {
            epoch: {name: Column.restored(column) for name, column in columns.items()}
            for epoch, columns in state["open"].items()
        }
        return dynamics

    def _grow(self, size: int) -> None:
        if size > self.size:
            for name, old in self._state.items():
                new = np.zeros(size, old.dtype)
                new[: self.size] = old
                self._state[name] = new
            self.size = size

    def _enter(self, epoch: int, columns: dict[str, Array], edited: Array) -> None:
        s = self._state
        # needs what was known before this epoch
        label_evidence.enter(s, self._totals, _without(columns, edited))
        if "@confidence" in columns:
            x = columns["@confidence"]
            at = _finite(x)
            s["seen"][at] += 1
            distance = x[at] - s["confidence"][at]
            s["confidence"][at] += distance / s["seen"][at]
            s["spread"][at] += distance * (x[at] - s["confidence"][at])
            for name in ("el2n", "entropy"):
                s[name][at] += columns["@" + name][at]
        if "@margin" in columns:
            at = _finite(columns["@margin"])
            s["margin"][at] += columns["@margin"][at]
            s["margins"][at] += 1
        if "@prediction" in columns:
            x = columns["@prediction"]
            at = _finite(x)
            s["predicted"][at] = x[at].astype(np.int32) + 1
        if "@correct" in columns:
            x = columns["@correct"]
            at = _finite(x)
            right = x[at] > 0.5
            s["judged"][at] += 1
            s["correct"][at] += right
            s["forgotten"][at] += s["was_correct"][at] & ~right
            first = s["first_learnt"][at]
            s["first_learnt"][at] = np.where((first == 0) & right, epoch, first)
            s["was_correct"][at] = right


def _without(columns: dict[str, Array], places: Array) -> dict[str, Array]:
    """Return columns with nothing known at some places; themselves where there are none."""
    if not places.size:
        return columns
    made = {name: values.copy() for name, values in columns.items()}
    for values in made.values():
        values[places] = np.nan
    return made


def _check_codes(codes: Array, limit: int) -> None:
    if codes.min(initial=0) < 0 or codes.max(initial=-1) >= limit:
        raise ValueError("predictions are of no label")


def _finite(values: Array) -> Any:
    """Where values are finite: a slice of everything when all are, which numpy indexes for nothing."""
    finite = np.isfinite(values)
    return slice(0, values.shape[0]) if finite.all() else np.flatnonzero(finite)


def _pairs(codes: Array, prediction: Array) -> tuple[Array, Array]:
    size = min(codes.shape[0], prediction.shape[0])
    codes, prediction = codes[:size], prediction[:size]
    kept = (codes >= 0) & np.isfinite(prediction)
    codes, prediction = codes[kept].astype(np.int64), prediction[kept].astype(np.int64)
    if not codes.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    wide = int(prediction.max()) + 1
    if (int(codes.max()) + 1) * wide <= 1 << 22:
        counts = np.bincount(codes * wide + prediction)
        flat = np.flatnonzero(counts)
        return (flat // wide << 32) + flat % wide, counts[flat]
    return np.unique((codes << 32) + prediction, return_counts=True)
