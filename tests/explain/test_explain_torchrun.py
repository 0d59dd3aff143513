"""Real torchrun with two gloo ranks, one of which is killed and started again: what one process finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_explain as case

import xai_widgets as xw

torch = pytest.importorskip("torch")
SCRIPT = """
import os, signal, sys
import test_explain as case, torch, xai_widgets as xw
torch.distributed.init_process_group("gloo")
x, label, _ = case.pictures()
killed = sys.argv[2]

def read(index):
    if os.environ["RANK"] == "1" and index == 41 and not os.path.exists(killed):
        open(killed, "x").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return x[index], int(label[index])

data = xw.samples.as_samples(read, index=list(range(len(x))))
xw.explain(case.Reader(), data, sys.argv[1], engine="torchrun", batch_size=4, progress=False)
torch.distributed.barrier()
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_two_ranks_find_what_one_process_finds_though_one_is_killed(tmp_path):
    script = tmp_path / "explain.py"
    script.write_text(SCRIPT)
    here = str(Path(__file__).parent)
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]),
        # torchrun would keep its store over the restart, with the address of the rank that died in it
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "--max-restarts=1",
    ]
    killed = tmp_path / "killed"
    done = subprocess.run(
        [*command, script, tmp_path / "store", killed], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert killed.exists(), "no rank was killed"
    x, label, _ = case.pictures()
    alone = xw.explain(
        case.Reader(),
        xw.samples.as_samples(x, labels=label),
        tmp_path / "alone",
        progress=False,
        effects=False,
    )
    store = xw.Explained.open(tmp_path / "store")
    assert len(list((tmp_path / "store").iterdir())) >= 3, (
        "of two ranks, and of one that went on after the other died"
    )
    assert store.index.tolist() == list(range(90))
    assert sum(len(rows.index) for file in store._files.values() for rows in file.rows) == 90
    assert store.prediction.tolist() == alone.prediction.tolist()
    np.testing.assert_allclose(store.masks, alone.masks, atol=1e-4 * np.abs(alone.masks).max())
    assert {tuple(sorted(c.index.tolist())) for c in store.clusters()} == {
        tuple(sorted(c.index.tolist())) for c in alone.clusters()
    }
