"""A zoo of FastEstimator runs with an oracle; lives in FastEstimator's own environment.

``.venvs/fastestimator/bin/python tests/hooks/zoo_by_hand.py fastestimator 200`` runs many and counts.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastestimator as fe
import numpy as np
import torch
from fastestimator.dataset import CombinedDataset, ExtendDataset, NumpyDataset
from fastestimator.op.numpyop.univariate import Onehot
from fastestimator.op.tensorop import TensorOp
from fastestimator.op.tensorop.augmentation import MixUpBatch
from fastestimator.op.tensorop.loss import CrossEntropy, MeanSquaredError
from fastestimator.op.tensorop.model import ModelOp, UpdateOp
from fastestimator.trace import Trace

import xai_widgets as xw
from xai_widgets.hooks.fastestimator import InstanceTracker, LabelTracker

ROWS, FEATURES, CLASSES = 22, 5, 4
CRITERIA = ("ce", "ce", "ce", "ce weights", "mse", "own", "averaged")
DATA = (
    "numpy", "numpy", "list", "split", "extended", "combined", "combined alike", "two evaluations", "read", "wide names",
)  # fmt: skip
STEPS = (
    "plain", "plain", "plain", "turned", "turned with index", "mixup", "one-hot", "renamed", "accumulate",
    "float index", "changed index",
)  # fmt: skip
TRACES = ("both", "both", "instances", "labels")
INTERRUPTIONS = ("none", "none", "none", "exception", "polite", "few steps", "resumed")
# operators that reorder some keys and not others, names that repeat, averages: right, or told
TOLD = {"turned", "mixup", "changed index"}


@dataclass
class Run:
    """One combination."""

    criterion: str
    data: str
    step: str
    traces: str
    interruption: str
    seed: int
    problems: list[str] = field(default_factory=list)

    @property
    def doubtful(self) -> bool:
        """Whether telling is enough."""
        return self.step in TOLD or self.data == "combined alike" or self.criterion == "averaged"


def drawn(seed: int) -> Run:
    """Draw a combination that FastEstimator takes."""
    rng = random.Random(seed)
    run = Run(
        rng.choice(CRITERIA),
        rng.choice(DATA),
        rng.choice(STEPS),
        rng.choice(TRACES),
        rng.choice(INTERRUPTIONS),
        seed,
    )
    if rng.random() < 0.3:
        run.data, run.step = "numpy", "plain"
    if run.step in ("mixup", "one-hot", "renamed") and run.criterion != "ce":
        run.step = "plain"
    if run.data == "wide names" and run.step in ("float index", "changed index"):
        run.step = "plain"
    return run


class Turn(TensorOp):
    """Turns a batch round."""

    def forward(self, data: Any, state: Any) -> Any:
        return [one.flip(0) for one in data]


class Rename(TensorOp):
    """Gives classes other numbers."""

    def forward(self, data: Any, state: Any) -> Any:
        return (data + 1) % CLASSES


class Shift(TensorOp):
    """Counts instances from another number, and in halves where floats are asked for."""

    def __init__(self, by: float, **options: Any) -> None:
        super().__init__(**options)
        self.by = by

    def forward(self, data: Any, state: Any) -> Any:
        return data + self.by if self.by else data.float()


class Own(TensorOp):
    """A loss of the user's own."""

    def forward(self, data: Any, state: Any) -> Any:
        out, y = data
        return torch.nn.functional.cross_entropy(out, y.long(), reduction="none") ** 2


class Read(torch.utils.data.Dataset):
    """A data set that has to be read."""

    def __init__(self, samples: list[dict[str, Any]]) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return dict(self._samples[i])


class Stopping(Trace):
    """Ends a run early."""

    def __init__(self, how: str, tracker: Any) -> None:
        super().__init__(mode="train")
        self.how, self.tracker = how, tracker

    def on_batch_begin(self, data: Any) -> None:
        if self.system.epoch_idx == 2 and self.system.batch_idx == 2:
            if self.how == "polite":
                self.tracker.request_stop()
            else:
                raise RuntimeError("stopped")


@dataclass
class Case:
    """What a combination is made of: samples by name, the model, its tracker."""

    run: Run
    x: np.ndarray
    y: np.ndarray
    names: np.ndarray
    model: Any
    tracker: Any


def case_of(run: Run) -> Case:
    """Make the parts of a combination."""
    rng = np.random.default_rng(run.seed)
    x = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    y = (
        rng.normal(size=(ROWS, 1)).astype(np.float32)
        if run.criterion == "mse"
        else rng.integers(0, CLASSES, ROWS)
    )
    names = np.arange(ROWS) + (10**6 if run.data == "wide names" else 0)
    torch.manual_seed(run.seed)
    net = torch.nn.Linear(FEATURES, 1 if run.criterion == "mse" else CLASSES)
    model = fe.build(lambda: net, lambda parameters: torch.optim.SGD(parameters, lr=0.0))
    return Case(run, x, y, names, model, xw.Tracker())


