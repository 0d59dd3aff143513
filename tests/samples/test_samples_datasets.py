"""Samples from the frameworks' own data sets, and that looking moves no random stream."""

from __future__ import annotations

import random

import numpy as np
import pytest

from xai_widgets.samples import as_samples

RNG = np.random.default_rng(1)
X = RNG.random((10, 3, 8, 8), dtype=np.float32)
Y = RNG.integers(0, 3, 10)


def test_torch_tensors_and_a_map_style_data_set():
    torch = pytest.importorskip("torch")
    pair = as_samples((torch.from_numpy(X), torch.from_numpy(Y)))
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    samples = as_samples(dataset)
    for each in (pair, samples):
        batch = each.batch([7, 2])
        assert np.array_equal(batch.inputs, X[[7, 2]])
        assert batch.labels.tolist() == Y[[7, 2]].tolist()
        assert each.layout == "NCHW"
    half = as_samples((torch.from_numpy(X).to(torch.bfloat16), torch.from_numpy(Y)))
    assert np.allclose(half.batch([0]).inputs, X[:1], atol=0.01)


def test_label_names_through_wrappers():
    torch = pytest.importorskip("torch")

    class Named(torch.utils.data.Dataset):
        classes = ("cat", "dog", "frog")

        def __len__(self):
            return 10

        def __getitem__(self, i):
            return torch.from_numpy(X[i]), int(Y[i])

    subset = torch.utils.data.Subset(Named(), [4, 5])
    samples = as_samples(subset)
    assert samples.label_names == {0: "cat", 1: "dog", 2: "frog"}
    assert list(samples.indices) == [4, 5]
    assert np.array_equal(samples.batch([5]).inputs[0], X[5]), (
        "a subset's samples keep their place in the whole"
    )
    drawn = as_samples(torch.utils.data.Subset(subset, [1, 1, 0]))
    assert np.array_equal(drawn.batch([5, 4]).inputs, X[[5, 4]])


def test_our_indexed_wrapper_keeps_the_identity_through_a_subset():
    torch = pytest.importorskip("torch")
    hooks = pytest.importorskip("xai_widgets.hooks.torch")
    dataset = hooks.Indexed(torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)))
    samples = as_samples(dataset)
    assert samples.batch([9]).labels.tolist() == [Y[9]]
    part = as_samples(torch.utils.data.Subset(dataset, [8, 3]))
    assert list(part.indices) == [8, 3]
    assert np.array_equal(part.batch([3]).inputs[0], X[3])


def test_our_indexed_wrapper_with_names_of_its_own():
    hooks = pytest.importorskip("xai_widgets.hooks.torch")
    rows = [{"x": X[i], "y": int(Y[i]), "file": f"img_{i}.png"} for i in range(10)]
    samples = as_samples(hooks.Indexed(rows, key="file"))
    assert list(samples.indices)[:2] == ["img_0.png", "img_1.png"]
    batch = samples.batch(["img_7.png"])
    assert np.array_equal(batch.inputs[0], X[7])
    assert batch.labels.tolist() == [Y[7]]
    kept = as_samples(hooks.Indexed([(X[i], int(Y[i]), 100 + i) for i in range(10)], keep=True))
    assert np.array_equal(kept.batch([104]).inputs[0], X[4])


class Augmented:
    """A data set that draws from every global stream, as augmentations do."""

    def __len__(self):
        return 10

    def __getitem__(self, i):
        import torch

        noise = random.random() + np.random.random() + float(torch.rand(()))
        return X[i] + np.float32(noise), int(Y[i])


def test_looking_moves_no_random_stream():
    torch = pytest.importorskip("torch")
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = random.random(), np.random.random(), float(torch.rand(()))
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    samples = as_samples(Augmented())
    samples.batch([1, 2, 3])
    samples.pictures([4])
    assert samples.draws_random
    assert (random.random(), np.random.random(), float(torch.rand(()))) == expected
    assert not as_samples((X, Y)).draws_random


def test_a_data_set_that_draws_from_another_frameworks_stream_does_not_move_it():
    tf = pytest.importorskip("tensorflow")

    class Drawing:
        def __len__(self):
            return 8

        def __getitem__(self, i):
            return np.full((3, 8, 8), float(tf.random.uniform(())), np.float32), i % 2

    tf.random.set_seed(1)
    expected = [float(tf.random.uniform(())) for _ in range(2)]
    tf.random.set_seed(1)
    first = float(tf.random.uniform(()))
    as_samples(Drawing(), layout="NCHW").batch([0, 1])
    assert [first, float(tf.random.uniform(()))] == expected


