"""Chunks do not ask the system for their memory again and again: counted in page faults, in a process of its own."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

import xai_widgets

CHUNKS = """
import resource
import numpy as np
from xai_widgets.attribution.backends.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        [np.ones(3 << 20, np.uint8) for _ in range(14)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
without = faults()
keep_freed_memory()
faults()
print(without, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other rules")
def test_freed_memory_is_kept_for_the_next_chunk():
    root = Path(xai_widgets.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", CHUNKS], capture_output=True, text=True, check=True, cwd=root
    )
    without, kept = (int(one) for one in done.stdout.split())
    assert without > 10_000
    assert kept < 1_000
