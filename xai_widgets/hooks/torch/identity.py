"""Whether the rows of a batch are the samples that the loader's order names, in that order.

Samples are seen where the loader fetches them (`witness`); where that is not possible, the labels that lie in the data
set's memory are compared. A collate function that drops, sorts, pairs or repeats rows is found out by either.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.hooks._common.data_labels import labels_in_memory
from xai_widgets.hooks._common.evidence import ENOUGH, Proof, is_function, orders_of_rows, same_labels
from xai_widgets.hooks.torch.loss.batch_side import LABEL_PATHS
from xai_widgets.hooks.torch.witness import FIRST, RARELY, Fetched, Path, leaves

Array = npt.NDArray[Any]
OFTEN = 16  # labels in memory are compared in one batch of so many
COLLATE = (
    "Let the collate function carry the names: indexed = xai_widgets.hooks.torch.Indexed(dataset); "
    "DataLoader(indexed, collate_fn=indexed.collate(collate_fn)) where it keeps the order, or give index=function(batch)"
)


class Rows:
    """Compares the batches of one loader with what its data set gives.

    Attributes
    ----------
    by_place
        Whether a sample's name is its place in the whole data set.
    """

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._batches = 0  # of this pass
        self._memory: Any = None
        self._memory_of: Any = None
        self._lost = False
        self._mapped: set[Path] = set()  # parts that a collate function or transform changes, row by row
        self._pairs: dict[Path, Path] = {}  # where a part of a sample is found in a batch
        dataset = getattr(loader, "dataset", None)
        self.by_place = not hasattr(dataset, "key") or (
            getattr(dataset, "key", 0) is None and not getattr(dataset, "keep", False)
        )

    @property
    def known(self) -> bool:
        """Whether it is known where a sample's parts are in a batch."""
        return bool(self._pairs)

    def targets(self, batch: Any) -> Any:
        """Return the targets of a batch where they were seen to be those of its samples, and not made by its collate function."""
        carried = [path for path in self._pairs.values() if path in LABEL_PATHS]
        return dict(leaves(batch)).get(carried[0]) if carried else None

    def again(self) -> None:
        """Begin another pass: look at its first batches again."""
        self._batches = 0

    def prove(self, proof: Proof, names: Any, places: Any, batch: Any, fetched: Fetched | None) -> None:
        """Compare one batch; what does not agree is refused at `proof`."""
        seen, self._batches = self._batches, self._batches + 1
        if (
            fetched is None
            and proof.rows_seen
            and seen % OFTEN
            and not self._lost
            and _plain(batch, len(names))
        ):
            return
        self._look(proof, names, places, batch, fetched, seen)
        if not self._lost and not proof.may_record:
            self._lost = True
            proof.withdraw()
        if self._lost and proof.may_record:
            # one batch in another order than its names: those that were not looked at are no better
            proof.may_record = False
            proof.refused += 1

    def _look(
        self, proof: Proof, names: Any, places: Any, batch: Any, fetched: Fetched | None, seen: int
    ) -> None:
        if fetched is not None:
            self._against_samples(proof, names, batch, fetched)
            if places is not None and proof.may_record and (seen < FIRST or seen % RARELY == 0):
                self._as_asked(proof, places, batch)
        elif ((seen < FIRST or seen % OFTEN == 0) and places is not None and not proof.rows_seen) or (
            seen % RARELY == 0 and places is not None
        ):
            self._against_memory(proof, places, batch)

    # samples as they were fetched

    def _against_samples(self, proof: Proof, names: Any, batch: Any, fetched: Fetched) -> None:
        parts = dict(leaves(batch))
        if len(names) != fetched.count or not self._count(proof, fetched.count, list(parts.values())):
            return
        whole = len(fetched.rows) == fetched.count
        agreed, alike, orders = False, False, 0.0
        for path, values in fetched.parts.items():
            told = self._part(proof, path, values, parts, fetched, whole)
            if told is False:
                return
            agreed, alike = agreed or told is True, alike or told == "alike"
            if told is True and proof.orders < ENOUGH:
                orders = max(orders, orders_of_rows(_stacked(values)))
        if agreed or self._contents(parts, fetched):
            proof.proved(len(fetched.rows), orders or math.log(max(1, fetched.count * (fetched.count - 1))))
        elif alike and not proof.rows_proved:
            proof.leave_open("labels", "those of the batches that were looked at are alike")
        elif not proof.rows_proved:
            proof.warn(
                "rows",
                f"nothing in a {proof.mode} batch is what its samples were when they were fetched (the collate function mixes "
                "or changes them), so which sample a row is was taken from the order alone",
                COLLATE,
            )

    @staticmethod
    def _count(proof: Proof, count: int, parts: list[Any]) -> bool:
        """Refuse a batch of which nothing has as many rows as it has names."""
        sides = [_sides(one) for one in parts]
        if not any(sides) or any(count in one for one in sides):
            return True
        made = ", ".join(map(str, sorted({one[0] for one in sides if one})))
        proof.refuse(
            "labels",
            f"a {proof.mode} batch has {made} rows of {count} samples, so nobody can tell which sample a row is, and such "
            "batches are not recorded",
            COLLATE,
        )
        return False

    def _part(
        self,
        proof: Proof,
        path: Path,
        values: list[Any],
        parts: dict[Path, Any],
        fetched: Fetched,
        whole: bool,
    ) -> bool | str | None:
        """Compare one part of the samples with its place in the batch.

        Returns
        -------
        bool, str or None
            Whether it agrees (where it does not, the batch is refused), "alike" where any order would, None where that cannot
            be told.
        """
        if path in self._mapped:
            return None
        given = _stacked(values)
        if given is None:
            return None
        there = self._pairs.get(path)
        if there is None:
            there = path if path in parts and _fits(parts[path], given, fetched.count) else None
            if there is None or not same_labels(given, _taken(parts[there], fetched.rows)).all():
                there = _equal_part(given, parts, fetched) or there
            if there is None:
                return None
        found = _taken(parts.get(there), fetched.rows)
        if found is None:
            return None
        same = same_labels(given, found)
        if same.all():
            if not bool((given != given[:1]).any()):
                return "alike"
            self._pairs.setdefault(path, there)
            return True
        told = is_function(given, found)
        if path in self._pairs or told is False or (whole and _is_reordered(given, found)):
            proof.labels(given, found, COLLATE)
            return False
        if told:
            self._mapped.add(path)
        return None

    @staticmethod
    def _contents(parts: dict[Path, Any], fetched: Fetched) -> bool:
        for path, rows in fetched.contents.items():
            leaf = _rows(parts.get(path))
            if leaf is None or leaf.shape[:1] != (fetched.count,):
                continue
            for row, content in rows.items():
                if leaf[row].shape != content.shape:
                    break
                if not np.allclose(leaf[row], content, rtol=1e-3, atol=1e-5, equal_nan=True):
                    break
            else:
                return True
        return False

    # labels in memory

    def _against_memory(self, proof: Proof, places: Any, batch: Any) -> None:
        labels = self._labels()
        at = np.asarray(places)
        if labels is None or at.dtype.kind not in "iu" or ("memory",) in self._mapped:
            proof.leave_open(
                "labels", "the data set's labels do not lie in memory, and its samples were not seen"
            )
            return
        try:
            given = np.asarray(labels(at))
        except (IndexError, KeyError, TypeError, ValueError):
            proof.leave_open("labels", "the data set's labels could not be read")
            return
        parts = dict(leaves(batch))
        fetched = Fetched(len(at), list(range(len(at))), {}, {})
        if not self._count(proof, len(at), list(parts.values())):
            return
        there: Path | None = self._pairs.get(("memory",)) or _equal_part(given, parts, fetched)
        if there is None:
            fitting = [path for path in LABEL_PATHS if path in parts and _fits(parts[path], given, len(at))]
            there = fitting[0] if fitting else None
        found = None if there is None else _taken(parts.get(there), fetched.rows)
        if found is None:
            proof.leave_open("labels", "no part of a batch was found to be the data set's labels")
            return
        told = is_function(given, found)
        if same_labels(given, found).all():
            self._pairs[("memory",)] = there or ()
            proof.labels(given, found)
        elif ("memory",) in self._pairs or told is False or _is_reordered(given, found):
            proof.labels(given, found)
        else:
            if told:
                self._mapped.add(("memory",))
            proof.leave_open("labels", "the data set transforms its labels, and its samples were not seen")

    def _as_asked(self, proof: Proof, places: Any, batch: Any) -> None:
        """Tell where the data set gives other samples than it is asked for, as some do for those that they cannot read."""
        labels, at = self._labels(), np.asarray(places)
        if labels is None or at.dtype.kind not in "iu":
            return
        try:
            given = np.asarray(labels(at))
        except (IndexError, KeyError, TypeError, ValueError):
            return
        parts = dict(leaves(batch))
        there = next(
            (path for path in LABEL_PATHS if path in parts and _fits(parts[path], given, len(at))), None
        )
        found = None if there is None else _taken(parts[there], list(range(len(at))))
        if found is None:
            return
        same = same_labels(given, found)
        if same.mean() > 0.5 and not same.all():
            row = int(np.argmin(same))
            proof.warn(
                "asked",
                f"the data set's labels in memory say {given[row]} for a {proof.mode} sample that came with {found[row]}, while "
                "most agree: it gives another sample than it is asked for, or changes labels; recorded is what was asked for",
                "If it gives other samples, have it return their index too, and give index=",
            )

    def _labels(self) -> Any:
        dataset = getattr(self._loader, "dataset", None)
        if self._memory_of is not dataset:
            self._memory_of = dataset
            while dataset is not None and (
                type(dataset).__name__ == "Indexed"
                or any(b.__name__ == "Subset" for b in type(dataset).__mro__)
            ):
                dataset = dataset.dataset
            self._memory = labels_in_memory(dataset)
        return self._memory


