"""Reading one file of a run log, from where the last reading ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.runlog.files import parse
from xai_widgets.runlog.format import Frame
from xai_widgets.runlog.kinds import (
    INDEX_BITS,
    LABEL_BITS,
    NAMED,
    Kind,
    NewerError,
    Status,
    from_json,
    read_about,
    read_place,
    read_status,
    read_stream,
    read_values,
)
from xai_widgets.runlog.tail import Tail, Tally
from xai_widgets.tracking.store.batch_buffer import Batch

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """A batch as it was recorded."""

    mode: str
    ds_id: str | None
    epoch: int
    step: int
    batch: Batch


@dataclass(frozen=True)
class EpochEnd:
    """A process has no more rows of a mode's epoch."""

    mode: str
    ds_id: str | None
    epoch: int
    step: int


Event: TypeAlias = Rows | EpochEnd | Status


class FileReader:
    """Reads a file of a run log while it may still be written.

    Attributes
    ----------
    began, rank, world, key
        When the process began (nanoseconds), its number among how many, what names their common start.
    unique
        What is in the name of this file alone.
    about
        What the first frame says; empty until it is read, or when it is damaged.
    first
        (epoch, step) of the first training batch; None until there is one.

    Raises
    ------
    ValueError
        When the file is not named like one of a run log.
    """

    def __init__(self, path: Path) -> None:
        name = parse(path.name)
        if name is None:
            raise ValueError(f"{path.name!r} is not named like a file of a run log")
        self.path = path
        self.began, self.key, self.unique = name.began, name.key, name.unique
        self.rank, self.world = name.rank, name.world
        self.about: dict[str, Any] = {}
        self.first: tuple[int, int] | None = None
        self._tail = Tail(path)
        self._forget()

    def _forget(self) -> None:
        self._streams: dict[int, tuple[str, str | None, tuple[str, ...]]] = {}
        self._labels: dict[int, Any] = {}
        self._names: dict[tuple[str, str | None], dict[int, Any]] = {}

    def rewind(self) -> None:
        """Read from the beginning again."""
        self._tail.rewind()
        self._forget()

    def poll(self) -> list[Event]:
        """Read what has come, at most a window of it; nothing when there is no whole frame yet.

        Raises
        ------
        OSError
            When the file cannot be read at the moment.
        """
        events = []
        for frame, offset in self._tail.frames():
            try:
                event = self._understand(frame, offset)
            except NewerError as error:
                self._tail.give_up(f"{error}; the file is not read")
                break
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
                self._lost(offset, frame, f"not understood ({type(error).__name__}: {error})")
                continue
            if event is not None:
                events.append(event)
        return events

    def give_up(self, reason: str) -> None:
        """Read no more of this file."""
        self._tail.give_up(reason)

    @property
    def tally(self) -> Tally:
        """Counts, and damage found."""
        return self._tail.tally

    @property
    def advanced(self) -> bool:
        """Whether the last look got further."""
        return self._tail.advanced

    @property
    def rest(self) -> int:
        """Bytes at the end that make no whole frame."""
        return self._tail.rest

    def _understand(self, frame: Frame, offset: int) -> Event | None:
        if frame.kind == Kind.ROWS:
            return self._rows(frame, offset)
        if frame.kind == Kind.EPOCH_END:
            mode, ds_id, _ = self._stream_of(frame)
            return EpochEnd(mode, ds_id, frame.epoch, frame.step)
        if frame.kind not in tuple(Kind):
            raise ValueError(f"kind {frame.kind} is not known")
        value = from_json(frame.payload)
        if frame.kind == Kind.STATUS:
            return read_status(value)
        if frame.kind == Kind.STREAM:
            self._streams[frame.stream] = read_stream(value)
        elif frame.kind == Kind.LABELS:
            self._labels.update(_numbered(read_values(value), frame))
        elif frame.kind == Kind.NAMES:
            names = self._names.setdefault(read_place(value), {})
            names.update(_numbered(read_values(value.get("names")), frame))
        else:
            self.about = read_about(value)
            self.first = self.first or self.about["first"]
        return None

    def _stream_of(self, frame: Frame) -> tuple[str, str | None, tuple[str, ...]]:
        described = self._streams.get(frame.stream)
        if described is None:
            raise ValueError("the description of its stream is missing")
        if frame.epoch < 0:
            raise ValueError(f"epoch {frame.epoch} is negative")
        return described

    def _rows(self, frame: Frame, offset: int) -> Rows:
        mode, ds_id, metrics = self._stream_of(frame)
        index_kind, label_kind = INDEX_BITS[frame.flags & 3], LABEL_BITS[frame.flags >> 2 & 3]
        widths = (int(index_kind[2]), int(label_kind[2]) if label_kind else 0, 4 * frame.metrics)
        if len(metrics) != frame.metrics:
            raise ValueError("the description of its stream is missing")
        if frame.rows == 0 or sum(widths) * frame.rows != len(frame.payload):
            raise ValueError("its columns do not fill it")
        raw = frame.payload
        index: Any = np.frombuffer(raw, index_kind, frame.rows)
        at = index.nbytes
        if frame.flags & 3 == NAMED:
            names = self._names.get((mode, ds_id), {})
            index = [names.get(i) for i in index.tolist()]
            if None in index:
                raise ValueError("names of its instances are missing")
        label = None
        if label_kind is not None:
            codes = np.frombuffer(raw, label_kind, frame.rows, at)
            at += codes.nbytes
            label = self._values_of(codes, frame, offset)
        values = list(
            np.frombuffer(raw, "<f4", frame.rows * frame.metrics, at).reshape(frame.metrics, frame.rows)
        )
        self.tally.rows += frame.rows
        if mode == "train" and self.first is None:
            self.first = (frame.epoch, frame.step)
        predicted = self._predicted(values[metrics.index("@named")]) if "@named" in metrics else None
        batch = Batch(index, label, metrics, values, predicted=predicted)
        return Rows(mode, ds_id, frame.epoch, frame.step, batch)

    def _predicted(self, codes: Array) -> list[Any]:
        """Return the predictions that codes of label values stand for."""
        found = [self._labels.get(int(code)) if code.is_integer() else None for code in codes.tolist()]
        if None in found:
            raise ValueError("predicted values are missing")
        return found

    def _values_of(self, codes: Array, frame: Frame, offset: int) -> Array | list[Any] | None:
        used, inverse = np.unique(codes, return_inverse=True)
        values = [self._labels.get(code) for code in used.tolist()]
        if None in values:
            self._lost(offset, frame, "label values are missing; its rows are kept without labels")
            return None
        if all(type(v) is int and -(2**63) <= v < 2**63 for v in values):
            return np.array(values, np.int64)[inverse.reshape(-1)]
        return [values[i] for i in inverse.reshape(-1).tolist()]

    def _lost(self, offset: int, frame: Frame, reason: str) -> None:
        name = Kind(frame.kind).name if frame.kind in tuple(Kind) else "unknown"
        self._tail.damaged(offset, frame.size, f"{name} frame: {reason[:300]}")


def _numbered(values: list[Any], frame: Frame) -> Iterator[tuple[int, Any]]:
    """Give values their numbers: the frame says that of the first."""
    if frame.rows + len(values) > 2**31:
        raise ValueError(f"its values are numbered from {frame.rows} on")
    return enumerate(values, frame.rows)
