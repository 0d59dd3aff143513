"""Whether a batch's labels are those that the data has for the instances it names, where that lies in memory.

FastEstimator's batches are dictionaries: index, label and loss ride side by side, and nothing but their order binds them.
An operator that reorders some keys and not the others, and data sets put together whose names repeat, are found out here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.evidence import ENOUGH, Proof, is_function, orders_of_rows, same_labels
from xai_widgets.tracking.ingest.convert import to_array

FIRST, RARELY = 3, 64  # batches on a device that are compared, then one in so many; on a processor all are
ORDER = "Give every operator that changes the order of rows all keys, the index among them"
OWN_NAMES = 'Number them through: NumpyDataset({..., "index": np.arange(start, start + n)})'


class DataLabels:
    """Compares the labels of one data set's batches with what the data has for their names."""

    def __init__(self) -> None:
        self._seen = 0
        self._lost = False
        self._data: Any = None
        self._labels: dict[Any, Any] | None = None
        self._column: Any = None  # the same by place, where names are places and labels numbers
        self._twice: Any = None  # a name that several samples have

    def prove(self, proof: Proof, system: Any, keys: tuple[str, str | None], index: Any, label: Any) -> None:
        """Compare one batch; what does not agree is refused at `proof`."""
        seen, self._seen = self._seen, self._seen + 1
        data = _data_of(system)
        if data is not self._data:
            self._data, seen = data, 0
            self._learn(data, *keys)
        if self._labels is None:
            proof.leave_open(
                "labels", "they come with the index, from one batch, and the data does not lie in memory"
            )
            return
        if self._twice is not None:
            proof.refuse(
                "names",
                f"several samples of the {proof.mode} data are named {self._twice}, so what is recorded would mix them, and "
                "nothing of it is",
                OWN_NAMES,
            )
            return
        if label is None or any(isinstance(getattr(op, "edits", None), Edits) for op in system.pipeline.ops):
            proof.leave_open("labels", "they come with the index, from one batch")
            return
        if self._lost:  # one batch in another order than its names: no other is better
            proof.may_record = False
            proof.refused += 1
        elif getattr(label, "is_cuda", False) and seen >= FIRST and seen % RARELY:
            return  # the device would have to be waited for
        else:
            self._compare(proof, index, label)
            self._lost = not proof.may_record

    def _compare(self, proof: Proof, index: Any, label: Any) -> None:
        names, found = np.asarray(index), to_array(label)
        column = self._column
        places = (
            column is not None and names.dtype.kind in "iu" and names.min() >= 0 and names.max() < len(column)
        )
        if places and np.array_equal(column[names], found):  # which nearly all are
            proof.proved(len(found), 0.0 if proof.orders >= ENOUGH else orders_of_rows(found))
            return
        given = [(self._labels or {}).get(name) for name in names.tolist()]
        if any(one is None for one in given):
            proof.leave_open("labels", "the data in memory has no such names")
            return
        kept = np.asarray(given)
        if same_labels(kept, found).all() or (len(kept) == len(found) and is_function(kept, found) is False):
            proof.labels(kept, found, ORDER)
        else:
            proof.leave_open("labels", "an operator changes them")

    def _learn(self, data: Any, index_key: str, label_key: str | None) -> None:
        self._labels, self._twice, self._column = None, None, None
        rows = _rows_in_memory(data)
        if rows is None:
            return
        labels: dict[Any, Any] = {}
        for row in rows:
            if index_key not in row:
                return
            name = np.asarray(row[index_key]).item()
            if name in labels:
                self._twice = name
            labels[name] = None if label_key is None else row.get(label_key)
        self._labels, self._column = labels, _column(labels)


def _column(labels: dict[Any, Any]) -> Any:
    """Return the labels (N, ...) of names that are 0 to N - 1; None for other names, and for labels that are no numbers."""
    if list(labels) != list(range(len(labels))) or not labels or any(one is None for one in labels.values()):
        return None
    try:
        column = np.asarray(list(labels.values()))
    except ValueError:  # of different lengths
        return None
    return column if column.dtype.kind in "iufb" else None


def _data_of(system: Any) -> Any:
    """Return the data set that a system runs on; None where a schedule chooses it."""
    return system.pipeline.data.get(system.mode, {}).get(system.ds_id or "")


def _rows_in_memory(data: Any) -> Iterable[dict[str, Any]] | None:
    """List the samples of a data set that lie in memory as dictionaries; None for what would have to be read."""
    parts = getattr(data, "datasets", None)
    if isinstance(parts, (list, tuple)):
        found = [_rows_in_memory(part) for part in parts]
        return None if any(one is None for one in found) else [row for one in found for row in one or ()]
    inner = getattr(data, "dataset", None)
    if type(data).__name__ == "ExtendDataset" and inner is not None:
        return _rows_in_memory(inner)
    rows = getattr(data, "data", None)
    if isinstance(rows, dict):
        rows = list(rows.values())
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None
