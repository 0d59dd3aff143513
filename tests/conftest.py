"""What every test may use: the shared real data, and one place that decides whether a missing tool skips or fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
from support import SHARED_DATA, missing

# tests run beside each other on small machines; one thread per pool keeps them from fighting over cores
for _name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# CI draws the same examples each time, so that a failure can be repeated; elsewhere every run looks for new ones
hypothesis.settings.register_profile("repeatable", derandomize=True)
if os.environ.get("XAI_WIDGETS_REQUIRE_ALL"):
    hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium or Chrome that Playwright can drive."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    missing("Chromium", "apt install chromium")
    raise AssertionError


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium for the whole session: Playwright's loop can run once in a process only."""
    import lab

    with lab.browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="session")
def cifar() -> dict[str, np.ndarray]:
    """Real CIFAR-10 training images: ``x`` (5085, 32, 32, 3) uint8, ``y`` and ``index``."""
    path = SHARED_DATA / "cifar10_train_5085.npz"
    if not path.exists():
        pytest.skip("the shared CIFAR-10 images are not beside this checkout (../shared/data)")
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}
