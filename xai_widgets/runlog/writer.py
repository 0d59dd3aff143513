"""Writing a run log: one file per process, one write per batch, nothing ever changed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.runlog.files import LogFile
from xai_widgets.runlog.format import MAX_PAYLOAD, encode
from xai_widgets.runlog.kinds import MAX_ERROR, MAX_JSON, NAMED, VERSION, Kind, to_json
from xai_widgets.tracking.store.batch_buffer import Batch
from xai_widgets.tracking.store.labels import LabelTable

Array = npt.NDArray[Any]
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
_NAMES_AT_ONCE = 1 << 18
"""Characters of names in a frame: each may take twelve bytes as JSON."""


class LogWriter:
    """Appends to one file of a run's folder; the file is made with the first frame.

    Parameters
    ----------
    folder
        The run's folder; made when it is missing.
    about
        Called when a file is begun: what readers should know of the run (label names, policy), fit for JSON.
    tell
        Called with text when something happened that the user should know and that stops nothing.

    Raises
    ------
    OSError
        When the folder cannot be made, or a process that lives is writing a log of the same rank into it; later from any
        call when the file cannot be written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        about: Callable[[], dict[str, Any]],
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._file = LogFile(Path(folder), tell)
        self._about, self._tell = about, tell
        self._first: tuple[int, int] | None = None  # place of the first training rows
        self._forget()

    def _forget(self) -> None:
        """Know nothing of what a file holds: the next one begins."""
        self._streams: dict[tuple[Any, ...], int] = {}
        self._current: dict[int, int] = {}  # stream number: the epoch it was last described in
        self._labels = LabelTable()
        self._written_labels = 0
        self._known: dict[tuple[Any, ...], Array] = {}
        self._names: dict[tuple[str, str | None], dict[Any, int]] = {}

    @property
    def path(self) -> str:
        """The file, or the folder before there is one."""
        return str(self._file.path)

    def write_rows(self, mode: str, ds_id: str | None, epoch: int, step: int, batch: Batch) -> bool:
        """Append one batch; it is in the file when this returns.

        Returns
        -------
        bool
            Whether the file had been deleted, so that a new one was begun: it holds this batch, and whatever else is in
            memory should be written again.
        """
        self._open()
        if mode == "train" and self._first is None:
            self._first = (epoch, step)
        self._append_rows(mode, ds_id, epoch, step, batch)
        if not self._file.deleted:
            return False
        self._begin_again()
        self._append_rows(mode, ds_id, epoch, step, batch)
        return True

    def end_epoch(self, mode: str, ds_id: str | None, epoch: int, step: int) -> bool:
        """Say that this process has no more rows of a mode's epoch; True when memory should be written again."""
        if not self._file.ready():
            return False
        stream = self._stream(mode, ds_id, (), epoch)
        said = to_json({"time": time.time()})
        self._file.write(encode(Kind.EPOCH_END, [said], stream=stream, epoch=epoch, step=step))
        if not self._file.deleted:
            return False
        self._begin_again()
        return True

    def write_status(self, status: str, error: str | None) -> None:
        """Say how the run is."""
        if not self._file.ready() and status != "training":
            return
        self._open()
        error = None if error is None else error[:MAX_ERROR]
        said = to_json({"status": status, "error": error, "time": time.time()})
        self._file.write(encode(Kind.STATUS, [said]))
        self._file.busy = status == "training"

    def after_fork(self) -> None:
        """Leave the parent's file alone; the child begins its own."""
        self._file.after_fork()
        self._first = None
        self._forget()

    def close(self) -> None:
        """Close the file; a later call begins another."""
        self._file.close()

    def _open(self) -> None:
        if self._file.ready():
            return
        self._forget()
        self._first = None
        self._file.begin()
        self._write_about()

    def _begin_again(self) -> None:
        """Begin a new file in the place of one that was deleted."""
        gone = self._file.path
        self._forget()
        replaced = self._file.begin_again()
        self._write_about(replaces=replaced, first=self._first)
        self._tell(
            f"the run log {gone} was deleted while it was written. A new file was begun, {self._file.path.name}, and what "
            "is still in memory is written into it again"
        )

    def _write_about(self, **more: Any) -> None:
        launch = self._file.launch
        about = {
            "version": VERSION,
            "began": time.time_ns(),
            "rank": launch.rank,
            "world": launch.world,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            **more,
            **_fit(self._about()),
        }
        said = to_json(about)
        if len(said) > MAX_JSON:
            said = to_json({**about, "label_names": None})
            self._tell(
                "label_names are too large for the run log: a reader will show the label values instead"
            )
        self._file.write(encode(Kind.FILE, [said]))

    def _append_rows(self, mode: str, ds_id: str | None, epoch: int, step: int, batch: Batch) -> None:
        for part in _parts(batch):
            stream = self._stream(mode, ds_id, part.metrics, epoch)
            index, bits, top = self._index(mode, ds_id, part.index)
            columns: list[Any] = [index]
            if part.label is not None:
                # numpy looks up by 64-bit indices three times as fast as by the stored ones
                places = index if isinstance(part.index, list) else part.index
                codes = self._new_labels((mode, ds_id), places, bits, top, part.label)
                if codes is not None:
                    columns.append(codes)
                    bits |= {1: 1, 2: 2, 4: 3}[codes.itemsize] << 2
            columns.extend(np.ascontiguousarray(values, _F4) for values in self._with_named(part))
            self._file.write(
                encode(
                    Kind.ROWS,
                    columns,
                    flags=bits,
                    metrics=len(part.values),
                    rows=len(part),
                    stream=stream,
                    epoch=epoch,
                    step=step,
                )
            )

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
            self._file.write(encode(Kind.STREAM, [to_json(described)], stream=number, epoch=epoch))
            self._write_labels(0)
        return number

    def _index(self, mode: str, ds_id: str | None, index: Array | list[Any]) -> tuple[Array, int, int]:
        """Return indices as they are stored, the bits that say so, and the largest."""
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
            for at, some in _portions(fresh):
                described = {"mode": key[0], "ds_id": key[1], "names": some}
                self._file.write(encode(Kind.NAMES, [to_json(described)], rows=first + at))
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

    def _with_named(self, batch: Batch) -> list[Array]:
        """Values of a batch, predictions as codes of the label values that are in the log."""
        if batch.predicted is None:
            return batch.values
        codes = self._labels.encode(batch.predicted)
        if len(self._labels) > self._written_labels:
            self._write_labels(self._written_labels)
        at = batch.metrics.index("@named")
        return [*batch.values[:at], codes, *batch.values[at + 1 :]]

    def _known_labels(self, place: tuple[Any, ...], top: int) -> Array:
        """Return the labels written last: integer labels as they are, others as codes; by index."""
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
        for at, some in _portions(values):
            self._file.write(encode(Kind.LABELS, [to_json(some)], rows=first + at))


