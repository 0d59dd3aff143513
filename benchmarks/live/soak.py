"""A long training with a browser that clicks and slides at random: errors, memory, message rate, step time.

``python benchmarks/live/soak.py [--minutes 10] [--quick] [--kernel 7.4] [--app lab]``. Every 16 seconds of training are
compared with the 4 before and the 4 after them in which the same loop tells the widgets nothing and nobody clicks, so that
they have nothing to draw or compute: machines drift too much for a run of its own. SIGTERM ends it early, with its report.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "browser"))

import kernels
import lab
import numpy as np
from test_live_matrix import DATA, MODELS

APART = """
import os
for task in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(task), [{core}])
"""
LOOP = """
import statistics, psutil, threading
x, y = np.tile(x, (16, 1, 1, 1)), np.tile(y, 16)  # epochs of seconds, as of a small real data set
torch.set_flush_denormal(True)  # what is learnt by heart has gradients so small that they slow the processor
quiet = enough.with_name("quiet")
def block(seconds, record):
    # mean seconds of a step, by the clock and of the processor in this thread
    if record:
        quiet.unlink(missing_ok=True)
    else:
        quiet.touch()
        time.sleep(1.0)  # what was asked for is drawn
    count, started, mine = 0, time.perf_counter(), time.thread_time()
    while time.perf_counter() - started < seconds and not enough.exists():
        for rows in torch.randperm(len(x)).split(64):
            if time.perf_counter() - started > seconds or enough.exists():
                break
            for _ in range(4):  # a step of some milliseconds, as of a small real network
                labels = torch.from_numpy(y)[rows]
                losses = F.cross_entropy(model(torch.from_numpy(x)[rows]), labels, reduction="none")
                optimizer.zero_grad(); losses.mean().backward(); optimizer.step()
            if record:
                tracker.record(rows, labels, loss=losses)
            count += 1
        if record:
            tracker.end_epoch()
    return (time.perf_counter() - started) / max(count, 1), (time.thread_time() - mine) / max(count, 1)
memory, plain, watched = [], [], []
def watch_memory():
    while not enough.exists():
        memory.append(psutil.Process().memory_info().rss / 2**20)
        time.sleep(5)
block(5.0, False)
"""
SHOW = """
dashboard = xw.Dashboard(tracker, model, (x, y), layout=layout, mode="train", smoothing=10, integrating=20)
dashboard.selected = (1, 2)
dashboard
"""
TRAIN = """
def cpu():
    # processor seconds of the thread that trains, and of all others
    all_threads, mine = psutil.Process().cpu_times(), time.thread_time()
    return mine, all_threads.user + all_threads.system - mine
def beside():
    # processor seconds of all that is not training: the kernel's other threads, and the browser's processes
    seconds = cpu()[1]
    for one in psutil.Process(whole).children(recursive=True):
        try:
            seconds += sum(one.cpu_times()[:2]) if "chrom" in one.name() else 0.0
        except psutil.Error:
            pass  # it ended meanwhile
    return seconds
shares = []
cpu_before = cpu()
threading.Thread(target=watch_memory, daemon=True).start()
started = time.time()
while not enough.exists():
    plain.append(block(4.0, False))
    before, now = beside(), time.perf_counter()
    watched.append(block(16.0, True))
    shares.append((beside() - before) / (time.perf_counter() - now))
seconds = time.time() - started
cpu_used = [now - before for now, before in zip(cpu(), cpu_before)]
"""
REPORT = """
import ctypes
ctypes.CDLL("libc.so.6").malloc_trim(0)  # what the C library keeps of freed memory is no growth
held = psutil.Process().memory_info().rss / 2**20, tracker.nbytes / 2**20
dashboard.close()
def compared(which):
    blocks = [(here[which], before[which], after[which]) for here, before, after in zip(watched, plain, plain[1:])]
    return [2 * here / (before + after) for here, before, after in blocks]
