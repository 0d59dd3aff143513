"""Every tutorial runs to its end in a fresh kernel, on real images, and shows what it promises.

On the photographs of ``../shared/data`` where they are beside the checkout, otherwise on scikit-learn's scanned digits.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import SHARED_DATA

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
TUTORIALS = sorted(NOTEBOOKS.glob("0[2-9]_*.ipynb"))
BOTH = pytest.mark.parametrize("twin", ["", "_keras"], ids=["torch", "keras"])
Run = Callable[..., Any]


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


execute = load(NOTEBOOKS / "execute.py")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a tutorial on few images."""
    data = "cifair10" if SHARED_DATA.exists() else "digits"
    if SHARED_DATA.exists():
        monkeypatch.setenv("XAI_WIDGETS_CIFAIR10", str(SHARED_DATA))

    def run(name: str, **parameters: Any) -> Any:
        chosen = {"DATA": data, "IMAGES": 600, "EPOCHS": 2} | parameters
        return execute.execute(NOTEBOOKS / f"{name}.ipynb", chosen, timeout=250)

    return run


def outputs(notebook: Any) -> list[Any]:
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


def text(notebook: Any) -> str:
    return "".join(out.text for out in outputs(notebook) if out.get("name") == "stdout")


def pictures(notebook: Any) -> list[str]:
    """Return the PNGs in the notebook, as base64."""
    return [out.data["image/png"] for out in outputs(notebook) if "image/png" in out.get("data", {})]


def widgets(notebook: Any) -> int:
    kind = "application/vnd.jupyter.widget-view+json"
    return sum(kind in out.get("data", {}) for out in outputs(notebook))


@BOTH
def test_saliency_every_five_epochs_and_at_test(run: Run, twin: str) -> None:
    notebook = run(f"02_saliency_during_training{twin}", EPOCHS=6)
    assert re.findall(r"epoch (\d+): accuracy", text(notebook)) == ["1", "2", "3", "4", "5", "6"]
    shown = pictures(notebook)
    assert len(shown) == 3, "after epochs 1 and 6, and at test"
    assert len(set(shown)) == 3, "the network changed, and so did what it looks at"


@BOTH
def test_saliency_alone(run: Run, twin: str) -> None:
    notebook = run(f"03_saliency_alone{twin}")
    assert "207 evaluations of the gradient per image" in text(notebook)
    assert len(pictures(notebook)) == 2
    assert widgets(notebook) == 0
    errors = [float(e) for e in re.findall(r"of 1000 draws, error (\S+)", text(notebook))]
    assert errors[-1] <= 0.1
    assert errors == sorted(errors, reverse=True)


@BOTH
def test_which_class_is_hard(run: Run, twin: str) -> None:
    notebook = run(f"04_which_class_is_hard{twin}")
    ranking = [float(loss) for loss in re.findall(r"(\S+) nats   \(\d+ images\)", text(notebook))]
    assert len(ranking) == 10
    assert ranking == sorted(ranking, reverse=True)
    assert widgets(notebook) == 1
    assert len(pictures(notebook)) == 3, "of the widget, and of two figures"


@BOTH
def test_hard_pictures_and_what_the_network_saw(run: Run, twin: str) -> None:
    notebook = run(f"05_hard_pictures{twin}")
    rows = re.findall(r"image +(\d+) .* mean loss +(\S+)", text(notebook))
    assert len(rows) == 7
    assert [index for index, _ in rows[5:]] == ["10", "18"]
    losses = [float(loss) for _, loss in rows]
    assert losses[:5] == sorted(losses[:5], reverse=True)
    assert max(losses[5:]) <= losses[4]
    assert re.search(r"labelled \w+, taken for \w+ with probability", text(notebook))
    assert widgets(notebook) == 2


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorials_are_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)


def test_a_parameter_that_is_not_there() -> None:
    notebook = nbformat.read(NOTEBOOKS / "03_saliency_alone.ipynb", as_version=4)
    with pytest.raises(KeyError, match="EPOCH"):
        execute.set_parameter(notebook, "EPOCH", 3)
    execute.set_parameter(notebook, "EPOCHS", 3)
    assert any(re.search(r"^EPOCHS = 3$", cell.source, re.MULTILINE) for cell in notebook.cells)
