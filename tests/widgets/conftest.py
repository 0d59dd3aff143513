"""What the tests of the views share: recorded runs, and a wire that notes what would go to the browser."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, ClassVar

import comm
import pytest
from ipywidgets.widgets import widget as widget_module
from views_common import NAMES, record

import xai_widgets as xw


class Wire(comm.base_comm.BaseComm):
    """A comm that keeps what is sent through it."""

    sent: ClassVar[list[tuple[str, dict, list]]] = []

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        Wire.sent.append((self.comm_id, data or {}, list(buffers or [])))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict, list]]:
    """All messages to the browser, as (comm id, data, buffers)."""
    monkeypatch.setattr(comm, "create_comm", lambda **arguments: Wire(**arguments))
    Wire.sent = []
    return Wire.sent


@pytest.fixture
def no_leak() -> Iterator[None]:
    """What a test opens, it closes: the number of live widgets is the same after it."""
    gc.collect()
    before = set(widget_module._instances)
    yield
    left = [w for key, w in widget_module._instances.items() if key not in before]
    assert not left, f"still open: {left}"


@pytest.fixture
def tracker() -> Any:
    """Five epochs of sixty instances of ten labels, of twelve planned."""
    return record(xw.Tracker(label_names={name: i for i, name in enumerate(NAMES)}, epochs=12), 5)
