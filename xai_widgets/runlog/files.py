"""The files of a run's folder: their names, their order, and who may write one.

A file's name says when it began, by a clock that never goes back: a start comes after every start whose files it found
in the folder, whatever the wall clock says meanwhile.
"""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xai_widgets.runlog.append_file import AppendFile, is_held, one_at_a_time
from xai_widgets.runlog.process_identity import Launch, this_launch

SUFFIX = ".xlog"
_NAME = re.compile(r"([0-9]{20})-([0-9a-z]+)-r([0-9]{1,9})of([0-9]{1,9})-([0-9a-f]+)" + re.escape(SUFFIX))
_LATEST = 2**63 - 1


class Unwritable(OSError):
    """A log that may not be written: somebody else writes it."""


@dataclass(frozen=True)
class FileName:
    """What the name of a file says, should its first frame be damaged.

    Attributes
    ----------
    began
        Nanoseconds since 1970, or one more than the latest file that was there.
    key
        The same for all files of one start.
    rank, world
        Of the process.
    unique
        Of this file alone.
    """

    began: int
    key: str
    rank: int
    world: int
    unique: str


def parse(name: str) -> FileName | None:
    """Read a file's name; None for other files."""
    match = _NAME.fullmatch(name)
    if match is None or int(match[1]) > _LATEST:
        return None
    key = match[2] if match[2] != "alone" else match[5]
    return FileName(int(match[1]), key, int(match[3]), int(match[4]), match[5])


def files_of(folder: Path) -> list[Path]:
    """List the files of a run, oldest first; none while the folder is not there."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(e.name for e in entries if parse(e.name) is not None)
    except FileNotFoundError:
        return []
    return [folder / name for name in names]


class LogFile:
    """The file a process writes: one for a folder and rank at a time.

    A second writer in another process is refused as long as the first lives. In the same process the newer one takes
    over, as when a cell of a notebook runs again, and the older one may write no more.

    Attributes
    ----------
    path
        The file, or the folder before there is one.
    launch
        Which process this is.
    busy
        Whether the run it belongs to goes on.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = self.path = folder
        self.launch = this_launch()
        self.busy = False
        self._tell = tell
        self._file: AppendFile | None = None
        self._taken_over = False
        folder.mkdir(parents=True, exist_ok=True)
        self._refuse_if_written()
        with _guard:
            _mine.add(self)

    def ready(self) -> bool:
        """Whether there is a file to write; OSError when another tracker has taken over."""
        if self._taken_over:
            self.leave()
            raise Unwritable(
                f"another tracker of this process writes the log in {self.folder} since; give each a folder of its own"
            )
        return self._file is not None

    @property
    def deleted(self) -> bool:
        """Whether the file is gone."""
        return self._file is not None and self._file.deleted

    def begin(self) -> None:
        """Make the file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.launch = this_launch()
        with one_at_a_time(self.folder):
            self._refuse_if_written()
            with _guard:
                older = _writing.get(self._place)
                _writing[self._place] = self
            if older is not None and older is not self:
                older.hand_over(self._tell)
            self._make()

    def begin_again(self) -> str:
        """Make a file in the place of one that was deleted, and say what was unique in its name."""
        gone = parse(self.path.name)
        self.leave()
        self.begin()
        return "" if gone is None else gone.unique

    def write(self, frame: tuple[list[Any], int]) -> None:
        """Append a frame."""
        if self._file is None:
            raise Unwritable(f"the log in {self.folder} is closed")
        self._file.write(frame)

    def hand_over(self, tell: Callable[[str], None]) -> None:
        """Write no more: another tracker of this process begins its own file in the same folder.

        The file is closed by who writes it, at the next try: this may be another thread, and a write may be under way.
        """
        if self._file is None:
            return
        if self.busy:
            tell(
                f"an earlier tracker of this process was writing the log in {self.folder} and had not finished: its file "
                "is closed, and a new one continues the run. What the earlier one records from now on stays in memory"
            )
        self._taken_over = True

    def leave(self) -> None:
        """Let go of the file without a word."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def after_fork(self) -> None:
        """In a forked child: the file is the parent's."""
        self.leave()
        self.path = self.folder

    def close(self) -> None:
        """Write no more; a later `begin` makes another file."""
        self.leave()
        self.busy = False
        with _guard:
            if _writing.get(self._place) is self:
                del _writing[self._place]

    @property
    def _place(self) -> tuple[str, int]:
        return os.path.realpath(self.folder), self.launch.rank

    def _make(self) -> None:
        launch = self.launch
        known = [name.began for name in map(parse, (p.name for p in files_of(self.folder))) if name]
        began = min(_LATEST, max(time.time_ns(), 1 + max(known, default=0)))
        self.path = self.folder / file_name(began, launch, uuid.uuid4().hex[:8])
        self._file = AppendFile(self.path)

    def _refuse_if_written(self) -> None:
        """Raise when another process that lives writes a file of this rank."""
        with _guard:
            mine = {each.path.name for each in _mine}
        for path in files_of(self.folder):
            name = parse(path.name)
            if name and name.rank == self.launch.rank and path.name not in mine and is_held(path):
                raise Unwritable(
                    f"another process is writing the log in {self.folder} ({path.name}). Give this one a log_dir of its "
                    "own, or end that process first"
                )


def file_name(began: int, launch: Launch, unique: str) -> str:
    """Name of a process's file."""
    return f"{began:020d}-{launch.key or 'alone'}-r{launch.rank:05d}of{launch.world:05d}-{unique}{SUFFIX}"


_guard = threading.Lock()
_mine: weakref.WeakSet[LogFile] = weakref.WeakSet()
_writing: weakref.WeakValueDictionary[tuple[str, int], LogFile] = weakref.WeakValueDictionary()


def _after_fork() -> None:
    """In a forked child: nothing is written by it yet, and no lock is held."""
    global _guard
    _guard = threading.Lock()
    _writing.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
