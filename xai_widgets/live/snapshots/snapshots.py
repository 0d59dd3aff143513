"""The copies of the model that pictures are computed on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from xai_widgets.live.saliency.requests import WeightsVersion
from xai_widgets.live.snapshots.replica import Replica, draws_random, replica_of

Which = Literal["newest", "same", "pinned"]


@dataclass
class Snapshot:
    """A copy of the model, which weights it holds, the engine that computes on it, and which output that explains."""

    replica: Replica
    version: WeightsVersion
    engine: Any = None
    place: tuple[int | str, ...] | None = None


class Snapshots:
    """The newest copy, and one that is set aside to compare with.

    Attributes
    ----------
    model : torch.nn.Module or keras.Model
        The model being trained.
    last_copy_seconds : float or None
        How long training was held up by the last copy.
    copies, disturbed : int
        Copies made, and those during which somebody wrote to a weight of the model.
    watched : bool
        Whether writes to the model's weights can be told.
    draws : tuple of str or None
        The random streams of the user's that evaluating a copy moves; None while nobody has seen one evaluated.
    """

    def __init__(self, model: Any, model_fn: Callable[[], Any] | None) -> None:
        self.last_copy_seconds: float | None = None
        self.newest: Snapshot | None = None
        self.pinned: Snapshot | None = None
        self.model, self._model_fn = model, model_fn
        self._lock = threading.Lock()
        self._count = self.disturbed = 0
        self.watched = False
        self.draws: tuple[str, ...] | None = None
        self._impossible: TypeError | None = None

    def needs_copy(self, which: Which) -> bool:
        """Whether such a request has to copy weights first.

        Raises
        ------
        TypeError
            When an earlier copy showed that the model cannot be copied: training is not held up again.
        """
        if self._impossible is not None:
            raise self._impossible
        return which == "newest" or (which == "same" and self.newest is None)

    @property
    def copies(self) -> int:
        """Copies made so far."""
        return self._count

    def draws_random(self) -> bool:
        """Whether the next copy has to build a model first, which draws random numbers."""
        held = self.newest
        reusable = held is not None and held is not self.pinned and held.replica.fits()
        return not reusable and draws_random(self.model, self._model_fn)

    def get(self, which: Which) -> Snapshot:
        """Return a snapshot that is there already."""
        found = self.pinned if which == "pinned" else self.newest
        if found is None:
            raise LookupError(
                "no weights are set aside: pin() keeps those of the last picture, once there is one"
                if which == "pinned"
                else "no weights were copied yet"
            )
        return found

    def copy(self, where: tuple[int | None, int | None]) -> Snapshot:
        """Copy the weights as they are now; the caller sees to it that nobody changes them meanwhile."""
        with self._lock:
            return self._copy(where)

    def _copy(self, where: tuple[int | None, int | None]) -> Snapshot:
        started = time.perf_counter()
        before = writes_to(self.model)
        held = self.newest
        if held is not None and held is not self.pinned and held.replica.refresh():
            snapshot = held
        else:
            try:
                replica = replica_of(self.model, self._model_fn)
            except TypeError as problem:
                self._impossible = problem
                raise
            snapshot = Snapshot(replica, WeightsVersion(None, None))
        self._count += 1
        after = writes_to(self.model)
        self.disturbed += after != before
        self.watched = after is not None
        snapshot.version = WeightsVersion(*where, True, self._count)
        self.newest = snapshot
        self.last_copy_seconds = time.perf_counter() - started
        return snapshot

    def pin(self) -> WeightsVersion:
        """Set the newest copy aside; the next one gets memory of its own."""
        self.pinned = self.get("newest")
        return self.pinned.version

    def unpin(self) -> None:
        """Forget the copy that was set aside."""
        self.pinned = None

    def clear(self) -> None:
        """Forget all copies."""
        self.newest = self.pinned = None


def writes_to(model: Any) -> tuple[Any, ...] | None:
    """Return how often each weight of a torch model was written to, and where it lies; None for other models.

    Torch counts every write to a tensor, so equal answers before and after say that nothing was written in between.
    """
    if not hasattr(model, "parameters") or not hasattr(model, "named_buffers"):
        return None
    held = [*model.parameters(), *(buffer for _, buffer in model.named_buffers())]
    try:
        return tuple((one._version, one.data_ptr()) for one in held)
    except (
        RuntimeError
    ):  # tensors of inference mode are not counted, and some kinds have no memory of their own
        return None


def unsafe(version: WeightsVersion) -> WeightsVersion:
    """Mark a version as copied without a safe point."""
    return replace(version, at_safe_point=False)
