"""Clicks reach a kernel whose cell is busy: real kernels, messages as a browser sends them."""

from __future__ import annotations

import time

import pytest

SETUP = """
import threading, time, numpy as np, ipywidgets
import xai_widgets as xw
from xai_widgets.live import Publisher, host, keep_route
seen, busy = [], False
def noted(change):
    seen.append((change["new"], busy, threading.current_thread().name))
class View:
    def __init__(self, widget): self.widget, self.n, self.problems = widget, 0, []
    def draw(self):
        self.n += 1
        self.widget.description = str(self.n)  # what a view does: it writes to the widget that is clicked
        return 100
    def show_problem(self, problem): self.problems.append(repr(problem))
def setup():
    global tracker, publisher, slider, view
    tracker, publisher, slider = xw.Tracker(), Publisher(), ipywidgets.IntSlider()
    view = View(slider)
    slider.observe(noted, "value")
    keep_route(slider, publisher.post)
    publisher.add(view); publisher.watch(tracker)
def steps(least, moves):
    # so many steps, and more on a machine so busy that the moves have not come by then
    end = time.monotonic() + 60
    step = 0
    while step < least or (len(seen) < moves and time.monotonic() < end):
        yield step
        step += 1
def train(least=150, moves=0):
    global busy
    busy = True
    for i in steps(least, moves):
        time.sleep(0.01)
        tracker.record(np.arange(4), np.arange(4) % 2, loss=np.ones(4))
    tracker.end_epoch()
    busy = False
setup()
"""
MOVES = range(1, 9)


@pytest.fixture
def ready(kernel):
    kernel.run(SETUP)
    return kernel


@pytest.fixture
def ready_without_subshells(kernel_without_subshells):
    kernel_without_subshells.run(SETUP)
    return kernel_without_subshells


def move_while_training(kernel, code="train(moves=8)"):
    comm = kernel.value("slider.comm.comm_id")
    cell = kernel.start(code)
    time.sleep(0.3)
    for value in MOVES:
        kernel.slide(comm, value)
        time.sleep(0.1)
    return kernel.finish(cell)


def assert_all_heard(kernel):
    seen = kernel.value("seen")
    assert [value for value, _, _ in seen] == list(MOVES)
    assert all(busy for _, busy, _ in seen), f"some only after the cell: {seen}"
    # the one thread that also writes the widget, whichever thread the message came in on
    assert {name for _, _, name in seen} == {"xai_widgets publisher"}
    assert kernel.value("view.problems") == []
    assert kernel.value("view.n") >= 3


def test_moves_are_heard_while_a_plain_loop_runs(ready):
    move_while_training(ready)
    assert_all_heard(ready)


def test_moves_are_heard_where_training_reaches_no_safe_point_for_long(ready):
    """By the shell of the kernel's own to which the page sends them, though the view is drawn all the while."""
    if ready.version == "6.31":
        pytest.skip("ipykernel 6 has one shell, and the cell has it")
    move_while_training(
        ready,
        "busy = True\nfor i in steps(15, 8):\n    publisher.touch(view); time.sleep(0.1)\nbusy = False",
    )
    assert_all_heard(ready)


def test_moves_are_heard_in_a_host_without_subshells(ready_without_subshells):
    move_while_training(ready_without_subshells)
    assert_all_heard(ready_without_subshells)


def test_moves_are_heard_while_training_in_the_background(ready):
    move_while_training(ready, "run = xw.background(train, moves=8); time.sleep(0.02)")
    ready.run("run.result(30)")
    assert_all_heard(ready)


def test_moves_are_heard_while_an_asynchronous_cell_waits(ready):
    move_while_training(
        ready,
        "import asyncio\nbusy = True\nfor i in steps(120, 8):\n    await asyncio.sleep(0.01); tracker.safe_point()\nbusy = False",
    )
    seen = ready.value("seen")
    assert [value for value, _, _ in seen] == list(MOVES)
    assert all(busy for _, busy, _ in seen)


