"""A file that one process appends to, and holds while it does. What is appended is not known here."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.platform != "win32":  # an open file cannot be removed there, and who holds it cannot be asked
    import fcntl

_BUFFERS = 512
"""More buffers than this are joined before they are written; systems take 1,024 in one call."""
_WAIT = 2.0


class AppendFile:
    """A new file, locked for as long as it is open.

    Parameters
    ----------
    path
        The file; it must not be there yet.

    Raises
    ------
    OSError
        When it cannot be made; later from `write` when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(path, flags, 0o644)
        _lock(self._descriptor)
        # some network file systems count no links at all
        self._counts_links = os.fstat(self._descriptor).st_nlink > 0

    @property
    def is_open(self) -> bool:
        """Whether it can be written."""
        return self._descriptor >= 0

    def write(self, frame: tuple[list[Any], int]) -> None:
        """Append what `encode` gave: in one call to the system, and the rest in others where that took a part only."""
        buffers, size = frame
        if len(buffers) > _BUFFERS:
            buffers = [b"".join(buffers)]
        written = os.writev(self._descriptor, buffers) if hasattr(os, "writev") else 0
        rest = memoryview(b"".join(buffers))[written:] if written < size else b""
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    @property
    def deleted(self) -> bool:
        """Whether the file was removed while it was open: what is written into it then is lost."""
        return self._counts_links and os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Write no more, and let go of the file; calling this twice does nothing."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def __del__(self) -> None:
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()


def append_whole(descriptor: int, frame: tuple[list[Any], int], *, sync: bool = False) -> None:
    """Append what `encode` gave to an open file, with `sync` to the disk, or leave the file as it was and raise OSError."""
    before = os.fstat(descriptor).st_size
    rest = memoryview(b"".join(map(bytes, frame[0])))
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if sync:
            os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def is_held(path: Path) -> bool:
    """Whether somebody has the file open as an `AppendFile`; False where that cannot be known."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other processes from the same block for this folder; for two seconds at most, and where locks are known."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        end = time.monotonic() + _WAIT
        while not _lock(descriptor) and time.monotonic() < end:
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file; False when another has it, True also where the file system knows no locks."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
