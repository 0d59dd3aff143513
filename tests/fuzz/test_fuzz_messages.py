"""What a browser sends, of any kind: no view breaks by it, training goes on, and a kernel answers the next cell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from typing import Any

import numpy as np
import pytest
from fuzz_common import PLAIN, quiet, tries
from hypothesis import given
from hypothesis import strategies as st
from tornado.websocket import websocket_connect
from traitlets import TraitError

import xai_widgets as xw
from xai_widgets.widgets.instance_map import protocol

ids = st.integers(-2, 300) | st.floats() | st.none()
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(protocol.VERSION) | PLAIN,
        "kind": st.sampled_from(
            [
                "ready",
                "ack",
                "select",
                "set",
                "details",
                "thumbs",
                "search",
                "tile",
                "select_sorted",
                "act",
                "csv",
            ]
        ),
        "client": st.sampled_from(["a", "b", ""]) | PLAIN,
        "stream": st.text(max_size=5) | PLAIN,
        "id": ids | PLAIN,
        "seq": ids | PLAIN,
        "row": ids | PLAIN,
        "rows": st.lists(ids, max_size=6) | PLAIN,
        "how": st.sampled_from(["replace", "add", "remove"]) | PLAIN,
        "buffers": PLAIN,
        "name": st.sampled_from(
            ["mode", "metric", "score", "x", "y", "color", "epoch", "filters", "sorted_by"]
        )
        | PLAIN,
        "value": PLAIN,
        "text": st.text(max_size=20) | PLAIN,
        "span": st.lists(ids, max_size=3) | PLAIN,
        "bins": ids | PLAIN,
        "first": ids,
        "last": ids,
        "reason": PLAIN,
    },
)


def trained() -> xw.Tracker:
    tracker = xw.Tracker(label_names={"a": 0, "b": 1, "c": 2})
    for _ in range(2):
        tracker.record(np.arange(60), np.arange(60) % 3, loss=np.arange(60) / 9)
        tracker.end_epoch()
    return tracker


def tree_of(widget: Any) -> list[Any]:
    """A widget and all widgets in it."""
    found, pending = [], [widget]
    while pending:
        each = pending.pop()
        if each in found:
            continue
        found.append(each)
        for name in each.keys:
            value = getattr(each, name, None)
            for inner in value if isinstance(value, (list, tuple)) else [value]:
                if hasattr(inner, "_handle_msg"):
                    pending.append(inner)
    return found


@pytest.fixture(scope="module")
def desk():
    tracker = trained()
    dashboard = xw.Dashboard(tracker, mode="train")
    views = [w for w in tree_of(dashboard) if type(w).__module__.startswith("xai_widgets")]
    assert {"LabelDifficulty", "InstanceHistory", "InstanceMap"} <= {type(w).__name__ for w in views}
    yield tracker, dashboard, views
    dashboard.close()


def deliver(widget: Any, data: Any, buffers: list[bytes]) -> None:
    """Hand a message over as a comm does; what a trait refuses is refused."""
    with contextlib.suppress(TraitError):
        widget._handle_msg({"content": {"data": data}, "buffers": buffers})


@tries(40)
@given(
    st.lists(
        st.tuples(st.integers(0, 1000), MESSAGES | PLAIN, st.lists(st.binary(max_size=40), max_size=2)),
        max_size=8,
    )
)
def test_messages_to_the_views(desk, messages):
    tracker, dashboard, views = desk
    with quiet():
        before = list(tracker.problems)
        for number, content, buffers in messages:
            deliver(views[number % len(views)], {"method": "custom", "content": content}, buffers)
        still_works(tracker, dashboard, before)


@tries(40)
@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), PLAIN), max_size=8))
def test_values_for_the_views_traits(desk, messages):
    tracker, dashboard, views = desk
    with quiet():
        before = list(tracker.problems)
        for number, key, value in messages:
            view = views[number % len(views)]
            names = sorted(
                name for name in view.keys if not name.startswith(("_", "children", "layout", "style"))
            )
            deliver(
                view, {"method": "update", "state": {names[key % len(names)]: value}, "buffer_paths": []}, []
            )
        still_works(tracker, dashboard, before)


def still_works(tracker: xw.Tracker, dashboard: Any, before: list[str]) -> None:
    tracker.record(np.arange(60), np.arange(60) % 3, loss=np.ones(60))
    tracker.end_epoch()
    assert tracker.problems == before
    assert dashboard.comm is not None or dashboard._model_id is None


CELL = """
import json, numpy as np, xai_widgets as xw, ipywidgets
tracker = xw.Tracker()
for epoch in range(2):
    tracker.record(np.arange(60), np.arange(60) % 3, loss=np.arange(60) / 9)
    tracker.end_epoch()
