"""A zoo of Keras fits as people write them: random combinations, each with an oracle that computes every row by hand.

The learning rate is 0, so that every epoch has the same right losses; that training is as without us is told from the history
of the same fit, which is of the same batches in the same order.
"""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

import xai_widgets as xw
from xai_widgets.hooks.keras import indexed

ROWS, FEATURES, CLASSES, TOKENS = 22, 5, 4, 3
TrackerCallback = xw.hooks.keras.TrackerCallback
TENSORFLOW = keras.backend.backend() == "tensorflow"

HEADS = (
    "sparse", "sparse", "sparse logits", "sparse column", "ignore", "one-hot", "smoothing", "binary", "binary", "binary logits",
    "several", "value", "values", "sum", "by weight", "hinge", "own", "reduced", "pairs", "tokens", "two", "two list", "soft",
    "two classes",
)  # fmt: skip
DATA = (
    "arrays", "arrays", "arrays", "dict", "list", "tensors", "names", "tf.data", "py", "py short", "py workers", "generator",
    "forgotten", "elements", "reshuffled",
)  # fmt: skip
STEPS = (
    "keras",
    "keras",
    "keras",
    "own",
    "one-hot",
    "flipped",
    "by itself",
    "twice",
    "override",
    "override alone",
)
WEIGHTS = ("none", "none", "class_weight", "sample_weight", "with indexed")
VALIDATION = ("none", "indexed", "weighted", "split", "forgotten")
ENDS = ("", "", "", "stop", "exception", "part of a pass")
NO_CLASSES = (
    "two", "two list", "several", "value", "values", "tokens", "ignore", "hinge", "own", "sum", "by weight", "reduced", "pairs",
    "soft", "two classes",
)  # fmt: skip
ARRAYS = ("arrays", "dict", "list", "tensors", "names", "forgotten")
KINDS = ("int32", "int64", "uint8", "bool", "float32")


