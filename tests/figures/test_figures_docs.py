"""What the documentation says is true: its code is code, its calls are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from figure_data import run

from xai_widgets import figures

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted((ROOT / "docs" / "pages").rglob("*.md"))


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
