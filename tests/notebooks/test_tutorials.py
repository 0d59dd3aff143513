"""Every tutorial runs to its end in a fresh kernel, on real images, and shows what it promises.

On the photographs of ``../shared/data`` where they are beside the checkout, otherwise on scikit-learn's scanned digits.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from executed import COPIES, NOTEBOOKS, execute, load, pictures, text, widgets
from executed import run as run_notebook
from support import SHARED_DATA, fastestimator_python, missing

TUTORIALS = sorted({*NOTEBOOKS.glob("[0-9]*.ipynb")} - {*NOTEBOOKS.glob("01_*.ipynb")})
BOTH = pytest.mark.parametrize("twin", ["", "_keras"], ids=["torch", "keras"])
Run = Callable[..., Any]


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
    spent = re.search(r"(\d+) evaluations of the gradient per image", text(notebook))
    assert spent, text(notebook)
    assert 1 < int(spent[1]) < 6 * 100, "all columns together, for less than the grid of draws and steps"
    assert len(pictures(notebook)) == 2
    assert widgets(notebook) == []
    errors = [float(e) for e in re.findall(r"of 1000 draws, error (\S+)", text(notebook))]
    assert errors[-1] <= 0.1
    assert errors == sorted(errors, reverse=True)


@BOTH
def test_which_class_is_hard(run: Run, twin: str) -> None:
    notebook = run(f"04_which_class_is_hard{twin}")
    ranking = [float(loss) for loss in re.findall(r"(\S+) nats   \(\d+ images\)", text(notebook))]
    assert len(ranking) == 10
    assert ranking == sorted(ranking, reverse=True)
    (said,) = widgets(notebook)
    assert said.startswith("<LabelDifficulty: mean loss of 10 labels after epoch 3; hardest "), said
    assert len(pictures(notebook)) == 2


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
    history, panel = widgets(notebook)
    assert history.startswith("<InstanceHistory: ")
    assert panel == f"<SaliencyPanel: saliency of {', '.join(f'#{index}' for index, _ in rows[:5])}>"
    assert len(pictures(notebook)) == 2


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("06_lightning", "import lightning"),
        ("07_hugging_face", "import datasets; from transformers import Trainer, ViTForImageClassification"),
    ],
    ids=lambda value: value.partition("import")[0],
)
def test_other_trainers(run: Run, name: str, needs: str) -> None:
    # in a process of its own: an installation of torchvision that does not fit torch breaks such an import halfway
    tried = subprocess.run([sys.executable, "-c", needs], capture_output=True, text=True)
    if tried.returncode:
        missing(f"What {name} needs", tried.stderr.strip().splitlines()[-1])
    notebook = run(name)
    found = re.search(r"hardest: (\d+) (\d+) (\d+)    easiest: (\d+) (\d+) (\d+)", text(notebook))
    assert found, text(notebook)
    assert len(set(found.groups())) == 6
    assert len(widgets(notebook)) == 1
    assert len(pictures(notebook)) == 2


def test_it_finds_a_letter_that_nobody_told_of() -> None:
    notebook = run_notebook("09_is_it_cheating", {})
    said = text(notebook)
    found = re.search(r"found: (\w+, in the \w+ \w+ corner), \d+ scans, (\d+)% of them with the letter", said)
    true = re.search(r"true:  (\w+, in the \w+ \w+ corner), ", said)
    after = re.search(r"healthy people called ill: (\S+)%, with that corner (\S+)%", said)
    assert found, said
    assert true, said
    assert after, said
    assert found[1] == true[1]
    assert int(found[2]) >= 95
    assert float(after[2]) - float(after[1]) > 50, "the network uses the letter"
    (shown,) = widgets(notebook)
    assert shown.startswith("<Shortcuts: ")


@BOTH
def test_wrong_labels_are_put_right_while_it_trains(twin: str) -> None:
    notebook = run_notebook(f"10_wrong_labels{twin}", {})
    said = text(notebook)
    reviewed = re.search(r"(\d+) images looked at, (\d+) of the (\d+) wrong labels among them", said)
    overall = re.search(r"all \(\d+\): (\S+) -> (\S+),", said)
    assert reviewed, said
    assert overall, said
    assert int(reviewed[2]) > 0.9 * int(reviewed[3]), (
        "a fifth of the images has nearly all of the wrong labels"
    )
    assert float(overall[2]) > float(overall[1]), "the network is the better for it"
    assert f"edited: {reviewed[2]} relabelled" in said
    assert len(pictures(notebook)) == 2
    (review,) = widgets(notebook)
    assert re.match(rf"<Review: review of suspected label errors: {reviewed[2]} decided, \d+ left", review), (
        review
    )


def test_fastestimator_with_our_traces() -> None:
    python = fastestimator_python()
    if not SHARED_DATA.exists():
        pytest.skip("the shared CIFAR-10 images are not beside this checkout (../shared/data)")
    name = "08_fastestimator"
    done = subprocess.run(
        [
            python,
            NOTEBOOKS / "execute.py",
            name,
            "--set",
            "IMAGES=1000",
            "--set",
            "EPOCHS=3",
            "--output",
            COPIES,
        ],
        env={**os.environ, "XAI_WIDGETS_CIFAIR10": str(SHARED_DATA)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    notebook = nbformat.read(COPIES / f"{name}.ipynb", as_version=4)
    assert re.search(r"hardest:( \d+){5}\n", text(notebook))
    assert len(pictures(notebook)) == 3


@pytest.mark.parametrize("framework", ["torch", pytest.param("keras", marks=pytest.mark.soak)])
def test_what_the_seeds_tutorial_reports_comes_out(framework: str) -> None:
    """The short version of benchmarks/tracking/seed_findings.py: half the images, four epochs, halves instead of thirds."""
    if not SHARED_DATA.exists():
        pytest.skip("the shared CIFAR-10 images are not beside this checkout (../shared/data)")
    findings = load(NOTEBOOKS.parent / "benchmarks" / "tracking" / "seed_findings.py")
    train = findings.Images.read(SHARED_DATA / "cifar10_train_5085.npz", 2500)
    test = findings.Images.read(SHARED_DATA / "cifar10_test_1017.npz", None)
    found = findings.findings(getattr(findings, f"train_{framework}")(train, test, 4, seed=0))
    assert found.cat <= 5, "cats are in the harder half"
    assert found.automobile >= 6, "automobiles are in the easier half"
    assert found.easy_image < found.hard_image, "image 10 is easier than image 18"
    assert found.accuracy > 0.3, "it learnt something"


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