@dataclass
class Fit:
    """One combination."""

    seed: int
    head: str
    data: str
    step: str
    weights: str
    validation: str
    end: str
    kind: str
    shuffle: Any
    eager: bool
    executions: int
    regularised: bool
    callback_knows: bool
    problems: list[str] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Whether something in it may be told instead of recorded."""
        return (
            self.head in ("reduced", "pairs", "two classes")
            or self.step in ("flipped", "by itself", "twice", "override alone")
            or self.data in ("forgotten", "reshuffled")
            or self.validation == "forgotten"
            or (self.data == "py short" and self.end != "")  # rows whose place is not known yet
        )


def drawn(seed: int) -> Fit:
    """Draw a combination that Keras itself takes."""
    draw = random.Random(seed)
    odd = draw.random() < 0.5  # half of them have an ordinary step and all their names
    fit = Fit(
        seed=seed,
        head=draw.choice(HEADS),
        data=draw.choice(DATA if odd else [one for one in DATA if one != "forgotten"]),
        step=draw.choice(STEPS) if odd else "keras",
        weights=draw.choice(WEIGHTS),
        validation=draw.choice(VALIDATION if odd else VALIDATION[:-1]),
        end=draw.choice(ENDS),
        kind=draw.choice(KINDS),
        shuffle=draw.choice([True, False, "batch"]),
        eager=draw.random() < 0.75 or not TENSORFLOW,
        executions=draw.choice([1, 1, 1, 2]),
        regularised=draw.random() < 0.3,
        callback_knows=draw.random() < 0.7,
    )
    if fit.data == "reshuffled" and (fit.head in NO_CLASSES or fit.end):
        fit.data = (
            "elements"  # without labels, and after few batches, it is open whether these are the same samples
        )
    if fit.data == "elements" and fit.head == "two list":
        fit.data = "tf.data"
    if not TENSORFLOW and fit.data in ("tf.data", "tensors", "elements", "reshuffled"):
        fit.data = "arrays"
    if fit.data not in ARRAYS:
        fit.weights = (
            "none" if fit.weights != "class_weight" or not fit.data.startswith("py") else fit.weights
        )
        fit.validation = "none" if fit.validation == "split" else fit.validation
        fit.end = "" if fit.end == "part of a pass" else fit.end
    if fit.data == "generator":
        fit.end = "" if fit.end == "exception" else fit.end
    if fit.data == "tensors" and fit.validation == "split":
        fit.data = "arrays"
    if fit.weights == "class_weight" and fit.head in NO_CLASSES:
        fit.weights = "sample_weight" if fit.data in ("arrays", "dict", "list", "names") else "none"
    if fit.head in ("tokens", "pairs", "reduced", "two list", "two classes"):
        fit.weights = "none"
    if fit.head in ("two", "two list", "two classes"):
        fit.step = "keras" if fit.step in ("one-hot", "override alone", "by itself") else fit.step
        fit.kind = "int64"
    if fit.step == "one-hot" and fit.head != "one-hot":
        fit.step = "own"
    if fit.step in ("flipped", "one-hot", "own", "twice", "by itself"):
        fit.weights = "none"  # the guides' steps take none
        fit.validation = "none" if fit.validation in ("weighted", "forgotten") else fit.validation
    if fit.step == "flipped" and fit.head != "sparse":
        fit.head = "sparse"
    if fit.executions > 1 and (not TENSORFLOW or fit.end):
        fit.executions = 1
    if fit.head == "ignore" and fit.weights == "with indexed":
        fit.weights = "none"
    if fit.validation == "weighted" and fit.head in (
        "tokens",
        "pairs",
        "reduced",
        "two list",
        "two classes",
        "ignore",
    ):
        fit.validation = "indexed"
    return fit


def targets(fit: Fit, rng: np.random.Generator) -> Any:
    """Make the targets of a head."""
    y = rng.integers(0, CLASSES, ROWS)
    y[:CLASSES] = range(CLASSES)
    hot = np.eye(CLASSES, dtype="float32")[y]
    return {
        "ignore": np.where(np.arange(ROWS) % 3 == 0, -1, y),
        "sparse column": y[:, None],
        "one-hot": y if fit.step == "one-hot" else hot.astype(fit.kind),
        "smoothing": hot,
        "soft": 0.5 * hot + 0.5 * np.roll(hot, 1, 0),
        "binary": (y > 1).astype(fit.kind),
        "binary logits": (y > 1).astype(fit.kind),
        "several": (rng.random((ROWS, CLASSES)) > 0.5).astype(fit.kind),
        "value": rng.normal(size=ROWS).astype("float32"),
        "values": rng.normal(size=(ROWS, 3)).astype("float32"),
        "sum": rng.normal(size=ROWS).astype("float32"),
        "by weight": rng.normal(size=ROWS).astype("float32"),
        "pairs": rng.normal(size=ROWS).astype("float32"),
        "reduced": rng.normal(size=ROWS).astype("float32"),
        "hinge": np.where(y > 1, 1, -1),
        "tokens": rng.integers(0, CLASSES, (ROWS, TOKENS)),
        "two": {"digit": y, "size": (y / 10).astype("float32")},
        "two list": [y, (y / 10).astype("float32")],
        "two classes": [y, y[::-1].copy()],
    }.get(fit.head, y)


def squared(y: Any, p: Any) -> Any:
    """A loss of the user's own."""
    return keras.ops.mean(keras.ops.square(keras.ops.reshape(y, keras.ops.shape(p)) - p), axis=-1)


def criterion(fit: Fit) -> tuple[Any, int, str | None]:
    """Return the loss of a head, its outputs and activation."""
    losses = keras.losses
    return {
        "sparse": ("sparse_categorical_crossentropy", CLASSES, "softmax"),
        "sparse column": ("sparse_categorical_crossentropy", CLASSES, "softmax"),
        "sparse logits": (losses.SparseCategoricalCrossentropy(from_logits=True), CLASSES, None),
        "ignore": (losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1), CLASSES, None),
        "one-hot": ("categorical_crossentropy", CLASSES, "softmax"),
        "soft": ("categorical_crossentropy", CLASSES, "softmax"),
        "smoothing": (losses.CategoricalCrossentropy(label_smoothing=0.1), CLASSES, "softmax"),
        "binary": ("binary_crossentropy", 1, "sigmoid"),
        "binary logits": (losses.BinaryCrossentropy(from_logits=True), 1, None),
        "several": ("binary_crossentropy", CLASSES, "sigmoid"),
        "value": ("mse", 1, None),
        "values": ("mae", 3, None),
        "sum": (losses.MeanSquaredError(reduction="sum"), 1, None),
        "by weight": (losses.MeanSquaredError(reduction="mean_with_sample_weight"), 1, None),
        "hinge": ("hinge", 1, None),
        "own": (squared, 1, None),
        "reduced": (lambda y, p: keras.ops.mean(squared(y, p)), 1, None),
        "pairs": (lambda y, p: keras.ops.concatenate([squared(y, p)] * 2), 1, None),
        "tokens": ("sparse_categorical_crossentropy", CLASSES, "softmax"),
    }[fit.head]


