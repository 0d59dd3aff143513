"""What is drawn, and what that has cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class View(Protocol):
    """What the publisher draws."""

    def draw(self) -> int | None:
        """Draw the newest state; may return the number of bytes sent to the browser."""

    def show_problem(self, problem: BaseException) -> None:
        """Show an exception of this view where the user looks."""


@dataclass
class Traffic:
    """What a publisher has done so far.

    Attributes
    ----------
    passes, draws : int
        Redraw passes (at most ``draws_per_second`` each second) and single draws of views in them.
    answers : int
        Functions run for the browser's input.
    replaced : int
        Inputs and paced draws that a newer one of the same key replaced before they ran.
    sent : int
        Bytes that draws and answers said they sent.
    failures : int
        Exceptions of views and answers, each shown and none passed on.
    """

    passes: int = 0
    draws: int = 0
    answers: int = 0
    replaced: int = 0
    sent: int = 0
    failures: int = 0
