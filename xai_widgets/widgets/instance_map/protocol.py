"""The wire protocol of the instance map: what travels, its limits, and checks of what comes from the browser.

The mirror of ``js/src/map/protocol.ts``; ``tests/widgets/golden/instance_map.json`` is read by the tests of both sides. A
change here is a new ``VERSION``. All numbers are little-endian.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

VERSION: Final = 3
LEVELS: Final = 65534
"""Highest code of a quantised axis; the code above it means "no value"."""
NONE16: Final = 65535
NONE8: Final = 255
SUSPECTED, NEVER, MOVER, WRONG, SHORTCUT = 1, 2, 4, 8, 16
"""Bits of the flags column."""
MAX_ROWS: Final = 20_000_000
MAX_THUMBS: Final = 64
MAX_SEARCH: Final = 200
MAX_TEXT: Final = 300
MAX_BINS: Final = 1024
MAX_COLUMNS: Final = 512
MAX_LABELS: Final = 65_535
FIELDS: Final = ("x", "y", "color", "size", "mode", "view", "metric", "sort", "descending", "filters")

Array: TypeAlias = npt.NDArray[Any]
_TYPES: Final = {"u1": "<u1", "u2": "<u2", "i4": "<i4", "f8": "<f8"}


class ProtocolError(ValueError):
    """A message that is not what the protocol says."""


# ---- numbers ---------------------------------------------------------------------------------------------------------


def quantise(values: Array, lo: float, hi: float) -> npt.NDArray[np.uint16]:
    """Turn values (N,) into codes 0 to ``LEVELS`` of [lo, hi]; what is outside is clipped, what is not finite has none."""
    missing = ~np.isfinite(values)
    scaled = np.clip(values, lo, hi).astype(np.float32)
    scaled -= np.float32(lo)
    scaled *= np.float32(LEVELS / (hi - lo))
    if missing.any():
        scaled[missing] = 0
    np.rint(scaled, out=scaled)
    np.minimum(scaled, LEVELS, out=scaled)
    codes = scaled.astype(np.uint16)
    codes[missing] = NONE16
    return codes


def quantise8(values: Array, lo: float, hi: float) -> npt.NDArray[np.uint8]:
    """Turn values into codes 0 to 254 of [lo, hi]; 255 where there is none."""
    codes = quantise(values, lo, hi)
    small = ((codes.astype(np.uint32) * 254 + LEVELS // 2) // LEVELS).astype(np.uint8)
    small[codes == NONE16] = NONE8
    return small


def _padded(count: int) -> int:
    return (count + 7) & ~7


# ---- columns ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One column of a message: how it is written, and its bytes."""

    name: str
    kind: str
    form: str
    count: int
    data: bytes

    def spec(self, buffer: int) -> dict[str, Any]:
        """Return what stands in the message; ``buffer`` is the number of its bytes among the buffers."""
        return {
            "name": self.name,
            "type": self.kind,
            "form": self.form,
            "count": self.count,
            "buffer": buffer,
        }


def _kind(values: Array) -> str:
    return {"|u1": "u1", "<u2": "u2", "<i4": "i4", "<f8": "f8"}[values.dtype.str]


def dense(name: str, values: Array) -> Column:
    """Write all values of a column."""
    return Column(name, _kind(values), "dense", len(values), values.tobytes())


