"""Integrated gradients from stretches of the path whose mean gradient is found as a whole.

For networks of linear layers (also convolutions and batch norm in evaluation), activations and pooling, on PyTorch. See
`xai_widgets.attribution.backends.torch_secant` for the rule. Its stretches depend on their number, so going from 32 to 64 steps
computes all of them anew, and there is no error estimate: it is for a fixed number of steps, of which it needs few.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.tracks import Averaging, contributions

Floats = NDArray[Any]
CELLS = 8
"""Stretches evaluated together: their common ends are evaluated once, the ends of the strip twice."""


class SecantTrack(Averaging):
    """One path in equal stretches; one unit is all of it."""

    kind = "secant"

    def __init__(self, steps: int) -> None:
        super().__init__()
        strips = max(1, round(steps / (CELLS + 1)))
        self._nodes = np.linspace(0, 1, strips * CELLS + 1)
        self._starts = np.arange(strips) * CELLS
        self.rows_per_unit = strips * (CELLS + 1)

    def rows(self, unit: int, count: int) -> tuple[Floats, Floats, Floats]:
        """See `Track`."""
        t = self._nodes[self._starts[:, None] + np.arange(CELLS + 1)].reshape(-1)
        return np.zeros(count * len(t), np.int64), np.tile(t, count), np.ones(count * len(t))

    def absorb(self, grads: Floats, steps: Floats | None) -> None:
        """See `Track`; the last row of a strip is an end only."""
        lengths = np.append(np.full(CELLS, 1 / (len(self._nodes) - 1)), 0.0)
        weights = np.tile(lengths, len(self._starts)).astype(grads.dtype)
        found = contributions(grads, steps).reshape(-1, self.rows_per_unit, grads.shape[1])
        self.means.add(np.asarray(weights @ found))
