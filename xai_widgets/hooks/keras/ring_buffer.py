"""A ring of rows beside the graph: training writes what it saw, the callback reads it now and then.

Reading a value in every step would make the device wait. The ring is written by the step itself, on the device, and
read between steps, a few times a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FLOATS = 2**21  # about 8 MB for loss and logits
FEWEST, MOST = 4096, 65536


def make_ring(backend: str, width: int, at_least: int) -> Any:
    """Return a ring of rows with `width` floats (loss, logits...) and two integers (index, label)."""
    rows = max(min(MOST, max(FEWEST, FLOATS // width)), 2 * at_least)
    return _TensorFlowRing(rows, width) if backend == "tensorflow" else _TorchRing(rows, width)


class _TensorFlowRing:
    def __init__(self, rows: int, width: int) -> None:
        import tensorflow as tf

        self.rows = rows
        with tf.init_scope():  # outside of the graph that is being traced
            self._integers = tf.Variable(tf.zeros((rows, 2), tf.int64), trainable=False)
            self._floats = tf.Variable(tf.zeros((rows, width), tf.float32), trainable=False)
            self._written = tf.Variable(tf.zeros((), tf.int64), trainable=False)

    def write(self, integers: list[Any], floats: list[Any]) -> None:
        import tensorflow as tf

        columns = tf.concat([tf.reshape(part, (tf.shape(part)[0], -1)) for part in floats], 1)
        count = tf.shape(columns, out_type=tf.int64)[0]
        place = tf.math.floormod(self._written + tf.range(count), self.rows)[:, None]
        self._integers.scatter_nd_update(place, tf.stack([tf.cast(part, tf.int64) for part in integers], 1))
        self._floats.scatter_nd_update(place, tf.cast(columns, tf.float32))
        self._written.assign_add(count)

    def written(self) -> int:
        return int(self._written.numpy())

    def read(self, first: int, last: int) -> tuple[Any, Any]:
        return self._integers[first:last].numpy(), self._floats[first:last].numpy()


class _TorchRing:
    def __init__(self, rows: int, width: int) -> None:
        self.rows = rows
        self._width = width
        self._integers: Any = None
        self._floats: Any = None
        self._written = 0

    def write(self, integers: list[Any], floats: list[Any]) -> None:
        import torch

        with torch.no_grad():
            columns = torch.cat([part.detach().float().reshape(len(part), -1) for part in floats], 1)
            if columns.device.type == "meta":  # shapes are being worked out, nothing is computed
                return
            if self._floats is None:
                self._integers = torch.zeros((self.rows, 2), dtype=torch.int64, device=columns.device)
                self._floats = torch.zeros((self.rows, self._width), device=columns.device)
            numbers = torch.stack([part.to(columns.device, torch.int64) for part in integers], 1)
            for first, last, part in _pieces(self._written, len(columns), self.rows):
                self._integers[first:last] = numbers[part]
                self._floats[first:last] = columns[part]
            self._written += len(columns)

    def written(self) -> int:
        return self._written

    def read(self, first: int, last: int) -> tuple[Any, Any]:
        return self._integers[first:last].cpu().numpy().copy(), self._floats[first:last].cpu().numpy().copy()


def _pieces(start: int, count: int, rows: int) -> list[tuple[int, int, slice]]:
    """Cut `count` rows from `start` on into runs that do not wrap: (first, last, which of the rows)."""
    pieces = []
    done = 0
    while done < count:
        first = (start + done) % rows
        size = min(rows - first, count - done)
        pieces.append((first, first + size, slice(done, done + size)))
        done += size
    return pieces


class Reader:
    """Reads each row of a ring once."""

    def __init__(self, ring: Any) -> None:
        self.ring = ring
        self._read = 0

    def skip(self) -> None:
        """Forget what was written so far."""
        self._read = self.ring.written()

    def take(self) -> tuple[Any, Any, int]:
        """Return integers (n, 2) and floats (n, width) written since, and how many were overwritten unread."""
        written = self.ring.written()
        lost = max(0, written - self._read - self.ring.rows)
        start, self._read = self._read + lost, written
        parts = [
            self.ring.read(first, last) for first, last, _ in _pieces(start, written - start, self.ring.rows)
        ]
        if not parts:
            return np.zeros((0, 2), np.int64), np.zeros((0, 1), np.float32), lost
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), lost
