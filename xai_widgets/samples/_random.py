"""Looking at a sample must not move the random streams a training run draws from."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def _states() -> list[Any]:
    torch = sys.modules.get("torch")
    state: list[Any] = [random.getstate(), np.random.get_state(legacy=True)]  # noqa: NPY002 (the global one is meant)
    if torch is not None and hasattr(torch, "get_rng_state"):
        state.append(torch.get_rng_state())
    return state


def _same(before: list[Any], after: list[Any]) -> bool:
    if before[0] != after[0] or len(before) != len(after):
        return False
    numpy_same = bool(np.array_equal(before[1][1], after[1][1]) and before[1][2:] == after[1][2:])
    return numpy_same and (len(before) < 3 or bool((before[2] == after[2]).all()))


@contextmanager
def streams_kept() -> Iterator[list[bool]]:
    """Give Python's, numpy's and torch's global streams back as they were; yields a list that then tells whether they moved.

    Only right while no other thread draws from them: in the training thread, or when nothing trains.
    """
    before = _states()
    moved: list[bool] = []
    try:
        yield moved
    finally:
        moved.append(not _same(before, _states()[: len(before)]))
        if moved[0]:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002
            if len(before) > 2:
                sys.modules["torch"].set_rng_state(before[2])
