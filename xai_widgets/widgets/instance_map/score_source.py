"""What the instance map draws: rows with their names, labels and scores, read from a tracker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.tracking.scores import all_scores, score_named
from xai_widgets.widgets.instance_map.explained_scores import EXPLAINED, aligned
from xai_widgets.widgets.instance_map.protocol import MAX_LABELS, NONE16

Array: TypeAlias = npt.NDArray[Any]
Index: TypeAlias = int | str


def known_scores() -> tuple[str, ...]:
    """Return the names of all scores."""
    return (*(score.name for score in all_scores()), *EXPLAINED)


def score_text(name: str, metric: str) -> str:
    """Write a score as it is shown: "mean loss"."""
    return EXPLAINED[name].text if name in EXPLAINED else score_named(name).said(metric)


def score_unit(name: str, of_metric: str) -> str:
    """Return the unit of a score, "" where it has none; `of_metric` is the unit of the metric it is made of."""
    unit = "" if name in EXPLAINED else score_named(name).unit
    return of_metric if unit is None else unit


def score_range(name: str, values: Array, old: tuple[float, float] | None) -> tuple[float, float]:
    """Choose the ends of a score's axis: known ones, or round ones that stay as long as they fit.

    Parameters
    ----------
    values
        (N,) the score.
    old
        The ends so far. They are kept while everything is inside and fills at least a third of them, so that an axis
        does not jump with every epoch.
    """
    fixed = EXPLAINED[name].range if name in EXPLAINED else score_named(name).range
    if fixed is not None:
        return fixed
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    low = min(low, 0.0)
    if old is not None and old[0] <= low and high <= old[1] and high - low > (old[1] - old[0]) / 3:
        return old
    return (-_round_up(-low) if low < 0 else 0.0), (
        _round_up(high) if high > 0 else (0.0 if low < 0 else 1.0)
    )


def _round_up(value: float) -> float:
    """Return the next round number: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(
        next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.9999)
    )


@dataclass(frozen=True)
class Labels:
    """The labels of all rows.

    Attributes
    ----------
    codes
        (N,) uint16, positions in ``values``; 65535 where there is none.
    values, names
        The label values in their order, and how they are shown; labels merged under one name are one tuple.
    """

    codes: npt.NDArray[np.uint16]
    values: tuple[Any, ...]
    names: tuple[str, ...]


