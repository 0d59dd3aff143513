"""What the edits in force come to: which instances are out, what their labels and weights are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xai_widgets.edits.records import Edit, Index, Label

Place = tuple[str, str | None]
"""A mode and a ds_id."""


class Applied(NamedTuple):
    """A batch under the edits in force.

    Attributes
    ----------
    label
        Labels as they were given, the edited ones replaced, in the type they came in; None where none were given.
    weight
        (B,) weights: as given (1 by default) times those of the edits, 0 for excluded instances.
    keep
        (B,) bool: which rows are not excluded.
    """

    label: Any
    weight: Any
    keep: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EditState:
    """The edited instances of one data set.

    Attributes
    ----------
    index
        (N,) int64, or an object array where there are strings.
    excluded
        (N,) bool.
    label
        (N,) object array: the new label, None where it was not edited.
    relabelled
        (N,) bool: whether it was edited; a label of None can be an edit.
    weight
        (N,) float64, 1 where it was not edited.
    """

    index: npt.NDArray[Any]
    excluded: npt.NDArray[np.bool_]
    label: npt.NDArray[np.object_]
    relabelled: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.index)


@dataclass
class _Entry:
    excluded: bool = False
    relabelled: bool = False
    label: Label = None
    weight: float = 1.0


@dataclass
class Folded:
    """Edits of all data sets, folded in their order."""

    places: dict[Place, dict[Index, _Entry]] = field(default_factory=dict)
    _states: dict[Place, EditState] = field(default_factory=dict)

    def take(self, edit: Edit) -> None:
        """Let an edit that is neither an undo nor a redo take effect."""
        place = (edit.mode, edit.ds_id)
        entries = self.places.setdefault(place, {})
        self._states.pop(place, None)
        if edit.operation == "restore":
            for index in edit.ids:
                entries.pop(index, None)
        elif edit.operation == "exclude":
            for index in edit.ids:
                entries.setdefault(index, _Entry()).excluded = True
        elif edit.operation == "relabel":
            for index, label in zip(edit.ids, edit.values, strict=True):
                entry = entries.setdefault(index, _Entry())
                entry.label, entry.relabelled = label, True
        elif edit.operation == "reweight":
            for index, weight in zip(edit.ids, edit.values, strict=True):
                entries.setdefault(index, _Entry()).weight = weight

    def state(self, mode: str, ds_id: str | None) -> EditState:
        """Return the edited instances of a data set as arrays; the same arrays until something changes."""
        place = (mode, ds_id)
        if place not in self._states:
            self._states[place] = _arrays(self.places.get(place, {}))
        return self._states[place]

    def excluded(self, mode: str, ds_id: str | None) -> Iterator[Index]:
        """Go through the excluded instances of a data set."""
        return (index for index, entry in self.places.get((mode, ds_id), {}).items() if entry.excluded)

    def apply(self, index: Any, label: Any, weight: Any, mode: str, ds_id: str | None) -> Applied:
        """Return what a batch is under these edits; see `Edits.apply`."""
        names = _names(index)
        entries = self.places.get((mode, ds_id), {})
        hits = [(row, entries[name]) for row, name in enumerate(names) if name in entries] if entries else []
        keep = np.ones(len(names), bool)
        factor = np.ones(len(names))
        for row, entry in hits:
            keep[row] = not entry.excluded
            factor[row] = 0.0 if entry.excluded else entry.weight
        changed = [(row, entry.label) for row, entry in hits if entry.relabelled]
        labels = _replaced(label, changed, len(names)) if label is not None else None
        return Applied(labels, _weighted(weight, factor), keep)


class Ledger:
    """Edits in their order, and what they come to; cheap where edits come in their order.

    Attributes
    ----------
    edits
        All edits, sorted.
    folded
        What they come to.
    """

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self.folded = Folded()

    def add(self, new: Iterable[Edit]) -> None:
        """Take in more edits."""
        new = list(new)
        late = bool(self.edits) and any(edit.order < self.edits[-1].order for edit in new)
        self.edits.extend(new)
        if late:
            self.edits.sort(key=lambda edit: edit.order)
        if late or any(edit.operation in ("undo", "redo") for edit in new):
            self.folded = fold(self.edits)
        else:
            for edit in new:
                self.folded.take(edit)


def fold(edits: Iterable[Edit]) -> Folded:
    """Fold edits in their order; those undone and not redone since are left out."""
    ordered = sorted(edits, key=lambda edit: edit.order)
    undone = undone_names(ordered)
    folded = Folded()
    for edit in ordered:
        if edit.name not in undone:
            folded.take(edit)
    return folded


def undone_names(ordered: Iterable[Edit]) -> dict[tuple[str, int], Edit]:
    """Return the names of the edits that are undone, each with the undo, the latest undo last."""
    undone: dict[tuple[str, int], Edit] = {}
    for edit in ordered:
        if edit.operation == "undo" and edit.target is not None:
            undone[edit.target] = edit
        elif edit.operation == "redo" and edit.target is not None:
            undone.pop(edit.target, None)
    return undone


def column(values: list[Any]) -> npt.NDArray[Any]:
    """Make an int64 array of integers, an object array of anything else."""
    if all(type(value) is int and abs(value) < 2**63 for value in values):
        return np.array(values, np.int64)
    return objects(values)


def objects(values: list[Any]) -> npt.NDArray[np.object_]:
    """Make a one-dimensional object array, also of lists."""
    made = np.empty(len(values), object)
    for at, value in enumerate(values):
        made[at] = value
    return made


def in_type_of(given: Any, label: Label) -> Any:
    """Return an edit's label in the type of the label that a single sample has.

    Raises
    ------
    TypeError, ValueError
        For a label that this type has not.
    """
    box = given[None] if hasattr(given, "shape") else [given]
    return _replaced(box, [(0, label)], 1)[0]


def _arrays(entries: dict[Index, _Entry]) -> EditState:
    held = list(entries.values())
    return EditState(
        index=column(list(entries)),
        excluded=np.array([entry.excluded for entry in held], bool),
        label=objects([entry.label for entry in held]),
        relabelled=np.array([entry.relabelled for entry in held], bool),
        weight=np.array([entry.weight for entry in held], np.float64),
    )


def _names(index: Any) -> list[Any]:
    values = _numpy(index).reshape(-1).tolist()
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def _numpy(value: Any) -> npt.NDArray[Any]:
    detach = getattr(value, "detach", None)
    return np.asarray(value if detach is None else detach().cpu())


def _replaced(label: Any, changed: list[tuple[int, Label]], size: int) -> Any:
    """Return `label` with new values in some rows, in its own type; itself where nothing changes."""
    if not changed:
        return label
    given = _numpy(label)
    if len(given) != size:
        raise ValueError(f"{size} indices came with {len(given)} labels")
    made = given.copy() if given.dtype.kind not in "US" else given.astype(object)
    for row, value in changed:
        made[row] = _as_row(value, given)
    return _like(label, made if given.dtype.kind not in "US" else made.astype(str))


def _as_row(value: Label, given: npt.NDArray[Any]) -> Any:
    """Make a label what one row of `given` is: a number, a string, or one-hot."""
    if given.ndim == 1 or isinstance(value, list):
        if given.dtype.kind in "iub" and isinstance(value, str):
            raise TypeError(
                f"the edit's label is {value!r} and the batch's labels are {given.dtype}: relabel with the class number"
            )
        return value
    width = given.shape[-1]
    if width == 1:
        return value
    if type(value) is not int or not 0 <= value < width:
        raise ValueError(
            f"label {value!r} is none of the {width} classes of one-hot labels of shape {given.shape}"
        )
    row = np.zeros(given.shape[1:], given.dtype)
    row[..., value] = 1
    return row


def _weighted(weight: Any, factor: npt.NDArray[np.float64]) -> Any:
    if weight is None:
        return factor
    given = _numpy(weight)
    if given.shape[:1] != factor.shape:
        raise ValueError(f"{len(factor)} indices came with weights of shape {given.shape}")
    return _like(weight, (given * factor.reshape(-1, *[1] * (given.ndim - 1))).astype(given.dtype))


def _like(original: Any, made: npt.NDArray[Any]) -> Any:
    """Return `made` in the type, dtype and on the device of `original`."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    if torch is not None and isinstance(original, torch.Tensor):
        return torch.as_tensor(made, dtype=original.dtype, device=original.device)
    if tensorflow is not None and tensorflow.is_tensor(original):
        return tensorflow.convert_to_tensor(made, dtype=original.dtype)
    if isinstance(original, (list, tuple)):
        return type(original)(made.tolist())
    return made
