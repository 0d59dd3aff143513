"""Real torchrun with gloo: the merged log is what all ranks recorded, padding folded, a crashed epoch replaced."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from xai_widgets import runlog

HERE = Path(__file__).parent
ROWS = 203


def torchrun(world, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "OMP_NUM_THREADS": "1"}
    for name in ("RANK", "WORLD_SIZE", "XAI_WIDGETS_ATTEMPT"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={world}"]
    return subprocess.run(
        [*command, str(HERE / "train_distributed.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
    )


@pytest.mark.soak  # the test below ends with the same, after a worse beginning
def test_two_processes(tmp_path):
    done = torchrun(2, tmp_path / "log", 3)
    assert done.returncode == 0, done.stderr[-3000:]
    check(tmp_path, 2, range(1, 4))


def test_three_processes_of_which_one_dies_and_two_that_go_on(tmp_path):
    done = torchrun(3, tmp_path / "log", 3, 1)
    assert done.returncode != 0
    assert runlog.read(tmp_path / "log").instance_series([0]).provisional
    done = torchrun(2, tmp_path / "log", 3)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list((tmp_path / "log").iterdir())) == 5
    check(tmp_path, 2, range(2, 4))  # the processes that went on know of these epochs only


def check(folder, world, epochs):
    reader = runlog.read(folder / "log")
    assert not reader.problems
    assert reader.status == "ended"
    series = reader.instance_series(np.arange(ROWS))
    assert series.epochs.tolist() == [1, 2, 3]
    assert not np.isnan(series.values).any()
    assert not series.provisional
    shares = [np.load(folder / f"rank{rank}.npz") for rank in range(world)]
    for epoch in epochs:
        columns = [s["values"][:, list(s["epochs"]).index(epoch)] for s in shares]
        seen = np.sum([~np.isnan(c) for c in columns], axis=0)
        assert seen.min() == 1
        assert seen.sum() - ROWS == -ROWS % world  # the sampler's padding
        np.testing.assert_allclose(series.values[:, epoch - 1], np.nansum(columns, axis=0) / seen, rtol=1e-5)
    counts = reader.label_series(mode="train").count
    assert (counts.sum(axis=0) == ROWS).all()
    assert reader.counts().duplicates == 3  # one a epoch, be it padded for two processes or for three
    assert len(reader.dynamics()) == ROWS
    assert reader.confusion().counts.sum() == ROWS
