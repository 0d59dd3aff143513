"""Explanations on disk: one append-only file per process, in the checksummed frames of the run log."""

from __future__ import annotations

import enum
import json
import os
import re
import struct
import time
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from xai_widgets.explain.masks import SIDE
from xai_widgets.runlog.append_file import append_whole
from xai_widgets.runlog.format import Damage, Frame, encode, scan

Index: TypeAlias = int | str
SUFFIX = ".xexp"
_NAME = re.compile(r"explained-\d{20}-[0-9a-f]{16}" + re.escape(SUFFIX))
VERSION = 2
COLUMNS = (
    ("label", "<i4"),
    ("prediction", "<i4"),
    ("probability", "<f4"),
    ("score", "<f4"),
    ("error", "<f4"),
    ("gap", "<f4"),
)
MOST_ROWS = 1 << 16


class Kind(enum.IntEnum):
    """What a frame of a store's file holds; the numbers are none of the run log's."""

    ABOUT = 48  # JSON: which weights, method and settings
    ROWS = 49  # columns and masks of some instances
    FAILED = 50  # JSON: instances that could not be explained, and why
    EFFECT = 51  # JSON: what covering a region did


@dataclass(frozen=True)
class Rows:
    """Explanations of B instances.

    Attributes
    ----------
    index
        The instances.
    columns
        Of each name of `COLUMNS` a (B,) array.
    codes, scale
        (B, h, w) and (B,): masks as `quantise` gives them.
    """

    index: tuple[Index, ...]
    columns: Mapping[str, npt.NDArray[Any]]
    codes: npt.NDArray[np.int16]
    scale: npt.NDArray[np.float32]


def encode_rows(rows: Rows) -> bytes:
    """Return the payload of a frame: what there is as JSON, then the columns, compressed.

    The bytes of the masks are sorted by significance, as most of the high ones are 0.
    """
    head = json.dumps(
        {"index": list(rows.index), "grid": list(rows.codes.shape[1:])}, separators=(",", ":")
    ).encode()
    parts = [np.ascontiguousarray(rows.columns[name], kind).tobytes() for name, kind in COLUMNS]
    parts.append(np.ascontiguousarray(rows.scale, "<f4").tobytes())
    codes = rows.codes.astype("<i2").view(np.uint8).reshape(-1, 2)
    parts.append(np.ascontiguousarray(codes.T).tobytes())
    return struct.pack("<I", len(head)) + head + zlib.compress(b"".join(parts), 6)


def decode_rows(payload: bytes) -> Rows:
    """Undo `encode_rows`.

    Raises
    ------
    ValueError, KeyError, TypeError, struct.error, zlib.error
        For anything else; nothing larger than what the head announces is unpacked.
    """
    (length,) = struct.unpack_from("<I", payload)
    head = json.loads(payload[4 : 4 + length])
    index, (height, width) = tuple(head["index"]), head["grid"]
    if not all(type(each) in (int, str) for each in index) or len(index) > MOST_ROWS:
        raise ValueError("its instances are not named by integers or strings, or are too many")
    if not (type(height) is type(width) is int and 1 <= height <= SIDE and 1 <= width <= SIDE):
        raise ValueError(f"a grid of {height} x {width} is none of ours")
    count, cells = len(index), len(index) * height * width
    expected = 4 * count * (len(COLUMNS) + 1) + 2 * cells
    unpacking = zlib.decompressobj()
    raw = unpacking.decompress(payload[4 + length :], expected + 1)
    if len(raw) != expected or not unpacking.eof:
        raise ValueError(f"its columns have {len(raw)} bytes and should have {expected}")
    columns = {
        name: np.frombuffer(raw, kind, count, 4 * count * place) for place, (name, kind) in enumerate(COLUMNS)
    }
    scale = np.frombuffer(raw, "<f4", count, 4 * count * len(COLUMNS))
    codes = np.frombuffer(raw, np.uint8, 2 * cells, expected - 2 * cells).reshape(2, -1).T
    return Rows(index, columns, np.ascontiguousarray(codes).view("<i2").reshape(count, height, width), scale)


@dataclass
class StoreFile:
    """What was read of one file so far.

    Attributes
    ----------
    about
        What its process said of the weights and settings; empty before it is read.
    rows, failed, effects
        What it holds, in order.
    problem
        What keeps it from being read on; explanations after a damaged place are made again by a resumed call.
    """

    path: Path
    offset: int = 0
    about: dict[str, Any] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)
    failed: dict[Index, str] = field(default_factory=dict)
    effects: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None

    def poll(self) -> bool:
        """Read what has come; True where there was something. A torn frame at the end is waited for."""
        if self.problem is not None or not self.path.is_file():
            return False
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = memoryview(file.read())
        at = 0
        while (found := scan(data, at)) is not None:
            if isinstance(found, Damage):
                self.problem = f"{self.path.name} is damaged at byte {self.offset + at}: {found.reason}"
                break
            try:
                self._take(found)
            except (ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
                self.problem = (
                    f"{self.path.name} has a frame at byte {self.offset + at} that is not understood: {error}"
                )
                break
            at += found.size
        self.offset += at
        return at > 0

    def _take(self, frame: Frame) -> None:
        payload = bytes(frame.payload)
        if frame.kind == Kind.ROWS:
            self.rows.append(decode_rows(payload))
            return
        value = json.loads(payload)
        if frame.kind == Kind.ABOUT:
            if value["version"] != VERSION:
                raise ValueError(f"it is of version {value['version']}, and this reader's is {VERSION}")
            self.about = value
        elif frame.kind == Kind.FAILED:
            self.failed.update({each: str(value["why"]) for each in value["index"]})
        elif frame.kind == Kind.EFFECT:
            self.effects.append(dict(value))
        else:
            raise ValueError(f"kind {frame.kind} is none of a store of explanations")


class StoreWriter:
    """Appends to a file of its own, which is made with the first frame.

    Parameters
    ----------
    folder
        The store's folder.
    about
        Which weights, method and settings; fit for JSON.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.path = folder / f"explained-{time.time_ns():020d}-{uuid.uuid4().hex[:16]}{SUFFIX}"
        self._about = {"version": VERSION, **about}
        self._descriptor = -1

    def write(self, kind: Kind, payload: bytes) -> None:
        """Append one frame whole, or leave the file as it was and raise OSError."""
        try:
            if self._descriptor < 0:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                self._descriptor = os.open(self.path, flags, 0o644)
                append_whole(self._descriptor, encode(Kind.ABOUT, [json.dumps(self._about).encode()]))
            append_whole(self._descriptor, encode(kind, [payload]))
        except OSError as error:
            said = f"{error.strerror}; what was explained stays, and the same call goes on from there"
            raise OSError(error.errno, said, os.fspath(self.path)) from error

    def close(self) -> None:
        """Bring the file to the disk and close it."""
        if self._descriptor >= 0:
            os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def files_of(folder: Path) -> list[Path]:
    """List the files of a store, oldest first; none while the folder is not there."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if _NAME.fullmatch(entry.name))
    except FileNotFoundError:
        return []
    return [folder / name for name in names]
