"""A review by keyboard while the cell trains, in a real JupyterLab: what is decided holds from the next epoch on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import lab
import pytest
from lab import SCREENSHOTS, wait_for
from map_page import serious_violations

SETUP = """
import json, os, pathlib, time, numpy as np, torch, xai_widgets as xw
torch.set_num_threads(1); torch.manual_seed(0)
x, y = np.random.default_rng(0).random((32, 1, 8, 8), np.float32), np.arange(32) % 4
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=8, shuffle=True)
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4))
optimizer, criterion = torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.CrossEntropyLoss()
tracker = xw.Tracker(label_names=["zero", "one", "two", "three"], epochs=2000, log_dir="run")
edits = xw.Edits(tracker, who="alice")
def train():
    with xw.hooks.torch.watch(model, criterion, optimizer, loader, tracker, edits=edits) as watch:
        for epoch in range(1, 2000):
            seen = {}
            for inputs, targets in loader:
                optimizer.zero_grad(); criterion(model(inputs), targets).backward(); optimizer.step()
                seen.update(zip(map(str, watch.index), targets.tolist())); time.sleep(0.03)
            pathlib.Path("drawn.new").write_text(json.dumps({"epoch": epoch, "seen": seen}))
            os.replace("drawn.new", "drawn.json")
            if pathlib.Path("enough").exists(): break
review = xw.Review(tracker, edits, (x, y), queue=range(12), layout="NCHW")
review
"""
INDEX = ".xaiw-card-index"


@pytest.fixture(scope="module")
def notebook(browser: Any, lab_server: lab.JupyterServer) -> Iterator[lab.Notebook]:
    path = lab.write_notebook(lab_server.folder / "review.ipynb", [SETUP, "train()"])
    opened = lab.Notebook(browser, lab_server, path, width=1200, height=1300)
    yield opened
    (lab_server.folder / "enough").touch()
    opened.close()
    lab_server.forget_kernels()


def on_the_card(page: Any, text: str) -> None:
    wait_for(lambda: page.locator(INDEX).first.text_content() == text, seconds=20, what=f"{text} on the card")


def press(page: Any, *keys: str) -> None:
    page.locator(".xaiw-desk:not([aria-busy])").first.focus()
    for key in keys:
        page.keyboard.press(key)


def drawn(notebook: lab.Notebook) -> dict[str, Any]:
    file = notebook.server.folder / "drawn.json"
    return json.loads(file.read_text()) if file.exists() else {"epoch": 0, "seen": {}}


def an_epoch_later(notebook: lab.Notebook, epochs: int = 2) -> dict[str, int]:
    """Return what was drawn, with its label, in an epoch that began after now."""
    now = drawn(notebook)["epoch"]
    wait_for(lambda: drawn(notebook)["epoch"] >= now + epochs, seconds=20, what="the next epoch")
    return dict(drawn(notebook)["seen"])


def test_a_review_by_keyboard_while_the_cell_trains(
    notebook: lab.Notebook, browser: Any, lab_server: lab.JupyterServer
) -> None:
    page = notebook.page
    notebook.execute(0)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.run(1)
    assert set(an_epoch_later(notebook)) == {str(i) for i in range(32)}
    on_the_card(page, "#0")

    press(page, "x")
    on_the_card(page, "#1")
    press(page, "r")
    page.keyboard.type("thr")
    page.keyboard.press("Enter")
    on_the_card(page, "#2")
    press(page, "k")
    on_the_card(page, "#3")
    press(page, "s")
    on_the_card(page, "#4")
    seen = an_epoch_later(notebook)
    assert notebook.running(1), "all of it happened while the cell trained"
    assert set(seen) == {str(i) for i in range(1, 32)}
    assert seen["1"] == 3
    assert "9 left, 3 decided" in page.locator(".xaiw-done").inner_text()

    second = browser.new_context(viewport={"width": 1200, "height": 1300}).new_page()
    second.goto(lab_server.address(notebook.path).replace("?reset", ""))
    second.locator(INDEX).first.wait_for(timeout=60_000)
    on_the_card(second, "#4")
    press(second, "Shift+ArrowRight")
    wait_for(
        lambda: "2 marked" in page.locator(".xaiw-bulk").inner_text(),
        seconds=20,
        what="the marks in the other window",
    )
    press(second, "x")
    on_the_card(page, "#6")
    assert not {"0", "4", "5"} & set(an_epoch_later(notebook))
    press(page, "u")
    on_the_card(second, "#4")
    seen = an_epoch_later(notebook)
    assert {"4", "5"} <= set(seen)
    assert "0" not in seen
    assert notebook.running(1)
    second.context.close()

    page.goto(notebook.server.address(notebook.path))
    page.locator(INDEX).first.wait_for(timeout=60_000)
    on_the_card(page, "#4")
    page.locator(".xaiw-record summary").click()
    record = page.locator(".xaiw-record li").all_inner_texts()
    assert len(record) == 4
    assert "excluded #4, #5" in record[0]
    assert "undone" in record[0]
    assert "relabelled #1 to three" in record[2]
    assert all("alice" in line for line in record)
    an_epoch_later(notebook)
    assert [text for text in notebook.problems if "xaiw" in text or "widget" in text.lower()] == []


CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.map(
    cell => [cell.id, cell.cell_type, cell.source])"""
