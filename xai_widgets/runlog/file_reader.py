"""Reading one file of a run log, from where the last reading ended."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.runlog.format import (
    HEADER_BYTES,
    INDEX_BITS,
    LABEL_BITS,
    NAMED,
    VERSION,
    Damage,
    Frame,
    Kind,
    scan,
)
from xai_widgets.runlog.writer import SUFFIX
from xai_widgets.tracking.store.batch_buffer import Batch

Array = npt.NDArray[Any]
WINDOW = 1 << 23
_NAME = re.compile(r"(\d{20})-([0-9a-z]+)-r(\d+)of(\d+)-([0-9a-f]+)" + re.escape(SUFFIX))


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


@dataclass(frozen=True)
class Status:
    """A process trains, ended or failed; `time` in seconds since 1970."""

    status: str
    error: str | None
    time: float


Event: TypeAlias = Rows | EpochEnd | Status


@dataclass
class Tally:
    """What was found in a file so far."""

    frames: int = 0
    rows: int = 0
    bytes: int = 0
    damage: list[Damage] = field(default_factory=list)


class FileReader:
    """Reads a file while it may still be written. Opens it anew for every look, holds no lock, maps no memory.

    Attributes
    ----------
    began, rank, world, key
        When the process began (nanoseconds), its number among how many, what names their common start.
    about
        What the first frame says; empty until it is read, or when it is damaged.
    first
        (epoch, step) of the first training batch; None until there is one.
    offset
        Bytes understood, or given up as damaged.
    tally
        Counts, and damage found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name!r} is not named like a file of a run log")
        self.began = int(match[1])
        self.key = match[2] if match[2] != "alone" else match[5]
        self.rank, self.world = int(match[3]), int(match[4])
        self.about: dict[str, Any] = {}
        self.first: tuple[int, int] | None = None
        self.rewind()

    def rewind(self) -> None:
        """Read from the beginning again."""
        self.offset = 0
        self.tally = Tally()
        self._streams: dict[int, tuple[str, str | None, tuple[str, ...]]] = {}
        self._labels: list[Any] = []
        self._names: dict[tuple[str, str | None], list[Any]] = {}
        self._need = WINDOW

    def poll(self) -> list[Event]:
        """Read what has come, at most a window of it; nothing when there is no whole frame yet."""
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115
        except FileNotFoundError:  # taken away while it was followed; what was read stays
            return []
        with file:
            size = os.fstat(file.fileno()).st_size
            if size <= self.offset:
                return []
            file.seek(self.offset)
            data = bytearray(min(size - self.offset, self._need))
            got = file.readinto(data) or 0
        view = memoryview(data)[:got] if got == len(data) else memoryview(bytes(data[:got]))
        events, at = self._scan(view, whole=self.offset + got >= size)
        if at:
            self._need = WINDOW
        elif got == self._need:
            self._need *= 2  # a frame larger than the window
        self.offset += at
        return events

    @property
    def rest(self) -> int:
        """Bytes at the end that make no whole frame: being written just now, or torn when the writer died."""
        return self.path.stat().st_size - self.offset

    def _scan(self, view: memoryview, whole: bool) -> tuple[list[Event], int]:
        events: list[Event] = []
        at = 0
        while True:
            found = scan(view, at)
            if found is None:
                return events, at
            if isinstance(found, Damage):
                end = at + found.size
                if whole and len(view) - end < HEADER_BYTES:
                    return events, at  # nothing sound follows yet: it may be on its way
                self.tally.damage.append(Damage(self.offset + at, found.size, found.reason))
            else:
                self.tally.frames += 1
                self.tally.bytes += found.size
                event = self._understand(found, self.offset + at)
                if event is not None:
                    events.append(event)
                end = at + found.size
            at = end

    def _understand(self, frame: Frame, offset: int) -> Event | None:
        if frame.kind == Kind.ROWS:
            return self._rows(frame, offset)
        if frame.kind == Kind.EPOCH_END:
            return self._epoch_end(frame, offset)
        try:
            value = json.loads(bytes(frame.payload))
            if frame.kind == Kind.STREAM:
                self._streams[frame.stream] = (value["mode"], value["ds_id"], tuple(value["metrics"]))
            elif frame.kind == Kind.LABELS:
                self._labels.extend([None] * (frame.rows - len(self._labels)))
                self._labels[frame.rows :] = value
            elif frame.kind == Kind.NAMES:
                names = self._names.setdefault((value["mode"], value["ds_id"]), [])
                names.extend([None] * (frame.rows - len(names)))
                names[frame.rows :] = value["names"]
            elif frame.kind == Kind.FILE:
                self.about = value
                if value["version"] > VERSION:
                    self._lost(
                        offset, frame, f"version {value['version']} is newer than this reader's {VERSION}"
                    )
            elif frame.kind == Kind.STATUS:
                return Status(value["status"], value["error"], value["time"])
        except (ValueError, KeyError, TypeError) as error:
            self._lost(offset, frame, f"not understood ({type(error).__name__}: {error})")
        return None

    def _epoch_end(self, frame: Frame, offset: int) -> EpochEnd | None:
        described = self._streams.get(frame.stream)
        if described is None:
            self._lost(offset, frame, "the description of its stream is missing")
            return None
        return EpochEnd(described[0], described[1], frame.epoch, frame.step)

    def _rows(self, frame: Frame, offset: int) -> Rows | None:
        described = self._streams.get(frame.stream)
        index_kind, label_kind = INDEX_BITS[frame.flags & 3], LABEL_BITS[frame.flags >> 2 & 3]
        widths = (int(index_kind[2]), int(label_kind[2]) if label_kind else 0, 4 * frame.metrics)
        if described is None or len(described[2]) != frame.metrics:
            self._lost(offset, frame, "the description of its stream is missing")
            return None
        if sum(widths) * frame.rows != len(frame.payload):
            self._lost(offset, frame, "its columns do not fill it")
            return None
        mode, ds_id, metrics = described
        raw = frame.payload
        index: Any = np.frombuffer(raw, index_kind, frame.rows)
        at = index.nbytes
        if frame.flags & 3 == NAMED:
            names = self._names.get((mode, ds_id), [])
            if int(index.max()) >= len(names) or (index := [names[i] for i in index.tolist()]).count(None):
                self._lost(offset, frame, "names of its instances are missing")
                return None
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
        return Rows(mode, ds_id, frame.epoch, frame.step, Batch(index, label, metrics, values))

    def _values_of(self, codes: Array, frame: Frame, offset: int) -> Array | list[Any] | None:
        known = self._labels
        if int(codes.max()) >= len(known) or None in known:
            self._lost(offset, frame, "label values are missing; its rows are kept without labels")
            return None
        if all(type(v) is int for v in known):
            return np.array(known, np.int64)[codes]
        return [known[c] for c in codes.tolist()]

    def _lost(self, offset: int, frame: Frame, reason: str) -> None:
        self.tally.damage.append(Damage(offset, frame.size, f"{Kind(frame.kind).name} frame: {reason}"))


def files_of(folder: Path) -> list[Path]:
    """List the files of a run, oldest first; none while the folder is not there."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if _NAME.fullmatch(e.name))
    except FileNotFoundError:
        return []
    return [folder / name for name in names]
