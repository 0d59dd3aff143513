"""The vector operations: the same numbers from numpy, torch and TensorFlow, and nothing read that nobody looks at."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from behaviour_models import picture_net, pictures, relative
from torch import nn

from xai_widgets import AttributionEngine
from xai_widgets.attribution.backends.ops import folding
from xai_widgets.attribution.backends.ops.numpy_ops import NumpyOps
from xai_widgets.attribution.backends.ops.torch_ops import TorchOps
from xai_widgets.attribution.backends.torch.backend import TorchBackend
from xai_widgets.attribution.estimators.base import CleanTrack, NoisyTrack, ProductTrack
from xai_widgets.attribution.estimators.path import PathTrack
from xai_widgets.attribution.estimators.smint import JointSquareTrack, JointTrack
from xai_widgets.attribution.held import Held
from xai_widgets.attribution.inputs import counter_rng
from xai_widgets.attribution.inputs.sampler import Rows, Scene
from xai_widgets.attribution.masks import mask_of

SHIFT = np.array([0.1, 0.4, 0.7, 0.9])
TRACKS = {
    "clean": CleanTrack,
    "noisy": NoisyTrack,
    "path": PathTrack,
    "mean": lambda ops: JointTrack(ops, "uniform", SHIFT),
    "square": lambda ops: JointSquareTrack(ops, "uniform", SHIFT, ops.put(np.ones(12, np.float32))),
    "grid": lambda ops: ProductTrack(ops, "uniform", 3, True),
}
READ = {"noisy": ("means", "squares", "shifted")}


def tensorflow():
    pytest.importorskip("tensorflow")
    from xai_widgets.attribution.backends.ops.tensorflow_ops import TensorFlowOps

    return TensorFlowOps()


OTHERS = {"torch": partial(TorchOps, "cpu"), "tensorflow": tensorflow}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("normal", [True, False])
def test_the_same_random_numbers_come_out_of_every_library(other, normal):
    keys = counter_rng.mix(3, 65, np.arange(5).astype(np.uint64))
    ops = OTHERS[other]()
    for size in (1, 8, 1001):
        drawn = NumpyOps().draw(keys, size, normal)
        assert np.array_equal(ops.host(ops.draw(keys, size, normal)), drawn)


def long_vectors(kind: str) -> np.ndarray:
    """Six vectors of pictures of 224x224x3: of noise, of one patch, of grey, of a constant, or nearly alike."""
    rng = np.random.default_rng(1)
    made = np.zeros((6, 3, 224, 224))
    if kind == "patch":
        made[:, :, 100:106, 50:56] = rng.normal(size=(6, 3, 6, 6))
    elif kind == "grey":
        made[:] = rng.standard_cauchy(size=(6, 1, 224, 224))
    elif kind == "constant":
        made[:] = rng.normal(size=(6, 1, 1, 1))
    else:
        made[:] = rng.normal(size=made.shape)
        if kind == "alike":
            made = 1 + 1e-3 * made
    return made.reshape(6, -1).astype(np.float32)


@pytest.mark.parametrize("library", ["numpy", *OTHERS])
@pytest.mark.parametrize("kind", ["noise", "patch", "grey", "constant", "alike"])
def test_folded_vectors_are_as_far_from_each_other(library, kind):
    ops = NumpyOps() if library == "numpy" else OTHERS[library]()
    vectors = long_vectors(kind)
    folded = np.asarray(ops.host(ops.fold(ops.put(vectors))), np.float64)
    np.testing.assert_allclose(folded, NumpyOps().fold(vectors), rtol=1e-4, atol=1e-5 * abs(folded).max())
    assert folded.shape == (6, folding.LENGTH)
    wide = vectors.astype(np.float64)
    for some, others in zip(range(5), range(1, 6), strict=True):
        whole = np.sum((wide[some] - wide[others]) ** 2)
        assert np.sum((folded[some] - folded[others]) ** 2) == pytest.approx(whole, rel=0.25)
        norm = np.sum(folded[some] ** 2) / np.sum(wide[some] ** 2)
        assert norm == pytest.approx(1, rel=0.25 if kind in ("patch", "grey") else 0.05)


def test_short_vectors_are_not_folded():
    vectors = np.ones((2, folding.LENGTH), np.float32)
    assert NumpyOps().fold(vectors) is vectors


def run(ops, name: str, chunks: list[int]):
    """Feed a track with made-up gradients, and return its estimates and errors."""
    track, found = TRACKS[name](ops), []
    for count in chunks:
        count = min(count, track.available())
        _, t = track.rows(track.units, count)
        generator = np.random.default_rng(track.units)
        grads = generator.normal(1, 1, (t.size, 12)).astype(np.float32)
        steps = None
        if name not in ("clean", "noisy"):
            steps = ops.put(generator.normal(size=(len(t), 12)).astype(np.float32))
        track.absorb(ops.put(grads), steps)
        ops.letters.open()
        found.append((ops.host(track.estimate(track.units)), track.error(track.units)))
    return found


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", TRACKS)
def test_every_estimator_gives_what_the_reference_gives(other, name):
    chunks = [1] if name == "clean" else [2, 2, 4, 5, 3]
    reference, found = run(NumpyOps(), name, chunks), run(OTHERS[other](), name, chunks)
    for (values, error), (mine, my_error) in zip(reference, found, strict=True):
        assert np.allclose(mine, values, rtol=1e-4, atol=1e-5)
        assert my_error == pytest.approx(error, rel=1e-3, nan_ok=True)


# -- nothing in the loop looks at a number ----------------------------------------------------------------------------------


class OnMeta(TorchOps):
    """On torch's meta device, where tensors have no numbers: any read raises."""

    def host_later(self, tensor):
        def refuse():
            raise AssertionError("a letter was opened")

        return refuse


