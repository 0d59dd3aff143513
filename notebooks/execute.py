#!/usr/bin/env python3
"""Run the tutorials from the first cell to the last, without a browser, and keep the executed copies.

    python notebooks/execute.py --output site/tutorials                      # all of them, as they are
    python notebooks/execute.py 04_which_class_is_hard --set IMAGES=2000     # one, on fewer images

``XAI_WIDGETS_CIFAIR10`` names a folder or archive where the photographs are already; otherwise they are downloaded once.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent


def execute(path: Path, parameters: dict[str, Any] | None = None, timeout: float = 900) -> Any:
    """Run a notebook in a fresh kernel, and leave the last picture of every widget in its place.

    Parameters
    ----------
    path : Path
        The notebook; it is not changed.
    parameters : dict, optional
        Values for the names that its cell tagged "parameters" assigns.
    timeout : float, default 900
        Seconds that a cell may take.

    Returns
    -------
    nbformat.NotebookNode
        The executed copy.

    Raises
    ------
    KeyError
        A parameter that the notebook does not have.
    nbclient.exceptions.CellExecutionError
        A cell failed.
    """
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this Python's kernel, not one of the user's home
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for name, value in (parameters or {}).items():
        set_parameter(notebook, name, value)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
    }
    source = f"{inspect.getsource(leave_last_pictures)}\nleave_last_pictures()"
    notebook.cells.append(nbformat.v4.new_code_cell(source))  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(HERE)}})
    client.execute(env=environment)
    notebook.cells.pop()
    return notebook


def leave_last_pictures() -> None:
    """Close all widgets as a reader's kernel would at the very end: what they showed last stays in the notebook.

    Its source runs in the kernel as one more cell.
    """
    import gc
    import sys
    import time

    widgets = sys.modules.get("xai_widgets.widgets")
    kinds = tuple(getattr(widgets, name) for name in widgets.__all__) if widgets else ()
    # asking a dead proxy, as progress bars leave them, for its class would fail
    views = [found for found in gc.get_objects() if issubclass(type(found), kinds)]
    end = time.monotonic() + 60
    for view in views:
        panel = getattr(view, "saliency", None) or view
        while hasattr(panel, "service") and panel.selected and time.monotonic() < end:
            panel.publisher.flush()
            try:
                panel.figure()
            except ValueError:  # nothing is computed yet
                time.sleep(0.1)
                continue
            if panel.service.state == "idle":
                break
            time.sleep(0.1)
    for view in sorted(views, key=lambda view: not hasattr(view, "views")):  # a dashboard before its parts
        view.close()


def set_parameter(notebook: Any, name: str, value: Any) -> None:
    """Assign another value in the cell tagged "parameters"."""
    for cell in notebook.cells:
        if "parameters" not in cell.metadata.get("tags", []):
            continue
        lines = cell.source.splitlines()
        for at, line in enumerate(lines):
            if line.startswith(f"{name} = "):
                lines[at] = f"{name} = {value!r}"
                cell.source = "\n".join(lines)
                return
    raise KeyError(
        f"the notebook has no parameter {name!r}; its cell tagged 'parameters' assigns none of that name"
    )


def keep(notebook: Any, folder: Path, name: str) -> None:
    """Write an executed copy, for the documentation.

    What frameworks write to the error stream is left out; failures are exceptions and stop the run anyway.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{name}.ipynb")  # type: ignore[no-untyped-call]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks, without .ipynb; all tutorials by default")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another parameter")
    parser.add_argument("--output", type=Path, help="folder for the executed copies")
    options = parser.parse_args()
    parameters = {
        name: ast.literal_eval(value) for name, _, value in (one.partition("=") for one in options.set)
    }
    tutorials = (path.stem for path in sorted(HERE.glob("[0-9]*.ipynb")))
    names = options.names or [name for name in tutorials if not name.startswith("01_")]
    for name in names:
        print(f"{name} ...", flush=True)
        executed = execute(HERE / f"{name}.ipynb", parameters)
        if options.output:
            keep(executed, options.output, name)


if __name__ == "__main__":
    main()
