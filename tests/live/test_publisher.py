"""One thread draws, at a bounded rate, and whatever fails in it stays in it."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
import weakref

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live import Publisher
from xai_widgets.live.publishing.flow_control import Echo
from xai_widgets.live.publishing.redraw_limiter import Pacing


class View:
    def __init__(self, sent=0, failing=()):
        self.draws, self.threads, self.problems = 0, set(), []
        self.sent, self.failing = sent, set(failing)
        self.shown = None
        self.state = 0

    def draw(self):
        self.draws += 1
        self.threads.add(threading.current_thread())
        if self.draws in self.failing:
            raise ValueError(f"draw {self.draws}")
        self.shown = self.state
        return self.sent

    def show_problem(self, problem):
        self.problems.append(problem)


@pytest.fixture
def publisher():
    made = Publisher()
    yield made
    made.close()


def record(tracker, rows=4):
    tracker.record(np.arange(rows), np.arange(rows) % 2, loss=np.ones(rows))


def test_many_changes_are_few_draws_and_the_last_is_drawn(publisher):
    view, started = View(), time.monotonic()
    publisher.add(view)
    for value in range(500):
        view.state = value
        publisher.touch()
        time.sleep(0.002)
    assert publisher.flush()
    allowed = 4 * (time.monotonic() - started) + 3  # the first, the last, and the one of the flush
    assert view.shown == 499
    assert 2 <= view.draws <= allowed
    assert publisher.traffic.passes <= allowed


def test_bytes_are_bounded_on_average():
    publisher = Publisher(draws_per_second=50, bytes_per_second=10_000)
    view = View(sent=1_000)
    publisher.add(view)
    started = time.monotonic()
    while time.monotonic() - started < 1.0:
        publisher.touch()
        time.sleep(0.005)
    elapsed = time.monotonic() - started
    assert publisher.traffic.sent <= 10_000 * elapsed + 2_000
    assert view.draws >= 3
    publisher.close()


def times_of(pacing, wants, until, each=0.01):
    """The moments of passes, on a clock of our own, while views always want one and pictures when `wants` says so."""
    made, now = [], 0.0
    while now < until:
        if (picture := wants(now) and now >= pacing.pictures()) or now >= pacing.views():
            made.append((now, picture))
            pacing.pass_starts(now, views=not picture or pacing.views_too(now))
        now += each
    return made


def test_views_leave_a_pass_of_every_second_to_an_answer():
    alone = times_of(Pacing(4, 1e9), lambda now: False, 10)
    assert len(alone) == 30
    for asked in np.arange(2.0, 4.0, 0.07):
        made = times_of(Pacing(4, 1e9), lambda now, asked=asked: asked <= now < asked + 0.015, 6)
        answered = min(now for now, picture in made if picture)
        assert answered - asked < 0.02, "an answer waits for nobody's turn"


def test_no_second_has_more_than_four_passes_however_much_is_asked():
    generator = np.random.default_rng(0)
    made = [now for now, _ in times_of(Pacing(4, 1e9), lambda now: generator.random() < 0.3, 30)]
    windows = np.searchsorted(made, np.asarray(made) + 1.0) - np.arange(len(made))
    assert windows.max() == 4
    assert len(made) >= 100


def test_views_are_drawn_although_pictures_never_end():
    pacing, drawn, now = Pacing(4, 1e9), [], 0.0
    while now < 10:
        if now >= pacing.pictures():
            drawn.append(pacing.views_too(now))
            pacing.pass_starts(now, views=drawn[-1])
        now += 0.01
    assert sum(drawn) >= 9, "once a second at least"


def test_an_answer_does_not_wait_for_the_views_that_are_left(publisher):
    order = []

    class Slow(View):
        def draw(self):
            super().draw()
            if self.draws == 1 and not order:
                publisher.submit(
                    "slider",
                    lambda: publisher.draw_soon("picture", lambda: order.append("picture")),
                )
            order.append(self)

    first, second = Slow(), Slow()
    with publisher._wake:
        publisher.add(first)
        publisher.add(second)
    assert publisher.flush()
    assert order.index("picture") < order.index(second)
    assert publisher.traffic.passes <= 2


def test_a_tracker_that_grows_is_drawn_without_being_asked(publisher):
    tracker, view = xw.Tracker(), View()
    publisher.add(view)
    publisher.watch(tracker)
    publisher.flush()
    before = view.draws
    record(tracker)
    end = time.monotonic() + 5
    while view.draws == before and time.monotonic() < end:
        time.sleep(0.01)
    assert view.draws > before


def test_only_one_thread_draws_and_answers(publisher):
    views, answered = [View(), View()], []
    for view in views:
        publisher.add(view)

    def hammer(name):
        for i in range(200):
            publisher.touch()
            publisher.submit((name, i % 3), lambda: answered.append(threading.current_thread()))
            publisher.post(lambda: answered.append(threading.current_thread()))

    threads = [threading.Thread(target=hammer, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert publisher.flush()
    assert len(set(answered) | views[0].threads | views[1].threads) == 1
    assert len(answered) >= 800  # every posted one
    assert len(answered) + publisher.traffic.replaced == 1600


def test_the_latest_input_of_a_key_wins_and_the_others_are_not_run(publisher):
    gate, entered, seen = threading.Event(), threading.Event(), []
    publisher.post(lambda: (entered.set(), gate.wait(10)))
    assert entered.wait(10)
    for value in range(10):
        publisher.submit("slider", lambda value=value: seen.append(value))
        publisher.draw_soon("picture", lambda value=value: seen.append(-value))
    publisher.submit("button", lambda: seen.append("button"))
    gate.set()
    assert publisher.flush()
    assert [s for s in seen if s != "button" and s >= 1] == [9]
    assert [s for s in seen if s != "button" and s < 0] == [-9]
    assert seen.count("button") == 1
    assert publisher.traffic.replaced == 18


def test_posted_functions_keep_their_order(publisher):
    seen = []
    for value in range(100):
        publisher.post(lambda value=value: seen.append(value))
    assert publisher.flush()
    assert seen == list(range(100))


def test_a_failing_view_is_told_dropped_after_three_and_spares_the_others(publisher):
    bad, good = View(failing=range(1, 100)), View()
    publisher.add(bad)
    publisher.add(good)
    for _ in range(6):
        publisher.touch()
        assert publisher.flush()
    assert bad.draws == 3
    assert [str(problem) for problem in bad.problems] == ["draw 1", "draw 2", "draw 3"]
    assert good.draws >= 6
    assert good.problems == []
    assert publisher.traffic.failures == 3


def test_a_view_that_recovers_is_not_dropped(publisher):
    view = View(failing=(1, 2, 4, 5))
    publisher.add(view)
    for _ in range(6):
        publisher.touch()
        assert publisher.flush()
    assert view.draws >= 6


def test_a_view_that_cannot_even_show_its_problem_harms_nobody(publisher, caplog):
    class Mute(View):
        def show_problem(self, problem):
            raise RuntimeError("mute")

    mute, good = Mute(failing=(1,)), View()
    publisher.add(mute)
    publisher.add(good)
    assert publisher.flush()
    assert good.draws >= 1
    assert "could not show its problem" in caplog.text


def test_a_failing_answer_is_shown_and_the_next_runs(publisher):
    view, seen = View(), []
    publisher.add(view)
    publisher.submit("a", lambda: 1 / 0)
    publisher.submit("b", lambda: seen.append("b"))
    assert publisher.flush()
    assert seen == ["b"]
    assert isinstance(view.problems[0], ZeroDivisionError)


def test_flush_ends_although_a_training_never_pauses(publisher):
    tracker, view, over = xw.Tracker(), View(), threading.Event()
    publisher.add(view)
    publisher.watch(tracker)

    def train():
        while not over.is_set():
            record(tracker)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        assert publisher.flush(10)
        passes = publisher.traffic.passes
        assert passes <= 4  # flushing draws once, not as often as training records
    finally:
        over.set()
        thread.join()


class Widget:
    """Sends like a widget: at once, or what it was told last when it is no longer held."""

    def __init__(self, wire, name):
        self.wire, self.name, self.held, self.changed = wire, name, False, False

    @contextlib.contextmanager
    def hold_sync(self):
        if self.held:
            yield
            return
        self.held = True
        yield
        self.held = False
        if self.changed:
            self.wire.append(self.name)
            self.changed = False

    def change(self):
        self.changed = True
        if not self.held:
            with self.hold_sync():
                pass


def test_what_a_redraw_changes_is_sent_together(publisher):
    wire = []
    chart, front = Widget(wire, "chart"), Widget(wire, "front")
    publisher.together.add(chart, front)

    class Two(View):
        def draw(self):
            wire.append("draws")
            chart.change()
            front.change()
            return super().draw()

    first, second = Two(), Two()
    publisher.add(first)
    assert publisher.flush()
    wire.clear()
    publisher.add(second)
    publisher.touch()
    assert publisher.flush()
    assert wire[:2] == ["draws", "draws"]
    assert sorted(wire[2:4]) == ["chart", "front"], "one message for each, after all were drawn"
    wire.clear()

    def fails():
        chart.change()
        raise ValueError("halfway")

    publisher.submit("fails", fails)
    assert publisher.flush()
    assert wire[0] == "chart"
    assert first.problems


def test_sending_that_fails_is_shown_and_the_thread_lives(publisher):
    class Broken:
        @contextlib.contextmanager
        def hold_sync(self):
            yield
            raise OSError("the connection is gone")

    view, broken = View(), Broken()
    publisher.together.add(broken)
    publisher.add(view)
    assert publisher.flush()
    assert view.draws
    assert [str(problem) for problem in view.problems] == ["the connection is gone"] * len(view.problems)
    assert view.problems
    drawn = view.draws
    publisher.touch()
    assert publisher.flush()
    assert view.draws > drawn


def test_views_may_be_made_while_others_are_drawn(publisher):
    wire, made, problems, stop = [], [], [], threading.Event()

    def redraw():
        try:
            while not stop.is_set():
                with publisher.together.held():
                    pass
        except RuntimeError as problem:
            problems.append(problem)

    thread = threading.Thread(target=redraw)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for number in range(20_000):
            made.append(Widget(wire, number))
            publisher.together.add(made[-1])
    finally:
        stop.set()
        thread.join(10)
        sys.setswitchinterval(interval)
    assert not problems


def test_removed_views_are_not_drawn(publisher):
    view = View()
    publisher.add(view)
    publisher.flush()
    publisher.remove(view)
    draws = view.draws
    publisher.touch()
    publisher.flush()
    assert view.draws == draws


def test_closing_draws_the_last_state_and_ends_the_thread():
    before = threading.active_count()
    publisher, tracker, view = Publisher(), xw.Tracker(), View()
    publisher.add(view)
    publisher.watch(tracker)
    publisher.flush()
    view.state = "last"
    record(tracker)
    publisher.close()
    publisher.close()
    assert view.shown == "last"
    assert publisher.closed
    assert threading.active_count() == before
    publisher.submit("late", lambda: pytest.fail("ran after close"))
    record(tracker)
    tracker.end_epoch()
    draws = view.draws
    time.sleep(0.05)
    assert view.draws == draws


def test_closing_from_a_callback_does_not_deadlock():
    publisher, done = Publisher(), threading.Event()
    publisher.post(lambda: (publisher.close(), done.set()))
    assert done.wait(10)


def test_a_closed_publisher_is_collected():
    publisher, tracker = Publisher(), xw.Tracker()
    publisher.watch(tracker)
    publisher.flush()
    publisher.close()
    gone = weakref.ref(publisher)
    del publisher
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("arguments", [{"draws_per_second": 0}, {"bytes_per_second": -1}])
def test_bad_rates_are_refused(arguments):
    with pytest.raises(ValueError, match="above 0"):
        Publisher(**arguments)


def test_the_last_state_is_drawn_at_interpreter_exit(tmp_path):
    import subprocess
    import sys

    code = """
