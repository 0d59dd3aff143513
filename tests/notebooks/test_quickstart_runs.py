"""Both quickstarts run to their end in a fresh kernel and find the wrong labels that were planted."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def outputs(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(
        output.get("text", "") or output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize("name", ["01_quickstart", "01_quickstart_keras"])
def test_quickstart_finds_the_planted_labels(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    text = outputs(notebook)
    found = re.search(r"of the 20 hardest images, (\d+) carry", text)
    assert found, text
    assert int(found[1]) >= 16, f"{found[1]} of the 20 hardest images are planted ones"
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 2, "the static figures are shown"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_widget_state(path: Path) -> None:
    assert "widgets" not in nbformat.read(path, as_version=4).metadata