class Source:
    """One mode of a tracker, as rows.

    Parameters
    ----------
    tracker
        Where everything comes from.
    mode, ds_id
        Which data.
    explained
        A `Feed` of explanations, whose scores stand beside the tracker's; None without.
    """

    def __init__(self, tracker: Any, mode: str, ds_id: str | None, explained: Any = None) -> None:
        self.tracker, self.mode, self.ds_id = tracker, mode, ds_id
        self.explained = explained
        self.index: Array = np.zeros(0, np.int64)
        self.labels = Labels(np.zeros(0, np.uint16), (), ())
        self._places: dict[Index, int] | None = None
        self._sorted: tuple[Array, Array] | None = None
        self._available: tuple[str, ...] = ()
        self._cache: dict[tuple[str, str], Array] = {}
        self._cached_at = -1

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.index)

    def present(self) -> bool:
        """Whether anything was recorded in this mode."""
        return self.mode in self.tracker.modes

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics recorded."""
        return tuple(self.tracker.metrics(self.mode)) if self.present() else ()

    def unit_of(self, metric: str) -> str:
        """Return the unit of a metric, "" where it has none."""
        return str(self.tracker.metric(metric).unit)

    @property
    def metric(self) -> str:
        """The metric the scores are made of."""
        metrics = self.metrics
        return "loss" if "loss" in metrics or not metrics else metrics[0]

    def size_now(self) -> int:
        """How many instances the tracker has by now."""
        return int(self.tracker.counts(self.mode, self.ds_id).instances) if self.present() else 0

    def reload(self) -> None:
        """Read names and labels of all rows anew."""
        if not self.present():
            self.index = np.zeros(0, np.int64)
            self.labels = Labels(np.zeros(0, np.uint16), (), ())
        else:
            table = self.tracker.dynamics(self.mode, metric=self.metric, ds_id=self.ds_id, columns=[])
            self.index = table["index"]
            self.labels = self._read_labels(table.get("label"))
        self._places = self._sorted = None
        self._cache.clear()

    def _read_labels(self, given: Array | None) -> Labels:
        if given is None:
            return Labels(np.full(self.n, NONE16, np.uint16), (), ())
        groups, of = _merged(self.tracker)
        names = tuple(self.tracker.name_of(value) for value in groups)
        codes = np.full(self.n, NONE16, np.uint16)
        if given.dtype != object:
            order = np.array(sorted(v for v in of if isinstance(v, int)), np.int64)
            if order.size:
                position = np.array([of[v] for v in order.tolist()], np.int64)
                at = np.minimum(np.searchsorted(order, given), order.size - 1)
                codes = np.where(order[at] == given, position[at], NONE16).astype(np.uint16)
        else:
            codes = np.array([of.get(value, NONE16) for value in given.tolist()], np.uint16)
        return Labels(codes, groups, names)

    # ---- scores

    def scores(self) -> tuple[str, ...]:
        """Names of the scores that what was recorded allows; the last known ones while nothing is there."""
        mine = tuple(name for name in known_scores() if self.explained is not None or name not in EXPLAINED)
        return self._available or mine

    def probe(self) -> None:
        """Find out which scores there are."""
        self._available = ()
        if self.n and self.metrics:
            here = () if self.explained is None else tuple(self.explained.reading.scores)
            self._available = (
                *self.tracker.score_names(self.metric, self.mode, ds_id=self.ds_id),
                *here,
            )

    def score(self, name: str) -> Array | None:
        """Read a score (N,), NaN where a row has none; None where what was recorded does not allow it."""
        if name in EXPLAINED:
            return None if self.explained is None else aligned(self.explained.reading, name, self.index)
        version = self.tracker.version
        if version != self._cached_at:
            self._cache.clear()
            self._cached_at = version
        key = (name, self.metric)
        if key not in self._cache:
            values = self._read_score(name)
            if values is None:
                return None
            self._cache[key] = values
        return self._cache[key]

    def _read_score(self, name: str) -> Array | None:
        if not self.present() or not self.metrics:
            return None
        try:
            values = self.tracker.scores(name, self.metric, self.mode, ds_id=self.ds_id)
        except ValueError:
            return None
        if len(values) < self.n:
            return None
        return np.asarray(values[: self.n])

    def why_not(self, name: str) -> str:
        """Say why a score is not there, in the tracker's own words."""
        if name in EXPLAINED:
            missing = "no explanations are given: InstanceMap(tracker, explained=store)"
            return missing if self.explained is None else "nothing is explained yet"
        try:
            self.tracker.scores(name, self.metric, self.mode, ds_id=self.ds_id)
        except ValueError as error:
            return str(error)
        return ""

    def forget_scores(self) -> None:
        """Give the memory of the scores back."""
        self._cache.clear()

    # ---- rows and index values

    def find(self, indices: Iterable[Index]) -> npt.NDArray[np.int64]:
        """Rows of index values; -1 where there is none."""
        wanted = list(indices)
        if not wanted:
            return np.zeros(0, np.int64)
        if self.index.dtype != object:
            # numpy makes strings of numbers and strings, and objects of numbers that are too large
            plain = np.array(wanted)
            if plain.dtype == np.int64:
                return self._find_here(plain)
            numbers = [v for v in wanted if isinstance(v, (int, np.integer))]
            known: dict[Any, int] = dict(
                zip(numbers, self._find_numbers(np.array(numbers, object)).tolist(), strict=True)
            )
            return np.array([known.get(v, -1) for v in wanted], np.int64)
        if self._places is None:
            self._places = {name: row for row, name in enumerate(self.index.tolist())}
        places = self._places
        return np.array([places.get(value, -1) for value in wanted], np.int64)

    def _find_numbers(self, wanted: Array) -> npt.NDArray[np.int64]:
        if self.n == 0 or len(wanted) == 0:
            return np.full(len(wanted), -1, np.int64)
        inside = np.array([-(2**63) <= int(v) < 2**63 for v in wanted])
        numbers = np.array([int(v) if fits else 0 for v, fits in zip(wanted, inside, strict=True)], np.int64)
        return np.where(inside, self._find_here(numbers), -1)

    def _find_here(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self.n == 0:
            return np.full(len(numbers), -1, np.int64)
        if self._sorted is None:
            order = np.argsort(self.index, kind="stable")
            self._sorted = (self.index[order], order)
        names, order = self._sorted
        at = np.minimum(np.searchsorted(names, numbers), self.n - 1)
        return np.where(names[at] == numbers, order[at], -1)

    def values_at(self, rows: Array) -> tuple[Index, ...]:
        """Return the index values of rows."""
        return tuple(self.index[rows].tolist())

    def label_name(self, row: int) -> str:
        """Return the label of a row as it is shown, "" where it has none."""
        code = int(self.labels.codes[row])
        return self.labels.names[code] if code < len(self.labels.names) else ""

    def predictions(self, rows: Array) -> list[str]:
        """Return the last prediction for rows as it is shown, "" where none was recorded."""
        found = self.tracker.predictions(self.values_at(rows), self.mode, ds_id=self.ds_id)
        return ["" if value is None else self.tracker.name_of(value) for value in found]


def _merged(tracker: Any) -> tuple[tuple[Any, ...], dict[Any, int]]:
    """Return the labels in the order of the label chart, so that colours agree, and the position of each value among them.

    Labels that share a name are one tuple.
    """
    groups: list[Any] = []
    of: dict[Any, int] = {}
    for value in (*tracker.label_names.values(), *tracker.labels):
        members = value if isinstance(value, tuple) else (value,)
        fresh = [member for member in members if member not in of]
        if fresh and len(groups) < MAX_LABELS:
            of.update(dict.fromkeys(fresh, len(groups)))
            groups.append(value)
    return tuple(groups), of
