"""No excluded sample is drawn after its epoch began: edits at random moments, in every framework, and under kill -9.

An exclusion counts from the moment when `exclude` returned. The next epoch is one that begins after it: then it must hold.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import framework_runs
import pytest
import torch
from framework_runs import RUNS
from random_edits import Editor, Timed, wrong_draws
from torch.utils.data import TensorDataset

import xai_widgets as xw

CASE = Path(__file__).with_name("kill_case.py")
pytestmark = pytest.mark.filterwarnings("ignore")


def run_of(
    name: str, size: int, epochs: int, workers: int, seed: int, folder, pause: float
) -> tuple[int, int, int]:
    rows = TensorDataset(torch.arange(size, dtype=torch.float32)[:, None], torch.arange(size) % 4)
    tracker = xw.Tracker(log_dir=folder)
    seen = Timed()
    with pytest.MonkeyPatch.context() as patch, Editor(xw.Edits(folder), size, pause, seed) as editor:
        patch.setattr(framework_runs, "EPOCHS", epochs)
        RUNS[name](tracker, xw.Edits(tracker), seen, rows=rows, workers=workers)
    tracker.close()
    passes = [(seen.last[place - 1], [i for i, _ in seen.epochs[place]]) for place in range(1, epochs)]
    reached = sum(when < seen.last[-2] for when in editor.done.values())
    return (*wrong_draws(passes, editor.done), reached)


@pytest.mark.parametrize("name", RUNS)
def test_random_edits_at_random_moments(name, tmp_path):
    draws, wrong, reached = run_of(name, 64, 3, 2 if name == "plain" else 0, 5, tmp_path, 0.01)
    assert wrong == 0
    assert draws > 20
    assert reached > 0, "some edits came in time to tell"


def killed(folder: Path, kills: int, size: int, epochs: int, pause: float, seed: int) -> tuple[int, int, int]:
    chance = random.Random(seed)
    environment = {**os.environ, "PYTHONPATH": str(CASE.parents[2]), "OMP_NUM_THREADS": "1"}
    lines: list[str] = []
    (folder / "log").mkdir()
    with Editor(xw.Edits(folder / "log"), size, pause, seed) as editor:
        for attempt in range(kills + 1):
            child = subprocess.Popen(
                [sys.executable, str(CASE), *map(str, (folder, size, epochs))], stdout=subprocess.PIPE, text=True,
                env=environment,
            )  # fmt: skip
            assert child.stdout is not None
            left = chance.randint(26, 60)  # within the second pass or later
            for line in child.stdout:
                lines.append(line)
                left -= 1
                if left == 0 and attempt < kills:
                    child.send_signal(signal.SIGKILL)
            child.wait()
            assert child.returncode == (-signal.SIGKILL if attempt < kills else 0)
    passes: list[tuple[float, list[int]]] = []
    for kind, *rest in (line.split() for line in lines):
        if kind == "pass":
            passes.append((float(rest[0]), []))
        else:
            passes[-1][1].extend(map(int, rest))
    reached = sum(when < passes[-1][0] for when in editor.done.values())
    return (*wrong_draws(passes, editor.done), reached)


def test_a_training_that_was_killed_goes_on_without_them(tmp_path):
    draws, wrong, reached = killed(tmp_path, kills=1, size=200, epochs=6, pause=0.05, seed=3)
    assert wrong == 0
    assert draws > 300
    assert reached > 0


class Interrupted(Exception):
    pass


class Cut(Timed):
    """Interrupts the run after so many batches."""

    def __init__(self, left: int):
        super().__init__()
        self.left = left

    def see(self, x, y):
        self.left -= 1
        if self.left < 0:
            raise Interrupted
        super().see(x, y)


def went_on(folder: Path, size: int, epochs: int, pause: float, seed: int) -> tuple[int, int, int]:
    """Interrupt a Trainer at random moments within its epochs; each time it goes on from its last checkpoint."""
    train = pytest.importorskip("transformers").Trainer.train
    rows = TensorDataset(torch.arange(size, dtype=torch.float32)[:, None], torch.arange(size) % 4)
    steps, chance = -(-size // (2 * framework_runs.SIZE)), random.Random(seed)
    options = {"folder": folder, "save_strategy": "steps", "save_steps": steps // 4, "save_total_limit": 1}
    begun: dict[int, float] = {}
    passes, cut, saved = [], True, 0
    with pytest.MonkeyPatch.context() as patch, Editor(xw.Edits(folder / "log"), size, pause, seed) as editor:
        patch.setattr(framework_runs, "EPOCHS", epochs)
        patch.setattr(
            "transformers.Trainer.train", lambda made: train(made, resume_from_checkpoint=saved > 0)
        )
        while cut:
            saved = max((int(path.name.split("-")[1]) for path in folder.glob("checkpoint-*")), default=0)
            tracker, seen = xw.Tracker(log_dir=folder / "log"), Cut(chance.randint(steps, 4 * steps))
            known, cut = time.monotonic(), False
            try:
                framework_runs.trainer(tracker, xw.Edits(tracker), seen, rows=rows, **options)
            except Interrupted:
                cut = True
            tracker.close()
            for place, samples in enumerate(seen.epochs):
                epoch = saved // steps + 1 + place
                known = seen.last[place - 1] if place else known
                if place or saved % steps == 0:  # else it goes on within an epoch, which keeps its edits
                    begun[epoch] = known
                passes.append((begun[epoch], [i for i, _ in samples]))
    reached = sum(when < passes[-1][0] for when in editor.done.values())
    return (*wrong_draws(passes, editor.done), reached)


def test_a_trainer_that_was_interrupted_goes_on_without_them(tmp_path):
    draws, wrong, reached = went_on(tmp_path, size=128, epochs=4, pause=0.02, seed=3)
    assert wrong == 0
    assert draws > 300
    assert reached > 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("run", [*RUNS, "killed", "interrupted"])
def test_ten_thousand_draws(run, tmp_path, capsys):
    if run == "killed":
        found = killed(tmp_path, kills=10, size=1000, epochs=60, pause=0.25, seed=2)
    elif run == "interrupted":
        found = went_on(tmp_path, size=2000, epochs=8, pause=0.02, seed=2)
    else:
        found = run_of(run, 2000, 8, 8, 1, tmp_path, 0.02)
    draws, wrong, reached = found
    with capsys.disabled():
        print(f"\n{run}: {wrong} of {draws:,} draws wrong, {reached} exclusions in time")
    assert wrong == 0
    assert draws > 10_000
