"""Keep every global random stream as it is around foreign code."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def random_streams_kept() -> Iterator[None]:
    """Restore the global random streams of Python, numpy, torch, Keras and TensorFlow afterwards.

    Only those of frameworks that are loaded already. Call it in the thread that trains (or while nothing
    trains): another thread that draws in between would have its draws undone.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  (the users' stream)
    torch, restore_tensorflow = sys.modules.get("torch"), _tensorflow_state()
    states = _torch_state(torch) if torch is not None and hasattr(torch, "get_rng_state") else None
    restore_keras = _keras_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if states is not None and torch is not None:
            torch.set_rng_state(states[0])
            if states[1]:
                torch.cuda.set_rng_state_all(states[1])
        restore_tensorflow()
        restore_keras()


def _torch_state(torch: Any) -> tuple[Any, list[Any]]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), cuda


def _tensorflow_state() -> Any:
    """Return the undo for TensorFlow's eager seed counter and its global generator."""
    contexts = sys.modules.get("tensorflow.python.eager.context")
    generators = sys.modules.get("tensorflow.python.ops.stateful_random_ops")
    undo = contextlib.ExitStack()
    counter = getattr(contexts.context(), "_rng", None) if contexts is not None else None
    if counter is not None:
        undo.callback(counter.setstate, counter.getstate())
    generator = getattr(generators, "global_generator", None)
    if generator is not None:
        undo.callback(generator.state.assign, generator.state.numpy())
    return undo.close


def _keras_state() -> Any:
    """Return the undo for Keras's global seed generator and its counters of automatic names."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    if module is None or not hasattr(module, "get_global_attribute"):
        return lambda: None
    names = module.get_global_attribute("object_name_uids")
    kept_names = dict(names) if names is not None else None
    seeds = module.get_global_attribute("global_seed_generator")
    state = seeds.state.numpy() if seeds is not None and hasattr(seeds.state, "numpy") else None

    def undo() -> None:
        now = module.get_global_attribute("object_name_uids")
        if now is not None:
            now.clear()
            now.update(kept_names or {})
        if state is not None:
            seeds.state.assign(state)

    return undo