class Steps(keras.Model):
    """A model whose steps are those of the combination."""

    how = "keras"

    def train_step(self, data: Any) -> Any:
        if self.how in ("keras", "override", "override alone"):
            return super().train_step(data)
        return self.stepped(data, True)

    def test_step(self, data: Any) -> Any:
        if self.how in ("keras", "override", "override alone"):
            return super().test_step(data)
        return self.stepped(data, False)

    def stepped(self, data: Any, training: bool) -> Any:
        x, y = data[:2]
        p = self(x, training=training)
        if self.how == "by itself":
            return {"loss": keras.ops.mean(p if hasattr(p, "shape") else next(iter(p.values())))}
        y = keras.ops.one_hot(keras.ops.cast(y, "int64"), CLASSES) if self.how == "one-hot" else y
        y = keras.ops.flip(y, 0) if self.how == "flipped" else y
        for _ in range(2 if self.how == "twice" else 1):
            loss = self.compute_loss(x=x, y=y, y_pred=p)
        return {"loss": loss}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if self.how == "override alone":
            return keras.ops.mean(
                keras.ops.square(y_pred if hasattr(y_pred, "shape") else next(iter(y_pred.values())))
            )
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + 0.5 if self.how == "override" else loss


def model_of(fit: Fit) -> Any:
    """Build and compile the model."""
    keras.utils.set_random_seed(fit.seed)
    shape = (TOKENS, FEATURES) if fit.head == "tokens" else (FEATURES,)
    if fit.data in ("dict", "list"):
        inputs: Any = {"a": keras.Input(shape, name="a"), "b": keras.Input(shape, name="b")}
        hidden = keras.layers.Add()(list(inputs.values()))
        inputs = list(inputs.values()) if fit.data == "list" else inputs
    else:
        inputs = hidden = keras.Input(shape)
    regulariser = "l2" if fit.regularised else None
    if fit.head == "two classes":
        outputs: Any = [
            keras.layers.Dense(CLASSES, "softmax", name=name)(hidden) for name in ("digit", "size")
        ]
        loss: Any = ["sparse_categorical_crossentropy"] * 2
        scale: Any = [1.0, 0.5]
    elif fit.head in ("two", "two list"):
        outputs = {
            "digit": keras.layers.Dense(CLASSES, "softmax", name="digit", kernel_regularizer=regulariser)(
                hidden
            ),
            "size": keras.layers.Dense(1, name="size")(hidden),
        }
        loss = {"digit": "sparse_categorical_crossentropy", "size": "mse"}
        scale = {"digit": 1.0, "size": 0.5}
        if fit.head == "two list":
            outputs, loss, scale = (list(one.values()) for one in (outputs, loss, scale))
    else:
        loss, width, activation = criterion(fit)
        outputs = keras.layers.Dense(width, activation, kernel_regularizer=regulariser)(hidden)
        scale = None
    kind = type("Fitted", (Steps,), {"how": fit.step})
    model = kind(inputs, outputs)
    model.compile(
        keras.optimizers.SGD(0.0),
        loss,
        loss_weights=scale,
        run_eagerly=fit.eager,
        steps_per_execution=fit.executions,
    )
    return model


class Batches(keras.utils.PyDataset):
    """Batches by their cuts."""

    def __init__(self, x: Any, y: Any, cuts: list[int], **options: Any) -> None:
        super().__init__(**options)
        self.x, self.y, self.cuts = x, y, cuts

    def __len__(self) -> int:
        return len(self.cuts) - 1

    def __getitem__(self, i: int) -> Any:
        part = slice(self.cuts[i], self.cuts[i + 1])
        return self.x[part], cut(self.y, part)


def cut(y: Any, part: Any) -> Any:
    """Take rows out of a structure."""
    if isinstance(y, dict):
        return {name: one[part] for name, one in y.items()}
    return tuple(one[part] for one in y) if isinstance(y, list) else y[part]


