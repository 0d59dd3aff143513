"""Samples out of a tf.data pipeline, which can only be read from its start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xai_widgets.samples._convert import as_index
from xai_widgets.samples._readers import Item, split_item

_MOST_KEPT = 4096


class Pipeline:
    """A tf.data.Dataset, read from its start up to what is wanted; what was seen and wanted is kept.

    The elements may be single or batched, with an index as third part or numbered by ``enumerate()``; otherwise a
    sample's index is its place in the pipeline, which needs one that is not shuffled.
    """

    def __init__(self, data: Any, *, column: Any, label_key: Any) -> None:
        self.names: dict[int, str] = {}
        self._column, self._label_key = column, label_key
        spec = data.element_spec
        self._enumerated = (
            isinstance(spec, tuple)
            and len(spec) == 2
            and isinstance(spec[1], tuple | dict)
            and _rank(spec[0]) == 0
        )
        if not self._enumerated and _is_batched(spec):
            data = data.unbatch()
            spec = data.element_spec
        self._indexed = self._enumerated or (isinstance(spec, tuple) and len(spec) == 3)
        if not self._indexed and _shuffles(data):
            raise ValueError(
                "this tf.data pipeline shuffles, so the place of an element does not name it; "
                "pass the pipeline before shuffle(), or elements (x, y, index)"
            )
        self._data = data
        self._kept: dict[int, Item] = {}
        size = int(data.cardinality())
        self.index_values: Any = None
        if self._indexed:
            self.index_values = [as_index(self._index_of(element)) for element in data]
            size = len(self.index_values)
        # an unknown length is found by reading once; an endless pipeline has no index to find
        if size == -1:
            raise ValueError("this tf.data pipeline repeats for ever; pass it before repeat()")
        self.count: int | None = size if size >= 0 else sum(1 for _ in data)

    def _index_of(self, element: Any) -> Any:
        index = element[0] if self._enumerated else element[2]
        return index.numpy()

    def fetch(self, rows: Sequence[Any]) -> list[Item]:
        """Read rows in one pass over the pipeline."""
        wanted = {int(row) for row in rows} - self._kept.keys()
        if wanted:
            if len(self._kept) + len(wanted) > _MOST_KEPT:
                self._kept.clear()
                wanted = {int(row) for row in rows}
            if self._indexed and _shuffles(self._data):
                self._read_by_index(wanted)
            else:
                for row, element in enumerate(self._data.take(max(wanted) + 1)):
                    if row in wanted:
                        self._kept[row] = self._item(element)
        return [self._kept[int(row)] for row in rows]

    def all_labels(self) -> Any:
        """Elements would have to be read."""
        return None

    def _read_by_index(self, wanted: set[int]) -> None:
        by_value = {self.index_values[row]: row for row in wanted}
        for element in self._data:
            row = by_value.pop(as_index(self._index_of(element)), None)
            if row is not None:
                self._kept[row] = self._item(element)
            if not by_value:
                return

    def _item(self, element: Any) -> Item:
        if self._enumerated:
            return split_item(element[1], False, self._column, self._label_key)
        return split_item(element, self._indexed, self._column, self._label_key)


def _rank(spec: Any) -> int:
    rank = getattr(getattr(spec, "shape", None), "rank", None)
    return -1 if rank is None else int(rank)


def _is_batched(spec: Any) -> bool:
    parts = (
        list(spec.values()) if isinstance(spec, dict) else list(spec) if isinstance(spec, tuple) else [spec]
    )
    while parts and isinstance(parts[0], tuple | dict):
        parts[0] = next(iter(parts[0].values())) if isinstance(parts[0], dict) else parts[0][0]
    if _rank(parts[0]) == 4:
        return True
    # a label has no side of its own unless it is batched (a one-hot label has, and is told by the input's)
    if len(parts) > 1 and _rank(parts[1]) in (0, 1):
        return _rank(parts[1]) == 1 and parts[0].shape[0] == parts[1].shape[0]
    return _rank(parts[0]) > 0 and parts[0].shape[0] is None


def _shuffles(data: Any) -> bool:
    waiting, seen = [data], 0
    while waiting and seen < 256:
        stage, seen = waiting.pop(), seen + 1
        if "Shuffle" in type(stage).__name__:
            return True
        waiting.extend(stage._inputs())
    return False
