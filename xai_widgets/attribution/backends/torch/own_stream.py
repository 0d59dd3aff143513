"""A stream of random numbers of one's own, for models that draw in evaluation mode."""

from __future__ import annotations

import functools
import sys
from typing import Any


def own_stream(seed: int = 0) -> Any:
    """Return a context in which what this thread draws comes from a generator of its own, not from torch's global one.

    Putting the global state back afterwards would not do: another thread that trains draws from it meanwhile. The context's
    ``drew`` tells whether anything was drawn.
    """
    return _kind("torch._dynamo" in sys.modules)(seed)


@functools.cache
def _kind(compiles: bool) -> Any:
    """Return the class of the context, which torch's compiler leaves alone where it is there.

    Keeping it off would import it otherwise, a second and a half in a process that compiles nothing.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    dropout = torch.ops.aten.native_dropout.default
    draws: dict[Any, bool] = {}  # of every operation that was met

    class OwnStream(TorchDispatchMode):  # type: ignore[misc]
        """See `own_stream`."""

        def __init__(self, seed: int) -> None:
            super().__init__()
            self.drew = False
            self._seed = seed
            self._generators: dict[str, Any] = {}

        @classmethod
        def _should_skip_dynamo(cls) -> bool:
            return compiles

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            """Run an operation; one that draws gets this stream's generator."""
            if func not in draws:
                draws[func] = torch.Tag.nondeterministic_seeded in func.tags
            kwargs = kwargs or {}
            if not draws[func] or (func is dropout and args[2] is False):
                return func(*args, **kwargs)
            self.drew = True
            first = next((one for one in args if isinstance(one, torch.Tensor)), None)
            generator = self._generator(first.device if first is not None else kwargs.get("device") or "cpu")
            if func is dropout:
                kept = torch.empty_like(first).bernoulli_(1 - args[1], generator=generator)
                return first * kept / max(1 - args[1], 1e-30), kept.bool()
            if any(one.name == "generator" for one in func._schema.arguments):
                return func(*args, **{**kwargs, "generator": generator})
            name = func.overloadpacket.__name__
            if name in ("rand_like", "randn_like"):
                made = torch.empty_like(*args, **kwargs)
                fill = made.uniform_ if name == "rand_like" else made.normal_
                return fill(generator=generator)
            with_generator = getattr(func.overloadpacket, "generator", None)
            if with_generator is not None:
                return with_generator(*args, generator=generator, **kwargs)
            with torch.random.fork_rng([first.device] if first is not None and first.is_cuda else []):
                return func(*args, **kwargs)

        def _generator(self, device: Any) -> Any:
            key = str(device)
            if key not in self._generators:
                self._generators[key] = torch.Generator(device).manual_seed(self._seed)
            return self._generators[key]

    return OwnStream
