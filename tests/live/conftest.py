"""Real kernels, one a module and version."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module", params=["6.31", "7.3", "7.4"])
def kernel(request):
    from real_kernel import RealKernel

    started = RealKernel(request.param)
    started.version = request.param
    yield started
    started.close()


@pytest.fixture(scope="module", params=["6.31", "7.3", "7.4"])
def kernel_without_subshells(request):
    """As in VS Code, or where the front-end's setting is off: all messages go to the main shell."""
    from real_kernel import RealKernel

    started = RealKernel(request.param, subshells=False)
    started.version = request.param
    yield started
    started.close()
