"""What a compiled Keras loss says of every row, heard while it is called: no prediction and no loss is computed again.

`listening` hears each part of the criterion (one for each output) with the values that it is about to reduce. `rows_of`
makes of them a loss for each row, without and with sample weights, and the number that these rows would give if they were
reduced as the criterion does: beside the number that it returned, this is the evidence that they are its values.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from xai_widgets._task import Task, of_criterion
from xai_widgets.tracking import NO_LABEL

WIDEST_LOGITS = 1024
WIDEST_TARGET = 257
PER_SAMPLE = (
    "Give TrackerCallback(..., per_sample=function(y_true, y_pred) -> one value per sample, shape (B,))"
)


class Unsplit(Exception):
    """A loss that cannot be told for each row.

    Parameters
    ----------
    text, remedy
        What came, and the line to write instead.
    """

    def __init__(self, text: str, remedy: str = PER_SAMPLE) -> None:
        super().__init__(text)
        self.text, self.remedy = text, remedy


class Heard(NamedTuple):
    """One call of a part of the criterion: its loss, what it compared, and its values before they are reduced."""

    loss: Any
    y_true: Any
    y_pred: Any
    values: Any


class Call(NamedTuple):
    """One call of the whole criterion."""

    y: Any
    y_pred: Any
    sample_weight: Any
    heard: list[Heard]
    value: Any


class Rows(NamedTuple):
    """What is known of the rows of a batch, (B,) each but `logits` (B, C); `want` and `got` are single numbers."""

    loss: Any
    weighted: Any
    label: Any
    logits: Any
    want: Any
    got: Any


@contextlib.contextmanager
def listening(compiled: Any) -> Iterator[list[Heard]]:
    """Hear the parts of a compiled loss for the time of one call of it."""
    heard: list[Heard] = []
    replaced: list[tuple[Any, str, Any]] = []

    def replace(owner: Any, name: str, function: Callable[..., Any]) -> None:
        replaced.append((owner, name, vars(owner).get(name)))
        vars(owner)[name] = function

    def listen() -> None:
        for loss in {id(part.loss): part.loss for part in compiled._flat_losses or ()}.values():
            replace(loss, "call", _heard_call(loss, heard))

    if compiled.built:
        listen()
    else:
        build = compiled.build

        def build_and_listen(*args: Any, **kwargs: Any) -> None:
            build(*args, **kwargs)
            listen()

        replace(compiled, "build", build_and_listen)
    try:
        yield heard
    finally:
        for owner, name, before in reversed(replaced):
            if before is None:
                vars(owner).pop(name, None)
            else:
                vars(owner)[name] = before


def _heard_call(loss: Any, heard: list[Heard]) -> Callable[[Any, Any], Any]:
    call = loss.call

    def called(y_true: Any, y_pred: Any) -> Any:
        values = call(y_true, y_pred)
        heard.append(Heard(loss, y_true, y_pred, values))
        return values

    return called


def rows_of(model: Any, call: Call, logits: bool | None) -> Rows:
    """Return what one call of the criterion says of every row.

    Raises
    ------
    Unsplit
        A loss that is reduced already, or parts that were not all heard.
    """
    from keras import ops

    parts = model._compile_loss._flat_losses or []
    if len(parts) != len(call.heard):
        raise Unsplit(f"{len(call.heard)} of the {len(parts)} losses of this model could be heard")
    sums = [
        _sums(part, heard, _at(part.path, call.sample_weight), _mask_of(_at(part.path, call.y_pred), heard))
        for part, heard in zip(parts, call.heard, strict=True)
    ]
    loss = sum(one.loss for one in sums)
    weighted = None if call.sample_weight is None else sum(one.weighted for one in sums)
    want = sum(one.want for one in sums)
    got = ops.cast(call.value, "float32")
    got = ops.mean(got) if len(got.shape) else got
    seen = _classes(model, parts, call)
    label = ops.full_like(ops.cast(loss, "int64"), NO_LABEL) if seen is None else seen.label
    return Rows(loss, weighted, label, None if seen is None else _logits(seen, logits), want, got)


class _Sums(NamedTuple):
    loss: Any
    weighted: Any
    want: Any


def _sums(part: Any, heard: Heard, sample_weight: Any, mask: Any) -> _Sums:
    """Reduce one part's values (B, ...) to its rows, and these as the loss itself does."""
    from keras import ops
    from keras.src.losses.loss import squeeze_or_expand_to_same_rank

    values = ops.cast(heard.values, "float32")
    if len(values.shape) == 0:
        raise Unsplit(
            f"the loss {getattr(part.loss, 'name', '')!r} is a single number before Keras reduces it: it is reduced "
            "already, so it says nothing of single samples",
            "Have the function given to compile() return one value per sample, shape (B,), as "
            "keras.losses.mean_squared_error does, or give TrackerCallback(..., per_sample=...)",
        )
    axes = tuple(range(1, len(values.shape)))
    factor, divisor = None, None
    if mask is not None:
        factor = ops.cast(mask, "float32")
    if sample_weight is not None:
        weight = ops.cast(sample_weight, "float32")
        if factor is None:
            factor = weight
        else:
            given, weight = squeeze_or_expand_to_same_rank(factor, weight)
            factor = weight * given
        divisor = ops.sum(factor)
    scaled = values
    if factor is not None:
        values, factor = squeeze_or_expand_to_same_rank(values, factor)
        scaled = values * factor
    counts = ops.ones_like(values) if mask is None else ops.ones_like(values) * _like(mask, values)
    plain = values if mask is None else ops.where(counts > 0, values, 0.0)
    number, plain, total = (ops.sum(one, axis=axes) if axes else one for one in (counts, plain, scaled))
    reduction = part.loss.reduction
    scale = 1.0 if part.loss_weights is None else part.loss_weights
    if reduction == "sum":
        want = ops.sum(total)
        rows, with_weights = ops.where(number > 0, plain, float("nan")), total
    else:
        by_weight = reduction == "mean_with_sample_weight" and divisor is not None
        want = ops.divide_no_nan(ops.sum(total), divisor if by_weight else ops.sum(number))
        rows, with_weights = plain / number, total / number
    return _Sums(rows * scale, with_weights * scale, want * scale)


