"""Looking at several batches at once.

What a hook costs is mostly per call: a dozen small operations and some hundred lines of Python, which the step before has
driven out of the processor's caches. Where steps are short, calls of a loss are kept and looked at together.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks._common.feed import Batch, Feed
from xai_widgets.hooks.torch.loss.per_sample_loss import Observed, PerSample, plain

MOST = 32  # calls looked at together
LARGEST = 65_536  # numbers in an output: copies of larger ones cost as much as looking at them
SHORT = 0.05  # seconds between two calls, at most, for the first to wait for the second
WAIT = 0.3  # seconds that a call waits, at most, for those after it

Array = npt.NDArray[Any]

# torch's own losses in which a row's value depends on that row alone; weights of BCE may be per batch
_CLASSES = frozenset({"CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"})
_VALUES = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "mse_loss", "l1_loss"}
)


class Waiting:
    """A call that waits to be looked at; `void` where it turned out not to be the loss."""

    __slots__ = ("batch", "outputs", "targets", "value", "void")

    def __init__(self, batch: Batch, outputs: Array, targets: Array, value: Any) -> None:
        self.batch, self.outputs, self.targets = batch, outputs, targets
        self.value = None if value is None else float(value.detach())
        self.void = False


class Held:
    """Calls of one loss that wait to be looked at together.

    Parameters
    ----------
    feed
        Where batches go.
    per_sample
        What tells per-sample values of a call.
    evidence
        Told whether the values give the criterion's numbers; without it they are taken as they are.
    metric, labels
        What the values are recorded as, and whether the targets give labels.
    """

    def __init__(
        self,
        feed: Feed,
        per_sample: PerSample,
        evidence: Evidence | None = None,
        metric: str = "loss",
        *,
        labels: bool = True,
    ) -> None:
        self._feed, self._per_sample = feed, per_sample
        self._evidence, self._metric, self._labels = evidence, metric, labels
        self._calls: list[Waiting] = []
        self._kind: tuple[object, ...] | None = None
        self._name = per_sample.torchs_own or ""
        self._settings: object = None
        self._epoch: tuple[object, ...] | None = None
        self._as_called = per_sample  # with the settings the calls were made with
        self._last = self._first = -SHORT  # when the last call came, and the first of those that wait

    def take(self, batch: Batch, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> Waiting | None:
        """Keep a call until others have come, if it can wait; if not, those before it are looked at now.

        `batch` lacks label and metrics. What is kept is looked at with a later call at the earliest, so that it can still be
        made void; None for a call that cannot wait.
        """
        now = time.monotonic()
        short, self._last = now - self._last < SHORT, now
        # the first batch of an epoch moves the tracker's clock, and loops look at that
        before, self._epoch = self._epoch, (batch.mode, batch.ds_id, batch.epoch)
        reduced = value is None or getattr(value, "ndim", None) == 0
        given = None
        if short and before == self._epoch and reduced and len(args) == 2 and not kwargs:
            given = _on_host(args)
        kind = None if given is None else self._kind_of(batch, *given)
        if (
            kind != self._kind
            or len(self._calls) >= MOST
            or (self._calls and now - self._first > WAIT - SHORT)
        ):
            self.flush()
        if given is None or kind is None:
            return None
        if not self._calls:
            self._kind, self._first = kind, now
            if kind[-1] != self._settings:
                self._settings, self._as_called = kind[-1], self._per_sample.as_now()
        outputs, targets = given
        self._calls.append(Waiting(batch, outputs.copy(), targets.copy(), value))
        return self._calls[-1]

    def flush(self) -> None:
        """Look at what was kept."""
        calls, self._calls, self._kind = [call for call in self._calls if not call.void], [], None
        if not calls:
            return
        try:
            self._record(calls)
        except Exception:  # whichever it is of, the others are recorded
            stream = (calls[0].batch.mode, calls[0].batch.ds_id)
            for call in calls:
                self._feed.guard(stream, lambda call=call: self._record([call]))  # type: ignore[misc]

    def _record(self, calls: list[Waiting]) -> None:
        import torch

        outputs = torch.from_numpy(np.concatenate([call.outputs for call in calls]))
        targets = torch.from_numpy(np.concatenate([call.targets for call in calls]))
        index = np.concatenate([np.asarray(call.batch.index) for call in calls])
        observed = self._as_called((outputs, targets), {}, None, len(index))
        agreed = self._agreed(calls, observed)
        if not all(agreed):
            kept = [call for call, agrees in zip(calls, agreed, strict=True) if agrees]
            for call in kept:
                call.value = None  # looked at already
            if kept:
                self._record(kept)
            return
        metrics = {self._metric: observed.loss}
        if observed.weighted is not None:
            metrics[f"{self._metric}_weighted"] = observed.weighted
        label = observed.label if self._labels else None
        if observed.logits is not None and label is not None:
            metrics["logits"] = observed.logits
        whole = calls[-1].batch._replace(index=index, label=label, metrics=metrics)
        self._feed.hand_over(whole, [call.batch for call in calls])

    def _agreed(self, calls: list[Waiting], observed: Observed) -> list[bool]:
        """Compare the values of each call, reduced, with the number that the criterion returned."""
        if self._evidence is None or self._as_called.given:
            return [True] * len(calls)
        starts = np.cumsum([0, *(len(call.outputs) for call in calls[:-1])])
        raw = observed.raw.numpy().reshape(len(observed.loss), -1)
        sums = np.add.reduceat(raw.sum(1, dtype=np.float64), starts)
        how = self._as_called.reduction
        if how == "sum":
            wants = sums
        elif observed.share is None:
            wants = sums / [len(call.outputs) * raw.shape[1] for call in calls]
        else:
            share = observed.share.numpy().reshape(len(raw), -1).sum(1, dtype=np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                wants = sums / np.add.reduceat(share, starts)
        proof = self._evidence.of(calls[0].batch.mode, calls[0].batch.ds_id)
        proof.weighted = proof.weighted or observed.weighted is not None
        return [
            call.value is None or proof.number(want, call.value)
            for want, call in zip(wants.tolist(), calls, strict=True)
        ]

    def _kind_of(self, batch: Batch, outputs: Array, targets: Array) -> tuple[object, ...] | None:
        """Return what calls must share to be looked at together; None for one that cannot wait."""
        shape, rows = outputs.shape, len(batch.index)
        if targets.shape != shape and not (self._name in _CLASSES and targets.shape == (rows,)):
            return None
        if len(shape) not in (1, 2) or shape[0] != rows or outputs.size > LARGEST:
            return None
        kind = getattr(batch.index, "dtype", None)
        if kind is None or not self._feed.works((batch.mode, batch.ds_id)):
            return None
        settings = self._per_sample.settings(weighted=self._name in _CLASSES)
        if settings is None:
            return None
        shapes = (shape[1:], outputs.dtype, targets.ndim, targets.dtype)
        return batch.mode, batch.ds_id, batch.epoch, kind, shapes, settings


def _on_host(tensors: tuple[Any, ...]) -> tuple[Array, Array] | None:
    """Return two tensors as the arrays that they are; None for what lies elsewhere, or is no usual tensor."""
    import torch

    tensor = torch.Tensor
    outputs, targets = tensors
    if type(outputs) is not tensor or type(targets) is not tensor:
        outputs, targets = plain(outputs), plain(targets)
        if type(outputs) is not tensor or type(targets) is not tensor:
            return None
    if not (outputs.is_cpu and targets.is_cpu):
        return None
    if torch.is_autocast_enabled("cpu"):  # its casts would be missing later
        return None
    try:
        return outputs.detach().numpy(), targets.detach().numpy()
    except (TypeError, RuntimeError):  # sparse, or of a kind that numpy lacks
        return None


def known(name: str) -> bool:
    """Whether a row's value of this loss of torch depends on that row alone."""
    return name in _CLASSES or name in _VALUES
