"""The wire protocol: what one side writes the other reads, and nothing else gets through."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xai_widgets.widgets.instance_map import protocol
from xai_widgets.widgets.instance_map.protocol import ProtocolError, parse_request

HERE = Path(__file__).parent


def _maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_instance_map", HERE / "golden_instance_map.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return json.loads((HERE / "golden" / "instance_map.json").read_text())


def test_the_golden_vectors_are_what_python_sends(golden: dict[str, Any]) -> None:
    made = json.loads(json.dumps(_maker().build()))
    assert made == golden, (
        "the protocol changed: raise VERSION, or run python tests/widgets/golden_instance_map.py on purpose"
    )


def test_a_golden_session_replays(golden: dict[str, Any]) -> None:
    columns: dict[str, np.ndarray] = {}
    for step in golden["session"]["steps"]:
        content, buffers = step["message"]["content"], step["message"]["buffers"]
        for spec in content["columns"]:
            dtype = {"u1": "|u1", "u2": "<u2"}[spec["type"]]
            target = columns.setdefault(spec["name"], np.zeros(content["n"], dtype))
            protocol.apply(target, spec, base64.b64decode(buffers[spec["buffer"]]))
        assert {name: values.tolist() for name, values in columns.items()} == step["columns"]


@given(
    hnp.arrays("u2", st.integers(1, 300)),
    st.sampled_from(["u1", "u2"]),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_changes_are_applied_to_the_same_values(old: np.ndarray, kind: str, share: float, seed: int) -> None:
    old = old.astype(kind)
    rng = np.random.default_rng(seed)
    new = np.where(rng.random(len(old)) < share, rng.integers(0, 255, len(old)), old).astype(kind)
    column = protocol.changes("x", new, old)
    if column is None:
        assert np.array_equal(new, old)
        return
    target = old.copy()
    protocol.apply(target, column.spec(0), column.data)
    assert np.array_equal(target, new)
    assert len(column.data) <= new.nbytes, "a change never costs more than all values"


def test_fewer_changes_cost_less() -> None:
    n = 100_000
    old = np.zeros(n, np.uint16)
    sizes = []
    for changed in (n, n // 2, n // 20, n // 1000, 1):
        new = old.copy()
        new[:: n // changed][:changed] = 9
        column = protocol.changes("x", new, old)
        assert column is not None
        sizes.append(len(column.data))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 2 * n
    assert sizes[2] < 2 * n / 5
    assert sizes[-1] <= 16
    assert protocol.changes("x", old, old.copy()) is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=50))
def test_quantised_values_come_back_within_half_a_level(values: list[float]) -> None:
    lo, hi = -2.0, 6.0
    codes = protocol.quantise(np.array(values), lo, hi)
    for value, code in zip(values, codes.tolist(), strict=True):
        if not np.isfinite(np.float32(value)):
            assert code == protocol.NONE16
        else:
            back = lo + code / protocol.LEVELS * (hi - lo)
            assert abs(back - min(max(value, lo), hi)) <= (hi - lo) / protocol.LEVELS


def test_small_codes_keep_255_for_no_value() -> None:
    codes = protocol.quantise8(np.array([0.0, 0.5, 1.0, np.nan, np.inf, 9.0]), 0, 1)
    assert codes.tolist() == [0, 127, 254, 255, 255, 254]


def envelope(**fields: Any) -> dict[str, Any]:
    return {"v": protocol.VERSION, "client": "w1", "stream": "s1", **fields}


def test_every_golden_request_is_understood(golden: dict[str, Any]) -> None:
    kinds = []
    for one in golden["requests"]:
        buffers = [memoryview(base64.b64decode(text)) for text in one["buffers"]]
        request = parse_request(envelope(**one["message"]), buffers, one["n"])
        assert (request.client, request.stream) == ("w1", "s1")
        kinds.append(request.kind)
    assert set(kinds) == set(protocol._READERS)
    by_kind = dict(zip(kinds, golden["requests"], strict=True))
    select = parse_request(
        envelope(**by_kind["select"]["message"]), [base64.b64decode(by_kind["select"]["buffers"][0])], 10
    )
    assert select.rows.tolist() == [0, 3, 7]


BROKEN = [
    None, 3, "x", [], {}, {"v": 2, "kind": "ready"}, {"v": True, "kind": "ready", "client": "w", "stream": ""},
    envelope(kind="explode"), envelope(kind=["ready"]), envelope(kind="ready"), envelope(kind="ready", reason="because"),
    {**envelope(kind="csv", id=1), "client": "x" * 100}, {**envelope(kind="csv", id=1), "stream": None},
    envelope(kind="details", id=1, row=-1), envelope(kind="details", id=1, row=10), envelope(kind="details", id=1, row=1.5),
    envelope(kind="details", id=1, row="1"), envelope(kind="details", id=1, row=True), envelope(kind="details", id="1", row=1),
    envelope(kind="thumbs", id=1, rows=[1] * 65, pictures=True), envelope(kind="thumbs", id=1, rows="12", pictures=True),
    envelope(kind="thumbs", id=1, rows=[99], pictures=True), envelope(kind="thumbs", id=1, rows=[1], pictures=1),
    envelope(kind="search", id=1, text="x" * 301), envelope(kind="search", id=1, text=None),
    envelope(kind="tile", id=1, row0=5, row1=2, bins=5), envelope(kind="tile", id=1, row0=0, row1=5, bins=0),
    envelope(kind="tile", id=1, row0=0, row1=5, bins=10**9), envelope(kind="select_sorted", row0=0, row1=11),
    envelope(kind="act", action="delete", rows=[]), envelope(kind="act", action="pin", rows=[10]),
    envelope(kind="set", field="_esm", value="alert(1)"), envelope(kind="set", field="x", value=3),
    envelope(kind="set", field="descending", value="yes"), envelope(kind="set", field="filters", value=None),
    envelope(kind="set", field="filters", value={"label": 0}), envelope(kind="set", field="size", value={"a": 1}),
    envelope(kind="ack", seq=float("inf")), envelope(kind="select", token=1),
]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN, ids=lambda content: str(content)[-60:])
def test_malformed_messages_are_refused(content: object) -> None:
    with pytest.raises(ProtocolError):
        parse_request(content, [], 10)


@pytest.mark.parametrize(
    "data",
    [b"abc", np.array([10], "<i4").tobytes(), np.array([-1], "<i4").tobytes(), "text", None, 7],
    ids=["torn", "beyond", "negative", "text", "none", "number"],
)
def test_malformed_rows_are_refused(data: object) -> None:
    with pytest.raises(ProtocolError):
        parse_request(envelope(kind="select", token=1), [data], 10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.sampled_from(sorted(protocol._READERS)),
    st.dictionaries(
        st.sampled_from(["id", "row", "rows", "row0", "row1", "bins", "text", "field", "value", "action", "token", "seq"]),
        JSON,
    ),
    st.lists(st.binary(max_size=16) | JSON, max_size=2),
)  # fmt: skip
def test_nothing_but_a_protocol_error_ever_comes_out(
    kind: str, fields: dict[str, Any], buffers: list[Any]
) -> None:
    rows = np.zeros(0, int)
    with contextlib.suppress(ProtocolError):
        rows = parse_request(envelope(kind=kind, **fields), buffers, 10).rows
    assert all(0 <= row < 10 for row in rows.tolist())
