"""What a review does with the browser's messages: each names what was on the page, and is about that or nothing."""

from __future__ import annotations

from typing import Any

from xai_widgets.widgets.review.desk import Told
from xai_widgets.widgets.review.page import edit_key
from xai_widgets.widgets.view.formatting import clean

Index = int | str


class Hearing:
    """Does what a page asks for.

    Parameters
    ----------
    review
        The review.
    """

    def __init__(self, review: Any) -> None:
        self._review = review

    def act(self, told: Told) -> None:
        """Do what a checked message says.

        Raises
        ------
        ValueError
            Where it names what is not there, or cannot be meant.
        """
        review = self._review
        if told.kind == "ready":
            review.pictures.page_came()
            review.refresh()
        elif told.kind in ("undo", "redo"):
            self._change(told)
        elif told.kind == "decide":
            self._decide(told)
        elif told.kind == "explain":
            review.explain(review.page.keys.find(told.key))
        elif told.kind in ("look", "step", "mark_left", "unmark"):
            self._move(told)
        else:
            self._point(told, review.page.keys.find(told.key))

    def _change(self, told: Told) -> None:
        """Undo or redo what the page said that it would, and nothing else."""
        review, decisions = self._review, self._review.decisions
        edit = decisions.to_undo() if told.kind == "undo" else decisions.to_redo()
        if edit is None or edit_key(edit) != told.key:
            review.say(f"somebody else decided meanwhile: look again before you {told.kind}")
        elif told.kind == "undo":
            review.undo()
        else:
            review.redo()

    def _decide(self, told: Told) -> None:
        review, label = self._review, None
        if told.what == "relabel":
            if told.label not in review.page.labels:
                raise ValueError(f"no class has the key {clean(told.label, 40)!r}")
            label = review.page.labels[told.label]
        if told.marked != len(review.worklist.marked):
            review.say("other instances were marked meanwhile: look again before you decide")
        elif told.marked:
            review.decide(told.what, label=label)
        else:
            review.decide(told.what, review.page.keys.find(told.key), label)

    def _move(self, told: Told) -> None:
        work = self._review.worklist
        if told.kind == "step":
            work.step(told.by)
        elif told.kind == "mark_left":
            work.marked = dict.fromkeys(work.left())
        elif told.kind == "unmark":
            work.marked.clear()
        self._review.refresh()

    def _point(self, told: Told, index: Index) -> None:
        work = self._review.worklist
        if told.kind in ("go", "skip"):
            work.go(index)
        if told.kind == "skip":
            work.skip()
        elif told.kind != "go":
            work.mark(index, through=told.kind == "through")
        self._review.refresh()