def columns(case: Case, which: Any) -> dict[str, Any]:
    return {"x": case.x[which], "y": case.y[which], "index": case.names[which]}


def data_of(case: Case) -> tuple[Any, Any]:
    """Return what to train on and what to evaluate on."""
    everything, kind = np.arange(ROWS), case.run.data
    whole = NumpyDataset(columns(case, everything))
    samples = [{"x": a, "y": b, "index": c} for a, b, c in zip(case.x, case.y, case.names, strict=True)]
    if kind == "split":
        return whole, whole.split(0.5)
    if kind == "extended":
        return ExtendDataset(whole, 2 * ROWS), NumpyDataset(columns(case, everything))
    if kind == "combined":
        return CombinedDataset(
            [NumpyDataset(columns(case, everything[:9])), NumpyDataset(columns(case, everything[9:]))]
        ), None
    if kind == "combined alike":
        half = NumpyDataset(columns(case, everything[:11]))
        other = NumpyDataset({**columns(case, everything[11:]), "index": case.names[:11]})
        return CombinedDataset([half, other]), None
    if kind == "two evaluations":
        return whole, {
            "a": NumpyDataset(columns(case, everything[:9])),
            "b": NumpyDataset(columns(case, everything[9:])),
        }
    if kind in ("read", "list"):
        return Read(samples), Read(samples)
    return whole, None


def ops_of(case: Case) -> list[Any]:
    """Return the network's operators."""
    run, step = case.run, case.run.step
    ops: list[Any] = []
    if step == "turned":
        ops.append(Turn(inputs=["x", "y"], outputs=["x", "y"], mode="train"))
    if step == "turned with index":
        ops.append(Turn(inputs=["x", "y", "index"], outputs=["x", "y", "index"], mode="train"))
    if step == "mixup":
        ops.append(MixUpBatch(inputs=["x", "y"], outputs=["x", "y"], mode="train"))
    if step == "renamed":
        ops.append(Rename(inputs="y", outputs="y"))
    if step in ("float index", "changed index"):
        by = 0.0 if step == "float index" else 1000
        ops.append(Shift(by, inputs="index", outputs="index"))
    ops.append(ModelOp(model=case.model, inputs="x", outputs="out"))
    given: dict[str, Any] = {"inputs": ("out", "y"), "outputs": "each"}
    if run.criterion == "mse":
        ops.append(MeanSquaredError(average_loss=False, **given))
    elif run.criterion == "own":
        ops.append(Own(**given))
    else:
        weights = {0: 4.0, 2: 0.5} if run.criterion == "ce weights" else None
        average = run.criterion == "averaged"
        ops.append(CrossEntropy(from_logits=True, average_loss=average, class_weights=weights, **given))
    loss = MeanSquaredError if run.criterion == "mse" else CrossEntropy
    more = {} if run.criterion == "mse" else {"from_logits": True}
    ops.append(loss(inputs=("out", "y"), outputs="loss", **more))
    merge = 2 if step == "accumulate" else 1
    ops.append(UpdateOp(model=case.model, loss_name="loss", merge_grad=merge))
    return ops


def fit(case: Case, attempt: int) -> None:
    """Train for two epochs, as far as the interruption lets it."""
    run = case.run
    train, evaluation = data_of(case)
    modes = ["train"] if evaluation is None else ["train", "eval"]
    traces: list[Any] = []
    if run.traces in ("both", "instances"):
        traces.append(InstanceTracker("index", "each", mode=modes, outputs="instances", tracker=case.tracker))
    if run.traces in ("both", "labels") and run.step not in ("mixup", "one-hot") and run.criterion != "mse":
        traces.append(LabelTracker("y", "each", mode=modes, outputs="labels", tracker=case.tracker))
    if not traces:
        traces.append(InstanceTracker("index", "each", mode=modes, outputs="instances", tracker=case.tracker))
    if run.interruption in ("exception", "polite") or (run.interruption == "resumed" and not attempt):
        traces.append(Stopping(run.interruption, case.tracker))
    ops = [Onehot(inputs="y", outputs="y", num_classes=CLASSES)] if run.step in ("mixup", "one-hot") else []
    estimator = fe.Estimator(
        fe.Pipeline(train_data=train, eval_data=evaluation, batch_size=5 + run.seed % 3, num_process=0, ops=ops),
        fe.Network(ops=ops_of(case)), epochs=2, traces=traces, log_steps=None,
        train_steps_per_epoch=2 if run.interruption == "few steps" else None,
    )  # fmt: skip
    estimator.fit(warmup=False)


def run(run: Run) -> str:
    """Run one combination; return "right", "told", or what is wrong."""
    case = case_of(run)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for attempt in range(2 if run.interruption == "resumed" else 1):
            try:
                fit(case, attempt)
            except Exception as error:
                if "stopped" not in str(error):
                    frames = traceback.extract_tb(error.__traceback__)
                    if "xai_widgets" in frames[-1].filename or frames[-1].filename == __file__:
                        raise
                    return "refused"  # by FastEstimator itself
    return judged(case)


