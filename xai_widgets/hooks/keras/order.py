"""Which instances are in the batches that Keras makes: the index travels beside ``(x, y, sample_weight)``.

Keras cuts arrays into batches by a permutation of its own. The arrays of one fit's data adapter get one more, which the
same permutation cuts: nothing is drawn anew, and what ``train_step`` is given stays as it was.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks._common.same_samples import SameSamples, numbers_of
from xai_widgets.hooks.keras.data import (
    TARGET,
    is_indexed_py_dataset,
    is_marked,
    named_part,
    targets_of_pipeline,
)
from xai_widgets.hooks.keras.edited_data import is_edited
from xai_widgets.hooks.keras.edited_tf import edited_tf_data_of

BESIDE, DATA = "xai_widgets index", "xai_widgets data"
ROWS = 32  # bits of a number (batch, row) for the row
UNKNOWN = -(2**63)  # the index of a row that nothing names

Array = npt.NDArray[Any]


def take_out(data: Any) -> tuple[Any, Any]:
    """Return what a step is given without its index, and the index; None where there is none."""
    if isinstance(data, dict) and set(data) == {BESIDE, DATA}:
        return data[DATA], data[BESIDE]
    if isinstance(data, (tuple, list)) and len(data) > 1 and is_marked(data[1]):
        return (data[0], data[1][TARGET], *data[2:]), data[1][INDEX]
    return data, None


class Names:
    """What numbers in the rows of a pass mean.

    Attributes
    ----------
    named_by
        How instances got their names, in words.
    targets
        A number made of each target (N,) that the data set has in memory, by position; the pipeline may change them.
    same
        Compares the targets of names with those that came before; None where the data has them at hand, or edits change them.
    """

    named_by = "the index in their batches"
    same: SameSamples | None = None
    targets: Array | None = None
    refuted = False  # whether the targets of rows were found to be others than those of their names
    epoch = 0  # of the pass that `same` looks at

    def __init__(self, targets: Any = None, edited: bool = False) -> None:
        self.same = None if edited else SameSamples()
        self.targets = None if edited or targets is None else numbers_of(targets, len(targets))

    def of(self, numbers: Array) -> Any:
        """Return names (B,) of rows; `UNKNOWN` for those that are not known now, or will be later."""
        return numbers

    def labels(self, numbers: Array) -> Any:
        """Return the labels that the data has for rows; None where they are not at hand."""
        return None


class ArrayNames(Names):
    """Rows of arrays: the numbers are positions."""

    def __init__(self, named: Any, alone: bool) -> None:
        self._index = named.index
        self._labels = np.asarray(named) if alone else None
        by_place = named.index.dtype.kind == "i" and bool((np.diff(named.index) == 1).all())
        self.named_by = "their position in the arrays" if by_place else "the index given with the arrays"

    def of(self, numbers: Array) -> Any:
        """Return the names of positions."""
        return self._index[numbers]

    def labels(self, numbers: Array) -> Any:
        """Return the targets at positions."""
        return None if self._labels is None else self._labels[numbers]


class EditedNames(Names):
    """Rows of data under edits: the numbers are positions, or names themselves."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.named_by = dataset.source.named_by

    def of(self, numbers: Array) -> Any:
        """Return the names of rows."""
        names = self._dataset.source.names
        return numbers if names is None else names[numbers]

    def labels(self, numbers: Array) -> Any:
        """Return the targets that the data has for rows, as the edits of the present epoch give them."""
        given = self._dataset.source.given(numbers)
        return None if given is None else self._dataset.epoch.edits.targets_of(numbers, given)


class BatchNames(Names):
    """Rows of a PyDataset without a key: the numbers are batch and row, and an instance's name is how many come before.

    Batches may be of any size. Until all before a batch were seen it is not known where it begins.
    """

    named_by = "their position in the PyDataset"

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[int, int] = {}
        self._starts = [0]  # of the batches before which all are known
        self.changed: set[int] = set()  # batches whose size was another before

    def see(self, numbers: Array) -> None:
        """Learn how long batches are; `numbers` hold whole batches."""
        batches = np.unique(numbers >> ROWS)
        last = np.zeros(len(batches), np.int64)
        np.maximum.at(last, np.searchsorted(batches, numbers >> ROWS), numbers & ((1 << ROWS) - 1))
        for batch, size in zip(batches.tolist(), (last + 1).tolist(), strict=True):
            if self._sizes.setdefault(batch, size) != size:
                self.changed.add(batch)
        while len(self._starts) - 1 in self._sizes:
            self._starts.append(self._starts[-1] + self._sizes[len(self._starts) - 1])

    def of(self, numbers: Array) -> Any:
        """Return the positions of rows; `UNKNOWN` where a batch before them was not seen yet."""
        batch, row = numbers >> ROWS, numbers & ((1 << ROWS) - 1)
        starts = np.asarray(self._starts)
        known = batch < len(starts)
        return np.where(known, starts[np.where(known, batch, 0)] + row, UNKNOWN)


