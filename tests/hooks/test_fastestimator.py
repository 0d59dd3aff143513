"""FastEstimator's traces, live. FastEstimator pins old packages, so it lives in an environment of its own.

``python3 dev.py test`` makes it, or point ``XAI_WIDGETS_FE_PYTHON`` at the Python of another one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hooks_common import digits
from support import fastestimator_python

import xai_widgets as xw

CASE = Path(__file__).with_name("fe_case.py")
RUNS = 12  # of the zoo: a second each
ROOT = CASE.parent.parent.parent


def run(case: str, folder: Path) -> dict:
    x, y = digits()
    np.savez(folder / "digits.npz", x=x, y=y)
    return reported([CASE, case, folder / "digits.npz"], folder)


def reported(command: list, folder: Path) -> dict:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    done = subprocess.run(
        [fastestimator_python(), *map(str, command)],
        env=environment, capture_output=True, text=True, timeout=280, cwd=folder,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("REPORT ")]
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return json.loads(lines[-1][len("REPORT ") :])


@pytest.mark.slow
def test_fastestimators_own_published_tests_pass(tmp_path):
    assert run("published", tmp_path) == {"run": 11, "failed": [], "skipped": 0}


@pytest.mark.slow
def test_a_live_run_is_the_run_itself(tmp_path):
    reports = run("live", tmp_path)
    report = reports["training"]
    assert report["same"]
    assert report["graphs"] == {"labels": True, "instances": True}
    assert (report["status"], report["epochs"], report["problems"]) == ("ended", 3, [])
    assert report["saliency"] == ["eval"]
    assert any("labels" in name for name in report["pictures"])
    for mode, size in (("train", 203), ("eval", 61)):
        seen = report["modes"][mode]
        assert seen["difference"] < 1e-5
        assert seen["labels"]
        assert seen["epochs"] == [1, 2, 3]
        assert seen["steps"] == [7, 14, 21]
        assert (seen["rows"], seen["duplicates"]) == (3 * size, 0)
    assert reports["masks"] == {
        name: {"same": True, "moved": False}
        for name in ("get_masks", "get_smoothed_masks", "get_integrated_masks")
    }
    assert reports["restore"] == {"same": True, "epochs": [1, 2]}
    stops = reports["stops"]
    # what FastEstimator itself raises passes its traces by, so the tracker is not told
    assert stops["exception"] == {"seen": [203, 64], "error": "the disk is full", "status": "training"}
    assert stops["polite"] == {"seen": [203, 96], "error": None, "status": "ended"}
    assert stops["early"] == {"seen": [203, 203], "error": None, "status": "ended"}


@pytest.mark.slow
def test_edits_reach_the_next_epoch(tmp_path):
    for workers, seen in run("edited", tmp_path).items():
        assert seen["first"], workers
        assert seen["second"], workers
        assert [row[:1] + row[2:] for row in seen["changed"]] == [[20, 1.0], [21, 0.5]]
        assert seen["changed"][0][1] == 3
        assert seen["problems"] == []


@pytest.mark.slow
def test_a_zoo_of_runs_is_right_told_or_refused(tmp_path):
    report = reported([CASE.with_name("zoo_fastestimator.py"), RUNS], tmp_path)
    assert report["wrong"] == []
    assert report["counts"]["right"] > RUNS / 2


@pytest.mark.skipif(
    importlib.util.find_spec("fastestimator") is not None, reason="FastEstimator is installed here"
)
def test_without_fastestimator_the_error_names_the_way():
    with pytest.raises(ImportError, match='pip install "fastestimator"'):
        xw.hooks.fastestimator.LabelTracker  # noqa: B018
