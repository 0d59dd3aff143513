"""The benchmark of devices runs where there is no GPU, and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def test_a_quick_run_on_a_processor_prints_its_tables():
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name in ("SmoothGrad²", "integrated gradients", "SmInt", "LeNet"):
        rows = [line for line in lines if line.startswith(f"| {name} |")]
        assert rows, done.stdout
        assert all(any(letter.isdigit() for letter in row) for row in rows)
    assert "no GPU here" in done.stdout


def test_a_quick_run_with_tensorflow_prints_its_table():
    pytest.importorskip("tensorflow")
    command = [sys.executable, str(SCRIPT.with_name("gpu_tensorflow.py")), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("SmoothGrad²", "integrated gradients", "SmInt"):
        rows = [line for line in done.stdout.splitlines() if line.startswith(f"| {name} |")]
        assert len(rows) == 1
        assert any(letter.isdigit() for letter in rows[0])
