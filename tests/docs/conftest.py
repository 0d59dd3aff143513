"""The site, built once as CI publishes it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, missing

sys.path.insert(0, str(Path(__file__).parent))

import site_pages


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site, ``site/docs``; building it with ``--strict`` fails on any warning."""
    for name in ("mkdocs", "material", "mkdocstrings_handlers"):
        if importlib.util.find_spec(name) is None:
            missing(name, "pip install -e .[docs]")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=ROOT / "docs",
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return (ROOT / "site" / "docs").resolve()


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[Path, site_pages.Page]:
    """Every page of the site, by its file."""
    return {page.path: page for page in map(site_pages.read, site.rglob("*.html"))}
