"""Keras data under edits: a PyDataset whose epochs have the edits that are in force when they begin.

Keras cuts arrays into batches once for all epochs; here each epoch is cut anew, out of the order that Keras would have drawn for
the arrays, without the rows that are excluded. What Keras decides too early is set right when an epoch begins: how many
batches it has, and what its workers fetched ahead.
"""

from __future__ import annotations

import functools
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from xai_widgets.edits import Edits, EditState
from xai_widgets.hooks._common.require import require
from xai_widgets.hooks.keras.edited import (
    SEVERAL,
    EpochEdits,
    epoch_edits,
    no_edits,
    numbered_by_name,
    numbered_by_position,
)
from xai_widgets.hooks.keras.running import Running, check_whole_passes, running, tell_steps

Array = npt.NDArray[Any]
Draw = Callable[[], Iterator[Array]]  # some rows after the other


class Epoch(Protocol):
    """The batches of one epoch."""

    count: int
    edits: EpochEdits

    def numbered(self, place: int) -> tuple[Array, tuple[Any, Any, Any]]:
        """Return the numbers (B,) of a batch's rows, and ``(x, y, sample_weight)``."""
        ...


class Source(Protocol):
    """Where the samples are from."""

    names: Array | None  # of the rows that numbers are positions of; None where numbers are names
    named_by: str
    batch_size: int  # 0 for batches that are cut already
    size: int  # rows; 0 where only batches are known

    def edits(self, state: Any, tell: Callable[[str], None]) -> EpochEdits:
        """Give the edits in force their numbers."""
        ...

    def epoch(self, edits: EpochEdits, draw: Draw | None) -> Epoch:
        """Return an epoch; `draw` gives the order of its rows."""
        ...

    def given(self, numbers: Array) -> Array | None:
        """Return the targets (B, ...) that the data has for rows, before edits; None where they are not at hand."""
        ...

    def ended(self) -> None:
        """Hear that an epoch is over."""
        ...


class Arrays:
    """Arrays as ``fit`` takes them, each a leaf of a structure of dicts and lists.

    Parameters
    ----------
    x, y, sample_weight
        (N, ...) each; `sample_weight` may be None.
    names
        (N,) integers or strings.
    batch_size
        Rows in a batch.
    """

    def __init__(self, x: Any, y: Any, sample_weight: Any, names: Array, batch_size: int) -> None:
        tree = require("keras").tree
        self._x, self._y, self._weight = (_map(_array, part) for part in (x, y, sample_weight))
        self.names: Array | None = names
        self.size, self.batch_size = len(names), batch_size
        for leaf in tree.flatten((self._x, self._y, self._weight)):
            if leaf is not None and leaf.shape[:1] != (self.size,):
                raise ValueError(
                    f"an array has shape {leaf.shape} beside {self.size} targets; expected {self.size} rows in each"
                )
        by_place = names.dtype.kind == "i" and bool((np.diff(names) == 1).all())
        self.named_by = "their position in the arrays" if by_place else "the index given with the arrays"

    def edits(self, state: Any, tell: Callable[[str], None]) -> EpochEdits:
        """Give the edits in force the numbers of their positions."""
        assert self.names is not None
        numbered = numbered_by_position(state, self.names)
        single = isinstance(self._y, np.ndarray)
        return epoch_edits(state, numbered, self._y[numbered.numbers] if single else None, tell)

    def epoch(self, edits: EpochEdits, draw: Draw | None) -> ArrayEpoch:
        """Return an epoch."""
        return ArrayEpoch(self, edits, draw or (lambda: iter([np.arange(self.size)])))

    def given(self, numbers: Array) -> Array | None:
        """Return the targets at positions."""
        return self._y[numbers] if isinstance(self._y, np.ndarray) else None

    def ended(self) -> None:
        """Arrays stay as they are."""

    def batch(self, rows: Array, edits: EpochEdits) -> tuple[Any, Any, Any]:
        """Return the batch of some rows."""
        floats = require("keras").config.floatx()

        def take(array: Any) -> Any:
            part = array[rows]
            return part.astype(floats) if part.dtype.kind == "f" and part.dtype != floats else part

        x, y = _map(take, self._x), _map(take, self._y)
        if not isinstance(self._y, (dict, list, tuple)):
            y = edits.targets_of(rows, y)
        return x, y, weighted(_map(take, self._weight), edits.weights_of(rows))


