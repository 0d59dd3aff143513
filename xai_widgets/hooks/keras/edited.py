"""What the edits of an epoch make of rows: which are left out, their targets and their weights, looked up by number.

A row's number is its position in the arrays, or its name where batches are named by whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.edits import EditState
from xai_widgets.edits.state import in_type_of

Array = npt.NDArray[Any]
SHOWN = 5
SEVERAL = "the data has several arrays of targets, or none, and which is meant cannot be told; change it in y yourself"


class EpochEdits:
    """The edits of one epoch, by number.

    Parameters
    ----------
    numbers
        (E,) int64, of the edited rows, each once.
    excluded
        (E,) bool.
    weights
        (E,) float64.
    relabelled
        (R,) places in `numbers` of the rows with a new target.
    targets
        (R, ...) the new targets, in the type of those of the data; None where there are none.
    """

    def __init__(
        self, numbers: Array, excluded: Array, weights: Array, relabelled: Array, targets: Array | None
    ) -> None:
        order = np.argsort(numbers, kind="stable")
        self.numbers, self.weights = numbers[order], weights[order]
        self.excluded = np.sort(numbers[excluded])
        by_number = np.argsort(numbers[relabelled], kind="stable")
        self.relabelled = numbers[relabelled][by_number]
        self.targets = None if targets is None else targets[by_number]

    def keeps(self, numbers: Array) -> npt.NDArray[np.bool_]:
        """Tell which rows (B,) are not excluded."""
        return ~_found(self.excluded, numbers)[1]

    def targets_of(self, numbers: Array, targets: Array) -> Array:
        """Return targets (B, ...) with the new ones in their rows; the same array where none is new."""
        if self.targets is None:
            return targets
        place, hit = _found(self.relabelled, numbers)
        if not hit.any():
            return targets
        changed = targets.copy()
        changed[hit] = self.targets[place[hit]]
        return changed

    def weights_of(self, numbers: Array) -> npt.NDArray[np.float64]:
        """Return the weights (B,) that the edits give."""
        place, hit = _found(self.numbers, numbers)
        weights = np.ones(len(numbers))
        weights[hit] = self.weights[place[hit]]
        return weights


def _found(among: Array, numbers: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return where each number lies among sorted ones, and whether it does."""
    if not len(among):
        return np.zeros(len(numbers), np.intp), np.zeros(len(numbers), bool)
    place = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    return place, among[place] == numbers


def no_edits() -> EpochEdits:
    """Return the edits of an epoch that has none."""
    return epoch_edits(
        None, Numbered(np.zeros(0, np.int64), np.zeros(0, np.int64), ""), None, lambda text: None
    )


class Numbered:
    """The numbers of edited instances, where the data has them.

    Parameters
    ----------
    numbers
        (E,) int64, each once.
    entries
        (E,) their places in the state.
    missing
        What is to be told of those that the data does not have; empty where it has all.
    """

    def __init__(self, numbers: Array, entries: Array, missing: str) -> None:
        self.numbers, self.entries, self.missing = numbers, entries, missing


def numbered_by_position(state: EditState, names: Array) -> Numbered:
    """Give edited instances the numbers of their positions in arrays with rows of `names` (N,); a name may have several."""
    wanted = {name: place for place, name in enumerate(state.index.tolist())}
    if names.dtype.kind in "iu":
        known = np.asarray([name for name in wanted if isinstance(name, int)], np.int64)
        rows = np.flatnonzero(np.isin(names, known)) if len(known) else np.zeros(0, np.int64)
    else:
        rows = np.asarray([row for row, name in enumerate(names.tolist()) if name in wanted], np.int64)
    found = names[rows].tolist()
    missing = [name for name in wanted if name not in set(found)] if len(found) < len(wanted) else []
    entries = np.asarray([wanted[name] for name in found], np.int64)
    return Numbered(rows.astype(np.int64), entries, _missing(missing, len(wanted), f"{len(names)} instances"))


def numbered_by_name(state: EditState) -> Numbered:
    """Give edited instances their names as numbers: those that are whole numbers."""
    names = state.index.tolist()
    entries = np.asarray([place for place, name in enumerate(names) if isinstance(name, int)], np.int64)
    missing = [name for name in names if not isinstance(name, int)]
    numbers = np.asarray([names[place] for place in entries.tolist()], np.int64)
    return Numbered(
        numbers, entries, _missing(missing, len(names), "instances, which are named by whole numbers")
    )


def _missing(names: list[Any], size: int, of: str) -> str:
    if not names:
        return ""
    some = ", ".join(map(repr, names[:SHOWN])) + (" and others" if len(names) > SHOWN else "")
    return (
        f"{len(names)} of {size} edited ids ({some}) {'is' if len(names) == 1 else 'are'} none of the data's {of}: these edits "
        "change nothing here. Has the data set shrunk since, or was another index given?"
    )


def epoch_edits(
    state: EditState | None, numbered: Numbered, form: Array | None, tell: Callable[[str], None]
) -> EpochEdits:
    """Return the edits of an epoch.

    Parameters
    ----------
    state
        The edits in force; None for none.
    numbered
        The numbers of its instances.
    form
        (K, ...) some targets of the data, for the type of new ones; None where it has no single array of targets.
    tell
        Told what an edit could not do.
    """
    if numbered.missing:
        tell(numbered.missing)
    entries = numbered.entries
    if state is None or not len(entries):
        nothing = np.zeros(0, np.int64)
        return EpochEdits(nothing, np.zeros(0, bool), np.zeros(0), nothing, None)
    excluded = state.excluded[entries]
    relabelled = np.flatnonzero(state.relabelled[entries] & ~excluded)
    targets: list[Array] = []
    kept: list[int] = []
    for place in relabelled.tolist():
        try:
            targets.append(_target(state.label[entries[place]], form))
            kept.append(place)
        except (TypeError, ValueError, OverflowError) as error:
            tell(f"the relabelled instance {state.index[entries[place]]!r} keeps its given label: {error}")
    made = np.stack(targets) if targets else None
    return EpochEdits(numbered.numbers, excluded, state.weight[entries], np.asarray(kept, np.int64), made)


def _target(label: Any, form: Array | None) -> Array:
    """Return one target (...) in the type of the data's.

    Raises
    ------
    TypeError, ValueError, OverflowError
        It cannot be one of these.
    """
    if form is None:
        raise TypeError(SEVERAL)
    width = form.shape[-1] if form.ndim > 1 else 1
    if (
        width > 1
        and not isinstance(label, list)
        and form.dtype.kind == "f"
        and ((form != 0) & (form != 1)).any()
    ):
        raise ValueError(
            "its targets are no classes but mixed or smoothed ones (mixup, label smoothing). Mix after the targets are read, "
            "in a layer or in train_step"
        )
    if form.ndim > 2 and not isinstance(label, list):
        raise ValueError(
            f"{label!r} is no target of shape {form.shape[1:]}; relabel with a list of that shape"
        )
    row = np.asarray(in_type_of(np.zeros(form.shape[1:], form.dtype), label))
    if (
        form.dtype.kind in "iub"
        and not isinstance(label, list)
        and width == 1
        and row.reshape(-1).tolist() != [label]
    ):
        raise ValueError(f"{label!r} is no {form.dtype}")
    return row
