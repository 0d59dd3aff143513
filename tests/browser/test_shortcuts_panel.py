"""The view "Is it cheating?" in a real JupyterLab: by keyboard alone, and "Cover it" while a cell runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lab
from lab import wait_for

EXPLAIN = Path(__file__).resolve().parents[1] / "explain"
SETUP = f"""
import sys; sys.path[:0] = [{str(EXPLAIN)!r}, {str(EXPLAIN.parent)!r}]
import tempfile, torch, xai_widgets as xw, test_explain as case
torch.set_num_threads(1)
x, label, _ = case.pictures()
samples = xw.samples.as_samples(x, labels=label, label_names={{"sea": 0, "sky": 1, "<b>bird": 2}})
store = xw.explain(case.Reader(), samples, tempfile.mkdtemp(), progress=False)
view = xw.Shortcuts(store, case.Reader(), samples)
view.wait()
view
"""
BUSY = "import time; stop = time.monotonic() + 120\nwhile time.monotonic() < stop and not view.outcomes: time.sleep(0.02)"


def test_a_rule_is_opened_and_covered_by_keyboard_while_a_cell_runs(
    browser: Any, lab_server: lab.JupyterServer
) -> None:
    cells = [SETUP, BUSY, "print(len(view.selected), view.outcomes[view.rule].effect.drop)"]
    path = lab.write_notebook(lab_server.folder / "shortcuts.ipynb", cells)
    notebook = lab.Notebook(browser, lab_server, path, height=1200)
    try:
        page = notebook.page
        notebook.execute(0)
        page.locator(".xaiw-rule-card").first.wait_for()
        assert page.locator(".xaiw-class").first.text_content() == "<b>bird"
        notebook.run(1)
        page.locator(".xaiw-rule").first.focus()
        page.keyboard.press("Enter")
        page.locator(".xaiw-details:not([hidden]) .xaiw-shot").first.wait_for()
        assert page.locator(".xaiw-rule").first.get_attribute("aria-expanded") == "true"
        page.locator(".xaiw-cover .xaiw-button:not(:disabled)").first.focus()
        page.keyboard.press("Enter")
        page.locator(".xaiw-covered").first.wait_for()
        said = page.locator(".xaiw-cover .xaiw-said").first.text_content() or ""
        assert "100% ± 7% are no longer taken for this class, but for sea" in said
        notebook.finish(1)
        notebook.execute(2)
        wait_for(
            lambda: (
                "12 1.0" in (notebook.cell(2).locator(".jp-OutputArea-output").first.text_content() or "")
            ),
            seconds=20,
            what="the selection and the outcome",
        )
        assert notebook.problems == []
    finally:
        notebook.close()
        lab_server.forget_kernels()
