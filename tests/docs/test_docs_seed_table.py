"""The table for those who come from FastEstimator: a line per argument there, with a call that exists and a test that runs."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support import ROOT, SIDE, missing

import xai_widgets as xw
from xai_widgets import figures

PAGE = ROOT / "docs" / "pages" / "from-fastestimator.md"

# FastEstimator 1.7: where each class is, and the arguments of its constructor
SEED = {
    "Saliency": (
        "trace/xai/saliency.py",
        ["model", "model_inputs", "model_outputs", "class_key", "label_mapping", "outputs", "samples", "mode", "ds_id",
         "smoothing", "integrating"],
    ),
    "SaliencyNet": ("xai/saliency.py", ["model", "model_inputs", "model_outputs", "outputs"]),
    "LabelTracker": (
        "trace/xai/label_tracker.py",
        ["label", "metric", "label_mapping", "bounds", "mode", "ds_id", "outputs"],
    ),
    "InstanceTracker": (
        "trace/xai/instance_tracker.py",
        ["index", "metric", "n_max_to_keep", "n_min_to_keep", "list_to_keep", "epoch_frequency", "mode", "ds_id", "outputs"],
    ),
}  # fmt: skip
AROUND = [
    "ImageViewer", "ImageSaver", "TensorBoard", "RepeatScheduler", "EpochScheduler", "ImageDisplay", "BatchDisplay",
    "GridDisplay", "GradCAM", "EigenCAM", "CSVLogger", "Traceability", "RestoreWizard",
]  # fmt: skip
OURS = ["LabelTracker", "InstanceTracker", "Saliency", "SaliencyNet"]

# what the names of the page stand for
NAMES = {"xw": xw, "figures": figures, "schedules": figures.schedules}
INSTANCES = {"tracker": xw.Tracker, "engine": xw.AttributionEngine}
# where their further keyword arguments go
FORWARDED = {"saliency_view": xw.AttributionEngine.saliency_columns, "as_samples": None, "record": None}


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    section: str
    there: str
    here: str
    tests: str

    def __str__(self) -> str:
        return f"{self.section}: {self.there}"


def read() -> Iterator[Row]:
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| ") and not line.startswith(("| there |", "| --- |")):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 3, f"three cells: {line}"
            yield Row(section, *cells)


ROWS = list(read())
EACH = pytest.mark.parametrize("row", ROWS, ids=str)


def code_of(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def resolve(node: ast.expr) -> Any:
    """Give the object that a dotted name of the page stands for."""
    if isinstance(node, ast.Call):
        check(node)
        return None
    if isinstance(node, ast.Name):
        assert node.id in NAMES or node.id in INSTANCES, f"no {node.id} is known"
        return NAMES.get(node.id) or INSTANCES[node.id]
    assert isinstance(node, ast.Attribute), ast.unparse(node)
    owner = resolve(node.value)
    if owner is None:  # the result of a call that was checked: its attributes are tested with it
        return None
    if inspect.ismodule(owner) and owner.__name__ == "xai_widgets.hooks.fastestimator":
        assert node.attr in owner.__all__, f"no {node.attr} in its __all__"
        return None if node.attr in OURS else getattr(owner, node.attr)  # classes over FastEstimator's own
    assert hasattr(owner, node.attr), f"{ast.unparse(node.value)} has no {node.attr}"
    return getattr(owner, node.attr)


def check(call: ast.Call) -> None:
    """Check that a call of the page names a function and arguments that it takes."""
    function = resolve(call.func)
    if function is None:
        return
    keywords = {keyword.arg: None for keyword in call.keywords}
    assert None not in keywords, "no ** on the page"
    first = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    bound = first and call.func.value.id in INSTANCES  # type: ignore[attr-defined]
    places = [None] * (len(call.args) + bool(bound))
    signature = inspect.signature(function)
    signature.bind_partial(*places, **keywords)
    takes_any = [p for p in signature.parameters.values() if p.kind is inspect.Parameter.VAR_KEYWORD]
    if takes_any:
        further = {name for name in keywords if name not in signature.parameters}
        target = FORWARDED.get(function.__name__)
        known = inspect.signature(target).parameters if target else None
        settings = inspect.signature(xw.attribution.Settings).parameters
        if function.__qualname__.startswith("AttributionEngine."):
            assert further <= set(settings), f"{further - set(settings)} is no setting"
        elif known is not None:
            assert further <= set(known) | set(settings)
        else:
            assert function.__name__ in FORWARDED or not further, (
                f"where does {function.__name__} take {further}?"
            )


def check_all(node: ast.expr) -> None:
    """Check a name or a call, and the calls inside it."""
    resolve(node)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            check(inner)


def calls(row: Row) -> list[ast.expr]:
    """Give what is written as code in the second cell and is a name of ours or a call."""
    found = []
    for code in code_of(row.here):
        node = ast.parse(code, mode="eval").body
        root: Any = node
        while isinstance(root, (ast.Attribute, ast.Call)):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name) and (root.id in NAMES or root.id in INSTANCES):
            found.append(node)
    return found


@EACH
def test_the_call_here_exists(row):
    found = calls(row)
    assert found, f"no call of this project in: {row.here}"
    for node in found:
        check_all(node)


@EACH
def test_the_test_named_exists(row):
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row.tests)
    assert named, row.tests
    for path, name in named:
        defined = [
            node.name
            for node in ast.walk(ast.parse((ROOT / path).read_text()))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
        assert defined
        assert not name or name in defined, f"{path} has no {name}"


@pytest.mark.parametrize("name", SEED)
def test_every_argument_of_the_seed_has_a_line(name):
    there = [code for row in ROWS if row.section == name for code in code_of(row.there)]
    written = {re.split(r"\W", code)[0] for code in there}
    assert set(SEED[name][1]) <= written, f"no line for {set(SEED[name][1]) - written}"


@pytest.mark.parametrize("name", SEED)
def test_the_arguments_are_those_of_fastestimator(name):
    found = list(SIDE.glob("fastestimator/lib/python3*/site-packages/fastestimator"))
    if not found:
        missing("FastEstimator", "its source is read from the environment that python3 dev.py test makes")
    tree = ast.parse((found[0] / SEED[name][0]).read_text())
    (kind,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    (made,) = (node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    assert [argument.arg for argument in made.args.args[1:]] == SEED[name][1]


def test_every_facility_around_has_a_line():
    around = " ".join(row.there for row in ROWS if row.section == "Around them")
    assert not [name for name in AROUND if name not in around]
    ours = " ".join(row.here for row in ROWS if row.section.startswith("FastEstimator itself"))
    assert not [name for name in OURS if f"xw.hooks.fastestimator.{name}(" not in ours]


@pytest.mark.parametrize(
    "code",
    ["xw.no_such()", "tracker.extremes('loss', n_most=5)", "figures.saliency_view(model, samples, smooting=3)",
     "engine.attribute(x, smothing=2)", "schedules.at(1).nothing(xw.Nothing())"],
)  # fmt: skip
def test_a_call_that_does_not_exist_is_found(code):
    with pytest.raises((AssertionError, TypeError)):
        check_all(ast.parse(code, mode="eval").body)