def test_a_hugging_face_data_set(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "img": datasets.Image(),
            "fine": datasets.ClassLabel(names=["cat", "dog", "frog"]),
            "word": datasets.Value("string"),
            "id": datasets.Value("string"),
        }
    )
    pixels = RNG.integers(0, 255, (4, 8, 9, 3), dtype=np.uint8)
    rows = {
        "img": list(pixels),
        "fine": [2, 0, 1, 2],
        "word": ["b", "a", "c", "a"],
        "id": ["p", "q", "r", "s"],
    }
    data = datasets.Dataset.from_dict(rows, features=features)
    samples = as_samples(data, labels="fine", index="id")
    assert samples.label_names == {0: "cat", 1: "dog", 2: "frog"}
    assert samples.layout == "NHWC"
    assert samples.batch(["s", "q"]).labels.tolist() == [2, 0]
    assert np.array_equal(samples.pictures(["r"])[0], pixels[2])
    by_word = as_samples(data, labels="word")
    assert by_word.label_names == {0: "a", 1: "b", 2: "c"}
    assert by_word.batch([0, 1, 2, 3]).labels.tolist() == [1, 0, 2, 0]
    ready = data.with_transform(
        lambda r: {
            "pixel_values": [np.asarray(i).transpose(2, 0, 1) / 255 for i in r["img"]],
            "label": r["fine"],
        }
    )
    assert as_samples(ready, column="pixel_values", labels="label").batch([3]).inputs.shape == (1, 3, 8, 9)
    with pytest.raises(ValueError, match="'fine', 'word', 'id'"):
        as_samples(data.remove_columns("img"))


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


NHWC = X.transpose(0, 2, 3, 1)


def test_tf_tensors_and_pipelines(tf):
    data = tf.data.Dataset.from_tensor_slices((NHWC, Y))
    pipelines = [data, data.batch(4), data.enumerate(), data.map(lambda x, y: {"image": x, "label": y})]
    for pipeline in pipelines:
        samples = as_samples(pipeline)
        assert len(samples) == 10
        assert samples.layout == "NHWC"
        batch = samples.batch([8, 1])
        assert np.array_equal(batch.inputs, NHWC[[8, 1]])
        assert batch.labels.tolist() == Y[[8, 1]].tolist()
    assert np.array_equal(as_samples((tf.constant(NHWC), tf.constant(Y))).batch([3]).inputs, NHWC[3:4])
    assert len(as_samples(data.filter(lambda x, y: y > 0))) == int((Y > 0).sum())


def test_tf_pipelines_that_shuffle_need_an_index(tf):
    data = tf.data.Dataset.from_tensor_slices((NHWC, Y))
    with pytest.raises(ValueError, match="shuffles"):
        as_samples(data.shuffle(10).batch(2))
    with pytest.raises(ValueError, match="repeat"):
        as_samples(data.repeat())
    numbered = (
        tf.data.Dataset.from_tensor_slices((NHWC, Y, [f"n{i}" for i in range(10)])).shuffle(10).batch(3)
    )
    samples = as_samples(numbered)
    assert np.array_equal(samples.batch(["n7", "n0"]).inputs, NHWC[[7, 0]])
    assert samples.has("n9")
    assert not samples.has(9)


def test_two_inputs_and_a_label_are_told_from_a_label_and_a_weight() -> None:
    torch = pytest.importorskip("torch")
    dataset = torch.utils.data.TensorDataset
    x1, x2, y = torch.rand(6, 3, 8, 8), torch.rand(6, 5), torch.arange(6) % 3
    both = as_samples(dataset(x1, x2, y)).batch([4, 1])
    assert [part.shape for part in both.inputs] == [(2, 3, 8, 8), (2, 5)]
    assert both.labels.tolist() == [1, 1]
    weighted = as_samples(dataset(x1, y, torch.rand(6))).batch([4, 1])
    assert weighted.inputs.shape == (2, 3, 8, 8)
    assert weighted.labels.tolist() == [1, 1]
    one_hot = as_samples(dataset(x1, torch.nn.functional.one_hot(y, 3), torch.arange(6))).batch([4])
    assert one_hot.inputs.shape == (1, 3, 8, 8)


def test_a_data_frame_is_refused_with_the_way_out() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match="the rows of a DataFrame are no samples: give its columns as arrays"):
        as_samples(pandas.DataFrame({"x": [1.0, 2.0], "label": [0, 1]}))