def changes(name: str, new: Array, old: Array | None) -> Column | None:
    """Write what differs from ``old``, in the shortest form; None where nothing does."""
    if old is None or old.dtype != new.dtype or old.shape != new.shape:
        return dense(name, new)
    differs = new != old
    count = int(np.count_nonzero(differs))
    if count == 0:
        return None
    n, width = len(new), new.itemsize
    bitmap = _padded((n + 7) // 8) + count * width
    sparse = _padded(4 * count) + count * width
    if n * width <= min(bitmap, sparse):
        return dense(name, new)
    values = new[differs].tobytes()
    if sparse < bitmap:
        rows = np.flatnonzero(differs).astype("<i4").tobytes()
        return Column(name, _kind(new), "sparse", count, rows.ljust(_padded(4 * count), b"\0") + values)
    bits = np.packbits(differs, bitorder="little").tobytes()
    return Column(name, _kind(new), "bitmap", count, bits.ljust(_padded((n + 7) // 8), b"\0") + values)


def apply(target: Array, spec: Mapping[str, Any], data: bytes) -> None:
    """Write a column's values into ``target``: what the browser does with it."""
    count, dtype = int(spec["count"]), np.dtype(_TYPES[spec["type"]])
    if spec["form"] == "dense":
        target[:] = np.frombuffer(data, dtype, count)
    elif spec["form"] == "bitmap":
        length = (len(target) + 7) // 8
        bits = np.unpackbits(np.frombuffer(data, np.uint8, length), bitorder="little")[: len(target)]
        target[bits.astype(bool)] = np.frombuffer(data, dtype, count, _padded(length))
    else:
        rows = np.frombuffer(data, "<i4", count)
        target[rows] = np.frombuffer(data, dtype, count, _padded(4 * count))


def message(kind: str, columns: Sequence[Column] = (), **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
    """Make a message for the browser: what is said, and its buffers."""
    content = {"v": VERSION, "kind": kind, **fields}
    if kind in ("snapshot", "delta"):
        content["columns"] = [column.spec(i) for i, column in enumerate(columns)]
    return content, [column.data for column in columns]


# ---- what comes from the browser -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """Which instances are shown; ``label`` is a label's code or -1."""

    label: int = -1
    suspected: bool = False
    never: bool = False
    movers: bool = False
    wrong: bool = False
    shortcut: bool = False
    forgotten: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As it travels."""
        return dict(vars(self))


@dataclass(frozen=True)
class Request:
    """One checked message of the browser.

    Attributes
    ----------
    kind
        "ready", "ack", "select", "set", "details", "thumbs", "search", "tile", "select_sorted", "act" or "csv".
    client, stream
        The window it comes from, and the order of the rows it knows.
    id
        Of a question: what the answer carries.
    rows
        Rows of the data it is about.
    name, value
        The control that was set and to what; the reason of "ready"; the action; the text searched for.
    span
        (row0, row1) of the sorted order.
    bins
        How many bands are wanted.
    """

    kind: str
    client: str
    id: int = 0
    stream: str = ""
    rows: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    name: str = ""
    value: Any = None
    span: tuple[int, int] = (0, 0)
    bins: int = 0


def parse_request(content: object, buffers: object, n: int) -> Request:
    """Check a message of the browser.

    Parameters
    ----------
    content, buffers
        As the host hands them over.
    n
        How many rows there are.

    Raises
    ------
    ProtocolError
        For anything that is not what the protocol says; nothing of it may be used then.
    """
    if not isinstance(content, Mapping):
        raise ProtocolError(f"a message is a mapping, not {type(content).__name__}")
    version = content.get("v")
    if version != VERSION or isinstance(version, bool):
        raise ProtocolError(f"version {_said(version)}; {VERSION} is understood")
    kind = content.get("kind")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise ProtocolError(f"unknown kind {_said(kind)}")
    client = _text(content, "client", 40)
    stream = _text(content, "stream", 40)
    parts = list(buffers) if isinstance(buffers, Sequence) and not isinstance(buffers, str | bytes) else []
    return replace(reader(str(kind), client, content, parts, n), stream=stream)


def rows_of(buffer: object, n: int) -> npt.NDArray[np.int32]:
    """Read the rows of a selection: int32, each of them there, none twice; ascending.

    Raises
    ------
    ProtocolError
        If it is anything else.
    """
    if not isinstance(buffer, bytes | bytearray | memoryview):
        raise ProtocolError(f"rows come as bytes, not {type(buffer).__name__}")
    data = bytes(buffer)
    if len(data) % 4:
        raise ProtocolError(f"{len(data)} bytes are not a whole number of int32")
    rows = np.frombuffer(data, "<i4")
    if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= n):
        raise ProtocolError(f"rows from {rows.min()} to {rows.max()} where there are {n}")
    return np.unique(rows).astype(np.int32)


def _said(value: object) -> str:
    return repr(value)[:60]


def _text(content: Mapping[str, Any], key: str, most: int = MAX_TEXT) -> str:
    value = content.get(key)
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError(f"{key} is {_said(value)}; a text of at most {most} signs is expected")
    return value


def _integer(content: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = content.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON knows one kind of number
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ProtocolError(f"{key} is {_said(value)}; a whole number from {low} to {high} is expected")
    return value


def _flag(content: Mapping[str, Any], key: str) -> bool:
    value = content.get(key)
    if not isinstance(value, bool):
        raise ProtocolError(f"{key} is {_said(value)}; true or false is expected")
    return value


def _row_list(content: Mapping[str, Any], n: int, most: int) -> npt.NDArray[np.int32]:
    value = content.get("rows")
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError(f"rows is {_said(value)}; a list of at most {most} is expected")
    return np.array([_integer({"row": row}, "row", 0, n - 1) for row in value], np.int32)


def _id(content: Mapping[str, Any]) -> int:
    return _integer(content, "id", 0, 2**31)


def _ready(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], _n: int) -> Request:
    reason = _text(content, "reason", 20)
    if reason not in ("display", "gap", "malformed"):
        raise ProtocolError(f"unknown reason {_said(reason)}")
    return Request(kind, client, name=reason)


def _ack(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], _n: int) -> Request:
    return Request(kind, client, id=_integer(content, "seq", 0, 2**31))


def _select(kind: str, client: str, content: Mapping[str, Any], parts: list[Any], n: int) -> Request:
    if len(parts) != 1:
        raise ProtocolError(f"a selection has one buffer, not {len(parts)}")
    return Request(kind, client, id=_integer(content, "token", 0, 2**31), rows=rows_of(parts[0], n))


def _set(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], _n: int) -> Request:
    name = _text(content, "field", 40)
    if name not in FIELDS:
        raise ProtocolError(f"unknown control {_said(name)}")
    value: Any = content.get("value")
    if name == "filters":
        value = filters_of(value)
    elif name == "descending":
        value = _flag(content, "value")
    elif not (name == "size" and value is None):
        value = _text(content, "value")
    return Request(kind, client, name=name, value=value)


def filters_of(value: object) -> Filters:
    """Check filters as they travel."""
    if not isinstance(value, Mapping):
        raise ProtocolError(f"filters are {_said(value)}; a mapping is expected")
    return Filters(
        _integer(value, "label", -1, MAX_LABELS),
        _flag(value, "suspected"),
        _flag(value, "never"),
        _flag(value, "movers"),
        _flag(value, "wrong"),
        _flag(value, "shortcut"),
        _integer(value, "forgotten", 0, 255),
    )


def _details(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], n: int) -> Request:
    row = _integer(content, "row", 0, n - 1)
    return Request(kind, client, _id(content), rows=np.array([row], np.int32))


def _thumbs(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], n: int) -> Request:
    rows = _row_list(content, n, MAX_THUMBS)
    return Request(kind, client, _id(content), rows=rows, value=_flag(content, "pictures"))


def _search(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], _n: int) -> Request:
    return Request(kind, client, _id(content), name=_text(content, "text"))


def _tile(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], n: int) -> Request:
    row0, row1 = _integer(content, "row0", 0, n), _integer(content, "row1", 0, n)
    bins = _integer(content, "bins", 1, MAX_BINS)
    if row1 < row0:
        raise ProtocolError(f"rows {row0} to {row1} run backwards")
    return Request(kind, client, _id(content), span=(row0, row1), bins=bins)


def _select_sorted(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], n: int) -> Request:
    row0 = _integer(content, "row0", 0, n)
    return Request(kind, client, span=(row0, _integer(content, "row1", row0, n)))


def _act(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], n: int) -> Request:
    action = _text(content, "action", 20)
    if action not in ("pin", "explain", "review"):
        raise ProtocolError(f"unknown action {_said(action)}")
    return Request(kind, client, name=action, rows=_row_list(content, n, MAX_THUMBS))


def _csv(kind: str, client: str, content: Mapping[str, Any], _parts: list[Any], _n: int) -> Request:
    return Request(kind, client, _id(content))


_Reader: TypeAlias = Callable[[str, str, Mapping[str, Any], list[Any], int], Request]
_READERS: Final[dict[str, _Reader]] = {
    "ready": _ready,
    "ack": _ack,
    "select": _select,
    "set": _set,
    "details": _details,
    "thumbs": _thumbs,
    "search": _search,
    "tile": _tile,
    "select_sorted": _select_sorted,
    "act": _act,
    "csv": _csv,
}
