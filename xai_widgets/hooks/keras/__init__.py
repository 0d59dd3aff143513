"""Keras 3 ``fit`` (TensorFlow and torch backends): one callback, and data that names its instances.

Two changes to a call of ``fit``::

    indexed = xw.hooks.keras.indexed
    model.fit(*indexed(x, y), epochs=20, validation_data=indexed(x_val, y_val),
              callbacks=[xw.hooks.keras.TrackerCallback(tracker, model)])

No subclass, no second prediction: per-sample losses are taken from the step itself, in graph mode, under
``jit_compile`` and with ``steps_per_execution``. ``class_weight``, ``sample_weight`` and all else of ``fit`` work as without it.
"""

from __future__ import annotations

import functools
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.keras import data
from xai_widgets.hooks.keras.watcher import KerasWatch

__all__ = ["HookWarning", "TrackerCallback", "indexed"]

TrackerCallback: Any  # a class, made when first asked for: its base is Keras' Callback


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
    """Return Keras data that say which instances they hold.

    Parameters
    ----------
    x, y, sample_weight
        Arrays, as ``fit`` takes them, in dicts and lists where there are several; or, as `x` alone, a ``tf.data.Dataset``
        of single ``(x, y)`` elements before its shuffle, or a ``keras.utils.PyDataset``.
    index
        For arrays: (N,) integers or strings that name the instances; by default their positions.
    key
        For tf.data: ``key(element) -> int`` where the position is not the identity. For a PyDataset:
        ``key(i) ->`` the indices of batch i.
    edits
        An `xai_widgets.Edits`: epochs of the data then have the edits that are in force when they begin.
    batch_size
        With edits, of arrays: rows in a batch; ``fit`` is not told any.
    mode, ds_id
        With edits: the data set that they name. Data for ``fit`` is of mode "train"; for data to evaluate on, name
        "eval" or "test", which is edited only where ``edits.exclude(ids, mode="eval")`` says so.

    Returns
    -------
    tuple, tf.data.Dataset or PyDataset
        For arrays ``(x, y)``, or ``(x, y, sample_weight)`` where weights were given: arrays like those that came, and
        `y` knows the names of its rows. Write ``fit(*indexed(x, y), sample_weight=w)``, but
        ``validation_data=indexed(x, y, w)``. The elements of a tf.data set are ``(x, {"y": y, "index": index})``.
        With edits: a PyDataset for arrays and PyDatasets, and for tf.data elements with a weight besides.

    Raises
    ------
    ValueError
        The order is not the identity: a shuffled, repeated or batched tf.data set, a PyDataset that reorders itself.
    TypeError
        A generator, or an index that is made of neither integers nor strings.

    Notes
    -----
    Under edits, ``fit(indexed(x, y, sample_weight, edits=edits, batch_size=64))`` draws the order of all N rows as ``fit``
    would for the arrays: by Keras' own adapter, from the same random stream, as its ``shuffle`` says. Excluded rows are then
    taken out, and what is left is cut into full batches and a last one. Without any edit the order is that of ``fit(x, y,
    sample_weight, batch_size=64)``, and the trained weights are the same, bit for bit; where batch_size divides N, TensorFlow
    makes a program of its own for arrays, as all their batches have one size, and last bits may differ. Each batch has sample
    weights, 1 where nothing says otherwise, so Keras refuses ``class_weight`` beside them: give them as `sample_weight`.

    A PyDataset keeps its batches, its workers and its shuffle; excluded rows are taken out of their batch, and a batch that has
    none left is left out. A tf.data set is filtered and mapped before its shuffle and batches; its edits follow a
    `TrackerCallback`, and ``repeat``, ``cache`` and ``snapshot`` after `indexed` are refused, as they keep what an epoch had.

    An epoch of the edits is a pass over the data, and ``steps_per_epoch`` is refused. A fit that was interrupted begins its
    epoch anew, with the edits known then. Progress bars and ``params["steps"]`` of callbacks have the epoch's own number of
    steps; a learning rate schedule counts the steps that are done.
    """
    return data.indexed(
        x, y, sample_weight, index=index, key=key, edits=edits, batch_size=batch_size, mode=mode, ds_id=ds_id
    )