class ArrayEpoch:
    """An epoch of arrays: rows in their order, the excluded ones left out, cut into full batches and a last one."""

    def __init__(self, arrays: Arrays, edits: EpochEdits, draw: Draw) -> None:
        self._arrays, self.edits, self._draw = arrays, edits, draw
        self._order: Iterator[Array] | None = None
        self._lock = threading.Lock()
        left = arrays.size - int(np.sum((edits.excluded >= 0) & (edits.excluded < arrays.size)))
        self.count = -(-left // arrays.batch_size)
        self._rows = np.empty(left, np.int64)
        self._known = 0  # so many of them were drawn

    def numbered(self, place: int) -> tuple[Array, tuple[Any, Any, Any]]:
        """Return the positions of a batch's rows, and the batch."""
        size = self._arrays.batch_size
        rows = self._drawn((place + 1) * size)[place * size : (place + 1) * size]
        return rows, self._arrays.batch(rows, self.edits)

    def _drawn(self, count: int) -> Array:
        """Return the first rows, `count` at least where there are as many; none is drawn before it is asked for."""
        with self._lock:
            self._order = self._draw() if self._order is None else self._order
            while self._known < min(count, len(self._rows)):
                drawn = next(self._order)
                kept = drawn[self.edits.keeps(drawn)]
                self._rows[self._known : self._known + len(kept)] = kept
                self._known += len(kept)
            return self._rows


class Batches:
    """A PyDataset of one's own, whose batches are named by `key`."""

    names = None
    size = batch_size = 0
    named_by = "the key given with the PyDataset"

    def __init__(self, dataset: Any, key: Callable[[int], Any]) -> None:
        self.dataset, self.key = dataset, key
        self._form: Array | None = None

    def edits(self, state: Any, tell: Callable[[str], None]) -> EpochEdits:
        """Give the edits in force their names as numbers."""
        if self._form is None and state.relabelled.any():
            y = self.dataset[0][1]
            self._form = None if isinstance(y, (dict, list, tuple)) else _array(y)
        return epoch_edits(state, numbered_by_name(state), self._form, tell)

    def names_of(self, place: int) -> Array:
        """Return the names of a batch."""
        return np.asarray(self.key(place)).astype(np.int64, casting="same_kind").reshape(-1)

    def epoch(self, edits: EpochEdits, draw: Draw | None) -> BatchEpoch:
        """Return an epoch."""
        return BatchEpoch(self, edits)

    def given(self, numbers: Array) -> Array | None:
        """Return None: what a row's target is only its batch knows."""
        return None

    def ended(self) -> None:
        """Have the data set reorder itself."""
        self.dataset.on_epoch_end()


class BatchEpoch:
    """An epoch of batches that were cut already: excluded rows are taken out of theirs, and empty ones are left out."""

    def __init__(self, source: Batches, edits: EpochEdits) -> None:
        self._source, self.edits = source, edits
        places = range(source.dataset.num_batches)
        self._places = (
            [place for place in places if edits.keeps(source.names_of(place)).any()]
            if len(edits.excluded)
            else places
        )
        self.count = len(self._places)

    def numbered(self, place: int) -> tuple[Array, tuple[Any, Any, Any]]:
        """Return the names of a batch's rows, and the batch."""
        place = self._places[place]
        batch = self._source.dataset[place]
        if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
            raise TypeError(
                f"edits= needs batches (x, y) or (x, y, sample_weight); got {type(batch).__name__}"
            )
        names = self._source.names_of(place)
        keep = self.edits.keeps(names)

        def take(part: Any) -> Any:
            array = _array(part)
            if len(array) != len(names):
                raise ValueError(f"key({place}) gave {len(names)} indices for a batch of {len(array)} rows")
            return array if keep.all() else array[keep]

        x, y, weight = (_map(take, part) for part in (*batch, None)[:3])
        names = names[keep]
        if not isinstance(y, (dict, list, tuple)):
            y = self.edits.targets_of(names, y)
        return names, (x, y, weighted(weight, self.edits.weights_of(names)))


def weighted(given: Any, factor: npt.NDArray[np.float64]) -> Any:
    """Return sample weights: the given ones (B, ...), 1 where None, times those of the edits (B,)."""
    factor = factor.astype(require("keras").config.floatx())
    if given is None:
        return factor
    return _map(lambda each: each.astype(factor.dtype) * factor.reshape(-1, *[1] * (each.ndim - 1)), given)


def _map(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with `function` of its arrays; lists become tuples, as tf.data takes a list for an array."""
    tree = require("keras").tree
    return tree.lists_to_tuples(tree.map_structure(function, structure, none_is_leaf=False))


def _array(value: Any) -> Any:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "tocsr"):
        return value.tocsr()
    return value if isinstance(value, np.ndarray) else np.asarray(value)


def order_of_fit(size: int, batch_size: int, shuffle: Any) -> Draw:
    """Return what draws, epoch by epoch, the order in which Keras would take `size` rows of arrays.

    It is drawn by Keras' own adapter of arrays, from the same stream.
    """
    if not shuffle:
        return lambda: iter([np.arange(size)])
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    keras: Any = require("keras")
    own = ArrayDataAdapter(
        np.arange(size), batch_size=batch_size if shuffle == "batch" else size, shuffle=shuffle
    )
    if keras.backend.backend() == "torch":
        batches = own.get_torch_dataloader().batch_sampler
        return lambda: (np.asarray([int(row) for row in batch], np.int64) for batch in batches)
    pipeline = own.get_tf_dataset()
    return lambda: (np.asarray(batch) for batch in pipeline)


@functools.cache
def _edited_class(keras: Any) -> Any:
    class EditedPyDataset(keras.utils.PyDataset):
        """A PyDataset under edits; its batches are ``(x, y, sample_weight)``.

        Parameters
        ----------
        source
            The samples.
        edits
            The decisions.
        mode, ds_id
            The data set that they name.
        options
            Those of a PyDataset.

        Attributes
        ----------
        epoch
            The epoch that was begun last; before the first, what it would be now.
        begun
            Whether a callback has begun the edits' epoch that Keras begins next.
        """

        def __init__(
            self, source: Source, edits: Edits, mode: str, ds_id: str | None, **options: Any
        ) -> None:
            super().__init__(**options)
            self.source, self.edits, self.mode, self.ds_id = source, edits, mode, ds_id
            self.begun = False
            self._epoch: Epoch | None = None
            self._followed: weakref.WeakSet[Any] = weakref.WeakSet()  # data adapters whose epochs begin here
            self._draws: weakref.WeakKeyDictionary[Any, Draw] = weakref.WeakKeyDictionary()
            self._said: set[str] = set()

        @property
        def num_batches(self) -> int:
            return self.epoch.count

        def __len__(self) -> int:
            return self.epoch.count

        def __getitem__(self, place: int) -> Any:
            return self.epoch.numbered(place)[1]

        def numbered(self, place: int) -> tuple[Array, Any]:
            return self.epoch.numbered(place)

        @property
        def epoch(self) -> Epoch:
            if self._epoch is None:
                self._epoch = self._cut(None, self.edits.state(mode=self.mode, ds_id=self.ds_id))
            return self._epoch

        def announce(self, now: Running) -> None:
            """Hear that a callback has begun the edits' epoch; the data follows when Keras begins its own."""
            self.begun = True

        def on_epoch_begin(self) -> None:
            if (now := running()) is not None and now.iterator.data_adapter not in self._followed:
                self._begin(now)  # Keras only looks at what a batch is

        def on_epoch_end(self) -> None:
            self.source.ended()
            if (now := running()) is not None and now.iterator.data_adapter not in self._followed:
                self._check(now)
                self._follow(now.iterator.data_adapter)

        def _check(self, now: Running) -> None:
            """Refuse a fit whose epochs could not have their edits."""
            if now.call != "fit":
                return
            if self.mode != "train":
                raise ValueError(
                    f"fit was given data of mode {self.mode!r}; give it indexed(x, y, edits=edits), whose mode is 'train'"
                )
            check_whole_passes(now)
            asked, size = now.variables.get("batch_size"), self.source.batch_size
            if asked and size and asked != size:
                raise ValueError(
                    f"fit(batch_size={asked}) does not reach this data, whose batches have {size} rows. Write "
                    f"indexed(x, y, edits=edits, batch_size={asked})"
                )

        def _follow(self, adapter: Any) -> None:
            """Have the epochs of a fit or evaluation begin here, before anything is fetched for them."""
            begin = adapter.on_epoch_begin

            def on_epoch_begin() -> None:
                if (found := running()) is not None:
                    self._begin(found)
                begin()

            adapter.on_epoch_begin = on_epoch_begin
            self._followed.add(adapter)

        def _begin(self, now: Running) -> None:
            """Begin an epoch: whatever was fetched for it before is thrown away."""
            adapter, number = now.iterator.data_adapter, now.variables.get("epoch")
            in_fit = now.call == "fit" and isinstance(number, int)
            if isinstance(number, int) and in_fit and not self.begun:
                self.edits.leave_epochs_to_hook()
                self.edits.begin_epoch(number + 1)
            self.begun = False
            _stop_workers(adapter.enqueuer)
            self._epoch = self._cut(self._draw(adapter), self._state(now.call, in_fit))
            now.iterator._num_batches = self._epoch.count
            now.iterator._current_iterator = None
            if in_fit:
                tell_steps(now, self._epoch.count)

        def _draw(self, adapter: Any) -> Draw | None:
            """Return what draws the order of rows, as fit would by its ``shuffle``; None where Keras shuffles whole batches."""
            if not self.source.batch_size:
                return None
            if adapter not in self._draws:
                self._draws[adapter] = order_of_fit(self.source.size, self.source.batch_size, adapter.shuffle)
                adapter.shuffle = False
            return self._draws[adapter]

        def _state(self, call: str, in_fit: bool) -> EditState | None:
            """Return the edits that apply to the data of a call; None for none."""
            if call == "fit" and not in_fit:
                return self.edits.state(mode=self.mode, ds_id=self.ds_id)
            if call == "evaluate" and self.mode == "train":
                self._tell(
                    "an evaluation was given the training's data under edits, and is made without them: other modes are "
                    "edited only where that is asked for, with indexed(x, y, edits=edits, mode='eval')"
                )
                return None
            return self.edits.in_force(mode=self.mode, ds_id=self.ds_id)

        def _cut(self, draw: Draw | None, state: EditState | None) -> Epoch:
            edits = no_edits() if state is None else self.source.edits(state, self._tell)
            epoch = self.source.epoch(edits, draw)
            if not epoch.count:
                raise ValueError(
                    f"all instances of mode {self.mode!r} are excluded: an epoch would have nothing to train on. "
                    "edits.undo() or edits.restore(ids) brings some back"
                )
            return epoch

        def _tell(self, problem: str) -> None:
            if problem not in self._said:
                self._said.add(problem)
                self.edits.tell(problem)

    return EditedPyDataset


def _stop_workers(enqueuer: Any) -> None:
    """Stop the workers, and forget what they have fetched ahead."""
    if enqueuer is None:
        return
    enqueuer.stop()
    while True:
        try:
            enqueuer.ready_queue.get(block=False)
        except queue.Empty:
            return


def edited_arrays(
    x: Any,
    y: Any,
    sample_weight: Any,
    names: Array,
    edits: Edits,
    batch_size: int,
    mode: str,
    ds_id: str | None,
) -> Any:
    """Return arrays under edits."""
    arrays = Arrays(x, y, sample_weight, names, batch_size)
    if isinstance(y, (dict, list, tuple)):
        edits.refuse(mode, SEVERAL, "relabel")
    return _edited_class(require("keras"))(arrays, edits, mode, ds_id)


def edited_py_dataset(dataset: Any, key: Any, edits: Edits, mode: str, ds_id: str | None) -> Any:
    """Return a PyDataset under edits, with its workers."""
    keras = require("keras")
    own = type(dataset)
    if key is None:
        raise ValueError(
            "edits= needs a PyDataset whose rows are named before they are read: give key=function(i) -> the indices of batch i"
        )
    if own.on_epoch_begin is not keras.utils.PyDataset.on_epoch_begin:
        raise ValueError(
            f"{own.__name__}.on_epoch_begin is called when Keras' workers have begun to fetch; what reorders the samples belongs "
            "into on_epoch_end, so that an epoch's edits are fixed before its first batch"
        )
    if dataset.num_batches is None:
        raise ValueError(
            "this PyDataset has no end, so it has no epochs that edits could take effect in; give it a num_batches"
        )
    return _edited_class(keras)(
        Batches(dataset, key),
        edits,
        mode,
        ds_id,
        workers=dataset.workers,
        use_multiprocessing=dataset.use_multiprocessing,
        max_queue_size=dataset.max_queue_size,
    )


def is_edited(dataset: Any) -> bool:
    """Whether this PyDataset is under edits."""
    return type(dataset).__name__ == "EditedPyDataset" and type(dataset).__module__ == __name__
