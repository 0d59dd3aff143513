"""Writing a run log: one file per process, one write per batch, nothing ever changed."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.runlog.format import NAMED, VERSION, Kind, encode
from xai_widgets.runlog.process_identity import Launch, this_launch
from xai_widgets.tracking.store.batch_buffer import Batch
from xai_widgets.tracking.store.labels import LabelTable

Array = npt.NDArray[Any]
SUFFIX = ".xlog"
_U2, _U4, _I8, _F4 = np.dtype("<u2"), np.dtype("<u4"), np.dtype("<i8"), np.dtype("<f4")
_UNSIGNED: dict[int, np.dtype[Any]] = {
    1: np.dtype("u1"),
    2: np.dtype("u2"),
    4: np.dtype("u4"),
    8: np.dtype("u8"),
}
_NO_LABEL = np.iinfo(np.int32).min
_DENSE = 1 << 23
"""Up to this index the writer remembers labels, so that each is written once."""


class LogWriter:
    """Appends to one file of a run's folder; the file is made with the first frame.

    Parameters
    ----------
    folder
        The run's folder; made when it is missing.
    about
        Called when a file is begun: what readers should know of the run (label names, policy), fit for JSON.

    Raises
    ------
    OSError
        When the folder cannot be made; later from any call when the file cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], about: Callable[[], dict[str, Any]]) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._about = about
        self._start_over()

    def _start_over(self) -> None:
        self._file = -1
        self._path: Path | None = None
        self._streams: dict[tuple[Any, ...], int] = {}
        self._current: dict[int, int] = {}  # stream number: the epoch it was last described in
        self._labels = LabelTable()
        self._written_labels = 0
        self._known: dict[tuple[Any, ...], Array] = {}
        self._names: dict[tuple[str, str | None], dict[Any, int]] = {}

    @property
    def path(self) -> str:
        """The file, or the folder before there is one."""
        return str(self._path or self.folder)

    def write_rows(self, mode: str, ds_id: str | None, epoch: int, step: int, batch: Batch) -> None:
        """Append one batch; it is in the file when this returns."""
        if self._file < 0:
            self._open()
        stream = self._stream(mode, ds_id, batch.metrics, epoch)
        index, bits, top = self._index(mode, ds_id, batch.index)
        parts: list[Any] = [index]
        if batch.label is not None:
            # numpy looks up by 64-bit indices three times as fast as by the stored ones
            places = index if isinstance(batch.index, list) else batch.index
            codes = self._new_labels((mode, ds_id), places, bits, top, batch.label)
            if codes is not None:
                parts.append(codes)
                bits |= {1: 1, 2: 2, 4: 3}[codes.itemsize] << 2
        parts.extend(np.ascontiguousarray(values, _F4) for values in batch.values)
        self._write(
            encode(
                Kind.ROWS,
                parts,
                flags=bits,
                metrics=len(batch.values),
                rows=len(batch),
                stream=stream,
                epoch=epoch,
                step=step,
            )
        )

    def end_epoch(self, mode: str, ds_id: str | None, epoch: int, step: int) -> None:
        """Say that this process has no more rows of a mode's epoch."""
        if self._file >= 0:
            stream = self._stream(mode, ds_id, (), epoch)
            self._write(
                encode(Kind.EPOCH_END, [_json({"time": time.time()})], stream=stream, epoch=epoch, step=step)
            )

    def write_status(self, status: str, error: str | None) -> None:
        """Say how the run is."""
        if self._file < 0 and status != "training":
            return
        if self._file < 0:
            self._open()
        self._write(encode(Kind.STATUS, [_json({"status": status, "error": error, "time": time.time()})]))

    def after_fork(self) -> None:
        """Leave the parent's file alone; the child begins its own."""
        if self._file >= 0:
            os.close(self._file)
        self._start_over()

    def close(self) -> None:
        """Close the file; a later call begins another."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        launch = this_launch()
        began = time.time_ns()
        name = file_name(began, launch, uuid.uuid4().hex[:8])
        self._start_over()
        self._path = self.folder / name
        self._file = os.open(
            self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644
        )
        about = {
            "version": VERSION,
            "began": began,
            "rank": launch.rank,
            "world": launch.world,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            **self._about(),
        }
        self._write(encode(Kind.FILE, [_json(about)]))

    def _stream(self, mode: str, ds_id: str | None, metrics: tuple[str, ...], epoch: int) -> int:
        key = (mode, ds_id, metrics)
        number = self._streams.get(key)
        if number is None:
            number = self._streams[key] = len(self._streams)
        if (
            self._current.get(number) != epoch
        ):  # again in every epoch: damage to one description costs one epoch
            self._current[number] = epoch
            described = {"mode": mode, "ds_id": ds_id, "metrics": list(metrics)}
            self._write(encode(Kind.STREAM, [_json(described)], stream=number, epoch=epoch))
            self._write_labels(0)
        return number

    def _index(self, mode: str, ds_id: str | None, index: Array | list[Any]) -> tuple[Array, int, int]:
        """Give indices as they are stored, the bits that say so, and the largest."""
        if isinstance(index, list):
            numbers = self._numbers((mode, ds_id), index)
            return numbers, NAMED, int(numbers.max())
        unsigned = index if index.dtype.kind == "u" else index.view(_UNSIGNED[index.itemsize])
        top = int(unsigned.max())  # a negative index is a huge one
        if top >= 1 << min(32, 8 * index.itemsize - (index.dtype.kind == "i")):
            return np.ascontiguousarray(index, _I8), 2, -1
        if top < 1 << 16:
            return np.ascontiguousarray(index, _U2), 0, top
        return np.ascontiguousarray(index, _U4), 1, top

    def _numbers(self, key: tuple[str, str | None], names: list[Any]) -> Array:
        known = self._names.setdefault(key, {})
        fresh = [name for name in dict.fromkeys(names) if name not in known]
        if fresh:
            first = len(known)
            known.update((name, first + n) for n, name in enumerate(fresh))
            described = {"mode": key[0], "ds_id": key[1], "names": fresh}
            self._write(encode(Kind.NAMES, [_json(described)], rows=first))
        return np.array([known[name] for name in names], "<u4")

    def _new_labels(
        self, key: tuple[str, str | None], index: Array, bits: int, top: int, label: Array | list[Any]
    ) -> Array | None:
        """Codes of a batch's labels as they are stored; None when all were written before and have not changed."""
        numbers = label if isinstance(label, np.ndarray) else self._labels.encode(label)
        if 0 <= top < _DENSE:
            known = self._known_labels((*key, bits == NAMED, isinstance(label, np.ndarray)), top)
            if (known[index] == numbers).all():
                return None
            known[index] = numbers
        codes = self._labels.encode(label)
        if len(self._labels) > self._written_labels:
            self._write_labels(self._written_labels)
        kind = "<u1" if len(self._labels) <= 256 else "<u2" if len(self._labels) <= 65536 else "<u4"
        return codes.astype(kind)

    def _known_labels(self, place: tuple[Any, ...], top: int) -> Array:
        """Give the labels written last: integer labels as they are, others as codes; by index."""
        known = self._known.get(place)
        if known is None or known.shape[0] <= top:
            grown = np.full(top + top // 4 + 1, _NO_LABEL, np.int32)
            if known is not None:
                grown[: known.shape[0]] = known
            known = self._known[place] = grown
        return known

    def _write_labels(self, first: int) -> None:
        values = self._labels.values[first:]
        self._written_labels = len(self._labels)
        if values:
            self._write(encode(Kind.LABELS, [_json(values)], rows=first))

    def _write(self, frame: tuple[list[Any], int]) -> None:
        """Append a frame, in one call to the system unless the disk is filling up."""
        buffers, size = frame
        written = os.writev(self._file, buffers) if hasattr(os, "writev") else 0
        rest = memoryview(b"".join(map(bytes, buffers)))[written:] if written < size else b""
        while rest:
            rest = rest[os.write(self._file, rest) :]


def file_name(began: int, launch: Launch, unique: str) -> str:
    """Name of a process's file: it sorts by time, and says what the first frame says, should that be damaged."""
    return f"{began:020d}-{launch.key or 'alone'}-r{launch.rank:05d}of{launch.world:05d}-{unique}{SUFFIX}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
