"""A shortcut that a network was led into is the most suspicious rule; a network without one has none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "explain" / "shortcuts.py"


@pytest.fixture(scope="module")
def shortcuts():
    spec = importlib.util.spec_from_file_location("explain_shortcuts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    if not module.DATA.exists():
        pytest.skip("../shared/data is not here")
    return module


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["mark", "border", "clean"])
def test_the_plant_is_the_most_suspicious_rule(shortcuts, kind, seed):
    found = shortcuts.outcome(kind, seed, images=1500, epochs=6)
    if kind == "clean":
        assert found.suspicion < shortcuts.SUSPICIOUS, found.why
        return
    if found.used < 0.5:
        pytest.skip(f"this network does not use the plant ({found.used:.2f})")
    assert found.first, found.why
    assert found.auroc >= 0.99
    assert found.suspicion >= shortcuts.SUSPICIOUS
