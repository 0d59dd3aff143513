"""Whether a `Trainer` trains with the loss that its model returns: what it logs tells."""

from __future__ import annotations

import math
from typing import Any

RELATIVE, ABSOLUTE = 2e-3, 2e-4  # logged numbers are rounded
LOOSE = 2e-2


class OwnLoss:
    """Adds up the losses of the model between two logs.

    Parameters
    ----------
    accumulation
        Batches in an optimizer step.
    step
        Where the run begins.

    Attributes
    ----------
    refuted
        Whether the Trainer logged another loss.
    batches
        Of the optimizer step that goes on.
    """

    def __init__(self, accumulation: int, step: int) -> None:
        self._accumulation = accumulation
        self._step = step
        self._total: Any = 0.0
        self._present: Any = 0.0  # of the optimizer step that goes on, over its batches
        self.batches = 0
        self._shorter: Any = 0.0  # what is more where steps of fewer batches are divided by these
        self._known = True
        self._loose = False
        self.refuted = False

    def add(self, value: Any, scaled: bool, loose: bool) -> None:
        """Add what a batch gives; `scaled` where it is divided by the items of the whole step already."""
        if value is None:
            self._known = False
        else:
            value = value if scaled else value / self._accumulation
            self._total = self._total + value
            self._present = self._present + (0.0 if scaled else value)
        self.batches += 1
        self._loose = self._loose or loose

    def stepped(self) -> None:
        """Note an optimizer step: the last one of a pass may be of fewer batches."""
        if 0 < self.batches < self._accumulation:
            self._shorter = self._shorter + self._present * (self._accumulation / self.batches - 1)
        self._present, self.batches = 0.0, 0

    def wants(self, step: int) -> tuple[float, ...]:
        """Return what may be logged at `step` for those since the last log, by the Trainer's version; () where unknown."""
        steps, self._step = step - self._step, step
        total, self._total = self._total, 0.0
        shorter, self._shorter = self._shorter, 0.0
        known, self._known = self._known, True
        return (float(total) / steps, float(total + shorter) / steps) if known and steps else ()

    def agrees(self, want: float, logged: float) -> bool:
        """Whether a logged number is the wanted one."""
        if not (math.isfinite(want) and math.isfinite(logged)):
            return True
        return (
            abs(want - logged)
            <= (LOOSE if self._loose else RELATIVE) * max(abs(want), abs(logged)) + ABSOLUTE
        )