def arguments(
    fit: Fit, x: Any, y: Any, w: Any, names: Any, watched: bool
) -> tuple[list[Any], dict[str, Any]]:
    """Return what fit is called with, with names or without."""
    options: dict[str, Any] = {"batch_size": 8, "shuffle": fit.shuffle}
    if fit.weights == "class_weight":
        options["class_weight"] = {0: 1.0, 1: 3.0, 2: 1.0, 3: 0.5}
    weighted = fit.weights in ("sample_weight", "with indexed") and fit.data in ARRAYS
    if weighted:
        options["sample_weight"] = w
    if fit.data in ("arrays", "dict", "list", "tensors", "names"):
        index = names if fit.data == "names" else None
        if not watched:
            return [x, y], options
        if weighted and fit.weights == "with indexed":
            given = indexed(x, y, w, index=index)
            options["sample_weight"] = given[2]
            return list(given[:2]), options
        return list(indexed(x, y, index=index)), options
    if fit.data == "forgotten":
        return [x, y], options
    options.pop("batch_size")
    if fit.data.startswith("py"):
        cuts = [0, 3, 11, 12, ROWS] if fit.data == "py short" else [0, 8, 16, ROWS]
        data = Batches(x, y, cuts, workers=2 if fit.data == "py workers" and TENSORFLOW else 1)
        return [indexed(data) if watched else data], options
    options["shuffle"] = False
    if fit.data in ("tf.data", "elements", "reshuffled"):
        import tensorflow as tf

        y = tuple(y) if isinstance(y, list) else y
        rows = tf.data.Dataset.from_tensor_slices((x, y)) if fit.data == "tf.data" else elements(fit, x, y)
        rows = indexed(rows) if watched else rows
        return [(rows.shuffle(ROWS, seed=3) if fit.shuffle else rows).batch(8)], options

    def made() -> Any:
        while True:
            for start in (0, 8, 16):
                part = slice(start, min(start + 8, ROWS))
                target = cut(y, part)
                if watched:
                    target = {"y": target, "index": np.arange(ROWS)[part]}
                yield x[part], target

    options["steps_per_epoch"] = 3
    return [made()], options


def elements(fit: Fit, x: Any, y: Any) -> Any:
    """Make a tf.data set of a generator; "reshuffled", one that gives another order in each later pass."""
    import tensorflow as tf

    orders = [np.arange(ROWS)]

    def made() -> Any:
        for i in orders[-1]:
            yield x[i], tf.nest.map_structure(lambda one: one[i], y)  # noqa: B023
        if fit.data == "reshuffled":
            orders.append(np.random.default_rng(fit.seed + len(orders)).permutation(ROWS))

    spec = tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape[1:], one.dtype), (x, y))
    return tf.data.Dataset.from_generator(made, output_signature=spec)


