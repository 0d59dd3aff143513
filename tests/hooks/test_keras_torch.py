"""The Keras hook on Keras' torch backend: the backend is chosen at import, so this is another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_keras_on_torch():
    cases = [Path(__file__).with_name(name) for name in ("test_keras.py", "test_keras_fit.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, cases)],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        cwd=cases[0].parent.parent.parent,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