# what the host cuts, deletes, undoes, inserts, copies, pastes and turns into text with, in a selected cell
HOSTS = ("d", "d", "z", "Shift+Z", "b", "c", "v", "y", "1", "Shift+M")


def test_letters_on_a_focused_button_leave_the_cells_alone(notebook: lab.Notebook) -> None:
    page = notebook.page
    cells, card = page.evaluate(CELLS), page.locator(INDEX).first.text_content()
    decided = page.locator(".xaiw-done").inner_text()
    for name in ("keep", "skip", "undo"):
        page.locator(f".xaiw-desk [data-act={name}]").focus()
        for key in HOSTS:
            page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.act") == name
    assert page.evaluate(CELLS) == cells, "no key reached the host"
    assert (page.locator(INDEX).first.text_content(), page.locator(".xaiw-done").inner_text()) == (
        card,
        decided,
    )

    page.locator(".xaiw-desk [data-act=keep]").focus()
    page.keyboard.press("a")  # there may be no suggestion to take
    page.locator(".xaiw-desk:not([aria-busy])").first.wait_for()
    card = page.locator(INDEX).first.text_content()
    page.keyboard.press("x")
    wait_for(lambda: page.locator(INDEX).first.text_content() != card, seconds=20, what="the next card")
    page.locator(".xaiw-desk:not([aria-busy])").first.wait_for()
    page.locator(".xaiw-desk [data-act=undo]").focus()
    while page.locator(".xaiw-desk [data-act=undo]").is_enabled():  # also when the button can do no more
        page.keyboard.press("u")
        page.locator(".xaiw-desk:not([aria-busy])").first.wait_for()
        page.wait_for_timeout(100)
    assert "12 left, 0 decided" in page.locator(".xaiw-done").inner_text()
    for key in (*HOSTS, "x"):
        page.keyboard.press(key)
    wait_for(
        lambda: page.locator(".xaiw-done").inner_text().endswith("1 decided"),
        seconds=20,
        what="a decision from where the focus is when a button was switched off",
    )
    assert page.evaluate(CELLS) == cells
    an_epoch_later(notebook)  # nor was the cell that trains stopped


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_can_be_read_in_light_and_dark(notebook: lab.Notebook, dark: bool) -> None:
    notebook.set_theme(dark=dark)
    root = notebook.page.locator(".xaiw-view").first
    wait_for(
        lambda: root.evaluate("e => e.classList.contains('xaiw-dark')") == dark, seconds=10, what="the theme"
    )
    notebook.screenshot(SCREENSHOTS / f"review{'-dark' if dark else ''}.png", root)
    assert serious_violations(notebook.page, ".xaiw-view") == []
