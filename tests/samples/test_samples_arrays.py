"""Samples from arrays, dicts, lists and functions: no framework at all."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from xai_widgets.samples import MissingIndexError, Samples, as_samples

RNG = np.random.default_rng(0)
X = RNG.random((6, 8, 9, 3), dtype=np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])


def test_an_array_with_labels():
    samples = as_samples((X, Y), label_names=["cat", "dog", "frog"])
    batch = samples.batch([4, 0])
    assert samples.layout == "NHWC"
    assert len(samples) == 6
    assert batch.index == (4, 0)
    assert batch.inputs.dtype == np.float32
    assert np.array_equal(batch.inputs, X[[4, 0]])
    assert batch.labels.tolist() == [1, 0]
    assert batch.labels.dtype == np.int64
    assert [samples.name_of(v) for v in (0, 2, 7, -1)] == ["cat", "frog", "7", "unknown"]
    assert np.array_equal(samples.pictures(2)[0], np.rint(X[2] * 255).astype(np.uint8))


@pytest.mark.parametrize(
    "make",
    [
        lambda index: as_samples(X, labels=Y, index=index),
        lambda index: as_samples((X, Y, index)),
        lambda index: as_samples({"image": X, "label": Y, "idx": index}),
        lambda index: as_samples(
            {"left": X, "kind": Y, "key": index}, column="left", labels="kind", index="key"
        ),
        lambda index: as_samples(list(zip(X, Y.tolist(), strict=True)), index=index),
        lambda index: as_samples([{"img": x, "target": y} for x, y in zip(X, Y, strict=True)], index=index),
        lambda index: as_samples(dict(zip(index, zip(X, Y, strict=True), strict=True))),
        lambda index: as_samples(lambda i: (X[list(index).index(i)], Y[list(index).index(i)]), index=index),
        lambda index: as_samples(
            lambda i: X[i if isinstance(i, int) and i < 6 else list(index).index(i)],
            index=index,
            labels=dict(zip(index, Y.tolist(), strict=True)),
        ),
    ],
)
@pytest.mark.parametrize("index", [["a", "b", "ü", "d d", "e", "f"], [40, 7, 1013, -2, 2**40, 11]])
def test_every_container_gives_the_same_samples(make, index):
    samples = make(index)
    batch = samples.batch([index[5], index[1]])
    assert batch.labels.tolist() == [2, 1]
    assert np.array_equal(batch.inputs, X[[5, 1]])
    assert list(samples.indices) == index
    assert samples.has(index[3])
    assert not samples.has("nobody")
    assert not samples.has(99)
    assert not samples.has(None)
    assert not samples.has(1.5)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=40, unique=True), st.data())
def test_any_integers_find_their_rows(values, data):
    samples = as_samples(np.arange(len(values), dtype=np.float32)[:, None], index=values)
    asked = data.draw(st.lists(st.sampled_from(values), min_size=1))
    assert samples.batch(asked).inputs[:, 0].tolist() == [values.index(v) for v in asked]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=8).filter(lambda t: not t.endswith("\0")), min_size=1, max_size=20, unique=True)
)
def test_any_text_finds_its_row(values):
    samples = as_samples(np.arange(len(values), dtype=np.float32)[:, None], index=values)
    assert samples.batch(values).inputs[:, 0].tolist() == list(range(len(values)))


def test_missing_indices_are_all_named_with_what_there_is():
    samples = as_samples(X, index=[f"img_{i}" for i in range(6)])
    with pytest.raises(
        MissingIndexError, match=r"'nope', 17 and 5 more|'nope', 17, 100, 101, 102 and 2 more"
    ) as error:
        samples.batch(["img_1", "nope", 17, *range(100, 105)])
    assert error.value.missing == ("nope", 17, 100, 101, 102, 103, 104)
    assert "6 samples with indices from 'img_0' to 'img_5'" in str(error.value)
    with pytest.raises(MissingIndexError, match="0 to 5"):
        as_samples(X).pictures([6])
    with pytest.raises(MissingIndexError, match="the function returned None"):
        as_samples({"a": 1}.get).batch(["b"])
    with pytest.raises(MissingIndexError, match="the function raised KeyError"):
        as_samples({"a": X[0]}.__getitem__).batch(["b"])


def test_a_function_without_index_values():
    samples = as_samples(lambda i: {"k": (X[0], 1)}[i])
    assert samples.indices is None
    assert samples.has("k")
    assert not samples.has("q")
    assert samples.batch("k").labels.tolist() == [1]
    assert samples.pictures("k")[0].shape == (8, 9, 3)
    with pytest.raises(TypeError, match="pass index="):
        len(samples)


def test_eight_bit_pictures_get_the_normalisation_and_floats_have_it():
    picture = (X * 255).astype(np.uint8)
    mean, std = [0.1, 0.2, 0.3], [0.5, 0.25, 0.2]
    from_bytes = as_samples(picture, mean=mean, std=std)
    normalised = (picture / np.float32(255) - np.float32(mean)) / np.float32(std)
    assert np.allclose(from_bytes.batch([0, 1]).inputs, normalised[:2], atol=1e-6)
    assert np.array_equal(from_bytes.pictures(3)[0], picture[3])
    from_floats = as_samples(normalised.transpose(0, 3, 1, 2), mean=mean, std=std)
    assert from_floats.layout == "NCHW"
    assert np.array_equal(from_floats.batch([1]).inputs[0], normalised[1].transpose(2, 0, 1))
    assert np.array_equal(from_floats.pictures(3)[0], picture[3])
    bytes_first = as_samples(picture.transpose(0, 3, 1, 2), mean=mean, std=std)
    assert np.allclose(bytes_first.batch([2]).inputs[0], normalised[2].transpose(2, 0, 1), atol=1e-6)


def test_one_range_for_all_pictures_of_a_data_set():
    digits = np.zeros((4, 8, 8), np.float32)
    digits[0] += 16
    digits[1] += 8
    samples = as_samples(digits)
    assert samples.layout == "NHW"
    assert [int(p.max()) for p in samples.pictures([0, 1, 2])] == [255, 128, 0]


def test_a_transform_for_the_model_and_the_raw_picture_for_the_eye():
    samples = as_samples((X * 255).astype(np.uint8), to_input=lambda x: x.transpose(2, 0, 1)[:, ::2] / 255)
    assert samples.batch([0]).inputs.shape == (1, 3, 4, 9)
    assert samples.pictures([0])[0].shape == (8, 9, 3)
    shown = as_samples(X, display=lambda x: np.full((5, 5, 3), 7, np.uint8))
    assert np.all(shown.pictures([0])[0] == 7)


def test_several_inputs():
    other = RNG.random((6, 4), dtype=np.float32)
    samples = as_samples(((X, other), Y))
    first, second = samples.batch([2, 3]).inputs
    assert np.array_equal(first, X[2:4])
    assert np.array_equal(second, other[2:4])
    assert samples.pictures([2])[0].shape == (8, 9, 3), "the first input is the picture"


def test_labels_of_many_kinds():
    assert as_samples(X, labels=["cat", "ant", "cat", "bee", "ant", "ant"]).label_names == {
        0: "ant",
        1: "bee",
        2: "cat",
    }
    assert as_samples(X, labels=np.eye(6)[[5, 4, 3, 2, 1, 0]]).labels([0, 5]).tolist() == [5, 0]
    assert as_samples(X, labels=[3.0, None, 0.5, [1.0], np.int8(2), "x"]).labels(range(6)).tolist() == [
        3,
        -1,
        -1,
        1,
        2,
        0,
    ]
    assert as_samples(X).labels([0]).tolist() == [-1]
    named = as_samples(X, labels=["dog"] * 6, label_names={"cat": 3, "dog": 5})
    assert named.labels([0]).tolist() == [5]
    assert as_samples(X, labels=lambda i: i % 2).labels([4, 5]).tolist() == [0, 1]


def test_files_of_pictures(tmp_path):
    paths = []
    for i in range(3):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray((X[i] * 255).astype(np.uint8)).save(paths[-1])
    samples = as_samples(paths, labels=[0, 1, 0])
    assert np.array_equal(samples.pictures([1])[0], (X[1] * 255).astype(np.uint8))
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(TypeError, match="not a picture file"):
        as_samples([str(tmp_path / "bad.png")])
    with pytest.raises(TypeError, match="no readable file"):
        as_samples(["nowhere.png"])


def test_what_is_no_picture_is_said_and_drawn_plainly():
    table, signal, clip = (
        np.eye(3, 4),
        np.sin(np.arange(3 * 2 * 500).reshape(3, 2, 500) / 20),
        np.zeros((2, 4, 5, 6, 3)),
    )
    for data, note in (
        (table, "not a picture: 4 values, drawn as bars"),
        (signal, "not a picture: 2 × 500 values, drawn as lines"),
        (clip, "not a picture: shape (4, 5, 6, 3)"),
    ):
        samples = as_samples(data)
        picture = samples.pictures([1])[0]
        assert samples.layout is None
        assert samples.note == note
        assert picture.shape == (64, 64, 3)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1, "something is drawn"
    assert not np.array_equal(*as_samples(table).pictures([0, 1]))
    assert as_samples(np.zeros((2, 32, 32, 3)), layout="none").layout is None


def test_a_layout_that_cannot_be_told_stops_early_and_layout_helps():
    cube = np.zeros((2, 64, 64, 64), np.float32)
    with pytest.raises(ValueError, match="pass layout='NCHW' or 'NHWC'"):
        as_samples(cube)
    assert as_samples(cube, layout="CHW").pictures([0])[0].shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("data", "options", "error", "text"),
    [
        (X, {"labels": [1, 2]}, ValueError, "2 labels for 6 samples"),
        (X, {"index": [1, 2]}, ValueError, "index holds 2 values for 6 samples"),
        (X, {"index": [1, 2, 3, 4, 5, 1]}, ValueError, "index value 1 stands at more than one sample"),
        (X, {"index": [1, 2, 3, 4, 5, "1"]}, TypeError, "mixes integers and strings"),
        (X, {"index": [0.5] * 6}, TypeError, "an integer or a string, got float"),
        (X, {"label_names": 7}, TypeError, "label_names should be"),
        (X, {"to_input": 3}, TypeError, "to_input should be a function"),
        ((X, Y[:3]), {}, ValueError, "differ in length: 6, 3"),
        ((X, Y, Y, Y), {}, TypeError, r"\(x, y\) or \(x, y, index\)"),
        (iter([1]), {}, TypeError, "give the data set behind it"),
        (3, {}, TypeError, "cannot be read from int"),
        ([object()], {}, TypeError, "should hold numbers, got object"),
        ({"a": X, "b": Y}, {"column": "c"}, KeyError, "c"),
        (
            [{"a": X[0], "b": 1}],
            {},
            ValueError,
            "which column is the input cannot be told from 'a', 'b'; pass column",
        ),
        ([(1, 2, 3, 4)], {}, ValueError, "tuple of 4"),
        (lambda i: X[i], {"labels": [1]}, TypeError, "labels for a function"),
    ],
)
def test_mistakes_are_named(data, options, error, text):
    with pytest.raises(error, match=text):
        as_samples(data, **options)


def test_pictures_of_different_sizes_can_be_seen_but_not_stacked():
    samples = as_samples([np.zeros((8, 8, 3)), np.zeros((9, 8, 3))])
    assert [p.shape for p in samples.pictures([0, 1])] == [(8, 8, 3), (9, 8, 3)]
    with pytest.raises(ValueError, match="to_input"):
        samples.batch([0, 1])


def test_samples_pass_through_unchanged():
    samples = as_samples(X)
    assert as_samples(samples) is samples
    with pytest.raises(TypeError, match="layout cannot be changed"):
        as_samples(samples, layout="NHWC")
    assert isinstance(samples, Samples)
    assert repr(samples) == "<Samples 6, layout NHWC, 0 label names>"


def test_an_empty_data_set_is_no_error_until_asked():
    samples = as_samples(np.zeros((0, 3, 8, 8)))
    assert len(samples) == 0
    with pytest.raises(MissingIndexError, match="the data set is empty"):
        samples.batch([0])


def test_nothing_heavy_is_imported():
    code = (
        "import sys, numpy as np; from xai_widgets.samples import as_samples; "
        "as_samples(np.zeros((2, 3, 8, 8))).pictures([0]); "
        "bad = {'torch', 'tensorflow', 'matplotlib', 'ipywidgets', 'datasets', 'PIL'} & set(sys.modules); "
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
