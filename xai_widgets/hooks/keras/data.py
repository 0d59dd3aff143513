"""`indexed`: Keras data whose targets say which instances they belong to."""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np

from xai_widgets.hooks._common.instance_ids import INDEX, Key, key_reader
from xai_widgets.hooks._common.require import require

TARGET = "y"  # the other entry of an indexed target


def is_marked(y: Any) -> bool:
    """Whether a target carries an index."""
    return isinstance(y, dict) and set(y) == {TARGET, INDEX}


def indexed_arrays(x: Any, y: Any, sample_weight: Any, index: Any) -> tuple[Any, ...]:
    """Return ``(x, {"y": y, "index": index}[, sample_weight])``."""
    size = _length(y)
    names = np.arange(size, dtype=np.int64) if index is None else np.asarray(index)
    if names.dtype.kind not in "iu":
        raise TypeError(
            f"index has dtype {names.dtype}; tensors of graphs hold numbers only. Leave index away (positions are used) "
            "and give TrackerCallback(..., names=[...]) the names of the positions"
        )
    if names.shape != (size,):
        raise ValueError(f"index has shape {names.shape} for {size} targets; expected ({size},)")
    target = {TARGET: y, INDEX: names.astype(np.int64)}
    return (x, target) if sample_weight is None else (x, target, sample_weight)


def _length(y: Any) -> int:
    while isinstance(y, (dict, list, tuple)):
        y = next(iter(y.values())) if isinstance(y, dict) else y[0]
    if not hasattr(y, "__len__"):
        raise TypeError(f"expected arrays of targets, got {type(y).__name__}")
    return len(y)


def indexed_tf_data(dataset: Any, key: Key | None) -> Any:
    """Enumerate a tf.data set of single ``(x, y[, weight])`` elements."""
    require("tensorflow")
    if key is None:
        check_tf_order(dataset)
    read = None if key is None else key_reader(key)

    def named(place: Any, element: Any) -> Any:
        if not isinstance(element, tuple) or len(element) < 2:
            raise TypeError(
                f"expected elements (x, y) or (x, y, sample_weight), got {type(element).__name__}"
            )
        x, y, *rest = element
        return (x, {TARGET: y, INDEX: place if read is None else read(element)}, *rest)

    return dataset.enumerate().map(named)


def check_tf_order(dataset: Any) -> None:
    """Refuse a tf.data set whose order is not the identity of its elements."""
    pending, way_out = [dataset], "Call indexed(dataset) first: indexed(dataset).shuffle(...).batch(...)"
    while pending:
        one = pending.pop()
        kind = type(one).__name__
        if "Shuffle" in kind:
            raise ValueError(
                f"this tf.data set is shuffled already, so a position names no element. {way_out}."
            )
        if "Interleave" in kind or "SampleFrom" in kind or "Directed" in kind:
            raise ValueError(
                f"this tf.data set mixes its sources ({kind}); give key=function(element) -> int."
            )
        if kind in ("_BatchDataset", "_ParallelBatchDataset", "_PaddedBatchDataset"):
            raise ValueError(
                f"this tf.data set is batched already; positions name single elements. {way_out}."
            )
        pending.extend(source for source in one._inputs() if source is not one)


@functools.cache
def _py_dataset_class(keras: Any) -> Any:
    class IndexedPyDataset(keras.utils.PyDataset):
        """A PyDataset whose targets carry their index."""

        def __init__(self, dataset: Any, key: Any) -> None:
            super().__init__(
                workers=dataset.workers,
                use_multiprocessing=dataset.use_multiprocessing,
                max_queue_size=dataset.max_queue_size,
            )
            self.dataset = dataset
            self._key = key
            self._size = 0 if key is not None else _length(dataset[0][1])

        @property
        def num_batches(self) -> Any:
            return self.dataset.num_batches

        def __len__(self) -> int:
            return len(self.dataset)

        def __getitem__(self, place: int) -> Any:
            x, y, *rest = self.dataset[place]
            if self._key is not None:
                names = np.asarray(self._key(place), dtype=np.int64)
            else:
                names = np.arange(_length(y), dtype=np.int64) + place * self._size
            return (x, {TARGET: y, INDEX: names}, *rest)

        def on_epoch_begin(self) -> None:
            self.dataset.on_epoch_begin()

        def on_epoch_end(self) -> None:
            self.dataset.on_epoch_end()

    return IndexedPyDataset


def indexed_py_dataset(dataset: Any, key: Any) -> Any:
    """Wrap a PyDataset whose batch i holds the instances from i times the batch size on, or those that `key` tells."""
    keras = require("keras")
    own = type(dataset)
    for name in ("on_epoch_end", "on_epoch_begin"):
        if key is None and getattr(own, name) is not getattr(keras.utils.PyDataset, name):
            raise ValueError(
                f"{own.__name__}.{name} may reorder the samples between epochs, so batch i is not always the same "
                "instances. Give key=function(i) -> the indices of batch i in the present order."
            )
    return _py_dataset_class(keras)(dataset, key)


def indexed(x: Any, y: Any = None, sample_weight: Any = None, *, index: Any = None, key: Any = None) -> Any:
    """Name the instances of Keras data; see `xai_widgets.hooks.keras.indexed`."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(x, tensorflow.data.Dataset):
        return indexed_tf_data(x, key)
    keras = require("keras")
    if isinstance(x, keras.utils.PyDataset):
        return indexed_py_dataset(x, key)
    if y is None:
        raise TypeError(
            f"cannot name the instances of a {type(x).__name__}: the order in which it yields does not name them. "
            "Expected arrays indexed(x, y), a tf.data set before its shuffle, or a keras.utils.PyDataset; a generator "
            'can yield (x, {"y": y, "index": index}) itself.'
        )
    return indexed_arrays(x, y, sample_weight, index)