def _fit(about: dict[str, Any]) -> dict[str, Any]:
    """Turn what a user gave (numpy's integers, values no label can have) into what a reader takes."""
    fit = dict(about)
    for name in ("epochs", "steps_per_epoch"):
        number = fit.get(name)
        fit[name] = int(number) if number is not None and 0 <= int(number) < 2**63 else None
    names = fit.get("label_names")
    if names is not None:
        fit["label_names"] = {
            name: [_plain(v) for v in value] if isinstance(value, (list, tuple)) else _plain(value)
            for name, value in names.items()
        }
    return fit


def _plain(value: Any) -> int | str:
    return value if type(value) in (int, str) else str(value)


def _parts(batch: Batch) -> Iterator[Batch]:
    """Cut a batch that no frame can hold (some million rows) into several."""
    most = max(1, MAX_PAYLOAD // (8 + 4 + 4 * len(batch.values)))
    if len(batch) <= most:
        yield batch
        return
    for first in range(0, len(batch), most):
        cut = slice(first, first + most)
        label = None if batch.label is None else batch.label[cut]
        predicted = None if batch.predicted is None else batch.predicted[cut]
        values = [v[cut] for v in batch.values]
        yield Batch(batch.index[cut], label, batch.metrics, values, predicted=predicted)


def _portions(values: list[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Cut names into lists that a frame can hold, each with the number of its first."""
    first = size = 0
    for at, value in enumerate(values):
        size += len(value) if isinstance(value, str) else 40
        if size > _NAMES_AT_ONCE and at > first:
            yield first, values[first:at]
            first, size = at, 0
    if values:
        yield first, values[first:]
