"""What FastEstimator traces of one run share: one tracker, and one record per batch."""

from __future__ import annotations

import weakref
from typing import Any

from xai_widgets.edits import Edits
from xai_widgets.hooks._common.evidence import Evidence, Proof
from xai_widgets.hooks._common.feed import Feed
from xai_widgets.hooks._common.quiet import told
from xai_widgets.hooks.fastestimator.proof import DataLabels


class Session:
    """Feeds one tracker from the traces of one `fe.Estimator`.

    Each trace asks FastEstimator for its own keys; what they ask for together makes a whole record, so a batch is
    recorded when the first of them sees it, with everything any of them knows.
    """

    def __init__(self, tracker: Any) -> None:
        self.tracker = tracker
        self.feed = Feed(tracker)
        self._evidence = Evidence(self.feed)
        self._index_keys: list[str] = []
        self._label_keys: list[str] = []
        self._metric_keys: list[str] = []
        self._seen: Any = None
        self._rows: dict[tuple[str, str | None], int] = {}
        self._data: dict[tuple[str, str | None], DataLabels] = {}

    def join(self, *, index: str | None = None, label: str | None = None, metric: str | None = None) -> None:
        """Add the keys of a trace."""
        for keys, key in ((self._index_keys, index), (self._label_keys, label), (self._metric_keys, metric)):
            if key is not None and key not in keys:
                keys.append(key)

    @told
    def begin(self, system: Any) -> None:
        """Start a run."""
        if self.tracker.status != "training":
            self.tracker.epochs = system.total_epochs
            self.feed.epoch, self.feed.step = self.tracker.epoch, int(system.global_step or 0)
            self.tracker.start()

    @told
    def epoch_begins(self, system: Any) -> None:
        """Count rows anew, and fix the edits of a training epoch."""
        self._rows = {}
        self._seen = None
        for op in system.pipeline.ops if system.mode == "train" else ():
            edits = getattr(op, "edits", None)
            if isinstance(edits, Edits):
                edits.leave_epochs_to_hook()
                edits.begin_epoch(system.epoch_idx)

    @told
    def batch(self, system: Any, data: Any) -> None:
        """Record a batch, unless another trace did."""
        now = (system.mode, system.ds_id, system.epoch_idx, system.global_step, system.batch_idx)
        if now == self._seen:
            return
        self._seen = now
        stream = (system.mode, system.ds_id or None)
        metrics = {key: data[key] for key in self._metric_keys if key in data}
        if not metrics:
            return
        proof = self._evidence.of(*stream)
        proof.next()
        if self._each_has_one(proof, metrics):
            index, label = self._named(proof, system, data, len(next(iter(metrics.values()))))
            if proof.may_record:
                self.feed.guard(
                    stream,
                    lambda: self.tracker.record(
                        index,
                        label,
                        mode=system.mode,
                        ds_id=system.ds_id or None,
                        epoch=system.epoch_idx,
                        step=int(system.global_step or 0),
                        **metrics,
                    ),
                )
                self.feed.trusts(stream)
        if system.mode == "train":
            self.tracker.safe_point(step=int(system.global_step or 0), epoch=system.epoch_idx)
        if self.tracker.stop_requested:
            system.stop_training = True

    @staticmethod
    def _each_has_one(proof: Proof, metrics: dict[str, Any]) -> bool:
        """Whether metrics have a value for each sample; tells where one was averaged already."""
        reduced = [key for key, value in metrics.items() if len(getattr(value, "shape", (1,))) == 0]
        if reduced:
            proof.warn(
                "loss",
                f"{', '.join(reduced)} is a single number for a batch of {proof.mode} data: it was averaged already, so nothing "
                "of it is recorded",
                "Give the loss op average_loss=False, or a metric of each sample",
            )
        return not reduced

    def _named(self, proof: Proof, system: Any, data: Any, size: int) -> tuple[Any, Any]:
        """Return the names and labels of a batch's rows, once they are proved as far as they can be."""
        index_key = next((key for key in self._index_keys if key in data), None)
        label_key = next((key for key in self._label_keys if key in data), None)
        label = None if label_key is None else data[label_key]
        stream = (proof.mode, proof.ds_id)
        if index_key is not None:
            index = _names(data[index_key])
            proof.named_by = "the index in their batches"
            known = self._data.setdefault(stream, DataLabels())
            known.prove(proof, system, (index_key, label_key), index, label)
            return index, label
        # label statistics need no identity
        proof.named_by = "the order in which they came"
        proof.leave_open(
            "names", "no InstanceTracker gives an index, so only what is said of labels means anything"
        )
        start = self._rows.get(stream, 0)
        self._rows[stream] = start + size
        return range(start, start + size), label

    @told
    def epoch_ends(self, system: Any) -> None:
        """Close an epoch of a mode."""
        self.tracker.end_epoch(system.mode, epoch=system.epoch_idx)

    @told
    def end(self) -> None:
        """End the run."""
        if self.tracker.status == "training":
            self.tracker.finish()


def _names(index: Any) -> Any:
    """Return indices as they are; FastEstimator's tensors may hold whole numbers as floats."""
    from xai_widgets.tracking.ingest.convert import to_array

    array = to_array(index)
    if array.dtype.kind == "f" and bool((array == array.round()).all()):
        return array.astype("int64")
    return array


_sessions: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()
_links: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()
_default: list[Any] = []


def default_tracker(reset: bool = False) -> Any:
    """Return the tracker that traces without one of their own share; see `xai_widgets.hooks.fastestimator.tracker`."""
    if reset or not _default:
        from xai_widgets.tracking import Tracker

        _default[:] = [Tracker()]
    return _default[0]


def link(trace: Any, tracker: Any, **keys: str | None) -> None:
    """Let `trace` feed `tracker`. Kept beside the trace, whose own state FastEstimator pickles."""
    tracker = default_tracker() if tracker is None else tracker
    session = _sessions.get(tracker)
    if session is None:
        session = _sessions[tracker] = Session(tracker)
    session.join(**keys)
    _links[trace] = session


def session_of(trace: Any) -> Session | None:
    """Return the session of a trace."""
    return _links.get(trace)