view = xw.Dashboard(tracker, mode="train")
display(view)
print("=>" + json.dumps([m for m, w in ipywidgets.Widget.widgets.items() if type(w).__module__.startswith("xai_widgets")]))
"""


class Page:
    """A page's connection to a kernel: one websocket of a real server."""

    def __init__(self, address: str, token: str) -> None:
        self.loop = asyncio.new_event_loop()
        request = urllib.request.Request(f"http://{address}/api/kernels?token={token}", data=b"{}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            kernel = json.loads(answer.read())["id"]
        url = f"ws://{address}/api/kernels/{kernel}/channels?token={token}&session_id={uuid.uuid4().hex}"
        self.socket = self.loop.run_until_complete(self._connected(url))

    async def _connected(self, url: str) -> Any:
        return await websocket_connect(url)

    async def _next(self) -> Any:
        return await asyncio.wait_for(self.socket.read_message(), 120)

    async def _write(self, text: str) -> None:
        await self.socket.write_message(text)

    def send(self, kind: str, content: Any) -> str:
        name = uuid.uuid4().hex
        header = {
            "msg_id": name,
            "msg_type": kind,
            "session": "page",
            "username": "",
            "version": "5.3",
            "date": "",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
            "buffers": [],
        }
        self.loop.run_until_complete(self._write(json.dumps(message)))
        return name

    def run(self, code: str) -> str:
        """Run a cell to its end, and return what it printed."""
        name = self.send(
            "execute_request", {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        )
        printed, end = "", time.monotonic() + 120
        while time.monotonic() < end:
            raw = self.loop.run_until_complete(self._next())
            if raw is None:
                raise AssertionError("the server closed the connection")
            if not isinstance(raw, str):
                continue
            message = json.loads(raw)
            if message["parent_header"].get("msg_id") != name:
                continue
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed += message["content"]["text"]
            elif message["msg_type"] == "error":
                raise AssertionError("\n".join(message["content"]["traceback"]))
            elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return printed
        raise AssertionError(f"the cell did not end; it printed {printed}")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, folder = secrets.token_hex(8), tmp_path_factory.mktemp("server")
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options, f"--ServerApp.root_dir={folder}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(folder), "JUPYTER_PREFER_ENV_PATH": "1"},
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                connection = Page(f"127.0.0.1:{port}", token)
                break
            except OSError:
                if time.monotonic() > end or server.poll() is not None:
                    raise
                time.sleep(0.2)
        yield connection
    finally:
        server.terminate()
        server.wait(30)


def sendable(value: Any) -> Any:
    """What JSON can say: a browser sends no NaN, and no half of a character."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and abs(value) > 2**63:
        return float(2**63)
    if isinstance(value, list):
        return [sendable(each) for each in value]
    if isinstance(value, dict):
        return {sendable(k): sendable(v) for k, v in value.items()}
    return value


@tries(4)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1000),
            st.builds(lambda content: {"method": "custom", "content": content}, MESSAGES | PLAIN)
            | st.builds(
                lambda state: {"method": "update", "state": state, "buffer_paths": []},
                st.dictionaries(
                    st.sampled_from(["value", "metric", "mode", "epoch", "filters", "selected"]),
                    PLAIN,
                    max_size=2,
                ),
            )
            | PLAIN,
        ),
        min_size=5,
        max_size=30,
    )
)
def test_messages_through_a_real_websocket(page, messages):
    if not hasattr(page, "models"):
        page.models = json.JSONDecoder().raw_decode(page.run(CELL).rsplit("=>", 1)[1])[0]
    for number, data in messages:
        page.send("comm_msg", {"comm_id": page.models[number % len(page.models)], "data": sendable(data)})
    said = page.run(
        "tracker.record(np.arange(60), np.arange(60) % 3, loss=np.ones(60)); tracker.end_epoch()\n"
        "print('alive', len(tracker.problems), view.comm is not None)"
    )
    assert "alive 0 True" in said
