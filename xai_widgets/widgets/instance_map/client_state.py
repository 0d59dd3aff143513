"""The picture as the browser has it: quantised columns under a sequence number, and what changed since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets._metrics import Metric
from xai_widgets.explain.clusters import SUSPICIOUS
from xai_widgets.figures.palette import label_colors
from xai_widgets.tracking.scores.label_errors import decided
from xai_widgets.widgets.instance_map.protocol import (
    LEVELS,
    MOVER,
    NEVER,
    NONE16,
    SHORTCUT,
    SUSPECTED,
    WRONG,
    Column,
    Filters,
    changes,
    dense,
    message,
    quantise,
    quantise8,
)
from xai_widgets.widgets.instance_map.score_source import Source, score_range, score_text, score_unit
from xai_widgets.widgets.view.formatting import clean

Array: TypeAlias = npt.NDArray[Any]
Message: TypeAlias = tuple[dict[str, Any], list[bytes]]

_MOST_MOVERS: Final = 500


@dataclass(frozen=True)
class Controls:
    """Which scores are shown: two axes, a colour ("label" or a score) and a size (a score or None)."""

    x: str = "variability"
    y: str = "confidence"
    color: str = "label"
    size: str | None = None


class MapModel:
    """Columns, their ranges, and their sequence number.

    Attributes
    ----------
    stream
        Names an order of rows; a new one whenever rows were added or another mode is shown.
    seq
        Grows by one with every delta.
    columns
        {name: (N,) codes}, as the browser has them.
    values
        {score: (N,) float32} of the scores shown, as they were when they were sent.
    suspects
        How many labels are wrong, in a few words; "" where it is too early to tell.
    """

    def __init__(self) -> None:
        self.stream, self.seq, self.n = "", 0, 0
        self.columns: dict[str, Array] = {}
        self.values: dict[str, Array] = {}
        self.ranges: dict[str, tuple[float, float]] = {}
        self.available = dict.fromkeys(
            ("suspected", "never", "movers", "wrong", "shortcut", "forgotten"), False
        )
        self.notes: dict[str, str] = {}
        self.suspects = ""
        self._labels: list[dict[str, str]] = []
        self._index: Column | None = None
        self._index_meta: dict[str, Any] = {"kind": "range", "start": 0, "step": 1}
        self._scores: dict[str, str] = {}  # which score a range is of
        self._before: tuple[Controls, Array, Array] | None = None
        self._movers: Array = np.zeros(0, np.int64)

    # ---- taking data in

    def restart(self, source: Source, controls: Controls) -> None:
        """Read the rows anew, their labels and places; what the filters need comes later."""
        source.reload()
        source.probe()
        self.stream, self.seq, self.n = uuid.uuid4().hex[:12], self.seq + 1, source.n
        self.columns, self.values, self.ranges, self._before = {}, {}, {}, None
        self._labels = _label_specs(source.labels.names)
        self._index_meta, self._index = _index_column(source.index)
        self.columns["label"] = source.labels.codes
        self.columns["flags"], self.columns["forgets"] = (
            np.zeros(self.n, np.uint8),
            np.zeros(self.n, np.uint8),
        )
        self.positions(source, controls)

    def positions(self, source: Source, controls: Controls) -> list[Column]:
        """Read axes, colour and size; gives the columns that changed."""
        self.values = {}
        new = {axis: self._axis(source, axis, getattr(controls, axis)) for axis in ("x", "y")}
        for field, score in (("color", controls.color), ("size", controls.size)):
            codes = None if score in (None, "label") else self._byte(source, field, str(score))
            if codes is None:
                self.columns.pop(field, None)  # nothing is kept up that nobody sees
                self.ranges.pop(field, None)
            else:
                new[field] = codes
        return self._take(new)

    def flags(self, source: Source, controls: Controls | None = None) -> list[Column]:
        """Read what the filters need; gives the columns that changed.

        Parameters
        ----------
        controls
            Given when an epoch has ended: who moved most since the one before is marked anew.
        """
        flags = self.columns.get("flags", np.zeros(self.n, np.uint8)) & np.uint8(MOVER)
        if controls is not None and self._mark_movers(controls):
            flags[:] = 0
            flags[self._movers] = MOVER
        suspicion, never, wrong, forgetting = (
            source.score(name) for name in ("label_error", "never_learnt", "wrong", "forgetting")
        )
        suspected = source.score("suspected")
        self.available["suspected"] = suspected is not None and bool(np.isfinite(suspected).any())
        outliers = not source.labels.values
        self.suspects = "" if suspicion is None else decided(suspicion, outliers=outliers).brief()
        self.available["never"] = never is not None
        self.available["wrong"] = wrong is not None
        self.available["forgotten"] = forgetting is not None
        cheating = source.score("suspicion")
        self.available["shortcut"] = cheating is not None
        with np.errstate(invalid="ignore"):
            if cheating is not None:
                flags[cheating >= SUSPICIOUS] |= SHORTCUT
            if suspected is not None:
                flags[suspected == 1] |= SUSPECTED
            if never is not None:
                flags[never == 1] |= NEVER
            if wrong is not None:
                flags[wrong == 1] |= WRONG
        forgets = np.zeros(self.n, np.uint8)
        if forgetting is not None:
            forgets[:] = np.clip(np.nan_to_num(forgetting, nan=0.0), 0, 255)
        return self._take({"flags": flags, "forgets": forgets})

    def _mark_movers(self, controls: Controls) -> bool:
        """Compare with the end of the epoch before; False where there is none to compare with."""
        x, y = self.columns["x"], self.columns["y"]
        before, self._before = self._before, (controls, x.copy(), y.copy())
        if (
            before is None
            or (before[0].x, before[0].y) != (controls.x, controls.y)
            or len(before[1]) != self.n
        ):
            return False
        self._movers = _movers(before[1], before[2], x, y)
        self.available["movers"] = True
        return True

    def _axis(self, source: Source, axis: str, score: str) -> Array:
        values = source.score(score)
        self.notes.pop(axis, None)
        if values is None:
            self.ranges[axis] = (
                self.ranges.get(axis, (0.0, 1.0)) if source.n else score_range(score, np.zeros(0), None)
            )
            if source.n:
                self.notes[axis] = source.why_not(score)
            return np.full(self.n, NONE16, np.uint16)
        self.values[score] = values.astype(np.float32)
        self.ranges[axis] = score_range(score, values, self._old_range(axis, score))
        return quantise(values, *self.ranges[axis])

    def _byte(self, source: Source, field: str, score: str) -> Array | None:
        values = source.score(score)
        if values is None:
            return None
        self.values[score] = values.astype(np.float32)
        self.ranges[field] = score_range(score, values, self._old_range(field, score))
        return quantise8(values, *self.ranges[field])

    def _old_range(self, field: str, score: str) -> tuple[float, float] | None:
        """Return the ends so far, unless they are those of another score."""
        old = self._scores.get(field) == score
        self._scores[field] = score
        return self.ranges.get(field) if old else None

    def _take(self, new: dict[str, Array]) -> list[Column]:
        found = [changes(name, values, self.columns.get(name)) for name, values in new.items()]
        self.columns.update(new)
        return [column for column in found if column is not None]

    # ---- giving it out

    def snapshot(self, to: str, meta: dict[str, Any]) -> Message:
        """Everything, for one window or for all ("")."""
        columns = [dense(name, values) for name, values in self.columns.items()]
        if self._index is not None:
            columns.append(self._index)
        return message(
            "snapshot",
            columns,
            to=to,
            stream=self.stream,
            seq=self.seq,
            n=self.n,
            meta=meta,
            labels=self._labels,
        )

    def delta(self, columns: list[Column], cause: str, meta: dict[str, Any]) -> Message:
        """Make the next delta."""
        self.seq += 1
        return message("delta", columns, stream=self.stream, seq=self.seq, n=self.n, cause=cause, meta=meta)

    def meta(self, controls: Controls, metric: Metric) -> dict[str, Any]:
        """Axes, names and what can be filtered, as they travel."""
        return {
            "x": self._spec("x", controls.x, metric),
            "y": self._spec("y", controls.y, metric),
            "color": self._spec("color", controls.color, metric) if "color" in self.ranges else None,
            "size": self._spec("size", controls.size or "", metric) if "size" in self.ranges else None,
            "index": self._index_meta,
            "available": dict(self.available),
            "missing": self.missing,
        }

    def _spec(self, field: str, score: str, metric: Metric) -> dict[str, Any]:
        lo, hi = self.ranges.get(field, (0.0, 1.0))
        text = score_text(score, metric.name)
        return {
            "name": score,
            "text": text,
            "unit": score_unit(score, metric.unit),
            "lo": float(lo),
            "hi": float(hi),
        }

    def values_at(self, row: int) -> dict[str, float]:
        """Scores of a row, as they are shown."""
        return {name: float(values[row]) for name, values in self.values.items()}

    @property
    def missing(self) -> int:
        """How many rows have no place."""
        if self.n == 0:
            return 0
        return int(np.count_nonzero((self.columns["x"] == NONE16) | (self.columns["y"] == NONE16)))

    def shown(self, filters: Filters) -> npt.NDArray[np.int64]:
        """Rows that have a place and pass the filters: what the browser shows strongly."""
        c = self.columns
        wanted = (
            (SUSPECTED if filters.suspected else 0)
            | (NEVER if filters.never else 0)
            | (MOVER if filters.movers else 0)
            | (WRONG if filters.wrong else 0)
            | (SHORTCUT if filters.shortcut else 0)
        )
        kept = (c["x"] != NONE16) & (c["y"] != NONE16) & (c["forgets"] >= filters.forgotten)
        kept &= (c["flags"] & wanted) == wanted
        if filters.label >= 0:
            kept &= c["label"] == filters.label
        return np.flatnonzero(kept)


def _label_specs(names: tuple[str, ...]) -> list[dict[str, str]]:
    light, dark = label_colors(len(names)), label_colors(len(names), dark=True)
    return [
        {"name": clean(name, 300), "light": bright, "dark": deep}
        for name, bright, deep in zip(names, light, dark, strict=True)
    ]


def _index_column(index: Array) -> tuple[dict[str, Any], Column | None]:
    """Describe the names of the rows: a range where they are one, numbers where they fit, else nothing."""
    if index.dtype == object:
        return {"kind": "text"}, None
    if len(index) == 0:
        return {"kind": "range", "start": 0, "step": 1}, None
    start = int(index[0])
    step = int(index[1]) - start if len(index) > 1 else 1
    biggest = max(abs(int(index.min())), abs(int(index.max())))
    if biggest >= 2**53:
        return {"kind": "text"}, None
    if step != 0 and np.array_equal(index, start + step * np.arange(len(index))):
        return {"kind": "range", "start": start, "step": step}, None
    kind = "<i4" if biggest < 2**31 else "<f8"
    return {"kind": "number"}, dense("index", index.astype(kind))


def _movers(x0: Array, y0: Array, x1: Array, y1: Array) -> npt.NDArray[np.int64]:
    """Rows that moved most, a hundredth of all and at most 500, in units of the axes."""
    placed = (x0 != NONE16) & (y0 != NONE16) & (x1 != NONE16) & (y1 != NONE16)
    dx = (x1.astype(np.float32) - x0) / LEVELS
    dy = (y1.astype(np.float32) - y0) / LEVELS
    way = np.where(placed, dx * dx + dy * dy, 0)
    most = min(_MOST_MOVERS, max(1, len(way) // 100), int(np.count_nonzero(way)))
    if most == 0:
        return np.zeros(0, np.int64)
    return np.sort(np.argpartition(way, len(way) - most)[len(way) - most :])
