"""What a review shows, as plain dictionaries for the browser; no widget."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from xai_widgets.edits import Edit
from xai_widgets.widgets.review.deciding import Deciding
from xai_widgets.widgets.review.decisions import Decision, Decisions
from xai_widgets.widgets.review.evidence import Evidence
from xai_widgets.widgets.review.worklist import Worklist
from xai_widgets.widgets.view.formatting import clean, index_text, key_of

Index = int | str
_BEFORE, _AFTER = 2, 9
_LOG: Final = 30
_KEYS: Final = 4000
_MOST_LABELS: Final = 20_000


class Keys:
    """Which instance a short key stands for: those that were shown last."""

    def __init__(self) -> None:
        self._index: OrderedDict[str, Index] = OrderedDict()

    def note(self, index: Index) -> str:
        """Return the key of an instance, and know it from now on."""
        key = key_of(index)
        self._index[key] = index
        self._index.move_to_end(key)
        while len(self._index) > _KEYS:
            self._index.popitem(last=False)
        return key

    def find(self, key: str) -> Index:
        """Return the instance of a key.

        Raises
        ------
        ValueError
            For a key that was not shown.
        """
        if key not in self._index:
            raise ValueError(
                f"{clean(key, 40)!r} is no instance that is shown; look again, and decide on what is there"
            )
        return self._index[key]


class Page:
    """Makes what is shown from the parts of a review.

    Parameters
    ----------
    evidence, decisions, worklist, deciding
        The parts.
    """

    def __init__(
        self, evidence: Evidence, decisions: Decisions, worklist: Worklist, deciding: Deciding
    ) -> None:
        self._evidence, self._decisions, self._worklist = evidence, decisions, worklist
        self._deciding = deciding
        self.keys = Keys()
        self.labels: dict[str, Any] = {}
        self.shown: tuple[Index, ...] = ()

    def state(self, effect: dict[str, Any], *, explains: bool) -> dict[str, Any]:
        """Return the state of the desk."""
        work, current = self._worklist, self._worklist.current
        card = None if current is None else self._card(current)
        self.shown = work.around(_BEFORE, _AFTER)
        left = work.left()
        listed = self._label_list()
        return {
            "card": card,
            "strip": self._strip(),
            "labels": listed[:_MOST_LABELS],
            "progress": {
                "place": work.place(current) + 1,
                "total": len(work.order),
                "left": len(left),
                "done": len(self._decisions),
                "marked": len(work.marked),
            },
            "can": {
                "explain": explains,
                "relabel": bool(listed),
                "labels_left_out": max(0, len(listed) - _MOST_LABELS),
                "undo": self._change(self._decisions.to_undo()),
                "redo": self._change(self._decisions.to_redo()),
            },
            "log": [self._logged(edit, undone) for edit, undone in self._decisions.newest(_LOG)],
            "effect": effect,
        }

    def _card(self, index: Index) -> dict[str, Any]:
        card = self._evidence.card(index)
        self.keys.note(index)
        for each in self._evidence.nearest:
            self.keys.note(each)
        return {**card, "decision": self._decided(self._decisions.of(index))}

    def _strip(self) -> list[dict[str, Any]]:
        says = self._evidence.predicted(self.shown)
        return [
            {
                **self._evidence.brief(index, predicted),
                "key": self.keys.note(index),
                "marked": index in self._worklist.marked,
                "decided": decision.what if (decision := self._decisions.of(index)) is not None else "",
            }
            for index, predicted in zip(self.shown, says, strict=True)
        ]

    def _decided(self, decision: Decision | None) -> dict[str, Any] | None:
        if decision is None:
            return None
        to = f" to {self._evidence.name(decision.label)}" if decision.what == "relabelled" else ""
        edit = decision.edit
        return {
            "what": decision.what,
            "text": f"{decision.what}{to}",
            "who": clean(edit.who, 60),
            "epoch": edit.epoch,
        }

    def _change(self, edit: Edit | None) -> dict[str, str] | None:
        if edit is None:
            return None
        return {"key": edit_key(edit), "text": self._deciding.say(edit), "who": clean(edit.who, 60)}

    def _logged(self, edit: Edit, undone: bool) -> dict[str, Any]:
        return {
            "key": edit_key(edit),
            "at": self.keys.note(edit.ids[0]) if edit.ids else "",
            "text": self._deciding.say(edit),
            "why": clean(edit.why, 120),
            "who": clean(edit.who, 60),
            "epoch": edit.epoch,
            "time": edit.time,
            "undone": undone,
        }

    def _label_list(self) -> list[list[str]]:
        """List the labels an instance can be given, as [key, name], in the order they are named."""
        tracker = self._evidence.tracker
        found: dict[str, tuple[str, Any]] = {}
        for name, value in tracker.label_names.items():
            members = value if isinstance(value, tuple) else (value,)
            for member in members:
                said = clean(name, 120) if len(members) == 1 else f"{clean(name, 100)} ({clean(member, 18)})"
                found.setdefault(key_of(member), (said, member))
        for label in tracker.labels:
            if type(label) in (int, str):
                found.setdefault(key_of(label), (self._evidence.name(label), label))
        self.labels = {key: label for key, (_, label) in found.items() if type(label) in (int, str)}
        return [[key, name] for key, (name, label) in found.items() if type(label) in (int, str)]


def edit_key(edit: Edit) -> str:
    """Return a short key of an edit."""
    return f"{edit.editor}:{edit.number}"


def empty_state(size: int, mode: str, source: str, why: str, total: int) -> dict[str, str]:
    """Say why there is no card: what it waits for, or that all is done."""
    if size == 0:
        return {
            "text": "Nothing to review yet",
            "hint": f"Instances appear here once some are recorded in mode {clean(mode, 20)}.",
        }
    if total == 0:
        said = why[:1].upper() + why[1:] or "Choose another queue above, or give one: review.queue = ids"
        return {
            "text": "Nothing suspected" if source == "suspected" else "The queue is empty",
            "hint": f"{said}.",
        }
    more = " Others may be wrong, too: choose the most likely above." if source == "suspected" else ""
    return {
        "text": f"All {total:,} are decided" if total > 1 else "It is decided",
        "hint": f"What was decided is in force from the next epoch on. Click a picture below to look at it again.{more}",
    }


def said_index(index: Index | None) -> str:
    """Name the instance on the card."""
    return "nothing" if index is None else index_text(index)
