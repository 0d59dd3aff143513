"""What edits did: runs with them and without, on one evaluation set, class by class and for each edited sample."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.edits.state import EditState
from xai_widgets.runlog import FollowingTracker
from xai_widgets.tracking import Tracker

Array = npt.NDArray[np.float64]
Run: TypeAlias = Tracker | str | os.PathLike[str]
ACCURACY = "accuracy"
SHOWN = 20


@dataclass(frozen=True)
class Report:
    """Runs without and with edits, compared in pairs.

    Attributes
    ----------
    metric, mode, ds_id
        What was compared, on which evaluation set.
    epochs
        (R, 2) the epoch of each run without and with edits.
    labels, names
        (L,) classes and their display names.
    count
        (L,) instances of each class.
    before, after
        (R, L) means of the metric per pair of runs and class.
    index
        (S,) the edited instances of the training set.
    operation
        (S,) "excluded", "relabelled" or "reweighted".
    sample_before, sample_after
        (R, S) their training loss in the last epoch, each under the label it had there; NaN where a run did not draw it.
    edited
        How many instances of the evaluation set are edited themselves: then it is not the same set any more.
    """

    metric: str
    mode: str
    ds_id: str | None
    epochs: npt.NDArray[np.int64]
    labels: tuple[Any, ...]
    names: tuple[str, ...]
    count: npt.NDArray[np.int64]
    before: Array
    after: Array
    index: npt.NDArray[Any]
    operation: tuple[str, ...]
    sample_before: Array
    sample_after: Array
    edited: int

    @property
    def difference(self) -> Array:
        """(L,) mean over the pairs of after less before."""
        return np.asarray((self.after - self.before).mean(0))

    @property
    def error(self) -> Array:
        """(L,) standard error of `difference` over the pairs; NaN for a single pair."""
        return _error(self.after - self.before)

    @property
    def overall(self) -> tuple[float, float, float, float]:
        """Mean over all instances before and after, the difference and its standard error over the pairs."""
        share = self.count / self.count.sum()
        before, after = self.before @ share, self.after @ share
        return (
            float(before.mean()),
            float(after.mean()),
            float((after - before).mean()),
            float(_error((after - before)[:, None])[0]),
        )

    def __str__(self) -> str:
        pairs = len(self.before)
        where = self.mode if self.ds_id is None else f"{self.mode} ({self.ds_id})"
        spread = (
            "standard errors over the pairs"
            if pairs > 1
            else "one pair of runs tells nothing of the spread over seeds"
        )
        lines = [
            f"{self.metric} on {where}, {pairs} pair{'s' * (pairs > 1)} of runs without and with edits; {spread}"
        ]
        if self.edited:
            lines.append(f"the evaluation set is edited itself: {self.edited} of its instances")
        lines.append(_row("all", int(self.count.sum()), *self.overall))
        each = zip(self.before.mean(0), self.after.mean(0), self.difference, self.error, strict=True)
        lines += [
            _row(name, count, *found) for name, count, found in zip(self.names, self.count, each, strict=True)
        ]
        kinds = {kind: self.operation.count(kind) for kind in dict.fromkeys(self.operation)}
        lines.append("edited: " + (", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "nothing"))
        return "\n".join(lines)


def compare(
    before: Run | Sequence[Run],
    after: Run | Sequence[Run],
    state: EditState,
    edited: int,
    *,
    metric: str,
    mode: str,
    ds_id: str | None,
    epoch: int | None,
) -> Report:
    """Compare runs; see `Edits.report`."""
    pairs = list(zip(_runs(before), _runs(after), strict=False))
    if len(pairs) != len(_listed(before)) or len(pairs) != len(_listed(after)) or not pairs:
        raise ValueError(
            f"{len(_listed(before))} runs without edits and {len(_listed(after))} with: give as many of both, in pairs "
            "of one seed"
        )
    first = pairs[0][0]
    known = _set_of(first, mode, ds_id)
    found, epochs = [], []
    for run in (run for pair in pairs for run in pair):
        _check_same(_set_of(run, mode, ds_id), known, mode)
        at = _epoch(run, mode, ds_id, metric, epoch)
        found.append(_per_class(run, mode, ds_id, metric, at))
        epochs.append(at)
    classes = tuple(found[0])
    values = np.array([[each.get(label, (np.nan, 0))[0] for label in classes] for each in found])
    samples = [_losses(run, state.index) for pair in pairs for run in pair]
    return Report(
        metric, mode, ds_id,
        np.array(epochs, np.int64).reshape(-1, 2),
        classes, tuple(first.name_of(label) for label in classes),
        np.array([found[0][label][1] for label in classes], np.int64),
        values[0::2], values[1::2],
        state.index, tuple(_operations(state)),
        np.array(samples[0::2]), np.array(samples[1::2]),
        edited,
    )  # fmt: skip


def _listed(runs: Run | Sequence[Run]) -> list[Run]:
    return list(runs) if isinstance(runs, (list, tuple)) else [runs]  # type: ignore[list-item]


def _runs(runs: Run | Sequence[Run]) -> list[Tracker]:
    opened = []
    for run in _listed(runs):
        if not isinstance(run, (Tracker, str, os.PathLike)):
            raise TypeError(f"a run is a Tracker or the folder of one; got {type(run).__name__}")
        opened.append(run if isinstance(run, Tracker) else FollowingTracker(run, live=False))
    return opened


def _set_of(run: Tracker, mode: str, ds_id: str | None) -> dict[Any, Any]:
    """Return the label of each instance that a run was evaluated on."""
    if mode not in run.modes or not run.metrics(mode):
        raise ValueError(f"a run has nothing of mode {mode!r}; it has {', '.join(run.modes) or 'nothing'}")
    table = run.dynamics(mode, metric=run.metrics(mode)[0], ds_id=ds_id, columns=())
    labels = table["label"].tolist() if "label" in table else [None] * len(table["index"])
    return dict(zip(table["index"].tolist(), labels, strict=True))


def _check_same(other: dict[Any, Any], known: dict[Any, Any], mode: str) -> None:
    if other.keys() != known.keys():
        raise ValueError(
            f"the runs were evaluated on different sets: {len(known)} instances of mode {mode!r} in the first, {len(other)} in "
            f"another one, {len(other.keys() & known.keys())} of them the same. Compare them on one set"
        )
    if other != known:
        raise ValueError(
            f"the runs have different labels in mode {mode!r}: compare them on one set with the same labels"
        )


def _epoch(run: Tracker, mode: str, ds_id: str | None, metric: str, epoch: int | None) -> int:
    known = run.label_series(_recorded(run, mode, metric), mode=mode, ds_id=ds_id).epochs.tolist()
    if not known or (epoch is not None and epoch not in known):
        raise ValueError(f"no epoch {epoch or ''} of mode {mode!r} was recorded; there are {known}")
    return int(known[-1] if epoch is None else epoch)


def _recorded(run: Tracker, mode: str, metric: str) -> str:
    """Name a metric that the mode has columns of."""
    have = run.metrics(mode)
    if metric in have or (metric == ACCURACY and have):
        return metric if metric in have else have[0]
    raise ValueError(f"no metric {metric!r} in mode {mode!r}; there are {', '.join((*have, ACCURACY))}")


def _per_class(
    run: Tracker, mode: str, ds_id: str | None, metric: str, epoch: int
) -> dict[Any, tuple[float, int]]:
    """Return the mean and the number of instances of each class."""
    if metric == ACCURACY and metric not in run.metrics(mode):
        table = run.confusion(mode, ds_id=ds_id, epoch=epoch)
        totals = table.counts.sum(1)
        return {
            label: (float(table.counts[row, row] / totals[row]), int(totals[row]))
            for row, label in enumerate(table.labels)
            if totals[row]
        }
    series = run.label_series(metric, mode=mode, ds_id=ds_id)
    at = series.epochs.tolist().index(epoch)
    return {
        label: (float(series.mean[row, at]), int(series.count[row, at]))
        for row, label in enumerate(series.labels)
        if series.count[row, at]
    }


def _losses(run: Tracker, index: npt.NDArray[Any]) -> Array:
    """Return the training losses (S,) of instances in the last epoch; NaN where there is none."""
    values = np.full(len(index), np.nan)
    if "train" not in run.modes or "loss" not in run.metrics("train"):
        return values
    known = set(run.indices("train").tolist())
    rows = [row for row, name in enumerate(index.tolist()) if name in known]
    if rows:
        series = run.instance_series([index[row] for row in rows], "loss", mode="train")
        values[rows] = series.values[:, -1]
    return values


def _operations(state: EditState) -> list[str]:
    return [
        "excluded" if out else "relabelled" if new else "reweighted"
        for out, new in zip(state.excluded, state.relabelled, strict=True)
    ]


def _error(differences: Array) -> Array:
    if len(differences) < 2:
        return np.full(differences.shape[1], np.nan)
    return np.asarray(differences.std(0, ddof=1) / np.sqrt(len(differences)))


def _row(name: str, count: int, before: float, after: float, difference: float, error: float) -> str:
    spread = "" if np.isnan(error) else f" ± {error:.4f}"
    return f"  {name} ({count}): {before:.4f} -> {after:.4f}, {difference:+.4f}{spread}"
