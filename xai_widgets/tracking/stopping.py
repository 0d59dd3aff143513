"""How a training ends when the user asks for it."""

from __future__ import annotations


class TrainingStopped(KeyboardInterrupt):
    """Raised inside a training, between two steps, when the user pressed stop.

    A ``KeyboardInterrupt``, so that loops which clean up after an interrupt do so here too, and no ``except Exception``
    takes it for a failed batch.
    """
