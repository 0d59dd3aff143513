"""FastEstimator: its three XAI traces, fed live into our tracker. Change the import lines, nothing else.

::

    from xai_widgets.hooks.fastestimator import InstanceTracker, LabelTracker, Saliency   # was fastestimator.trace.xai

    tracker = xw.hooks.fastestimator.tracker()      # what the widgets show while estimator.fit() runs
    xw.LabelDifficulty(tracker, metric="ce", mode="train")

Edits reach the next epoch through an operator of the pipeline::

    ops=[xw.hooks.fastestimator.EditOp(edits, inputs=("index", "y"), outputs=("y", "weight")), ...]

Each trace is FastEstimator's own class with its constructor arguments and outputs: ImageViewer, ImageSaver, Traceability and
RestoreWizard work on them as before.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from xai_widgets._rng import random_streams_kept
from xai_widgets.edits import Edits
from xai_widgets.hooks._common.require import HookWarning, require
from xai_widgets.hooks.fastestimator.session import default_tracker, link, session_of

__all__ = ["EditOp", "HookWarning", "InstanceTracker", "LabelTracker", "Saliency", "SaliencyNet", "tracker"]

# classes, made when first asked for: their bases are FastEstimator's
EditOp: Any
InstanceTracker: Any
LabelTracker: Any
Saliency: Any
SaliencyNet: Any

STATE = "xai_widgets_tracker"


def tracker(reset: bool = False) -> Any:
    """Return the tracker that all traces made without ``tracker=`` feed.

    Parameters
    ----------
    reset
        Make a new one, for the traces of the next run.
    """
    return default_tracker(reset)


def __getattr__(name: str) -> Any:
    makers = {
        "EditOp": _edit_op,
        "InstanceTracker": _instance_tracker,
        "LabelTracker": _label_tracker,
        "Saliency": _saliency,
        "SaliencyNet": _saliency_net,
    }
    if name in makers:
        return makers[name]()
    raise AttributeError(
        f"module 'xai_widgets.hooks.fastestimator' has no attribute {name!r}; it has {', '.join(__all__)}"
    )


@functools.cache
def _parts() -> Any:
    """FastEstimator's modules, its sampler repaired where it does not fit the installed torch."""
    require("fastestimator")
    from xai_widgets.hooks.fastestimator.compat import repair

    repair()
    return require("fastestimator", "trace.xai"), require("fastestimator", "xai")


@functools.cache
def _live(name: str) -> Any:
    """Return FastEstimator's class `name` with what both trackers add to it."""
    base: Any = getattr(_parts()[0], name)

    class Live(base):
        def on_begin(self, data: Any) -> None:
            super().on_begin(data)
            if (session := session_of(self)) is not None:
                session.begin(self.system)

        def on_epoch_begin(self, data: Any) -> None:
            super().on_epoch_begin(data)
            if (session := session_of(self)) is not None:
                session.epoch_begins(self.system)

        def on_batch_end(self, data: Any) -> None:
            super().on_batch_end(data)
            if (session := session_of(self)) is not None:
                session.batch(self.system, data)

        def on_epoch_end(self, data: Any) -> None:
            super().on_epoch_end(data)
            if (session := session_of(self)) is not None:
                session.epoch_ends(self.system)

        def on_end(self, data: Any) -> None:
            super().on_end(data)
            if (session := session_of(self)) is not None:
                session.end()

        def __getstate__(self) -> dict[str, Any]:
            state: dict[str, Any] = super().__getstate__()
            if (session := session_of(self)) is not None:
                state[STATE] = session.tracker.state_dict()
            return state

        def __setstate__(self, state: dict[str, Any]) -> None:
            ours = state.pop(STATE, None)
            super().__setstate__(state)
            if ours is not None and (session := session_of(self)) is not None:
                session.tracker.load_state_dict(ours)

    return Live


def _traceable(cls: Any) -> Any:
    """Let Traceability reports describe the class by its own name."""
    return require("fastestimator", "util.traceability_util").traceable()(cls)


@functools.cache
def _label_tracker() -> Any:
    base: Any = _live("LabelTracker")

    class LabelTracker(base):
        """FastEstimator's LabelTracker, live: a metric grouped by labels.

        Parameters
        ----------
        label, metric, label_mapping, bounds, mode, ds_id, outputs
            Those of ``fastestimator.trace.xai.LabelTracker``.
        tracker
            The `xai_widgets.Tracker` to feed; by default the one of `xai_widgets.hooks.fastestimator.tracker`.
        """

        def __init__(
            self,
            label: str,
            metric: str,
            label_mapping: dict[str, Any] | None = None,
            bounds: Any = "std",
            mode: Any = "eval",
            ds_id: Any = None,
            outputs: str | None = None,
            tracker: Any = None,
        ) -> None:
            super().__init__(
                label=label, metric=metric, label_mapping=label_mapping, bounds=bounds, mode=mode, ds_id=ds_id,
                outputs=outputs,
            )  # fmt: skip
            link(self, tracker, label=label, metric=metric)

    return _traceable(LabelTracker)


