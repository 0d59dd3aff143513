"""Cells one upon the other while a browser moves sliders: does each of them end? Without a browser, as dense as it gets.

    python tests/live/dense_trial.py 7.3 --cells 2000         # with this package, in chunks; prints how many hung
    python tests/live/dense_trial.py 7.3 --cells 400 --bare   # the same messages to plain widgets, for comparison

The next cell is sent the moment the front-end hears that the last one is idle, which is when its reply is on its way, and
moves of a slider go to the main shell all the while: ipykernel 7.0 to 7.3 lose requests that come in just then.
"""

from __future__ import annotations

import argparse
import queue
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from real_kernel import RealKernel

PACKAGE = """
import numpy as np, ipywidgets
import xai_widgets as xw
from xai_widgets.live import Publisher, keep_route
class View:
    def __init__(self): self.n = 0
    def draw(self):
        self.n += 1
        slider.description = str(self.n)
        return 100
    def show_problem(self, problem): raise problem
tracker, publisher, slider = xw.Tracker(), Publisher(), ipywidgets.IntSlider()
keep_route(slider, publisher.post)
publisher.add(View()); publisher.watch(tracker)
def train(steps=4):
    for i in range(steps):
        tracker.record(np.arange(4), loss=np.ones(4))
"""
UNMENDED = "from xai_widgets.live.kernel import cells; cells.send_through_stream = lambda kernel: False\n"
BARE = "import ipywidgets; slider = ipywidgets.IntSlider()\ndef train(): slider.description = str(id({}))"


class Trial:
    """One kernel, and a front-end that sends it cells and moves of a slider over one connection.

    Parameters
    ----------
    version : str
        Of ipykernel.
    setup : str
        The first cell.
    """

    def __init__(self, version: str, setup: str = PACKAGE) -> None:
        self.kernel = RealKernel(version, subshells=False)
        self.kernel.run(setup)
        time.sleep(0.1)  # the setting up is not what is tried
        self.comm = self.kernel.value("slider.comm.comm_id")
        self.value, self.next = 0, 0.0

    def cell_ends(self, patience: float) -> bool:
        """Run a cell; gives whether the front-end heard of its end in time."""
        client = self.kernel.client
        asked, end = client.execute("train()"), time.monotonic() + patience
        while time.monotonic() < end:
            if time.monotonic() > self.next:
                self.value, self.next = (self.value + 1) % 100, time.monotonic() + 0.003
                self.kernel.slide(self.comm, self.value)
            try:
                message = client.get_iopub_msg(timeout=0.003)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != asked or message["msg_type"] != "status":
                continue
            if message["content"]["execution_state"] == "idle":
                return True
        return False

    def close(self) -> None:
        self.kernel.close()


def hung(version: str, cells: int, setup: str = PACKAGE, patience: float = 10.0) -> int:
    """Run so many cells; gives how many did not end. After each of those a new kernel goes on."""
    lost, trial = 0, Trial(version, setup)
    try:
        for _ in range(cells):
            if not trial.cell_ends(patience):
                lost += 1
                trial.close()
                trial = Trial(version, setup)
    finally:
        trial.close()
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("version", choices=["6.31", "7.3", "7.4"])
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--chunk", type=int, default=200)
    parser.add_argument("--bare", action="store_true", help="plain widgets")
    parser.add_argument("--unmended", action="store_true", help="replies go the way ipykernel sends them")
    given = parser.parse_args()
    setup = BARE if given.bare else UNMENDED * given.unmended + PACKAGE
    done = lost = 0
    while done < given.cells:
        some = min(given.chunk, given.cells - done)
        lost += hung(given.version, some, setup)
        done += some
        print(f"ipykernel {given.version}: {lost} of {done} cells hung", flush=True)


if __name__ == "__main__":
    main()
