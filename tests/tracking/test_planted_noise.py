"""Wrong labels planted in scanned digits: the mean loss finds them still when the network knows them by heart."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "tracking" / "noise.py"


@pytest.fixture(scope="module")
def noise():
    spec = importlib.util.spec_from_file_location("tracking_noise", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_hundred_epochs(noise):
    table = noise.run(seed=0, epochs=200, look_at=(10, 200))
    early, late = table[10], table[200]
    assert late["mean loss"][0] >= 0.99
    assert late["last loss"][0] < 0.95
    assert late["last loss"][1] < late["mean loss"][1] - 0.15
    for score in ("mean loss", "last loss", "area under the margin", "EL2N", "label error"):
        assert early[score][0] >= 0.99, score
    for score in ("area under the margin", "EL2N", "1 - correctness", "label error"):
        assert late[score][0] >= 0.98, score
        assert late[score][1] > late["last loss"][1], score


def test_area_under_the_curve(noise):
    positive = np.array([True, False, True, False])
    assert noise.auroc(np.array([4.0, 1, 3, 2]), positive) == 1
    assert noise.auroc(np.array([1.0, 4, 2, 3]), positive) == 0
    assert noise.auroc(np.ones(4), positive) == 0.5
    assert noise.precision(np.array([4.0, 1, 2, 3]), positive) == 0.5
