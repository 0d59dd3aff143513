"""Keep explanations from changing a run: every random stream goes on where it was."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def untouched_streams() -> Iterator[None]:
    """Put the random streams of Python, numpy, torch and TensorFlow back as they were."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the stream others draw from
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    streams: Any = None if torch is None else (torch.get_rng_state(), _devices(torch))
    eager = None if tensorflow is None else _eager_stream()
    seeds = None if eager is None else eager.getstate()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        if torch is not None:
            torch.set_rng_state(streams[0])
            if streams[1]:
                torch.cuda.set_rng_state_all(streams[1])
        if eager is not None:
            eager.setstate(seeds)


def _devices(torch: Any) -> Any:
    return (
        torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    )


def _eager_stream() -> Any:
    """Where TensorFlow draws the seeds of eager operations from, once a global seed is set."""
    from tensorflow.python.eager import context

    return getattr(context.context(), "_rng", None)
