"""Which notebook host this is, and how a click reaches a kernel whose cell is busy."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

from xai_widgets.live.kernel import ipython
from xai_widgets.live.kernel.message_pump import can_pump

Route = Literal["subshell", "pump", "none"]


@dataclass(frozen=True)
class Host:
    """Where the widgets run.

    Attributes
    ----------
    frontend : str
        "jupyter", "colab", "vscode", "marimo", "pyodide", "terminal" or "script".
    ipykernel : tuple of int
        Version of ipykernel; () where the kernel is another one.
    route : {"subshell", "pump", "none"}
        How a click is handled while a cell runs: in a thread of the kernel's own (ipykernel 7 with a
        front-end that asks for one, and pumped otherwise), pumped by the training at its safe points
        (ipykernel 6), or not at all.
    notice : str
        One line for the user, "" when everything works.
    """

    frontend: str
    ipykernel: tuple[int, ...]
    route: Route
    notice: str


@functools.cache
def host() -> Host:
    """Find out, once per process, where the widgets run and what reaches them."""
    version = ipython.ipykernel_version() if ipython.kernel() is not None else ()
    frontend = _frontend()
    if not can_pump():
        return Host(frontend, version, "none", _notice(frontend))
    route: Route = "subshell" if getattr(ipython.kernel(), "_supports_kernel_subshells", False) else "pump"
    return Host(frontend, version, route, "")


def _frontend() -> str:
    if "google.colab" in sys.modules:
        return "colab"
    if "marimo" in sys.modules and ipython.ipython() is None:
        return "marimo"
    if sys.platform == "emscripten":
        return "pyodide"
    if ipython.kernel() is not None:
        return "vscode" if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ else "jupyter"
    return "terminal" if ipython.ipython() is not None else "script"


def _notice(frontend: str) -> str:
    if frontend in ("script", "terminal"):
        return ""  # nobody can click here
    return (
        "This notebook host handles clicks only when no cell runs: train in the background with "
        "xai_widgets.background(train), or click after the cell has ended."
    )


def keep_route(
    widget: Any,
    deliver: Callable[..., object] | None = None,
    key: Callable[[object], Hashable | None] | None = None,
) -> bool:
    """Make the messages of a control reach it while a cell runs.

    ipykernel 7.4 answers a browser's message in whichever shell last wrote to that widget, so that a
    widget which training draws would stop hearing clicks. This holds it to the shell the browser chose.

    Parameters
    ----------
    widget : ipywidgets.Widget
        A control, or a view that receives clicks; call it once it exists (its comm is open).
    deliver : callable, optional
        Called with a function of no argument for every message of the browser; it should run that in the
        thread that also writes the widget (``publisher.post``), because traitlets is not thread-safe.
        Without it messages are handled in the thread in which they arrive.
    key : callable, optional
        Called with the data of a message; names what it is about, and the name goes to ``deliver`` too, so that
        while messages wait a newer one can replace an older one of the same name. None: each one counts.

    Returns
    -------
    bool
        Whether the widget has a live comm to work on.
    """
    comm = getattr(widget, "comm", None)
    if comm is None:
        return False
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_sent
    handle = _handler(widget)
    if deliver is not None and handle is not None and hasattr(comm, "on_msg"):

        def arrived(message: dict[str, Any]) -> object:
            task = functools.partial(_handle_in_reply, comm, handle, message)
            about = key(message["content"].get("data")) if key is not None else None
            return deliver(task) if about is None else deliver(task, (comm.comm_id, about))

        comm.on_msg(arrived)
    return True


def _handle_in_reply(
    comm: Any, handle: Callable[[dict[str, Any]], object], message: dict[str, Any]
) -> object:
    """Handle a message with whatever the widget publishes meanwhile marked as a reply to it, in any thread.

    ipykernel takes the request that came last for the one replied to. A page that sent a value leaves out every
    echo of it until the one that replies to its own message: with another parent it would wait for ever, deaf to
    what is moved in other windows.
    """
    kernel = ipython.kernel()
    if kernel is None or not hasattr(comm, "publish_msg"):
        return handle(message)

    def reply(
        msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
    ) -> None:
        content = {"data": {} if data is None else data, "comm_id": comm.comm_id, **keys}
        kernel.session.send(
            kernel.iopub_socket, msg_type, content,
            parent=message, ident=comm.topic, buffers=buffers, metadata=metadata or {},
        )  # fmt: skip

    comm.publish_msg = reply
    try:
        return handle(message)
    finally:
        del comm.publish_msg


def _handler(widget: Any) -> Callable[[dict[str, Any]], object] | None:
    """Return what handles a message of the browser, bare of the wrapper that swallows its exceptions.

    ipywidgets prints them as an output of a cell that may have ended; raised, they reach the widget's view.
    """
    wrapped = getattr(widget, "_handle_msg", None)
    for cell in getattr(getattr(wrapped, "__func__", None), "__closure__", None) or ():
        if getattr(cell.cell_contents, "__name__", "") == "_handle_msg":
            return functools.partial(cell.cell_contents, widget)
    return wrapped


def _as_sent(_data: object, default: str | None) -> str | None:
    """Route a message to the shell the browser addressed (``default``)."""
    return default