def scene(ops, rows: int, baselines=True) -> Scene:
    x = (pictures(rows),)
    low, high = ((function(x[0].reshape(rows, -1), axis=1),) for function in (np.min, np.max))
    made = Scene(ops, x, counter_rng.sample_keys(x, None), 0, 0.15, low, high)
    made.baselines = (np.zeros_like(x[0]),) if baselines else ()
    made.blur_axes = ((2, 3),)
    return made


@pytest.mark.parametrize(
    ("kind", "name", "units"),
    [("clean", "clean", 1), ("noisy", "noisy", 40), ("path", "path", 4), ("blur", "path", 4), ("uniform", "mean", 8),
     ("noisy_path", "mean", 8), ("gaussian", "square", 2), ("uniform", "square", 2), ("uniform", "grid", 20)],
)  # fmt: skip
def test_a_whole_chunk_runs_where_there_are_no_numbers(kind, name, units):
    model = picture_net().to("meta")
    backend = TorchBackend(model)
    ops = backend.ops = OnMeta("meta")
    place = scene(ops, 1, baselines=kind in ("path", "noisy_path"))
    size = place.sizes[0]
    tracks = {
        **TRACKS, "square": lambda ops: JointSquareTrack(ops, kind, SHIFT, place.mean_square_step(kind, 0))
    }  # fmt: skip
    track = tracks[name](ops)
    rows = Rows(kind, 0, *track.rows(0, units), track.signs)
    points, steps = place.points([rows])
    grads = backend.gradients(points, place.shapes, np.zeros(len(rows), np.int64), _rule())
    track.absorb(grads, steps[0] if steps else None)
    ops.letters.post()
    for one in READ.get(name, ()):
        getattr(track, one)
    if name not in ("path", "square"):  # whose estimates are weighted with numbers that were read
        assert track.estimate(units).shape == (size,)
    with pytest.raises((AssertionError, NotImplementedError)):
        ops.host(grads)


def _rule():
    from xai_widgets.attribution.backends.base import ScoreRule

    return ScoreRule()


class Counting(TorchOps):
    """Counts what crosses between host and device, and how often something is read."""

    sent = read = reads = 0

    def put(self, array):
        self.sent += array.nbytes
        return super().put(array)

    def host(self, tensor):
        self.read += tensor.numel() * tensor.element_size()
        self.reads += 1
        return super().host(tensor)


