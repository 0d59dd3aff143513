"""No excluded sample is drawn after its epoch began: edits at random moments, in every framework, and under kill -9.

An exclusion counts from the moment when `exclude` returned. The next epoch is one that begins after it: then it must hold.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
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


def killed(folder: Path, kills: int, epochs: int, pause: float, seed: int) -> tuple[int, int]:
    chance = random.Random(seed)
    environment = {**os.environ, "PYTHONPATH": str(CASE.parents[2]), "OMP_NUM_THREADS": "1"}
    lines: list[str] = []
    (folder / "log").mkdir()
    with Editor(xw.Edits(folder / "log"), 200, pause, seed) as editor:
        for attempt in range(kills + 1):
            child = subprocess.Popen(
                [sys.executable, str(CASE), str(folder), str(epochs)], stdout=subprocess.PIPE, text=True,
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
    return wrong_draws(passes, editor.done)


def test_a_training_that_was_killed_goes_on_without_them(tmp_path):
    draws, wrong = killed(tmp_path, kills=1, epochs=4, pause=0.05, seed=3)
    assert wrong == 0
    assert draws > 300


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_draws(tmp_path, capsys):
    total = 0
    for name in RUNS:
        draws, wrong, reached = run_of(name, 400, 8, 8, 1, tmp_path / name, 0.02)
        with capsys.disabled():
            print(f"\n{name}: {wrong} of {draws:,} draws wrong, {reached} exclusions in time")
        assert wrong == 0
        total += draws
    (tmp_path / "killed").mkdir()
    draws, wrong = killed(tmp_path / "killed", kills=5, epochs=60, pause=0.1, seed=2)
    with capsys.disabled():
        print(f"killed five times: {wrong} of {draws:,} draws wrong")
    assert wrong == 0
    assert total + draws > 10_000
