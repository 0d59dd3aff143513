"""A tf.data set under edits: a filter and a map that look every element up in variables, which are set when an epoch begins."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from xai_widgets.edits import Edits, EditState
from xai_widgets.hooks._common.instance_ids import INDEX, Key
from xai_widgets.hooks._common.require import require
from xai_widgets.hooks.keras.edited import (
    SEVERAL,
    epoch_edits,
    no_edits,
    numbered_by_name,
    numbered_by_position,
)
from xai_widgets.hooks.keras.running import Running, tell_steps

KEEP_COUNT = ("_MapDataset", "_ParallelMapDataset", "_ShuffleDataset", "_PrefetchDataset", "_OptionsDataset")
HOLDS = {
    "Repeat": ".repeat()",
    "Cache": ".cache()",
    "Snapshot": ".snapshot()",
}  # what an epoch has for the next ones
_made: weakref.WeakKeyDictionary[Any, EditedTfData] = weakref.WeakKeyDictionary()


class EditedTfData:
    """What a tf.data pipeline asks of the edits in force.

    Parameters
    ----------
    edits
        The decisions.
    mode, ds_id
        The data set that they name.
    spec
        What the elements are, ``(x, {"y": y, "index": index}[, sample_weight])``.
    size
        How many there are, where positions name them; 0 where that is not known.

    Attributes
    ----------
    left
        How many of them are not excluded; None where that is not known.
    """

    def __init__(self, edits: Edits, mode: str, ds_id: str | None, spec: Any, size: int) -> None:
        tf = require("tensorflow")
        self.edits, self.mode, self.ds_id, self.size = edits, mode, ds_id, size
        target = spec[1]["y"]
        known = isinstance(target, tf.TensorSpec) and target.shape.is_fully_defined()
        kind = (
            object if known and target.dtype == tf.string else target.dtype.as_numpy_dtype if known else None
        )
        self._form = None if kind is None else np.zeros((0, *target.shape), kind)
        self._said: set[str] = set()
        if not known:
            edits.refuse(mode, SEVERAL, "relabel")

        def variable(kind: Any, *shape: int) -> Any:
            return tf.Variable(tf.zeros((0, *shape), kind), shape=(None, *shape), trainable=False)

        with tf.device("CPU:0"):
            self._numbers, self._weights = variable(tf.int64), variable(tf.float32)
            self._excluded, self._relabelled = variable(tf.int64), variable(tf.int64)
            self._targets = variable(target.dtype, *target.shape) if known else None
        self.set(edits.state(mode=mode, ds_id=ds_id))

    def set(self, state: EditState | None) -> None:
        """Have the passes that begin from now on see these edits; None for none."""
        edits = no_edits()
        if state is not None:
            by_place = (
                numbered_by_position(state, np.arange(self.size)) if self.size else numbered_by_name(state)
            )
            edits = epoch_edits(state, by_place, self._form, self._tell)
            if self.size and len(edits.excluded) >= self.size:
                raise ValueError(
                    f"all instances of mode {self.mode!r} are excluded: an epoch would have nothing to train on. "
                    "edits.undo() or edits.restore(ids) brings some back"
                )
        self.left = self.size - len(edits.excluded) if self.size else None
        self._numbers.assign(edits.numbers)
        self._weights.assign(edits.weights.astype(np.float32))
        self._excluded.assign(edits.excluded)
        self._relabelled.assign(edits.relabelled if edits.targets is not None else edits.relabelled[:0])
        if self._targets is not None and edits.targets is not None:
            targets = edits.targets.tolist() if edits.targets.dtype == object else edits.targets
            self._targets.assign(targets)

    def announce(self, now: Running) -> None:
        """Begin an epoch, of as many batches as its pipeline makes of what is left, where that can be told."""
        self.set(self.edits.in_force(mode=self.mode, ds_id=self.ds_id))
        iterator = now.iterator
        iterator._num_batches = _batches(iterator.data_adapter._dataset, self.left)
        iterator._current_iterator = None
        if iterator._num_batches is None:
            iterator._interrupted_warning = lambda: None  # the end of such an epoch is no lack of data
        else:
            tell_steps(now, iterator._num_batches)

    def keeps(self, x: Any, marked: Any, *weight: Any) -> Any:
        """Tell whether an element is not excluded."""
        return ~_found(self._excluded, marked[INDEX])[1]

    def edited(self, x: Any, marked: Any, *weight: Any) -> Any:
        """Return an element with its target and weight."""
        tf = require("tensorflow")
        target = marked["y"]
        if self._targets is not None:
            place, hit = _found(self._relabelled, marked[INDEX])
            target = tf.cond(hit, lambda: self._targets[place], lambda: tf.identity(marked["y"]))
            target = tf.ensure_shape(target, marked["y"].shape)
        place, hit = _found(self._numbers, marked[INDEX])
        factor = tf.cond(hit, lambda: self._weights[place], lambda: tf.ones(()))
        given = tf.cast(weight[0], tf.float32) if weight else tf.ones(())
        return x, {**marked, "y": target}, given * factor

    def _tell(self, problem: str) -> None:
        if problem not in self._said:
            self._said.add(problem)
            self.edits.tell(problem)


def _found(among: Any, number: Any) -> tuple[Any, Any]:
    """Return where a number lies among sorted ones, and whether it does."""
    tf = require("tensorflow")
    among = tf.identity(among)
    place = tf.searchsorted(among, number[None])[0]
    near = tf.concat([among, [tf.int64.min]], 0)[place]
    return place, (near == number) & (place < tf.size(among))


def _batches(dataset: Any, left: int | None) -> int | None:
    """Return how many elements a pipeline makes of those that edits leave; None where it cannot be told."""
    kind = type(dataset).__name__
    if left is None or dataset in _made:
        return left
    inputs = list(dataset._inputs())
    inner = _batches(inputs[0], left) if len(inputs) == 1 else None
    if inner is None or kind in KEEP_COUNT:
        return inner
    if kind in ("_BatchDataset", "_ParallelBatchDataset", "_PaddedBatchDataset"):
        size = int(dataset._batch_size)
        return inner // size if bool(dataset._drop_remainder) else -(-inner // size)
    return None


def edited_tf_data(named: Any, edits: Edits, mode: str, ds_id: str | None, key: Key | None) -> Any:
    """Put a set of elements ``(x, {"y": y, "index": index}[, sample_weight])`` under edits."""
    size = max(0, int(named.cardinality())) if key is None else 0
    part = EditedTfData(edits, mode, ds_id, named.element_spec, size)
    as_it_is = require("tensorflow").autograph.experimental.do_not_convert
    made = named.filter(as_it_is(part.keeps)).map(as_it_is(part.edited))
    _made[made] = part
    return made


def edited_tf_data_of(dataset: Any) -> EditedTfData | None:
    """Return the edits that the elements of a pipeline are under; None where they are under none.

    Raises
    ------
    ValueError
        The pipeline keeps elements of one epoch for the next ones.
    """
    pending, above = [dataset], ""
    while pending:
        one = pending.pop()
        if one in _made:
            if above:
                raise ValueError(
                    f"{above} keeps elements of one epoch for the next ones, so edits would not reach those. Call it before "
                    "indexed(dataset, edits=edits), or leave it away: fit goes over the data once in each epoch"
                )
            return _made[one]
        above = next((call for kind, call in HOLDS.items() if kind in type(one).__name__), above)
        pending.extend(source for source in one._inputs() if source is not one)
    return None
