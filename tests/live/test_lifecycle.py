"""Cells that run again, end, fail and are interrupted: in real kernels."""

from __future__ import annotations

import time

SETUP = """
import gc, threading, time, numpy as np, ipywidgets
import xai_widgets as xw
from xai_widgets.live import Publisher, replace_earlier
from xai_widgets.live.kernel.cells import cells
class Panel:
    alive = 0
    def __init__(self, tracker):
        self.box, self.publisher, self.closed = ipywidgets.IntText(), Publisher(), False
        self.drawn = None
        self.tracker = tracker
        Panel.alive += 1
        replace_earlier(self)
        self.publisher.add(self); self.publisher.watch(tracker)
    def draw(self):
        self.drawn = self.tracker.version
        self.box.value = self.drawn
    def show_problem(self, problem): raise problem
    def close(self):
        if not self.closed:
            self.closed = True; Panel.alive -= 1
            self.publisher.close()
            for part in (self.box.layout, self.box.style, self.box): part.close()
tracker = xw.Tracker()
def step(): tracker.record(np.arange(4), np.arange(4) % 2, loss=np.ones(4))
def counted():
    gc.collect()
    ours = [o for o in gc.get_objects() if type(o) in (Panel, Publisher)]
    return [Panel.alive, len(ours), len(ipywidgets.Widget._instances if hasattr(ipywidgets.Widget, "_instances") else
            ipywidgets.widgets.widget._instances), threading.active_count(), len(tracker._subscribers.subscriptions)]
"""


def run_cell(kernel, code, cell_id=None, **options):
    """As a notebook does: with the cell's id in the metadata."""
    message = kernel.client.session.msg(
        "execute_request",
        {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
        metadata={"cellId": cell_id} if cell_id else {},
    )
    kernel.client.shell_channel.send(message)
    return kernel.finish(message["header"]["msg_id"], **options)


def test_running_a_cell_again_closes_what_it_made_before(kernel):
    kernel.run(SETUP)
    for _ in range(3):
        run_cell(kernel, "panel = Panel(tracker); step()", "the cell")
    before = kernel.value("counted()")
    for _ in range(50):
        run_cell(kernel, "panel = Panel(tracker); step()", "the cell")
    assert kernel.value("counted()") == before
    assert before[0] == 1
    assert kernel.value("panel.closed") is False


def test_running_a_cell_again_takes_what_it_showed_out_of_memory(kernel):
    """The last line of a cell shows it, and IPython would keep it, with its tracker, among the outputs."""
    kernel.run(SETUP + "import weakref\nleft = []")
    shown = (
        "run = xw.Tracker()\nrun.record(np.arange(4), loss=np.ones(4))\n"
        "left.append(weakref.ref(run))\nxw.LabelDifficulty(run, mode='train')"
    )
    for _ in range(4):
        run_cell(kernel, shown, "the cell")
    assert kernel.value("(gc.collect(), [one() is not None for one in left])[1]") == [False] * 3 + [True]
    run_cell(kernel, "6 * 7", "another")
    assert kernel.value("[_, type(__).__name__]") == [42, "LabelDifficulty"]


def test_other_cells_and_several_objects_of_one_run_live_on(kernel):
    kernel.run(SETUP)
    run_cell(kernel, "a = Panel(tracker)", "first")
    run_cell(kernel, "b, c = Panel(tracker), Panel(tracker)", "second")
    assert kernel.value("[a.closed, b.closed, c.closed]") == [False] * 3
    run_cell(kernel, "b2, c2 = Panel(tracker), Panel(tracker)", "second")
    assert kernel.value("[a.closed, b.closed, c.closed, b2.closed, c2.closed]") == [
        False,
        True,
        True,
        False,
        False,
    ]
    run_cell(kernel, "'nothing new, so nothing is closed'", "first")
    assert kernel.value("a.closed") is False


def test_without_ids_a_cell_is_known_by_its_source(kernel):
    kernel.run(SETUP)
    for _ in range(3):
        run_cell(kernel, "x = Panel(tracker)")
    run_cell(kernel, "y = Panel(tracker)")
    assert kernel.value("[Panel.alive, x.closed, y.closed]") == [2, False, False]


def test_the_last_state_is_drawn_before_the_cell_has_ended(kernel):
    kernel.run(SETUP)
    run_cell(kernel, "panel = Panel(tracker)", "a")
    run_cell(kernel, "for _ in range(40): step()", "b")
    drawn, version = kernel.value("[panel.drawn, tracker.version]")
    assert drawn == version


def test_the_last_state_is_drawn_after_an_exception_and_after_an_interrupt(kernel):
    kernel.run(SETUP)
    run_cell(kernel, "panel = Panel(tracker)", "a")
    printed = run_cell(
        kernel, "for i in range(40):\n    step()\nraise ValueError('mid-epoch')", "b", allow_error=True
    )
    assert "mid-epoch" in printed
    assert kernel.value("panel.drawn == tracker.version")
    cell = kernel.start("while True:\n    step(); time.sleep(0.001)")
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    assert "KeyboardInterrupt" in kernel.finish(cell, allow_error=True)
    assert kernel.value("panel.drawn == tracker.version")


def test_cells_are_told_apart_from_widget_messages(kernel):
    """IPython triggers post_execute for every widget message: a training cell must not seem to have ended."""
    kernel.run(SETUP)
    run_cell(kernel, "panel, states = Panel(tracker), []", "a")
    kernel.run("panel.box.observe(lambda change: states.append([cells.running, cells.serial]), 'value')")
    comm = kernel.value("panel.box.comm.comm_id")
    cell = kernel.start(
        "serial = cells.serial\nfor _ in range(60):\n    tracker.safe_point(); time.sleep(0.01)\n"
        "still = [cells.running, cells.serial == serial]"
    )
    time.sleep(0.2)
    kernel.slide(comm, 7)
    kernel.finish(cell)
    assert kernel.value("still") == [True, True]
    assert kernel.value("[running for running, _ in states][:1]") == [True]
    assert kernel.value("cells.running"), "asked by a cell"


def test_a_background_run_shows_itself_however_it_was_imported(kernel):
    kernel.run("import sys, threading\ngate = threading.Event()\nfrom xai_widgets.live import background")
    shown = kernel.displayed("run = background(gate.wait, 30)\nrun")
    kernel.run("gate.set(); run.result(30)")
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown), shown
