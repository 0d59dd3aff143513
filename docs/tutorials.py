"""Turn the tutorials into pages while the site is built.

The tests of the notebooks, and ``python notebooks/execute.py --output site/tutorials``, leave executed copies, which are taken
where they are; a notebook that was not executed as it stands now is shown without outputs and says so. Outputs are put in as
text and pictures, never as HTML.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import nbformat
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
EXECUTED = ROOT / "site" / "tutorials"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each notebook, its pictures, and the list of them."""
    entries = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        executed = run_of(path)
        notebook = nbformat.read(path, as_version=4) if executed is None else executed
        page, pictures = as_markdown(notebook, path.stem)
        if executed is None:
            page = page.replace(
                "\n", "\n\n*Shown without outputs: this build of the site did not run it.*\n", 1
            )
        files.append(File.generated(config, f"tutorials/{path.stem}.md", content=page))
        for name, content in pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
        entries.append(
            f"- [{title_of(notebook)}]({path.stem}.md){' (Keras)' if 'keras' in path.stem else ''}"
        )
    text = "# Tutorials\n\nEvery one is a notebook in `notebooks/`, run from the first cell to the last in CI.\n\n"
    files.append(File.generated(config, "tutorials/index.md", content=text + "\n".join(entries) + "\n"))
    return files


def run_of(path: Path) -> Any:
    """Give the executed copy of a notebook; None without one, or where it is of other code."""
    copy = EXECUTED / path.name
    if not copy.exists():
        return None
    executed = nbformat.read(copy, as_version=4)
    return executed if code_of(executed) == code_of(nbformat.read(path, as_version=4)) else None


def code_of(notebook: Any) -> list[str]:
    """Give the code of the cells but for the parameters, which a run may set as it likes."""
    return [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]


def as_markdown(notebook: Any, stem: str) -> tuple[str, dict[str, bytes]]:
    """Give a notebook as Markdown, and its pictures."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code" and cell.source.strip():
            parts.append(fenced(cell.source, "python"))
            for output in cell.get("outputs", []):
                parts += as_parts(output, stem, pictures)
    return "\n\n".join(parts) + "\n", pictures


def as_parts(output: Any, stem: str, pictures: dict[str, bytes]) -> list[str]:
    """Give one output as Markdown: its picture where it has one, else its text."""
    if output.output_type == "stream":
        return [fenced(output.text)] if output.name == "stdout" else []
    data = output.get("data", {})
    if "image/png" in data:
        name = f"{stem}_{len(pictures) + 1}.png"
        pictures[name] = base64.b64decode(data["image/png"])
        return [f"[![Output of the cell above]({name})]({name})"]  # a click shows it in its full size
    return [fenced(data["text/plain"])] if "text/plain" in data else []


def fenced(text: str, language: str = "text") -> str:
    """Put text between fences longer than any inside it."""
    clean = _ESCAPES.sub("", text).rstrip()
    longest = max((len(run) for run in re.findall(r"`+", clean)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{clean}\n{fence}"


def title_of(notebook: Any) -> str:
    """Give the first heading."""
    for cell in notebook.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if found:
            return found.group(1)
    return "Untitled"
