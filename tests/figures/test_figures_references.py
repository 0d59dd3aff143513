"""Every figure, light and dark, against a picture that was looked at.

``python tests/figures/test_figures_references.py`` makes them anew.
"""

from __future__ import annotations

import inspect
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from figure_data import NAMES, run
from PIL import Image

from xai_widgets import figures
from xai_widgets.explain import Cluster

FOLDER = Path(__file__).parent / "references"


def photo(seed: int) -> np.ndarray:
    """A soft coloured pattern with an edge: enough to see whether a picture is turned or mirrored."""
    y, x = np.mgrid[0:16, 0:16] / 15
    base = np.stack([x, y, 0.5 + 0.5 * np.sin(6 * (x + y + seed))], axis=-1)
    base[3:8, 9:13] = (1, 1, 1)
    return np.rint(base * 255).astype(np.uint8)


def masks(seed: int) -> np.ndarray:
    y, x = np.mgrid[0:16, 0:16]
    return np.stack([np.exp(-((x - 11) ** 2 + (y - 5 - i) ** 2) / (4 + 6 * seed)) for i in range(2)]).astype(
        np.float32
    )


def rules() -> list[Cluster]:
    """Two rules: a corner that all members share, and a region in the middle."""
    corner, middle = np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    corner[:2, 6:], middle[2:6, 2:6] = True, True
    even = np.full((8, 8), 1 / 320)
    return [
        Cluster(
            label, np.arange(first, first + 40), even + 0.8 * region / region.sum(), region, name, 0.8, 0.1, 0.0, suspicion, why
        )
        for label, first, region, name, suspicion, why in (
            (4, 100, corner, "corner", 0.82,
             "80 % of its masks lie in one corner of the picture, and those of other classes do not"),
            (2, 200, middle, "middle", 0.07, "its masks lie in the middle, as those of other classes do"),
        )
    ]  # fmt: skip


def made() -> dict[str, figures.StaticFigure]:
    tracker = run()
    series = tracker.label_series("loss", mode="eval")
    train = tracker.label_series("loss", mode="train")
    hard, easy = tracker.extremes("loss", mode="train", n_max=4, n_min=3)
    some = tracker.instance_series([*hard.index, *easy.index, 10, 18], "loss", mode="train")
    shots = {i: photo(int(i)) for i in some.index}
    grid = {name: masks(i) for i, name in enumerate(["Raw", "Smoothed", "Integrated", "SmInt"])}
    table = tracker.dynamics(mode="train")
    return {
        "label_difficulty": figures.label_difficulty(series, epochs=10),
        "label_difficulty_modes_dark": figures.label_difficulty([series, train], epochs=10, dark=True),
        "label_difficulty_bounds": figures.label_difficulty(
            series, bounds=["std", "range"], smoothing=1, labels=["cat", "dog"]
        ),
        "instance_history": figures.instance_history(
            some, hard=hard, easy=easy, label_names=NAMES, pictures=shots, epochs=10
        ),
        "instance_history_dark": figures.instance_history(
            some, hard=hard, easy=easy, label_names=NAMES, dark=True
        ),
        "saliency_grid": figures.saliency_grid(
            grid, [photo(0), photo(1)], index=[10, 18], labels=[4, 2], label_names=NAMES
        ),
        "saliency_grid_signed_dark": figures.saliency_grid(
            grid, [photo(0), photo(1)], index=["a.png", "b.png"], signed=True, weights="step 640", dark=True
        ),
        "instance_map": figures.instance_map(table, label_names=NAMES, selected=list(hard.index)),
        "instance_map_dark": figures.instance_map(
            table,
            x="mean",
            y="last",
            label_names=NAMES,
            labels=[2, 3, 5],
            title="Mean and last loss",
            dark=True,
        ),
        "history_heatmap": figures.history_heatmap(series),
        "history_heatmap_dark": figures.history_heatmap(
            some, label_names=NAMES, colormap="viridis", dark=True
        ),
        "shortcuts": figures.shortcuts(
            rules(), {i: photo(i) for i in range(100, 240)}, label_names=NAMES, typical=3
        ),
        "shortcuts_dark": figures.shortcuts(rules(), label_names=NAMES, dark=True),
    }


@pytest.fixture(scope="module")
def drawn():
    return made()


REFERENCES = sorted(p.stem for p in FOLDER.glob("*.png"))


def test_every_figure_has_a_reference(drawn):
    assert sorted(drawn) == REFERENCES == sorted(p.stem for p in FOLDER.glob("*.svg"))
    functions = inspect.getmembers(figures, inspect.isfunction)
    makers = [name for name, made in functions if inspect.signature(made).return_annotation == "StaticFigure"]
    assert len(makers) == 6
    assert [name for name in makers if not any(key.startswith(name) for key in drawn)] == []


@pytest.mark.parametrize("name", REFERENCES)
def test_png(drawn, name):
    if tuple(map(int, matplotlib.__version__.split(".")[:2])) < (3, 9):
        pytest.skip("older releases of matplotlib set letters too far from here to compare pixels")
    new = Image.open(io.BytesIO(drawn[name].png(dpi=96))).convert("RGB")
    old = Image.open(FOLDER / f"{name}.png").convert("RGB")
    assert new.size == old.size
    # another release of matplotlib may set letters by a fraction of a pixel elsewhere: compare a little blurred
    small = (new.width // 3, new.height // 3)
    a, b = (np.asarray(i.resize(small, Image.Resampling.BOX), np.float32) for i in (new, old))
    assert np.abs(a - b).mean() < 1.5
    assert np.percentile(np.abs(a - b), 99.5) < 40


@pytest.mark.parametrize("name", REFERENCES)
def test_svg(drawn, name):
    def content(text: str) -> tuple[list[str], dict[str, int]]:
        tree = ET.fromstring(text)
        tags = [e.tag.split("}")[-1] for e in tree.iter()]
        words = [e.text or "" for e in tree.iter() if e.tag.endswith("}text")]
        return words, {tag: tags.count(tag) for tag in ("image", "text", "use")}

    assert content(drawn[name].svg()) == content((FOLDER / f"{name}.svg").read_text())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for key, figure in made().items():
        figure.save(FOLDER / f"{key}.png", dpi=96)
        figure.save(FOLDER / f"{key}.svg")
