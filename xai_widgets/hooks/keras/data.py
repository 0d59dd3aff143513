"""`indexed`: Keras data that say which instances they hold.

Arrays stay arrays: their targets know their names, and the index travels beside ``(x, y, sample_weight)``, never in them
(see `order`). A ``tf.data`` set or a generator goes through the user's own functions before Keras sees it; there the index
rides in the targets, ``{"y": y, "index": index}``, and is taken out again before ``train_step`` sees them.
"""

from __future__ import annotations

import functools
import sys
import weakref
from typing import Any

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.instance_ids import INDEX, Key, key_reader
from xai_widgets.hooks._common.require import require
from xai_widgets.hooks.keras.edited_data import edited_arrays, edited_py_dataset
from xai_widgets.hooks.keras.edited_tf import edited_tf_data

TARGET = "y"  # the other entry of an indexed target
# of indexed tf.data sets, in memory
_targets: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


class Named(np.ndarray[Any, Any]):
    """Targets that know which instances they are of; in all else the array that they were.

    Attributes
    ----------
    index
        (N,) names of the rows; None for what was computed from them, whose rows may be others.
    """

    index: Any = None

    def __array_finalize__(self, source: Any) -> None:
        """Forget the names: only choosing rows keeps them."""
        self.index = None

    def __getitem__(self, part: Any) -> Any:
        """Return a part; rows that are chosen keep their names."""
        got = super().__getitem__(part)
        rows = isinstance(part, slice) or (isinstance(part, (list, np.ndarray)) and np.ndim(part) == 1)
        if rows and self.index is not None and isinstance(got, Named):
            got.index = self.index[part]
        return got


def is_marked(y: Any) -> bool:
    """Whether a target carries an index in itself."""
    return isinstance(y, dict) and set(y) == {TARGET, INDEX}


def indexed_arrays(x: Any, y: Any, sample_weight: Any, index: Any) -> tuple[Any, ...]:
    """Return ``(x, y[, sample_weight])`` whose targets know their names."""
    target = _named(y, row_names(y, index))
    return (x, target) if sample_weight is None else (x, target, sample_weight)


def row_names(y: Any, index: Any) -> Any:
    """Return the names (N,) of the rows of targets: their positions, or the `index` that was given."""
    size = _length(y)
    names = np.arange(size, dtype=np.int64) if index is None else np.asarray(index)
    if names.dtype.kind not in "iuUS":
        raise TypeError(
            f"index has dtype {names.dtype}; expected integers or strings that name the instances"
        )
    if names.shape != (size,):
        raise ValueError(f"index has shape {names.shape} for {size} targets; expected ({size},)")
    return names


def _named(y: Any, names: Any) -> Any:
    if isinstance(y, dict):
        return {key: _named(part, names) for key, part in y.items()}
    if isinstance(y, (list, tuple)):
        return type(y)(_named(part, names) for part in y)
    if y is None:
        return None
    array = np.asarray(y.detach().cpu() if hasattr(y, "detach") else y)
    if array.dtype == object and len(array) and not isinstance(array[0], str):
        raise TypeError(
            f"targets of type {type(y).__name__} are no array of numbers; expected arrays, or dicts and lists of arrays"
        )
    named = array.view(Named)
    named.index = names
    return named


def named_part(y: Any) -> Named | None:
    """Return the first of some targets, in dicts or lists, that knows its names."""
    if isinstance(y, (dict, list, tuple)):
        parts = y.values() if isinstance(y, dict) else y
        return next((found for found in map(named_part, parts) if found is not None), None)
    return y if isinstance(y, Named) and y.index is not None else None


def _length(y: Any) -> int:
    while isinstance(y, (dict, list, tuple)) and len(y):
        first = next(iter(y.values())) if isinstance(y, dict) else y[0]
        if not hasattr(first, "__len__"):
            break
        y = first
    if not hasattr(y, "shape") or not len(y.shape):
        raise TypeError(
            f"expected arrays of targets, got {type(y).__name__}; np.asarray(y) makes one of a list"
        )
    return int(y.shape[0])


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

    made = dataset.enumerate().map(named)
    targets = None if key is not None else _targets_in_memory(dataset)
    if targets is not None:
        _targets[made] = targets
    return made


