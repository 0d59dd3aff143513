"""The dashboard on one screen in Voila, and views that say what is: both in one page, while two networks train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lab
import pytest
from board import ANSWER, SEEN, SETUP, await_answer, chosen, click_row
from lab import SCREENSHOTS, wait_for

TRAIN = """
import pathlib
def train():
    while not pathlib.Path("enough").exists():
        for batch in torch.randperm(len(x)).split(100):
            logits = model(x[batch])
            losses = torch.nn.functional.cross_entropy(logits, y[batch], reduction="none")
            optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
            tracker.record(batch, y[batch], loss=losses.detach(), logits=logits.detach()); time.sleep(0.1)
        tracker.end_epoch()
run = xw.background(train, tracker=tracker)
dashboard
"""
# reading a sample draws random numbers, so that no picture is read while it trains
SAYS = """
names = ["zero", "one", "two"]
own = xw.Tracker(label_names=names)
def augmented(index):
    return np.random.random((8, 8, 3)).astype("float32"), int(index[1:]) % 3
def other():
    for epoch in range(3):
        seen = [i for i in range(12) if i != 5 or epoch != 1]  # s5 is not seen in the second one
        own.record([f"s{i}" for i in seen], [i % 3 for i in seen], accuracy=[i / 12 for i in seen])
        own.end_epoch()
    own.record(["s0"], [0], accuracy=[0.0])
    while not pathlib.Path("enough").exists(): time.sleep(0.1)
options = {"index": [f"s{i}" for i in range(12)], "label_names": names, "layout": "NHWC"}
history = xw.InstanceHistory(own, metric="accuracy", samples=xw.samples.as_samples(augmented, **options), indices=["s5"])
again = xw.background(other, tracker=own)
display(history, xw.LabelDifficulty(own, metric="accuracy", mode="train"))
"""
KEPT = """() => { const board = document.querySelector('.xaiw-dashboard');
    return [board.dataset.layout, board.dataset.narrow, board.dataset.tab,
        board.querySelector('.xaiw-saliency .noUi-handle').getAttribute('aria-valuenow')]; }"""
JOINED = """() => [...document.querySelectorAll('.xaiw-thumbed')].at(-1).closest('.xaiw-panel')
    .querySelectorAll('.bqplot path.line').values().map(path => path.getAttribute('d') || '').filter(d => d.length > 10)
    .map(d => [d.split('M').length - 1, d.split(/[ML]/).length - 1, d.includes('NaN')]).toArray()"""


@pytest.fixture(scope="module")
def page(browser: Any, lab_server: lab.JupyterServer) -> Iterator[Any]:
    """One page of Voila; the tests follow each other on it."""
    cells = [SETUP.replace("CLASSES", "10") + TRAIN, SAYS]
    path = lab.write_notebook(lab_server.folder / "voila.ipynb", cells)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.goto(f"{lab_server.url}/voila/render/{path.name}", timeout=120_000)
    opened.locator(".xaiw-dashboard .xaiw-tab-instances path.line").first.wait_for(
        state="attached", timeout=60_000
    )
    yield opened
    (lab_server.folder / "enough").touch()
    context.close()


def test_a_click_and_its_answer_fit_and_what_is_chosen_is_kept(page: Any) -> None:
    board = "body"
    click_row(page, board)
    name = await_answer(page, board, "")
    assert page.evaluate(SEEN, [board, ANSWER]) == []
    page.locator("[data-tab=classes].xaiw-tab").click()
    if page.locator(".xaiw-settings").get_attribute("aria-expanded") == "false":
        page.locator(".xaiw-settings").click()
    slider = page.locator(".xaiw-saliency .noUi-handle").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_for(lambda: slider.get_attribute("aria-valuenow") == "6.0", seconds=20, what="the slider")
    SCREENSHOTS.mkdir(exist_ok=True)
    for width, height, layout in (
        (1280, 800, "screen"),
        (700, 800, "screen"),
        (1280, 1500, "grid"),
        (1280, 800, "screen"),
    ):
        page.set_viewport_size({"width": width, "height": height})
        narrow = str(width < 820).lower()
        wanted = [layout, narrow, "classes", "6.0"]
        wait_for(lambda wanted=wanted: page.evaluate(KEPT) == wanted, seconds=20, what=f"{wanted}")
        assert chosen(page, board) == name
        page.screenshot(path=str(SCREENSHOTS / f"voila-{width}-{height}.png"))
    assert page.problems == []


def test_names_directions_and_lines_are_as_they_are_recorded(page: Any) -> None:
    history = page.locator(".xaiw-panel:has(.xaiw-title:text-is('Instances over time'))").last
    rows = history.locator(".xaiw-row .xaiw-text")
    wait_for(lambda: rows.count() > 10, seconds=20, what="rows")
    assert rows.all_text_contents()[:3] == ["s0", "s1", "s2"], "of an accuracy the hardest are the lowest"
    labels = page.locator(".xaiw-panel:has(.xaiw-title:text-is('How hard is each class?'))").last
    assert labels.locator(".xaiw-row .xaiw-text").all_text_contents() == ["zero", "one", "two"]
    drawn = page.evaluate(JOINED)
    assert drawn
    assert all(runs == 1 and points > 1 and not gaps for runs, points, gaps in drawn), drawn


def test_pictures_asked_for_in_a_training_come_and_cancel_goes_when_it_ends(
    page: Any, lab_server: lab.JupyterServer
) -> None:
    history = page.locator(".xaiw-panel:has(.xaiw-title:text-is('Instances over time'))").last
    enough = lab_server.folder / "enough"
    assert (
        enough.exists() or history.locator("img.xaiw-thumb").count() == 0
    )  # it is there where this runs again
    enough.touch()
    wait_for(
        lambda: history.locator("img.xaiw-thumb").count() > 9, seconds=90, what="the pictures of the rows"
    )
    strip = page.locator(".xaiw-saliency .xaiw-strip")

    def finished() -> bool:
        text = strip.inner_text()
        return " evaluations" in text and " of " not in text and "waiting" not in text

    wait_for(finished, seconds=90, what="the last pictures")
    assert strip.get_by_role("button").count() == 0, "what is computed cannot be cancelled"
    word = strip.locator(".xaiw-hinted")
    assert word.text_content() in ("exact", "fair", "rough")
    assert "completeness gap" in (word.get_attribute("title") or "")
    page.screenshot(path=str(SCREENSHOTS / "voila-ended.png"), full_page=True)
    assert page.problems == []
