"""A kind of input is one entry for how it is drawn, and one for how its masks are."""

from __future__ import annotations

import numpy as np
import pytest

import xai_widgets as xw
from xai_widgets.samples import Kind, as_samples, kinds

RED = np.full((3, 3, 3), (255, 0, 0), np.uint8)


@pytest.fixture
def board():
    """Boards of 3 x 3 squares, which would otherwise be signals of three channels."""
    kind = kinds.register(
        Kind("board", lambda x: x.shape == (3, 3), lambda x: RED * (x > 0)[..., None].astype(np.uint8),
             lambda shape: "a board of nine squares")
    )  # fmt: skip
    yield kind
    kinds.unregister("board")


def test_a_kind_from_outside_is_found_named_and_drawn(board):
    x = np.stack([np.eye(3), -np.eye(3)]).astype(np.float32)
    samples = as_samples((x, [0, 1]))
    assert samples.kind == "board"
    assert samples.layout is None
    assert "a board of nine squares" in repr(samples)
    first, second = samples.pictures([0, 1])
    assert (first[..., 0] == 255 * np.eye(3)).all()
    assert not second.any()
    assert samples.batch([0]).inputs.shape == (1, 3, 3)
    kinds.unregister("board")
    assert as_samples((x, [0, 1])).kind == "signal"


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        ((8, 8, 3), "picture", "layout NHWC"),
        ((4,), "table", "4 values, drawn as bars"),
        ((40,), "signal", "40 values, drawn as a line"),
        ((2, 40), "signal", "2 × 40 values, drawn as lines"),
        ((2, 2, 2, 2), "other", "not a picture: shape"),
    ],
)
def test_the_kinds_there_are_fit_as_they_look(shape, kind, says):
    samples = as_samples(np.random.default_rng(0).random((3, *shape), np.float32))
    assert samples.kind == kind
    assert says in repr(samples)
    (drawn,) = samples.pictures([1])
    assert drawn.dtype == np.uint8
    assert drawn.shape[2] == 3


def test_a_kind_is_named_where_it_cannot_be_seen():
    ids = np.arange(12).reshape(2, 6)
    samples = as_samples(ids, kind="text")
    assert samples.kind == "text"
    assert "a text of 6 tokens" in repr(samples)
    (drawn,) = as_samples(np.array([[5, 9, 5, 2]]), kind="text").pictures([0])
    cells = [drawn[1:7, 8 * place + 1 : 8 * place + 7] for place in range(4)]
    assert (cells[0] == cells[2]).all()
    assert (cells[0] != cells[1]).any()
    square = np.zeros((2, 8, 8), np.float32)
    assert as_samples(square).kind == "picture"
    assert as_samples(square, kind="signal").layout is None


def test_the_kind_of_a_function_is_known_when_a_sample_was_read():
    samples = as_samples(lambda index: np.zeros((8, 8, 3), np.float32))
    assert samples.kind == ""
    samples.batch([3])
    assert samples.kind == "picture"


def test_unknown_names_list_the_known_and_an_entry_is_whole(board):
    with pytest.raises(ValueError, match=r"unknown kind of input 'sound'; one of picture, table, .*board"):
        as_samples(np.zeros((2, 3)), kind="sound")
    with pytest.raises(ValueError, match="is taken"):
        kinds.register(Kind("table", board.fits, board.draw, board.says))
    with pytest.raises(TypeError, match=r"samples\.Kind is expected"):
        kinds.register("board")
    with pytest.raises(TypeError, match="are to be functions"):
        Kind("odd", None, board.draw, board.says)
    kinds.register(Kind("board", board.fits, lambda x: x, board.says))
    with pytest.raises(TypeError, match=r"draw of the kind 'board' should give uint8"):
        as_samples(np.zeros((2, 3, 3), np.float32)).pictures([0])
    assert xw.samples.kinds.names()[-1] == "board"
