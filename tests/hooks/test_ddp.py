"""Two processes on the CPU: each has its tracker, one log shows the union, and padding counts once."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hooks_common import N, digits

import xai_widgets as xw

CASE = Path(__file__).with_name("ddp_case.py")
KINDS = {"torchrun": 1, "accelerate": 21, "lightning": 1}
"""How many rows each fills up the last batches with, in both processes together."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of the runs of all kinds, made by one process that imports everything once."""
    folder = tmp_path_factory.mktemp("ddp")
    kinds = [kind for kind in KINDS if kind == "torchrun" or importlib.util.find_spec(kind)]
    root = CASE.parent.parent.parent
    done = subprocess.run(
        [sys.executable, str(CASE), str(folder), *kinds],
        env={**os.environ, "PYTHONPATH": f"{root}:{CASE.parent}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize(("kind", "padded"), KINDS.items(), ids=list(KINDS))
def test_the_union_of_two_processes_is_the_data_set(kind, padded, runs):
    if kind != "torchrun":
        pytest.importorskip(kind, exc_type=Exception)
    tmp_path = runs / kind
    assert [path.read_text()[-3000:] for path in tmp_path.glob("error*.txt")] == []
    reports = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert all(report["same"] for report in reports)
    assert not any(report["problems"] for report in reports)

    want, rows = np.zeros((2, N)), 0
    for place, epoch in enumerate(("1", "2")):
        pairs = [pair for report in reports for pair in report["known"][epoch]]
        rows += len(pairs)
        for i in range(N):
            want[place, i] = np.mean([loss for index, loss in pairs if index == i])
    assert rows == 2 * (N + padded)  # the frameworks fill up the last batches by repeating

    tracker = xw.Tracker.follow(tmp_path / "log")
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and tracker.counts("train").rows < rows:
            time.sleep(0.1)
        series = tracker.instance_series(list(range(N)), "loss", mode="train")
        assert list(series.epochs) == [1, 2]
        np.testing.assert_allclose(series.values.T, want, atol=1e-5)
        assert list(series.labels) == digits()[1][:N].tolist()
        assert tracker.label_series("loss", mode="train").count.sum(axis=0).tolist() == [N, N]
        counts = tracker.counts("train")
        assert (counts.rows, counts.duplicates) == (rows, 2 * padded)
    finally:
        tracker.close()
