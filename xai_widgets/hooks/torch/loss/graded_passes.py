"""Which passes over a training loader train, and which only evaluate: the losses of these come without gradients."""

from __future__ import annotations

from xai_widgets.hooks._common.evidence import Evidence
from xai_widgets.hooks.torch.loss.calls import Current


class GradedPasses:
    """Tells passes that train from those that only evaluate.

    Parameters
    ----------
    evidence
        Told of losses without gradients.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._graded = False  # whether the loss was called with gradients
        self._ungraded = 0  # training batches before that, for which it was called without
        self._trained: dict[tuple[str, str | None], bool] = {}  # whether the present pass has gradients

    def begin(self, stream: tuple[str, str | None]) -> None:
        """Note that a pass begins."""
        self._trained.pop(stream, None)

    def trains(self, current: Current) -> bool:
        """Whether a call for a training batch is of training: those without gradients are of an evaluation, or a metric."""
        import torch

        if torch.is_grad_enabled():
            if not self._graded and self._ungraded:
                self._warn(current)
            self._graded = current.graded = True
        elif self._graded and not (current.graded or current.calls or current.settled):
            current.ungraded = True
            return False
        elif current.settled and current.graded:
            return False  # after the batch was trained on: a validation within the epoch, or a metric
        elif not self._graded:
            self._ungraded += 1
        return True

    def leave(self, current: Current | None) -> None:
        """Note whether a batch that the loop leaves was trained on, or only evaluated."""
        if current is None or not (current.graded or current.ungraded):
            return
        stream = (current.mode, current.ds_id)
        self._trained[stream] = current.graded or self._trained.get(stream, False)
        if not current.graded:
            self._warn(current)

    def evaluated(self, stream: tuple[str, str | None], current: Current | None) -> bool:
        """Whether the present pass, which is at `current`, came without gradients alone."""
        if current is not None and (current.graded or current.ungraded):
            return not current.graded and not self._trained.get(stream, False)
        return self._trained.get(stream) is False

    def _warn(self, current: Current) -> None:
        if self._ungraded:
            text = "the first losses of the training loader came without gradients, as evaluations have them, and were recorded"
        else:
            text = (
                "losses of training batches came without gradients alone: that is an evaluation, so it is not recorded, and its "
                "pass counts as no epoch"
            )
        self._evidence.of(current.mode, current.ds_id).warn(
            "ungraded",
            text,
            'Evaluate training data with a loader of its own: watch(..., eval_loader={"train": that_loader})',
        )
