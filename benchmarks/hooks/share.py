"""Share of a training step that each hook costs.

    python benchmarks/hooks/share.py [--quick] [--only torch] [--batch 32] [--channels 7]

A small CNN whose step takes 5 ms or more (with fewer channels less), batch 128, one thread. A step's time is the processor
time of this process (other load does not count), compared with the plain runs right before and after; the median over the
rounds is printed. The floor is the loop that a user would write by hand: ``reduction="none"`` and one ``tracker.record``.

fastai and FastEstimator are left out unless this Python has them: add ``PYTHONPATH=.venvs/fastai``, and run it with
``.venvs/fastestimator/bin/python``; ``python3 dev.py test`` makes both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time
import warnings
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

import xai_widgets as xw

BATCH, CLASSES = 128, 10
PIXELS = 128 * 16 * 16  # in a batch, so that a step takes as long for any size of it
CHANNELS = 16


def pictures(steps: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, steps * BATCH)
    return rng.normal(size=(len(y), 1, side(), side())).astype(np.float32), y


def side() -> int:
    return int((PIXELS // BATCH) ** 0.5)


def torch_parts(steps: int):
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = pictures(steps)
    model = nn.Sequential(
        nn.Conv2d(1, CHANNELS, 3, padding=1), nn.ReLU(), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(CHANNELS * side() ** 2, CLASSES),
    )  # fmt: skip
    loss, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), 0.01)
    rows = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return model, loss, optimizer, DataLoader(rows, BATCH, shuffle=True), rows


def complete(tracker: xw.Tracker, steps: int) -> None:
    """Make sure that what was timed did its work."""
    rows = tracker.counts("train").rows
    if rows != steps * BATCH:
        raise RuntimeError(f"the hook recorded {rows} rows of {steps * BATCH}: {tracker.problems}")


def steps_of(loop) -> list[float]:
    """Processor seconds of each step of a generator that yields after every one, the first two left out."""
    times, last = [], time.process_time()
    for _ in loop:
        now = time.process_time()
        times.append(now - last)
        last = now
    return times[2:]


def torch_loop(steps: int, kind: str) -> list[float]:
    """Time a loop; "call by call" looks at every call of the loss by itself, as without `loss_batching`."""
    from xai_widgets.hooks.torch.loss.loss_batching import Held

    alone = mock.patch.object(Held, "take", return_value=None)
    with alone if kind == "call by call" else contextlib.nullcontext():
        return plain_torch_loop(steps, kind)


def plain_torch_loop(steps: int, kind: str) -> list[float]:
    from torch.nn import functional
    from torch.utils.data import DataLoader

    model, loss, optimizer, loader, rows = torch_parts(steps)
    tracker, watched = xw.Tracker(), None
    if kind == "by hand":
        loader = DataLoader(xw.hooks.torch.Indexed(rows), BATCH, shuffle=True)
    elif kind != "plain":
        logits = None if kind == "with logits" else False
        watched = xw.hooks.torch.watch(model, loss, optimizer, loader, tracker, logits=logits)

    def loop():
        for x, y, *index in loader:
            out = model(x)
            if index:
                losses = functional.cross_entropy(out, y, reduction="none")
                tracker.record(index[0], y, loss=losses)
                value = losses.mean()
            else:
                value = loss(out, y)
            value.backward()
            optimizer.step()
            optimizer.zero_grad()
            yield

    times = steps_of(loop())
    if watched is not None:
        watched.detach()
        complete(tracker, steps)
    return times


def keras_loop(steps: int, kind: str) -> list[float]:
    import keras

    keras.utils.set_random_seed(0)
    x, y = pictures(steps)
    x = x.transpose(0, 2, 3, 1)
    conv = keras.layers.Conv2D
    model = keras.Sequential(
        [keras.Input((side(), side(), 1)), conv(CHANNELS, 3, activation="relu"), conv(CHANNELS, 3, activation="relu"),
         keras.layers.Flatten(), keras.layers.Dense(CLASSES)]
    )  # fmt: skip
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    times: list[float] = []
    tracker = xw.Tracker()

    class Clock(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            times.append(time.process_time())

    callbacks, data = [Clock()], (x, y)
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        callbacks.append(xw.hooks.keras.TrackerCallback(tracker, model, logits=logits))
        data = xw.hooks.keras.indexed(x, y)
    model.fit(*data, batch_size=BATCH, verbose=0, callbacks=callbacks)
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def lightning_loop(steps: int, kind: str) -> list[float]:
    import lightning as L

    net, criterion, _, loader, _ = torch_parts(steps)
    times: list[float] = []
    tracker = xw.Tracker()

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.criterion = net, criterion

        def training_step(self, batch, batch_idx):
            times.append(time.process_time())
            return self.criterion(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            import torch

            return torch.optim.SGD(self.parameters(), 0.01)

    callbacks = []
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        callbacks.append(xw.hooks.lightning.TrackerCallback(tracker, logits=logits))
    trainer = L.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=callbacks,
    )  # fmt: skip
    trainer.fit(Module(), loader)
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def accelerate_loop(steps: int, kind: str) -> list[float]:
    from accelerate import Accelerator

    model, loss, optimizer, loader, _ = torch_parts(steps)
    accelerator = Accelerator(cpu=True)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    watched, tracker = None, xw.Tracker()
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        watched = xw.hooks.accelerate.watch(
            accelerator, model, loss, optimizer, loader, tracker, logits=logits
        )

    def loop():
        for x, y in loader:
            accelerator.backward(loss(model(x), y))
            optimizer.step()
            optimizer.zero_grad()
            yield

    times = steps_of(loop())
    if watched is not None:
        watched.detach()
        complete(tracker, steps)
    accelerator.free_memory()
    return times


def ignite_loop(steps: int, kind: str) -> list[float]:
    from ignite.engine import Events, create_supervised_trainer

    model, loss, optimizer, loader, _ = torch_parts(steps)
    trainer = create_supervised_trainer(model, optimizer, loss)
    times: list[float] = []
    tracker = xw.Tracker()
    trainer.add_event_handler(Events.ITERATION_STARTED, lambda: times.append(time.process_time()))
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        xw.hooks.ignite.watch(trainer, model, loss, optimizer, tracker, logits=logits)
    trainer.run(loader, max_epochs=1)
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def transformers_loop(steps: int, kind: str) -> list[float]:
    import tempfile

    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments
    from transformers.utils.logging import set_verbosity_error

    set_verbosity_error()

    net, criterion, _, _, rows = torch_parts(steps)
    times: list[float] = []
    tracker = xw.Tracker()

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x, labels):
            logits = self.net(x)
            return {"loss": criterion(logits, labels), "logits": logits}

    class Clock(TrainerCallback):
        def on_step_begin(self, args, state, control, **_):
            times.append(time.process_time())

    samples = [{"x": x, "labels": int(y)} for x, y in rows]
    data = samples if kind == "plain" else xw.hooks.transformers.indexed(samples)
    callbacks: list[TrainerCallback] = [Clock()]
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        callbacks.append(xw.hooks.transformers.TrackerCallback(tracker, logits=logits))
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, num_train_epochs=1, per_device_train_batch_size=BATCH, report_to=[], use_cpu=True, save_strategy="no",
            disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
        )  # fmt: skip
        Trainer(Classifier(), arguments, train_dataset=data, callbacks=callbacks).train()
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def fastai_loop(steps: int, kind: str) -> list[float]:
    import fastai.callback.progress  # noqa: F401 - gives a Learner its no_bar
    from fastai.basics import SGD, Callback, CrossEntropyLossFlat, DataLoader, DataLoaders, Learner

    model, _, _, _, rows = torch_parts(steps)
    times: list[float] = []
    tracker = xw.Tracker()

    class Clock(Callback):
        def before_batch(self):
            times.append(time.process_time())

    callbacks: list[Callback] = [Clock()]
    if kind != "plain":
        logits = False if kind == "loss and label" else None
        callbacks.append(xw.hooks.fastai.TrackerCallback(tracker, logits=logits))
    loaders = DataLoaders(DataLoader(rows, bs=BATCH, shuffle=True), DataLoader(rows, bs=BATCH))
    loaders.n_inp = 1
    learner = Learner(loaders, model, loss_func=CrossEntropyLossFlat(), opt_func=SGD, cbs=callbacks)
    with learner.no_bar(), learner.no_logging():
        learner._do_epoch_validate = lambda *_, **__: None
        learner.fit(1, 0.01)
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def fastestimator_loop(steps: int, kind: str) -> list[float]:
    """Plain is FastEstimator with its own two trackers: it asks for per-sample losses just the same."""
    import fastestimator as fe
    from fastestimator.dataset import NumpyDataset
    from fastestimator.op.tensorop.loss import CrossEntropy
    from fastestimator.op.tensorop.model import ModelOp, UpdateOp
    from fastestimator.trace import Trace
    from fastestimator.trace.xai import InstanceTracker, LabelTracker

    from xai_widgets.hooks import fastestimator as ours

    net, _, _, _, _ = torch_parts(steps)
    x, y = pictures(steps)
    times: list[float] = []

    class Clock(Trace):
        def on_batch_begin(self, data):
            times.append(time.process_time())

    live = (
        ours.LabelTracker,
        ours.InstanceTracker,
    )  # asked for in plain runs too: this repairs FastEstimator's sampler
    pair = (LabelTracker, InstanceTracker) if kind == "plain" else live
    tracker = ours.tracker(reset=True)
    model = fe.build(lambda: net, "sgd")
    network = fe.Network(
        [ModelOp(model=model, inputs="x", outputs="out"),
         CrossEntropy(inputs=("out", "y"), outputs="ce_each", average_loss=False, from_logits=True),
         CrossEntropy(inputs=("out", "y"), outputs="ce", from_logits=True),
         UpdateOp(model=model, loss_name="ce")]
    )  # fmt: skip
    rows = NumpyDataset({"x": x, "y": y, "index": np.arange(len(y))})
    estimator = fe.Estimator(
        fe.Pipeline(train_data=rows, batch_size=BATCH, num_process=0), network, epochs=1, log_steps=None,
        traces=[Clock(mode="train"), pair[0]("y", "ce_each", mode="train"), pair[1]("index", "ce_each", mode="train")],
    )  # fmt: skip
    estimator.fit(warmup=False)
    if kind != "plain":
        complete(tracker, steps)
    return list(np.diff(times)[2:])


def typical(times: list[float]) -> float:
    """Mean of a run's steps without the dearest tenth: hand-overs now and then count, a disturbed step does not."""
    kept = sorted(times)[: max(1, len(times) * 9 // 10)]
    return sum(kept) / len(kept)


def compare(name: str, run, kinds: tuple[str, ...], rounds: int, steps: int) -> None:
    run(steps, "plain")  # warm up
    plain, shares = [], {kind: [] for kind in kinds}
    for _ in range(rounds):
        before = typical(run(steps, "plain"))
        for kind in kinds:
            watched = typical(run(steps, kind))
            after = typical(run(steps, "plain"))
            plain.append(after)
            # against the plain runs right before and after, since the machine drifts
            shares[kind].append(watched / ((before + after) / 2) - 1)
            before = after
    base = statistics.median(plain)
    print(f"{name}: a plain step takes {base * 1e3:.2f} ms")
    for kind, found in shares.items():
        share = statistics.median(found)
        low, high = np.percentile(found, [25, 75]) * 100
        print(
            f"    {kind:16s} {share * base * 1e6:+6.0f} us  {share * 100:+5.1f} % of a step  (quartiles {low:+.1f}, {high:+.1f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer steps")
    kinds = ("loss and label", "with logits")
    table = {
        "torch": (torch_loop, ("by hand", *kinds, "call by call")),
        "keras": (keras_loop, kinds),
        "lightning": (lightning_loop, kinds),
        "transformers": (transformers_loop, kinds),
        "accelerate": (accelerate_loop, kinds),
        "ignite": (ignite_loop, kinds),
        "fastai": (fastai_loop, kinds),
        "fastestimator": (fastestimator_loop, ("loss and label",)),
    }
    parser.add_argument("--only", choices=list(table), help="one framework")
    parser.add_argument(
        "--batch", type=int, default=128, choices=(8, 32, 128), help="of larger pictures when smaller"
    )
    parser.add_argument("--channels", type=int, default=16, help="fewer make a shorter step")
    options = parser.parse_args()
    global BATCH, CHANNELS
    BATCH, CHANNELS = options.batch, options.channels
    warnings.simplefilter("ignore")
    rounds, steps = (5, 30) if options.quick else (9, 60)
    for name, (run, compared) in table.items():
        if options.only in (None, name):
            try:
                compare(name, run, compared, rounds, steps)
            except ImportError as error:
                print(f"{name}: left out ({error})")


if __name__ == "__main__":
    main()
