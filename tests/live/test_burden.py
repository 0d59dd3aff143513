"""What views and jobs cost training is measured, and they become rarer for it."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.live.publishing import slowdown as module
from xai_widgets.live.publishing.publisher import Publisher
from xai_widgets.live.publishing.redraw_limiter import Pacing
from xai_widgets.live.publishing.slowdown import MOST, Burden
from xai_widgets.live.saliency import throttle as pace_module
from xai_widgets.live.saliency.throttle import Pace


class World:
    """A clock, and a training that steps at 100 Hz alone and slower while something is drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: float, step: float = 0.01) -> None:
        self.now, self.cost, self.step = 1000.0, cost, step
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self.burden = Burden()
        self.done = 0
        self.rested = 0.0

    def train(self, seconds: float, gap: float = 0.0) -> None:
        """Draw as often as may be, each time what costs so much of a second."""
        end, owed, drawn = self.now + seconds, 0.0, 0.0
        while self.now < end:
            self.burden.look()
            resting = self.burden.resting
            if not resting and self.now - drawn >= 0.25 * self.burden.stretch:
                self.burden.worked()
                drawn, owed = self.now, owed + 0.25 * self.cost
            late = min(owed, self.step)
            owed -= late
            self.now += self.step + late
            self.rested += self.step * resting
            self.burden.stepped()
            self.done += 1
            if gap and self.done % 1000 == 0:
                self.now += gap


@pytest.mark.parametrize("cost", [0.1, 0.2])
@pytest.mark.parametrize("gap", [0.0, 3.0])
def test_what_costs_much_becomes_rare_until_it_costs_little(monkeypatch, cost, gap):
    world = World(monkeypatch, cost)
    world.train(120, gap)
    assert world.burden.stretch > 1.5
    assert world.burden.slowdown == pytest.approx(0.03, abs=0.015)
    assert world.rested < 0.25 * 120


def test_what_costs_little_is_as_frequent_as_ever_and_rests_are_rare(monkeypatch):
    world = World(monkeypatch, 0.01)
    world.train(120)
    assert world.burden.stretch == 1.0
    assert 0.0 < world.rested < 0.06 * 120


def test_it_is_never_too_rare_and_recovers(monkeypatch):
    world = World(monkeypatch, 0.45)
    world.train(120)
    assert world.burden.stretch == MOST
    world.cost = 0.01
    world.train(120)
    assert world.burden.stretch < 1.5


def test_what_is_drawn_when_the_training_is_over_is_not_rare(monkeypatch):
    world = World(monkeypatch, 0.45)
    world.train(60)
    assert world.burden.stretch > 4
    for _ in range(14):
        world.now += 1.0
        world.burden.worked()
        world.burden.look()
    assert world.burden.stretch == 1.0


def test_long_steps_are_measured_over_more_of_them(monkeypatch):
    world = World(monkeypatch, 0.2, step=0.15)
    world.train(300)
    assert world.burden.slowdown is not None
    assert world.burden.stretch > 1.2


def test_where_nothing_trains_or_nothing_is_drawn_there_are_no_rests(monkeypatch):
    world = World(monkeypatch, 0.1, step=2.0)
    world.train(100)
    assert world.burden.slowdown is None
    assert world.rested == 0.0
    quiet = World(monkeypatch, 0.1)
    quiet.burden.worked = lambda: None
    quiet.train(100)
    assert quiet.rested == 0.0


def test_a_rest_that_is_broken_counts_for_nothing(monkeypatch):
    world = World(monkeypatch, 0.2)
    world.train(3.0)
    while not world.burden.resting:
        world.train(0.02)
    before = list(world.burden._quiet)
    world.burden.worked()
    assert world.burden.look() <= 1.0
    assert not world.burden.resting
    assert world.burden._quiet == before


def test_rarer_views_and_pictures_but_for_those_that_are_awaited():
    pacing = Pacing(4.0, 1e9)
    pacing.stretch = 8.0
    pacing.pass_starts(10.0, views=True, picture=True)
    assert pacing.views() == pytest.approx(12.0)
    assert not pacing.views_too(11.9)
    assert pacing.pictures() == pytest.approx(11.0)
    assert pacing.pictures(awaited=True) <= 10.0


def test_the_share_of_jobs_becomes_half_at_most(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(pace_module, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def pause(rarer):
        pace = Pace(0.06, lambda: 0)
        pace.chunk_starts()
        now[0] += 0.01
        return pace.chunk_ends(rarer)

    assert pause(2.0) == pytest.approx(2.0 * pause(1.0))
    assert pause(8.0) == pytest.approx(2.0 * pause(1.0))


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


class View:
    draws = 0

    def draw(self) -> int:
        self.draws += 1
        return 0


@pytest.fixture
def resting(monkeypatch):
    """Give a publisher whose rest does not end by itself."""
    publisher = Publisher()
    monkeypatch.setattr(publisher.burden, "look", lambda: 0.05)
    publisher.burden._phase = module._RESTING
    tracker = xw.Tracker()
    publisher.watch(tracker)
    yield publisher, tracker
    publisher.close()


def test_in_a_rest_views_and_partial_pictures_wait_and_an_answer_does_not(resting):
    publisher, tracker = resting
    view, drawn = View(), []
    publisher.add(view)
    tracker.record(np.arange(4), np.zeros(4), loss=np.ones(4))
    publisher.draw_soon("partial", lambda: drawn.append("partial"))
    time.sleep(0.6)
    assert (view.draws, drawn) == (0, [])
    publisher.submit(
        "slider", lambda: publisher.draw_soon("answer", lambda: drawn.append("answer"), awaited=True)
    )
    assert wait_for(lambda: "answer" in drawn)
    assert view.draws == 0
    publisher.burden._phase = module._WORKING
    assert wait_for(lambda: view.draws > 0)


def test_what_is_asked_for_by_flush_does_not_wait_for_the_end_of_a_rest(resting):
    publisher, _ = resting
    view = View()
    publisher.add(view)
    assert publisher.flush()
    assert view.draws == 1


def test_steps_are_counted_where_a_dashboard_watches_and_no_longer_when_it_is_closed():
    publisher, tracker = Publisher(), xw.Tracker()
    publisher.watch(tracker)
    for _ in range(9):
        tracker.safe_point()
    counted = publisher.burden._steps
    assert counted > 0
    publisher.close()
    tracker.safe_point()
    assert publisher.burden._steps == counted
