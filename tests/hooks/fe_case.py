"""Runs inside FastEstimator's own environment: ``python fe_case.py CASE DATA.npz``. Prints one JSON line at the end."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch


def published() -> dict:
    """FastEstimator's own published tests of these classes, on ours."""
    import fastestimator as fe
    from fastestimator.trace import xai as traces

    from xai_widgets.hooks import fastestimator as ours

    traces.LabelTracker, traces.InstanceTracker = ours.LabelTracker, ours.InstanceTracker
    traces.Saliency, fe.xai.SaliencyNet = ours.Saliency, ours.SaliencyNet
    return _published_failures()


def _published_failures() -> dict:
    import fastestimator as fe

    tests = Path(fe.__file__).parent.parent / "test" / "PR_test"  # "test" itself is a package of Python
    suite = unittest.TestSuite()
    for name in (
        "integration_test/trace/xai/test_label_tracker.py",
        "integration_test/trace/xai/test_instance_tracker.py",
        "unit_test/xai/test_saliency.py",
    ):
        found = importlib.util.spec_from_file_location(Path(name).stem, tests / name)
        module = importlib.util.module_from_spec(found)
        sys.modules[found.name] = module
        found.loader.exec_module(module)
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    failed = sorted(str(case) for case, _ in (*result.failures, *result.errors))
    return {"run": result.testsRun, "failed": failed, "skipped": len(result.skipped)}


class Digits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = torch.nn.Linear(64, 24), torch.nn.Linear(24, 10)

    def forward(self, x):
        return torch.softmax(self.last(torch.relu(self.hidden(x.flatten(1)))), 1)


def estimator(x, y, traces, *, model=None, epochs=3, ops=(), workers=0):
    import fastestimator as fe
    from fastestimator.dataset import NumpyDataset
    from fastestimator.op.tensorop.loss import CrossEntropy
    from fastestimator.op.tensorop.model import ModelOp, UpdateOp

    n = 203
    train = NumpyDataset({"x": x[:n], "y": y[:n], "index": np.arange(n)})
    evaluation = NumpyDataset({"x": x[n:], "y": y[n:], "index": np.arange(len(y) - n)})
    random.seed(1)
    torch.manual_seed(0)
    if model is None:
        model = fe.build(Digits, "sgd")
    network = fe.Network(
        ops=[
            ModelOp(model=model, inputs="x", outputs="y_pred"),
            CrossEntropy(inputs=("y_pred", "y"), outputs="sample_ce", average_loss=False),
            CrossEntropy(inputs=("y_pred", "y"), outputs="ce"),
            UpdateOp(model=model, loss_name="ce"),
        ]
    )
    made = fe.Estimator(
        fe.Pipeline(train_data=train, eval_data=evaluation, batch_size=32, num_process=workers, ops=list(ops)),
        network, epochs=epochs, traces=traces(model), log_steps=None, monitor_names=["ce"],
    )  # fmt: skip
    return made, model


