"""Which epochs of which data set edits are in force from, as charts are told it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Edited: TypeAlias = Iterable[int] | Mapping[Any, Iterable[int]]
"""Epochs from which edits of the training data are in force; or such epochs for each mode or (mode, ds_id)."""


def training_epochs(edited: Edited) -> tuple[int, ...]:
    """Return the epochs from which edits of training data are in force, ascending."""
    if not isinstance(edited, Mapping):
        return tuple(edited)
    found = {epoch for place, epochs in edited.items() if _place(place)[0] == "train" for epoch in epochs}
    return tuple(sorted(found))


def held_out_epochs(edited: Edited, mode: str, ds_id: str | None) -> tuple[int, ...]:
    """Return the epochs from which a data set other than the training's is edited itself; none for training data."""
    if mode == "train" or not isinstance(edited, Mapping):
        return ()
    found = (epochs for place, epochs in edited.items() if _place(place) == (mode, ds_id))
    return tuple(sorted({epoch for epochs in found for epoch in epochs}))


def data_name(edited: Edited, mode: str, ds_id: str | None) -> str:
    """Name a data set, and say where it is edited itself."""
    name = f"{mode} {ds_id}" if ds_id else mode
    return f"{name} (edited)" if held_out_epochs(edited, mode, ds_id) else name


def _place(place: Any) -> tuple[str, str | None]:
    return (place, None) if isinstance(place, str) else place
