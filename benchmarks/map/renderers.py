"""Drawing many points: the map's own raster against regl-scatterplot (WebGL), in one Chromium, turn and turn about.

    python benchmarks/map/renderers.py [--quick] [--gpu]

Without ``--gpu`` WebGL runs in software (SwiftShader), as on a machine or remote desktop without a graphics card, and
on every test machine. Prints medians: time to the first picture, time to draw one frame, frames a second while moving.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

JS = Path(__file__).resolve().parent.parent.parent / "js"
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


def bundle(folder: Path) -> Path:
    """Build the page with the front-end's own tools (npm install in js/ first)."""
    done = subprocess.run(
        [str(JS / "node_modules/.bin/esbuild"), "tests/bench/renderers.ts", "--bundle", "--format=iife", "--minify",
         f"--outfile={folder / 'bench.js'}"],
        cwd=JS, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    page = folder / "bench.html"
    page.write_text('<!doctype html><body><script src="bench.js"></script></body>')
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer points and rounds")
    parser.add_argument("--gpu", action="store_true", help="let WebGL use the graphics card")
    options = parser.parse_args()
    sizes = [100_000] if options.quick else [100_000, 1_000_000]
    rounds, seconds = (1, 1.0) if options.quick else (3, 2.0)
    chromium = next(
        (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = bundle(Path(folder))
        flags = ["--no-sandbox", *([] if options.gpu else SOFTWARE)]
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=flags)
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.goto(page_file.as_uri())
        for n in sizes:
            found: dict[str, list[dict[str, float]]] = {"regl": [], "ours": []}
            for _ in range(rounds):
                for kind, results in found.items():
                    results.append(page.evaluate("([k, n, s]) => measure(k, n, s)", [kind, n, seconds]))
            middle = {
                kind: {key: statistics.median(one[key] for one in all_) for key in ("first", "cost", "fps")}
                for kind, all_ in found.items()
            }
            for kind, m in middle.items():
                print(
                    f"{n:>9,} points  {kind:5}  first {m['first']:7.0f} ms  frame {m['cost']:7.1f} ms  {m['fps']:5.1f} fps"
                )
            ratio = middle["regl"]["cost"] / middle["ours"]["cost"]
            print(f"{n:>9,} points  ours draws a frame {ratio:.1f} times as fast as regl-scatterplot")
        browser.close()


if __name__ == "__main__":
    main()