def training(path: str) -> dict:
    """Train with FastEstimator's traces and ours beside each other, and without any."""
    from fastestimator.trace import Trace
    from fastestimator.trace.io import ImageSaver
    from fastestimator.trace.xai import InstanceTracker as TheirInstances
    from fastestimator.trace.xai import LabelTracker as TheirLabels

    import xai_widgets as xw
    from xai_widgets.hooks.fastestimator import InstanceTracker, LabelTracker, Saliency

    stored = np.load(path)
    x, y = stored["x"].reshape(-1, 1, 8, 8), stored["y"]
    folder = Path(tempfile.mkdtemp())
    known: dict = {}

    class Knowing(Trace):
        def on_batch_end(self, data) -> None:
            seen = known.setdefault(self.system.mode, {}).setdefault(self.system.epoch_idx, {})
            for i, value in zip(data["index"].tolist(), data["sample_ce"].tolist(), strict=True):
                assert i not in seen
                seen[i] = value

    both = {"mode": ("train", "eval")}
    keep = {"n_max_to_keep": 3, "n_min_to_keep": 3, "list_to_keep": [10, 18]}

    def watched(model):
        return [
            Knowing(inputs=["index", "sample_ce"], mode=["train", "eval"]),
            TheirLabels("y", "sample_ce", bounds=["std", "range"], outputs="their_labels", **both),
            TheirInstances("index", "sample_ce", outputs="their_instances", **keep, **both),
            LabelTracker("y", "sample_ce", bounds=["std", "range"], outputs="labels", **both),
            InstanceTracker("index", "sample_ce", outputs="instances", **keep, **both),
            Saliency(model, "x", "y_pred", class_key="y", samples=2, smoothing=3, integrating=(4, 2)),
            ImageSaver(inputs=["labels", "instances"], save_dir=str(folder)),
        ]

    made, model = estimator(x, y, watched)
    made.fit(warmup=False)
    tracker = xw.hooks.fastestimator.tracker()
    plain, other = estimator(x, y, lambda model: [])
    plain.fit(warmup=False)
    same = all(
        bool((a == b).all())
        for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    )

    graphs = made.system.custom_graphs
    report = {
        "same": same, "status": tracker.status, "epochs": tracker.epochs, "problems": tracker.problems, "modes": {},
        "pictures": sorted(p.name for p in folder.iterdir()),
        "graphs": {
            pair[0]: _plain(graphs[pair[0]]) == _plain(graphs[pair[1]])
            for pair in (("labels", "their_labels"), ("instances", "their_instances"))
        },
        "saliency": sorted(next(t for t in made.system.traces if type(t).__name__ == "Saliency").latest),
    }  # fmt: skip
    for mode, size, labels in (("train", 203, y[:203]), ("eval", len(y) - 203, y[203:])):
        series = tracker.instance_series(range(size), "sample_ce", mode=mode)
        want = np.array([[known[mode][epoch][i] for epoch in (1, 2, 3)] for i in range(size)])
        counts = tracker.counts(mode)
        report["modes"][mode] = {
            "difference": float(np.abs(series.values - want).max()),
            "labels": list(series.labels) == labels.tolist(),
            "epochs": [int(e) for e in series.epochs],
            "steps": [int(s) for s in series.steps],
            "rows": counts.rows,
            "duplicates": counts.duplicates,
        }
    return report


def _plain(summaries) -> dict:
    return {
        str(summary.name): {
            mode: {key: {step: str(value) for step, value in steps.items()} for key, steps in metrics.items()}
            for mode, metrics in summary.history.items()
        }
        for summary in summaries
    }


def masks(path: str) -> dict:
    """SaliencyNet gives FastEstimator's own masks, and leaves the random streams alone."""
    from fastestimator.xai import SaliencyNet as Theirs

    from xai_widgets.hooks.fastestimator import SaliencyNet

    stored = np.load(path)
    x, y = stored["x"].reshape(-1, 1, 8, 8), stored["y"]
    _, model = estimator(x, y, lambda model: [])
    batch = {"x": torch.from_numpy(x[:4])}
    report = {}
    for name in ("get_masks", "get_smoothed_masks", "get_integrated_masks"):
        got = {}
        for cls in (Theirs, SaliencyNet):
            torch.manual_seed(3)
            before = torch.get_rng_state()
            net = cls(model=model, model_inputs="x", model_outputs="y_pred")
            got[cls] = np.asarray(getattr(net, name)(dict(batch))["saliency"])
            moved = not torch.equal(before, torch.get_rng_state())
        report[name] = {"same": bool(np.array_equal(got[Theirs], got[SaliencyNet])), "moved": moved}
    return report


def restore(path: str) -> dict:
    """A system saved and loaded again goes on with the history of our tracker."""
    import xai_widgets as xw
    from xai_widgets.hooks.fastestimator import InstanceTracker

    stored = np.load(path)
    x, y = stored["x"].reshape(-1, 1, 8, 8), stored["y"]
    folder = tempfile.mkdtemp()
    first, second = xw.Tracker(), xw.Tracker()

    def traces(tracker):
        return lambda model: [InstanceTracker("index", "sample_ce", mode="train", tracker=tracker)]

    made, model = estimator(x, y, traces(first), epochs=2)
    made.fit(warmup=False)
    made.system.save_state(folder)
    again, _ = estimator(x, y, traces(second), epochs=2, model=model)
    again._prepare_traces({"train"})
    again.system.load_state(folder)
    one, two = (t.instance_series(range(203), "sample_ce", mode="train") for t in (first, second))
    return {"same": bool(np.array_equal(one.values, two.values)), "epochs": [int(e) for e in two.epochs]}


