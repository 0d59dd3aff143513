"""Listen to one compiled Keras model: its steps lose the index on the way in, what its criterion says goes to a ring.

Methods of this one model object are replaced, no class is touched: ``train_step`` and ``test_step`` get the data that they
always got, the compiled loss is heard while it is called, and ``compute_loss`` and ``compute_metrics`` only take out the index
where it rides in the targets. Nothing here raises into a step: what fails is kept in `faults`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from xai_widgets._task import Task
from xai_widgets.hooks.keras.criterion import (
    PER_SAMPLE,
    Call,
    Rows,
    Unsplit,
    by_hand,
    listening,
    number_of,
    outputs_with_classes,
    own_rows,
    place_of,
    rows_of,
    task_of,
)
from xai_widgets.hooks.keras.data import TARGET, is_marked
from xai_widgets.hooks.keras.order import take_out
from xai_widgets.hooks.keras.ring_buffer import Reader, fitted, make_ring

BACKENDS = ("tensorflow", "torch")
STEPS = {"train_step": "train", "test_step": "test"}


class Layout(NamedTuple):
    """What the floats of a ring's rows are: loss, want, got, then these."""

    weighted: bool
    own: bool  # whether the targets are those of the batch, where the step changes them
    target: bool  # a number made of the targets, of data whose index rides in them
    logits: int  # classes, 0 for none


