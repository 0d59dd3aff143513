"""Tutorials run on few images, and their executed copies kept for the documentation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import SHARED_DATA

sys.path.insert(0, str(Path(__file__).parent))

import executed


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a tutorial, on the photographs of ``../shared/data`` or else on scanned digits."""
    data = "cifair10" if SHARED_DATA.exists() else "digits"
    if SHARED_DATA.exists():
        monkeypatch.setenv("XAI_WIDGETS_CIFAIR10", str(SHARED_DATA))

    def run(name: str, **parameters: Any) -> Any:
        return executed.run(name, {"DATA": data, "IMAGES": 1200, "EPOCHS": 3} | parameters)

    return run