def _like(mask: Any, values: Any) -> Any:
    from keras import ops

    mask = ops.cast(mask, "float32")
    while len(mask.shape) < len(values.shape):
        mask = ops.expand_dims(mask, -1)
    return mask


def _mask_of(y_pred: Any, heard: Heard) -> Any:
    """Return which values count: those that neither the model's mask nor the loss' own leaves out."""
    from keras import ops

    masks = [getattr(one, "_keras_mask", None) for one in (y_pred, heard.values)]
    masks = [ops.cast(mask, "bool") for mask in masks if mask is not None]
    if not masks:
        return None
    return masks[0] if len(masks) == 1 else ops.logical_and(*masks)


def _at(path: Any, tree: Any) -> Any:
    """Follow the path of an output into a structure, which may be one for all outputs."""
    for place in path:
        if not isinstance(tree, (dict, list, tuple)):
            break
        try:
            tree = tree[place]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


class _Classes(NamedTuple):
    kind: str
    label: Any
    heard: Heard


def outputs_with_classes(model: Any, call: Call) -> int:
    """Return how many outputs have labels of their own: of several, none is the sample's label."""
    return len(_all_classes(model, model._compile_loss._flat_losses or [], call)) if call.heard else 0


def _classes(model: Any, parts: Any, call: Call) -> _Classes | None:
    """Return the labels of the only output that has any."""
    found = _all_classes(model, parts, call)
    return found[0] if len(found) == 1 else None


def _all_classes(model: Any, parts: Any, call: Call) -> list[_Classes]:
    found = []
    for part, heard in zip(parts, call.heard, strict=True):
        kind = kind_of(heard.loss)
        if kind == "other":
            kind = _kind_by_output(model, part, heard, _at(part.path, call.y))
        label = _label(kind, heard)
        if label is not None:
            found.append(_Classes(kind, label, heard))
    return found


def kind_of(loss: Any) -> str:
    """Say what a loss compares: "sparse" or "one-hot" classes, "binary" ones, "hinge" signs, "value", or "other"."""
    from keras import losses

    kinds = {
        "sparse": ("sparse_categorical_crossentropy",),
        "one-hot": ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"),
        "binary": ("binary_crossentropy", "binary_focal_crossentropy"),
        "hinge": ("hinge", "squared_hinge"),
        "value": (
            "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "huber", "log_cosh",
            "mean_squared_logarithmic_error", "poisson", "cosine_similarity", "kl_divergence",
        ),
    }  # fmt: skip
    function = getattr(loss, "fn", None)
    for kind, names in kinds.items():
        if any(function is getattr(losses, name, None) for name in names):
            return kind
    return "other"