class Halt(keras.callbacks.Callback):
    """Ends a fit in its second epoch."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.count = how, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.count += 1
        if self.count == 4 and self.how == "stop":
            self.model.stop_training = True
        if self.count == 4 and self.how == "exception":
            raise RuntimeError("the disk is full")


def fitted(fit: Fit, model: Any, x: Any, y: Any, w: Any, names: Any, tracker: Any) -> Any:
    """Call fit; with a `tracker`, watched."""
    watched = tracker is not None
    keras.utils.set_random_seed(fit.seed + 1)  # before a pipeline takes its seed
    data, options = arguments(fit, x, y, w, names, watched)
    if fit.validation == "split":
        options["validation_split"] = 0.25
    elif fit.validation != "none":
        given = (x, y, w) if fit.validation == "weighted" else (x, y)
        options["validation_data"] = indexed(*given) if watched and fit.validation != "forgotten" else given
        if fit.validation == "weighted" and watched:
            assert len(options["validation_data"]) == 3
    if fit.end == "part of a pass":
        options["steps_per_epoch"] = 2
    callbacks: list[Any] = [Halt(fit.end)] if fit.end else []
    if watched:
        known = [model] if fit.callback_knows or fit.data == "generator" or not TENSORFLOW else []
        callbacks.insert(0, TrackerCallback(tracker, *known))
    keras.utils.set_random_seed(fit.seed + 1)
    random.seed(fit.seed)
    epochs = 4 if fit.end == "part of a pass" else 2
    try:
        return model.fit(*data, epochs=epochs, verbose=0, callbacks=callbacks, **options).history
    except RuntimeError as error:
        if "the disk is full" not in str(error):
            raise
        if watched:
            callbacks[0].detach()
        return "exception"


def truth(fit: Fit, model: Any, x: Any, y: Any) -> tuple[Any, list[Any]]:
    """Compute losses and labels by hand."""
    p = model.predict(x, verbose=0)
    log = np.log
    rows = np.arange(ROWS)

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    head = fit.head
    none: list[Any] = [None] * ROWS
    if head == "two classes":
        return sum(-w * log(q[rows, one]) for w, q, one in zip((1, 0.5), p, y, strict=True)), none
    if head in ("two", "two list"):
        digit, size = (p["digit"], p["size"]) if head == "two" else p
        first, second = (y["digit"], y["size"]) if head == "two" else y
        return -log(digit[rows, first]) + 0.5 * (size[:, 0] - second) ** 2, list(first)
    if head in ("sparse", "sparse column"):
        flat = y.reshape(-1)
        return -log(p[rows, flat]), list(flat)
    if head == "sparse logits":
        return -log(softmax(p)[rows, y]), list(y)
    if head == "ignore":
        known = y >= 0
        values = np.where(known, -log(softmax(p)[rows, np.maximum(y, 0)]), np.nan)
        return values, [int(one) if has else None for one, has in zip(y, known, strict=True)]
    if head in ("one-hot", "soft", "smoothing"):
        hot = np.eye(CLASSES)[y] if y.ndim == 1 else y.astype(float)
        smooth = hot * 0.9 + 0.1 / CLASSES if head == "smoothing" else hot
        alone = (hot == hot.max(1, keepdims=True)).sum(1) == 1
        alone &= np.isclose(hot.sum(1) - hot.max(1), 0)
        return -(smooth * log(p)).sum(1), [
            int(one) if has else None for one, has in zip(hot.argmax(1), alone, strict=True)
        ]
    if head in ("binary", "binary logits"):
        q = p[:, 0] if head == "binary" else 1 / (1 + np.exp(-p[:, 0]))
        yes = y.astype(bool)
        return -log(np.where(yes, q, 1 - q)), [int(one) for one in yes]
    if head == "several":
        yes = y.astype(bool)
        return -log(np.where(yes, p, 1 - p)).mean(1), none
    if head == "values":
        return np.abs(p - y).mean(1), none
    if head == "hinge":
        return np.maximum(1 - y * p[:, 0], 0), list(y)
    if head == "tokens":
        return -log(np.take_along_axis(p, y[..., None], 2)[..., 0]).mean(1), none
    return (p[:, 0] - y) ** 2, none


def weights_of(fit: Fit, y: Any, w: Any) -> Any:
    """Return the weight of each row in training; None where there are none."""
    if fit.weights == "none":
        return None
    if fit.weights == "class_weight":
        flat = y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
        return np.asarray([{0: 1.0, 1: 3.0, 2: 1.0, 3: 0.5}[int(one)] for one in flat])
    return w["digit"] if isinstance(w, dict) else w


def run(fit: Fit) -> str:
    """Run a combination without us and with us: "right", "told", or what is wrong."""
    rng = np.random.default_rng(fit.seed)
    y = targets(fit, rng)
    shape = (ROWS, TOKENS, FEATURES) if fit.head == "tokens" else (ROWS, FEATURES)
    x: Any = rng.normal(size=shape).astype("float32")
    w: Any = (rng.random(ROWS) + 0.5).astype("float32")
    names = [f"row {i}" for i in range(ROWS)] if fit.data == "names" else list(range(ROWS))
    if fit.data in ("dict", "list"):
        other = rng.normal(size=shape).astype("float32")
        x = {"a": x, "b": other} if fit.data == "dict" else [x, other]
    if fit.data == "tensors":
        x = keras.ops.convert_to_tensor(x)
        y = y if isinstance(y, (dict, list)) else keras.ops.convert_to_tensor(y)
    tracker = xw.Tracker()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain, model = model_of(fit), model_of(fit)
        history = fitted(fit, plain, x, y, w, names, None)
        watched = fitted(fit, model, x, y, w, names, tracker)
    if not _same(history, watched):
        return f"trains otherwise: {history} {watched}"
    if set(vars(model)) != set(vars(plain)):
        return f"left behind: {set(vars(model)) ^ set(vars(plain))}"
    if fit.data == "tensors":
        y = y if isinstance(y, (dict, list)) else keras.ops.convert_to_numpy(y)
    return judged(fit, tracker, model, x, y, w, names)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return set(one) == set(other) and all(np.array_equal(one[key], other[key], equal_nan=True) for key in one)


def judged(fit: Fit, tracker: Any, model: Any, x: Any, y: Any, w: Any, names: list[Any]) -> str:
    """Compare what was recorded with the truth."""
    losses, labels = truth(fit, model, x, y)
    fit.problems = list(tracker.problems)
    told = bool(fit.problems)
    split = int(np.floor(ROWS * 0.75)) if fit.validation == "split" else ROWS
    wrong = compared(fit, tracker, "train", names, losses, labels, weights_of(fit, y, w), range(split))
    if not wrong and fit.validation not in ("none", "forgotten") and fit.end != "exception":
        each = w if fit.validation == "weighted" else None
        if fit.validation == "split" and fit.weights in ("sample_weight", "with indexed"):
            each = w
        rows = range(split, ROWS) if fit.validation == "split" else range(ROWS)
        known = names if fit.validation == "split" else list(range(ROWS))
        wrong = compared(fit, tracker, "eval", known, losses, labels, each, rows)
    if not wrong and fit.validation == "forgotten" and "eval" in tracker.modes:
        wrong = "eval was recorded without names"
    if wrong and told and not wrong.startswith(("nothing", "missing")):
        return f"told, but recorded: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not fit.doubtful:
        return f"told without need: {fit.problems[0]}"
    if tracker.check().ok == told:
        return f"the check says otherwise: {tracker.check()}"
    return "told" if told else "right"


def compared(
    fit: Fit,
    tracker: Any,
    mode: str,
    names: list[Any],
    losses: Any,
    labels: list[Any],
    weights: Any,
    rows: range,
) -> str:
    """Say what differs in a mode; "" for nothing."""
    if mode not in tracker.modes:
        return f"nothing was recorded in mode {mode}"
    strangers = set(tracker.indices(mode).tolist()) - {names[i] for i in rows}
    if strangers:
        return f"{sorted(strangers)[:3]} are no names of samples"
    named = [names[i] for i in rows]
    series = tracker.instance_series(named, "loss", mode=mode)
    values, want = np.asarray(series.values), np.asarray(losses)[list(rows)][:, None]
    seen = np.isfinite(values)
    off = seen & ~(np.abs(values - want) <= 1e-4 * np.maximum(1, np.abs(want)))
    if off.any():
        row, column = np.argwhere(off)[0]
        return f"{mode} {named[row]}: {values[row, column]} where {want[row, 0]} is right"
    cut_short = fit.end in ("stop", "exception") and mode == "train"
    passes = [1, 2, 3, 4] if fit.end == "part of a pass" and fit.validation == "split" else [1, 2]
    if fit.data == "py short" and fit.end in ("stop", "exception"):
        passes = [1]  # its fourth batch is the last of its first pass
    if (
        list(series.epochs) != passes
        and not (fit.end == "exception" and mode == "eval")
        and not (fit.end == "part of a pass" and mode == "eval")
    ):
        return f"missing epochs: {list(series.epochs)}"
    missing = ~seen & np.isfinite(want)
    if missing[:, : 1 if cut_short else None].any():
        return f"missing: {int(missing.sum())} of {seen.size} rows in mode {mode}"
    if weights is not None:
        scaled = np.asarray(tracker.instance_series(named, "loss_weighted", mode=mode).values)
        right = weighted_truth(fit, want[:, 0], weights, rows)
        if right is not None:
            right = np.broadcast_to(right[:, None], seen.shape)
            if not np.allclose(scaled[seen], right[seen], rtol=1e-3, atol=1e-4):
                return f"{mode}: weighted losses differ"
    for name, found, right in zip(named, series.labels, [labels[i] for i in rows], strict=True):
        if found != right and not (found is None and right is None):
            return f"{mode} {name} has label {found}, {right} is right"
    return ""


def weighted_truth(fit: Fit, losses: Any, weights: Any, rows: range) -> Any:
    """Return the weighted losses; None where the weights are of one output alone."""
    return None if fit.head in ("two", "two list") else losses * np.asarray(weights)[list(rows)]
