"""The saliency grid: the right masks in the right colours, pixels that stay pixels, honest words."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from xai_widgets import figures
from xai_widgets.attribution.masks import mask_of, overlay
from xai_widgets.attribution.results import Attribution, SaliencyColumns
from xai_widgets.figures import palette
from xai_widgets.samples import as_samples

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 255, (3, 8, 8, 3), dtype=np.uint8)
NAMES = ["cat", "dog", "frog"]


def attribution(method, values=None, **more):
    values = RNG.normal(size=(3, 3, 8, 8)).astype(np.float32) if values is None else values
    given = {
        "method": method, "values": values, "target": np.array([0, 1, 2]), "prediction": np.array([0, 1, 1]),
        "probability": np.array([0.9, 0.5, 0.4]), "score": np.zeros(3), "evaluations": 40, "evaluations_total": 40, "rows": 120,
        "completeness_gap": np.abs(values.sum(axis=(1, 2, 3))) * 0.02, "standard_error": np.full(3, 0.06), "done": True,
        "layouts": ("NCHW",),
    }  # fmt: skip
    return Attribution(**{**given, **more})


def columns(**more):
    parts = {key: attribution(key) for key in ("raw", "smoothed", "integrated", "smint")} | more
    last = next(p for p in reversed(list(parts.values())) if p is not None)
    return SaliencyColumns(
        **parts, overlay=last.masks, target=last.target, prediction=last.prediction, probability=last.probability,
        evaluations=40, evaluations_total=40, rows=120, completeness_gap=parts["integrated"].completeness_gap
        if parts["integrated"] is not None else np.full(3, np.nan), standard_error=last.standard_error, done=True,
    )  # fmt: skip


def tiles(figure):
    """The pictures that were drawn, in order (the last is the key to the colours)."""
    return [np.asarray(image.get_array()) for axes in figure.figure.axes for image in axes.images]


def texts(figure):
    return [text.get_text() for text in figure.figure.texts]


def test_the_seeds_columns_in_order_with_their_values():
    given = columns()
    figure = figures.saliency_grid(given, PICTURES, labels=[0, 1, 2], label_names=NAMES)
    titles = ["Input", "Overlay", "Raw", "Smoothed", "Integrated", "SmInt"]
    assert [t for t in texts(figure) if t in titles] == titles
    drawn = tiles(figure)
    inferno = palette.colormap("inferno")
    best = mask_of(given.smint.values, "NCHW")
    for row in range(3):
        assert np.array_equal(drawn[row], PICTURES[row])
        assert np.array_equal(drawn[3 + row], overlay(PICTURES[row], best[row], inferno))
        for place, part in enumerate((given.raw, given.smoothed, given.integrated, given.smint)):
            mask = mask_of(part.values, "NCHW")[row]
            assert np.array_equal(drawn[6 + 3 * place + row], inferno[np.rint(mask * 255).astype(int)])


def test_words_say_label_prediction_and_trust():
    figure = figures.saliency_grid(
        columns(), PICTURES, index=[4, "b.png", 6], labels=[0, 1, 2], label_names=NAMES, weights="step 640"
    )
    shown = texts(figure)
    assert {
        "#4",
        "b.png",
        "true cat",
        "predicted cat 90 %",
        "predicted dog 40 %",
        "gap 2.0 %, error 6.0 %",
    } <= set(shown)
    assert "3 samples, 40 gradient evaluations each, weights of step 640" in shown
    wrong = next(t for t in figure.figure.texts if t.get_text() == "predicted dog 40 %")
    assert wrong.get_color() == palette.HARDEST
    assert wrong.get_fontweight() == "bold", "not by colour alone"
    assert "explains frog" in shown, "the third explains another class than was predicted"


def test_partial_results_and_columns_that_are_off():
    partial = columns(integrated=None, smint=None)
    figure = figures.saliency_grid(partial, PICTURES)
    assert "SmInt" not in texts(figure)
    assert len(tiles(figure)) == 4 * 3 + 1
    running = attribution("smoothed", done=False, evaluations=7, evaluations_total=25)
    assert "3 samples, 7 of 25 gradient evaluations each" in texts(figures.saliency_grid(running, PICTURES))


def test_samples_bring_pictures_labels_and_names():
    mean, std = np.float32(0.5), np.float32(0.25)
    x = ((PICTURES / np.float32(255) - mean) / std).transpose(0, 3, 1, 2)
    samples = as_samples((x, [0, 2, 1]), index=["a", "b", "c"], mean=mean, std=std, label_names=NAMES)
    figure = figures.saliency_grid(columns(), samples, index=["c", "a", "b"])
    assert np.array_equal(tiles(figure)[0], PICTURES[2]), "de-normalised"
    assert [t for t in texts(figure) if t.startswith("true")] == ["true dog", "true cat", "true frog"]
    with pytest.raises(ValueError, match="pass index="):
        figures.saliency_grid(columns(), samples)


def test_pixels_stay_pixels():
    figure = figures.saliency_grid({"mask": np.zeros((3, 8, 8), np.float32)}, PICTURES, show=["input"])
    image = np.asarray(Image.open(io.BytesIO(figure.png(dpi=96))))
    left, right, bottom, top = figure.figure.axes[0].images[0].get_extent()
    x, y, side = round(left), round(top), round(right - left)
    assert bottom - top == side
    assert side == 96, "8 pixels enlarged by a whole number"
    shot = image[y : y + side, x : x + side]
    enlarged = np.kron(PICTURES[0], np.ones((12, 12, 1), np.uint8))
    inner = np.s_[6::12, 6::12]
    assert np.array_equal(shot[inner], PICTURES[0])
    assert (shot == enlarged).mean() > 0.97


def test_big_pictures_are_averaged_not_sampled():
    board = np.indices((512, 512)).sum(axis=0) % 2 * 255
    picture = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    figure = figures.saliency_grid({"mask": np.zeros((1, 512, 512), np.float32)}, [picture], show=["input"])
    shown = tiles(figure)[0]
    assert max(shown.shape) <= 192
    assert shown.min() > 80
    assert shown.max() < 180, "a fine chequerboard is grey from afar"


def test_signed_masks_any_map_and_several_methods():
    given = [attribution("gradient"), attribution("occlusion")]
    figure = figures.saliency_grid(given, PICTURES, signed=True)
    assert {"gradient", "Occlusion", "against", "for the explained class"} <= set(texts(figure))
    mask = mask_of(given[0].values, "NCHW", signed=True)[0]
    assert np.array_equal(tiles(figure)[6], palette.colormap("blue-orange")[np.rint(mask * 255).astype(int)])
    viridis = figures.saliency_grid(given, PICTURES, colormap="viridis", show=["gradient"])
    colors = {tuple(c) for c in tiles(viridis)[0].reshape(-1, 3).tolist()}
    assert colors <= {tuple(c) for c in palette.colormap("viridis").tolist()}


def test_fifty_samples_are_one_figure():
    many = np.repeat(PICTURES, 17, axis=0)[:50]
    figure = figures.saliency_grid({"a": RNG.random((50, 8, 8))}, many)
    assert figure.size[1] < 50 * 75
    assert len(tiles(figure)) == 151


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: figures.saliency_grid(3, PICTURES), TypeError, "expected SaliencyColumns"),
        (lambda: figures.saliency_grid([], PICTURES), TypeError, "expected SaliencyColumns"),
        (lambda: figures.saliency_grid({}, PICTURES), ValueError, "no masks"),
        (lambda: figures.saliency_grid({"a": np.zeros((0, 8, 8))}, []), ValueError, "no masks"),
        (lambda: figures.saliency_grid({"a": np.zeros(8)}, PICTURES), ValueError, r"\(B, H, W\)"),
        (lambda: figures.saliency_grid({"a": np.zeros((2, 8, 8)), "b": np.zeros((3, 8, 8))}, PICTURES), ValueError, "different"),
        (lambda: figures.saliency_grid(columns(), PICTURES[:2]), ValueError, "2 pictures for masks of 3"),
        (lambda: figures.saliency_grid(columns(), PICTURES, index=[1]), ValueError, "1 index values"),
        (lambda: figures.saliency_grid(columns(), PICTURES, labels=[1]), ValueError, "1 labels for 3"),
        (lambda: figures.saliency_grid(columns(), PICTURES / 255.0), ValueError, "to_picture makes one"),
        (lambda: figures.saliency_grid(columns(), PICTURES, show=["rwa"]), ValueError, "show should name some of input"),
        (lambda: figures.saliency_grid(columns(), PICTURES, colormap="jetlag"), ValueError, "no colour map"),
    ],
)  # fmt: skip
def test_mistakes_are_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