class KerasTap:
    """One model under watch.

    Parameters
    ----------
    model
        A compiled ``keras.Model``.
    per_sample
        ``per_sample(y_true, y_pred) -> (B,)``, for models whose loss is not among Keras' own.
    logits
        Whether to keep logits too; None keeps them up to 1,024 classes.

    Attributes
    ----------
    readers
        {(step, layout): what reads its rows}, for the steps "train" and "test".
    faults
        {step: (text, remedy)}: why its rows cannot be told.
    """

    def __init__(self, model: Any, per_sample: Callable[[Any, Any], Any] | None, logits: bool | None) -> None:
        import keras

        self.backend = keras.backend.backend()
        if self.backend not in BACKENDS:
            raise ValueError(
                f"the Keras hook works on the backends {' and '.join(BACKENDS)}, not on {self.backend}; with another, "
                "call tracker.record(index, label, loss=...) in a loop of your own"
            )
        self.model = model
        self.readers: dict[tuple[str, Layout], Reader] = {}
        self.faults: dict[str, tuple[str, str]] = {}
        self.task: Task | None = None  # what the model's output is, as its loss tells
        self.place: tuple[int | str, ...] | None = None  # where that is in what the model returns
        self.labelled = 0  # outputs with classes
        self._per_sample = per_sample
        self._logits = logits
        self._replaced: list[tuple[Any, str, Any]] = []
        self._calls: list[Call] | None = None  # of the criterion, within a step
        self._compiled = model._compile_loss
        self._attach()

    def _attach(self) -> None:
        model = self.model
        for name, kind in STEPS.items():
            self._replace(model, name, self._watched(getattr(model, name), kind))
        self._replace(model, "compute_loss", self._watched_loss(model.compute_loss))
        self._replace(model, "compute_metrics", _unmarked(model.compute_metrics))
        if self._compiled is not None:
            self._replace(self._compiled, "call", self._watched_criterion(self._compiled))
        self._retrace()

    def _replace(self, owner: Any, name: str, function: Any) -> None:
        # straight into the instance's own names: Keras must not take them for parts of the model
        self._replaced.append((owner, name, vars(owner).get(name)))
        vars(owner)[name] = function

    def _retrace(self) -> None:
        """Have the step functions built anew at the next fit: what was traced before does not know of the change."""
        self.model.train_function = None
        self.model.test_function = None

    def detach(self) -> None:
        """Give the model its methods back."""
        for owner, name, before in reversed(self._replaced):
            if before is None:
                vars(owner).pop(name, None)
            else:
                vars(owner)[name] = before
        if self._replaced:
            self._retrace()
        self._replaced = []

    @property
    def attached(self) -> bool:
        """Whether the model is still under watch, and was not compiled anew since."""
        return bool(self._replaced) and self.model._compile_loss is self._compiled

    # what the model calls

    def _watched(self, step: Callable[[Any], Any], kind: str) -> Callable[[Any], Any]:
        def watched_step(data: Any) -> Any:
            rides = isinstance(data, (tuple, list))
            data, index = take_out(data)
            outer, self._calls = self._calls, []
            try:
                result = step(data)
                if index is not None:
                    self._hear(kind, index, data, self._calls, rides)
                else:
                    self.faults[kind] = ("no index", "")
                return result
            finally:
                self._calls = outer

        return watched_step

    def _watched_loss(self, loss: Callable[..., Any]) -> Callable[..., Any]:
        takes_training = "training" in inspect.signature(loss).parameters

        def compute_loss(
            x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **more: Any
        ) -> Any:
            y = y[TARGET] if is_marked(y) else y
            more = more if takes_training else {}
            before = None if self._calls is None else len(self._calls)
            value = loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)
            # a model that overrides this and does not ask its compiled loss: only the user can tell its rows
            if self._calls is not None and before == len(self._calls):
                self._calls.append(Call(y, y_pred, sample_weight, [], None))
            return value

        return compute_loss

    def _watched_criterion(self, compiled: Any) -> Callable[..., Any]:
        call = compiled.call

        def criterion(y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if self._calls is None:
                return call(y_true, y_pred, sample_weight)
            with listening(compiled) as heard:
                value = call(y_true, y_pred, sample_weight)
            self._calls.append(Call(y_true, y_pred, sample_weight, heard, value))
            return value

        return criterion

    # what is kept

    def _hear(self, kind: str, index: Any, data: Any, calls: list[Call], rides: bool) -> None:
        try:
            rows = self._rows(calls)
            y = data[1] if isinstance(data, (tuple, list)) and len(data) > 1 else None
            self._write(kind, index, rows, own_rows(y, calls[0].y), number_of(y) if rides else None)
            self.faults.pop(kind, None)
        except Unsplit as fault:
            self.faults[kind] = (fault.text, fault.remedy)
        except Exception as error:  # a step never ends because somebody looks at it
            self.faults[kind] = (
                f"the loss cannot be told for each row: {type(error).__name__}: {error}",
                PER_SAMPLE,
            )

    def _rows(self, calls: list[Call]) -> Rows:
        step = type(self.model).__name__
        if not calls:
            raise Unsplit(
                f"{step} computes its loss without compute_loss, so nothing tells it for single samples",
                "Have train_step call self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight), or call "
                "tracker.record(index, label, loss=...) yourself",
            )
        if self._per_sample is not None:
            return by_hand(calls[0], self._per_sample, self.model)
        if len(calls) > 1:
            raise Unsplit(
                f"{step} calls its loss {len(calls)} times in a step, and nothing tells which call is the samples' own"
            )
        if not calls[0].heard and calls[0].value is None:
            raise Unsplit(f"{step} computes its loss by itself, so nothing tells it for single samples")
        self.task, self.place = task_of(calls[0]), place_of(self.model, calls[0])
        self.labelled = outputs_with_classes(self.model, calls[0])
        return rows_of(self.model, calls[0], self._logits)

    def _write(self, kind: str, index: Any, rows: Rows, own: Any, target: Any) -> None:
        from keras import ops

        index = ops.reshape(ops.cast(index, "int64"), (-1,))
        loss = ops.reshape(rows.loss, (-1,))
        floats = [loss, ops.zeros_like(loss) + rows.want, ops.zeros_like(loss) + rows.got]
        floats += [] if rows.weighted is None else [ops.reshape(rows.weighted, (-1,))]
        floats += [] if own is None else [ops.reshape(own, (-1,))]
        floats += [] if target is None else [fitted(target, loss)]
        floats += [] if rows.logits is None else [rows.logits]
        layout = Layout(
            rows.weighted is not None,
            own is not None,
            target is not None,
            0 if rows.logits is None else int(rows.logits.shape[-1]),
        )
        reader = self.readers.get((kind, layout))
        if reader is None:
            at_once = (index.shape[0] or 0) * int(self.model.steps_per_execution)
            width = 3 + sum(layout)
            reader = self.readers[kind, layout] = Reader(make_ring(self.backend, width, at_once))
        reader.ring.write(index, rows.label, floats)


def _unmarked(metrics: Callable[..., Any]) -> Callable[..., Any]:
    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return metrics(x, y[TARGET] if is_marked(y) else y, y_pred, sample_weight=sample_weight)

    return compute_metrics