@pytest.mark.parametrize("code", ["train()", "run = xw.background(train); time.sleep(0.02)"])
def test_the_echo_of_a_move_replies_to_that_move(ready, code):
    """A page leaves out every echo until the one that replies to its own message: other windows' moves would be lost on it."""
    comm = ready.value("slider.comm.comm_id")
    cell = ready.start(code)
    time.sleep(0.3)
    moves = []
    for value in MOVES:
        moves.append(ready.slide(comm, value))
        ready.client.kernel_info()  # other messages come in before the publisher has handled this one
        time.sleep(0.05)
    ready.finish(cell)
    ready.run("globals().get('run') and run.result(30)")
    assert [of for echoed, of in ready.echoed if echoed == comm] == moves


def test_the_host_is_known_and_needs_no_notice(ready):
    found = ready.value("[host().frontend, list(host().ipykernel[:2]), host().route, host().notice]")
    version = [int(part) for part in ready.version.split(".")]
    route = "pump" if version[0] == 6 else "subshell"
    assert found == ["jupyter", version, route, ""]


def test_queued_cells_keep_their_order_and_run_once(ready_without_subshells):
    kernel = ready_without_subshells
    kernel.run("order = []")
    comm = kernel.value("slider.comm.comm_id")
    first = kernel.start("train(100); order.append(0)")
    time.sleep(0.2)
    later = []
    for i in range(1, 6):
        later.append(kernel.start(f"order.append({i}); heard_by_then = len(seen)"))
        kernel.slide(comm, i)
        if i == 3:
            time.sleep(0.2)  # some before a pump, some after
    info = kernel.client.session.msg("comm_info_request", {"target_name": "jupyter.widget"})
    kernel.client.shell_channel.send(info)
    kernel.finish(first)
    kernel.finish(later[-1])
    assert kernel.value("order") == [0, 1, 2, 3, 4, 5]
    assert kernel.value("[v for v, b, _ in seen]") == [1, 2, 3, 4, 5]
    assert kernel.value("all(b for _, b, _ in seen)")


def test_what_the_cell_prints_stays_with_the_cell(ready_without_subshells):
    kernel = ready_without_subshells
    cell_code = "for i in range(60):\n    time.sleep(0.01); tracker.safe_point()\nprint('after the clicks')"
    assert "after the clicks" in move_while_training(kernel, cell_code)


def test_an_interrupt_in_a_callback_ends_the_cell_and_loses_no_message(ready_without_subshells):
    kernel = ready_without_subshells
    kernel.run(
        "hits = []\n"
        "def interrupted(change):\n"
        "    hits.append(change['new'])\n"
        "    if change['new'] == 2: raise KeyboardInterrupt\n"
        "other = ipywidgets.IntSlider(); other.observe(interrupted, 'value'); keep_route(other)"
    )
    comm = kernel.value("other.comm.comm_id")
    cell = kernel.start("time.sleep(0.5)\nfor i in range(100):\n    time.sleep(0.01); tracker.safe_point()")
    time.sleep(0.2)
    for value in (1, 2, 3):  # all there before the first safe point
        kernel.slide(comm, value)
    printed = kernel.finish(cell, allow_error=True)
    assert "KeyboardInterrupt" in printed
    assert kernel.value("hits") == [1, 2, 3]


INTERRUPTED = {
    "after the look": """
def broken_off(self, do=kind.waiting):
    found = do(self)
    if found and not once:
        once.append(1)
        raise KeyboardInterrupt
    return found
kind.waiting = broken_off
""",
    "while messages are taken": """
def broken_off(self, do=kind.take):
    if not once:
        once.append(1)
        class Taken(list):
            def append(self, item):
                list.append(self, item)
                if len(self) == 2: raise KeyboardInterrupt
        self.taken = Taken()
    do(self)
kind.take = broken_off
""",
    "by a signal": """
import os, signal
def broken_off(self, do=kind.take):
    if not once:
        once.append(1)
        class Taken(list):
            def append(self, item):
                os.kill(os.getpid(), signal.SIGINT)  # would be raised here, and the message be nowhere
                for _ in range(100): pass
                list.append(self, item)
        self.taken = Taken()
    do(self)
kind.take = broken_off
""",
}


