"""What the documentation says is true: tests it names exist, its code is code, its calls are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from figure_data import run

from xai_widgets import figures

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted((ROOT / "docs" / "pages").rglob("*.md"))
TABLE = ROOT / "docs" / "pages" / "from-fastestimator.md"


def named_tests():
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TABLE.read_text())))


def test_every_test_named_in_the_table_exists():
    missing = []
    for path, name in named_tests():
        file = ROOT / path
        defined = re.findall(r"def (test_\w+)\(", file.read_text()) if file.exists() else []
        if not defined or (name and name not in defined):
            missing.append(f"{path}::{name}")
    assert len(named_tests()) > 20
    assert not missing


def test_every_argument_of_the_seed_has_a_line():
    text = TABLE.read_text()
    for argument in (
        "model_inputs", "model_outputs", "class_key", "label_mapping", "outputs", "samples=5", "mode", "ds_id", "smoothing=25",
        "integrating=(100, 6)", "SaliencyNet", "label", "metric", "bounds", "index", "n_max_to_keep", "n_min_to_keep",
        "list_to_keep", "epoch_frequency", "ImageViewer", "ImageSaver", "TensorBoard", "RepeatScheduler", "EpochScheduler",
        "ImgData", "Traceability", "RestoreWizard",
    ):  # fmt: skip
        assert argument in text, argument
    rows = [
        line
        for line in text.splitlines()
        if line.startswith("| ") and not line.startswith(("| there", "| ---"))
    ]
    assert all(line.count(" | ") == 2 for line in rows), "three cells each"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_code_is_code_and_pictures_are_there(page):
    text = page.read_text()
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        ast.parse(block)
    for picture in re.findall(r"!\[[^\]]*\]\(([^)#]+)", text):
        assert (page.parent / picture).exists(), picture
    for name in re.findall(r"\bfigures\.(\w+)\(", text):
        assert hasattr(figures, name), name
    for name in re.findall(r"\bschedules\.(\w+)\(", text):
        assert hasattr(figures.schedules, name), name


def test_the_first_lines_about_figures_run(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "pages" / "figures.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "figures.md", "exec"), {"tracker": run(3), "samples": {}})
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "heat.svg",
        "instances.svg",
        "labels.png",
        "map.png",
    ]
