"""A ring of rows beside the graph: training writes what it saw, the callback reads it now and then.

Reading a value in every step would make the device wait. The ring is written by the step itself, on the device, and
read between steps, a few times a second.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from xai_widgets.hooks.keras.order import UNKNOWN

FLOATS = 2**21  # about 8 MB for loss and logits
FEWEST, MOST = 4096, 65536


class Taken(NamedTuple):
    """Rows that were read: index, label and batch number (n,), floats (n, width), and how many rows were overwritten."""

    index: Any
    label: Any
    batch: Any
    floats: Any
    lost: int


def fitted(values: Any, rows: Any) -> Any:
    """Return values (B,) for as many `rows`, (n,), as a loss gives; NaN where these are others: a step must not end here."""
    from keras import ops

    have, wanted = ops.shape(values)[0], ops.shape(rows)[0]
    if isinstance(have, int) and isinstance(wanted, int):
        return values if have == wanted else ops.zeros_like(rows) + float("nan")
    import tensorflow as tf

    filled = tf.concat([values, tf.fill([tf.maximum(wanted - have, 0)], float("nan"))], 0)[:wanted]
    return tf.where(tf.equal(have, wanted), filled, float("nan"))


def make_ring(backend: str, width: int, at_least: int) -> Any:
    """Return a ring of rows with `width` floats (loss, logits...) and three integers (index, label, batch)."""
    rows = max(min(MOST, max(FEWEST, FLOATS // width)), 2 * at_least)
    return _TensorFlowRing(rows, width) if backend == "tensorflow" else _TorchRing(rows, width)


class _TensorFlowRing:
    def __init__(self, rows: int, width: int) -> None:
        import tensorflow as tf

        self.rows = rows
        with tf.init_scope():  # outside of the graph that is being traced
            self._integers = tf.Variable(tf.zeros((rows, 3), tf.int64), trainable=False)
            self._floats = tf.Variable(tf.zeros((rows, width), tf.float32), trainable=False)
            self._written = tf.Variable(tf.zeros((2,), tf.int64), trainable=False)  # rows, batches

    def write(self, index: Any, label: Any, floats: list[Any]) -> None:
        import tensorflow as tf

        columns = tf.concat([tf.reshape(part, (tf.shape(part)[0], -1)) for part in floats], 1)
        count = tf.shape(columns, out_type=tf.int64)[0]
        named = tf.shape(index, out_type=tf.int64)[0]
        # as many names as rows, whatever a loss gives: a step must not end here
        index = tf.concat(
            [index, tf.fill([tf.maximum(count - named, 0)], tf.constant(UNKNOWN, tf.int64))], 0
        )[:count]
        index = tf.where(tf.equal(named, count), index, tf.constant(UNKNOWN, tf.int64))
        place = tf.math.floormod(self._written[0] + tf.range(count), self.rows)[:, None]
        numbers = tf.stack([index, tf.cast(label, tf.int64), tf.zeros_like(index) + self._written[1]], 1)
        self._integers.scatter_nd_update(place, numbers)
        self._floats.scatter_nd_update(place, tf.cast(columns, tf.float32))
        self._written.assign_add(tf.stack([count, tf.constant(1, tf.int64)]))

    def written(self) -> int:
        return int(self._written[0].numpy())

    def read(self, first: int, last: int) -> tuple[Any, Any]:
        return self._integers[first:last].numpy(), self._floats[first:last].numpy()


class _TorchRing:
    def __init__(self, rows: int, width: int) -> None:
        self.rows = rows
        self._width = width
        self._integers: Any = None
        self._floats: Any = None
        self._written = self._batches = 0

    def write(self, index: Any, label: Any, floats: list[Any]) -> None:
        import torch

        with torch.no_grad():
            columns = torch.cat([part.detach().float().reshape(len(part), -1) for part in floats], 1)
            if columns.device.type == "meta":  # shapes are being worked out, nothing is computed
                return
            if self._floats is None:
                self._integers = torch.zeros((self.rows, 3), dtype=torch.int64, device=columns.device)
                self._floats = torch.zeros((self.rows, self._width), device=columns.device)
            if len(index) != len(columns):
                index = torch.full((len(columns),), UNKNOWN)
            numbers = torch.stack(
                [
                    index.to(columns.device, torch.int64),
                    label.to(columns.device, torch.int64),
                    torch.full((len(columns),), self._batches, device=columns.device),
                ],
                1,
            )
            for first, last, part in _pieces(self._written, len(columns), self.rows):
                self._integers[first:last] = numbers[part]
                self._floats[first:last] = columns[part]
            self._written += len(columns)
            self._batches += 1

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

    def take(self) -> Taken | None:
        """Return the rows that were written since; None where there are none."""
        written = self.ring.written()
        lost = max(0, written - self._read - self.ring.rows)
        start, self._read = self._read + lost, written
        parts = [
            self.ring.read(first, last) for first, last, _ in _pieces(start, written - start, self.ring.rows)
        ]
        if not parts:
            return None
        integers = np.concatenate([part[0] for part in parts])
        floats = np.concatenate([part[1] for part in parts])
        return Taken(integers[:, 0], integers[:, 1], integers[:, 2], floats, lost)
