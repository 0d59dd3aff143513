"""The instance map in a real JupyterLab: first picture, update after an epoch, bytes, frames a second.

    python benchmarks/map/browser.py [--quick] [--points N]

Chromium draws without a graphics card (--disable-gpu: its own software compositor; the map needs no WebGL). The times
of a busy machine say little, so the load is printed, and beside the wall clock what one drawing costs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tests" / "browser"))

from lab import CHROMIUM_FLAGS, JupyterServer, Notebook, wait_for, write_notebook
from map_page import MapPage

SETUP = """
import time
import numpy as np
import xai_widgets as xw

n = {n}
tracker = xw.Tracker(label_names=[f"class {{i}}" for i in range(10)], epochs=20)
rng = np.random.default_rng(0)
index, label, base = np.arange(n), rng.integers(0, 10, n), rng.gamma(1.5, 1, n)

def record(epoch):
    loss = (base * np.exp(-epoch / 6) * rng.uniform(0.3, 1.7, n)).astype("f4")
    for a in range(0, n, 50_000):
        tracker.record(index[a : a + 50_000], label[a : a + 50_000], loss=loss[a : a + 50_000])

for epoch in range(4):
    record(epoch)
    tracker.end_epoch("train")
"""
CELLS = [
    "view = xw.InstanceMap(tracker)\nview",
    "record(5)",
    "said, plain = [], view.say\n"
    "view.say = lambda message: (said.append(time.time() * 1000), plain(message))[1]\n"
    "ended = time.time() * 1000\ntracker.end_epoch('train')\nview.publisher.flush(20)\nprint(ended, said[0])",
]
FIRST = """() => {
    window.first = 0;
    const look = () => {
        const root = document.querySelector('.xw-map');
        if (root && root.instanceMap && root.instanceMap.app.state.n > 0 && root.instanceMap.scatter.drawn > 0)
            window.first = performance.now();
        else requestAnimationFrame(look);
    };
    look();
    return performance.now();
}"""
UPDATED = """() => {
    const map = document.querySelector('.xw-map').instanceMap, seq = map.app.state.seq, drawn = map.scatter.drawn;
    window.updated = window.came = 0;
    const bytes = [];
    const plain = map.app.state.delta.bind(map.app.state);
    map.app.state.delta = (m, b) => {
        window.came ||= Date.now();
        bytes.push(b.reduce((s, x) => s + x.byteLength, 0));
        return plain(m, b);
    };
    window.deltas = bytes;
    const look = () => {
        if (map.app.state.seq > seq && map.scatter.drawn > drawn) window.updated = Date.now();
        else requestAnimationFrame(look);
    };
    look();
}"""
FRAMES = """mode => new Promise(done => {
    const surface = document.querySelector('.xw-plot'), map = document.querySelector('.xw-map').instanceMap;
    const box = surface.getBoundingClientRect(), start = performance.now(), costs = [];
    surface.setPointerCapture = () => {};
    const send = (kind, x, y) => surface.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, clientX: box.left + x, clientY: box.top + y, button: 0, pointerId: 1, isPrimary: true }));
    if (mode === 'pan') { map.gestures.zoomBy(1.5); send('pointerdown', 300, 200); }
    let frames = 0;
    const tick = now => {
        frames++;
        send('pointermove', 300 + 100 * Math.sin(frames / 10), 200 + 60 * Math.cos(frames / 13));
        costs.push(map.scatter.lastDraw);
        if (now - start < 3000) return requestAnimationFrame(tick);
        if (mode === 'pan') send('pointerup', 300, 200);
        costs.sort((a, b) => a - b);
        done({ fps: 1000 * frames / (now - start), cost: costs[costs.length >> 1] });
    };
    requestAnimationFrame(tick);
})"""


def measure(notebook: Notebook, n: int) -> None:
    """Show a map of n points and print what it takes."""
    page = notebook.page
    notebook.execute(0, 240)
    asked = page.evaluate(FIRST)
    notebook.run(1)
    first = wait_for(lambda: page.evaluate("window.first"), seconds=120, what="the first picture") - asked
    time.sleep(2)
    view = MapPage(page)
    print(f"{n:>9,} points  first picture after starting the cell {first / 1000:5.2f} s")
    print(f"{n:>9,} points  drawing everything once {view.ask('map.scatter.fullCost'):6.1f} ms")
    for mode in ("hover", "pan"):
        found = page.evaluate(FRAMES, mode)
        print(f"{n:>9,} points  {mode:5} {found['fps']:5.1f} fps, a drawing {found['cost']:5.1f} ms")
        time.sleep(0.5)
    notebook.execute(2, 120)
    page.evaluate(UPDATED)
    notebook.execute(3, 120)
    updated = wait_for(lambda: page.evaluate("window.updated"), seconds=120, what="the update")
    time.sleep(3)
    text = notebook.cell(3).locator(".jp-OutputArea-output pre").last.text_content() or "nan nan"
    ended, said = map(float, text.split())
    came = page.evaluate("window.came")
    sizes = page.evaluate("window.deltas")
    print(
        f"{n:>9,} points  epoch end to new picture {updated - ended:6.0f} ms: scores and codes {said - ended:.0f},"
        f" on the way {came - said:.0f}, read and drawn {updated - came:.0f}"
    )
    print(
        f"{n:>9,} points  bytes per epoch {[f'{size:,}' for size in sizes]}: {sum(sizes) / n:.2f} per instance in all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 points only")
    parser.add_argument("--points", type=int, help="this many points only")
    options = parser.parse_args()
    sizes = [options.points] if options.points else [20_000] if options.quick else [100_000, 1_000_000]
    chromium = next(
        (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, sync_playwright() as playwright:
        server = JupyterServer(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        try:
            for n in sizes:
                print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
                path = write_notebook(Path(folder) / f"map-{n}.ipynb", [SETUP.format(n=n), *CELLS])
                notebook = Notebook(browser, server, path)
                measure(notebook, n)
                notebook.close()
                server.forget_kernels()
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
