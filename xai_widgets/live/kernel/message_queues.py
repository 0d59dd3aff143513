"""Where ipykernel keeps the messages that wait for the running cell; private to it, so looked at with care."""

from __future__ import annotations

from typing import Any, Protocol

_POLLIN = 1


class KernelQueue(Protocol):
    """Messages that wait, and a way to put back what is not ours."""

    def waiting(self) -> bool:
        """Whether there is anything."""

    def take(self) -> list[Any]:
        """Take all of them out, oldest first."""

    def frames(self, item: Any) -> Any:
        """Return the frames of a message, or None when it is something else."""

    def keep(self, item: Any) -> None:
        """Set one aside, to be put back."""

    def put_back(self) -> None:
        """Put back what was set aside, in its order and before anything newer."""


class _InProcessQueue:
    """ipykernel 6: a stream that fills an in-process queue."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.queue = kernel.msg_queue
        self.kept: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.kernel.shell_stream.socket.events & _POLLIN) or self.queue.qsize() > 0

    def take(self) -> list[Any]:
        self.kernel.shell_stream.flush(_POLLIN)  # what waits in the socket joins the queue
        items: list[Any] = []
        while self.queue.qsize():
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


class _SocketPair:
    """ipykernel 7: a pair of in-process sockets between the shell channel's thread and the main thread."""

    def __init__(self, pair: Any) -> None:
        self.stream = pair.to_stream
        self.kept: list[Any] = []

    def waiting(self) -> bool:
        return bool(self.stream.socket.events & _POLLIN)

    def take(self) -> list[Any]:
        items: list[Any] = []
        while self.waiting():
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


def queue_of(kernel: Any) -> KernelQueue | None:
    """Return what holds the kernel's waiting messages, None where its inside is unknown."""
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    pair = getattr(manager, "_shell_channel_to_main", None)
    if pair is not None and hasattr(getattr(pair, "to_stream", None), "_recv_callback"):
        return _SocketPair(pair)
    if hasattr(kernel, "msg_queue") and getattr(kernel, "shell_stream", None) is not None:
        return _InProcessQueue(kernel)
    return None
