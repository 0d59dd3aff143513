"""From the slider to changed pixels while a network trains: every host, kernel, framework and way to train.

Drives real JupyterLab and Notebook pages in Chromium, eight moves each. The floor is the computing time until a job's
first result, measured by the job itself in the same run.
``python benchmarks/live/latency.py [--quick] [--only lab] [--kernels 6.31 7.4]``
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

import kernels
import lab
from test_live_matrix import FRAMEWORKS, KERNELS, MOVES, PLACES, measure

HEAD = "| host | ipykernel | framework | trains in | answered | median ms | least | most | compute ms | over compute | route |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one host, one framework, training in the cell")
    parser.add_argument("--only", choices=("lab", "notebook"))
    parser.add_argument("--kernels", nargs="+", default=list(KERNELS), choices=KERNELS)
    options = parser.parse_args()
    chromium = next(
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    )
    apps = ("lab",) if options.quick else (options.only,) if options.only else ("lab", "notebook")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n{HEAD}\n|" + " --- |" * 11, flush=True)
    for app in apps:
        server = lab.JupyterServer(Path(tempfile.mkdtemp(prefix="live-latency-")), app, kernels.STORE)
        try:
            with lab.browser(chromium) as browser:
                for version in options.kernels:
                    problem = kernels.make_kernel(version)
                    if problem:
                        print(f"ipykernel {version} could not be installed: {problem}")
                        continue
                    for framework in FRAMEWORKS[: 1 if options.quick else 2]:
                        for place in PLACES[: 1 if options.quick else 2]:
                            row(browser, server, app, version, framework, place)
        finally:
            server.close()


def row(browser, server, app, version, framework, place):
    name = f"| {app} | {version} | {framework} | {place} |"
    try:
        found = measure(browser, server, kernels.kernel_name(version), framework, place)
    except Exception as problem:
        print(f"{name} failed: {type(problem).__name__}: {' '.join(str(problem).split())[:300]}", flush=True)
        return
    seen = [value for value in found.latencies if value is not None]
    if not seen:
        print(f"{name} 0/{MOVES} | {found.report} {found.problems}", flush=True)
        return
    over = statistics.median(seen) - found.compute
    print(
        f"{name} {found.answered}/{MOVES} | {statistics.median(seen):.0f} | {min(seen):.0f} | {max(seen):.0f} "
        f"| {found.compute:.0f} | {over:.0f} | {found.report['route']} | {'; '.join(found.problems)}"
        f" load {os.getloadavg()[0]:.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
