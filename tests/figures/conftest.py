"""A tracker with a short run, made once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import figure_data


@pytest.fixture(scope="session")
def tracker():
    return figure_data.run()
