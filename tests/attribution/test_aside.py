"""What is done beside the model: the same numbers, each row once, and no thread left on any way out."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from behaviour_models import Counted, counted, picture_net, pictures, relative

from xai_widgets import AttributionEngine
from xai_widgets.attribution.estimators.base import NoisyTrack
from xai_widgets.attribution.execution.prefetch import Aside, Found, Taker, taken

OPTIONS = {"smoothing": 40, "integrating": 40}
METHODS = ["smoothgrad_squared", "vargrad", "integrated_gradients", "expected_gradients", "smint"]


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("xai_widgets attribution")]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chunk", [3, 8])
def test_many_chunks_at_once_are_the_same_as_one_after_the_other(method, chunk):
    x = pictures(3)
    model, seen = counted(picture_net())
    engine = AttributionEngine(model, chunk=chunk)
    found = engine.attribute(x, method, **OPTIONS)
    assert max(seen[1:]) <= chunk  # the first call is forward only
    assert engine.rows_evaluated == 3 * found.evaluations
    *_, watched = AttributionEngine(picture_net(), chunk=chunk).stream(x, method, **OPTIONS)
    assert relative(found.values, watched.values) < 1e-6
    assert np.allclose(found.standard_error, watched.standard_error, rtol=1e-3, atol=1e-6)
    assert threads() == []


def test_what_is_counted_and_kept_is_only_what_was_evaluated_when_the_model_fails():
    calls: list[int] = []

    def tell(rows: int) -> None:
        calls.append(rows)
        if failing and len(calls) == 4:
            raise RuntimeError("this model is broken")

    failing, x = True, pictures(2)
    engine = AttributionEngine(Counted(picture_net(), tell).eval(), chunk=8)
    with pytest.raises(RuntimeError, match="this model is broken"):
        engine.attribute(x, "smoothgrad", **OPTIONS)
    assert threads() == []
    before = engine.rows_evaluated
    assert before == sum(calls[1:-1])  # the first call was for the clean outputs
    failing = False
    found = engine.attribute(x, "smoothgrad", **OPTIONS)
    assert before < engine.rows_evaluated <= before + 80
    expected = AttributionEngine(picture_net()).attribute(x, "smoothgrad", **OPTIONS)
    assert found.evaluations == expected.evaluations
    assert relative(found.values, expected.values) < 1e-5


@pytest.mark.parametrize("most", [1, 3, 5])
def test_rows_that_were_made_for_a_larger_chunk_are_made_again(most):
    sizes: list[int] = []

    def tell(rows: int) -> None:
        sizes.append(rows)
        if rows > most:
            raise MemoryError(f"{rows} rows")

    x = pictures(2)
    engine = AttributionEngine(Counted(picture_net(), tell).eval(), chunk=16)
    found = engine.attribute(x, "smint", target=1, **OPTIONS)
    expected = AttributionEngine(picture_net(), chunk=16).attribute(x, "smint", target=1, **OPTIONS)
    assert relative(found.values, expected.values) < 1e-5
    assert engine.rows_evaluated == 2 * found.evaluations
    assert threads() == []


@pytest.mark.parametrize("wanted", [False, True])
def test_tasks_are_done_in_order_and_the_last_ones_once_each(wanted):
    done: list[int] = []
    with Aside(wanted) as aside:
        made = [aside.do(lambda n=n: done.append(n) or n) for n in range(20)]
        aside.finish([lambda n=n: done.append(n) for n in range(20, 60)])
    assert [one.result() for one in made] == list(range(20))
    assert done[:20] == list(range(20))
    assert sorted(done) == list(range(60))
    assert threads() == []


def fail() -> None:
    raise ValueError("no such row")


@pytest.mark.parametrize("last", [[fail], [lambda: None, fail, lambda: None]])
def test_an_error_of_a_task_is_raised_where_the_tasks_were_given(last):
    for wanted in (False, True):
        with Aside(wanted) as aside, pytest.raises(ValueError, match="no such row"):
            aside.finish(last)
        with Aside(wanted) as aside:
            given = aside.do(fail)
            with pytest.raises(ValueError, match="no such row"):
                aside.finish([])
            with pytest.raises(ValueError, match="no such row"):
                given.result()
    assert threads() == []


def test_what_was_not_begun_is_forgotten_at_the_end():
    done, free = [], threading.Event()
    with Aside(True) as aside:
        aside.do(free.wait)
        for _ in range(5):
            aside.do(lambda: done.append(time.monotonic()))
        threading.Timer(0.05, free.set).start()
    assert done == []
    assert threads() == []


def test_units_that_lie_in_two_chunks_are_taken_when_they_are_whole():
    grads = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    found = Found(grads, np.ones((1, 5), np.float32), np.zeros(12, np.int64))
    track, whole = NoisyTrack(), NoisyTrack()
    takers = [Taker(track, 1, 11)]  # five pairs
    units = []
    for stop in (2, 4, 5, 8, 12):
        for task in taken(takers, found, stop):
            task()
        units.append(track.units)
    assert units == [0, 1, 2, 3, 5]
    whole.absorb(grads[1:11], None)
    assert track.estimate(5) == pytest.approx(whole.estimate(5), rel=1e-5)
    assert track.squares.mean(5) == pytest.approx(whole.squares.mean(5), rel=1e-5)
    assert track.error(5) == pytest.approx(whole.error(5), rel=1e-6)
