"""Which of the tensors that a model returns its criterion is given; found out in the first batches, then nobody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xai_widgets.hooks.torch.listen import listen
from xai_widgets.hooks.torch.witness import leaves

MOST_CALLS = 32  # calls of the model after which it is given up
STEPS = 400  # operations between the model's outputs and the criterion that are followed back
Place = tuple["int | str", ...]


class OutputPlace:
    """Compares what the criterion is given with what the model returned.

    Parameters
    ----------
    model
        The module whose outputs are compared; anything else is never heard.
    """

    def __init__(self, model: Any) -> None:
        self._calls = 0
        self._returned: list[tuple[Place, Any]] = []
        self._undo: Callable[[], None] | None = None
        if hasattr(model, "register_forward_hook"):
            self._undo = listen(model, self._note)

    def _note(self, module: Any, args: Any, kwargs: Any, outputs: Any) -> None:
        self._calls += 1
        if self._calls > MOST_CALLS:
            self.detach()
            return
        self._returned = [(place, one) for place, one in leaves(outputs) if hasattr(one, "detach")][:64]

    def of(self, outputs: Any) -> Place | None:
        """Return the place of what the criterion was given, (B, ...), in what the model returned last; None if unknown."""
        return found_in(outputs, self._returned) if self._returned and hasattr(outputs, "detach") else None

    def detach(self) -> None:
        """Listen no more, and hold nothing of the model's."""
        undo, self._undo, self._returned = self._undo, None, []
        if undo is not None:
            undo()


def found_in(outputs: Any, returned: list[tuple[Place, Any]]) -> Place | None:
    """Return the place of the tensor that `outputs` is or was made of, number by number.

    None where that is none or several, or where it has another size: then a part of the model came after it.
    """
    for place, one in returned:
        if one is outputs or _same_memory(one, outputs):
            return place
    reached = _made_of(outputs, returned)
    alike = [place for place, one in returned if place in reached and one.numel() == outputs.numel()]
    return alike[0] if len(reached) == len(alike) == 1 else None


def _same_memory(one: Any, other: Any) -> bool:
    return bool(one.numel() and one.numel() == other.numel() and one.data_ptr() == other.data_ptr())


def _made_of(outputs: Any, returned: list[tuple[Place, Any]]) -> set[Place]:
    """Follow a tensor's history back to what the model returned, and no further than that."""
    ends = {one.grad_fn: place for place, one in reversed(returned) if one.grad_fn is not None}
    reached: set[Place] = set()
    seen: set[Any] = set()
    waiting = [outputs.grad_fn]
    while waiting and len(seen) < STEPS:
        step = waiting.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        if step in ends:
            reached.add(ends[step])
        else:
            waiting.extend(before for before, _ in step.next_functions)
    return reached if not waiting else set()