def _kind_by_output(model: Any, part: Any, heard: Heard, y: Any) -> str:
    """Tell what a loss of the user's own compares by the output's activation and the type of the targets."""
    from keras import activations

    layers = getattr(model, "layers", None) or [None]
    layer = next((one for one in layers if part.path and one.name == str(part.path[-1])), layers[-1])
    activation = getattr(layer, "activation", None)
    several = len(heard.y_pred.shape) == 2 and (heard.y_pred.shape[-1] or 1) > 1
    whole = "int" in str(getattr(y, "dtype", ""))
    if several and whole and (len(y.shape) == 1 or y.shape[-1] == 1):
        return "sparse"
    if several and activation is activations.softmax:
        return "one-hot"
    return "binary" if not several and activation is activations.sigmoid else "other"


def _label(kind: str, heard: Heard) -> Any:
    """Integer classes (B,), `NO_LABEL` for rows that have none; None for targets that are no classes."""
    from keras import ops

    y, shape, wide = heard.y_true, tuple(heard.y_true.shape), tuple(heard.y_pred.shape)
    flat = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    single = len(wide) == 1 or (len(wide) == 2 and wide[1] == 1)
    if kind == "sparse" and flat and len(wide) == 2:
        y = ops.reshape(y, (-1,))
        ignored = getattr(heard.loss, "ignore_class", None)
        known = y >= 0 if ignored is None else ops.logical_and(y >= 0, y != ignored)
    elif kind == "one-hot" and len(shape) == 2 and not flat:
        # also where the data was smoothed: one place stands out, and all others are alike
        highest, lowest = ops.max(y, axis=-1), ops.min(y, axis=-1)
        others = (ops.sum(y, axis=-1) - highest) / (shape[1] - 1)
        known = ops.logical_and(highest > lowest + 1e-3, ops.abs(others - lowest) < 1e-4)
        y = ops.argmax(y, axis=-1)
    elif kind == "binary" and flat and single:
        y = ops.reshape(y, (-1,))
        known = ops.logical_or(y == 0, y == 1)
    elif kind == "hinge" and flat and single:
        y = ops.reshape(y, (-1,))
        known = ops.logical_or(ops.logical_or(y == 0, y == 1), y == -1)
    else:
        return None
    return ops.where(known, ops.cast(ops.where(known, y, ops.zeros_like(y)), "int64"), NO_LABEL)


def _logits(seen: _Classes, wanted: bool | None) -> Any:
    """Return class scores before the softmax (B, C), where the loss tells what its predictions are."""
    from keras import ops

    y_pred, settings = seen.heard.y_pred, getattr(seen.heard.loss, "_fn_kwargs", {})
    if (
        wanted is False
        or seen.kind not in ("sparse", "one-hot", "binary")
        or kind_of(seen.heard.loss) == "other"
    ):
        return None
    if getattr(seen.heard.loss, "fn", None) is _hinge():
        return None
    y_pred = ops.cast(y_pred, "float32")
    from_logits = bool(settings.get("from_logits", False))
    if seen.kind == "binary":
        margin = ops.reshape(y_pred, (-1, 1))
        if not from_logits:
            margin = ops.log(ops.maximum(margin, 1e-7) / ops.maximum(1 - margin, 1e-7))
        return ops.concatenate([ops.zeros_like(margin), margin], axis=1)
    if len(y_pred.shape) != 2 or (y_pred.shape[1] > WIDEST_LOGITS and not wanted):
        return None
    return y_pred if from_logits else ops.log(ops.maximum(y_pred, 1e-7))


def _hinge() -> Any:
    from keras import losses

    return losses.categorical_hinge


def task_of(call: Call) -> Task | None:
    """Tell what the model's output is from its only loss; None for several, and for losses of the user's own."""
    if len(call.heard) != 1:
        return None
    heard = call.heard[0]
    kind, function = kind_of(heard.loss), getattr(heard.loss, "fn", None)
    name = "".join(part.capitalize() for part in getattr(function, "__name__", "").split("_"))
    task = None if kind == "other" else of_criterion(name, tuple(heard.y_pred.shape))
    if task is None or kind not in ("sparse", "one-hot", "binary"):
        return task
    return replace(task, probabilities=not getattr(heard.loss, "_fn_kwargs", {}).get("from_logits", False))


