"""What a dashboard sends to the browser while a cell trains: before it had layouts, and with the grid and with tabs.

Drives a real JupyterLab at 1440 x 900: the same network trains at the same pace in a kernel for each of three dashboards in
turns: that of the commit before layouts (every view always drawn), today's grid, and today's tabs, where two of the three
views to choose from are hidden. One sample is selected, whose pictures follow the training. Counted are the messages and
bytes on the kernel's websocket, and the publisher's passes and draws of views.
``python benchmarks/live/traffic.py [--rounds 3] [--seconds 20] [--before de85099]``
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

import lab
from board import SETUP, TRAINING
from lab import ROOT

LAYOUTS = {"before": None, "grid": "grid", "tabs": "screen"}
COUNTED = (
    """
import json
def counted():
    return dashboard.publisher.traffic.passes, dashboard.publisher.traffic.draws, time.monotonic()
before = counted()
"""
    + TRAINING
    + """
after = counted()
"""
)
FOUND = """
passes, draws, seconds = (b - a for a, b in zip(before, after))
print("=>" + json.dumps({"passes": passes / seconds, "draws": draws / seconds, "file": xw.__file__}))
"""
WHAT = {
    "messages": "messages a second",
    "bytes": "bytes a second on the wire",
    "passes": "redraws a second",
    "draws": "draws of views a second",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--before", default="de85099", help="the commit to compare with")
    options = parser.parse_args()
    chromium = next(
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    )
    folder = Path(tempfile.mkdtemp(prefix="live-traffic-"))
    trees = {"before": unpacked(options.before, folder / "before"), "grid": ROOT, "tabs": ROOT}
    for name, tree in trees.items():
        make_kernel(folder / "kernels" / f"traffic-{name}", name, tree)
    server = lab.JupyterServer(folder, "lab", folder)
    found = {name: [] for name in trees}
    try:
        with lab.browser(chromium) as browser:
            for _ in range(options.rounds):
                for name, tree in trees.items():
                    one = watched(browser, server, name, options.seconds)
                    assert Path(one.pop("file")).is_relative_to(tree), "another tree than wanted"
                    found[name].append(one)
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
    report(found, options)


def unpacked(commit, folder):
    """Lay out the package as it was at a commit."""
    folder.mkdir()
    tree = subprocess.run(
        ["git", "archive", commit, "xai_widgets"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    subprocess.run(["tar", "-x"], cwd=folder, input=tree.stdout, check=True)
    return folder


def make_kernel(spec, name, tree):
    spec.mkdir(parents=True)
    document = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": {"PYTHONPATH": str(tree)},
    }
    (spec / "kernel.json").write_text(json.dumps(document))


def watched(browser, server, name, seconds):
    """Train with one of the dashboards; gives what was sent a second."""
    wanted = LAYOUTS[name]
    setup = SETUP.replace("CLASSES", "10")
    assert 'layout="NCHW"' in setup
    if wanted:
        setup = setup.replace('layout="NCHW"', f'layout="{wanted}", sample_layout="NCHW"')
    shown = "dashboard.selected = (10,)\ndashboard"
    path = lab.write_notebook(
        server.folder / f"{name}.ipynb", [setup + shown, COUNTED, FOUND], f"traffic-{name}"
    )
    notebook = lab.Notebook(browser, server, path, width=1440, height=900)
    frames = []
    try:
        page = notebook.page
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda data: frames.append(len(data))),
        )
        page.reload()  # so that the listener sees the kernel's connection
        notebook.wait_for_kernel()
        notebook.execute(0, 120)
        page.locator(".xaiw-dashboard").first.wait_for()
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        notebook.run(1)
        page.locator("path.line").first.wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(
            5000
        )  # the first picture, and the first copy of the model; frames are heard while it waits
        start, first = time.monotonic(), len(frames)
        page.wait_for_timeout(1000 * seconds)
        took, heard = time.monotonic() - start, frames[first:]
        page.get_by_role("button", name="Stop training").first.click()
        notebook.finish(1, seconds=60)
        notebook.execute(2)
        printed = "".join(notebook.cell(2).locator(".jp-OutputArea-output").all_inner_texts())
        traffic = json.loads(printed.split("=>", 1)[1])
    finally:
        notebook.close()
        server.forget_kernels()
    return {"messages": len(heard) / took, "bytes": sum(heard) / took, **traffic}


def report(found, options):
    print(f"{options.rounds} rounds in turns, {options.seconds:.0f} s each, load {os.getloadavg()[0]:.1f}")
    for key, what in WHAT.items():
        medians = {name: statistics.median(one[key] for one in ones) for name, ones in found.items()}
        print(f"{what}: " + ", ".join(f"{name} {value:,.1f}" for name, value in medians.items()))
        for name in ("grid", "tabs"):
            ratios = sorted(
                now[key] / then[key] for now, then in zip(found[name], found["before"], strict=True)
            )
            print(
                f"    {name} to before: x{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            )


if __name__ == "__main__":
    main()