@functools.cache
def _instance_tracker() -> Any:
    base: Any = _live("InstanceTracker")

    class InstanceTracker(base):
        """FastEstimator's InstanceTracker, live: a metric of every instance.

        Parameters
        ----------
        index, metric, n_max_to_keep, n_min_to_keep, list_to_keep, epoch_frequency, mode, ds_id, outputs
            Those of ``fastestimator.trace.xai.InstanceTracker``. Our tracker keeps every instance and epoch.
        tracker
            The `xai_widgets.Tracker` to feed; by default the one of `xai_widgets.hooks.fastestimator.tracker`.
        """

        def __init__(
            self,
            index: str,
            metric: str,
            n_max_to_keep: int = 5,
            n_min_to_keep: int = 5,
            list_to_keep: Any = None,
            epoch_frequency: int = 1,
            mode: Any = "eval",
            ds_id: Any = None,
            outputs: str | None = None,
            tracker: Any = None,
        ) -> None:
            super().__init__(
                index=index, metric=metric, n_max_to_keep=n_max_to_keep, n_min_to_keep=n_min_to_keep,
                list_to_keep=list_to_keep, epoch_frequency=epoch_frequency, mode=mode, ds_id=ds_id, outputs=outputs,
            )  # fmt: skip
            link(self, tracker, index=index, metric=metric)

    return _traceable(InstanceTracker)


@functools.cache
def _edit_op() -> Any:
    _parts()
    base: Any = require("fastestimator", "op.numpyop.numpyop").NumpyOp
    left_out: Any = require("fastestimator", "types").FilteredData

    class EditOp(base):
        """An operator of a pipeline that leaves excluded samples out, and gives the labels and weights in force.

        Parameters
        ----------
        edits
            The `xai_widgets.Edits`. One of the traces here begins their epochs, so there must be one.
        inputs
            The keys of the index and the label, such as ``("index", "y")``.
        outputs
            The keys of the new label and the weight, such as ``("y", "weight")``; without the second, reweighting is
            refused. The loss must multiply by it.
        mode, ds_id
            The data set meant.

        Notes
        -----
        Excluded samples are not replaced by others, so an epoch gets shorter, unless the estimator's steps_per_epoch says
        how long it is.
        """

        def __init__(
            self, edits: Edits, inputs: Any, outputs: Any, mode: str = "train", ds_id: str | None = None
        ) -> None:
            if not isinstance(edits, Edits):
                raise TypeError(f"EditOp expects an xai_widgets.Edits; got {type(edits).__name__}")
            super().__init__(inputs=inputs, outputs=outputs, mode=mode, ds_id=ds_id)
            if len(self.inputs) != 2 or len(self.outputs) not in (1, 2):
                raise ValueError(
                    f"EditOp reads an index and a label and writes a label and a weight; got inputs={inputs!r}, "
                    f"outputs={outputs!r}. Write inputs=('index', 'y'), outputs=('y', 'weight')"
                )
            self.edits, self._place = edits, (mode, ds_id)
            if len(self.outputs) == 1:
                why = "EditOp has no output for weights; write outputs=('y', 'weight') and multiply the loss by it"
                edits.refuse(mode, why, "reweight")

        def forward(self, data: Any, state: dict[str, Any]) -> Any:
            index, label = data
            mode, ds_id = self._place
            label, weight, keep = self.edits.apply(
                [np.asarray(index).item()], np.asarray(label)[None], mode=mode, ds_id=ds_id
            )
            if not keep[0]:
                return left_out(replacement=False)
            made = (label[0], np.float32(weight[0]))[: len(self.outputs)]
            return list(made) if self.out_list else made[0]

    return _traceable(EditOp)


@functools.cache
def _saliency() -> Any:
    base: Any = _parts()[0].Saliency

    class Saliency(base):
        """FastEstimator's Saliency, which leaves every random stream of the run as it was.

        Parameters are those of ``fastestimator.trace.xai.Saliency``.

        Attributes
        ----------
        latest
            {mode: the newest GridDisplay}: what it wrote at the end of the mode's last epoch.
        """

        def on_begin(self, data: Any) -> None:
            super().on_begin(data)
            self.latest: dict[str, Any] = {}

        def on_epoch_end(self, data: Any) -> None:
            with random_streams_kept():
                super().on_epoch_end(data)
            self.latest[self.system.mode] = data[self.outputs[0]]

        def __getstate__(self) -> dict[str, Any]:
            return {name: value for name, value in super().__getstate__().items() if name != "latest"}

    return _traceable(Saliency)


@functools.cache
def _saliency_net() -> Any:
    base: Any = _parts()[1].SaliencyNet

    class SaliencyNet(base):
        """FastEstimator's SaliencyNet, which leaves every random stream of the run as it was.

        Constructor and methods are those of ``fastestimator.xai.SaliencyNet``.
        """

        def get_masks(self, batch: dict[str, Any]) -> dict[str, Any]:
            with random_streams_kept():
                masks: dict[str, Any] = super().get_masks(batch)
            return masks

        def get_smoothed_masks(self, batch: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
            with random_streams_kept():
                masks: dict[str, Any] = super().get_smoothed_masks(batch, *args, **kwargs)
            return masks

        def get_integrated_masks(self, batch: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
            with random_streams_kept():
                masks: dict[str, Any] = super().get_integrated_masks(batch, *args, **kwargs)
            return masks

    return _traceable(SaliencyNet)
