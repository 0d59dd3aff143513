"""Two processes on the CPU: each has its tracker, one log shows the union, and padding counts once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hooks_common import N, digits

import xai_widgets as xw

CASE = Path(__file__).with_name("ddp_case.py")
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port"]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "padded"),
    [("torchrun", 1), ("accelerate", 21), ("lightning", 1)],
    ids=["torchrun", "accelerate", "lightning"],
)
def test_the_union_of_two_processes_is_the_data_set(kind, padded, tmp_path):
    if kind != "torchrun":
        pytest.importorskip(kind, exc_type=Exception)
    root = CASE.parent.parent.parent
    launcher = [sys.executable] if kind == "lightning" else [*LAUNCHER, free_port()]
    environment = {
        **os.environ, "PYTHONPATH": f"{root}:{CASE.parent}", "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1",
    }  # fmt: skip
    if kind == "lightning":
        environment["MASTER_PORT"] = free_port()
    done = subprocess.run(
        [*launcher, str(CASE), kind, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-4000:]
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
