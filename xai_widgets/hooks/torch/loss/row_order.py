"""Whether equal labels prove that rows are in the batch's order: where all are alike, any order has equal labels.

A loop that sorts its batch (by length, say) gives a loss rows in another order. Its targets are then the batch's labels in
another order too, which is found out, but where labels are alike they are equal all the same. What such batches say waits
until labels came whose order tells.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

ENOUGH = math.log(10_000)  # of so many orders, one would look the same by chance
MOST = 16  # batches that wait
WIDEST = 4096  # numbers that are counted


def orders_of(targets: Any) -> float:
    """Return the logarithm of the number of different orders of a batch's targets, (B,) or (B, ...)."""
    rows = targets.detach().reshape(len(targets), -1)[:, : max(1, WIDEST // max(1, len(targets)))].tolist()
    counts = Counter(map(tuple, rows))
    return math.lgamma(len(rows) + 1) - sum(math.lgamma(count + 1) for count in counts.values())


class RowOrder:
    """Adds up how much the batches of one data set tell of the order of rows.

    Attributes
    ----------
    proved
        Whether they told enough.
    guessed
        Batches of which nothing told, to be taken back where rows are found in another order later.
    """

    def __init__(self) -> None:
        self.proved = False
        self.guessed: list[Any] = []
        self._told = 0.0
        self._waiting: list[Any] = []

    def tell(self, orders: float, one: Any) -> list[Any]:
        """Add a batch whose labels are equal, of `orders` (a logarithm); returns what need not wait any more."""
        self._told += orders
        self.proved = self.proved or self._told >= ENOUGH
        self._waiting.append(one)
        if self.proved or len(self._waiting) > MOST:
            waiting, self._waiting = self._waiting, []
            return waiting
        return []

    def refute(self) -> None:
        """Drop what waits: rows were found in another order."""
        self._waiting = []

    def give_up(self) -> list[Any]:
        """Return what waits, of a pass that is over."""
        waiting, self._waiting = self._waiting, []
        return waiting
