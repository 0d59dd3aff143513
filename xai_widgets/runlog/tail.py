"""Reading frames from a file while it may still be written. What the frames hold is not known here."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from xai_widgets.runlog.format import HEADER_BYTES, MAX_PAYLOAD, OVERHEAD, Damage, Frame, scan

WINDOW = 1 << 23
PATIENCE = 1 << 28
"""Bytes in a row without a sound frame after which a file is given up."""
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass
class Tally:
    """What was found in a file so far."""

    frames: int = 0
    rows: int = 0
    bytes: int = 0
    damage: list[Damage] = field(default_factory=list)


class Tail:
    """Opens a file anew for every look, holds no lock, maps no memory, and never more than one frame or window of it.

    Attributes
    ----------
    offset
        Bytes understood, or given up as damaged.
    tally
        Counts, and damage found.
    advanced
        Whether the last look got further.
    given_up
        Whether nothing more of it is read: it is no file, or holds nothing sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rewind()

    def rewind(self) -> None:
        """Read from the beginning again."""
        self.offset = 0
        self.tally = Tally()
        self.advanced = self.given_up = False
        self._need = WINDOW
        self._sound = 0  # where the last sound frame ended

    def frames(self) -> list[tuple[Frame, int]]:
        """Read what has come, at most a window of it, and say at which offset each frame began.

        Raises
        ------
        OSError
            When the file cannot be read at the moment.
        """
        self.advanced = False
        if self.given_up:
            return []
        data, whole = self._read()
        if not data:
            return []
        found, at = self._scan(data, whole)
        if at:
            self._need = WINDOW
        elif not whole:
            self._need = min(2 * self._need, MAX_PAYLOAD + OVERHEAD)  # a frame larger than the window
        self.offset += at
        self.advanced = at > 0 or not whole
        if self.offset - self._sound > PATIENCE:
            self.give_up(f"nothing sound in {PATIENCE} bytes; the rest of the file is not read")
        return found

    def give_up(self, reason: str) -> None:
        """Read no more of this file."""
        self.given_up = True
        self.damaged(self.offset, 0, reason)

    def damaged(self, offset: int, size: int, reason: str) -> None:
        """Note damage; what joins damage of the same kind makes it larger."""
        last = self.tally.damage[-1] if self.tally.damage else None
        if last is not None and (last.offset + last.size, last.reason) == (offset, reason):
            self.tally.damage[-1] = Damage(last.offset, last.size + size, reason)
        else:
            self.tally.damage.append(Damage(offset, size, reason))

    @property
    def rest(self) -> int:
        """Bytes at the end that make no whole frame: being written just now, or torn when the writer died."""
        try:
            return 0 if self.given_up else max(0, self.path.stat().st_size - self.offset)
        except OSError:  # taken away meanwhile
            return 0

    def _read(self) -> tuple[memoryview, bool]:
        """Read a window from `offset` on, and say whether the file ends with it."""
        try:
            descriptor = os.open(self.path, _OPEN)
        except FileNotFoundError:  # taken away while it was followed; what was read stays
            return memoryview(b""), True
        except OSError:
            if self.path.exists() and not self.path.is_file():
                self.give_up("this is no file")
                return memoryview(b""), True
            raise
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                self.give_up("this is no file")
            if self.given_up or state.st_size <= self.offset:
                return memoryview(b""), True
            os.lseek(descriptor, self.offset, os.SEEK_SET)
            data = os.read(descriptor, min(state.st_size - self.offset, self._need))
        finally:
            os.close(descriptor)
        return memoryview(data), self.offset + len(data) >= state.st_size

    def _scan(self, view: memoryview, whole: bool) -> tuple[list[tuple[Frame, int]], int]:
        frames: list[tuple[Frame, int]] = []
        at = 0
        while True:
            found = scan(view, at)
            if found is None:
                return frames, at
            end = at + found.size
            if isinstance(found, Damage):
                if whole and len(view) - end < HEADER_BYTES:
                    return frames, at  # nothing sound follows yet: it may be on its way
                self.damaged(self.offset + at, found.size, found.reason)
            else:
                self.tally.frames += 1
                self.tally.bytes += found.size
                self._sound = self.offset + end
                frames.append((found, self.offset + at))
            at = end
