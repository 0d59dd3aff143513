"""What is explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xai_widgets._task import Task, of_output
from xai_widgets.attribution.backends.base import ScoreRule, two_classes
from xai_widgets.attribution.inputs.baselines import as_numpy

Ints = NDArray[np.int64]


def resolve(
    target: Any,
    output: NDArray[Any] | None,
    rows: int,
    labels: Any,
    prediction: Ints | None = None,
    task: Task | None = None,
) -> tuple[Ints, Ints]:
    """Find the explained place in every row of the flattened output.

    Parameters
    ----------
    target : None, "predicted", "true", int, sequence of int, tuple of int per output side, or array (B, sides)
        None and "predicted" are the largest output on the clean input; of one logit None is the number itself, which is
        class 1, and "predicted" the likelier of the two classes.
    output : numpy.ndarray or None
        The model's output on the clean input, (B, ...); None if it is not one tensor.
    rows : int
        B.
    labels : array_like or None
        The true labels, for "true".
    prediction : numpy.ndarray or None
        The predicted one of two classes, (B,), where the output is one logit.
    task : Task or None
        What the output is. Of several values the largest means nothing, so that ``target`` has to say which.

    Returns
    -------
    positions, classes : numpy.ndarray
        int64 (B,): places in the flattened row, and the explained classes (-1 where the output is not (B, classes)).

    Raises
    ------
    ValueError, TypeError
        If there is no such output; the text says which there are.
    """
    if output is None or output.ndim < 1 or output.shape[0] != rows:
        shape = "several tensors" if output is None else f"shape {output.shape}"
        raise ValueError(
            f"the model's output is {shape} for {rows} samples, not one row per sample; "
            "pass target= a function of the output that gives one number per sample"
        )
    sides = output.shape[1:] if prediction is None else (2,)
    flat = output.reshape(rows, -1)
    of_value = task is not None and task.kind == "value"
    if of_value and flat.shape[1] == 1 and (target is None or isinstance(target, str)):
        return np.zeros(rows, np.int64), np.full(rows, -1, np.int64)
    if of_value and (target is None or isinstance(target, str)):
        raise ValueError(
            f"the model gives {flat.shape[1]} values for a sample: which is explained? Pass target= one of 0 to "
            f"{flat.shape[1] - 1}"
        )
    if isinstance(target, str) and target not in ("predicted", "true"):
        raise ValueError(f'target should be None, "predicted", "true", a class or a function, got {target!r}')
    if target is None or (isinstance(target, str) and target == "predicted"):
        if len(sides) > 1:
            raise ValueError(
                f"the model's output has shape {output.shape}: which part is explained? Pass target= a function of the "
                f"output that gives one number per sample, or a place in it, a tuple of {len(sides)} numbers"
            )
        best = np.argmax(flat, axis=1).astype(np.int64)
        if (
            prediction is not None
        ):  # of one logit the number itself is explained where nothing else is asked for
            best = np.ones(rows, np.int64) if target is None else np.maximum(prediction, 0)
        return best, best
    if isinstance(target, str):
        if labels is None:
            raise ValueError('target="true" needs the true labels: pass labels=')
        target = labels
    if isinstance(target, tuple) and len(sides) > 1:
        places: Ints = np.broadcast_to(_integers(np.asarray(target)), (rows, len(target)))
    else:
        places = _integers(as_numpy(target))
        places = np.broadcast_to(places, (rows,)) if places.ndim == 0 else places
    return _checked(places, sides, rows)


def _checked(places: Ints, sides: tuple[int, ...], rows: int) -> tuple[Ints, Ints]:
    if places.ndim == 1 and len(sides) <= 1:
        places = places[:, None]
    if places.shape != (rows, max(1, len(sides))):
        raise ValueError(
            f"target has shape {places.shape}; expected one class for all, one per sample ({rows}), or for an output "
            f"with sides {sides} one place per sample, ({rows}, {max(1, len(sides))})"
        )
    bounds = np.array(sides or (1,))
    if (places < 0).any() or (places >= bounds).any():
        wrong = places[((places < 0) | (places >= bounds)).any(axis=1)][0].tolist()
        raise ValueError(
            f"target {wrong if len(wrong) > 1 else wrong[0]} is not in the output, whose sides are {sides or (1,)}"
        )
    flat = np.ravel_multi_index(tuple(places.T), tuple(bounds)).astype(np.int64)
    return flat, flat if len(sides) <= 1 else np.full(rows, -1, np.int64)


def _integers(places: NDArray[Any]) -> Ints:
    if places.dtype.kind not in "iu":
        raise TypeError(f"target classes should be whole numbers, got {places.dtype}")
    return places.astype(np.int64)


def scores(output: NDArray[Any], positions: Ints, rule: ScoreRule) -> NDArray[np.float64]:
    """Read the explained scores off the output, (B,), as the backends do for gradients."""
    rows = len(output)
    flat = output.reshape(rows, -1).astype(np.float64)
    if rule.one_logit:
        flat = two_classes(lambda one, other: np.concatenate([one, other], axis=1), flat, rule)
    if rule.kind != "output":
        if rule.probabilities:
            logs = np.log(np.maximum(flat, np.finfo(np.float32).tiny))
        else:
            logs = flat - flat.max(axis=1, keepdims=True)
            logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
        centred = logs - logs.mean(axis=1, keepdims=True) if rule.probabilities else flat
        flat = {"probability": np.exp(logs), "log_probability": logs, "logit": centred}[rule.kind]
    return np.asarray(flat[np.arange(rows), positions])


def values(output: NDArray[Any] | None, positions: Ints, task: Task | None) -> NDArray[np.float64] | None:
    """Return the explained values, (B,), where the output is values; None for classes and whatever else it is."""
    if output is None or task is None or task.kind != "value":
        return None
    return np.asarray(output.reshape(len(positions), -1)[np.arange(len(positions)), positions], np.float64)


def predictions(
    output: NDArray[Any] | None,
    rows: int,
    task: Task | None = None,
    ends_in_sigmoid: Callable[[], bool] = lambda: False,
) -> tuple[Ints, NDArray[np.float64], Task | None]:
    """Return the predicted class, its probability, and what the output is; None where it is not one number per class.

    The class is -1 and the probability NaN where there is none, also for a sample whose output holds NaN, and for a value.
    """
    if output is None or output.ndim not in (1, 2) or output.shape[0] != rows:
        return np.full(rows, -1, np.int64), np.full(rows, np.nan), None
    # one sample's NaN must not change what the others' outputs are taken for
    found = of_output(output)
    if found is not None and found.kind == "one_logit" and found.probabilities:
        found = replace(found, probabilities=ends_in_sigmoid())  # a logit may lie in (0, 1), too
    if found is not None and found.kind == "classes" and not found.probabilities and task is None:
        shares = output[~np.isnan(output).any(axis=1)]
        if len(shares) and ((shares >= 0) & (shares <= 1)).all() and ends_in_sigmoid():
            found = replace(found, kind="labels", probabilities=True)  # each stands for itself
    if task is not None and found is not None and task.kind != found.kind:
        found = replace(task, probabilities=found.probabilities if task.kind == "labels" else False)
    if found is None:
        return np.full(rows, -1, np.int64), np.full(rows, np.nan), None
    prediction, probability = found.predicted(output)
    return prediction, probability, found
