"""The board of a dashboard in a real page: a network that trains, a click, and what is seen of its answer."""

from __future__ import annotations

from typing import Any

import lab
from lab import wait_for

PANE, CELL = ".jupyterlab-sidecar", ".jp-Notebook"
SETUP = """
import time, numpy as np, torch, xai_widgets as xw
torch.set_num_threads(1); torch.manual_seed(0)
data = xw.samples.demo_data("digits", wrong_labels=0.04)
x, y = torch.tensor(data.x_train).permute(0, 3, 1, 2)[:400], torch.tensor(data.y_train)[:400]
y = y + 10 * (torch.arange(400) % (CLASSES // 10))
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, CLASSES))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
tracker = xw.Tracker(label_names=[f"class {i}" for i in range(CLASSES)], epochs=200)
dashboard = xw.Dashboard(
    tracker, model, (x.numpy(), y.numpy()), title="Digits", layout="NCHW", smoothing=5, integrating=6, metric="loss", mode="train"
)
"""
TRAINING = """
stop = time.monotonic() + 600
while time.monotonic() < stop and not tracker.stop_requested:
    for batch in torch.randperm(len(x)).split(100):
        logits = model(x[batch])
        losses = torch.nn.functional.cross_entropy(logits, y[batch], reduction="none")
        optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
        tracker.record(batch, y[batch], loss=losses.detach(), logits=logits.detach()); time.sleep(0.1)
        if tracker.stop_requested: break
    tracker.end_epoch()
"""
# of the board that is shown: are these inside what is seen of it, without scrolling?
SEEN = """([board, parts]) => parts.map(part => {
    const element = document.querySelector(`${board} ${part}`);
    if (!element) return `${part} is not there`;
    const box = element.getBoundingClientRect();
    let [left, top, right, bottom] = [0, 0, innerWidth, innerHeight];
    for (let e = element.parentElement; e && e !== document.body; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (style.visibility === 'hidden' || style.display === 'none') return `${part} is hidden`;
        if (style.overflowY === 'visible' || !e.getClientRects().length) continue;
        const edge = e.getBoundingClientRect();
        [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
        [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    const inside = box.width > 20 && box.height > 12 && box.left >= left - 1 && box.top >= top - 1
        && box.right <= right + 1 && box.bottom <= bottom + 1;
    const edges = [box.left, box.top, box.right, box.bottom, left, top, right, bottom].map(Math.round);
    return inside ? '' : `${part} at ${edges.slice(0, 4)} is not in ${edges.slice(4)}`;
}).filter(Boolean)"""
# text of a board that is cut off with no way to read the rest
CUT = """board => {
    const root = document.querySelector(`${board} .xaiw-dashboard`), found = [], range = document.createRange();
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const node = texts.currentNode, element = node.parentElement;
        if (!node.textContent.trim() || element.closest('.xaiw-sr, .xw-sr, option, style, script')) continue;
        if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        // per direction, the first ancestor that does not let it out; where it ends in dots, a title has the rest
        let [across, down] = [true, true];
        for (let e = element; e !== root.parentElement; e = e.parentElement) {
            const style = getComputedStyle(e), edge = e.getBoundingClientRect();
            const dots = style.textOverflow === 'ellipsis' && (element.closest('[title]') || e.querySelector('select'));
            const wide = box.right > edge.right + 2 || box.left < edge.left - 2;
            const high = box.bottom > edge.bottom + 2 || box.top < edge.top - 2;
            const [x, y] = [style.overflowX, style.overflowY].map(way => /hidden|clip/.test(way));
            if (across && x && wide && !dots || down && y && high) found.push([node.textContent, e.className]);
            across &&= style.overflowX === 'visible';
            down &&= style.overflowY === 'visible';
        }
    }
    return found;
}"""
# the tabbable elements of a board that are seen
TABBABLE = """board => [...document.querySelectorAll(
    `${board} :is(button, select, input, summary, [tabindex])`)].filter(element => {
    // what is folded away has rectangles, too
    return element.tabIndex >= 0 && !element.disabled && element.checkVisibility({visibilityProperty: true})
        && element.getClientRects().length && element.closest('.xaiw-dashboard');
})"""
# those of them that something else lies on, or that cannot be scrolled to
COVERED = f"""board => ({TABBABLE})(board).filter(element => {{
    element.scrollIntoView({{block: 'nearest', inline: 'nearest'}});
    const box = element.getBoundingClientRect();
    const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return !there || !(element.contains(there) || there.closest('label')?.contains(element));
}}).map(element => element.outerHTML.slice(0, 160))"""
ANSWER = [".xaiw-cell-input canvas", ".xaiw-cell-overlay canvas", ".xaiw-caption"]
DRAWN = """board => [...document.querySelectorAll(`${board} .xaiw-sample:not(.xaiw-hide) canvas`)].every(canvas =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0))"""


def start(notebook: lab.Notebook, setup: int) -> None:
    """Show a dashboard beside, and begin to train in the cell below."""
    notebook.execute(setup)
    notebook.page.locator(f"{PANE} .xaiw-dashboard").wait_for()
    notebook.run(setup + 1)
    lines = notebook.page.locator(f"{PANE} .xaiw-tab-instances path.line")
    lines.first.wait_for(state="attached", timeout=60_000)


def chosen(page: Any, board: str) -> str:
    return (page.locator(f"{board} .xaiw-caption b").first.text_content(timeout=20_000) or "").strip()


def await_answer(page: Any, board: str, before: str) -> str:
    def answered() -> str | None:
        name = chosen(page, board) if page.locator(f"{board} .xaiw-sample:not(.xaiw-hide)").count() else ""
        return name if name and name != before and page.evaluate(DRAWN, board) else None

    return str(wait_for(answered, seconds=60, what=f"pictures of another instance than {before!r}"))


def click_row(page: Any, board: str, chosen: str | None = None) -> None:
    """Choose a row; of the one that is chosen already the list of another window may not have heard yet."""
    page.locator(f"{board} [data-tab=instances].xaiw-tab").click()
    rows = page.locator(f"{board} .xaiw-tab-instances .xaiw-row:not(.xaiw-chosen) .xaiw-row-main")
    (rows.filter(has_not_text=chosen) if chosen else rows).first.click()
