"""The instance map where bqplot cannot go or goes with difficulty: Notebook 7, Voila, marimo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lab
import pytest
from lab import ROOT, SCREENSHOTS, free_port, wait_for
from map_page import DATA, MapPage

SHOW = "view = xw.InstanceMap(tracker, samples=(pictures, labels))\n"
TRAIN = """
import threading, time

def train():
    for _ in range(40):
        epoch(tracker)
        time.sleep(0.5)

threading.Thread(target=train, daemon=True).start()
"""
MARIMO = """
import marimo

app = marimo.App()

@app.cell
def _():
    import marimo as mo
{body}
    return mo, view

@app.cell
def _(mo, view):
    mo.ui.anywidget(view)
    return

if __name__ == "__main__":
    app.run()
"""


@contextmanager
def served(command: list[str], folder: Path, port: int) -> Iterator[str]:
    """Run a server until it answers, and stop it with everything it started."""
    (folder / ".home").mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(folder / ".home"), "PYTHONPATH": str(ROOT)}
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"

    def alive() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"the server stopped: {(folder / 'server.log').read_text()[-2000:]}")
        try:
            return urllib.request.urlopen(address, timeout=60).status == 200
        except OSError:
            return False

    try:
        wait_for(alive, seconds=120, what=command[2])
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)
        log.close()


def walk(page: MapPage, name: str, problems: list[str]) -> None:
    """What every host must do: draw, follow the training, select, answer questions."""
    page.wait(90)
    page.root.scroll_into_view_if_needed()
    seen = page.ask("map.app.state.seq")
    wait_for(lambda: page.ask("map.app.state.seq") > seen + 1, seconds=60, what="an update while it trains")
    page.lasso(0.0, 0.0, 0.9, 0.5)
    wait_for(lambda: len(page.selected) > 5, seconds=20, what="the lasso")
    wait_for(
        lambda: page.root.locator(".xw-picture canvas").count() > 3, seconds=30, what="thumbnails from Python"
    )
    page.page.mouse.move(*page.place(int(page.selected[0])))
    page.root.locator(".xw-tip dt", has_text="loss in epoch").first.wait_for(timeout=20_000)
    page.root.locator(".xw-sentence select").first.select_option("history")
    page.root.locator(".xw-heat-scale .xw-bar").wait_for(timeout=20_000)
    page.root.locator(".xw-sentence select").first.select_option("map")
    time.sleep(1)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.root.screenshot(path=str(SCREENSHOTS / f"map-{name}.png"))
    assert not problems


def test_notebook_7(browser: Any, notebook_server: lab.JupyterServer) -> None:
    path = lab.write_notebook(
        notebook_server.folder / "map.ipynb", [DATA + "epoch(tracker)\n" + TRAIN, SHOW + "view"]
    )
    notebook = lab.Notebook(browser, notebook_server, path)
    try:
        notebook.execute(0)
        notebook.execute(1)
        walk(MapPage(notebook.page), "notebook", notebook.problems)
    finally:
        notebook.close()
        notebook_server.forget_kernels()


@pytest.fixture
def page(browser: Any) -> Iterator[tuple[Any, list[str]]]:
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    problems: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened, problems
    context.close()


def test_voila(page: tuple[Any, list[str]], tmp_path: Path) -> None:
    lab.write_notebook(tmp_path / "map.ipynb", [DATA + "epoch(tracker)\n" + TRAIN + SHOW + "view"])
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "voila",
        "map.ipynb",
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    with served(command, tmp_path, port) as address:
        page[0].goto(address, timeout=120_000)
        walk(MapPage(page[0]), "voila", page[1])


def test_marimo(page: tuple[Any, list[str]], tmp_path: Path) -> None:
    body = "\n".join("    " + line for line in (DATA + "epoch(tracker)\n" + TRAIN + SHOW).splitlines())
    (tmp_path / "app.py").write_text(MARIMO.format(body=body))
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "marimo",
        "run",
        "app.py",
        "--headless",
        "--no-token",
        "--port",
        str(port),
    ]
    with served(command, tmp_path, port) as address:
        page[0].goto(address, timeout=120_000)
        # marimo draws in a shadow tree; Playwright looks into it, document.querySelector does not
        page[0].locator(".xw-map").first.wait_for(timeout=120_000)
        page[0].evaluate(
            """() => {
                const deep = node => {
                    for (const e of node.querySelectorAll('*')) {
                        if (e.classList.contains('xw-map')) return e;
                        const inside = e.shadowRoot && deep(e.shadowRoot);
                        if (inside) return inside;
                    }
                    return null;
                };
                const plain = document.querySelector.bind(document);
                document.querySelector = selector => (selector === '.xw-map' ? deep(document) : plain(selector));
            }"""
        )
        walk(MapPage(page[0]), "marimo", page[1])
