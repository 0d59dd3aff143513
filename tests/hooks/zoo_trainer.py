"""A zoo of Hugging Face Trainers as people write them: random combinations, each with every row computed by hand."""

from __future__ import annotations

import contextlib
import random
import tempfile
import warnings
from dataclasses import dataclass, field
from typing import Any

import datasets
import numpy as np
import torch
import torch.nn.functional as F
import transformers
from torch import nn
from torch.utils.data import ConcatDataset, Dataset, Subset

import xai_widgets as xw

ROWS, FEATURES, CLASSES, TOKENS = 22, 5, 4, 3
indexed = xw.hooks.transformers.indexed
HEADS = ("classes", "classes", "classes", "several", "value", "tokens", "ignored", "weighted model", "items")
DATA = (
    "torch", "torch", "columns", "columns", "names", "subset", "concat", "list", "forgotten", "read", "read", "reshuffled",
    "stream",
)  # fmt: skip
COLLATES = ("default", "default", "own", "reversed", "labels reversed", "sorted", "dropped")
CRITERIA = (
    "model's", "model's", "model's", "smoothing", "weighted pop", "weighted get", "function", "function with per_sample",
)  # fmt: skip
NO_LABELS = (
    "smoothing",
    "function with per_sample",
)  # which do not reach the model, and of an evaluation nobody else tells
ENDS = ("", "", "", "stop", "exception")
WEIGHT = torch.tensor([1.0, 9.0, 1.0, 0.2])


@dataclass
class Run:
    """One combination."""

    seed: int
    head: str
    data: str
    collate: str
    criterion: str
    evaluation: bool
    accumulation: int
    logging: int
    end: str
    drop_last: bool
    problems: list[str] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Whether telling is enough."""
        return (
            self.head == "weighted model"
            or self.data in ("forgotten", "reshuffled")
            or (self.evaluation and self.data in ("read", "stream") and self.criterion in NO_LABELS)
            or self.collate in ("labels reversed", "sorted", "dropped")
            or self.criterion in ("weighted pop", "weighted get", "function")
            or (self.criterion == "smoothing" and (self.data == "list" or self.collate == "own"))
        )


def drawn(seed: int) -> Run:
    """Draw a combination."""
    draw = random.Random(seed)
    run = Run(
        seed, draw.choice(HEADS), draw.choice(DATA), draw.choice(COLLATES), draw.choice(CRITERIA), draw.random() < 0.5,
        draw.choice([1, 1, 2]), draw.choice([1, 3, 50]), draw.choice(ENDS), draw.random() < 0.2,
    )  # fmt: skip
    if draw.random() < 0.4:
        run.collate, run.criterion = "default", "model's"
    if run.head != "classes" and run.criterion != "model's":
        run.head = "classes"
    if run.data == "reshuffled" and (run.head in ("tokens", "ignored") or run.drop_last or run.end):
        run.data = "read"  # tokens are not compared with earlier ones, and a few batches say too little
    if run.data == "stream" and run.drop_last:
        run.data = "read"
    if run.collate == "labels reversed" and run.head == "tokens":
        run.collate = "own"
    return run


class Rows(Dataset):
    """Samples in dictionaries."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Any:
        return {"x": self.x[i], "labels": self.y[i]}


class Read(Dataset):
    """Samples of which nothing is known before they are read; with a `generator`, in another order in each later pass."""

    def __init__(self, rows: Rows, generator: torch.Generator | None = None) -> None:
        self.read, self.size, self.asked = rows.__getitem__, len(rows), 0
        self.order, self.generator = list(range(self.size)), generator

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, i: int) -> Any:
        if self.asked and self.asked % self.size == 0 and self.generator is not None:
            self.order = torch.randperm(self.size, generator=self.generator).tolist()
        self.asked += 1
        return self.read(self.order[i])


