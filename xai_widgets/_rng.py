"""The one guard of every framework's random streams: what runs inside it leaves them as they were.

Frameworks are found among the modules that are loaded; none is imported.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple

import numpy as np


class _Stream(NamedTuple):
    """One stream: its state before the guard and at its beginning, and how to read and to write it."""

    name: str
    state: Any
    begun: Any
    read: Callable[[], Any]
    write: Callable[[Any], Any]


@contextlib.contextmanager
def random_streams_kept() -> Iterator[list[str]]:
    """Restore the global random streams of Python, numpy, torch, TensorFlow and Keras afterwards.

    Only right while no other thread draws from them, whose draws would be undone: call it in the thread that trains, or
    while nothing trains.

    Yields
    ------
    list of str
        Filled when the guard ends: the names of the streams that had moved.
    """
    moved: list[str] = []
    streams = list(_streams())
    try:
        yield moved
    finally:
        for name, state, begun, read, write in streams:
            now = read()
            if not _same(begun, now):
                moved.append(name)
            if not _same(state, now):
                write(state)
        # counters of automatic names are no stream: they are put back without a word
        if "keras names" in moved:
            moved.remove("keras names")


def mentions_streams(functions: Iterable[Any], depth: int = 3) -> bool:
    """Tell from their code whether functions, or those that they call by name, name a stream of Python or numpy.

    Found are the modules ``random`` and ``numpy.random`` and what is imported from them; what an object holds is not.
    """
    for function in functions:
        code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
        if code is None:
            continue
        used = {name for part in _codes(code) for name in part.co_names}
        found = [names[name] for name in used if name in names]
        if any(_is_stream(one) or (one is np and "random" in used) for one in found):
            return True
        called = [one for one in found if hasattr(one, "__code__")]
        if depth and mentions_streams(called, depth - 1):
            return True
    return False


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _is_stream(value: Any) -> bool:
    if value is random or value is np.random:
        return True
    owner = getattr(value, "__self__", None)  # of a function that was imported from them
    owners = (getattr(random, "_inst", None), getattr(np.random.mtrand, "_rand", None))
    return owner is not None and any(owner is one for one in owners)


def _streams() -> Iterator[_Stream]:
    yield _stream("python", random.getstate, random.setstate)
    yield _stream("numpy", np.random.get_state, np.random.set_state)
    yield from _torch_streams()
    yield from _tensorflow_streams()
    yield from _keras_streams()


def _stream(name: str, read: Callable[[], Any], write: Callable[[Any], Any]) -> _Stream:
    state = read()
    return _Stream(name, state, state, read, write)


def _torch_streams() -> Iterator[_Stream]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_rng_state"):
        return
    yield _stream("torch", torch.get_rng_state, torch.set_rng_state)
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        yield _stream("torch cuda", torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all)


def _tensorflow_streams() -> Iterator[_Stream]:
    """Yield what eager operations draw their seeds from, the counters of graphs, and the global generator."""
    contexts = sys.modules.get("tensorflow.python.eager.context")
    seeds = sys.modules.get("tensorflow.python.framework.random_seed")
    generators: Any = sys.modules.get("tensorflow.python.ops.stateful_random_ops")
    eager = getattr(contexts.context(), "_rng", None) if contexts is not None else None
    if eager is not None:
        # An operation's kernel is kept by its seed and counts how often it drew, out of reach: one that draws inside must
        # not be one that draws afterwards, so its seeds are of another sequence.
        state = eager.getstate()
        eager.seed(f"xai_widgets {hash(state[1])}")
        yield _Stream("tensorflow", state, eager.getstate(), eager.getstate, eager.setstate)
    counters = getattr(seeds, "_graph_to_seed_dict", None)
    if counters is not None:
        yield _stream("tensorflow graphs", lambda: dict(counters), lambda state: _replace(counters, state))
    if generators is not None and hasattr(generators, "global_generator"):

        def read() -> Any:
            state = getattr(generators.global_generator, "state", None)
            return None if state is None else state.numpy()

        def write(state: Any) -> None:
            if state is None:  # it was made inside, and would otherwise be made of what is drawn next
                generators.global_generator = None
            else:
                generators.global_generator.state.assign(state)

        yield _stream("tensorflow generator", read, write)


def _keras_streams() -> Iterator[_Stream]:
    """Yield Keras's global seed generator, and its counters of automatic names."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    if module is None or not hasattr(module, "get_global_attribute"):
        return
    get = module.get_global_attribute
    yield _stream(
        "keras names",
        lambda: dict(get("object_name_uids") or {}),
        lambda state: _replace(get("object_name_uids"), state),
    )

    def read() -> Any:
        generator = get("global_seed_generator")
        return None if generator is None else np.asarray(generator.state).copy()

    def write(state: Any) -> None:
        if state is None:
            module.set_global_attribute("global_seed_generator", None)
        else:
            get("global_seed_generator").state.assign(state)

    yield _stream("keras", read, write)


def _replace(known: Any, state: dict[Any, Any]) -> None:
    known.clear()
    known.update(state)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, (tuple, list)):
        return len(before) == len(after) and all(map(_same, before, after))
    if before is None or after is None or not hasattr(before, "shape"):
        return bool(before is after or (before is not None and before == after))
    return bool((before == after).all())
