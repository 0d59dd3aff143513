"""Integrated gradients from stretches of the path whose mean gradient is found as a whole.

For networks of linear layers (also convolutions and batch norm in evaluation), activations and pooling, in PyTorch.
See `torch_pass` for the rule. A stretch is exact but for what several layers of activations do to
each other in it. Evaluated again in parts it tells how far off it was, and the parts are a constant share of that from the
truth: so the parts that matter most are next, and the error of what is there is known.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets.attribution.backends.base import STRIP
from xai_widgets.attribution.backends.ops.base import Ops, Tensor
from xai_widgets.attribution.estimators.base import contributions
from xai_widgets.attribution.estimators.running_mean import storable

Floats = NDArray[Any]
CELLS = STRIP - 1
"""Stretches evaluated together: their common ends are evaluated once."""
EXACT = 0.05
"""Tolerance from which on fewer evaluations reach it than points need: the first nine are for 2 to 20 %."""
PARTS = 4
"""Parts of two stretches each, which are evaluated again in eight when it is their turn."""
_LEFT = 0.16  # error after that over what it changed: 0.12 to 0.21 on LeNet and ResNet-20, mostly 0.15
_UNSPLIT = 0.2  # error before over the gradient's changes from stretch to stretch: 0.11 to 0.26 there
_LEAST_WORTH = 0.1
_FINER = 4  # times as many stretches whenever a part that is not told apart any more is evaluated again


@dataclass
class _Part:
    """A part of the path with its integral."""

    low: float
    high: float
    value: Tensor
    error: float  # expected L2 norm, of the value
    guessed: bool  # from how the gradient changes alone, before it was evaluated in parts
    units: int = 1  # that it is evaluated in when it is its turn


class SecantTrack:
    """One sample's path; a unit is a part of it in eight stretches, the first one all of it.

    Once there are as many parts as may be kept, each is only made more exact: evaluated as a whole in four times as many
    stretches whenever it is its turn, so that memory does not grow.
    """

    kind = "secant"
    rows_per_unit = STRIP
    least_units = 1
    signs: tuple[float, ...] = (1.0,)

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self.units = 0
        self._turns: list[_Part] = []  # the part of every unit but the first
        self._strips: list[tuple[float, float]] = [(0.0, 1.0)]  # where on the path it is
        # parts that have no turn yet, the most urgent first
        self._waiting: list[tuple[float, int, _Part]] = []
        self._known = 0  # parts made so far, to tell equally urgent ones apart
        self._total: Tensor = None
        self._changes: list[Tensor] = []  # of the total, by the first units
        self._limit = 0  # units whose parts are told apart
        self._coming: Tensor = None  # sum of the units of the part whose turn it is
        self._came = 0
        # expected squared error of the total: of parts whose error was seen to shrink, and of those where it is guessed
        self._square, self._guessed = 0.0, 0.0
        self._worth = 1.0  # of guesses that are left
        self._errors: list[float] = []  # relative ones, at every length

    def expect(self, units: int) -> None:
        """See `Track`."""

    def available(self) -> int:
        """See `Track`; which parts are next is known when these are back."""
        return len(self._strips) - self.units

    def rows(self, unit: int, count: int) -> tuple[NDArray[np.int64], Floats]:
        """See `Track`."""
        strips = self._strips[unit : unit + count]
        t = np.concatenate([np.linspace(low, high, CELLS + 1) for low, high in strips])
        return np.zeros(1, np.int64), t[None]

    def absorb(self, grads: Tensor, steps: Tensor | None, own: bool = False) -> None:
        """See `Track`; the last row of a strip is an end only."""
        assert steps is not None
        size = int(grads.shape[1])
        found = self._ops.reshape(contributions(self._ops, grads, steps), (-1, self.rows_per_unit, size))
        for place in range(int(found.shape[0])):
            low, high = self._strips[self.units]
            cells = found[place][:CELLS] * ((high - low) / CELLS)
            if self.units == 0:
                self._begin(cells)
            else:
                self._improve(self._turns[self.units - 1], cells)
            self.units += 1
            self._errors.append(self._relative())
        if self.units == len(self._strips):
            self._plan()

    def measure(self, lengths: Sequence[int]) -> None:
        """See `Track`; every error is found at once, which waits for it."""

    def knows(self, units: int) -> bool:
        """See `Track`."""
        return 0 < units <= len(self._changes) or units == self.units > 0

    def estimate(self, units: int) -> Tensor:
        """See `Track`."""
        if units == self.units:
            return self._total
        total = self._changes[0]
        for change in self._changes[1:units]:
            total = total + change  # as it was summed up then: the same numbers
        return total

    def error(self, units: int) -> float:
        """See `Track`."""
        return self._errors[units - 1]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        planned = {id(part) for part in self._turns[max(self.units - 1, 0) :]}
        vectors = len(self._changes) + len(self._waiting) + len(planned) + 2
        size = 0 if self._total is None else int(self._total.shape[0]) * self._ops.dtype.itemsize
        return int(vectors * size + 100 * len(self._strips))

    # -- parts ------------------------------------------------------------------------------------------------------

    def _begin(self, cells: Tensor) -> None:
        size = int(cells.shape[1])
        self._limit = storable(size, self._ops.dtype.itemsize, least=64, most=256) // PARTS
        self._total = self._ops.sum(cells, 0)
        self._coming = self._ops.zeros((size,))
        self._changes.append(self._total)
        self._divide(0.0, 1.0, cells, None)

    def _improve(self, part: _Part, cells: Tensor) -> None:
        """Take a unit of a part, whose integral is known better with the last of them."""
        self._coming, self._came = self._coming + self._ops.sum(cells, 0), self._came + 1
        if self._came < part.units:
            return
        change, part.value = self._coming - part.value, None
        norm = float(np.sqrt(self._square_of(change)))
        self._total = self._total + change
        self._done(part, norm)
        if self.units < self._limit:
            self._changes.append(change)
            self._divide(part.low, part.high, cells, norm)
        else:
            error = _LEFT * norm
            self._wait(_Part(part.low, part.high, self._coming, error, False, _FINER * part.units))
        self._coming, self._came = self._total * 0.0, 0

    def _divide(self, low: float, high: float, cells: Tensor, change: float | None) -> None:
        """Make the parts of a stretch, with their shares of the error by what the gradient changes in them."""
        apart = cells[1:] - cells[:-1]
        bends = self._ops.host(self._ops.products(apart, apart)).astype(np.float64)
        bends = np.append(bends, bends[-1]).reshape(PARTS, -1).sum(axis=1)
        if change is None:
            errors = _UNSPLIT * np.sqrt(bends)
        else:
            shares = bends / bends.sum() if bends.any() else np.full(PARTS, 1 / PARTS)
            errors = _LEFT * change * np.sqrt(shares)
        borders = np.linspace(low, high, PARTS + 1)
        values = self._ops.sum(self._ops.reshape(cells, (PARTS, CELLS // PARTS, -1)), 1)
        for place in range(PARTS):
            ends = float(borders[place]), float(borders[place + 1])
            self._wait(_Part(*ends, values[place], float(errors[place]), change is None))

    def _done(self, part: _Part, change: float) -> None:
        if part.guessed:
            # Guesses are too even: the more one of the worst falls short, the less is left for others; one that was too much
            # makes those that come after it too much as well. (Both on LeNet and ResNet-20, from zeros and from noise.)
            share = change / part.error if part.error > 0 else 1.0
            newest = max(min(share, 1 / share), _LEAST_WORTH) if share > 0 else _LEAST_WORTH
            self._worth = (self._worth * newest) ** 0.5  # one part alone may be an exception
            self._guessed = max(self._guessed - part.error**2, 0.0)
        else:
            self._square = max(self._square - part.error**2, 0.0)

    def _wait(self, part: _Part) -> None:
        self._known += 1
        if part.guessed:
            self._guessed += part.error**2
        else:
            self._square += part.error**2
        heapq.heappush(self._waiting, (-(part.error**2) / part.units, self._known, part))

    def _plan(self) -> None:
        """Give the worse half of the parts their turn."""
        for _ in range(len(self._waiting) // 2):
            part = heapq.heappop(self._waiting)[2]
            borders = np.linspace(part.low, part.high, part.units + 1).tolist()
            self._turns.extend([part] * part.units)
            self._strips.extend(pairwise(borders))

    def _relative(self) -> float:
        square = self._square + self._guessed * self._worth**2
        size = self._square_of(self._total)
        return float(np.sqrt(square / size)) if size > 0 else 0.0 if square == 0 else float("inf")

    def _square_of(self, vector: Tensor) -> float:
        return float(self._ops.host(self._ops.products(vector[None], vector))[0])