def stops(path: str) -> dict:
    """What is kept after an exception in the middle of an epoch, a polite stop, and early stopping."""
    from fastestimator.trace import Trace
    from fastestimator.trace.adapt import EarlyStopping

    import xai_widgets as xw
    from xai_widgets.hooks.fastestimator import InstanceTracker

    stored = np.load(path)
    x, y = stored["x"].reshape(-1, 1, 8, 8), stored["y"]
    report = {}

    class At(Trace):
        def __init__(self, step, action):
            super().__init__(mode="train")
            self.step, self.action = step, action

        def on_batch_begin(self, data) -> None:
            if self.system.global_step == self.step:
                self.action()

    def fail():
        raise RuntimeError("the disk is full")

    def one(name, extra, epochs=3):
        tracker = xw.Tracker()

        def traces(model):
            own = InstanceTracker("index", "sample_ce", mode=("train", "eval"), tracker=tracker)
            return [own, *extra(tracker)]

        made, _ = estimator(x, y, traces, epochs=epochs)
        error = None
        try:
            made.fit(warmup=False)
        except RuntimeError as raised:
            error = str(raised)
        series = tracker.instance_series(range(203), "sample_ce", mode="train")
        seen = np.isfinite(series.values).sum(0).tolist()
        report[name] = {"seen": seen, "error": error, "status": tracker.status}

    one("exception", lambda tracker: [At(10, fail)])
    one("polite", lambda tracker: [At(10, tracker.request_stop)])
    one("early", lambda tracker: [EarlyStopping(monitor="ce", min_delta=100, patience=1)], epochs=6)
    return report


def edited(path: str) -> dict:
    """What is drawn epoch by epoch while somebody decides."""
    from fastestimator.trace import Trace

    import xai_widgets as xw
    from xai_widgets.hooks.fastestimator import EditOp, InstanceTracker

    stored = np.load(path)
    x, y = stored["x"].reshape(-1, 1, 8, 8), stored["y"]
    report = {}
    for workers in (0, 2):
        tracker = xw.Tracker()
        edits = xw.Edits(tracker)
        drawn: dict = {}

        class Deciding(Trace):
            def on_batch_end(self, data, drawn=drawn, edits=edits) -> None:
                rows = zip(*(data[key].tolist() for key in ("index", "y", "weight")), strict=True)
                drawn.setdefault(self.system.epoch_idx, []).extend(rows)
                if self.system.global_step == 2:
                    edits.exclude(list(range(12)), force=True)
                    edits.relabel(20, 3, force=True)
                    edits.reweight(21, 0.5, force=True)

        def traces(model, tracker=tracker, deciding=Deciding):
            own = InstanceTracker("index", "sample_ce", mode="train", tracker=tracker)
            return [own, deciding(inputs=["index", "y", "weight"], mode="train")]

        op = EditOp(edits, inputs=("index", "y"), outputs=("y", "weight"))
        made, _ = estimator(x, y, traces, epochs=2, ops=[op], workers=workers)
        made.fit(warmup=False)
        given = [[i, int(y[i]), 1.0] for i in range(203)]
        changed = [[*row] for row in sorted(drawn[2]) if [*row] != given[row[0]]]
        report[str(workers)] = {
            "first": [[*row] for row in sorted(drawn[1])] == given,
            "second": sorted(row[0] for row in drawn[2]) == list(range(12, 203)),
            "changed": changed,
            "problems": tracker.problems,
        }
    return report


if __name__ == "__main__":
    if sys.argv[1] == "published":
        answer = published()
    elif sys.argv[1] == "edited":
        answer = edited(sys.argv[2])
    else:
        answer = {case.__name__: case(sys.argv[2]) for case in (training, masks, restore, stops)}
    print("REPORT " + json.dumps(answer))
