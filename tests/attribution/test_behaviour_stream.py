"""One stream of partial results: its prefixes, its chunks, its company, its costs."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import Counted, counted, picture_net, pictures, relative, tables, tanh_net
from hypothesis import given, settings
from hypothesis import strategies as st

from xai_widgets import AttributionEngine
from xai_widgets.attribution import Attribution, SaliencyColumns

few = settings(max_examples=10, deadline=None)
METHODS = [
    "saliency", "input_x_gradient", "smoothgrad", "smoothgrad_squared", "vargrad", "integrated_gradients",
    "expected_gradients", "smint",
]  # fmt: skip
COLUMNS = ("raw", "smoothed", "integrated", "smint")


def close(one, other) -> bool:
    return relative(one, other) < 1e-5 if np.any(other) else not np.any(one)


@pytest.mark.parametrize("method", METHODS)
def test_the_last_of_the_stream_is_what_attribute_gives(method):
    x, model = pictures(2), picture_net()
    results = list(AttributionEngine(model, chunk=4).stream(x, method, smoothing=8, integrating=12))
    whole = AttributionEngine(model, chunk=4).attribute(x, method, smoothing=8, integrating=12)
    assert all(isinstance(one, Attribution) for one in results)
    assert [one.done for one in results] == [False] * (len(results) - 1) + [True]
    assert close(results[-1].values, whole.values)
    assert results[-1].evaluations == results[-1].evaluations_total == whole.evaluations
    assert np.array_equal(results[-1].target, whole.target)
    for one in results:
        assert one.method == method
        assert one.values.shape == x.shape
        assert one.evaluations_total == whole.evaluations_total
        assert one.completeness_gap.shape == one.standard_error.shape == (2,)
    evaluations = [one.evaluations for one in results]
    assert evaluations == sorted(evaluations)


@pytest.mark.parametrize("method", ["smoothgrad", "smoothgrad_squared", "vargrad", "integrated_gradients"])
def test_a_prefix_of_the_stream_is_the_shorter_run(method):
    x, model = pictures(1), picture_net()
    name = "integrating" if method == "integrated_gradients" else "smoothing"
    results = list(AttributionEngine(model, chunk=4).stream(x, method, **{name: 20}))
    assert len(results) >= 4
    for one in results:
        short = AttributionEngine(model).attribute(x, method, **{name: one.evaluations})
        assert short.evaluations == one.evaluations
        assert close(short.values, one.values)


@pytest.mark.parametrize("magnitude", [False, True])
@pytest.mark.parametrize("baseline", ["uniform", "zeros"])
def test_a_prefix_of_smint_is_the_run_with_a_smaller_budget(baseline, magnitude):
    x, model = pictures(1), picture_net()
    options = {"smoothing": 10, "integrating": 24, "baseline": baseline, "magnitude": magnitude}
    results = list(AttributionEngine(model, chunk=4).stream(x, "smint", **options))
    assert len(results) >= 4
    for one in results[:-1]:
        short = AttributionEngine(model).attribute(x, "smint", max_evaluations=one.evaluations, **options)
        assert short.evaluations == one.evaluations
        assert close(short.values, one.values)


def test_partial_results_come_nearer():
    x, model = tables(2), tanh_net()
    last = AttributionEngine(model).attribute(x, "smoothgrad", smoothing=1024, noise=0.4).values
    results = list(AttributionEngine(model, chunk=8).stream(x, "smoothgrad", smoothing=256, noise=0.4))
    errors = [relative(one.values, last) for one in results]
    assert np.mean(errors[-4:]) < 0.5 * np.mean(errors[:4])


@few
@given(st.sampled_from(METHODS), st.integers(1, 30), st.integers(0, 9), st.sampled_from(["joint", "product"]))
def test_the_chunk_size_changes_nothing(method, chunk, seed, sampling):
    x, model = pictures(3, seed=seed), picture_net()
    options = {"smoothing": 4, "integrating": 6, "seed": seed, "sampling": sampling}
    one = AttributionEngine(model, chunk=chunk).attribute(x, method, **options)
    other = AttributionEngine(model).attribute(x, method, **options)
    assert close(one.values, other.values)
    assert np.allclose(one.standard_error, other.standard_error, rtol=1e-2, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("method", METHODS)
def test_five_together_are_five_alone(method):
    x, engine = pictures(5), AttributionEngine(picture_net())
    together = engine.attribute(x, method, smoothing=6, integrating=8)
    for row in range(5):
        alone = engine.attribute(x[row : row + 1], method, smoothing=6, integrating=8)
        assert close(together.values[row], alone.values[0])
        assert together.target[row] == alone.target[0]
        assert np.allclose(
            together.completeness_gap[row], alone.completeness_gap[0], atol=1e-4, equal_nan=True
        )


@few
@given(st.permutations(range(5)), st.sampled_from(["smoothgrad", "smint", "integrated_gradients"]))
def test_the_order_of_the_batch_changes_nothing(order, method):
    x, engine = pictures(5), AttributionEngine(picture_net())
    straight = engine.attribute(x, method, smoothing=4, integrating=6)
    mixed = engine.attribute(x[list(order)], method, smoothing=4, integrating=6)
    assert close(mixed.values, straight.values[list(order)])


@pytest.mark.parametrize("method", ["smoothgrad", "smint", "expected_gradients", "integrated_gradients"])
def test_the_seed_and_the_index_decide(method):
    x, model = pictures(2), picture_net()
    options = {"smoothing": 4, "integrating": 6}

    def values(seed, index=None, engine_seed=0):
        return (
            AttributionEngine(model, seed=engine_seed)
            .attribute(x, method, seed=seed, index=index, **options)
            .values
        )

    assert np.array_equal(values(3), values(3))
    assert np.array_equal(values(None, engine_seed=3), values(3))
    assert not close(values(3), values(4))
    named = values(3, index=["a", "b"])
    assert close(named, values(3, index=["a", "b"]))
    assert not close(named, values(3, index=["c", "d"]))


def test_interrupted_and_begun_again_gives_the_same():
    x, model = pictures(2), picture_net()
    engine = AttributionEngine(model, chunk=4)
    whole = AttributionEngine(model).attribute(x, "smint", smoothing=6, integrating=24)
    for stop_after in (1, 3):
        stream = engine.stream(x, "smint", smoothing=6, integrating=24)
        for _ in range(stop_after):
            next(stream)
        stream.close()
        with pytest.raises(StopIteration):
            next(stream)
    assert close(engine.attribute(x, "smint", smoothing=6, integrating=24).values, whole.values)


@pytest.mark.parametrize("magnitude", [False, True])
def test_what_was_asked_before_does_not_matter(magnitude):
    # a short run is not scouted and a long one is: the long one must not go on from the short one
    x, model = pictures(2), picture_net()
    engine = AttributionEngine(model)
    for budget in (24, 100, 40):
        options = {"smoothing": 4, "integrating": budget, "magnitude": magnitude}
        found = engine.attribute(x, "smint", **options)
        fresh = AttributionEngine(model).attribute(x, "smint", **options)
        assert found.evaluations == fresh.evaluations
        assert close(found.values, fresh.values)


def test_two_streams_side_by_side_do_not_disturb_each_other():
    x, other, model = pictures(2), pictures(2, seed=4), picture_net()
    engine = AttributionEngine(model, chunk=4)
    options = {"smoothing": 6, "integrating": 12}
    expected = [AttributionEngine(model).attribute(one, "smint", **options).values for one in (x, other)]
    streams = [engine.stream(one, "smint", **options) for one in (x, other)]
    last = [None, None]
    for pair in zip(*streams, strict=True):
        last = [one.values for one in pair]
    assert close(last[0], expected[0])
    assert close(last[1], expected[1])


@pytest.mark.parametrize(
    ("method", "options", "most"),
    [
        ("saliency", {}, 1),
        ("smoothgrad", {"smoothing": 25}, 26),
        ("integrated_gradients", {"integrating": 100}, 100),
        ("smint", {"smoothing": 25, "integrating": 100}, 100),
        ("smint", {"smoothing": 3, "integrating": 8, "sampling": "product"}, 24),
    ],
)
def test_the_cost_in_rows_is_the_number_of_evaluations_and_not_its_product(method, options, most):
    model, seen = counted(picture_net())
    engine = AttributionEngine(model)
    found = engine.attribute(pictures(2), method, **options)
    assert found.evaluations <= most
    # beside the evaluations, the clean outputs, their scores and those at the baseline are looked at once
    assert 2 * found.evaluations <= sum(seen) <= 2 * (found.evaluations + 3)
    assert found.evaluations * 2 <= found.rows <= sum(seen)


def test_the_limit_of_evaluations_is_kept():
    model, seen = counted(picture_net())
    engine = AttributionEngine(model)
    for method in ("smoothgrad", "integrated_gradients", "smint"):
        seen.clear()
        found = engine.attribute(pictures(1), method, smoothing=100, integrating=100, max_evaluations=12)
        assert found.evaluations <= 12
        assert found.evaluations_total <= 12
        assert found.done
        assert sum(seen) <= 12 + 3


def test_no_batch_is_larger_than_the_chunk():
    model, seen = counted(picture_net())
    AttributionEngine(model, chunk=6).attribute(pictures(2), "smint", smoothing=8, integrating=40)
    assert max(seen) <= 8  # a pair of mirrored pairs is not torn apart, and each of the two pictures has one


def test_the_chunk_is_halved_when_memory_runs_out_and_the_result_is_the_same():
    sizes: list[int] = []

    def tell(rows: int) -> None:
        sizes.append(rows)
        if rows > 5:
            raise MemoryError("no room for so many rows")

    inner, x = picture_net(), pictures(2)
    found = AttributionEngine(Counted(inner, tell).eval()).attribute(x, "smoothgrad", smoothing=40)
    expected = AttributionEngine(inner).attribute(x, "smoothgrad", smoothing=40)
    assert close(found.values, expected.values)
    assert max(sizes) > 5  # it did run out
    assert sum(size > 5 for size in sizes) <= 8  # and did not try again and again
    assert found.evaluations == 40


def test_memory_that_is_short_for_one_row_is_reported():
    def tell(rows: int) -> None:
        raise MemoryError("no room at all")

    with pytest.raises(MemoryError):
        AttributionEngine(Counted(picture_net(), tell).eval()).attribute(pictures(2), "smoothgrad")


def test_tolerance_stops_as_soon_as_the_picture_has_converged():
    model, seen = counted(tanh_net())
    engine = AttributionEngine(model, chunk=8)
    x = tables(2)
    reference = AttributionEngine(model).attribute(x, "smoothgrad", smoothing=8192, noise=0.1).values
    spent = []
    for tolerance in (0.05, 0.01):
        seen.clear()
        found = engine.attribute(x, "smoothgrad", smoothing=20000, noise=0.1, tolerance=tolerance)
        spent.append(found.evaluations)  # rows are fewer: the second goes on from the first
        assert found.done
        assert found.converged
        assert np.all(found.standard_error <= tolerance)
        assert found.evaluations < found.evaluations_total
        assert relative(found.values, reference) < 3 * tolerance
    assert spent[0] < spent[1] < 20000


def test_a_tolerance_that_is_not_reached_is_not_claimed():
    found = AttributionEngine(tanh_net()).attribute(
        tables(2), "smoothgrad", smoothing=10, noise=0.5, tolerance=1e-12
    )
    assert found.done
    assert not found.converged
    assert found.evaluations == found.evaluations_total


def test_progress_is_told_up_to_the_end():
    told: list[tuple[int, int]] = []
    AttributionEngine(picture_net(), chunk=8).attribute(
        pictures(2),
        "smint",
        smoothing=8,
        integrating=40,
        progress=lambda done, total: told.append((done, total)),
    )
    done = [one for one, _ in told]
    assert len(told) > 2
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]
    assert len({total for _, total in told}) == 1


def test_masks_percentiles_and_signs_cost_nothing():
    model, seen = counted(picture_net())
    found = AttributionEngine(model).attribute(pictures(2), "smoothgrad", smoothing=4)
    before = len(seen)
    assert found.masks.shape == (2, 8, 8)
    assert found.masks_at(percentile=90).mean() >= found.masks.mean()
    assert found.masks_at(signed=True).shape == (2, 8, 8)
    assert len(seen) == before


# -- the whole picture ------------------------------------------------------------------------------------------------


def test_the_columns_are_the_methods():
    x, model = pictures(2), picture_net()
    options = {"smoothing": 6, "integrating": 12, "seed": 2}
    grid = AttributionEngine(model).saliency_columns(x, **options)
    assert isinstance(grid, SaliencyColumns)
    engine = AttributionEngine(model)
    assert close(grid.raw.values, engine.attribute(x, "saliency", **options).values)
    assert close(grid.smoothed.values, engine.attribute(x, "smoothgrad_squared", **options).values)
    assert close(grid.integrated.values, engine.attribute(x, "integrated_gradients", **options).values)
    assert close(grid.smint.values, engine.attribute(x, "smint", **options).values)
    assert np.array_equal(grid.overlay, grid.smint.masks)
    assert np.allclose(grid.completeness_gap, grid.integrated.completeness_gap)
    assert np.array_equal(grid.target, grid.smint.target)
    assert grid.done


def test_the_columns_stream_to_the_same_picture():
    x, model = pictures(2), picture_net()
    options = {"smoothing": 6, "integrating": 12}
    parts = list(AttributionEngine(model, chunk=4).stream_columns(x, **options))
    whole = AttributionEngine(model).saliency_columns(x, **options)
    for name in COLUMNS:
        assert close(getattr(parts[-1], name).values, getattr(whole, name).values)
    assert len(parts) > 4
    assert parts[0].raw is not None
    assert [one.done for one in parts] == [False] * (len(parts) - 1) + [True]
    evaluations = [one.evaluations for one in parts]
    assert evaluations == sorted(evaluations)
    assert evaluations[-1] == parts[-1].evaluations_total == whole.evaluations
    assert all(one.overlay.shape == (2, 8, 8) for one in parts)


@pytest.mark.parametrize(
    ("smoothing", "integrating", "there", "best"),
    [
        (0, 0, {"raw"}, "raw"),
        (4, 0, {"raw", "smoothed"}, "smoothed"),
        (0, 6, {"raw", "integrated"}, "integrated"),
        (4, 6, {"raw", "smoothed", "integrated", "smint"}, "smint"),
    ],
)
def test_columns_are_switched_off_with_their_slider(smoothing, integrating, there, best):
    grid = AttributionEngine(picture_net()).saliency_columns(
        pictures(1), smoothing=smoothing, integrating=integrating
    )
    assert {name for name in COLUMNS if getattr(grid, name) is not None} == there
    assert np.array_equal(grid.overlay, getattr(grid, best).masks)


def test_the_seeds_picture_costs_the_sum_of_its_sliders_and_not_their_product():
    model, seen = counted(picture_net())
    grid = AttributionEngine(model).saliency_columns(pictures(1), smoothing=25, integrating=100)
    assert grid.evaluations <= 1 + 26 + 100 + 100
    assert sum(seen) <= grid.evaluations + 3
