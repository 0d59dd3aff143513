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

from xai_widgets.live.kernel import ipython
from xai_widgets.live.kernel.interrupts import uninterrupted
from xai_widgets.live.kernel.message_queues import KernelQueue, queue_of

if TYPE_CHECKING:
    from xai_widgets.tracking import Tracker

_COMMS = frozenset({"comm_open", "comm_msg", "comm_close"})
# what a page that is loaded anew asks first; without an answer it shows no widget until the cell ends
_ASKED_FIRST = frozenset({"kernel_info_request", "comm_info_request"})
_log = logging.getLogger("xai_widgets.live")
_busy = threading.local()
_wired: weakref.WeakSet[Tracker] = (
    weakref.WeakSet()
)  # their subscriptions would hold them, and hold themselves anyway
_last_look = 0.0


def can_pump() -> bool:
    """Whether this kernel has a queue that `pump` knows how to read."""
    kernel = ipython.kernel()
    return kernel is not None and queue_of(kernel) is not None


def pump() -> int:
    """Handle the widget messages that wait for the running cell to end.

    Does nothing outside ipykernel, in any thread but the one that runs cells, and when called from a
    widget's own callback. Costs about two microseconds when nothing waits.

    Returns
    -------
    int
        How many widget messages were handled.
    """
    if threading.current_thread() is not threading.main_thread() or getattr(_busy, "pumping", False):
        return 0
    kernel = ipython.kernel()
    source = queue_of(kernel) if kernel is not None else None
    return _look(kernel, source) if source is not None else 0


def _look(kernel: Any, source: KernelQueue) -> int:
    """Handle what waits; whatever an interrupt breaks off, nothing is lost and the kernel goes on listening."""
    _busy.pumping, quiet = True, False
    try:
        quiet = not source.waiting()
        return 0 if quiet else _drain(kernel, source)
    finally:
        try:
            if not quiet:
                with uninterrupted():
                    source.put_back()
        finally:
            _busy.pumping = False


def pump_at_safe_points(tracker: Tracker) -> None:
    """Let the training thread of this tracker pump between its steps; wired once however often it is asked."""
    if tracker not in _wired:
        _wired.add(tracker)
        tracker.on_safe_point(_pump_at_times)


def _pump_at_times(_epoch: int | None, _step: int | None) -> None:
    """Pump, forty times a second at most however short the steps are: a look costs up to 0.1 ms."""
    global _last_look
    now = time.monotonic()
    if now - _last_look >= 0.025:
        _last_look = now
        pump()


def _drain(kernel: Any, source: KernelQueue) -> int:
    """Handle comm messages, leave the others to be put back."""
    with uninterrupted():
        source.take()
    handled = place = 0
    while place < len(source.taken):
        message = _widget_message(kernel, source.frames(source.taken[place]))
        if message is None:
            place += 1
            continue
        del source.taken[place]
        handled += 1
        _handle(kernel, *message)
    return handled


def _widget_message(kernel: Any, frames: Any) -> tuple[list[bytes], dict[str, Any]] | None:
    """Return identities and message when the frames are for a widget, or ask what a new page asks first; else None."""
    if frames is None:
        return None
    try:
        idents, rest = kernel.session.feed_identities(frames, copy=False)
        if kernel.session.unpack(rest[1].bytes).get("msg_type") not in _COMMS | _ASKED_FIRST:
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
    if kind in _ASKED_FIRST:
        _reply(kernel, kind, idents, message)
        return
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


def _reply(kernel: Any, kind: str, idents: list[bytes], message: dict[str, Any]) -> None:
    """Have the kernel reply to a question that needs no look at what the cell does."""
    threads = getattr(kernel, "shell_channel_thread", None)
    stream = (
        kernel.shell_stream if threads is None else threads.manager.get_subshell_to_shell_channel_socket(None)
    )
    reply = kernel.shell_handlers[kind](stream, idents, message)
    if hasattr(reply, "send"):  # a coroutine that never waits for anything
        try:
            reply.send(None)
        except StopIteration:
            return
        reply.close()


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
