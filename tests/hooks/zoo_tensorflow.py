"""A zoo of custom TensorFlow loops as people write them: random combinations, each with every row computed by hand."""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import xai_widgets as xw
from xai_widgets.hooks.tensorflow import indexed, per_sample, watch

ROWS, FEATURES, CLASSES, TOKENS = 22, 5, 4, 3
LOSSES = (
    "sparse",
    "sparse",
    "sparse logits",
    "categorical",
    "smoothing",
    "binary",
    "several",
    "mse",
    "by name",
    "tokens",
    "own",
)
PIPES = (
    "plain",
    "shuffled",
    "batched map",
    "dict",
    "keyed",
    "filtered",
    "shuffled before",
    "batched before",
    "repeated",
    "generator",
    "reshuffled",
)
GIVEN = ("all", "all", "no logits", "more", "reduced", "column", "short")
UNLABELLED = ("several", "mse", "by name", "tokens")
ENDS = ("", "", "", "break", "look", "exception", "within", "evaluation break")


@dataclass
class Walk:
    """One combination."""

    seed: int
    loss: str
    pipe: str
    given: str
    end: str
    problems: list[str] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Whether telling is enough."""
        return self.given in ("reduced", "column", "short") or self.pipe == "reshuffled"


def drawn(seed: int) -> Walk:
    """Draw a combination."""
    draw = random.Random(seed)
    walk = Walk(seed, draw.choice(LOSSES), draw.choice(PIPES), draw.choice(GIVEN), draw.choice(ENDS))
    if walk.pipe == "reshuffled" and (walk.loss in UNLABELLED or walk.end):
        walk.pipe = "generator"  # without labels, and after few batches, it is open whether these are the same samples
    return walk


def targets(walk: Walk, rng: np.random.Generator) -> Any:
    """Make the targets of a loss."""
    y = rng.integers(0, CLASSES, ROWS)
    return {
        "categorical": np.eye(CLASSES, dtype="float32")[y],
        "smoothing": np.eye(CLASSES, dtype="float32")[y],
        "binary": (y > 1).astype("float32")[:, None],
        "several": (rng.random((ROWS, CLASSES)) > 0.5).astype("float32"),
        "mse": rng.normal(size=(ROWS, CLASSES)).astype("float32"),
        "by name": rng.normal(size=(ROWS, CLASSES)).astype("float32"),
        "tokens": rng.integers(0, CLASSES, (ROWS, TOKENS)),
    }.get(walk.loss, y)


def criterion(walk: Walk) -> tuple[Any, int]:
    """Return the loss and how many outputs the model has."""
    losses = keras.losses
    made: dict[str, Any] = {
        "sparse": losses.SparseCategoricalCrossentropy(from_logits=True),
        "sparse logits": losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        "categorical": losses.CategoricalCrossentropy(from_logits=True),
        "smoothing": losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        "binary": losses.BinaryCrossentropy(from_logits=True),
        "several": losses.BinaryCrossentropy(from_logits=True),
        "mse": losses.MeanSquaredError(),
        "by name": "mae",
        "tokens": losses.SparseCategoricalCrossentropy(from_logits=True),
        "own": lambda y, z: keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True) * 2,
    }
    return made[walk.loss], {"binary": 1, "tokens": TOKENS * CLASSES}.get(walk.loss, CLASSES)


def pipeline(walk: Walk, x: Any, y: Any) -> Any:
    """Make the data, whose batches are ``(x, y, index)``."""
    rows = tf.data.Dataset.from_tensor_slices((x, y))
    if walk.pipe == "shuffled before":
        return indexed(rows.shuffle(ROWS, seed=1)).batch(6)
    if walk.pipe == "batched before":
        return indexed(rows.batch(6))
    if walk.pipe == "dict":
        named = indexed(rows.map(lambda a, b: {"a": a, "b": b}))
        return named.batch(6).map(lambda row: (row["a"], row["b"], row["index"]))
    if walk.pipe == "keyed":
        ids = tf.data.Dataset.from_tensor_slices((x, y, np.arange(ROWS) + 100))
        named = indexed(ids, key=2)
        return named.map(lambda a, b, _, i: (a, b, i)).shuffle(ROWS, seed=2).batch(6)
    if walk.pipe in ("generator", "reshuffled"):
        orders = [np.arange(ROWS)]

        def elements() -> Any:
            for i in orders[-1]:
                yield x[i], y[i]
            if walk.pipe == "reshuffled":
                orders.append(np.random.default_rng(walk.seed + len(orders)).permutation(ROWS))

        specs = tuple(tf.TensorSpec(a.shape[1:], a.dtype) for a in (x, y))
        rows = tf.data.Dataset.from_generator(elements, output_signature=specs)
    named = indexed(rows)
    if walk.pipe == "filtered":
        named = named.filter(lambda a, b, i: i % 3 > 0)
    if walk.pipe in ("shuffled"):
        named = named.shuffle(ROWS, seed=walk.seed)
    named = named.batch(6)
    return named.map(lambda a, b, i: (a * 1.0, b, i)) if walk.pipe == "batched map" else named


def labels_of(walk: Walk, y: Any) -> Any:
    """Return the labels that a loop records: classes where there are some."""
    if walk.loss in ("categorical", "smoothing"):
        return np.argmax(y, 1)
    if walk.loss in UNLABELLED:
        return None
    return np.asarray(y).reshape(-1).astype("int64")


class Stopped(Exception):
    """Ends a loop."""


def run(walk: Walk) -> str:
    """Run a combination: "right", "told", "refused", or what is wrong."""
    rng = np.random.default_rng(walk.seed)
    keras.utils.set_random_seed(walk.seed)
    x, y = rng.normal(size=(ROWS, FEATURES)).astype("float32"), targets(walk, rng)
    loss, width = criterion(walk)
    shape = (TOKENS, CLASSES) if walk.loss == "tokens" else (width,)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(width), keras.layers.Reshape(shape)]
    )
    tracker = xw.Tracker()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pipeline(walk, x, y)
        except ValueError as error:
            return (
                "refused"
                if "before" in walk.pipe and "indexed" in str(error)
                else f"refused without need: {error}"
            )
        try:
            with watch(tracker, epochs=2) as watched:
                walked(walk, watched, model, per_sample(loss), data)
        except Stopped:
            pass
    return judged(walk, tracker, model, x, y)


def walked(walk: Walk, watched: Any, model: Any, losses_of: Any, data: Any) -> None:
    """Walk over the data twice, as far as the end lets it."""

    def record(a: Any, b: Any, index: Any) -> None:
        z = model(a)
        each = losses_of(b, z)
        label = labels_of(walk, b.numpy())
        plain = walk.given == "no logits" or walk.loss in ("binary", "several", "mse", "by name", "tokens")
        more: dict[str, Any] = (
            {"entropy": tf.reduce_sum(z, axis=list(range(1, len(z.shape))))} if walk.given == "more" else {}
        )
        if walk.given == "reduced":
            each = tf.reduce_mean(each)
        if walk.given == "column":
            each = each[:, None]
        if walk.given == "short":
            each = each[1:]
        watched.record(index, label, each, None if plain else z, **more)

    if walk.end == "look":
        next(iter(watched.train(data)))
    for epoch in range(2):
        for place, batch in enumerate(watched.train(data)):
            if walk.end == "break" and place == 2:
                break
            if walk.end == "exception" and (epoch, place) == (1, 1):
                raise Stopped
            if walk.end == "within" and place == 1:
                for other in watched.evaluate(data):
                    record(*other)
            record(*batch)
        if walk.end == "evaluation break":
            for batch in watched.evaluate(data):
                record(*batch)
                break


def truth(walk: Walk, model: Any, x: Any, y: Any) -> Any:
    """Compute every row by hand."""
    z = model.predict(x, verbose=0).astype("float64")
    logs = z - np.log(np.exp(z).sum(-1, keepdims=True))
    if walk.loss == "tokens":
        return -np.take_along_axis(logs, y[..., None], 2)[..., 0].mean(1)
    if walk.loss in ("categorical", "smoothing"):
        hot = y * 0.9 + 0.1 / CLASSES if walk.loss == "smoothing" else y
        return -(hot * logs).sum(1)
    if walk.loss in ("binary", "several"):
        return np.where(y > 0.5, np.log1p(np.exp(-z)), np.log1p(np.exp(z))).mean(1)
    if walk.loss == "mse":
        return ((z - y) ** 2).mean(1)
    if walk.loss == "by name":
        return np.abs(z - y).mean(1)
    return -logs[np.arange(ROWS), y] * (2 if walk.loss == "own" else 1)


def judged(walk: Walk, tracker: Any, model: Any, x: Any, y: Any) -> str:
    """Compare what was recorded with the truth."""
    walk.problems = list(tracker.problems)
    told = bool(walk.problems)
    wrong = compared(walk, tracker, truth(walk, model, x, y), labels_of(walk, y))
    if wrong and told and not wrong.startswith(("nothing", "missing")):
        return f"told, but recorded: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not walk.doubtful:
        return f"told without need: {walk.problems[0]}"
    return "told" if told else "right"


def compared(walk: Walk, tracker: Any, losses: Any, labels: Any) -> str:
    """Say what differs; "" for nothing."""
    shift = 100 if walk.pipe == "keyed" else 0
    rows = [i for i in range(ROWS) if walk.pipe != "filtered" or i % 3]
    names = [i + shift for i in rows]
    for mode in ("train", "eval") if walk.end in ("within", "evaluation break") else ("train",):
        if mode not in tracker.modes:
            return f"nothing was recorded in mode {mode}"
        if set(tracker.indices(mode).tolist()) - set(names):
            return f"strangers in mode {mode}"
        series = tracker.instance_series(names, "loss", mode=mode)
        values, want = np.asarray(series.values), losses[rows][:, None]
        seen = np.isfinite(values)
        if (seen & ~(np.abs(values - want) <= 1e-4 * np.maximum(1, np.abs(want)))).any():
            return f"{mode} values are wrong"
        for place, (found, has) in enumerate(zip(series.labels, seen.any(1), strict=True)):
            if has and found != (None if labels is None else int(labels[rows[place]])):
                return f"{mode} label {found} of {names[place]}"
        if walk.end in ("break", "exception", "evaluation break"):
            continue
        if list(series.epochs) != [1, 2] or not seen.all():
            return f"missing: {int((~seen).sum())} rows, epochs {list(series.epochs)}"
    return ""
