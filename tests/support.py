"""Where the shared real data is, and whether a missing tool skips or fails."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"
SIDE = ROOT / ".venvs"


def missing(tool: str, reason: str) -> None:
    """Skip because ``tool`` is missing; fail instead where the run promised to have everything."""
    if os.environ.get("XAI_WIDGETS_REQUIRE_ALL"):
        pytest.fail(f"{tool} is missing, and this run requires all tools: {reason}")
    pytest.skip(f"{tool} is missing: {reason}", allow_module_level=True)


def fastestimator_python() -> str:
    """The Python that has FastEstimator: the one named by ``XAI_WIDGETS_FE_PYTHON``, else the one ``dev.py test`` makes."""
    named = os.environ.get("XAI_WIDGETS_FE_PYTHON")
    if named:
        return named
    if not (SIDE / "fastestimator" / "done").is_file():
        pytest.skip("no FastEstimator: python3 dev.py test makes its environment, on Python 3.10 and 3.11")
    return str(SIDE / "fastestimator" / "bin" / "python")


def add_fastai() -> None:
    """Let fastai be imported from the folder that ``dev.py test`` made; last, so that it hides nothing."""
    folder = SIDE / "fastai"
    if importlib.util.find_spec("fastai") is None:
        if not (folder / "done").is_file():
            pytest.skip(
                "no fastai; python3 dev.py test puts it beside the environment", allow_module_level=True
            )
        sys.path.append(str(folder))
