"""Makes the golden vectors of the instance map's wire protocol, which the tests of both sides read.

``python tests/widgets/golden_instance_map.py`` writes them anew, on purpose, when the protocol changes.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.figures import palette
from xai_widgets.widgets.instance_map import protocol

PATH = Path(__file__).parent / "golden" / "instance_map.json"


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def column_cases() -> list[dict[str, Any]]:
    """Old and new values of a column, and how the change is written."""
    rng = np.random.default_rng(7)
    cases = []
    for name, dtype, n, changed in [
        ("x", "<u2", 40, 40), ("y", "<u2", 400, 3), ("x", "<u2", 100, 30), ("flags", "|u1", 65, 20),
        ("forgets", "|u1", 33, 1), ("label", "<u2", 9, 4), ("color", "|u1", 7, 7),
    ]:  # fmt: skip
        old = rng.integers(0, 200, n).astype(dtype)
        new = old.copy()
        at = rng.choice(n, changed, replace=False)
        new[at] = old[at] + 1 + rng.integers(0, 50, changed).astype(dtype)
        column = protocol.changes(name, new, old)
        assert column is not None
        cases.append({
            "spec": column.spec(0), "n": n, "old": old.tolist(), "new": new.tolist(), "data": coded(column.data),
        })  # fmt: skip
    return cases


def meta(**more: Any) -> dict[str, Any]:
    axis = {"unit": "", "lo": 0.0}
    return {
        "title": "", "mode": "train", "modes": ["train", "eval"], "status": "training", "epoch": 3, "epochs": 20,
        "view": "map", "scores": [{"name": "variability", "text": "variability"}, {"name": "mean", "text": "mean loss"}],
        "metrics": ["loss"], "x": {**axis, "name": "variability", "text": "variability", "hi": 0.5},
        "y": {**axis, "name": "confidence", "text": "confidence", "hi": 1.0}, "color": None, "size": None,
        "metric": "loss", "sort": "mean", "descending": True, "index": {"kind": "range", "start": 0, "step": 1},
        "filters": protocol.Filters().as_dict(),
        "available": {"suspected": True, "never": True, "movers": False, "wrong": True, "shortcut": False, "forgotten": True},
        "samples": False, "pin": True, "explain": False, "review": False, "missing": 0, "height": 380, "note": "", "suspects": "",
        "edited": "",
        **more,
    }  # fmt: skip


def wire(message: tuple[dict[str, Any], list[bytes]]) -> dict[str, Any]:
    return {"content": message[0], "buffers": [coded(data) for data in message[1]]}


def session() -> dict[str, Any]:
    """A snapshot and deltas, and what every column is after each of them."""
    rng = np.random.default_rng(3)
    n = 50
    columns: dict[str, Any] = {
        "x": protocol.quantise(rng.uniform(0, 0.5, n), 0, 0.5),
        "y": protocol.quantise(np.where(np.arange(n) == 7, np.nan, rng.uniform(0, 1, n)), 0, 1),
        "label": (np.arange(n) % 3).astype("<u2"),
        "flags": rng.integers(0, 16, n).astype("|u1"),
        "forgets": rng.integers(0, 5, n).astype("|u1"),
    }
    labels = [
        {"name": name, "light": light, "dark": dark}
        for name, light, dark in zip(
            ["cat", "<img src=x onerror=alert(1)>", "\u202eolleh\u0000 \U0001f600"],
            palette.label_colors(3), palette.label_colors(3, dark=True), strict=True,
        )
    ]  # fmt: skip

    def state() -> dict[str, list[int]]:
        return {name: values.tolist() for name, values in columns.items()}

    def snapshot(seq: int) -> dict[str, Any]:
        parts = [protocol.dense(name, values) for name, values in columns.items()]
        return wire(protocol.message(
            "snapshot", parts, to="", stream="s1", seq=seq, n=n, meta=meta(), labels=labels
        ))  # fmt: skip

    steps = [{"message": snapshot(4), "columns": state()}]
    for seq, names in [(5, ("x", "y")), (6, ("flags",)), (7, ("x",))]:
        parts = []
        for name in names:
            old = columns[name]
            new = old.copy()
            at = rng.choice(n, 4 * seq, replace=False)
            new[at] = rng.integers(0, 255, len(at))
            part = protocol.changes(name, new, old)
            assert part is not None
            parts.append(part)
            columns[name] = new
        delta = protocol.message("delta", parts, stream="s1", seq=seq, n=n, cause="", meta=meta(epoch=seq))
        steps.append({"message": wire(delta), "columns": state()})
    return {"n": n, "steps": steps, "again": snapshot(7)}


def answers() -> list[dict[str, Any]]:
    """One of every answer."""
    head = {"to": "w1", "id": 3}
    tile = {
        "row0": 0, "row1": 10, "total": 100, "bins": 2, "epochs": [1, 2], "lo": 0.0, "hi": 4.5, "clipped": False,
        "metric": "loss", "unit": "nats", "names": [],
    }  # fmt: skip
    value = {"name": "mean loss", "value": None, "unit": "nats"}
    item = {"row": 5, "index": "5", "prediction": "", "width": 1, "height": 2}
    made = [
        (
            protocol.message("details", **head, row=5, index="a", label="b", prediction="c", values=[value])[
                0
            ],
            [],
        ),
        (protocol.message("thumbs", **head, items=[item])[0], [bytes(range(6))]),
        (protocol.message("found", **head, total=2)[0], [np.array([4, 9], "<i4").tobytes()]),
        (protocol.message("csv", **head, name="a.csv")[0], [b"index\n1\n"]),
        (protocol.message("tile", **head, **tile)[0], [bytes([0, 254, 255, 9]), bytes([0, 1])]),
        (protocol.message("problem", to="", text="no such score")[0], []),
    ]
    return [wire(message) for message in made]


def requests() -> list[dict[str, Any]]:
    """One of every message of the browser, and how many rows there are."""
    rows = np.array([3, 0, 7], "<i4").tobytes()
    plain: list[tuple[dict[str, Any], list[bytes]]] = [
        ({"kind": "ready", "reason": "display"}, []),
        ({"kind": "ack", "seq": 12}, []),
        ({"kind": "select", "token": 2}, [rows]),
        ({"kind": "set", "field": "x", "value": "mean"}, []),
        ({"kind": "set", "field": "size", "value": None}, []),
        ({"kind": "set", "field": "descending", "value": False}, []),
        (
            {
                "kind": "set",
                "field": "filters",
                "value": protocol.Filters(1, True, False, True, False, forgotten=3).as_dict(),
            },
            [],
        ),
        ({"kind": "details", "id": 1, "row": 9}, []),
        ({"kind": "thumbs", "id": 2, "rows": [1, 2], "pictures": True}, []),
        ({"kind": "search", "id": 3, "text": "<b>\u202e\U0001f600"}, []),
        ({"kind": "tile", "id": 4, "row0": 0, "row1": 10, "bins": 5}, []),
        ({"kind": "select_sorted", "row0": 2, "row1": 4}, []),
        ({"kind": "act", "action": "explain", "rows": [4]}, []),
        ({"kind": "act", "action": "review", "rows": []}, []),
        ({"kind": "csv", "id": 6}, []),
    ]
    return [
        {"message": content, "buffers": [coded(data) for data in buffers], "n": 10}
        for content, buffers in plain
    ]


def build() -> dict[str, Any]:
    return {
        "version": protocol.VERSION,
        "levels": protocol.LEVELS,
        "columns": column_cases(),
        "session": session(),
        "answers": answers(),
        "requests": requests(),
        "viridis": coded(palette.colormap("viridis").tobytes()),
        "quantised": {
            "values": [0.0, 0.25, 0.5, 1.0, 1.5, -1.0],
            "codes": protocol.quantise(np.array([0.0, 0.25, 0.5, 1.0, 1.5, -1.0]), 0, 1).tolist(),
        },
    }


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(json.dumps(build(), ensure_ascii=True, indent=1) + "\n")
