"""Copies of torch modules."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from xai_widgets._rng import mentions_streams, random_streams_kept
from xai_widgets.attribution.backends.torch.copies import copied, plain_module
from xai_widgets.live.saliency.requests import one_line

_PLAIN = (bool, int, float, str, type(None))


class TorchReplica:
    """A copy of a torch module; see `Replica`."""

    eager = True

    def __init__(self, model: Any, model_fn: Callable[[], Any] | None = None) -> None:
        self._source = plain_module(model)
        self.model, self.notes = _copied(self._source, model_fn)
        self.model.eval()
        self.model.requires_grad_(False)
        self._arrived: Any = None  # on a GPU: the event after the copy
        self._stream: Any = None
        if not self.refresh():
            raise TypeError(
                f"model_fn made a {type(self.model).__qualname__} whose parameters and buffers have other names, "
                f"shapes or types than those of the {type(self._source).__qualname__} being trained"
            )

    def fits(self) -> bool:
        """Whether the original still has the same parameters and buffers."""
        live, kept = _tensors(self._source), _tensors(self.model)
        return [_kind(*entry) for entry in live] == [_kind(*entry) for entry in kept]

    def may_draw(self) -> bool:
        """Whether the code of the user's modules names a random stream of Python or numpy."""
        kinds = {kind for module in self.model.modules() for kind in type(module).__mro__}
        own = [kind for kind in kinds if not kind.__module__.startswith(("torch.", "builtins"))]
        return mentions_streams(
            one
            for kind in own
            for name, one in vars(kind).items()
            if name not in ("__init__", "reset_parameters")
        )

    def refresh(self) -> bool:
        """Copy all parameters, buffers and plain attributes; reads the original and writes only the copy."""
        import torch

        if not self.fits():
            return False
        live, kept = _tensors(self._source), _tensors(self.model)
        with torch.no_grad():
            for (_, source), (_, target) in zip(live, kept, strict=True):
                target.copy_(source, non_blocking=True)
        for source, target in zip(self._source.modules(), self.model.modules(), strict=True):
            _copy_settings(source, target)
        self._mark_arrival(torch, kept)
        return True

    def _mark_arrival(self, torch: Any, kept: list[tuple[str, Any]]) -> None:
        """On a GPU, note in the training's stream where the copy is complete; waits for nothing."""
        device = next((tensor.device for _, tensor in kept if tensor.is_cuda), None)
        if device is not None:
            self._stream = self._stream or torch.cuda.Stream(device=device)
            self._arrived = torch.cuda.current_stream(device).record_event()

    @contextlib.contextmanager
    def computing(self) -> Iterator[None]:
        """Compute in the copy's own CUDA stream, after the weights have arrived; nothing to do on a CPU."""
        if self._stream is None:
            yield
            return
        import torch

        self._stream.wait_event(self._arrived)
        try:
            with torch.cuda.stream(self._stream):
                yield
        finally:
            self._stream.synchronize()  # the next copy must not overtake the computation


def _tensors(module: Any) -> list[tuple[str, Any]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _kind(name: str, tensor: Any) -> tuple[Any, ...]:
    return name, tuple(tensor.shape), tensor.dtype, tensor.device


def _copy_settings(source: Any, target: Any) -> None:
    """Copy what a schedule may have changed: a temperature, a switch; never the mode."""
    for name, value in vars(source).items():
        if name != "training" and type(value) in _PLAIN and vars(target).get(name, value) != value:
            setattr(target, name, value)


def _copied(source: Any, model_fn: Callable[[], Any] | None) -> tuple[Any, tuple[str, ...]]:
    if model_fn is not None:
        with random_streams_kept():  # a new model draws its first weights
            made = plain_module(model_fn())
        if made is source:
            raise TypeError("model_fn returned the model being trained itself; it must build a new one")
        return made.to(next((tensor.device for _, tensor in _tensors(source)), "cpu")), ()
    try:
        return copied(source)
    except TypeError as reason:
        if "several processes" in str(reason):
            raise
        raise _cannot(source, reason) from reason
    except Exception as reason:
        raise _cannot(source, reason) from reason


def _cannot(source: Any, reason: Exception) -> TypeError:
    return TypeError(
        f"{type(source).__qualname__} cannot be copied ({type(reason).__name__}: {one_line(reason)}), and "
        "saliency never computes on the model being trained. Give a function that builds the same "
        "architecture: model_fn=lambda: MyModel(...)"
    )
