"""fastai: one callback.

::

    learn = Learner(dls, model, cbs=xw.hooks.fastai.TrackerCallback(tracker))
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.data_labels import whole_places
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.quiet import told
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.torch.edited import EditedLoader, check_editable
from xai_widgets.hooks.torch.edited_epochs import begin_epoch
from xai_widgets.hooks.torch.identity import Rows
from xai_widgets.hooks.torch.loss.observer import Observer

__all__ = ["HookWarning", "TrackerCallback"]

NO_WEIGHTS = "a Learner's loss has no weights for single samples: exclude the instances, or draw them more rarely (WeightedDL)"
TrackerCallback: Any  # a class, made when first asked for: its base is fastai's Callback


class LearnerWatch:
    """Listens to a Learner's loaders and loss for the time of one fit or validation."""

    def __init__(self, tracker: Any, options: dict[str, Any], edits: Edits | None = None) -> None:
        self._edits = edits
        self._edited: dict[int, EditedLoader] = {}
        self._tracker = tracker
        self._options = options
        self.feed = Feed(tracker, streams=[("train", None), ("eval", None)])
        self._observer: Observer | None = None
        self._orders: dict[int, Any] = {}
        self._rows: dict[int, Rows] = {}
        self._undo: list[Callable[[], None]] = []
        self._offset = 0

    def attach(self, learn: Any) -> None:
        """Listen."""
        if self._undo:
            return
        loss = getattr(learn.loss_func, "func", learn.loss_func)  # fastai's losses flatten, then call torch's
        self._observer = Observer(self.feed, loss, learn.model, **self._options)
        self._undo.append(self._observer.detach)

    def listen_to(self, learn: Any, mode: str) -> None:
        """Note the order that a fastai loader draws; it draws one per pass, in this process."""
        loader = learn.dl
        if id(loader) in self._orders:
            return
        if not getattr(loader, "indexed", True) or not hasattr(loader, "get_idxs"):
            raise TypeError(
                f"this {type(loader).__name__} iterates over its data set: the order in which samples arrive does not "
                "name them. Give a data set with __getitem__, or record by hand with tracker.record(index, label, loss=...)."
            )
        self._rows[id(loader)] = Rows(loader)
        whole = whole_places(loader.dataset)  # a part of a data set has the names of the whole
        if self._edits is not None:
            self._edited[id(loader)] = EditedLoader(self._edits, mode, None, 0, self._tracker.report)
        edited = self._edited.get(id(loader))
        draw = loader.get_idxs
        own = loader.__dict__.get("get_idxs")

        def get_idxs() -> Any:
            order = list(draw())
            kept = None if edited is None else edited.kept(loader.dataset, lambda: whole)
            if kept is not None:
                order = list(filter(kept.keeps, order))
                batches = len(order) // (loader.bs or 1)
                learn.n_iter = batches + (not loader.drop_last and len(order) % (loader.bs or 1) > 0)
            places = np.asarray(order)  # of which a batch is a slice
            self._orders[id(loader)] = places if whole is None else whole[places]
            return order

        def undo() -> None:
            if own is None:
                loader.__dict__.pop("get_idxs", None)
            else:
                loader.__dict__["get_idxs"] = own

        loader.__dict__["get_idxs"] = get_idxs
        self._orders[id(loader)] = np.zeros(0, np.int64)
        self._undo.append(undo)

    @told
    def fit_begins(self, learn: Any) -> None:
        """Start a run."""
        self.attach(learn)
        # fit(..., start_epoch=n) counts on from n by itself; any other fit starts at nought again
        started = getattr(getattr(learn, "skip_to_epoch", None), "_skip_to", 0)
        self._offset = 0 if started else self._tracker.epoch
        self._tracker.epochs = learn.n_epoch + self._offset
        self._tracker.start()

    @told
    def pass_begins(self, learn: Any, mode: str) -> None:
        """Open an epoch."""
        self.attach(learn)
        self.listen_to(learn, mode)
        self.feed.begin(mode, None, learn.epoch + 1 + self._offset if mode == "train" else None)
        if self._edits is not None and mode == "train":
            begin_epoch(self._edits, self.feed.epoch, self._tracker.report)

    @told
    def batch_begins(self, learn: Any, mode: str) -> None:
        """Tell which instances are in the batch."""
        order, size = self._orders.get(id(learn.dl)), learn.dl.bs or 1
        if self._observer is None or order is None or not len(order):
            return
        index, batch = order[learn.iter * size : (learn.iter + 1) * size], (*learn.xb, *learn.yb)
        proof = self._observer.evidence.of(mode)
        proof.next()
        self._rows[id(learn.dl)].prove(proof, index, index, batch, None)
        names = index if proof.may_record else None
        edited = self._edited.get(id(learn.dl))
        if edited is not None and len(learn.yb):
            learn.yb = edited.batch(names, tuple(learn.yb))
            batch = (*learn.xb, *learn.yb)
        self._observer.take(mode, None, names, batch)

    @told
    def batch_ends(self) -> None:
        """Work on no batch."""
        if self._observer is not None:
            self._observer.leave()

    @told
    def stepped(self) -> None:
        """Be between two optimizer steps."""
        if self._observer is not None:
            self._observer.settle()
        self.feed.stepped()

    @property
    def stop_requested(self) -> bool:
        """Whether the user asked for a polite stop."""
        return self.feed.stop_requested

    @told
    def pass_ends(self, mode: str) -> None:
        """Close an epoch."""
        if self._observer is not None:
            self._observer.flush()
        self.feed.end(mode)
        if mode == "train" and self.feed.steps_this_epoch:
            self._tracker.steps_per_epoch = self.feed.steps_this_epoch

    @told
    def detach(self, error: BaseException | None = None) -> None:
        """Take everything off."""
        if self._observer is not None:
            self._observer.flush()
        if error is None:
            self.feed.end_all()
        while self._undo:
            self._undo.pop()()
        self._orders, self._rows, self._edited = {}, {}, {}

    @told
    def finish(self) -> None:
        """End the run."""
        self.detach()
        self._tracker.finish()