def truth(case: Case) -> np.ndarray:
    """Compute every row's value alone, by hand."""
    with torch.no_grad():
        out = case.model(torch.from_numpy(case.x)).double().numpy()
    criterion = case.run.criterion
    if criterion == "mse":
        return ((out - case.y) ** 2).mean(1)
    y = (case.y + 1) % CLASSES if case.run.step == "renamed" else case.y
    each = np.log(np.exp(out).sum(1)) - out[np.arange(ROWS), y]
    if criterion == "ce weights":
        return each * np.array([4.0, 1.0, 0.5, 1.0])[y]
    return each**2 if criterion == "own" else each


def judged(case: Case) -> str:
    """Compare what was recorded with the truth."""
    run, tracker = case.run, case.tracker
    run.problems = list(tracker.problems)
    told = bool(tracker.problems)
    unnamed = not any(type(t).__name__ == "InstanceTracker" for t in traced(run))
    wrong = ""
    for mode in tracker.modes:
        for ds_id in tracker.ds_ids(mode):
            wrong = wrong or (by_label if unnamed else compared)(case, mode, ds_id)
    if not tracker.modes:
        wrong = wrong or "nothing was recorded"
    if wrong and told and not wrong.startswith("nothing"):
        return f"told, but recorded: {wrong}"
    if wrong and not told and run.step in ("turned", "mixup"):
        # nothing but labels binds losses to names: where no trace asks for labels, the check says that they are not proved
        unproved = any(
            one.level == "open" and "labels not proved" in one.text for one in tracker.check().items
        )
        return "open" if unproved else f"wrong in silence: {wrong}"
    if wrong:
        return "told" if told else f"wrong in silence: {wrong}"
    if told and not run.doubtful:
        return f"told without need: {tracker.problems[0]}"
    return "told" if told else "right"


def traced(run: Run) -> list[Any]:
    """Return stand-ins of the classes of traces that a combination has."""
    label = (
        run.traces in ("both", "labels") and run.step not in ("mixup", "one-hot") and run.criterion != "mse"
    )
    names = ["InstanceTracker"] if run.traces in ("both", "instances") or not label else []
    return [type(name, (), {})() for name in names]


def compared(case: Case, mode: str, ds_id: Any) -> str:
    """Say what differs in a mode, sample by sample; "" for nothing."""
    run, losses = case.run, truth(case)
    names = case.names + (1000 if run.step == "changed index" else 0)
    strangers = set(case.tracker.indices(mode, ds_id).tolist()) - set(names.tolist())
    if strangers:
        return f"{sorted(strangers)[:3]} are no names of samples"
    series = case.tracker.instance_series(names.tolist(), "each", mode=mode, ds_id=ds_id)
    values = np.asarray(series.values)
    seen = np.isfinite(values)
    off = seen & ~(np.abs(values - losses[:, None]) <= 1e-4 * np.maximum(1, np.abs(losses[:, None])))
    if off.any():
        row, column = np.argwhere(off)[0]
        return f"{mode} {names[row]}: {values[row, column]} where {losses[row]} is right"
    y = (case.y + 1) % CLASSES if run.step == "renamed" else case.y
    for name, found, right, has in zip(names, series.labels, y.tolist(), seen.any(1), strict=True):
        if has and found is not None and found != right:
            return f"{mode} {name} has label {found}, {right} is right"
    whole = mode == "train" and run.interruption in ("none",) and run.data != "combined alike"
    wanted = seen.size // 2 if run.data == "split" else seen.size  # the other half is the evaluation's
    if whole and seen.sum() != wanted:
        return f"{mode}: {wanted - int(seen.sum())} of {wanted} rows are missing"
    return "" if seen.any() else "nothing has a value"


def by_label(case: Case, mode: str, ds_id: Any) -> str:
    """Say what differs in a mode where rows have no names: means of labels in whole epochs."""
    run, losses = case.run, truth(case)
    if run.step in TOLD or run.interruption != "none" or run.data in ("split", "two evaluations"):
        return ""
    y = (case.y + 1) % CLASSES if run.step == "renamed" else case.y
    series = case.tracker.label_series("each", mode=mode, ds_id=ds_id)
    for label, row in zip(series.labels, np.asarray(series.mean), strict=True):
        right = losses[y == label].mean()
        if not np.allclose(row, right, rtol=1e-3):
            return f"{mode} label {label}: {row} where {right} is right"
    return ""


def main() -> None:
    """Run so many combinations and print their outcomes as JSON."""
    import json

    counts: dict[str, int] = {}
    wrong = []
    for seed in range(int(sys.argv[1])):
        one = drawn(seed)
        outcome = run(one)
        counts[outcome.split(":")[0]] = counts.get(outcome.split(":")[0], 0) + 1
        if outcome not in ("right", "told", "open", "refused"):
            wrong.append(f"{one} {outcome}")
    print("REPORT " + json.dumps({"counts": counts, "wrong": wrong}))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        sys.path.insert(0, str(Path(__file__).resolve().parent))
        main()
