"""The colours: maps as they should be, labels that can be told apart, also with a colour-blind eye."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest

from xai_widgets.figures import palette


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(color: np.ndarray) -> np.ndarray:
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def luminance(color: str) -> float:
    return float(linear(rgb(color)) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(color: np.ndarray) -> np.ndarray:
    xyz = linear(np.clip(color, 0, 1)) @ np.array(
        [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    )
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes (2009), full deficiency, on linear RGB
DEFICIENCIES = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def seen(color: str, deficiency: str) -> np.ndarray:
    light = np.clip(DEFICIENCIES[deficiency] @ linear(rgb(color)), 0, 1)
    return lab(np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("name", ["inferno", "viridis", "gray"])
def test_maps_equal_matplotlibs_to_one_step(name):
    from matplotlib import colormaps

    expected = np.rint(colormaps[name](np.arange(256))[:, :3] * 255)
    table = palette.colormap(name)
    assert table.dtype == np.uint8
    assert table.shape == (256, 3)
    assert np.abs(table - expected).max() <= 1


def test_the_diverging_map_is_even_and_its_middle_is_light():
    table = palette.colormap("blue-orange")
    lightness = np.array([lab(c / 255)[0] for c in table])
    assert lightness[127:129].min() > 93
    assert np.all(np.diff(lightness[:128]) > 0)
    assert np.all(np.diff(lightness[128:]) < 0)
    assert abs(lightness[0] - lightness[-1]) < 12
    assert table[0, 2] > table[0, 0], "negative is blue"
    assert table[255, 0] > table[255, 2], "positive is orange"


def test_maps_turned_round_and_those_of_matplotlib():
    assert np.array_equal(palette.colormap("inferno_r"), palette.colormap("inferno")[::-1])
    assert palette.colormap("cividis").shape == (256, 3)
    with pytest.raises(ValueError, match="no colour map 'jetlag'; built in are inferno"):
        palette.colormap("jetlag")
    with pytest.raises(ValueError, match="no colour map"):
        palette.colormap(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read-only"):
        palette.colormap("gray")[0] = 1


def test_painting_a_mask():
    mask = np.array([[0.0, 1.0], [np.nan, 2.0]])
    painted = palette.paint(mask, "gray")
    assert painted[..., 0].tolist() == [[0, 255], [0, 255]]


@pytest.mark.parametrize("dark", [False, True])
def test_texts_and_lines_stand_out_from_the_ground(dark):
    theme = palette.theme(dark)
    assert contrast(theme.text, theme.background) > 12
    assert contrast(theme.muted, theme.background) > 4.5
    for role in (theme.hardest, theme.easiest, theme.pinned, theme.accent):
        assert contrast(role, theme.background) > 3
    for color in palette.label_colors(10, dark):
        # yellow and sky blue are light by design; a dash tells them too
        assert contrast(color, theme.background) > (3 if dark else 2.1)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_ten_labels_can_be_told_apart(dark, deficiency):
    for a, b in itertools.combinations(range(10), 2):
        one, two = palette.label_style(a, dark), palette.label_style(b, dark)
        distance = float(np.linalg.norm(seen(one.color, deficiency) - seen(two.color, deficiency)))
        assert distance > 30 or one.dash != two.dash, f"{one} and {two} differ by {distance:.0f} only"


@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
@pytest.mark.parametrize("dark", [False, True])
def test_hard_and_easy_can_be_told_apart(dark, deficiency):
    theme = palette.theme(dark)
    assert np.linalg.norm(seen(theme.hardest, deficiency) - seen(theme.easiest, deficiency)) > 20


def test_styles_are_unique_for_forty_and_with_markers_for_320():
    styles = palette.label_styles(320)
    assert len({(s.color, s.dash) for s in styles[:40]}) == 40
    assert len(set(styles)) == 320
    assert palette.label_styles(1000)[:40] == styles[:40]
    assert palette.label_colors(12)[10:] == palette.label_colors(2)
    assert palette.label_colors(0) == []


def test_bad_counts_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        palette.label_colors(-1)
    with pytest.raises(ValueError, match="0 or more"):
        palette.label_style(-1)


def test_the_palette_needs_numpy_only():
    code = (
        "import sys; from xai_widgets.figures import palette; palette.colormap('inferno'); "
        "assert not {'matplotlib', 'torch', 'ipywidgets', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
