"""Decisions written as edits: what is asked for many instances at once is one edit, and nothing is applied by half."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from xai_widgets.edits import Edit, Edits
from xai_widgets.widgets.review.decisions import SAID, Decisions
from xai_widgets.widgets.review.evidence import Evidence
from xai_widgets.widgets.view.formatting import clean, index_text

Index = int | str
Written = tuple[tuple[Edit, ...], str]
"""The edits that were written, and a sentence that says what was done."""
_NAMED: Final = 3


class Deciding:
    """Writes the decisions of a review.

    Parameters
    ----------
    edits, mode, ds_id
        Where they are written, and the data set meant.
    evidence
        What is suggested.
    decisions
        What was decided before.
    """

    def __init__(
        self, edits: Edits, mode: str, ds_id: str | None, evidence: Evidence, decisions: Decisions
    ) -> None:
        self.edits, self._evidence, self._decisions = edits, evidence, decisions
        self._place: dict[str, Any] = {"mode": mode, "ds_id": ds_id}

    def decide(
        self, what: str, indices: Sequence[Index], label: Any, *, why: str, who: str, force: bool
    ) -> Written:
        """Decide on instances; those of which it holds already are left as they are.

        Raises
        ------
        ValueError, TypeError
            For what cannot be meant; nothing is written then.
        """
        if not indices:
            raise ValueError("there is nothing to decide on: the queue is empty, or all of it is decided")
        options = {**self._place, "why": why, "who": who, "force": force}
        if what == "accept":
            return self._accept(indices, options)
        if what == "relabel":
            return self._relabel(indices, [label] * len(indices), options)
        wanted = {"keep": "kept", "exclude": "excluded"}[what]
        new = [index for index in indices if not self._holds(index, wanted)]
        if not new:
            return (), f"{_some(indices)} {_are(indices)} {wanted} already"
        change = self.edits.restore if what == "keep" else self.edits.exclude
        return (change(new, **options),), f"{wanted} {_some(new)}"

    def _accept(self, indices: Sequence[Index], options: dict[str, Any]) -> Written:
        found = [(index, self._evidence.suggestion(index)) for index in indices]
        known = [(index, suggestion[0]) for index, suggestion in found if suggestion is not None]
        if not known:
            raise ValueError(
                f"no label is suggested for {_some(indices)}: give one, or keep the one there is"
            )
        written, said = self._relabel([i for i, _ in known], [label for _, label in known], options)
        left = len(indices) - len(known)
        return (
            written,
            f"{said}; {left} without a suggestion {'is' if left == 1 else 'are'} left" if left else said,
        )

    def _relabel(self, indices: Sequence[Index], labels: list[Any], options: dict[str, Any]) -> Written:
        pairs = [
            (index, label)
            for index, label in zip(indices, labels, strict=True)
            if not self._holds(index, "relabelled", label)
        ]
        name = self._evidence.name
        to = f" to {name(labels[0])}" if len({str(label) for label in labels}) == 1 else " as suggested"
        if not pairs:
            return (), f"{_some(indices)} {_are(indices)} relabelled{to} already"
        new, values = [index for index, _ in pairs], [label for _, label in pairs]
        if len(new) == 1 and not options["why"]:
            given = self._evidence.given(new[0])
            options = {**options, "why": "" if given is None else f"was {name(given)}"}
        relabelled = self.edits.relabel(
            new, values, **options
        )  # checks the labels; only then is anything taken back
        out = [index for index in new if self._holds(index, "excluded")]
        if not out:
            return (relabelled,), f"relabelled {_some(new)}{to}"
        restored = self.edits.restore(out, **options)
        again = self.edits.relabel(out, [dict(pairs)[index] for index in out], **options)
        return (relabelled, restored, again), f"relabelled {_some(new)}{to}"

    def _holds(self, index: Index, what: str, label: Any = None) -> bool:
        decision = self._decisions.of(index)
        if decision is None or decision.what != what:
            return False
        return what != "relabelled" or decision.label == label

    def undo(self, who: str) -> tuple[Edit, str]:
        """Undo the last edit in effect, whoever made it; say which it was."""
        self._decisions.refresh()
        undone, edit = self._decisions.to_undo(), self.edits.undo(who=who)
        return undone or edit, f"undone: {self.say(undone or edit)}"

    def redo(self, who: str) -> tuple[Edit, str]:
        """Let the edit that was undone last take effect again; say which it is."""
        self._decisions.refresh()
        again, edit = self._decisions.to_redo(), self.edits.redo(who=who)
        return again or edit, f"done again: {self.say(again or edit)}"

    def say(self, edit: Edit) -> str:
        """Say what an edit did: "relabelled #12 to dog"."""
        done = {**SAID, "reweight": "reweighted"}.get(edit.operation, edit.operation)
        to = ""
        if edit.operation == "relabel":
            names = {self._evidence.name(label) for label in edit.values[:100]}
            to = f" to {next(iter(names))}" if len(names) == 1 else " to several labels"
        return f"{done} {_some(edit.ids)}{to}"


def _some(indices: Sequence[Index]) -> str:
    """Name the instances where they are few, count them elsewhere."""
    if len(indices) > _NAMED:
        return f"{len(indices):,} instances"
    return ", ".join(clean(index_text(index), 40) for index in indices)


def _are(indices: Sequence[Index]) -> str:
    return "is" if len(indices) == 1 else "are"
