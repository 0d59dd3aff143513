"""Checks of what a person asks for, before anything of it is written."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from xai_widgets.edits.records import Index, Label
from xai_widgets.edits.state import column
from xai_widgets.tracking import Tracker

SHOWN = 5
_BY_FORCE = "give force=True where it is meant"


def read_ids(ids: Any, *, force: bool) -> list[Index]:
    """Read one id or several: integers or strings, none twice.

    Raises
    ------
    TypeError, ValueError
        For other types, for none at all, and for an id that comes twice (with `force` it is taken once).
    """
    plain = _listed(ids)
    for each in plain:
        if type(each) not in (int, str):
            raise TypeError(
                f"ids are integers or strings, as they were recorded; got {each!r} ({type(each).__name__})"
            )
        if isinstance(each, int) and not -(2**63) <= each < 2**63:
            raise ValueError(f"id {each} does not fit into 64 bits")
    if not plain:
        raise ValueError("no ids were given: name at least one instance")
    twice = [each for each, count in Counter(plain).items() if count > 1]
    if twice and not force:
        raise ValueError(
            f"{_some(twice)} came more than once among {len(plain)} ids; {_BY_FORCE}, or name each once"
        )
    return list(dict.fromkeys(plain))


def read_values(values: Any, ids: Any, names: list[Index], what: str) -> list[Any]:
    """Read a value for all ids, or one for each in a list, tuple or array of the ids' length."""
    single = np.ndim(ids) == 0
    listed = isinstance(values, (list, tuple)) or (isinstance(values, np.ndarray) and values.ndim > 0)
    if single or not listed:
        return [_plain(values)] * len(names)
    if len(values) != np.size(ids):
        raise ValueError(
            f"{np.size(ids)} ids came with {len(values)} {what}; give one {what[:-1]} for all, or one for each"
        )
    by_id = dict(zip(_listed(ids), map(_plain, values), strict=True))
    return [by_id[name] for name in names]


def check_weights(weights: Iterable[Any]) -> list[float]:
    """Return weights as floats.

    Raises
    ------
    TypeError, ValueError
        For what is no number, negative, NaN or infinite.
    """
    checked = []
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise TypeError(f"a weight is a number of at least 0; got {weight!r} ({type(weight).__name__})")
        if not math.isfinite(weight) or weight < 0:
            raise ValueError(
                f"a weight is a finite number of at least 0; got {weight}. To leave an instance out, exclude it"
            )
        checked.append(float(weight))
    return checked


class Catalogue:
    """What a tracker knows of one data set: its instances and their labels.

    Parameters
    ----------
    tracker
        Where the instances were recorded; with nothing recorded yet there is nothing to check against.
    """

    def __init__(self, tracker: Tracker, mode: str, ds_id: str | None) -> None:
        self._tracker = tracker
        self.mode = mode
        recorded = ds_id in tracker.ds_ids(mode) or (ds_id is None and len(tracker.ds_ids(mode)) == 1)
        metrics = tracker.metrics(mode)
        self._known: set[Index] | None = None
        self.table = (
            tracker.dynamics(mode, ds_id=ds_id, metric=metrics[0], columns=())
            if recorded and metrics
            else None
        )

    def check_known(self, ids: list[Index], *, force: bool) -> None:
        """Refuse ids that were never recorded."""
        if self.table is None or force:
            return
        if self._known is None:
            self._known = set(self.table["index"].tolist())
        known = self._known
        unknown = [each for each in ids if each not in known]
        if unknown:
            raise ValueError(
                f"{_some(unknown)} of {len(ids)} ids {'was' if len(unknown) == 1 else 'were'} never recorded in mode "
                f"{self.mode!r}, which has {len(known)} instances; {_BY_FORCE}"
            )

    def label_for(self, value: Label, *, force: bool) -> Label:
        """Return the label value meant by a value or a display name; refuse one that no class has."""
        names = self._tracker.label_names
        if isinstance(value, str) and value in names and not isinstance(names[value], tuple):
            named: Label = names[value]
            return named
        if isinstance(value, list) or force:
            return value
        seen = set(self._tracker.labels) | {each for each in names.values() if not isinstance(each, tuple)}
        numbers = bool(seen) and all(isinstance(each, (int, float)) for each in seen)
        if seen and value not in seen and not (numbers and any(isinstance(each, float) for each in seen)):
            shown = ", ".join(repr(each) for each in (sorted(names) if names else sorted(seen, key=str))[:20])
            raise ValueError(f"no class has the label {value!r}; there are {shown}; {_BY_FORCE}")
        return value

    def check_some_left(self, excluded: set[Index], *, force: bool) -> None:
        """Refuse to empty the data set, and without `force` to empty a class."""
        if self.table is None:
            return
        index = self.table["index"]
        left = ~np.isin(index, column(list(excluded)))
        if not left.any():
            raise ValueError(
                f"this would exclude all {len(index)} instances of mode {self.mode!r}: nothing would be left to train on"
            )
        labels = self.table["label"] if "label" in self.table else np.zeros(len(index), np.int64)
        present = set(labels[left].tolist())
        emptied = [label for label in dict.fromkeys(labels[~left].tolist()) if label not in present]
        if emptied and not force:
            which = ", ".join(self._tracker.name_of(label) for label in emptied[:SHOWN])
            raise ValueError(f"this would exclude the last instance of class {which}; {_BY_FORCE}")


def _listed(ids: Any) -> list[Any]:
    if isinstance(ids, (str, bytes)) or np.ndim(ids) == 0:
        return [_plain(ids)]
    return [_plain(each) for each in (ids.tolist() if hasattr(ids, "tolist") else ids)]


def _plain(value: Any) -> Any:
    """Return numpy and framework scalars and arrays as what JSON keeps."""
    return value.tolist() if hasattr(value, "tolist") else value


def _some(values: list[Any]) -> str:
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(repr(value) for value in values[:SHOWN]) + more