import numpy as np, xai_widgets as xw
from xai_widgets.live import Publisher
from xai_widgets.live.publishing.flow_control import Echo
from xai_widgets.live.publishing.redraw_limiter import Pacing
tracker, publisher = xw.Tracker(), Publisher()
class View:
    def draw(self): print("drawn", tracker.version, flush=True)
    def show_problem(self, problem): print(problem)
publisher.add(View()); publisher.watch(tracker); publisher.flush()
for i in range(50): tracker.record(np.arange(4), loss=np.ones(4))
print("ends", tracker.version, flush=True)
raise SystemExit("as after an error")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    lines = done.stdout.split("\n")
    version = next(line for line in lines if line.startswith("ends")).split()[1]
    assert f"drawn {version}" in lines, done.stdout + done.stderr


def test_redraws_become_rare_before_a_page_that_does_not_answer():
    echo = Echo()
    assert [echo.pass_made(now) for now in (0.0, 0.5, 1.9, 2.0, 3.9, 4.0, 6.0, 8.0)] == [
        1,
        None,
        None,
        2,
        None,
        3,
        4,
        5,
    ]
    assert not echo.behind, "a host that never answered is not held up"
    echo.answered(99)
    assert not echo.heard, "a number that was never sent"
    echo.answered(5)
    passes, now = [], 9.0
    while now < 309.0:  # a page that was closed: views want a pass all the time
        if now >= echo.free:
            passes.append(now)
            echo.pass_made(now)
        now += 0.25
    assert len(passes) <= 3 * 4 + 300 / 30 + 4
    assert max(np.diff(passes)) <= 30.25, "but never none"
    echo.answered(echo.sent)
    assert echo.free == 0.0
    for later in (2, 4):
        echo.pass_made(now + later)
    assert echo.behind
    echo.page_loaded()
    assert not echo.behind


def test_a_slow_page_has_few_redraws_on_their_way_and_gets_the_newest(publisher):
    view, carried = View(), []
    publisher.carry(carried.append)
    publisher.add(view)
    assert publisher.flush()
    publisher.echo.answered(carried[-1])
    seen, passes = carried[-1], publisher.traffic.passes
    end = time.monotonic() + 6.0  # four seconds of numbers, then a longer and longer pause
    while time.monotonic() < end:
        view.state += 1
        publisher.touch()
        publisher.draw_soon("picture", lambda: 10)
        time.sleep(0.01)
    assert 2 <= carried[-1] - seen <= 4
    assert publisher.traffic.passes - passes <= 4 * 4 + 3, (
        "four a second at most, until two numbers are not answered"
    )
    publisher.echo.answered(carried[-1])
    publisher.touch()
    assert publisher.flush()
    assert view.shown == view.state


def test_a_beat_that_fails_harms_nobody(publisher):
    view = View()
    publisher.carry(lambda number: 1 / 0)
    publisher.add(view)
    assert publisher.flush()
    assert publisher.flush()
    assert view.draws >= 1
