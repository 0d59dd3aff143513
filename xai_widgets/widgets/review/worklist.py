"""The order in which instances come up: what is left, what was put off, what is marked for one decision together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain

Index = int | str


class Worklist:
    """Instances in their order, and the place in it.

    Parameters
    ----------
    is_decided
        Tells whether an instance has been decided on.

    Attributes
    ----------
    order : tuple of int or str
        All of them, decided or not. Default ``()``.
    current : int, str or None
        The instance on the card. Default None.
    marked : dict
        The instances marked for one decision together, in the order they were marked.
    """

    def __init__(self, is_decided: Callable[[Index], bool]) -> None:
        self._is_decided = is_decided
        self.order: tuple[Index, ...] = ()
        self.current: Index | None = None
        self.marked: dict[Index, None] = {}
        self._skipped: dict[Index, None] = {}
        self._places: dict[Index, int] = {}

    def put(self, order: Iterable[Index]) -> None:
        """Take another order. The instance on the card stays there: nothing moves away under the hand."""
        self.order = tuple(dict.fromkeys(order))
        self._places = {index: place for place, index in enumerate(self.order)}
        self.marked = {index: None for index in self.marked if index in self._places}
        self._skipped = {index: None for index in self._skipped if index in self._places}
        if self.current is None:
            self.forward()

    def place(self, index: Index | None) -> int:
        """Return the place of an instance, from 0; -1 where it is not in the list."""
        return -1 if index is None else self._places.get(index, -1)

    def left(self) -> list[Index]:
        """List what is not decided on, in the order it comes up: what was put off comes last."""
        open_ones = [index for index in self.order if not self._is_decided(index)]
        if not self._skipped:
            return open_ones
        later = [index for index in self._skipped if not self._is_decided(index)]
        return [index for index in open_ones if index not in self._skipped] + later

    def forward(self) -> None:
        """Go to the next instance that is not decided on: the next in the list, then the earlier ones, then those put off."""
        self.current = self._following()

    def _following(self) -> Index | None:
        at = self.place(self.current)
        around = chain(self.order[at + 1 :], self.order[: max(at, 0)])
        fresh = (index for index in around if index not in self._skipped and not self._is_decided(index))
        put_off = (index for index in self._skipped if index != self.current and not self._is_decided(index))
        return next(chain(fresh, put_off), None)

    def skip(self) -> None:
        """Put the instance on the card off until all others are decided on."""
        if self.current is None:
            return
        here = self.current
        self._skipped.pop(here, None)
        self._skipped[here] = None
        following = self._following()
        self.current = here if following is None else following

    def go(self, index: Index) -> None:
        """Put an instance on the card, decided or not, in the list or not."""
        self.current = index

    def step(self, by: int) -> None:
        """Go on or back in the list without deciding; stops at its ends."""
        if self.order:
            at = self.place(self.current)
            place = at + by if at >= 0 else (0 if by > 0 else len(self.order) - 1)
            self.current = self.order[min(max(place, 0), len(self.order) - 1)]

    def mark(self, index: Index, *, through: bool = False) -> None:
        """Mark an instance or take its mark away; `through`: mark all from the one marked last to this one."""
        last = next(reversed(self.marked), None)
        if through and last is not None and index in self._places:
            ends = sorted((self.place(last), self.place(index)))
            self.marked.update(dict.fromkeys(self.order[ends[0] : ends[1] + 1]))
            self.marked.pop(index)
            self.marked[index] = None  # the last one
        elif index in self.marked:
            del self.marked[index]
        elif index in self._places:
            self.marked[index] = None

    def around(self, before: int, after: int) -> tuple[Index, ...]:
        """Return what stands around the card in the list, the card included where it is in it."""
        at = max(self.place(self.current), 0)
        start = max(min(at - before, len(self.order) - before - after - 1), 0)
        return self.order[start : start + before + after + 1]
