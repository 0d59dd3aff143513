"""Masks are total: whatever comes in, numbers in [0, 1] go out."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_models import picture_net, pictures
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xai_widgets import AttributionEngine
from xai_widgets.attribution import mask_of, overlay

few = settings(max_examples=25, deadline=None)
anything = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 3), st.just(3), st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
)  # fmt: skip
tame = hnp.arrays(
    np.float32,
    (2, 3, 5, 4),
    elements=st.floats(-100, 100, width=32).filter(lambda v: v == 0 or abs(v) > 1e-3),
)
COLORS = np.stack([np.arange(256), np.zeros(256), 255 - np.arange(256)], 1).astype(np.uint8)


@few
@given(anything, st.floats(0.1, 100), st.booleans())
def test_any_values_make_a_mask_in_the_unit_interval(values, percentile, signed):
    masks = mask_of(values, "NCHW", percentile=percentile, signed=signed)
    assert masks.dtype == np.float32
    assert masks.shape == (len(values), *values.shape[2:])
    assert np.all((masks >= 0) & (masks <= 1))


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e-30, 1e30, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (2, 3, 4, 4)])
def test_a_flat_map_gives_zeros(value, shape):
    assert np.array_equal(mask_of(np.full(shape, value, np.float32), "NCHW"), np.zeros((2, *shape[2:])))


def test_a_signed_map_of_zeros_is_in_the_middle():
    assert np.all(mask_of(np.zeros((1, 3, 4, 4)), "NCHW", signed=True) == 0.5)


@few
@given(tame, st.floats(0.01, 1000), st.sampled_from([90.0, 99.0, 100.0]))
def test_masks_do_not_depend_on_the_scale_or_the_sign(values, scale, percentile):
    masks = mask_of(values, "NCHW", percentile)
    assert np.allclose(mask_of(values * np.float32(scale), "NCHW", percentile), masks, atol=1e-4)
    assert np.array_equal(mask_of(-values, "NCHW", percentile), masks)


@few
@given(tame)
def test_masks_keep_the_order_and_do_not_depend_on_the_layout_or_the_batch(values):
    masks = mask_of(values, "NCHW")
    summed = np.abs(values).sum(1)
    for mask, one in zip(masks, summed, strict=True):
        order = np.argsort(one.ravel(), kind="stable")
        assert np.all(np.diff(mask.ravel()[order]) >= 0)
    assert np.allclose(mask_of(values.transpose(0, 2, 3, 1), "NHWC"), masks, atol=1e-5)
    assert np.array_equal(mask_of(values[1:], "NCHW"), masks[1:])


@few
@given(tame)
def test_signed_masks_keep_the_sign(values):
    masks = mask_of(values, "NCHW", signed=True)
    summed = values.sum(1)
    assert np.all(masks[summed > 1e-3] >= 0.5)
    assert np.all(masks[summed < -1e-3] <= 0.5)
    assert np.allclose(mask_of(-values, "NCHW", signed=True), 1 - masks, atol=1e-5)


def test_one_hot_pixel_is_seen():
    values = np.zeros((1, 3, 32, 32), np.float32)
    values[0, 1, 4, 5] = 1e-20
    mask = mask_of(values, "NCHW")[0]
    assert mask[4, 5] == 1
    assert mask.sum() == 1


def test_what_is_not_finite_does_not_hide_the_rest():
    values = pictures(1)
    clean = mask_of(values, "NCHW")
    values[0, 0, 0, 0] = np.nan
    values[0, 1, 0, 1] = np.inf
    spoilt = mask_of(values, "NCHW")
    assert np.all(np.isfinite(spoilt))
    assert np.abs(spoilt[0, 1:] - clean[0, 1:]).max() < 0.2
    assert spoilt.max() == 1


def test_the_percentile_is_shown_full():
    values = np.arange(1, 10001, dtype=np.float32).reshape(1, 1, 100, 100)
    mask = mask_of(values, "NCHW", percentile=99)
    assert 0.009 < (mask == 1).mean() < 0.012
    assert mask.min() == 0
    assert (mask_of(values, "NCHW", percentile=100) == 1).sum() == 1


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((2, 3, 4, 5), "NCHW", (2, 4, 5)),
        ((2, 4, 5, 3), "NHWC", (2, 4, 5)),
        ((2, 4, 5, 7), "NHWC", (2, 4, 5)),
        ((2, 4, 5), "NHW", (2, 4, 5)),
        ((2, 6, 20), "NCL", (2, 20)),
        ((2, 20, 6), "NLC", (2, 20)),
        ((2, 9), None, (2, 9)),
        ((2, 3, 4, 5), None, (2, 4, 5)),
        ((2, 4, 5, 1), None, (2, 4, 5)),
    ],
)
def test_the_channels_are_summed_away(shape, layout, expected):
    assert mask_of(pictures(2, shape=shape[1:]), layout).shape == expected


@pytest.mark.parametrize(
    ("shape", "options", "says"),
    [
        ((1, 3, 4, 4), {"percentile": 0}, r"percentile.*\(0, 100\].*0"),
        ((1, 3, 4, 4), {"percentile": 101}, r"percentile.*101"),
        ((1, 3, 4, 4), {"percentile": float("nan")}, "percentile.*nan"),
        ((1, 3, 4, 4), {"layout": "NHW"}, r"NHW.*\(1, 3, 4, 4\)"),
        ((1, 3, 4, 4), {"layout": "QQQQ"}, "NCHW.*QQQQ"),
        ((1, 2, 3, 4, 5, 6), {}, r"\(1, 2, 3, 4, 5, 6\).*layout="),
    ],
)
def test_what_cannot_be_a_mask_is_explained(shape, options, says):
    with pytest.raises(ValueError, match=says):
        mask_of(np.zeros(shape), **options)


def test_masks_of_a_result_use_its_layout():
    x = pictures(2)
    found = AttributionEngine(picture_net()).attribute(x, "saliency")
    assert found.layouts == ("NCHW",)
    assert found.masks.dtype == np.float32
    assert np.array_equal(found.masks, mask_of(found.values, "NCHW"))
    assert np.array_equal(found.masks_at(90, signed=True), mask_of(found.values, "NCHW", 90, signed=True))


@few
@given(
    hnp.arrays(np.uint8, (4, 6, 3)), hnp.arrays(np.float32, (4, 6), elements=st.floats(0, 1, width=32)),
    st.floats(0, 1),
)  # fmt: skip
def test_an_overlay_lies_between_the_picture_and_the_colours(picture, mask, strength):
    laid = overlay(picture, mask, COLORS, strength=strength)
    assert laid.dtype == np.uint8
    assert laid.shape == (4, 6, 3)
    tint = COLORS[np.rint(mask * 255).astype(int)].astype(int)
    assert np.all(laid >= np.minimum(picture, tint) - 1)
    assert np.all(laid <= np.maximum(picture.astype(int), tint) + 1)


def test_overlays_of_small_masks_grey_pictures_and_broken_values():
    grey = np.full((8, 8), 100, np.uint8)
    assert overlay(grey, np.zeros((8, 8)), COLORS).shape == (8, 8, 3)
    small = overlay(grey, np.array([[0.0, 1.0], [0.0, 1.0]]), COLORS)
    assert np.all(small[:, :4] == small[0, 0])
    assert np.all(small[:, 4:] == small[0, 7])
    assert not np.array_equal(small[0, 0], small[0, 7])
    broken = overlay(grey, np.full((8, 8), np.nan), COLORS)
    assert np.array_equal(broken, overlay(grey, np.zeros((8, 8)), COLORS))
    assert np.array_equal(
        overlay(grey, np.ones((8, 8)), COLORS, strength=0), np.repeat(grey[..., None], 3, 2)
    )


@pytest.mark.parametrize(
    ("picture", "mask", "colors", "says"),
    [
        (np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4)), COLORS, r"picture.*\(H, W, 3\).*\(4, 4, 2\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros(4), COLORS, r"mask.*\(H, W\).*\(4,\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), COLORS[:10], r"colormap.*\(256, 3\).*\(10, 3\)"),
    ],
)
def test_what_cannot_be_laid_over_is_explained(picture, mask, colors, says):
    with pytest.raises(ValueError, match=says):
        overlay(picture, mask, colors)