def _plain(batch: Any, count: int) -> bool:
    """Whether a batch begins with something that has a row for each of its names: soon told of most."""
    if type(batch) in (list, tuple) and batch:
        shape = getattr(batch[0], "shape", None)
        return shape is not None and len(shape) > 0 and bool(shape[0] == count)
    return False


def _rows(value: Any) -> Array | None:
    if value is None:
        return None
    if hasattr(value, "detach"):
        try:
            value = value.detach().cpu()
            return np.asarray(value.float() if str(value.dtype) == "torch.bfloat16" else value)
        except (RuntimeError, TypeError):
            return None
    if isinstance(value, (list, tuple, np.ndarray)):
        try:
            return np.asarray(value)
        except ValueError:
            return None
    return None


def _sides(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", None)
    if shape is None:
        return (len(value),) if isinstance(value, (list, tuple)) else ()
    return tuple(int(side) for side in shape[:2])


def _stacked(values: list[Any]) -> Array | None:
    if any(value is None for value in values):
        values = [np.nan if value is None else value for value in values]
    try:
        array = np.asarray(values)
    except ValueError:  # of different lengths
        return None
    return None if array.dtype == object else array


def _taken(value: Any, rows: list[int]) -> Array | None:
    array = _rows(value)
    return None if array is None or array.ndim == 0 or len(array) <= max(rows) else array[rows]


def _fits(value: Any, given: Array, count: int) -> bool:
    return bool(_sides(value)[:1] == (count,)) and _size_of_row(value) in (1, int(np.prod(given.shape[1:])))


def _size_of_row(value: Any) -> int:
    shape = getattr(value, "shape", (0,))
    return int(np.prod([int(side) for side in shape[1:]]))


def _equal_part(given: Array, parts: dict[Path, Any], fetched: Fetched) -> Path | None:
    """Find the part of a batch that has these values."""
    if not bool((given != given[:1]).any()):
        return None
    for path, value in parts.items():
        if _sides(value)[:1] == (fetched.count,) and _size_of_row(value) <= max(
            64, int(np.prod(given.shape[1:]))
        ):
            found = _taken(value, fetched.rows)
            if (
                found is not None
                and found.dtype.kind in given.dtype.kind + "iufb"
                and same_labels(given, found).all()
            ):
                return path
    return None


def _is_reordered(given: Array, found: Array) -> bool:
    """Whether the values are the same, in another order."""
    if given.shape != found.reshape(given.shape if found.size == given.size else found.shape).shape:
        return False
    one, other = given.reshape(len(given), -1), found.reshape(len(found), -1)
    try:
        return bool(
            np.allclose(np.sort(one, axis=None).astype(float), np.sort(other, axis=None).astype(float))
        )
    except (TypeError, ValueError):
        return bool(
            np.array_equal(np.sort(one.astype(str), axis=None), np.sort(other.astype(str), axis=None))
        )