@pytest.mark.parametrize("when", INTERRUPTED)
def test_an_interrupt_in_the_pump_loses_nothing_and_the_kernel_goes_on_listening(
    ready_without_subshells, when
):
    kernel = ready_without_subshells
    kernel.run(
        "from IPython import get_ipython\nfrom xai_widgets.live.kernel import message_queues as queues\n"
        "kind, once, heard = type(queues.queue_of(get_ipython().kernel)), [], []\n"
        "kept = kind.waiting, kind.take\n" + INTERRUPTED[when]
    )
    comm = kernel.value("slider.comm.comm_id")
    cell = kernel.start(
        "time.sleep(0.5)\ntry:\n    for i in range(100):\n        time.sleep(0.01); tracker.safe_point()\n"
        "except KeyboardInterrupt: heard.append('interrupt')\nkind.waiting, kind.take = kept"
    )
    time.sleep(0.2)
    kernel.slide(comm, 1)
    later = [kernel.start(f"heard.append({i})") for i in range(2)]
    kernel.slide(comm, 2)
    kernel.finish(cell)
    kernel.finish(later[-1], timeout=20)
    assert kernel.value("heard") == ["interrupt", 0, 1]
    assert kernel.value("publisher.flush() and [value for value, *_ in seen]") == [1, 2]


def test_a_closed_control_and_a_broken_message_are_survived(ready_without_subshells):
    kernel = ready_without_subshells
    kernel.run("gone = ipywidgets.IntSlider(); keep_route(gone)")
    gone, slider = kernel.value("[gone.comm.comm_id, slider.comm.comm_id]")
    kernel.run("gone.close()")
    cell = kernel.start("train(60)")
    time.sleep(0.2)
    kernel.slide(gone, 1)
    kernel.send(slider, {"method": "update", "state": {"value": "no number"}, "buffer_paths": []})
    kernel.send("no such comm", {})
    kernel.client.shell_channel.socket.send_multipart(
        [b"<IDS|MSG>", b"bad signature", b"{}", b"{}", b"{}", b"{}"]
    )
    kernel.finish(cell)
    assert kernel.value("seen") == []
    problems = kernel.value("view.problems")
    assert len(problems) == 1, "what a message does wrong is shown by the view"
    assert "no number" in problems[0]


def test_the_override_is_what_makes_ipykernel_7_4_listen(kernel):
    """Shows that the tests above can fail: the same on 7.4, without `keep_route` and without a safe point."""
    if kernel.version != "7.4":
        pytest.skip("only ipykernel 7.4 routes replies to the last writer")
    kernel.run(SETUP)
    kernel.run("slider = ipywidgets.IntSlider(); slider.observe(noted, 'value'); seen.clear()")
    move_while_training(
        kernel,
        "busy = True\nfor i in range(130):\n    time.sleep(0.01); slider.description = str(i)\nbusy = False",
    )
    time.sleep(0.5)
    assert not any(busy for _, busy, _ in kernel.value("seen")), "the override is no longer needed: remove it"


def test_a_page_that_is_loaded_anew_is_answered_while_a_plain_loop_runs(ready):
    """It asks which kernel this is and which widgets there are, on the main shell, before it shows any."""
    comm = ready.value("slider.comm.comm_id")
    cell = ready.start("train()")
    time.sleep(0.3)
    client, asked = ready.client, {}
    for kind, content in (
        ("kernel_info_request", {}),
        ("comm_info_request", {"target_name": "jupyter.widget"}),
    ):
        message = client.session.msg(kind, content)
        client.shell_channel.send(message)
        asked[message["header"]["msg_id"]] = kind
    asked[cell] = "the cell"
    replies = []
    while len(replies) < 3:
        reply = client.get_shell_msg(timeout=60)
        kind = asked.get(reply["parent_header"].get("msg_id"))
        if kind is not None:  # else to a cell before
            replies.append((kind, reply["content"]))
    assert [kind for kind, _ in replies] == ["kernel_info_request", "comm_info_request", "the cell"]
    assert replies[0][1]["language_info"]["name"] == "python"
    assert comm in replies[1][1]["comms"]
    ready.finish(cell)
    assert ready.value("[view.problems, tracker.problems]") == [[], []]
