"""Looking at several batches at once.

What a hook costs is mostly per call: a dozen small operations and some hundred lines of Python, which the step before has
driven out of the processor's caches. Where steps are short, calls of a loss are kept and looked at together.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from xai_widgets.hooks._feed import Batch, Feed
from xai_widgets.hooks._torch_losses import PerSample, plain

MOST = 8  # calls looked at together
LARGEST = 65_536  # numbers in an output: copies of larger ones cost as much as looking at them
SHORT = 0.05  # seconds between two calls, at most: nobody waits half a second for a batch

# torch's own losses in which a row's value depends on that row alone; weights of BCE may be per batch
_CLASSES = frozenset({"CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"})
_VALUES = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "mse_loss", "l1_loss"}
)


class _Call(NamedTuple):
    batch: Batch
    outputs: Any
    targets: Any


class Held:
    """Calls of one loss that wait to be looked at together.

    Parameters
    ----------
    feed
        Where batches go.
    per_sample
        What tells per-sample values of a call.
    """

    def __init__(self, feed: Feed, per_sample: PerSample) -> None:
        self._feed, self._per_sample = feed, per_sample
        self._calls: list[_Call] = []
        self._kind: tuple[object, ...] | None = None
        self._name = per_sample.torchs_own or ""
        self._settings: object = None
        self._epoch: tuple[object, ...] | None = None
        self._as_called = per_sample  # with the settings the calls were made with
        self._last = -SHORT

    def take(self, batch: Batch, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any) -> bool:
        """Keep a call until others have come, if it can wait; if not, those before it are looked at now.

        `batch` lacks label and metrics.
        """
        now = time.monotonic()
        short, self._last = now - self._last < SHORT, now
        args = tuple(plain(one) for one in args)
        # the first batch of an epoch moves the tracker's clock, and loops look at that
        before, self._epoch = self._epoch, (batch.mode, batch.ds_id, batch.epoch)
        kind = self._kind_of(batch, args, kwargs, value) if short and before == self._epoch else None
        if kind != self._kind:
            self.flush()
        if kind is None:
            return False
        if not self._calls:
            self._kind = kind
            if kind[-1] != self._settings:
                self._settings, self._as_called = kind[-1], self._per_sample.as_now()
        outputs, targets = args
        self._calls.append(_Call(batch, outputs.detach().clone(), targets.detach().clone()))
        if len(self._calls) == MOST:
            self.flush()
        return True

    def flush(self) -> None:
        """Look at what was kept."""
        calls, self._calls, self._kind = self._calls, [], None
        if not calls:
            return
        try:
            self._record(calls)
        except Exception:  # whichever it is of, the others are recorded
            stream = (calls[0].batch.mode, calls[0].batch.ds_id)
            for call in calls:
                self._feed.guard(stream, lambda call=call: self._record([call]))  # type: ignore[misc]

    def _record(self, calls: list[_Call]) -> None:
        import torch

        outputs = torch.cat([call.outputs for call in calls])
        targets = torch.cat([call.targets for call in calls])
        index = np.concatenate([np.asarray(call.batch.index) for call in calls])
        observed = self._as_called((outputs, targets), {}, None, len(index))
        metrics = {"loss": observed.loss}
        if observed.logits is not None:
            metrics["logits"] = observed.logits
        self._feed.hand_over(calls[-1].batch._replace(index=index, label=observed.label, metrics=metrics))

    def _kind_of(
        self, batch: Batch, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any
    ) -> tuple[object, ...] | None:
        """Give what calls must share to be looked at together; None for one that cannot wait."""
        import torch

        reduced = value is None or getattr(value, "ndim", None) == 0
        if kwargs or len(args) != 2 or not reduced:
            return None
        (outputs, targets), rows = args, len(batch.index)
        shape: tuple[int, ...] = getattr(outputs, "shape", ())
        there: tuple[int, ...] = getattr(targets, "shape", ())
        if there != shape and not (self._name in _CLASSES and there == (rows,)):
            return None
        if len(shape) not in (1, 2) or shape[0] != rows or outputs.numel() > LARGEST:
            return None
        if not (outputs.is_cpu and targets.is_cpu and self._feed.works((batch.mode, batch.ds_id))):
            return None
        if torch.is_autocast_enabled("cpu"):  # its casts would be missing later
            return None
        kind = getattr(batch.index, "dtype", None)
        settings = self._per_sample.settings(weighted=self._name in _CLASSES)
        if kind is None or settings is None:
            return None
        shapes = (shape[1:], outputs.dtype, there[1:], targets.dtype)
        return batch.mode, batch.ds_id, batch.epoch, kind, type(outputs), type(targets), shapes, settings


def known(name: str) -> bool:
    """Whether a row's value of this loss of torch depends on that row alone."""
    return name in _CLASSES or name in _VALUES