@pytest.mark.parametrize(
    "method", ["smoothgrad_squared", "integrated_gradients", "smint", "expected_gradients"]
)
def test_next_to_nothing_crosses_while_nobody_looks(method):
    model = nn.Sequential(nn.Conv2d(3, 2, 3, 8), nn.Tanh(), nn.Flatten(), nn.LazyLinear(4))
    x = pictures(2, shape=(3, 64, 64))
    model(torch.tensor(x))
    engine = AttributionEngine(model, chunk=16, cache_bytes=0)
    ops = engine._backend.ops = Counting("cpu")
    engine.attribute(x, method, smoothing=64, integrating=64)
    engine.clear_cache()
    ops.sent = ops.read = ops.reads = 0
    before = engine.rows_evaluated
    found = engine.attribute(x, method, smoothing=64, integrating=64)
    rows, size = engine.rows_evaluated - before, x[0].nbytes
    assert rows >= 2 * 64
    assert ops.sent - x.nbytes <= 0.01 * rows * size  # the samples themselves once
    assert ops.read - found.values.nbytes <= 0.01 * rows * size  # and the result once
    assert ops.reads < 0.5 * rows


@pytest.mark.parametrize("library", ["numpy", *OTHERS])
@pytest.mark.parametrize("signed", [False, True])
def test_masks_made_on_the_device_are_those_of_the_values(library, signed):
    values = np.random.default_rng(2).normal(size=(5, 3, 9, 7)).astype(np.float32)
    values[1] = 0.0
    values[2] = 7.0
    values[3, :, 2] = np.nan
    values[3, :, 3] = np.inf
    values[4] = 0.0
    values[4, 1, 2, 2] = 1e-3  # all but one are alike
    ops = NumpyOps() if library == "numpy" else OTHERS[library]()
    held = Held(ops, ops.put(values.reshape(5, -1)), [(3, 9, 7)])
    for percentile in (90.0, 99.0, 100.0):
        (masks,) = held.masks(["NCHW"], percentile, signed)
        assert masks.dtype == np.float32
        np.testing.assert_allclose(masks, mask_of(values, "NCHW", percentile, signed), atol=1e-6)
    np.testing.assert_array_equal(held.values()[0], values)


def test_only_masks_cross_while_somebody_looks_and_nothing_while_nobody_does():
    model = nn.Sequential(nn.Conv2d(3, 2, 3, 8), nn.Tanh(), nn.Flatten(), nn.LazyLinear(4))
    x = pictures(2, shape=(3, 64, 64))
    model(torch.tensor(x))
    engine = AttributionEngine(model, chunk=16)
    ops = engine._backend.ops = Counting("cpu")
    mask, scalars = x[:, 0].nbytes, 4096  # of the batch; gaps, errors and what is planned with
    looked = made = 0
    for picture in engine.stream_columns(x, target=1, smoothing=16, integrating=16):
        made += 1
        before, reads = ops.read, ops.reads
        if made % 2:
            masks = [one.masks for one in picture.columns.values()]
            assert picture.overlay is picture.columns[list(picture.columns)[-1]].masks
            assert all(one.shape == (2, 64, 64) for one in masks)
            looked += len(masks)
            assert ops.read - before == len(masks) * mask
            assert ops.reads - reads == len(masks)
    assert made > 4
    assert ops.read <= looked * mask + made * scalars
    *_, last = engine.stream_columns(x, target=1, smoothing=16, integrating=16)
    whole = AttributionEngine(model, chunk=16).saliency_columns(x, target=1, smoothing=16, integrating=16)
    for key, one in whole.columns.items():
        np.testing.assert_allclose(last.columns[key].masks, one.masks, atol=1e-5)
        np.testing.assert_allclose(last.columns[key].total, one.total, rtol=1e-4, atol=1e-5)
        assert relative(last.columns[key].values, one.values) < 1e-6
        assert one.held is None
        assert np.array_equal(pickle.loads(pickle.dumps(last)).columns[key].values, last.columns[key].values)