def _targets_in_memory(dataset: Any) -> Any:
    """Return the targets (N, ...) of ``from_tensor_slices((x, y))``; None for other sets, and for several targets."""
    import tensorflow as tf

    if type(dataset).__name__ != "_TensorSliceDataset" or not isinstance(dataset.element_spec, tuple):
        return None
    parts = tf.nest.pack_sequence_as(dataset.element_spec, dataset._tensors)
    return parts[1] if len(parts) > 1 and hasattr(parts[1], "numpy") else None


def targets_of_pipeline(dataset: Any) -> Any:
    """Return the targets (N, ...) in the memory of the indexed set that a pipeline is made of; None where that is not one."""
    found, pending = [], [dataset]
    while pending:
        one = pending.pop()
        if one in _targets:
            found.append(_targets[one])
        else:
            pending.extend(source for source in one._inputs() if source is not one)
    return found[0].numpy() if len(found) == 1 else None


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
        if "Repeat" in kind:
            raise ValueError(
                "this tf.data set is repeated already, so one element has several positions. Call indexed(dataset) "
                "first: indexed(dataset).repeat()."
            )
        pending.extend(source for source in one._inputs() if source is not one)


@functools.cache
def _py_dataset_class(keras: Any) -> Any:
    class IndexedPyDataset(keras.utils.PyDataset):
        """A PyDataset whose batches can be told; it yields them as they are."""

        def __init__(self, dataset: Any, key: Any) -> None:
            super().__init__(
                workers=dataset.workers,
                use_multiprocessing=dataset.use_multiprocessing,
                max_queue_size=dataset.max_queue_size,
            )
            self.dataset = dataset
            self.key = key

        @property
        def num_batches(self) -> Any:
            return self.dataset.num_batches

        def __len__(self) -> int:
            return len(self.dataset)

        def __getitem__(self, place: int) -> Any:
            return self.dataset[place]

        def on_epoch_begin(self) -> None:
            self.dataset.on_epoch_begin()

        def on_epoch_end(self) -> None:
            self.dataset.on_epoch_end()

    return IndexedPyDataset


def is_indexed_py_dataset(dataset: Any) -> bool:
    """Whether `indexed` made this PyDataset."""
    return type(dataset).__name__ == "IndexedPyDataset" and type(dataset).__module__ == __name__


def indexed_py_dataset(dataset: Any, key: Any) -> Any:
    """Wrap a PyDataset whose instances are named by their position in it, batch after batch, or as `key` tells."""
    keras = require("keras")
    own = type(dataset)
    for name in ("on_epoch_end", "on_epoch_begin"):
        if key is None and getattr(own, name) is not getattr(keras.utils.PyDataset, name):
            raise ValueError(
                f"{own.__name__}.{name} may reorder the samples between epochs, so batch i is not always the same "
                "instances. Give key=function(i) -> the indices of batch i in the present order."
            )
    return _py_dataset_class(keras)(dataset, key)


def indexed(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    index: Any = None,
    key: Any = None,
    edits: Edits | None = None,
    batch_size: int = 32,
    mode: str = "train",
    ds_id: str | None = None,
) -> Any:
    """Name the instances of Keras data; see `xai_widgets.hooks.keras.indexed`."""
    if edits is not None and not isinstance(edits, Edits):
        raise TypeError(f"edits= expects an xai_widgets.Edits; got {type(edits).__name__}")
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(x, tensorflow.data.Dataset):
        named = indexed_tf_data(x, key)
        return named if edits is None else edited_tf_data(named, edits, mode, ds_id, key)
    keras = require("keras")
    if edits is not None and keras.backend.backend() not in ("tensorflow", "torch"):
        raise ValueError(
            f"edits= works on the backends tensorflow and torch, not on {keras.backend.backend()}; with another, apply them in "
            "a PyDataset of your own: label, weight, keep = edits.apply(index, label)"
        )
    if isinstance(x, keras.utils.PyDataset):
        if edits is not None:
            return edited_py_dataset(x, key, edits, mode, ds_id)
        return indexed_py_dataset(x, key)
    if y is None:
        raise TypeError(
            f"cannot name the instances of a {type(x).__name__}: the order in which it yields does not name them. "
            "Expected arrays indexed(x, y), a tf.data set before its shuffle, or a keras.utils.PyDataset; a generator "
            'can yield (x, {"y": y, "index": index}) itself.'
        )
    if edits is not None:
        return edited_arrays(x, y, sample_weight, row_names(y, index), edits, batch_size, mode, ds_id)
    return indexed_arrays(x, y, sample_weight, index)
