"""What was decided so far, by whom and when: read from the history of the edits, other editors' included."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from xai_widgets.edits import Edit, Edits
from xai_widgets.edits.state import undone_names

Index = int | str
SAID: Final = {"exclude": "excluded", "relabel": "relabelled", "restore": "kept"}
_CHANGES: Final = ("undo", "redo")


@dataclass(frozen=True)
class Decision:
    """What is in effect for one instance, and who decided it.

    Attributes
    ----------
    edit
        The edit that decided it.
    excluded
        Whether it is left out.
    relabelled, label
        Whether it has another label, and which.
    """

    edit: Edit
    excluded: bool = False
    relabelled: bool = False
    label: Any = None

    @property
    def what(self) -> str:
        """The decision as a word: "excluded", "relabelled" or "kept"."""
        return "excluded" if self.excluded else "relabelled" if self.relabelled else "kept"


class Decisions:
    """The decisions on the instances of one data set.

    Another weight is no decision: it says nothing about a label.

    Parameters
    ----------
    edits, mode, ds_id
        Where they are written, and the data set meant.
    """

    def __init__(self, edits: Edits, mode: str, ds_id: str | None) -> None:
        self._edits, self._mode, self._ds_id = edits, mode, ds_id
        self._by_index: dict[Index, Decision] = {}
        self._history: tuple[Edit, ...] = ()
        self._undone: dict[tuple[str, int], Edit] = {}

    def __len__(self) -> int:
        return len(self._by_index)

    def __contains__(self, index: object) -> bool:
        return index in self._by_index

    def of(self, index: Index) -> Decision | None:
        """Return the decision on an instance; None while there is none, or it was undone."""
        return self._by_index.get(index)

    def indices(self) -> tuple[Index, ...]:
        """Return the instances that were decided on."""
        return tuple(self._by_index)

    def refresh(self) -> bool:
        """Read what has come in since; tell whether there was anything."""
        history, known = self._edits.history(), self._history
        if len(history) == len(known):
            return False
        new = history[len(known) :]
        self._history = history
        follows = not known or history[len(known) - 1] is known[-1]
        if follows and not any(edit.operation in _CHANGES for edit in new):
            self._take(new)
        else:
            self._undone = undone_names(history)
            self._by_index = {}
            self._take(edit for edit in history if edit.name not in self._undone)
        return True

    def _take(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            if (edit.mode, edit.ds_id) != (self._mode, self._ds_id) or edit.operation not in SAID:
                continue
            values = edit.values or (None,) * len(edit.ids)
            for index, label in zip(edit.ids, values, strict=True):
                self._by_index[index] = _after(self._by_index.get(index), edit, label)

    def newest(self, most: int) -> list[tuple[Edit, bool]]:
        """Return the decisions made last, newest first, each with whether it is undone."""
        found = (
            (edit, edit.name in self._undone)
            for edit in reversed(self._history)
            if edit.operation not in _CHANGES and (edit.mode, edit.ds_id) == (self._mode, self._ds_id)
        )
        return list(islice(found, most))

    def to_undo(self) -> Edit | None:
        """Return what `Edits.undo` would undo: the last edit in effect, whoever made it."""
        done = (
            e for e in reversed(self._history) if e.operation not in _CHANGES and e.name not in self._undone
        )
        return next(done, None)

    def to_redo(self) -> Edit | None:
        """Return what `Edits.redo` would let take effect again; None where something was edited since."""
        undo = max(self._undone.values(), key=lambda edit: edit.order, default=None)
        if undo is None or any(e.operation not in _CHANGES and e.order > undo.order for e in self._history):
            return None
        return next((edit for edit in self._history if edit.name == undo.target), None)

    def first(self) -> Edit | None:
        """Return the first edit in effect that changes what is trained on; keeping an instance changes nothing."""
        changing = (
            e
            for e in self._history
            if e.operation not in (*_CHANGES, "restore") and e.name not in self._undone
        )
        return next(changing, None)


def _after(before: Decision | None, edit: Edit, label: Any) -> Decision:
    """Return what holds for an instance after one more edit of it, as `Edits` folds them."""
    if edit.operation == "restore" or before is None:
        before = Decision(edit)
    if edit.operation == "exclude":
        return Decision(edit, True, before.relabelled, before.label)
    if edit.operation == "relabel":
        return Decision(edit, before.excluded, True, label)
    return Decision(edit)
