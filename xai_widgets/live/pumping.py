"""Handle the browser's waiting widget messages from inside a busy cell.

ipykernel 6 handles one message at a time, in order: a click waits until the cell ends. ipykernel 7 does
the same with every message that is not addressed to a subshell. At a safe point, in the thread that runs
the cell, `pump` takes what waits, handles the widget messages, and puts everything else (the next cells
above all) back in its order.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xai_widgets.live import _kernel

if TYPE_CHECKING:
    from xai_widgets.tracking import Tracker

_COMMS = frozenset({"comm_open", "comm_msg", "comm_close"})
_log = logging.getLogger("xai_widgets.live")
_busy = threading.local()
_wired: weakref.WeakKeyDictionary[Tracker, object] = weakref.WeakKeyDictionary()
_last_look = 0.0


def can_pump() -> bool:
    """Whether this kernel has a queue that `pump` knows how to read."""
    kernel = _kernel.kernel()
    return kernel is not None and _source(kernel) is not None


def pump(limit: int = 100) -> int:
    """Handle the widget messages that wait for the running cell to end.

    Does nothing outside ipykernel, in any thread but the one that runs cells, and when called from a
    widget's own callback. Costs about two microseconds when nothing waits.

    Parameters
    ----------
    limit : int, default 100
        At most so many messages are looked at in one call.

    Returns
    -------
    int
        How many widget messages were handled.
    """
    if threading.current_thread() is not threading.main_thread() or getattr(_busy, "pumping", False):
        return 0
    kernel = _kernel.kernel()
    source = _source(kernel) if kernel is not None else None
    if source is None or not source.waiting():
        return 0
    _busy.pumping = True
    try:
        return _drain(kernel, source, limit)
    finally:
        _busy.pumping = False


def pump_at_safe_points(tracker: Tracker) -> None:
    """Let the training thread of this tracker pump between its steps; wired once however often it is asked."""
    if tracker not in _wired:
        _wired[tracker] = tracker.on_safe_point(_pump_at_times)


def _pump_at_times(_epoch: int | None, _step: int | None) -> None:
    """Pump, a hundred times a second at most however short the steps are."""
    global _last_look
    now = time.monotonic()
    if now - _last_look >= 0.01:
        _last_look = now
        pump()


def _drain(kernel: Any, source: _Queue | _Socket, limit: int) -> int:
    """Handle comm messages, keep the others; also when the user interrupts in between."""
    items = source.take(limit)
    handled = 0
    try:
        while items:
            message = _widget_message(kernel, source.frames(items[0]))
            item = items.pop(0)
            if message is None:
                source.keep(item)
            else:
                handled += 1
                _handle(kernel, *message)
    finally:
        for item in items:
            source.keep(item)
        source.put_back()
    return handled


def _widget_message(kernel: Any, frames: Any) -> tuple[list[bytes], dict[str, Any]] | None:
    """Return identities and message when the frames are a comm message of a known comm, else None."""
    if frames is None:
        return None
    try:
        idents, rest = kernel.session.feed_identities(frames, copy=False)
        if kernel.session.unpack(rest[1].bytes).get("msg_type") not in _COMMS:
            return None
        return idents, kernel.session.deserialize(rest, content=True, copy=False)
    except (ValueError, IndexError, TypeError, AttributeError):
        return None  # not ours to judge: the kernel reports broken messages itself


def _handle(kernel: Any, idents: list[bytes], message: dict[str, Any]) -> None:
    """Handle one comm message as the kernel would, with busy, idle and the cell's own parent afterwards."""
    cell = kernel.get_parent("shell")
    cell_ident = _ident(kernel)
    kernel.set_parent(idents, message, channel="shell")
    _status(kernel, "busy", message)
    try:
        _dispatch(kernel, idents, message)
    except Exception:
        _log.exception("a widget message failed")
    finally:
        _status(kernel, "idle", message)
        kernel.set_parent(cell_ident, cell, channel="shell")
        _status(kernel, "busy", cell)  # the cell still runs, and the front-end shows the last status


def _dispatch(kernel: Any, idents: list[bytes], message: dict[str, Any]) -> None:
    """Call the comm's callback without pre_execute and post_execute, which would draw half-made figures."""
    kind = message["header"]["msg_type"]
    if kind == "comm_msg":
        comm = kernel.comm_manager.comms.get(message["content"].get("comm_id"))
        if comm is not None:  # None: closed in the meantime
            callback: Callable[[dict[str, Any]], None] | None = getattr(
                comm, "_msg_callback", comm.handle_msg
            )
            if callback is not None:
                callback(message)
        return
    getattr(kernel.comm_manager, kind)(kernel.shell_stream, idents, message)


def _ident(kernel: Any) -> Any:
    idents = getattr(kernel, "_parent_ident", None)
    try:
        return idents["shell"] if idents is not None else b""
    except KeyError:
        return b""


def _status(kernel: Any, state: str, parent: dict[str, Any]) -> None:
    kernel.session.send(
        kernel.iopub_socket,
        "status",
        {"execution_state": state},
        parent=parent,
        ident=kernel._topic("status") if hasattr(kernel, "_topic") else b"status",
    )


class _Queue:
    """ipykernel 6: a stream that fills an in-process queue."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.queue = kernel.msg_queue
        self.kept: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.kernel.shell_stream.socket.events & 1) or self.queue.qsize() > 0

    def take(self, limit: int) -> list[Any]:
        self.kernel.shell_stream.flush(1, limit)  # 1 is POLLIN: what waits in the socket joins the queue
        items: list[Any] = []
        while self.queue.qsize() and len(items) < limit:
            items.append(self.queue.get_nowait())
        return items

    def frames(self, item: Any) -> Any:
        _, dispatch, args = item
        ours = getattr(dispatch, "__name__", "") == "dispatch_shell" and len(args) == 1
        return args[0] if ours else None

    def keep(self, item: Any) -> None:
        self.kept.append(item)

    def put_back(self) -> None:
        behind = []
        while self.queue.qsize():  # what came in the meantime stays behind what was there first
            behind.append(self.queue.get_nowait())
        for item in (*self.kept, *behind):
            self.queue.put_nowait(item)
        self.kept.clear()


class _Socket:
    """ipykernel 7: a pair of in-process sockets between the shell channel's thread and the main thread."""

    def __init__(self, kernel: Any, pair: Any) -> None:
        self.kernel = kernel
        self.stream = pair.to_stream
        self.kept: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.stream.socket.events & 1)

    def take(self, limit: int) -> list[Any]:
        items: list[Any] = []
        while self.waiting() and len(items) < limit:
            items.append(self.stream.socket.recv_multipart(copy=False))
        return items

    def frames(self, item: Any) -> Any:
        return list(item)

    def keep(self, item: Any) -> None:
        self.kept.append(item)

    def put_back(self) -> None:
        callback = self.stream._recv_callback
        for (
            item
        ) in self.kept:  # the loop runs them in this order when the cell ends, before it reads new ones
            self.stream.io_loop.add_callback(callback, item)
        self.kept.clear()
        # reading the socket beside its stream uses up the edge that would wake the stream: look again
        self.stream.io_loop.add_callback(self.stream.flush)


def _source(kernel: Any) -> _Queue | _Socket | None:
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    pair = getattr(manager, "_shell_channel_to_main", None)
    if pair is not None and hasattr(getattr(pair, "to_stream", None), "_recv_callback"):
        return _Socket(kernel, pair)
    if hasattr(kernel, "msg_queue") and getattr(kernel, "shell_stream", None) is not None:
        return _Queue(kernel)
    return None