class Net(nn.Module):
    """A model that returns its loss, as those of the library do."""

    def __init__(self, head: str) -> None:
        super().__init__()
        self.head, self.config = head, transformers.PretrainedConfig()  # smoothing asks for one
        self.linear = nn.Linear(FEATURES, {"value": 1, "tokens": TOKENS * CLASSES}.get(head, CLASSES))

    def forward(self, x: Any = None, labels: Any = None) -> Any:
        logits = self.linear(x)
        logits = logits.unflatten(-1, (TOKENS, CLASSES)) if self.head == "tokens" else logits
        return {"logits": logits} if labels is None else {"loss": self.loss(logits, labels), "logits": logits}

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the loss of the head."""
        if self.head == "several":
            return F.binary_cross_entropy_with_logits(logits, labels)
        if self.head == "value":
            return F.mse_loss(logits.squeeze(1), labels)
        if self.head == "weighted model":
            return F.cross_entropy(logits, labels, weight=WEIGHT)
        return F.cross_entropy(logits.reshape(-1, CLASSES), labels.reshape(-1))


class ItemsNet(Net):
    """A model that divides by the items of the whole step."""

    def forward(
        self, x: Any = None, labels: Any = None, num_items_in_batch: Any = None, **kwargs: Any
    ) -> Any:
        logits = self.linear(x)
        if labels is None:
            return {"logits": logits}
        loss = F.cross_entropy(logits, labels, reduction="sum")
        return {"loss": loss / (num_items_in_batch or len(labels)), "logits": logits}


def targets(run: Run, rng: torch.Generator) -> torch.Tensor:
    """Make the labels of a head."""
    y = torch.randint(0, CLASSES, (ROWS,), generator=rng)
    if run.head == "several":
        return (torch.rand(ROWS, CLASSES, generator=rng) > 0.5).float()
    if run.head == "value":
        return torch.randn(ROWS, generator=rng)
    if run.head == "tokens":
        tokens = torch.randint(0, CLASSES, (ROWS, TOKENS), generator=rng)
        tokens[torch.rand(ROWS, TOKENS, generator=rng) < 0.2] = -100
        return tokens
    return torch.where(torch.arange(ROWS) % 5 == 0, -100, y) if run.head == "ignored" else y


def data_of(run: Run, x: torch.Tensor, y: torch.Tensor) -> tuple[Any, list[Any], list[int]]:
    """Return a data set, the names of its samples, and which row each is."""
    everything = list(range(ROWS))
    order = random.Random(run.seed + 1).sample(everything, 15)
    whole = Rows(x, y)
    if run.data in ("columns", "names", "forgotten"):
        names = [f"row {i}" for i in everything]
        table = datasets.Dataset.from_dict({"x": x.numpy(), "labels": y.numpy(), "name": names})
        if run.data == "names":
            return indexed(table, key="name"), names, everything
        return (table if run.data == "forgotten" else indexed(table)), everything, everything
    if run.data == "stream":
        table = datasets.Dataset.from_dict(
            {"x": x.numpy(), "labels": y.numpy(), "id": [i + 50 for i in everything]}
        )
        return indexed(table.to_iterable_dataset(), key="id"), [i + 50 for i in everything], everything
    if run.data in ("read", "reshuffled"):
        generator = torch.Generator().manual_seed(run.seed) if run.data == "reshuffled" else None
        return indexed(Read(whole, generator)), everything, everything
    if run.data == "subset":
        return indexed(Subset(whole, order)), order, order
    if run.data == "concat":
        parts = [Rows(x[:9], y[:9]), Rows(x[9:], y[9:])]
        return indexed(ConcatDataset(parts)), everything, everything
    return indexed([whole[i] for i in everything] if run.data == "list" else whole), everything, everything


def collator(run: Run) -> Any:
    """Return the collate function of a combination."""
    default = transformers.default_data_collator

    def own(samples: list[Any]) -> Any:
        columns = {key: np.asarray([one[key] for one in samples]) for key in samples[0] if key != "name"}
        return {
            key: torch.as_tensor(one.astype("float32") if one.dtype.kind == "f" else one)
            for key, one in columns.items()
        }

    def reversed_(samples: list[Any]) -> Any:
        return default(samples[::-1])

    def labels_reversed(samples: list[Any]) -> Any:
        batch = default(samples)
        return {**batch, "labels": batch["labels"].flip(0)}

    def ordered(samples: list[Any]) -> Any:
        batch = default(samples)
        order = batch["x"][:, 0].argsort()
        return {**batch, "x": batch["x"][order], "labels": batch["labels"][order]}

    def dropped(samples: list[Any]) -> Any:
        batch = default(samples)
        return {**batch, "x": batch["x"][1:], "labels": batch["labels"][1:]} if len(samples) > 1 else batch

    return {
        "own": own, "reversed": reversed_, "labels reversed": labels_reversed, "sorted": ordered, "dropped": dropped,
    }.get(run.collate, default)  # fmt: skip


class Weighted(transformers.Trainer):
    """As the guides write a loss of one's own."""

    how = "pop"

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return a weighted loss."""
        labels = getattr(inputs, self.how)("labels")
        outputs = model(**inputs)
        loss = F.cross_entropy(outputs["logits"], labels, weight=WEIGHT)
        return (loss, outputs) if return_outputs else loss


class Gets(Weighted):
    """The same, with a model that computes its own loss, too."""

    how = "get"


class Failed(Exception):
    """Ends a run."""


class Halt(transformers.TrainerCallback):
    """Ends a run in its second epoch."""

    def __init__(self, how: str) -> None:
        self.how = how

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop, or fail."""
        if self.how == "stop" and state.global_step == 4:
            control.should_training_stop = True
        if self.how == "exception" and state.global_step == 4:
            raise Failed("the disk is full")