def place_of(model: Any, call: Call) -> tuple[int | str, ...] | None:
    """Return where the outputs of the model's only loss are in what it returns, () for all of it; None for several losses."""
    parts = model._compile_loss._flat_losses or []
    return tuple(parts[0].path) if len(parts) == len(call.heard) == 1 else None


def own_rows(own: Any, used: Any) -> Any:
    """Tell row by row whether the targets that a loss was given are those of the batch, (B,).

    None where they are the very same, as in every step that changes nothing.
    """
    from keras import ops

    given, known = _leaves(used), _leaves(own)
    if all(any(one is other for other in known) for one in given):
        return None
    same = None
    for one in map(ops.convert_to_tensor, given):
        rows = [_equal(one, ops.convert_to_tensor(other)) for other in known]
        rows = [row for row in rows if row is not None]
        if not rows:
            return ops.zeros((ops.shape(one)[0],), "float32")
        best = ops.max(ops.stack(rows), axis=0)
        same = best if same is None else ops.minimum(same, best)
    return same


def number_of(y: Any) -> Any:
    """Make one number of each row of targets, (B,), which differs where rows do; None where they are no rows of numbers."""
    from keras import ops

    number = None
    for part in _leaves(y):
        shape = tuple(part.shape)
        if (
            len(shape) not in (1, 2)
            or (shape[1:] or (1,))[0] not in range(1, WIDEST_TARGET)
            or "str" in str(part.dtype)
        ):
            return None
        rows = ops.reshape(ops.cast(part, "float32"), (-1, (shape[1:] or (1,))[0]))
        factors = np.cos(np.arange(rows.shape[1]) + 0.5).astype("float32")
        one = ops.sum(rows * factors, axis=1)
        number = one if number is None else number * 0.7 + one
    return number


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, (dict, list, tuple)):
        parts = tree.values() if isinstance(tree, dict) else tree
        return [leaf for part in parts for leaf in _leaves(part)]
    return [] if tree is None else [tree]


def _equal(one: Any, other: Any) -> Any:
    """Compare targets row by row, classes with their one-hot rows too; None for shapes that cannot be compared."""
    from keras import ops

    one, other = (ops.cast(value, "float32") for value in (one, other))
    if len(one.shape) == 2 and one.shape[1] != 1 and (len(other.shape) == 1 or other.shape[1:] == (1,)):
        one = ops.cast(ops.argmax(one, axis=-1), "float32")
    one, other = (ops.reshape(value, (ops.shape(value)[0], -1)) for value in (one, other))
    if one.shape[1] != other.shape[1]:
        return None
    return ops.cast(ops.all(ops.abs(one - other) <= 1e-5 * (1 + ops.abs(other)), axis=1), "float32")


def by_hand(call: Call, function: Callable[[Any, Any], Any], model: Any) -> Rows:
    """Return what the user's own function says of every row.

    Raises
    ------
    Unsplit
        It returned a single number.
    """
    from keras import ops

    values = ops.cast(function(call.y, call.y_pred), "float32")
    if len(values.shape) == 0:
        raise Unsplit(
            "per_sample returned a single number: it is reduced already",
            "Have per_sample(y_true, y_pred) return one value per sample, shape (B,)",
        )
    if len(values.shape) > 1:
        values = ops.mean(values, axis=tuple(range(1, len(values.shape))))
    weighted = None
    if call.sample_weight is not None and not isinstance(call.sample_weight, (dict, list, tuple)):
        weight = ops.cast(call.sample_weight, "float32")
        if len(weight.shape) == 1:
            weighted = values * weight
    label = ops.full_like(ops.cast(values, "int64"), NO_LABEL)
    if call.heard:
        seen = _classes(model, model._compile_loss._flat_losses or [], call)
        label = label if seen is None else seen.label
    elif not isinstance(call.y, (dict, list, tuple)) and not isinstance(call.y_pred, (dict, list, tuple)):
        heard = Heard(None, ops.convert_to_tensor(call.y), call.y_pred, values)
        part = _Output(())
        kind = _kind_by_output(model, part, heard, heard.y_true)
        found = _label(kind, heard)
        label = label if found is None else found
    nothing = ops.zeros((), "float32")
    return Rows(values, weighted, label, None, nothing, nothing)


class _Output(NamedTuple):
    path: tuple[Any, ...]
