"""Drives a real JupyterLab or Notebook in headless Chromium: the harness of every browser test.

A ``JupyterServer`` runs in a folder of its own with a kernel of a chosen ipykernel version; ``Notebook`` is one open page of it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # drawn by the processor: no view needs WebGL, and WebGL in software (SwiftShader) takes a core for itself
    "--disable-gpu",
]
# said by the hosts themselves, with or without our widgets
HARMLESS = (
    "favicon",
    "schema",
    "filebrowser:open-path",
    "ServiceWorker",
    "net::ERR_ABORTED",
    "GPU stall",
    "Autofocus",
    "404 (Not Found)",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str, every: float = 0.1) -> Any:
    """Poll until ``condition`` gives something true, and say what was awaited when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def write_notebook(path: Path, cells: list[str], kernel: str = "python3") -> Path:
    """Write a notebook of code cells."""
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{i}",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": source,
            }
            for i, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document))
    return path


class JupyterServer:
    """A JupyterLab (``app="lab"``) or Notebook 7 (``app="notebook"``) server over one folder."""

    def __init__(self, folder: Path, app: str = "lab", jupyter_path: Path | None = None) -> None:
        self.folder, self.app, self.port = folder, app, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        home = folder / ".home"
        settings = home / ".jupyter" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        env = {
            **os.environ,
            "HOME": str(home),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        if jupyter_path is not None:
            env["JUPYTER_PATH"] = str(jupyter_path)
        self.log = (folder / f"server-{app}.log").open("w")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab" if app == "lab" else "notebook", "--no-browser", "--allow-root",
                f"--port={self.port}", "--ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password=",
                "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}", "--expose-app-in-browser",
                "--LabApp.news_url=",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            cwd=folder, env=env, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        wait_for(self.alive, seconds=90, what=f"the {app} server")

    def alive(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(
                f"the server stopped: {(self.folder / f'server-{self.app}.log').read_text()[-2000:]}"
            )
        try:
            return urllib.request.urlopen(f"{self.url}/api/status", timeout=2).status == 200
        except OSError:
            return False

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/{path}", method=method, data=json.dumps(body).encode() if body else None
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def forget_kernels(self) -> None:
        """Sessions are keyed by path and would hand the next test the old kernel."""
        for session in self.api("GET", "sessions"):
            self.api("DELETE", f"sessions/{session['id']}")

    def address(self, notebook: Path) -> str:
        name = notebook.relative_to(self.folder).as_posix()
        return f"{self.url}/lab/tree/{name}?reset" if self.app == "lab" else f"{self.url}/notebooks/{name}"

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()


@contextmanager
def browser(executable: str) -> Iterator[Any]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=CHROMIUM_FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


class Notebook:
    """One notebook open in one browser page."""

    def __init__(
        self,
        chromium: Any,
        server: JupyterServer,
        path: Path,
        *,
        width: int = 1280,
        height: int = 1000,
        dark: bool = False,
        scale: float = 1.0,
    ) -> None:
        self.server, self.path = server, path
        self.context = chromium.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=scale
        )
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.goto(server.address(path))
        self.wait_for_kernel()
        if dark:
            self.set_theme(dark=True)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"{message.text} {message.location.get('url', '')}")

    def _note(self, text: str) -> None:
        if not any(word in text for word in HARMLESS):
            self.problems.append(text)

    def wait_for_kernel(self, seconds: float = 90) -> None:
        """Wait until the kernel is idle and the notebook takes input."""
        if self.server.app == "lab":
            self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(
                state="attached", timeout=seconds * 1000
            )
        else:
            self.page.locator(
                ".jp-Notebook-ExecutionIndicator[data-status=idle], .jp-NotebookKernelStatus"
            ).first.wait_for(state="attached", timeout=seconds * 1000)
        self.page.locator(".jp-CodeCell").first.wait_for(timeout=seconds * 1000)
        time.sleep(1)

    def set_theme(self, *, dark: bool) -> None:
        """Switch the host between its light and dark theme, as the menu does."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
        )
        wait_for(
            lambda: self.page.evaluate("document.body.dataset.jpThemeLight") == ("false" if dark else "true"),
            seconds=20, what=f"theme {name}",
        )  # fmt: skip

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-CodeCell").nth(number)

    def run(self, number: int) -> None:
        """Start a cell and return at once."""
        editor = self.cell(number).locator(".cm-content").first
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("Control+Enter")
        wait_for(lambda: self.prompt(number) != "[ ]:", seconds=20, what=f"cell {number} to start")

    def prompt(self, number: int) -> str:
        return (self.cell(number).locator(".jp-InputPrompt").first.text_content() or "").strip()

    def running(self, number: int) -> bool:
        return self.prompt(number) == "[*]:"

    def finish(self, number: int, seconds: float = 120) -> None:
        """Wait until a cell has ended, and fail with its traceback where it raised."""
        wait_for(lambda: not self.running(number), seconds=seconds, what=f"cell {number} to end")
        error = self.cell(number).locator('[data-mime-type="application/vnd.jupyter.stderr"]')
        if error.count() and "Traceback" in (error.first.text_content() or ""):
            raise AssertionError(error.first.text_content())

    def execute(self, number: int, seconds: float = 120) -> None:
        self.run(number)
        self.finish(number, seconds)

    def screenshot(self, path: Path, target: Locator | None = None) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        (target or self.page).screenshot(path=str(path))
        return path

    def close(self) -> None:
        self.context.close()