def __getattr__(name: str) -> Any:
    if name == "TrackerCallback":
        return _callback_class()
    raise AttributeError(
        f"module 'xai_widgets.hooks.fastai' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


@functools.cache
def _callback_class() -> Any:
    basics: Any = require("fastai", "basics")
    base: Any = basics.Callback

    class TrackerCallback(base):
        """Records every batch of ``Learner.fit`` and ``validate``: indices, labels, per-sample losses and logits.

        Parameters
        ----------
        tracker
            The `xai_widgets.Tracker`.
        per_sample
            ``per_sample(outputs, targets) -> (B,)`` for a loss that has no reduction to switch off.
        logits
            Whether to record logits; None: for classification up to 1,024 classes.
        edits
            The `xai_widgets.Edits` to train by: excluded samples are not drawn from the next epoch on, relabelled ones come
            with their new label; weights are refused. An epoch gets shorter, and schedules still come to their end, as they
            go by epochs and by the share of an epoch's batches that are done.

        Notes
        -----
        The learning rate finder and ``get_preds`` are not recorded. After an exception inside ``fit``, ``detach()``.
        """

        order = 60  # after the callbacks that change batches

        def __init__(
            self,
            tracker: Any,
            *,
            per_sample: Callable[[Any, Any], Any] | None = None,
            logits: bool | None = None,
            edits: Edits | None = None,
        ) -> None:
            super().__init__()
            if edits is not None:
                check_editable(edits, by_place=True)
                edits.refuse("train", NO_WEIGHTS, "reweight")
            self._watch = LearnerWatch(tracker, {"per_sample": per_sample, "logits": logits}, edits)

        def detach(self) -> None:
            """Leave loaders and loss as they were."""
            self._watch.detach()

        def _off(self) -> bool:
            return hasattr(self.learn, "lr_finder") or hasattr(self.learn, "gather_preds")

        def before_fit(self) -> None:
            """Start a run."""
            self.run = not self._off()
            if self.run:
                self._watch.fit_begins(self.learn)

        def before_train(self) -> None:
            """Open a training epoch."""
            self._watch.pass_begins(self.learn, "train")

        def before_validate(self) -> None:
            """Open an evaluation."""
            if not self._off():
                self._watch.pass_begins(self.learn, "eval")

        def before_batch(self) -> None:
            """Tell which instances are in the batch."""
            if not self._off():
                self._watch.batch_begins(self.learn, "train" if self.learn.training else "eval")

        def after_step(self) -> None:
            """Be between two optimizer steps."""
            self._watch.stepped()

        def after_batch(self) -> None:
            """Work on no batch, and stop where that was asked for."""
            self._watch.batch_ends()
            if self.learn.training and self._watch.stop_requested:
                raise basics.CancelFitException

        def after_train(self) -> None:
            """Close a training epoch."""
            self._watch.pass_ends("train")

        def after_validate(self) -> None:
            """Close an evaluation."""
            self._watch.pass_ends("eval")
            if not hasattr(self.learn, "n_epoch") or self.learn.opt is None:
                self._watch.detach()

        def after_fit(self) -> None:
            """End the run and take everything off."""
            self._watch.finish()

    return TrackerCallback
