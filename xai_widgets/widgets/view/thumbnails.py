"""Small pictures of samples for legends, read once and never at the cost of the run."""

from __future__ import annotations

import base64
import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from xai_widgets.live.kernel.cells import cells
from xai_widgets.live.kernel.forks import tell_in_child
from xai_widgets.live.training.background import active_runs

Index = int | str
_KEPT: Final = 400
_SIDE: Final = 44
_HEAVY: Final = 60_000  # bytes; a photograph takes a fifth as a JPEG


def must_wait(samples: Any, tracker: Any) -> bool:
    """Tell whether reading a sample now could take random numbers that training would have got.

    A plain loop tells nobody that it is over, but its cell does.
    """
    if tracker is None or tracker.status != "training" or not getattr(samples, "draws_random", False):
        return False
    return cells.running or bool(active_runs())


class Thumbs:
    """Data addresses of samples' pictures.

    A data set that draws random numbers when it is read (augmentation) is only read between two training steps, so
    that the run stays what it would have been.

    Parameters
    ----------
    samples : Samples or None
        Where the pictures come from.
    tracker : Tracker or None
        Says when training is between two steps.
    arrived : callable
        Called without argument, from any thread, when pictures that were missing are there.
    side : int, default 44
        Pixels that a picture is high and wide at most.
    kept : int, default 400
        How many are kept.
    """

    def __init__(
        self, samples: Any, tracker: Any, arrived: Callable[[], object], side: int = _SIDE, kept: int = _KEPT
    ) -> None:
        self._samples, self._tracker, self._arrived = samples, tracker, arrived
        self._side, self._kept = side, kept
        self._made: OrderedDict[Index, str] = OrderedDict()
        self._missing: dict[Index, None] = {}
        self._lock = threading.Lock()
        self._subscription: Any = None
        self._forget_cells: Callable[[], object] = int
        if samples is not None:
            self._forget_cells = cells.on_end(self._cell_ended)
        tell_in_child(self)

    def in_child(self) -> None:
        """Read nothing for the parent's page in a forked child."""
        self._lock, self._missing = threading.Lock(), {}

    @property
    def samples(self) -> Any:
        """Where pictures may be read from now; None while reading could move a random stream of the run."""
        return None if self._must_wait() else self._samples

    def get(self, indices: Iterable[Index]) -> dict[Index, str]:
        """Return the pictures that are there, "" for samples that have none, and see to it that the others come."""
        if self._samples is None:
            return {}
        wanted = list(dict.fromkeys(indices))
        with self._lock:
            missing = [index for index in wanted if index not in self._made]
        if missing and self._must_wait():
            self._at_safe_point(missing)
        elif missing:
            self._read(missing)
        with self._lock:
            for index in wanted:
                if index in self._made:
                    self._made.move_to_end(index)
            return {index: self._made[index] for index in wanted if index in self._made}

    def close(self) -> None:
        """Ask for nothing more."""
        with self._lock:
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.cancel()
        self._forget_cells()

    def _must_wait(self) -> bool:
        return must_wait(self._samples, self._tracker)

    def _cell_ended(self) -> None:
        """Have what was asked for during a training read now, when no safe point will come any more."""
        with self._lock:
            waiting = bool(self._missing)
        if waiting and not self._must_wait():
            self._arrived()

    def _at_safe_point(self, missing: list[Index]) -> None:
        with self._lock:
            self._missing.update(dict.fromkeys(missing))
            if self._subscription is None:
                self._subscription = self._tracker.on_safe_point(self._safe)

    def _safe(self, _epoch: int, _step: int) -> None:
        with self._lock:
            missing, self._missing = list(self._missing), {}
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.cancel()
        self._read(missing)
        self._arrived()

    def _read(self, indices: list[Index]) -> None:
        for index in indices:
            made = self._picture(index)
            with self._lock:
                self._made[index] = made
                while len(self._made) > self._kept:
                    self._made.popitem(last=False)

    def _picture(self, index: Index) -> str:
        if not self._samples.has(index):
            return ""
        try:
            return data_address(self._samples.pictures([index])[0], self._side)
        except (ValueError, TypeError, OSError, LookupError):
            return ""  # the row is shown without a picture; the saliency panel says why when it is asked


def data_address(picture: npt.NDArray[np.uint8], side: int = _SIDE) -> str:
    """Make a data address of an (H, W, 3) uint8 picture, at most ``side`` pixels wide and high: a PNG, of photographs a JPEG."""
    from PIL import Image

    image = Image.fromarray(picture)
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.BOX)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    kind = "png"
    if file.tell() > _HEAVY:
        file, kind = io.BytesIO(), "jpeg"
        image.save(file, "JPEG", quality=90)
    return f"data:image/{kind};base64," + base64.b64encode(file.getvalue()).decode("ascii")