def __getattr__(name: str) -> Any:
    if name == "TrackerCallback":
        return _callback_class()
    raise AttributeError(
        f"module 'xai_widgets.hooks.keras' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


@functools.cache
def _callback_class() -> Any:
    base: Any = require("keras").callbacks.Callback

    class TrackerCallback(base):
        """Records per-sample losses, labels and logits of ``fit`` and ``evaluate``.

        Parameters
        ----------
        tracker
            The `xai_widgets.Tracker`.
        model
            The compiled model that will be fitted; by default the one that Keras tells of. Needed for tf.data sets and
            generators on the torch backend, where Keras works out shapes before it tells of the model.
        per_sample
            ``per_sample(y_true, y_pred) -> (B,)`` for a model that computes its loss by itself, or several in a step.
        logits
            Whether to record logits; None: for crossentropies with up to 1,024 classes.
        names
            Names of the instances by position, or ``{"train": [...], "eval": [...]}``; by default the index itself.
        mode, ds_id
            What a call of ``evaluate`` counts as; "eval" and None by default.
        every
            Seconds between two hand-overs within an epoch. Batches wait on the device until then.
        edits
            The `xai_widgets.Edits` of the data, ``indexed(x, y, edits=edits)``; a fit whose data does not have them is
            refused. Epochs of the edits are then numbered as the tracker's.

        Notes
        -----
        ``loss`` is the compiled loss without class and sample weights; where there are some, ``loss_weighted`` is beside
        it, whose epoch mean is the logged loss without regularisers. Each batch is recorded only if its values, reduced
        as the loss reduces them, give the number that it returned; ``tracker.check()`` says what was proved. Epochs are
        passes over the data, also with a smaller ``steps_per_epoch``. After an exception in the middle of an epoch,
        ``detach()`` (or the next ``fit``) hands over what was still waiting.
        """

        def __init__(
            self,
            tracker: Any,
            model: Any = None,
            *,
            per_sample: Any = None,
            logits: bool | None = None,
            names: Any = None,
            mode: str = "eval",
            ds_id: str | None = None,
            every: float = 0.1,
            edits: Edits | None = None,
        ) -> None:
            super().__init__()
            self._watch = KerasWatch(
                tracker,
                per_sample=per_sample,
                logits=logits,
                names=names,
                mode=mode,
                ds_id=ds_id,
                every=every,
                edits=edits,
            )
            if model is not None:
                self._watch.attach(model)

        def set_model(self, model: Any) -> None:
            """Learn which model Keras trains."""
            super().set_model(model)
            self._watch.attach_late(model)

        def set_params(self, params: Any) -> None:
            """Learn how many steps the epoch has."""
            super().set_params(params)
            self._watch.learn_steps(params.get("steps"))

        def detach(self) -> None:
            """Hand over what still waits and give the model its methods back."""
            self._watch.detach()

        def on_train_begin(self, logs: Any = None) -> None:
            """Start a run: fit begins."""
            self._watch.train_begins(self.params)
            self._watch.check_edits()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            """Open a training epoch."""
            self._watch.epoch_begins(epoch)
            self._watch.begin_edits("train")

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            """Note that one execution (one step, or several) is done."""
            if self._watch.batch_ended(batch):
                self.model.stop_training = True

        def on_test_begin(self, logs: Any = None) -> None:
            """Open an evaluation, inside fit or alone."""
            self._watch.test_begins()
            self._watch.begin_edits("test")

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            """Note that one execution of an evaluation is done."""
            self._watch.test_batch_ended(batch)

        def on_test_end(self, logs: Any = None) -> None:
            """Close an evaluation."""
            self._watch.test_ends()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """Close a training epoch, after its validation."""
            self._watch.epoch_ends()
            if self._watch.stop_requested:
                self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            """Take everything off: fit is over."""
            self._watch.train_ends()

    return TrackerCallback
