"""One edit as it is kept: what was decided, for which instances, by whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

Index: TypeAlias = int | str
Label: TypeAlias = int | float | str | bool | list[Any] | None

OPERATIONS: Final = ("exclude", "relabel", "reweight", "restore", "undo", "redo")


@dataclass(frozen=True)
class Edit:
    """One decision.

    Attributes
    ----------
    operation
        "exclude", "relabel", "reweight", "restore", "undo" or "redo".
    ids
        The instances meant; empty for "undo" and "redo".
    values
        A label each for "relabel", a weight each for "reweight"; empty otherwise.
    mode, ds_id
        The data set meant.
    why, who
        Free text.
    time
        Seconds since 1970 on the editor's machine.
    epoch, step
        Where the training was when the decision was made; it is in force from the next epoch on.
    editor, number
        Who wrote it (the name of a file) and which of his it is, counted from 0: together the name of an edit.
    clock
        Larger than that of every edit its editor knew of (Lamport, 1978): edits are ordered by it, not by the time of day.
    target
        For "undo" and "redo": (editor, number) of the edit meant.
    """

    operation: str
    ids: tuple[Index, ...]
    values: tuple[Any, ...]
    mode: str
    ds_id: str | None
    why: str
    who: str
    time: float
    epoch: int
    step: int
    editor: str
    number: int
    clock: int
    target: tuple[str, int] | None = None

    @property
    def name(self) -> tuple[str, int]:
        """What tells this edit from all others."""
        return self.editor, self.number

    @property
    def order(self) -> tuple[int, str, int]:
        """The key that edits of all editors are sorted by."""
        return self.clock, self.editor, self.number

    def to_json(self) -> dict[str, Any]:
        """Return the edit as JSON keeps it; the editor and the number follow from the file."""
        kept = asdict(self)
        del kept["editor"], kept["number"]
        return kept


def edit_from_json(value: Mapping[str, Any], editor: str, number: int) -> Edit:
    """Check and read what `Edit.to_json` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        For anything else.
    """
    if value["operation"] not in OPERATIONS:
        raise ValueError(
            f"unknown operation {value['operation']!r}; there are {', '.join(OPERATIONS)}: "
            "it was written by a newer version of xai_widgets, or by something else"
        )
    ids, values = tuple(value["ids"]), tuple(value["values"])
    if not all(type(each) in (int, str) for each in ids):
        raise TypeError("ids must be integers or strings")
    if value["operation"] in ("relabel", "reweight") and len(values) != len(ids):
        raise ValueError(f"{len(ids)} ids have {len(values)} values")
    target = value["target"]
    return Edit(
        operation=str(value["operation"]),
        ids=ids,
        values=values,
        mode=str(value["mode"]),
        ds_id=None if value["ds_id"] is None else str(value["ds_id"]),
        why=str(value["why"]),
        who=str(value["who"]),
        time=float(value["time"]),
        epoch=int(value["epoch"]),
        step=int(value["step"]),
        editor=editor,
        number=number,
        clock=int(value["clock"]),
        target=None if target is None else (str(target[0]), int(target[1])),
    )