def run(run: Run) -> str:
    """Run a combination: "right", "told", or what is wrong."""
    rng = torch.Generator().manual_seed(run.seed)
    torch.manual_seed(run.seed)
    x, y = torch.randn(ROWS, FEATURES, generator=rng), targets(run, rng)
    data, names, rows = data_of(run, x, y)
    evaluated: Dataset = Rows(x.flip(0), y.flip(0))
    evaluated = Read(evaluated) if run.data in ("read", "stream") else evaluated
    evaluation = indexed(evaluated) if run.evaluation else None
    model = ItemsNet("classes") if run.head == "items" else Net(run.head)
    tracker = xw.Tracker()
    each = lambda outputs, labels: F.cross_entropy(outputs["logits"], labels, reduction="none")  # noqa: E731
    callback = xw.hooks.transformers.TrackerCallback(
        tracker, per_sample=each if run.criterion == "function with per_sample" else None
    )
    kind = {"weighted pop": Weighted, "weighted get": Gets}.get(run.criterion, transformers.Trainer)
    more: dict[str, Any] = {}
    steps = 2 * -(-4 // run.accumulation) if run.data == "stream" else -1
    if run.criterion.startswith("function"):
        more["compute_loss_func"] = lambda outputs, labels, num_items_in_batch=None: F.cross_entropy(
            outputs["logits"], labels, weight=WEIGHT
        )
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args = transformers.TrainingArguments(
            folder, per_device_train_batch_size=6, per_device_eval_batch_size=8, report_to=[], save_strategy="no",
            disable_tqdm=True, use_cpu=True, num_train_epochs=2, learning_rate=0.0, logging_steps=run.logging,
            gradient_accumulation_steps=run.accumulation, eval_strategy="epoch" if run.evaluation else "no",
            label_smoothing_factor=0.1 if run.criterion == "smoothing" else 0.0, dataloader_drop_last=run.drop_last,
            max_steps=steps, label_names=["labels"], seed=run.seed, log_level="error",
        )  # fmt: skip
        trainer = kind(
            model, args, train_dataset=data, eval_dataset=evaluation, data_collator=collator(run),
            callbacks=[callback, Halt(run.end)], **more,
        )  # fmt: skip
        trainer.remove_callback(transformers.PrinterCallback)
        with contextlib.suppress(Failed):
            trainer.train()
        callback.detach()
    return judged(run, tracker, model, x, y, names, rows)


def truth(run: Run, model: Net, x: torch.Tensor, y: torch.Tensor) -> tuple[Any, list[Any]]:
    """Compute every row by hand."""
    with torch.no_grad():
        z = model.linear(x).double()
    none: list[Any] = [None] * ROWS
    if run.head == "several":
        return torch.where(y > 0.5, F.softplus(-z), F.softplus(z)).mean(1).numpy(), none
    if run.head == "value":
        return ((z[:, 0] - y) ** 2).numpy(), none
    if run.head == "tokens":
        logs = z.unflatten(-1, (TOKENS, CLASSES)).log_softmax(2)
        rows = [
            [-float(logs[i, t, k]) for t, k in enumerate(row) if k != -100]
            for i, row in enumerate(y.tolist())
        ]
        return np.asarray([sum(row) / len(row) if row else np.nan for row in rows]), none
    logs = z.log_softmax(1)
    known = y >= 0
    each = -logs[torch.arange(ROWS), y.clamp(min=0)]
    each = 0.9 * each - 0.1 * logs.mean(1) if run.criterion == "smoothing" else each
    labels = [int(one) if has else None for one, has in zip(y, known, strict=True)]
    return torch.where(known, each, torch.nan).numpy(), labels


def judged(
    run: Run, tracker: Any, model: Net, x: torch.Tensor, y: torch.Tensor, names: list[Any], rows: list[int]
) -> str:
    """Compare what was recorded with the truth."""
    losses, labels = truth(run, model, x, y)
    run.problems = list(tracker.problems)
    told = bool(run.problems)
    wrong = compared(run, tracker, "train", names, losses[rows], [labels[i] for i in rows])
    if not wrong and run.evaluation and not run.end:
        wrong = compared(run, tracker, "eval", list(range(ROWS)), losses[::-1], labels[::-1])
    if wrong and told and not wrong.startswith(("nothing", "missing")):
        return f"told, but recorded: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not run.doubtful:
        return f"told without need: {run.problems[0]}"
    return "told" if told else "right"


def compared(run: Run, tracker: Any, mode: str, names: list[Any], losses: Any, labels: list[Any]) -> str:
    """Say what differs in a mode; "" for nothing."""
    if mode not in tracker.modes:
        return f"nothing was recorded in mode {mode}"
    strangers = set(tracker.indices(mode).tolist()) - set(names)
    if strangers:
        return f"{sorted(strangers)[:3]} are no names of samples"
    series = tracker.instance_series(names, "loss", mode=mode)
    values, want = np.asarray(series.values), np.asarray(losses)[:, None]
    seen = np.isfinite(values)
    off = seen & ~(np.abs(values - want) <= 1e-4 * np.maximum(1, np.abs(want)))
    if off.any():
        row, column = np.argwhere(off)[0]
        return f"{mode} {names[row]}: {values[row, column]} where {losses[row]} is right"
    for name, found, right, has in zip(names, series.labels, labels, seen.any(1), strict=True):
        if has and found is not None and found != right:
            return f"{mode} {name} has label {found}, {right} is right"
        if has and right is not None and found is None:
            return f"missing: the label of {mode} {name}, {right} is right"
    if run.end and mode == "train":
        return "" if seen.any() else "nothing has a value"
    if list(series.epochs) != [1, 2]:
        return f"missing epochs: {list(series.epochs)}"
    missing = int((~seen & np.isfinite(want)).sum())
    allowed = 2 * (len(names) % (6 if mode == "train" else 8)) if run.drop_last else 0
    return f"missing: {missing} of {seen.size} rows in mode {mode}" if missing > allowed else ""
