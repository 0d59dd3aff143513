"""How long a job pauses between its chunks."""

from __future__ import annotations

import pytest

from xai_widgets.live.publishing.redraw_limiter import Pacing
from xai_widgets.live.saliency import throttle as pacing
from xai_widgets.live.saliency.throttle import Pace


class World:
    """A clock and a training that does its steps at a given rate."""

    def __init__(self, monkeypatch, share, alone=100.0, during=0.0):
        self.now, self.steps, self.alone, self.during = 0.0, 0.0, alone, during
        monkeypatch.setattr(pacing.time, "perf_counter", lambda: self.now)
        self.pace = Pace(share, lambda: int(self.steps))

    def chunk(self, seconds=0.1):
        self.pace.chunk_starts()
        self.now += seconds
        self.steps += seconds * self.during
        pause = self.pace.chunk_ends()
        self.now += pause
        self.steps += pause * self.alone
        self.pace.pause_ends()
        return pause

    def slowdown(self, chunks=200):
        start, done = self.now, self.steps
        for _ in range(chunks):
            self.chunk()
        return self.alone * (self.now - start) / (self.steps - done) - 1.0


def test_at_first_a_chunk_is_thought_to_take_all(monkeypatch):
    assert World(monkeypatch, 0.1).chunk(0.1) == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("during", [0.0, 30.0, 50.0, 80.0])
def test_training_loses_at_most_the_share(monkeypatch, share, during):
    world = World(monkeypatch, share, during=during)
    world.slowdown(20)  # learn
    assert world.slowdown() <= share * 1.05


def test_what_costs_little_may_run_freely(monkeypatch):
    world = World(monkeypatch, 0.2, during=95.0)
    world.slowdown(20)
    assert world.pace.cost() == pytest.approx(0.1)
    assert world.chunk() == 0.0


def test_it_learns_again_when_training_changes(monkeypatch):
    world = World(monkeypatch, 0.1, during=80.0)
    world.slowdown(50)
    assert world.pace.cost() == pytest.approx(0.2, abs=0.05)
    world.during = 0.0
    world.slowdown(400)
    assert world.pace.cost() > 0.8


def test_the_whole_share_means_that_training_goes_half_as_fast(monkeypatch):
    world = World(monkeypatch, 1.0)
    assert world.chunk(0.1) == pytest.approx(0.1)
    assert world.slowdown() == pytest.approx(1.0)


def test_a_click_is_answered_at_once_and_a_program_that_asks_without_end_is_held_up(monkeypatch):
    world = World(monkeypatch, 0.1)
    waits = []
    for _ in range(200):  # jobs of a single chunk, each of them cancelled or done before its pause
        waits.append(world.pace.before_job())
        world.now += waits[-1]
        world.steps += waits[-1] * world.alone
        world.pace.chunk_starts()
        world.now += 0.1
        world.pace.chunk_ends()
    assert waits[0] == waits[1] == 0.0
    assert world.alone * world.now / world.steps - 1.0 <= 0.1 * 1.15  # the credit is spent once
    world.now += 10.0
    assert world.pace.before_job() == 0.0


def test_what_nobody_waits_for_is_paid_first(monkeypatch):
    world = World(monkeypatch, 0.1)
    world.pace.chunk_starts()
    world.now += 0.1
    owed = world.pace.chunk_ends()
    assert 0.0 < owed < 2.0
    assert world.pace.before_job() == 0.0
    assert world.pace.before_job(awaited=False) == pytest.approx(owed)


def test_one_long_chunk_does_not_silence_the_panel(monkeypatch):
    world = World(monkeypatch, 0.1)
    world.pace.chunk_starts()
    world.now += 30.0  # a model's functions are built
    assert world.pace.chunk_ends() <= 10.0
    assert world.pace.before_job() <= 3.0


def test_passes_keep_their_distance_and_pictures_wait_for_nothing_else():
    pacing = Pacing(4.0, 100_000.0)
    pacing.pass_starts(10.0, views=True)
    pacing.views_drawn(10.2, 0.2)  # a slow machine: two tenths of a second for the views
    pacing.views_sent(10.2, 150_000)
    assert pacing.pictures() <= 10.2  # there is room for an answer at once
    assert pacing.views() == pytest.approx(13.2)  # never held up for more than three seconds


def test_drawing_views_takes_a_tenth_of_the_time_at_most():
    pacing, now, drawn = Pacing(4.0, 100_000.0), 0.0, 0.0
    for _ in range(100):
        now = max(now, pacing.views())
        pacing.pass_starts(now, views=True)
        now, drawn = now + 0.1, drawn + 0.1
        pacing.views_drawn(now, 0.1)
    assert drawn / now <= 0.105


@pytest.mark.parametrize("pictures", [True, False])
@pytest.mark.parametrize("size", [5_000, 60_000, 250_000])
def test_bytes_stay_under_the_bound_on_average(size, pictures):
    pacing, now, sent, passes = Pacing(4.0, 100_000.0), 0.0, 0, 0
    while now < 200.0:
        now = max(now, pacing.pictures() if pictures else pacing.views())
        pacing.pass_starts(now, views=not pictures)
        (pacing.picture_sent if pictures else pacing.views_sent)(now, size)
        sent, passes = sent + size, passes + 1
    assert sent <= 100_000 * now + size + 1  # rounding
    assert passes <= 4 * now + 4  # four in any second
