"""Both quickstarts run to their end in a fresh kernel and find the wrong labels that were planted."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from executed import NOTEBOOKS, pictures, run, text, widgets


@pytest.mark.parametrize("name", ["01_quickstart", "01_quickstart_keras"])
def test_quickstart_finds_the_planted_labels(name: str) -> None:
    notebook = run(name)
    found = re.search(r"of the 20 hardest images, (\d+) carry", text(notebook))
    assert found, text(notebook)
    assert int(found[1]) >= 16, f"{found[1]} of the 20 hardest images are planted ones"
    assert len(pictures(notebook)) >= 2, "the static figures are shown"
    (said,) = widgets(notebook)
    assert said.startswith("<Dashboard: ")
    assert "not started" not in said, "the dashboard left its last picture"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_widget_state(path: Path) -> None:
    assert "widgets" not in nbformat.read(path, as_version=4).metadata
