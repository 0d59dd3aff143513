"""The wheel holds what a user needs: types, built front-end, licence; and nothing that is only ours."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_what_is_in_the_wheel(names: list[str]) -> None:
    assert "xai_widgets/py.typed" in names
    entries = {path.name.replace(".entry.ts", ".js") for path in (ROOT / "js" / "src").glob("*.entry.ts")}
    assert entries
    assert {f"xai_widgets/static/{name}" for name in entries} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_what_is_not_in_the_wheel(names: list[str]) -> None:
    assert not [name for name in names if not name.startswith(("xai_widgets/", "xai_widgets-"))]
    assert not [name for name in names if name.endswith((".npz", ".png", ".ts", ".ipynb"))]
