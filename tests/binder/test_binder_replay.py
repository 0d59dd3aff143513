"""Binder's environment, made anew from what ``binder/`` lists, runs the quickstart to its end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, missing

BINDER = ROOT / "binder"
LIMIT = 600  # seconds; a reader of Binder's page does not wait longer


def pinned(name: str) -> str:
    found = re.search(rf"^{name}==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert found, name
    return found[0]


def need_a_registry(folder: Path) -> None:
    """Skip where pip finds no package index."""
    asked = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--retries", "0", "--no-cache-dir"]
    done = subprocess.run([*asked, "--dest", folder, pinned("anywidget")], capture_output=True, text=True)
    if done.returncode:
        missing("A package index", (done.stderr.strip().splitlines() or ["pip says nothing"])[-1])


@pytest.mark.soak  # an installation more, of what the first test of the notebooks runs in the environment that is there
@pytest.mark.timeout(LIMIT + 60)
def test_a_clean_environment_runs_the_quickstart(tmp_path):
    need_a_registry(tmp_path)
    output = tmp_path / "quickstart.ipynb"
    done = subprocess.run(
        [sys.executable, BINDER / "replay.py", "--output", output],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    shown = output.read_text()
    assert re.search(r"of the 20 hardest images, \d+ carry", shown)
    assert '"image/png"' in shown
    assert "nvidia" not in done.stdout, "the CPU build of torch"
    print(done.stderr.strip().splitlines()[-1])


def test_the_environment_is_the_one_that_ci_tests():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert "-c ../constraints.txt" in lines
    assert "-e .[demo]" in lines
    assert "torch" in lines
    assert any(line.startswith("--extra-index-url") and line.endswith("/whl/cpu") for line in lines)
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    least = re.search(r'requires-python = ">=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, least.split(".")))
    assert "01_quickstart.ipynb" in (BINDER / "README.md").read_text()
