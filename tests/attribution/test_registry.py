"""One entry makes a method known to calls, to the picture's columns and to figures."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import picture_net, pictures, relative

import xai_widgets as xw
from xai_widgets.attribution import Method, methods
from xai_widgets.attribution.results import Attribution
from xai_widgets.figures import saliency_grid
from xai_widgets.live.saliency.requests import ColumnsRequest

OPTIONS = {"smoothing": 6, "integrating": 8}


def planned() -> Method:
    """The spread of the gradient over noisy copies, in the units of the gradient."""
    return Method(
        "toy_spread", "Toy spread", aliases=("toy",),
        plan=lambda planner, job: planner.smoothed(job, job.settings.smoothing),
        value=lambda track, units: track.variance(units) ** 0.5,
    )  # fmt: skip


def made() -> Method:
    """The input itself, which needs no gradient."""

    def make(backend, job, rows, partial):
        x = np.asarray(job.scene.inputs[0])
        unknown = np.full(len(x), np.nan)
        yield Attribution(
            "toy_input", x, job.target, job.prediction, job.probability, job.score, 1, 1, job.rows, unknown, unknown,
            True, layouts=job.layouts,
        )  # fmt: skip

    return Method("toy_input", "Toy input", make=make)


@pytest.fixture(params=[planned, made], ids=["planned", "made"])
def toy(request):
    method = xw.attribution.register(request.param())
    yield method
    methods.unregister(method.name)


def test_a_method_from_outside_is_in_calls_columns_and_figures(toy):
    engine, x = xw.AttributionEngine(picture_net()), pictures(2)
    found = engine.attribute(x, toy.name, **OPTIONS)
    assert found.method == toy.name
    assert found.values.shape == x.shape
    assert toy.name in xw.attribution.METHODS
    assert methods.columns()[toy.name] == toy.title
    request = ColumnsRequest((0, 1), columns=("raw", toy.name), **OPTIONS)  # what the panel asks for
    *_, grid = engine.stream_columns(x, **request.engine_arguments())
    assert list(grid.columns) == ["raw", toy.name]
    assert grid.smint is None
    assert np.array_equal(grid.columns[toy.name].values, found.values)
    shots = np.zeros((2, 8, 8, 3), np.uint8)
    assert toy.title in saliency_grid(grid, shots).svg()


def test_what_is_read_off_a_shared_track_costs_nothing_more():
    engine, x = xw.AttributionEngine(picture_net()), pictures(2)
    method = xw.attribution.register(planned())
    try:
        variance = engine.attribute(x, "vargrad", **OPTIONS).values
        before = engine.rows_evaluated
        assert relative(engine.attribute(x, "toy", **OPTIONS).values, np.sqrt(variance)) < 1e-6
        assert engine.rows_evaluated == before
    finally:
        methods.unregister(method.name)


def test_an_unknown_name_lists_the_known():
    engine, x = xw.AttributionEngine(picture_net()), pictures(1)
    text = r"smoothgrad_squared.*occlusion.*smoothgrat.*did you mean 'smoothgrad'"
    with pytest.raises(ValueError, match=text):
        engine.attribute(x, "smoothgrat")
    with pytest.raises(ValueError, match=text):
        engine.saliency_columns(x, columns=("raw", "smoothgrat"))


def test_every_method_can_be_a_column():
    keys = methods.names()
    grid = xw.AttributionEngine(picture_net()).saliency_columns(
        pictures(2), columns=keys, baseline="zeros", **OPTIONS
    )
    assert tuple(grid.columns) == keys
    assert all(np.isfinite(one.values).all() for one in grid.columns.values())
    assert np.array_equal(grid.overlay, grid.columns["smint"].masks), "the best of the seed's four"
    assert np.all(grid.columns["integrated_gradients"].completeness_gap < 0.5)
    assert np.isfinite(grid.columns["blur_integrated_gradients"].completeness_gap).all()


def test_zero_draws_and_steps_switch_off_what_needs_them():
    engine, x = xw.AttributionEngine(picture_net()), pictures(1)
    off = engine.saliency_columns(x, columns=methods.names(), smoothing=0, integrating=0)
    left = ("saliency", "input_x_gradient", "gradcam", "gradcam++", "eigencam", "occlusion")
    assert tuple(off.columns) == left
    with pytest.raises(ValueError, match="no column left"):
        engine.saliency_columns(x, columns=("vargrad", "smint"), smoothing=0)


def test_columns_that_are_no_averages_come_bit_by_bit_and_can_be_called_off():
    engine, x = xw.AttributionEngine(picture_net(), chunk=8), pictures(1)
    stream = engine.stream_columns(x, columns=("raw", "occlusion"), window=2, stride=1)
    first = next(stream)
    assert not first.done
    assert 0 < first.evaluations < first.evaluations_total
    stream.close()
    *_, last = engine.stream_columns(x, columns=("raw", "occlusion"), window=2, stride=1)
    assert last.done
    assert tuple(last.columns) == ("raw", "occlusion")
    assert last.evaluations == last.evaluations_total
    alone = engine.attribute(x, "occlusion", window=2, stride=1)
    assert np.array_equal(last.columns["occlusion"].values, alone.values)


def test_a_name_is_given_once_and_an_entry_is_whole():
    for name in ("smint", "ig", "raw"):
        with pytest.raises(ValueError, match="already"):
            xw.attribution.register(Method(name, "Again", plan=lambda planner, job: planner.raw(job)))
    with pytest.raises(ValueError, match="one of plan= and make="):
        Method("nothing", "Nothing")
    with pytest.raises(TypeError, match="takes an xai_widgets"):
        xw.attribution.register("nothing")
