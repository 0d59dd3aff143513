"""kill -9 at random moments: every acknowledged batch is back, none is torn, no value is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kill_writers import SIZE, STEPS
from log_common import value

from xai_widgets import runlog

HERE = Path(__file__).parent
TRIALS = 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fifty_kills(tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "kill_writers.py"), str(tmp_path), str(TRIALS), "17"],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)])},
    )
    assert done.returncode == 0, done.stderr
    trials = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(trials) == TRIALS
    kills = sum(len(a["places"]) for t in trials for a in t["attempts"])
    assert kills > TRIALS
    assert {t["world"] for t in trials} == {1, 2, 3}
    batches = [check(trial) for trial in trials]
    assert min(batches) > 0


def check(trial):
    """Compare what is read with what was acknowledged; returns how many batches that were."""
    reader = runlog.read(trial["folder"])
    assert not reader.problems
    everything = np.arange(SIZE * STEPS)
    series = reader.instance_series(everything)
    seen = {
        (epoch, i)
        for t, epoch in enumerate(series.epochs)
        for i in np.flatnonzero(~np.isnan(series.values[:, t]))
    }
    for t, epoch in enumerate(series.epochs.tolist()):
        rows = np.flatnonzero(~np.isnan(series.values[:, t]))
        np.testing.assert_array_equal(series.values[rows, t], value(epoch, rows))
    assert reader.counts().duplicates == 0  # what was run twice replaced, and was not added to, the first
    assert all(label in (None, i % 4) for i, label in enumerate(series.labels))
    world, acknowledged = trial["world"], 0
    resumes = [tuple(a["begin"]) for a in trial["attempts"][1:]] + [(2**60, 2**60)]
    for attempt, resumed in zip(trial["attempts"], resumes, strict=True):
        for rank, (_, last) in enumerate(attempt["places"]):
            for number in range(attempt["begin"][1], last + 1):
                epoch, step = (number - 1) // STEPS + 1, (number - 1) % STEPS
                if (epoch, number) < resumed:
                    mine = {(epoch, i) for i in range(step * SIZE, (step + 1) * SIZE) if i % world == rank}
                    assert mine <= seen, f"batch {number} of rank {rank} was acknowledged and is lost"
                    acknowledged += 1
    assert_none_torn(seen, world)
    return acknowledged


def assert_none_torn(seen, world):
    """Of every rank's batch, all rows are there or none."""
    for epoch in {epoch for epoch, _ in seen}:
        for step in range(STEPS):
            for rank in range(world):
                rows = [i for i in range(step * SIZE, (step + 1) * SIZE) if i % world == rank]
                assert len({(epoch, i) in seen for i in rows}) == 1
