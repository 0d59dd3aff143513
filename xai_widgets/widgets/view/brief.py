"""A view in a few words, for the tab that stands for it while another view lies over it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Brief:
    """What a tab says of its view.

    Attributes
    ----------
    text
        The view in one short line: "hardest bird 1.99".
    marks
        What a reader would have noticed: the hardest class, the hardest instances, how many there are.
    """

    text: str
    marks: tuple[str | int, ...] = ()