third = max(len(memory) // 3, 1)
print("=>" + json.dumps({"plain": 1e3 * statistics.median(clock for clock, _ in plain),
    "shares": shares, "ratios": compared(0), "own": compared(1), "cpu": cpu_used,
    "seconds": seconds, "memory": [statistics.median(memory[third:2*third]), statistics.median(memory[-third:]), max(memory)],
    "held": held, "minutes": [statistics.median(memory[start:start + 12]) for start in range(0, len(memory), 12)],
    "traffic": vars(dashboard.publisher.traffic), "problems": tracker.problems, "refused": dashboard.refused}))
"""


def act(page, choose):
    """Do one of the things a person does."""
    what = choose.choice(["slide", "slide", "row", "row", "noise"])
    if what == "row":
        rows = page.locator(".xaiw-row-main")
        if rows.count():
            rows.nth(choose.randrange(rows.count())).click(timeout=5000)
        return
    sliders = page.locator(".xaiw-saliency .noUi-handle")
    if sliders.count():
        sliders.nth(0 if what == "slide" else sliders.count() - 1).focus(timeout=5000)
        for _ in range(choose.randrange(1, 4)):
            page.keyboard.press(choose.choice(["ArrowLeft", "ArrowRight"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--kernel", default="7.4", choices=tuple(kernels.VERSIONS))
    parser.add_argument("--app", default="lab", choices=("lab", "notebook"))
    parser.add_argument(
        "--apart",
        action="store_true",
        help="kernel on one core, browser and server on the others, as on two machines",
    )
    options = parser.parse_args()
    minutes = 1.0 if options.quick else options.minutes
    problem = kernels.make_kernel(options.kernel)
    if problem:
        raise SystemExit(f"ipykernel {options.kernel} could not be installed: {problem}")
    first, *others = sorted(os.sched_getaffinity(0))
    if options.apart:
        os.sched_setaffinity(0, others)
    cells = [
        DATA + (APART.format(core=first) if options.apart else ""),
        MODELS["torch"],
        LOOP,
        SHOW,
        f"whole = {os.getpid()}\n" + TRAIN,
        REPORT,
    ]
    chromium = next(
        path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))
    )
    server = lab.JupyterServer(Path(tempfile.mkdtemp(prefix="live-soak-")), options.app, kernels.STORE)
    try:
        with lab.browser(chromium) as browser:
            soak(browser, server, cells, options, minutes)
    finally:
        server.close()


def soak(browser, server, cells, options, minutes):
    path = lab.write_notebook(server.folder / "soak.ipynb", cells, kernels.kernel_name(options.kernel))
    notebook = lab.Notebook(browser, server, path, width=1500, height=1400)
    page, frames, heap, choose = notebook.page, [], [], random.Random(0)
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: frames.append((time.time(), len(data)))),
    )
    page.reload()  # so that the listener sees the kernel's connection
    notebook.wait_for_kernel()
    for number in range(4):
        notebook.execute(number, seconds=240)
    notebook.run(4)
    start, actions, missed, frames_before = time.time(), 0, [], len(frames)
    over = []
    signal.signal(signal.SIGTERM, lambda *_: over.append("asked to end"))
    while time.time() - start < 60 * minutes and not over:
        if (server.folder / "quiet").exists():
            time.sleep(0.1)
            continue
        try:
            act(page, choose)
            actions += 1
        except Exception as problem:
            missed.append(f"{type(problem).__name__}: {str(problem).splitlines()[0]}")
        if actions % 20 == 0:
            heap.append(
                page.evaluate("() => performance.memory ? performance.memory.usedJSHeapSize / 2**20 : 0")
            )
        time.sleep(choose.uniform(0.2, 1.5))
    seen = frames[frames_before:]
    took = time.time() - start
    (server.folder / "enough").touch()
    notebook.finish(4, seconds=120)
    notebook.execute(5, seconds=240)
    printed = notebook.cell(5).locator(".jp-OutputArea-output").all_inner_texts()
    report = json.loads("".join(printed).split("=>", 1)[1])
    print(
        f"{options.app}, ipykernel {options.kernel}: {took / 60:.1f} min, {actions} actions, load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"console errors: {notebook.problems or 'none'}; kernel: {report['problems'] or 'none'}; missed: {missed or 'none'}"
    )
    print(
        f"messages to the browser: {len(seen) / took:.1f}/s, {sum(size for _, size in seen) / took / 1e3:.1f} kB/s"
    )
    traffic = report["traffic"]
    seconds = report["seconds"]
    print(f"publisher: {traffic}")
    print(
        f"publisher: {traffic['passes'] / seconds:.2f} passes/s, {traffic['sent'] / seconds / 1e3:.1f} kB/s"
    )
    print(
        "kernel memory, MiB, second third / last third / most: "
        + " / ".join(f"{m:.0f}" for m in report["memory"])
        + "; by minute: "
        + " ".join(f"{m:.0f}" for m in report["minutes"])
        + "; with freed memory given back {:.0f}, of which the history {:.0f}".format(*report["held"])
    )
    print("browser heap, MiB: " + " ".join(f"{value:.0f}" for value in heap))
    ratios = report["ratios"] or [float("nan")]
    training, others = (100 * used / seconds for used in report["cpu"])
    print(
        f"processor time, of one core: training {training:.0f} %, the kernel's other threads {others:.1f} %"
    )
    low, high = np.percentile(ratios, [25, 75])
    print(
        f"step: {report['plain']:.2f} ms without a word to the widgets; with them x{statistics.median(ratios):.3f} "
        f"(quartiles {low:.3f} and {high:.3f} of {len(ratios)} blocks)"
    )
    own = statistics.median(report["own"] or [float("nan")])
    print(f"of it processor time of the training thread itself, `record` above all: x{own:.3f}")
    print(f"beside training: {100 * statistics.median(report['shares']):.1f} % of a core")
    print("block by block: " + " ".join(f"{ratio:.2f}" for ratio in ratios))
    notebook.close()


if __name__ == "__main__":
    main()