class _ToldBatches:
    """The batches of an indexed PyDataset with the numbers of their rows, for one data adapter."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    @property
    def num_batches(self) -> Any:
        return self.dataset.num_batches

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, place: int) -> Any:
        if is_edited(self.dataset):
            return self.dataset.numbered(place)
        batch = self.dataset[place]
        return _row_numbers(batch, place, self.dataset.key), batch

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)


def _row_numbers(batch: Any, place: int, key: Any) -> Array:
    size = _rows(batch)
    if key is None:
        return np.arange(size, dtype=np.int64) + (place << ROWS)
    try:
        names = np.asarray(key(place)).astype(np.int64, casting="same_kind").reshape(-1)
    except Exception:  # a key of the user's own must not end his training; rows without a name are told of
        names = np.zeros(0, np.int64)
    return names if len(names) == size else np.full(size, UNKNOWN, np.int64)


def _rows(batch: Any) -> int:
    part = batch
    while isinstance(part, (dict, list, tuple)):
        part = next(iter(part.values() if isinstance(part, dict) else part))
    return len(part)


_told: weakref.WeakKeyDictionary[Any, Names] = weakref.WeakKeyDictionary()


def edited_of(iterator: Any) -> Any:
    """Return what puts the data of Keras' `iterator` under edits; None where nothing does.

    Raises
    ------
    ValueError
        A tf.data pipeline that keeps elements of one epoch for the next ones.
    """
    adapter = iterator.data_adapter
    dataset = getattr(adapter, "py_dataset", None)
    if dataset is not None:
        dataset = dataset.dataset if isinstance(dataset, _ToldBatches) else dataset
        return dataset if is_edited(dataset) else None
    pipeline = getattr(adapter, "_dataset", None)
    return edited_tf_data_of(pipeline) if hasattr(pipeline, "_inputs") else None


def name_batches(iterator: Any) -> Names | None:
    """Have the batches of Keras' `iterator` carry the index of their rows, if what it iterates over was `indexed`.

    Returns
    -------
    Names
        What the numbers in the rows mean; None where the data has no names.
    """
    adapter = iterator.data_adapter
    if adapter in _told:
        return _told[adapter]
    dataset = getattr(adapter, "py_dataset", None)
    if hasattr(adapter, "_inputs"):
        names = _name_arrays(adapter)
    elif is_indexed_py_dataset(dataset) or is_edited(dataset):
        names = _name_py_dataset(adapter, dataset)
    else:
        names = _name_elements(iterator)
    if names is not None:
        _told[adapter] = names
        if hasattr(
            iterator, "_distributed_dataset"
        ):  # TensorFlow: the pipeline was built from the arrays before
            iterator._distributed_dataset = (
                None  # before the new one, so that there is no second copy of them
            )
            iterator._distributed_dataset = iterator._distribute_strategy.experimental_distribute_dataset(
                adapter.get_tf_dataset()
            )
    return names


def _name_elements(iterator: Any) -> Names | None:
    """Return names of data whose index rides in its targets."""
    adapter = iterator.data_adapter
    pipeline = getattr(adapter, "_dataset", None)
    first = getattr(adapter, "_first_batches", None) or [getattr(pipeline, "element_spec", None)]
    if take_out(first[0])[1] is None:
        return None
    targets = targets_of_pipeline(pipeline) if hasattr(pipeline, "_inputs") else None
    try:
        edited = edited_of(iterator) is not None
    except ValueError:  # of a pipeline that edits refuse
        edited = True
    return Names(targets, edited)


def _name_arrays(adapter: Any) -> Names | None:
    inputs = adapter._inputs
    y = inputs[1] if isinstance(inputs, tuple) and len(inputs) > 1 else None
    named = named_part(y)
    if named is None:
        return None
    adapter._inputs = {BESIDE: np.arange(adapter._num_samples, dtype=np.int64), DATA: inputs}
    return ArrayNames(named, alone=named is y)


def _name_py_dataset(adapter: Any, dataset: Any) -> Names:
    told, standardize = _ToldBatches(dataset), adapter._standardize_batch
    adapter.py_dataset = told
    if adapter.enqueuer is not None:
        adapter.enqueuer.py_dataset = told
    adapter._standardize_batch = lambda pair: {BESIDE: pair[0], DATA: standardize(pair[1])}
    if adapter._output_signature is not None:
        import tensorflow as tf

        index = tf.TensorSpec((None,), tf.int64)
        adapter._output_signature = {BESIDE: index, DATA: adapter._output_signature}
    if is_edited(dataset):
        return EditedNames(dataset)
    return BatchNames() if dataset.key is None else _KeyNames()


class _KeyNames(Names):
    named_by = "the key given with the PyDataset"
