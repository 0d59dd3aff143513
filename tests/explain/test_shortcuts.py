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
@pytest.mark.parametrize(("kind", "first"), [("mark", 2), ("border", 1)])
def test_the_plant_is_the_most_suspicious_rule(shortcuts, kind, first):
    tried = (shortcuts.outcome(kind, seed, images=1500, epochs=6) for seed in range(first, first + 4))
    found = next((one for one in tried if one.used >= 0.5), None)
    assert found is not None, "none of four networks uses its plant"
    assert found.first, found.why
    assert found.auroc >= 0.99
    assert found.suspicion >= shortcuts.SUSPICIOUS


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_suspicious_in_a_network_that_was_led_into_nothing(shortcuts, seed):
    found = shortcuts.outcome("clean", seed, images=1500, epochs=6)
    assert found.suspicion < shortcuts.SUSPICIOUS, found.why
