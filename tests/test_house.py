"""The rules of the house: who may import whom, what an import costs, and that the names of the API are there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "xai_widgets"

# part -> the parts it may import. The map of CONTRIBUTING.md as a table.
ALLOWED: dict[str, set[str]] = {
    "tracking": set(),
    "runlog": {"tracking"},
    "edits": {"tracking", "runlog"},
    "explain": {"attribution", "samples", "runlog"},
    "samples": set(),
    "attribution": {"samples"},
    "figures": {"tracking", "attribution"},
    "hooks": {"tracking", "samples", "edits"},
    "live": {"tracking", "attribution", "samples"},
    "widgets": {
        "tracking",
        "runlog",
        "edits",
        "explain",
        "samples",
        "attribution",
        "figures",
        "hooks",
        "live",
    },
}
WIDGET_PACKAGES = {"ipywidgets", "bqplot", "ipycanvas", "anywidget"}
FRAMEWORKS = {
    "torch", "tensorflow", "keras", "jax", "lightning", "transformers", "datasets", "accelerate", "ignite", "fastai",
    "fastestimator", "pandas", "polars", "pyarrow", "matplotlib", "IPython",
}  # fmt: skip


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imports(path: Path, *, top_only: bool = False) -> set[str]:
    """Absolute names of the modules a file imports, except those under ``if TYPE_CHECKING``."""
    tree = ast.parse(path.read_text())
    package = ["xai_widgets", *path.relative_to(PACKAGE).parent.parts]
    names: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
        if top_only and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        pending.extend(ast.iter_child_nodes(node))
    return names


MODULES = {
    ".".join(("xai_widgets", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in PACKAGE.rglob("*.py")
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if len(path.relative_to(PACKAGE).parts) > 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(path)
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("xai_widgets.")}
    upward = ours & set(ALLOWED) - ALLOWED[part] - {part}
    assert not upward, f"{part} must not import {sorted(upward)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_stay_out_of_module_level(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path, top_only=True)}
    allowed = WIDGET_PACKAGES if part_of(path) == "widgets" else set()
    heavy = tops & (FRAMEWORKS | WIDGET_PACKAGES) - allowed
    assert not heavy, f"import {sorted(heavy)} inside the function that needs it"


def test_the_direction_test_sees_what_it_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "tracking"
    fake.mkdir()
    bad = fake / "bad.py"
    bad.write_text("def f():\n    from ..widgets import Dashboard\n    import xai_widgets.live\n")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    found = imports(bad)
    assert {"xai_widgets.widgets", "xai_widgets.live"} <= found


@pytest.mark.parametrize("name", ["_rng", "_metrics", "_task", "_version"])
def test_what_all_parts_share_imports_none_of_them(name: str) -> None:
    ours = {each.split(".")[1] for each in imports(PACKAGE / f"{name}.py") if each.startswith("xai_widgets.")}
    assert not ours & set(ALLOWED)


def test_every_folder_has_its_arrows() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert folders == set(ALLOWED)


def edges(path: Path) -> set[str]:
    """Modules of ours that a file needs: of ``from folder import file`` the file, of other names the folder."""
    ours = {name for name in imports(path) if name in MODULES}
    tree = ast.parse(path.read_text())
    named = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and any(f"{node.module}.{a.name}" not in MODULES for a in node.names)
    }
    return {name for name in ours if name in named or not any(o.startswith(f"{name}.") for o in ours)}


def circle(needs: dict[str, set[str]]) -> list[str]:
    """Find modules that import each other round; [] where there are none."""
    state: dict[str, int] = {}
    trail: list[str] = []

    def visit(name: str) -> list[str]:
        state[name] = 1
        trail.append(name)
        for other in sorted(needs.get(name, ())):
            if state.get(other) == 1:
                return [*trail[trail.index(other) :], other]
            if other not in state and (found := visit(other)):
                return found
        trail.pop()
        state[name] = 2
        return []

    return next((found for name in needs if name not in state and (found := visit(name))), [])


def test_no_modules_import_each_other_round() -> None:
    assert circle({name: edges(path) - {name} for name, path in MODULES.items()}) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"], "it sees one where there is one"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_reaches_another_by_a_string(path: Path) -> None:
    """Only the package's own lazy names are: ``xai_widgets/__init__.py``, and ``hooks/__init__.py`` for its folder."""
    if path == PACKAGE / "hooks" / "__init__.py":
        return
    by_string = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
        and "xai_widgets" in ast.unparse(node)
    ]
    assert not by_string


def test_no_class_has_more_than_two_of_ours_above_it() -> None:
    bases: dict[str, set[str]] = {}
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                above = {ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases}
                bases.setdefault(node.name, set()).update(above - {node.name})

    def above(name: str) -> set[str]:
        ours = bases[name] & bases.keys()
        return ours.union(*(above(other) for other in ours)) if ours else ours

    deep = {name: sorted(above(name)) for name in bases if len(above(name)) > 2}
    assert not deep


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_numpy_and_nothing_heavier() -> None:
    heavy = sorted(FRAMEWORKS | WIDGET_PACKAGES)
    code = f"import sys, xai_widgets; print([n for n in {heavy!r} if n in sys.modules])"
    assert python(code) == "[]"


@pytest.mark.parametrize("part", ["tracking", "runlog", "figures", "samples"])
def test_works_without_widgets_and_frameworks(part: str) -> None:
    blocked = sorted(WIDGET_PACKAGES | {"torch", "tensorflow", "keras", "jax", "pandas"})
    code = (
        "import sys\n"
        f"for n in {blocked!r}: sys.modules[n] = None\n"
        f"import xai_widgets.{part}\n"
        "import numpy as np, xai_widgets as xw\n"
        "t = xw.Tracker(); t.record(np.arange(4), np.arange(4) % 2, loss=np.arange(4.0)); t.end_epoch()\n"
        "s = t.label_series('loss', mode='train')\n"
        "png = xw.figures.label_difficulty(s).png()\n"
        "print(png[:4])\n"
    )
    assert python(code) == str(b"\x89PNG")


def test_public_names_are_there_and_lazy() -> None:
    import xai_widgets as xw

    for name in xw.__all__:
        assert getattr(xw, name) is not None
    with pytest.raises(AttributeError, match="public names"):
        xw.no_such_name  # noqa: B018


def test_version_is_written_once() -> None:
    import xai_widgets as xw

    assert 'dynamic = ["version"]' in (PACKAGE.parent / "pyproject.toml").read_text()
    assert f"[{xw.__version__}]" in (PACKAGE.parent / "CHANGELOG.md").read_text()


def test_no_two_test_files_have_one_name():
    """Pytest imports them by name alone, so a second one cannot be collected together with the first."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
