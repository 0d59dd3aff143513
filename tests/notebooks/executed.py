"""Run notebooks as a reader would, read what they show, and keep the executed copies for the site of the documentation."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from support import ROOT

NOTEBOOKS = ROOT / "notebooks"
COPIES = (
    ROOT / "site" / "tutorials"
)  # docs/tutorials.py takes them from there, so that CI runs each notebook once
WIDGETS = tuple(
    f"<{name}: "
    for name in (
        "Dashboard",
        "LabelDifficulty",
        "InstanceHistory",
        "InstanceMap",
        "SaliencyPanel",
        "Review",
        "Shortcuts",
    )
)


def load(path: Path) -> Any:
    """Import a script by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


execute = load(NOTEBOOKS / "execute.py")


def run(name: str, parameters: dict[str, Any] | None = None) -> Any:
    """Run a notebook in a fresh kernel, keep a copy and give it."""
    notebook = execute.execute(NOTEBOOKS / f"{name}.ipynb", parameters, timeout=250)
    execute.keep(notebook, COPIES, name)
    return notebook


def outputs(notebook: Any) -> list[Any]:
    """All outputs in their order."""
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


def text(notebook: Any) -> str:
    """What it printed."""
    return "".join(out.text for out in outputs(notebook) if out.get("name") == "stdout")


def pictures(notebook: Any) -> list[str]:
    """The PNGs of its figures, as base64."""
    shown = [out.get("data", {}) for out in outputs(notebook)]
    return [data["image/png"] for data in shown if "image/png" in data and not named(data)]


def widgets(notebook: Any) -> list[str]:
    """What its widgets said last, of those that left a picture."""
    shown = [out.get("data", {}) for out in outputs(notebook)]
    return [data["text/plain"] for data in shown if "image/png" in data and named(data)]


def named(data: Any) -> bool:
    """Whether an output is of a widget."""
    return data.get("text/plain", "").startswith(WIDGETS)
