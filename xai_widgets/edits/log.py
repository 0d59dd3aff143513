"""Edits on disk: one append-only file per editor, in the frames of the run log."""

from __future__ import annotations

import enum
import json
import os
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xai_widgets.edits.records import Edit, edit_from_json
from xai_widgets.runlog.append_file import append_whole
from xai_widgets.runlog.format import Damage, Frame, encode, scan

SUFFIX = ".xedit"
_NAME = re.compile(r"edits-\d{20}-[0-9a-f]{16}" + re.escape(SUFFIX))
LARGEST = 1 << 30
"""Bytes of a file that is still read; a hundred thousand single edits take 21 MB."""


class EditKind(enum.IntEnum):
    """What a frame of an edits file holds, both as JSON; the numbers are none of the run log's."""

    EDIT = 32
    EPOCH = 33


@dataclass(frozen=True)
class EpochStart:
    """The edits that an epoch of the training began with: of each editor the first so many."""

    epoch: int
    taken: Mapping[str, int]
    order: tuple[int, str]


@dataclass
class EditorFile:
    """What was read of one editor's file so far."""

    path: Path
    offset: int = 0
    edits: list[Edit] = field(default_factory=list)
    starts: list[EpochStart] = field(default_factory=list)
    problem: str | None = None

    def poll(self) -> list[Edit]:
        """Read what has come and return the new edits.

        A torn frame at the end was never acknowledged and is waited for. From the first frame that does not match its checksum
        or is not understood nothing more is read, and `problem` says so.
        """
        if self.problem is not None:
            return []
        try:
            data = self._rest()
        except OSError as error:
            self.problem = f"{self.path.name} cannot be read ({error})"
            return []
        known, at, view = len(self.edits), 0, memoryview(data)
        while (found := scan(view, at)) is not None:
            if isinstance(found, Damage):
                self.problem = f"{self.path.name} is damaged at byte {self.offset + at}: {found.reason}"
                break
            try:
                self._take(found)
            except (ValueError, KeyError, TypeError, IndexError) as error:
                self.problem = (
                    f"{self.path.name} has a frame at byte {self.offset + at} that is not understood: {error}"
                )
                break
            at += found.size
        self.offset += at
        return self.edits[known:]

    def _rest(self) -> bytes:
        if not self.path.is_file():
            if self.offset:
                raise OSError("it is gone")
            return b""
        size = self.path.stat().st_size
        if size > LARGEST:
            raise OSError(f"{size} bytes are more than the {LARGEST} that an edits file may have")
        if size < self.offset:
            raise OSError(f"it had {self.offset} bytes and has {size}")
        if size == self.offset:
            return b""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            return file.read(size - self.offset)

    def _take(self, frame: Frame) -> None:
        value = json.loads(bytes(frame.payload))
        if frame.kind == EditKind.EDIT:
            self.edits.append(edit_from_json(value, self.path.stem, len(self.edits)))
        elif frame.kind == EditKind.EPOCH:
            taken = {str(editor): int(count) for editor, count in value["taken"].items()}
            self.starts.append(EpochStart(int(value["epoch"]), taken, (int(value["clock"]), self.path.stem)))
        else:
            raise ValueError(f"kind {frame.kind} is none of an edits file")


class EditLog:
    """All editors' files of a folder, and the one that this editor appends to.

    Parameters
    ----------
    folder
        The run's folder; None keeps the edits in memory.

    Attributes
    ----------
    editor
        The name of this editor.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._begin()

    def _begin(self) -> None:
        self.editor = f"edits-{time.time_ns():020d}-{uuid.uuid4().hex[:16]}"
        self._own = EditorFile(
            Path(self.editor + SUFFIX) if self.folder is None else self.folder / (self.editor + SUFFIX)
        )
        self._files = {self.editor: self._own}
        self._descriptor = -1
        self._process = os.getpid()

    @property
    def files(self) -> list[EditorFile]:
        """What is known of every editor's file."""
        return list(self._files.values())

    @property
    def clock(self) -> int:
        """The largest clock seen."""
        edits = (file.edits[-1].clock for file in self.files if file.edits)
        starts = (file.starts[-1].order[0] for file in self.files if file.starts)
        return max((*edits, *starts), default=0)

    @property
    def problem(self) -> str | None:
        """What keeps some file from being read to its end; None while all is well."""
        return next((file.problem for file in self.files if file.problem is not None), None)

    @property
    def next_number(self) -> int:
        """The number of this editor's next edit."""
        return len(self._own.edits)

    def poll(self) -> list[Edit]:
        """Read what all editors have written since; return the new edits, in their order."""
        if self.folder is None:
            return []
        if self._process != os.getpid():  # a forked child is an editor of its own
            if self._descriptor >= 0:
                os.close(self._descriptor)
            known = {name: file for name, file in self._files.items() if file.offset or file.edits}
            self._begin()
            self._files = {**known, **self._files}
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder) if _NAME.fullmatch(entry.name))
        except FileNotFoundError:
            names = []
        for name in names:
            self._files.setdefault(name.removesuffix(SUFFIX), EditorFile(self.folder / name))
        return sorted((edit for file in self.files for edit in file.poll()), key=lambda edit: edit.order)

    def append(self, edit: Edit) -> None:
        """Write an edit; it is on disk when this returns, or OSError is raised and it does not count."""
        if self.folder is None:
            self._own.edits.append(edit)
        else:
            self._write(EditKind.EDIT, edit.to_json())

    def append_start(self, start: EpochStart) -> None:
        """Write which edits an epoch began with."""
        if self.folder is None:
            self._own.starts.append(start)
        else:
            self._write(
                EditKind.EPOCH, {"epoch": start.epoch, "taken": dict(start.taken), "clock": start.order[0]}
            )

    def close(self) -> None:
        """Close the file; a later edit opens it again."""
        if self._descriptor >= 0 and self._process == os.getpid():
            os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, kind: EditKind, value: Mapping[str, Any]) -> None:
        """Append one frame whole, or leave the file as it was."""
        payload = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
        if self._descriptor < 0:
            self._own.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._own.path, flags, 0o644)
        append_whole(self._descriptor, encode(kind, [payload]), sync=True)
        self._own.poll()
        if self._own.problem is not None:
            raise OSError(self._own.problem)
