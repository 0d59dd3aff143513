"""Layouts and the way back from a model's input to a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xai_widgets.samples import guess_layout, to_picture


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((8, 3, 32, 32), "NCHW"),
        ((8, 32, 32, 3), "NHWC"),
        ((8, 1, 28, 28), "NCHW"),
        ((8, 28, 28, 1), "NHWC"),
        ((8, 4, 84, 84), "NCHW"),
        ((8, 28, 28), "NHW"),
        ((8, 8, 8), "NHW"),
        ((1, 3, 8, 8), "NCHW"),
        ((None, 224, 224, 3), "NHWC"),
    ],
)
def test_layouts_that_can_be_told(shape, layout):
    assert guess_layout(shape) == layout


@pytest.mark.parametrize(
    "shape",
    [
        (8, 3, 3, 3),
        (8, 3, 32, 1),
        (8, 64, 64, 64),
        (8, 2, 32, 32),
        (32, 32, 3),
        (8, 3, 4000),
        (8, 7),
        (2, 3, 4, 5, 6),
    ],
)
def test_layouts_that_cannot_be_told_say_so_and_how_to_go_on(shape):
    with pytest.raises(ValueError, match=r"pass layout=|has no layout") as error:
        guess_layout(shape)
    assert str(shape[-1]) in str(error.value)


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="one of NCHW, NHWC, NHW, got 'CWH'"):
        to_picture(np.zeros((3, 8, 8)), "CWH")


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(5, 12), st.integers(5, 12), st.sampled_from([1, 3]))),
    st.tuples(*[st.floats(0, 1, width=32)] * 3),
    st.tuples(*[st.floats(0.0625, 1, width=32)] * 3),
    st.sampled_from(["NCHW", "NHWC"]),
)
def test_normalising_and_showing_gives_the_same_bytes(picture, mean, std, layout):
    channels = picture.shape[-1]
    mean, std = np.float32(mean[:channels]), np.float32(std[:channels])
    x = (picture / np.float32(255) - mean) / std
    x = x.transpose(2, 0, 1) if layout == "NCHW" else x
    assert np.array_equal(to_picture(x, layout, mean, std), np.broadcast_to(picture, (*picture.shape[:2], 3)))


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=5, max_side=9),
        elements=st.floats(width=32),
    )
)
def test_any_floats_at_all_make_a_picture(x):
    picture = to_picture(x)
    assert picture.shape == (*x.shape, 3)
    assert picture.dtype == np.uint8


def test_bytes_stay_bytes():
    picture = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    assert np.array_equal(to_picture(picture), picture)


def test_common_ranges_are_recognised():
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    expected = np.rint(ramp * 255)
    for scaled in (ramp, ramp * 255, ramp * 2 - 1, ramp * 16, ramp * 7 - 30):
        assert np.abs(to_picture(scaled)[..., 0].astype(float) - expected).max() <= 1


def test_a_dim_picture_in_the_unit_range_stays_dim():
    assert to_picture(np.full((8, 8), 0.1, np.float32)).max() == 26


def test_channels_other_than_colour():
    two = np.stack([np.zeros((8, 8)), np.ones((8, 8))]).astype(np.float32)
    assert np.all(to_picture(two, "NCHW") == 128)
    clear = np.zeros((8, 8, 4), np.float32)
    assert np.all(to_picture(clear, "NHWC") == 255), "what is transparent shows white ground"


def test_a_grey_picture_of_a_coloured_data_set_and_a_leading_side_of_one():
    assert to_picture(np.zeros((8, 8)), "NHWC").shape == (8, 8, 3)
    assert to_picture(np.zeros((1, 3, 8, 9)), "NCHW").shape == (8, 9, 3)
    assert to_picture(np.zeros((1, 8, 9)), "NHW").shape == (8, 9, 3)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"takes one picture, got a batch of shape \(2, 3, 8, 8\)"):
        to_picture(np.zeros((2, 3, 8, 8)))
    with pytest.raises(ValueError, match="mean has 2 values for pictures of 3 channels"):
        to_picture(np.zeros((3, 8, 8)), mean=[0.1, 0.2])
    with pytest.raises(ValueError, match="empty picture"):
        to_picture(np.zeros((3, 0, 8)), "NCHW")
    with pytest.raises(ValueError, match=r"layout NHWC needs a picture with 3 sides, got shape \(5,\)"):
        to_picture(np.zeros(5), "NHWC")
