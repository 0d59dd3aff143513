"""The Keras hook on Keras' torch backend: the backend is chosen at import, so this is another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OFTEN = (
    "the_fit_itself or logits_are_recorded or weights_train or forgetting or names or py_dataset or dictionaries or polite_stop "
    "or mixed_precision or own_loss"
)
"""What CI runs here: one test of every path through the hook; all of them with ``-m soak``."""


@pytest.mark.parametrize("chosen", [OFTEN, pytest.param("", marks=pytest.mark.soak)], ids=["often", "all"])
def test_keras_on_torch(chosen):
    cases = [Path(__file__).with_name(name) for name in ("test_keras.py", "test_keras_fit.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *map(str, cases)],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        cwd=cases[0].parent.parent.parent,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
