"""The built site: every tutorial with its pictures, every public name in the reference, and no link that leads nowhere."""

from __future__ import annotations

import base64
import importlib
import importlib.util
import pydoc
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support import ROOT, SHARED_DATA, SIDE, missing

import xai_widgets

pytestmark = pytest.mark.docs

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PARTS = (
    "tracking",
    "runlog",
    "edits",
    "explain",
    "samples",
    "attribution",
    "live",
    "figures",
    "hooks",
    "widgets",
)
HOOKS = tuple(f"hooks.{name}" for name in xai_widgets.hooks.__all__)
# written about with their class, or a name of the version only
NO_ENTRY = {
    "xai_widgets.live.cells",
    "xai_widgets.attribution.METHODS",
    "xai_widgets.__version__",
    "xai_widgets.ray",  # a module, whose class has an entry
    *(f"xai_widgets.{name}" for name in PARTS),
}


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tutorials(site):  # only where mkdocs is, which the module imports
    return load(ROOT / "docs" / "tutorials.py")


def images(notebook: Any) -> list[bytes]:
    return [
        base64.b64decode(out.data["image/png"])
        for cell in notebook.cells
        for out in cell.get("outputs", [])
        if "image/png" in out.get("data", {})
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_tutorial_is_there_as_it_ran_with_its_pictures(site, pages, tutorials, path):
    page = pages[site / "tutorials" / path.stem / "index.html"]
    executed = tutorials.run_of(path)
    if executed is None:
        reason = "it is left by the tests of the notebooks: python3 dev.py test"
        if path.stem == "08_fastestimator" and not (
            SHARED_DATA.exists() and (SIDE / "fastestimator/done").exists()
        ):
            pytest.skip(
                f"FastEstimator or the photographs that its notebook is tested on are not here: {reason}"
            )
        missing(f"The executed copy of {path.name}", reason)
    ours = [page.target(picture, site)[0] for picture in page.pictures]
    shown = [file.read_bytes() for file in ours if file.parent == site / "tutorials"]
    assert shown == images(executed)
    assert len(shown) >= 2
    assert all(picture.startswith(b"\x89PNG") for picture in shown)
    assert "Shown without outputs" not in page.path.read_text()
    assert "Traceback" not in page.path.read_text()


def test_the_list_of_tutorials_leads_to_all(site, pages):
    page = pages[site / "tutorials" / "index.html"]
    led = {page.target(link, site)[0] for link in page.links if page.target(link, site)}
    assert {site / "tutorials" / path.stem / "index.html" for path in NOTEBOOKS} <= led


@pytest.mark.parametrize("part", ["", *PARTS, *HOOKS], ids=lambda part: part or "xai_widgets")
def test_every_public_name_is_in_the_reference(site, pages, part):
    ids = set().union(*(page.ids for path, page in pages.items() if path.is_relative_to(site / "api")))
    name_of_part = f"xai_widgets.{part}" if part else "xai_widgets"
    module = importlib.import_module(name_of_part)
    left_out = []
    for name in module.__all__:
        full = f"{name_of_part}.{name}"
        elsewhere = (id for id in ids if id.endswith(f".{name}"))
        if full not in ids | NO_ENTRY and not any(
            pydoc.locate(id) is getattr(module, name) for id in elsewhere
        ):
            left_out.append(full)
    assert not left_out, "not in a page of docs/pages/api, nor under another name"


@pytest.mark.parametrize("hook", ["keras", "lightning", "transformers", "fastai"])
def test_classes_made_when_asked_for_are_described(site, hook):
    text = (site / "api" / "hooks" / "index.html").read_text()
    entry = text.split(f'id="xai_widgets.hooks.{hook}.TrackerCallback"', 1)[1]
    assert "Parameters" in entry[:6000], "the class with its parameters, not only its name"


def test_no_link_leads_nowhere(site, pages):
    broken, checked = [], 0
    for page in pages.values():
        if page.path.name == "404.html":
            continue  # its links are absolute, for whatever address asked
        for link in [*page.links, *page.pictures, *page.loaded, *page.styles]:
            found = page.target(link, site)
            if found is None:
                continue
            file, fragment = found
            checked += 1
            there = file in pages and (not fragment or fragment in pages[file].ids)
            if not (there or (file not in pages and file.is_file())):
                broken.append(f"{page.path.relative_to(site)}: {link}")
    assert checked > 500
    assert not broken


def test_a_page_asks_nobody_else_for_anything(pages):
    elsewhere = {
        link
        for page in pages.values()
        for link in [*page.loaded, *page.styles, *page.pictures]
        if "//" in link
    }
    assert not {link for link in elsewhere if not link.startswith("data:")}


def test_an_executed_copy_of_other_code_is_not_taken(tutorials, tmp_path, monkeypatch):
    monkeypatch.setattr(tutorials, "EXECUTED", tmp_path)
    path = ROOT / "notebooks" / "03_saliency_alone.ipynb"
    assert tutorials.run_of(path) is None, "there is none"
    copy = nbformat.read(path, as_version=4)
    (parameters,) = (cell for cell in copy.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source = "EPOCHS = 1"
    nbformat.write(copy, tmp_path / path.name)
    assert tutorials.run_of(path) is not None, "parameters may be set"
    next(cell for cell in copy.cells if cell.cell_type == "code").source += "\nx = 1"
    nbformat.write(copy, tmp_path / path.name)
    assert tutorials.run_of(path) is None, "other code"


def test_outputs_become_text_and_pictures_never_markup(tutorials):
    hostile = "```\n<script>alert(1)</script>\n````\n\x1b[31mred\x1b[0m"
    code = nbformat.v4.new_code_cell("show()")
    code.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=hostile),
        nbformat.v4.new_output("display_data", data={"text/html": "<b>no</b>", "text/plain": "plain"}),
        nbformat.v4.new_output("display_data", data={"image/png": base64.b64encode(b"\x89PNG").decode()}),
    ]
    page, pictures = tutorials.as_markdown(nbformat.v4.new_notebook(cells=[code]), "name")
    assert "\n`````text\n```\n<script>alert(1)</script>\n````\nred\n`````" in page, (
        "a fence longer than any in it"
    )
    assert "<b>no</b>" not in page
    assert "```text\nplain\n```" in page
    assert pictures == {"name_1.png": b"\x89PNG"}
    assert "](name_1.png)" in page
