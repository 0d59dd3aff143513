"""Listen to one compiled Keras model: its targets lose their index on the way in, per-sample losses go to a ring.

Two methods of this one model object are replaced, `compute_loss` and `compute_metrics`; no class is touched. Targets
without an index pass through unchanged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from xai_widgets.hooks._common.instance_ids import INDEX
from xai_widgets.hooks.keras.data import TARGET, is_marked
from xai_widgets.hooks.keras.ring_buffer import Reader, make_ring

WIDEST_LOGITS = 1024
BACKENDS = ("tensorflow", "torch")


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
        self.reader: Reader | None = None
        self.has_logits = False
        self._per_sample = per_sample
        self._logits = logits
        self._replaced: dict[str, Any] = {}
        self._attach()

    def _attach(self) -> None:
        model, loss, metrics = self.model, self.model.compute_loss, self.model.compute_metrics
        takes_training = "training" in inspect.signature(loss).parameters

        def compute_loss(
            x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **more: Any
        ) -> Any:
            y = y[TARGET] if is_marked(y) else y
            more = more if takes_training else {}
            return loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)

        def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if not is_marked(y):
                return metrics(x, y, y_pred, sample_weight=sample_weight)
            result = metrics(x, y[TARGET], y_pred, sample_weight=sample_weight)
            self._write(y[INDEX], y[TARGET], y_pred)
            return result

        # straight into the instance's own names: Keras must not take them for parts of the model
        for name, function in (("compute_loss", compute_loss), ("compute_metrics", compute_metrics)):
            self._replaced[name] = model.__dict__.get(name)
            model.__dict__[name] = function
        self._retrace()

    def _retrace(self) -> None:
        """Have the step functions built anew at the next fit: what was traced before does not know of the change."""
        self.model.train_function = None
        self.model.test_function = None

    def detach(self) -> None:
        """Give the model its methods back."""
        for name, before in self._replaced.items():
            if before is None:
                self.model.__dict__.pop(name, None)
            else:
                self.model.__dict__[name] = before
        if self._replaced:
            self._retrace()
        self._replaced = {}

    @property
    def attached(self) -> bool:
        """Whether the model is still under watch."""
        return bool(self._replaced)

    def _write(self, index: Any, y: Any, y_pred: Any) -> None:
        from keras import ops

        loss = self._losses(y, y_pred)
        if loss is None:
            return
        label = self._label(y, y_pred, index)
        logits = self._logits_of(y_pred)
        floats = [loss] if logits is None else [loss, logits]
        if self.reader is None:
            self.has_logits = logits is not None
            width = 1 if logits is None else 1 + int(logits.shape[-1])
            at_once = (index.shape[0] or 0) * int(self.model.steps_per_execution)
            self.reader = Reader(make_ring(self.backend, width, at_once))
        self.reader.ring.write([ops.reshape(index, (-1,)), label], floats)

    def _losses(self, y: Any, y_pred: Any) -> Any:
        from keras import ops

        if self._per_sample is not None:
            losses = self._per_sample(y, y_pred)
        else:
            compiled = self.model._compile_loss
            if compiled is None or not compiled.built:
                if compiled is None:
                    raise TypeError(
                        "this model was compiled without a loss that knows single samples; give "
                        "TrackerCallback(..., per_sample=function(y_true, y_pred) -> (B,))"
                    )
                return None  # shapes are being worked out
            losses = sum(_one_loss(part, y, y_pred) for part in compiled._flat_losses)
        if len(losses.shape) == 0:
            raise ValueError(
                "the per-sample loss is a single number: it is reduced already. The loss function given to compile() "
                "must return one value per sample, shape (B,), as keras.losses.mean_squared_error does."
            )
        if len(losses.shape) > 1:
            losses = ops.mean(losses, axis=tuple(range(1, len(losses.shape))))
        return losses

    def _label(self, y: Any, y_pred: Any, index: Any) -> Any:
        """Integer classes (B,), -1 where the targets are none."""
        from keras import ops

        if not isinstance(y, (dict, list, tuple)):
            y = ops.convert_to_tensor(y)
            shape = tuple(y.shape)
            classes = y_pred.shape[-1] if hasattr(y_pred, "shape") and len(y_pred.shape) == 2 else None
            kind = self._kind()
            if (
                len(shape) == 2
                and shape[1]
                and shape[1] > 1
                and shape[1] == classes
                and "crossentropy" in kind
            ):
                return ops.cast(ops.argmax(y, axis=-1), "int64")
            if len(shape) == 1 or shape[1:] == (1,):
                if "binary" in kind:
                    return ops.cast(ops.reshape(y, (-1,)) > 0.5, "int64")
                if "sparse" in kind or "int" in str(y.dtype):
                    return ops.cast(ops.reshape(y, (-1,)), "int64")
        return ops.cast(ops.reshape(index, (-1,)) * 0 - 1, "int64")

    def _kind(self) -> str:
        parts = getattr(self.model._compile_loss, "_flat_losses", None) or []
        return str(getattr(parts[0].loss, "name", "")) if len(parts) == 1 else ""

    def _logits_of(self, y_pred: Any) -> Any:
        from keras import ops

        kind = self._kind()
        if self._logits is False or "crossentropy" not in kind or len(getattr(y_pred, "shape", ())) != 2:
            return None
        if y_pred.shape[1] > WIDEST_LOGITS and not self._logits:
            return None
        loss = self.model._compile_loss._flat_losses[0].loss
        from_logits = bool(
            getattr(loss, "from_logits", getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
        )
        y_pred = ops.cast(y_pred, "float32")
        if "binary" in kind:
            if y_pred.shape[1] != 1:
                return None
            margin = (
                y_pred if from_logits else ops.log(ops.maximum(y_pred, 1e-7) / ops.maximum(1 - y_pred, 1e-7))
            )
            return ops.concatenate([ops.zeros_like(margin), margin], axis=1)
        return y_pred if from_logits else ops.log(ops.maximum(y_pred, 1e-7))


def _one_loss(part: Any, y: Any, y_pred: Any) -> Any:
    """Per-sample values of one output, masked places left out, times the output's weight."""
    from keras import ops

    for place in part.path:
        y, y_pred = y[place], y_pred[place]
    loss = part.loss
    values = loss.call(ops.convert_to_tensor(y, loss.dtype), ops.convert_to_tensor(y_pred, loss.dtype))
    mask = getattr(y_pred, "_keras_mask", None)
    if mask is not None and tuple(mask.shape) == tuple(values.shape) and len(values.shape) > 1:
        mask = ops.cast(mask, values.dtype)
        axes = tuple(range(1, len(values.shape)))
        values = ops.sum(values * mask, axis=axes) / ops.maximum(ops.sum(mask, axis=axes), 1e-9)
    elif len(values.shape) > 1:
        values = ops.mean(values, axis=tuple(range(1, len(values.shape))))
    return values if part.loss_weights is None else values * part.loss_weights
