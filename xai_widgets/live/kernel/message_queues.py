"""Where ipykernel keeps the messages that wait for the running cell; private to it, so looked at with care."""

from __future__ import annotations

from typing import Any, Protocol

_POLLIN = 1


class KernelQueue(Protocol):
    """Messages that wait, and a way to put back what is not ours.

    Attributes
    ----------
    taken : list
        What was taken out and is to be put back; whoever handles one removes it first.
    """

    taken: list[Any]

    def waiting(self) -> bool:
        """Whether there is anything; a "yes" must be followed by `put_back`, whatever comes between."""

    def take(self) -> None:
        """Take all of them out, oldest first."""

    def frames(self, item: Any) -> Any:
        """Return the frames of a message, or None when it is something else."""

    def put_back(self) -> None:
        """Put back what was taken, in its order and before anything newer, and wake what reads there."""


class _InProcessQueue:
    """ipykernel 6: a stream that fills an in-process queue."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.queue = kernel.msg_queue
        self.taken: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.kernel.shell_stream.socket.events & _POLLIN) or self.queue.qsize() > 0

    def take(self) -> None:
        self.kernel.shell_stream.flush(_POLLIN)  # what waits in the socket joins the queue
        while self.queue.qsize():
            self.taken.append(self.queue.get_nowait())

    def frames(self, item: Any) -> Any:
        _, dispatch, args = item
        ours = getattr(dispatch, "__name__", "") == "dispatch_shell" and len(args) == 1
        return args[0] if ours else None

    def put_back(self) -> None:
        while self.queue.qsize():  # what came in the meantime stays behind what was there first
            self.taken.append(self.queue.get_nowait())
        while self.taken:
            self.queue.put_nowait(self.taken.pop(0))
        # no need to wake the stream: the reply to the cell goes through it, and it looks then


class _SocketPair:
    """ipykernel 7: a pair of in-process sockets between the shell channel's thread and the main thread."""

    def __init__(self, pair: Any) -> None:
        self.stream = pair.to_stream
        self.taken: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.stream.socket.events & _POLLIN)

    def take(self) -> None:
        while self.waiting():
            self.taken.append(self.stream.socket.recv_multipart(copy=False))

    def frames(self, item: Any) -> Any:
        return list(item)

    def put_back(self) -> None:
        callback = self.stream._recv_callback
        while self.taken:  # the loop runs them in this order when the cell ends, before it reads new ones
            self.stream.io_loop.add_callback(callback, self.taken.pop(0))
        # reading the socket beside its stream uses up the edge that would wake the stream: look again
        self.stream.io_loop.add_callback(self.stream.flush)


def queue_of(kernel: Any) -> KernelQueue | None:
    """Return what holds the kernel's waiting messages, None where its inside is unknown."""
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    pair = getattr(manager, "_shell_channel_to_main", None)
    if pair is not None and hasattr(getattr(pair, "to_stream", None), "_recv_callback"):
        return _SocketPair(pair)
    if hasattr(kernel, "msg_queue") and getattr(kernel, "shell_stream", None) is not None:
        return _InProcessQueue(kernel)
    return None


def send_through_stream(kernel: Any) -> bool:
    """Have ipykernel 7.0 to 7.3 send replies through the stream that reads requests; returns whether it had to be told.

    Their manager of subshells sends raw on the socket that this stream reads. Sending uses up the socket's edge, so that a
    request which comes in just then wakes nobody and is never read: a cell that never ends. 7.4 sends through the stream.
    """
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    stream = getattr(kernel, "shell_stream", None)
    raw = getattr(manager, "_shell_socket", None)
    if manager is None or stream is None or raw is None or getattr(stream, "socket", None) is not raw:
        return False
    manager._shell_socket = stream  # it calls send_multipart, in the thread in which the stream lives
    return True
