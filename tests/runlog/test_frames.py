"""Frames byte by byte: where each number lies, what is whole, and how far damage reaches."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest

from xai_widgets.runlog import format as module
from xai_widgets.runlog.format import Damage, Frame, encode, scan

MAGIC = b"XWL1"


def joined(*arguments: Any, **more: Any) -> bytes:
    parts, size = encode(*arguments, **more)
    made = b"".join(bytes(part) for part in parts)
    assert len(made) == size
    return made


def written_out(payload: bytes, *numbers: int) -> bytes:
    """Make a frame by the table of the module: kind, flags, metrics, rows, stream, epoch, step."""
    kind, flags, metrics, rows, stream, epoch, step = numbers
    head = MAGIC + struct.pack("<BBHIIIiq", kind, flags, metrics, len(payload), rows, stream, epoch, step)
    check = zlib.crc32(head)
    return head + struct.pack("<I", check) + payload + struct.pack("<I", zlib.crc32(payload, check))


def test_a_frame_lies_in_the_file_as_its_table_says() -> None:
    column = np.array([1, 2], "<u2")
    numbers = {"flags": 5, "metrics": 3, "rows": 2, "stream": 9, "epoch": -4, "step": 2**40}
    expected = written_out(b"ab" + column.tobytes(), 7, *numbers.values())
    assert joined(7, [b"ab", column], **numbers) == expected
    frame = scan(memoryview(b"before" + expected), 6)
    assert frame == Frame(7, **numbers, payload=frame.payload, size=len(expected))  # type: ignore[union-attr]
    assert bytes(frame.payload) == b"ab" + column.tobytes()  # type: ignore[union-attr]
    assert len(expected) == module.OVERHEAD + 6 == 46


def test_readers_of_every_release_know_the_same_bound() -> None:
    assert module.MAX_PAYLOAD == 64 * 2**20


def test_what_is_not_said_is_zero() -> None:
    assert joined(1, []) == written_out(b"", 1, 0, 0, 0, 0, 0, 0)


def test_a_frame_is_read_once_it_is_whole() -> None:
    whole = joined(1, [b"abc"]) + joined(2, [b""])
    first = module.OVERHEAD + 3
    for size in range(len(whole) + 1):
        frame = scan(memoryview(whole[:size]), 0)
        assert (frame is None) == (size < first)
        if size >= first:
            second = scan(memoryview(whole[:size]), first)
            assert (second is None) == (size < len(whole))


def test_a_header_is_judged_once_it_is_there() -> None:
    assert scan(memoryview(b"?" * 35), 0) is None
    assert scan(memoryview(b"?" * 36), 0) == Damage(0, 33, "no frame begins here")


@pytest.mark.parametrize("length", [3, 4, 5])
def test_a_frame_has_a_greatest_length(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    made = joined(1, [b"x" * length])
    monkeypatch.setattr(module, "MAX_PAYLOAD", 4)
    found = scan(memoryview(made), 0)
    if length <= 4:
        assert isinstance(found, Frame)
        assert joined(1, [b"x" * length]) == made
        return
    assert found == Damage(0, len(made) - 3, "header promises 5 bytes; a frame has at most 4")
    with pytest.raises(ValueError, match="a frame of 5 bytes; at most 4 are written in one"):
        encode(1, [b"xx", np.zeros(3, np.uint8)])


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (b"?", "no frame begins here"),
        (b"?" * 50, "no frame begins here"),
        (b"??" + MAGIC + b"?" * 60, "no frame begins here"),
        (b"?" + MAGIC + MAGIC + b"?" * 60, "no frame begins here"),
        (MAGIC + b"?" * 60, "header does not match its checksum"),
        (b"XWL", "no frame begins here"),
    ],
)
@pytest.mark.parametrize("cut", [False, True])
def test_damage_reaches_to_the_next_frame(before: bytes, reason: str, cut: bool) -> None:
    frame = joined(3, [b"{}"])
    data = b"ok" + before + frame
    for whole in (data, bytearray(data)):
        view = memoryview(whole)
        given, offset = (view[2:], 0) if cut else (view, 2)
        found = scan(given, offset)
        assert found == Damage(offset, len(before), reason)
        assert isinstance(scan(given, offset + len(before)), Frame)


def test_a_payload_that_changed_is_damage_to_the_next_frame() -> None:
    first, second = joined(3, [b"abcd"]), joined(3, [b"{}"])
    changed = first[:-6] + b"X" + first[-5:]
    assert scan(memoryview(changed + second), 0) == Damage(
        0, len(first), "payload does not match its checksum"
    )


@pytest.mark.parametrize(
    ("tail", "size"),
    [(b"", 37), (b"X", 37), (b"XWL", 37), (MAGIC, 40), (MAGIC + b"?" * 31, 40), (MAGIC + b"?" * 32, 73)],
)
def test_where_a_frame_may_still_begin_is_kept(tail: bytes, size: int) -> None:
    """Of 40 bytes that are no frame and what follows them; a header has 36 bytes, of which the last ones may come later."""
    found = scan(memoryview(b"?" * 40 + tail), 0)
    assert isinstance(found, Damage)
    assert found.size == (size + len(tail) if not tail.startswith(MAGIC) else size)
