#!/usr/bin/env python3
"""Run the tutorials from the first cell to the last, without a browser, and keep the executed copies.

    python notebooks/execute.py --output site/tutorials                      # all of them, as they are
    python notebooks/execute.py 04_which_class_is_hard --set IMAGES=2000     # one, on fewer images

``XAI_WIDGETS_CIFAIR10`` names a folder or archive where the photographs are already; otherwise they are downloaded once.
"""

from __future__ import annotations

import argparse
import ast
import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent


def execute(path: Path, parameters: dict[str, Any] | None = None, timeout: float = 900) -> Any:
    """Run a notebook in a fresh kernel.

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
    client = NotebookClient(notebook, timeout=timeout, resources={"metadata": {"path": str(HERE)}})
    client.execute(env=environment)
    return notebook


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


def without_chatter(notebook: Any) -> Any:
    """Take out what frameworks write to the error stream; failures are exceptions and stop the run anyway."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
    return notebook


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
    names = options.names or [path.stem for path in sorted(HERE.glob("0[2-9]_*.ipynb"))]
    for name in names:
        print(f"{name} ...", flush=True)
        executed = without_chatter(execute(HERE / f"{name}.ipynb", parameters))
        if options.output:
            options.output.mkdir(parents=True, exist_ok=True)
            nbformat.write(executed, options.output / f"{name}.ipynb")  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
