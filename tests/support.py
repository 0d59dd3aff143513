"""Where the shared real data is, and whether a missing tool skips or fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


def missing(tool: str, reason: str) -> None:
    """Skip because ``tool`` is missing; fail instead where the run promised to have everything."""
    if os.environ.get("XAI_WIDGETS_REQUIRE_ALL"):
        pytest.fail(f"{tool} is missing, and this run requires all tools: {reason}")
    pytest.skip(f"{tool} is missing: {reason}")
