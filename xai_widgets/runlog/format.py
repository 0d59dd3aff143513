"""Frames: the pieces an append-only file is made of, each with its own checksums. What they hold is not known here.

A frame is a header of 36 bytes, a payload, and a checksum of 4 bytes. The header has a checksum of its own, so that a
length can be trusted before the payload is there; the last checksum covers the payload and starts from that of the
header, so that neither can change without being found out. All numbers are little-endian. A sound checksum says that
a frame is as it was written, not that it is well meant: lengths are bounded before anything is read by them.

===========  =====  ==============================================================
field        bytes  meaning
===========  =====  ==============================================================
magic        4      ``XWL1``
kind         1      what the frame holds, as its writer numbers it
flags        1      how it is stored
metrics      2      number of metric columns
length       4      bytes of payload, at most `MAX_PAYLOAD`
rows         4      rows, or the number of the first
stream       4      number of the stream
epoch        4      signed
step         8      signed
checksum     4      CRC-32 of the 32 bytes before
payload      n
checksum     4      CRC-32 of the payload, started from the header's
===========  =====  ==============================================================
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

MAGIC = b"XWL1"
_HEADER = struct.Struct("<4sBBHIIIiq")
_CRC = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CRC.size
OVERHEAD = HEADER_BYTES + _CRC.size
MAX_PAYLOAD = 1 << 26
"""Bytes; a header that promises more is damage, so that no reader is made to hold gigabytes."""


@dataclass(frozen=True)
class Frame:
    """One frame as read; `payload` is a view of what was read, not a copy."""

    kind: int
    flags: int
    metrics: int
    rows: int
    stream: int
    epoch: int
    step: int
    payload: memoryview
    size: int


@dataclass(frozen=True)
class Damage:
    """Bytes that are no frame: where, how many, and why."""

    offset: int
    size: int
    reason: str


def encode(
    kind: int,
    parts: list[Any],
    *,
    flags: int = 0,
    metrics: int = 0,
    rows: int = 0,
    stream: int = 0,
    epoch: int = 0,
    step: int = 0,
) -> tuple[list[Any], int]:
    """Make the buffers of a frame, to be written in one go, and count their bytes.

    Parameters
    ----------
    parts
        Buffers (bytes or contiguous arrays) that make the payload.

    Raises
    ------
    ValueError
        When they are more than `MAX_PAYLOAD` bytes.
    """
    length = 0
    for part in parts:
        length += len(part) if isinstance(part, bytes) else part.nbytes
    if length > MAX_PAYLOAD:
        raise ValueError(f"a frame of {length} bytes; at most {MAX_PAYLOAD} are written in one")
    head = _HEADER.pack(MAGIC, kind, flags, metrics, length, rows, stream, epoch, step)
    check = zlib.crc32(head)
    head += _CRC.pack(check)
    for part in parts:
        check = zlib.crc32(part, check)
    return [head, *parts, _CRC.pack(check)], length + OVERHEAD


def scan(data: memoryview, offset: int) -> Frame | Damage | None:
    """Read the frame at `offset`.

    Returns
    -------
    Frame, Damage or None
        None when the frame is not all there yet. Damage reaches to the next whole frame, or to the place from which
        there may be one once more has come.
    """
    if len(data) - offset < HEADER_BYTES:
        return None
    reason = _check_header(data, offset)
    if reason is None:
        head = _HEADER.unpack_from(data, offset)
        start = offset + HEADER_BYTES
        end = start + head[4]
        if len(data) < end + _CRC.size:
            return None
        payload = data[start:end]
        check = _CRC.unpack_from(data, offset + _HEADER.size)[0]
        if zlib.crc32(payload, check) == _CRC.unpack_from(data, end)[0]:
            _, kind, flags, metrics, _, rows, stream, epoch, step = head
            return Frame(kind, flags, metrics, rows, stream, epoch, step, payload, end + _CRC.size - offset)
        reason = "payload does not match its checksum"
    return Damage(offset, _next_header(data, offset + 1) - offset, reason)


def _check_header(data: memoryview, offset: int) -> str | None:
    if data[offset : offset + 4] != MAGIC:
        return "no frame begins here"
    expected = _CRC.unpack_from(data, offset + _HEADER.size)[0]
    if zlib.crc32(data[offset : offset + _HEADER.size]) != expected:
        return "header does not match its checksum"
    length = _HEADER.unpack_from(data, offset)[4]
    if length > MAX_PAYLOAD:
        return f"header promises {length} bytes; a frame has at most {MAX_PAYLOAD}"
    return None


def _next_header(data: memoryview, offset: int) -> int:
    """Find where the next sound header begins; at the earliest place where one might be still incomplete, if none."""
    raw = data.obj if isinstance(data.obj, (bytes, bytearray)) and len(data.obj) == len(data) else bytes(data)
    at = raw.find(MAGIC, offset)
    while at >= 0:
        if len(data) - at < HEADER_BYTES or _check_header(data, at) is None:
            return at
        at = raw.find(MAGIC, at + 1)
    return max(offset, len(data) - len(MAGIC) + 1)
