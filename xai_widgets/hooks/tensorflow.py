"""A custom ``tf.GradientTape`` loop: name the instances, get per-sample losses, record them without waiting.

::

    per_sample = xw.hooks.tensorflow.per_sample(loss)
    train = xw.hooks.tensorflow.indexed(rows).shuffle(1000).batch(32)      # elements (x, y, index)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = per_sample(y, logits)
            loss = tf.reduce_mean(losses)
        ...
        return losses, logits

    with xw.hooks.tensorflow.watch(tracker) as run:
        for epoch in range(20):
            for x, y, index in run.train(train):
                run.record(index, y, *step(x, y))

Keras' own ``fit`` is served by `xai_widgets.hooks.keras`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks._common.feed import Batch, Feed, Stream
from xai_widgets.hooks._common.instance_ids import Key, key_reader
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks._common.same_samples import SameSamples
from xai_widgets.hooks.keras.data import check_tf_order

__all__ = ["HookWarning", "Watch", "indexed", "per_sample", "watch"]

HELD_BATCHES = 16  # on an accelerator, so many batches stay there before one wait


def indexed(dataset: Any, key: Key | None = None) -> Any:
    """Return a tf.data set whose elements end with their index.

    Parameters
    ----------
    dataset
        A ``tf.data.Dataset`` of single elements, before its shuffle: ``(x, y)`` becomes ``(x, y, index)``, a dict gets
        an entry "index", anything else becomes ``(element, index)``.
    key
        The name of a field, or a function of an element in tensors; by default the position.

    Raises
    ------
    ValueError
        The set is shuffled, interleaved or batched already, so a position names no element.
    """
    require("tensorflow")
    if key is None:
        check_tf_order(dataset)
    read = None if key is None else key_reader(key)

    def named(place: Any, element: Any) -> Any:
        name = place if read is None else read(element)
        if isinstance(element, dict):
            return {**element, "index": name}
        return (*element, name) if isinstance(element, tuple) else (element, name)

    return dataset.enumerate().map(named)


def per_sample(loss: Any) -> Callable[[Any, Any], Any]:
    """Return ``function(y_true, y_pred) -> (B,)`` of a Keras loss.

    Parameters
    ----------
    loss
        A ``keras.losses.Loss`` (its reduction is left aside), a function, or a name such as "mse".

    Raises
    ------
    ValueError
        When called: a loss that returns a single number is reduced already.
    """
    keras = require("keras")
    found = keras.losses.get(loss)
    function = found.call if isinstance(found, keras.losses.Loss) else found

    def losses(y_true: Any, y_pred: Any) -> Any:
        y_pred = keras.ops.convert_to_tensor(y_pred)
        values = function(keras.ops.convert_to_tensor(y_true), y_pred)
        if len(values.shape) == 0:
            raise ValueError(
                f"{getattr(found, 'name', getattr(found, '__name__', found))} returned a single number: it is reduced "
                "already. Expected a loss that gives one value per sample, shape (B,)."
            )
        return (
            values
            if len(values.shape) == 1
            else keras.ops.mean(values, axis=tuple(range(1, len(values.shape))))
        )

    return losses


class Watch:
    """A custom loop; made by `watch`. `train` and `evaluate` walk over data, `record` takes what a step computed."""

    def __init__(self, tracker: Any, epochs: int | None) -> None:
        self.feed = Feed(tracker, epochs=epochs)
        self._evidence = Evidence(self.feed)
        self._same: dict[Stream, SameSamples] = {}
        self._compared: Any = (
            None  # the index that was compared last: a batch may be recorded in several parts
        )
        self._pass: Stream | None = None
        self._recorded: set[Stream] = set()  # of the present passes
        self._held: deque[Batch] = deque()
        self._closed = False
        self.feed.held_by(self._flush)
        tracker.start()

    def train(self, dataset: Any) -> Iterator[Any]:
        """Yield the batches of one training epoch; each request for the next is between two steps."""
        return self._walk(dataset, "train", None)

    def evaluate(self, dataset: Any, mode: str = "eval", ds_id: str | None = None) -> Iterator[Any]:
        """Yield the batches of one evaluation."""
        return self._walk(dataset, mode, ds_id)

    def _walk(self, dataset: Any, mode: str, ds_id: str | None) -> Iterator[Any]:
        outer, self._pass = self._pass, (mode, ds_id)
        self.feed.begin(mode, ds_id)
        self._same.setdefault((mode, ds_id), SameSamples()).begins()
        self._recorded.discard((mode, ds_id))
        over = False
        try:
            for batch in dataset:
                if mode == "train" and self.feed.stop_requested:
                    break
                yield batch
                self._pass = (mode, ds_id)  # after an evaluation within the epoch, too
                if mode == "train":
                    self.feed.stepped()
            over = True
        finally:
            self._pass = outer
            self._flush()
            if not over and (mode, ds_id) not in self._recorded:
                self.feed.cancel(mode, ds_id)  # a look at a batch is no epoch
            elif over or mode != "train":  # a training epoch that was left goes on until the next begins
                self.feed.end(mode, ds_id)
                if mode == "train" and self.feed.steps_this_epoch:
                    self.feed.tracker.steps_per_epoch = self.feed.steps_this_epoch

    def record(self, index: Any, label: Any, loss: Any, logits: Any = None, **metrics: Any) -> None:
        """Record what a step computed for its batch: tensors or arrays (B,), logits (B, C)."""
        if self._pass is None:
            raise RuntimeError(
                "record outside of a pass; walk over the data with train(dataset) or evaluate(dataset)"
            )
        metrics = {"loss": loss, **({} if logits is None else {"logits": logits}), **metrics}
        self._recorded.add(self._pass)
        self._held.append(self.feed.batch(*self._pass, index, label, metrics))
        on_device = "GPU" in str(getattr(loss, "device", "")) or "TPU" in str(getattr(loss, "device", ""))
        if not on_device or len(self._held) >= HELD_BATCHES:
            self._flush()

    def _flush(self) -> None:
        while self._held:
            batch = self._held.popleft()
            self.feed.guard((batch.mode, batch.ds_id), partial(self._hand_over, batch))

    def _hand_over(self, batch: Batch) -> None:
        if self._same_samples(batch):
            self.feed.hand_over(batch)

    def _same_samples(self, batch: Batch) -> bool:
        """Whether the names of a batch have the labels that they had in earlier passes: a generator may shuffle."""
        stream = (batch.mode, batch.ds_id)
        proof = self._evidence.of(*stream)
        proof.named_by = "the index in their batches"
        if batch.index is self._compared:
            return proof.may_record
        self._compared = batch.index
        proof.next()
        label = None if batch.label is None else np.asarray(batch.label)
        self._same[stream].prove(proof, batch.index, label)
        return proof.may_record

    def close(self, error: BaseException | None = None) -> None:
        """End the run; with an `error`, what came before it stays, provisional."""
        if self._closed:
            return
        self._closed = True
        self._flush()
        if error is None:
            self.feed.end_all()
        self.feed.tracker.finish(error)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)


def watch(tracker: Any, *, epochs: int | None = None) -> Watch:
    """Record a custom TensorFlow loop.

    Parameters
    ----------
    tracker
        The `xai_widgets.Tracker`.
    epochs
        Planned number of epochs.

    Returns
    -------
    Watch
        A context manager with ``train(dataset)``, ``evaluate(dataset)`` and ``record(index, label, loss)``. Nothing of
        the model is touched. On an accelerator, values are fetched once in 16 batches.
    """
    require("tensorflow")
    return Watch(tracker, epochs)
